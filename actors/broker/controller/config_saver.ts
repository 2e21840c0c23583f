/**
 * Saving configuration files: changes that come together are written together.
 *
 * Owns: which files have changed since they were written.
 * Reads: the text of a file from its encoder, when it is written.
 * Never: loses a change. Whoever waits for a save waits for a write that began after its change.
 */
import type { Clock } from "../../../store/clock.ts";

/** Writes the text of one file; throws when the disk refuses. */
export type FileWriter = (name: string, text: string) => void;

/** A save that several changes wait for. */
interface Pending {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Saves the files of one directory. */
export class ConfigSaver {
  readonly #clock: Clock;
  readonly #write: FileWriter;
  readonly #encoders = new Map<string, () => string>();
  readonly #pending = new Map<string, Pending>();

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
   * Has a file written after this turn.
   *
   * @returns when it is written
   * @throws {DiskError} when the disk refuses
   */
  save(name: string): Promise<void> {
    const waiting = this.#pending.get(name);
    if (waiting !== undefined) return waiting.done;
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    this.#pending.set(name, { done, resolve, reject });
    this.#clock.setTimer(0, () => this.#flush(name));
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
    this.#write(name, encode());
  }

  /** Writes what waits. The end of the broker. */
  flush(): void {
    for (const name of [...this.#pending.keys()]) this.#flush(name);
  }

  #flush(name: string): void {
    const pending = this.#pending.get(name);
    if (pending === undefined) return;
    this.#pending.delete(name);
    try {
      this.saveNow(name);
      pending.resolve();
    } catch (error) {
      pending.reject(error);
    }
  }
}
