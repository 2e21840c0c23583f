/**
 * A lock between threads: one compare-exchange when it is free, bounded parks when it is not.
 *
 * A lock is never stolen, because a terminated worker goes on running for a while. A holder that does not come back within the
 * patience of a waiter is an error for the waiter, who ends the process and leaves the decision to recovery. Patience is
 * counted in the waiter's own parks and not in wall time: a process that was stopped and resumed has no dead holder.
 */

const FREE = 0;
const HELD = 1;
const CONTENDED = 2;

/** Milliseconds of one park. */
const PARK_MS = 10;

/** Thrown when a lock's holder did not come back. */
export class LockHolderLostError extends Error {
  /** Stable code of this error. */
  readonly code = "LOCK_HOLDER_LOST";
  override readonly name = "LockHolderLostError";
}

/** A mutual exclusion between threads in one Int32 word of a shared region. */
export class SharedLock {
  readonly #word: Int32Array;
  readonly #name: string;
  readonly #parksMax: number;

  /**
   * @param buffer the region
   * @param byteOffset where the word lies; a multiple of 4
   * @param options name for messages; patience in milliseconds of own parks before the holder counts as lost
   */
  constructor(buffer: SharedArrayBuffer, byteOffset: number, options: { name: string; patienceMs: number }) {
    this.#word = new Int32Array(buffer, byteOffset, 1);
    this.#name = options.name;
    this.#parksMax = Math.max(1, Math.ceil(options.patienceMs / PARK_MS));
  }

  /** Takes the lock if it is free. Never blocks. */
  tryAcquire(): boolean {
    return Atomics.compareExchange(this.#word, 0, FREE, HELD) === FREE;
  }

  /** Whether somebody holds the lock now. */
  get held(): boolean {
    return Atomics.load(this.#word, 0) !== FREE;
  }

  /**
   * Takes the lock; parks the thread while another has it.
   *
   * @throws {LockHolderLostError} when the holder did not come back within the patience
   */
  acquire(): void {
    if (this.tryAcquire()) return;
    for (let parks = 0; parks < this.#parksMax; parks++) {
      if (Atomics.exchange(this.#word, 0, CONTENDED) === FREE) return;
      Atomics.wait(this.#word, 0, CONTENDED, PARK_MS);
    }
    throw new LockHolderLostError(
      `Cannot take lock "${this.#name}": its holder did not come back after ${this.#parksMax} parks`,
    );
  }

  /** Gives the lock back. Only the holder may call it. */
  release(): void {
    const before = Atomics.exchange(this.#word, 0, FREE);
    if (before === FREE) throw new Error(`Cannot release lock "${this.#name}": it is not held`);
    if (before === CONTENDED) Atomics.notify(this.#word, 0, 1);
  }
}
