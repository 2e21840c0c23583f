/**
 * Numbers that follow from a seed, so that a run can be repeated.
 *
 * Owns: the state of the generator (xorshift32). Reads: nothing. Never: asks the machine for chance.
 *
 * @module
 */

/** A generator of numbers. */
export class SeededRandom {
  #state: number;

  /** @param seed Any whole number. */
  constructor(seed: number) {
    this.#state = (Math.imul(seed | 0, 0x9e3779b1) ^ 0x5bd1e995) | 0;
    if (this.#state === 0) this.#state = 1;
  }

  /** The next number, 0 up to 1, exclusive. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 4_294_967_296;
  }

  /**
   * A whole number of a range.
   *
   * @param from Smallest.
   * @param to One more than the largest.
   */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from));
  }
}
