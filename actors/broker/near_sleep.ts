/**
 * The sleep of a thread whose next work is near.
 *
 * An event loop that waits on a bell is there about 50 µs later than a thread that blocks on it. So a thread that had work a moment ago blocks, a short
 * while at a time, and lets its event loop have its turn often enough for whoever asks it; one that has rested longer leaves its event loop free.
 */
import type { Clock } from "../../store/clock.ts";
import type { Doorbell } from "../../store/memory/doorbell.ts";

/** So long after its last work a thread expects the next at any moment. Milliseconds. */
const NEAR_MS = 5;

/** Longest wait that blocks. Milliseconds. */
export const BLOCK_MS = 2;

/** The event loop gets its turn this often. Milliseconds. */
const BREATHE_MS = 10;

/** What this needs of an actor's context. */
interface Sleeper {
  readonly clock: Clock;
  readonly ownsThread: boolean;
  breathe(): Promise<boolean>;
}

/** Sleeps on one bell. */
export class NearSleep {
  readonly #context: Sleeper;
  readonly #bell: Doorbell;
  readonly #blockMs: number;
  /** A word that nobody changes or rings. */
  readonly #never = new Int32Array(new SharedArrayBuffer(4));
  #workedMs = -Infinity;
  #breathedMs = -Infinity;

  /** @param context of the actor; @param bell that tells of work; @param blockMs longest wait that blocks, milliseconds */
  constructor(context: Sleeper, bell: Doorbell, blockMs = BLOCK_MS) {
    this.#context = context;
    this.#bell = bell;
    this.#blockMs = blockMs;
  }

  /** There was work. Lets the event loop have its turn when it has waited long enough. */
  async worked(): Promise<void> {
    const nowMs = this.#context.clock.monotonicMs();
    this.noteWork(nowMs);
    if (nowMs - this.#breathedMs >= BREATHE_MS) await this.#breathe(nowMs);
  }

  /** There was work, of a thread whose event loop has its turns. @param nowMs of the monotonic clock */
  noteWork(nowMs: number): void {
    this.#workedMs = nowMs;
  }

  /**
   * Sleeps until there is work, or for a while.
   *
   * @param hasWork looked at before and after
   * @param idleMs longest sleep when nothing is near
   * @param around what is done before and after a sleep that blocks
   */
  async rest(hasWork: () => boolean, idleMs: number, around = plainly): Promise<void> {
    if (await this.blocked(hasWork, around)) return;
    await this.#bell.sleepAsync(hasWork, idleMs);
    this.#breathedMs = this.#context.clock.monotonicMs();
  }

  /**
   * The sleep of a thread whose next work is near; who has another one for the rest of its time.
   *
   * @param hasWork looked at before and after
   * @param around what is done before and after it
   * @returns false when nothing is near, and nothing was done
   */
  async blocked(hasWork: () => boolean, around = plainly): Promise<boolean> {
    const { clock, ownsThread } = this.#context;
    const nowMs = clock.monotonicMs();
    if (!ownsThread || nowMs - this.#workedMs >= NEAR_MS) return false;
    if (nowMs - this.#breathedMs >= BREATHE_MS) await this.#breathe(nowMs);
    around(() => this.#bell.sleep(hasWork, this.#blockMs));
    return true;
  }

  /**
   * Sleeps for a moment, whatever happens meanwhile: blocked where the thread is the actor's own, which saves a timer of the event loop.
   *
   * @param ms how long, at most {@link BLOCK_MS}
   */
  async doze(ms: number): Promise<void> {
    const { clock, ownsThread } = this.#context;
    if (!ownsThread) return await clock.sleep(ms);
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#breathedMs >= BREATHE_MS) await this.#breathe(nowMs);
    Atomics.wait(this.#never, 0, 0, ms);
  }

  async #breathe(nowMs: number): Promise<void> {
    this.#breathedMs = nowMs;
    await this.#context.breathe();
  }
}

function plainly(sleep: () => void): void {
  sleep();
}
