/**
 * Saving configuration files: changes that come together are written together.
 *
 * Owns: which files have changed since they were written.
 * Reads: the text of a file from its encoder, when it is written.
 * Never: loses a change. Whoever waits for a save waits for a write that began after its change; only when the disk is full the change is
 * kept in memory, as RocketMQ does with every failure, and the file is written when there is room again.
 */
import type { Clock, Timer } from "../../../store/clock.ts";
import { DiskError } from "../../../store/file/disk.ts";

/** A file whose last write took longer than this is large; its next write waits, so that writing never takes all the time. */
const LARGE_WRITE_MS = 20;
/** How much longer than its last write a large file waits. */
const LARGE_WRITE_WAIT = 2;
/** Longest wait of a large file, milliseconds. */
const WAIT_MAX_MS = 500;
/** Wait before a file is tried again for which the disk had no room, milliseconds. */
const FULL_WAIT_MS = 1_000;

/** Writes the text of one file; throws when the disk refuses. */
export type FileWriter = (name: string, text: string) => void;

/** A save that several changes wait for. */
interface Pending {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  readonly timer: Timer;
}

/** Saves the files of one directory. */
export class ConfigSaver {
  readonly #clock: Clock;
  readonly #write: FileWriter;
  readonly #encoders = new Map<string, () => string>();
  readonly #pending = new Map<string, Pending>();
  readonly #writeMs = new Map<string, number>();
  /** Files for which the disk had no room. */
  readonly #late = new Map<string, Timer>();

  /**
   * @param clock source of the timer that ends the turn
   * @param write puts a text in place of a file
   */
  constructor(clock: Clock, write: FileWriter) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Says how the text of a file is made. */
  define(name: string, encode: () => string): void {
    this.#encoders.set(name, encode);
  }

  /**
   * Has a file written after this turn, a large one a little later.
   *
   * @returns when it is written, or waits for room on a full disk
   * @throws {DiskError} when the disk refuses otherwise
   */
  save(name: string): Promise<void> {
    const waiting = this.#pending.get(name);
    if (waiting !== undefined) return waiting.done;
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    const lastMs = this.#writeMs.get(name) ?? 0;
    const waitMs = lastMs > LARGE_WRITE_MS ? Math.min(WAIT_MAX_MS, lastMs * LARGE_WRITE_WAIT) : 0;
    const timer = this.#clock.setTimer(waitMs, () => this.#flush(name));
    this.#pending.set(name, { done, resolve, reject, timer });
    return done;
  }

  /**
   * Writes a file now, whether it has changed or not.
   *
   * @throws {DiskError} when the disk refuses
   */
  saveNow(name: string): void {
    const encode = this.#encoders.get(name);
    if (encode === undefined) throw new TypeError(`Cannot save "${name}": it has no encoder`);
    this.saveTextNow(name, encode());
  }

  /**
   * Writes a text that was made before.
   *
   * @throws {DiskError} when the disk refuses
   */
  saveTextNow(name: string, text: string): void {
    const startMs = this.#clock.monotonicMs();
    this.#write(name, text);
    this.#writeMs.set(name, this.#clock.monotonicMs() - startMs);
  }

  /** Writes what waits. The end of the broker. */
  flush(): void {
    for (const name of this.#late.keys()) this.save(name).catch(() => this.#saveLater(name));
    for (const name of [...this.#pending.keys()]) this.#flush(name);
    // A disk that is still full keeps the texts that it has.
    for (const timer of this.#late.values()) timer.cancel();
  }

  #flush(name: string): void {
    const pending = this.#pending.get(name);
    if (pending === undefined) return;
    this.#pending.delete(name);
    pending.timer.cancel();
    try {
      this.saveNow(name);
      pending.resolve();
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== "NO_SPACE") return pending.reject(error);
      this.#saveLater(name);
      pending.resolve();
    }
  }

  #saveLater(name: string): void {
    if (this.#late.has(name)) return;
    this.#late.set(
      name,
      this.#clock.setTimer(FULL_WAIT_MS, () => {
        this.#late.delete(name);
        this.save(name).catch(() => this.#saveLater(name));
      }),
    );
  }
}
