/**
 * A cursor: a position in bytes that one kind of writer advances and everybody reads.
 *
 * Positions reach beyond 2^32, so a cursor is one 64-bit word, stored and loaded atomically. That costs 20 to 30 ns each
 * through BigInt (measured), which is why cursors are read and written once a batch and never once a record.
 */

/** One 64-bit position in a shared region. */
export class Cursor {
  readonly #word: BigInt64Array;

  /**
   * @param buffer the region
   * @param byteOffset where the word lies; a multiple of 8
   */
  constructor(buffer: SharedArrayBuffer, byteOffset: number) {
    this.#word = new BigInt64Array(buffer, byteOffset, 1);
  }

  /** The position now, in bytes. */
  load(): number {
    return Number(Atomics.load(this.#word, 0));
  }

  /**
   * Publishes a position: all that was written before by this thread is visible to who loads it.
   *
   * @param position in bytes; a whole number up to 2^53 − 1
   */
  store(position: number): void {
    Atomics.store(this.#word, 0, BigInt(position));
  }

  /**
   * As {@link store}, but never lowers the position, whoever else raises it.
   *
   * @returns whether it was raised
   */
  raise(position: number): boolean {
    const next = BigInt(position);
    let known = Atomics.load(this.#word, 0);
    while (known < next) {
      const found = Atomics.compareExchange(this.#word, 0, known, next);
      if (found === known) return true;
      known = found;
    }
    return false;
  }
}
