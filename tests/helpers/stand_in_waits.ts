/**
 * Stands in for waits that block the thread: a test says what happens meanwhile, and how each ends.
 *
 * Owns: `Atomics.wait` of this thread until it is disposed. Reads: nothing. Never: blocks.
 *
 * @module
 */

/** The waits of one scope. */
export class StandInWaits implements Disposable {
  readonly #wait = Atomics.wait;
  /** Waits so far. */
  count = 0;

  /** @param meanwhile called in each wait; @returns how it ends */
  constructor(meanwhile: () => "ok" | "timed-out" = () => "timed-out") {
    Atomics.wait = (() => {
      this.count++;
      return meanwhile();
    }) as typeof Atomics.wait;
  }

  /** Waits block again. */
  [Symbol.dispose](): void {
    Atomics.wait = this.#wait;
  }
}
