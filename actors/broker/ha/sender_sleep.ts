/**
 * The sleep of one connection of HAService while there is nothing to send.
 *
 * Owns: how it sleeps. Reads: whether any slave has still to confirm something. Never: sleeps through a report: the thread blocks only while all that was sent
 * is confirmed, and then for milliseconds.
 *
 * Of a master whose sends wait for slaves the bell wakes it. What a slave says comes through the event loop, what is written through the bell, and a thread
 * that blocks on the bell is there about 50 µs sooner.
 * A master that nobody waits at dozes between two looks at the log instead, and finds many records at once.
 */
import type { Clock } from "../../../store/clock.ts";
import type { BellSleeper, Doorbell } from "../../../store/memory/doorbell.ts";
import { BLOCK_MS, type NearSleep } from "../near_sleep.ts";

/** Longest sleep. Milliseconds. */
const IDLE_MS = 1000;

/** One doze of a connection that nobody waits for. Milliseconds. */
const DOZE_MS = 2;

/** Dozes without anything to send before it sleeps until it is woken: a fifth of a second. */
const DOZES_MAX = 100;

/** What the sleeps of all connections work with. */
export interface SenderSleepParts {
  readonly clock: Clock;
  /** Rung when something was written. */
  readonly bell: Doorbell;
  /** The sleep of the thread when the next write is near. */
  readonly near: NearSleep;
  /** Whether sends wait for slaves. */
  readonly isAwaited: boolean;
  /** Whether the thread may block, because every slave has confirmed what it was sent. */
  readonly isQuiet: () => boolean;
}

/** Sleeps of one connection. */
export class SenderSleep {
  readonly #parts: SenderSleepParts;
  readonly #sleeper: BellSleeper;
  #isAsleep = false;
  #dozes = 0;

  /** @param parts what it works with */
  constructor(parts: SenderSleepParts) {
    this.#parts = parts;
    this.#sleeper = parts.bell.sleeper(IDLE_MS);
  }

  /** Something was sent. */
  sent(): void {
    this.#dozes = 0;
  }

  /**
   * The slave has confirmed something. While its sender sleeps, and every slave has confirmed everything, this waits for the next write instead: it blocks
   * the thread, for milliseconds.
   *
   * @param nowMs of the monotonic clock
   * @param hasWork whether there is something to send
   * @returns whether there is something to send, which the caller has to send; else the sender looks
   */
  heard(nowMs: number, hasWork: () => boolean): boolean {
    const { near, isAwaited, isQuiet } = this.#parts;
    near.noteWork(nowMs);
    if (!isAwaited || !this.#isAsleep || !isQuiet()) return false;
    this.#sleeper.block(hasWork, BLOCK_MS);
    if (hasWork()) return true;
    this.wake();
    return false;
  }

  /** Lets the sender look. */
  wake(): void {
    this.#sleeper.wake();
  }

  /**
   * Sleeps until something was written, the slave was heard, or for a while.
   *
   * @param hasWork looked at before and after
   * @param idleMs longest sleep, when it is shorter than usual
   */
  async rest(hasWork: () => boolean, idleMs: number): Promise<void> {
    const { clock, bell, near, isAwaited, isQuiet } = this.#parts;
    if (!isAwaited && this.#dozes < DOZES_MAX) {
      this.#dozes++;
      return await clock.sleep(DOZE_MS);
    }
    // The event loop may have a turn first, in which another connection sends.
    if (isAwaited && isQuiet() && await near.blocked(() => !isQuiet() || hasWork())) return;
    if (idleMs < IDLE_MS) return await bell.sleepAsync(hasWork, idleMs);
    this.#isAsleep = true;
    await this.#sleeper.sleep(hasWork);
    this.#isAsleep = false;
  }
}
