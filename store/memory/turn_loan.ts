/**
 * A turn that its owner lends while it sleeps: who brings the work does it at once instead of waking the owner.
 *
 * ```
 *   word 0: own ─► lent ─► own            word 1: turns that did something, taken by others
 *            borrower:  └► used ─► lent                      while the owner waits for it: used ─► wanted ─► lent
 * ```
 *
 * The owner lends before it blocks, for milliseconds, and takes the turn back before it does anything else. So at each moment one of the two has it, nobody has
 * it while the owner is paused or stuck, and what a turn reads and stores is in order for both.
 */

const OWN = 0;
const LENT = 1;
const USED = 2;
const WANTED = 3;

const STATE = 0;
const USES = 1;

/** Milliseconds of one park of an owner who waits for its turn. */
const PARK_MS = 10;

/** Parks before the borrower counts as lost: it never waits in a turn, and the one after it gives back what it had. */
const PARKS_MAX = 500;

/** Bytes of a loan. */
export const LOAN_BYTES = 8;

/** One thread's view of a loan in two Int32 words of a shared region. */
export class TurnLoan {
  readonly #words: Int32Array;

  /** @param buffer the region; @param byteOffset where the words lie, a multiple of 4 */
  constructor(buffer: SharedArrayBuffer, byteOffset: number) {
    this.#words = new Int32Array(buffer, byteOffset, LOAN_BYTES / 4);
  }

  /** Turns of borrowers that did something; it wraps around. */
  get uses(): number {
    return Atomics.load(this.#words, USES);
  }

  /** Lends the turn. Only the owner, just before it blocks. */
  lend(): void {
    Atomics.store(this.#words, STATE, LENT);
  }

  /**
   * Takes the turn back, if it is lent. Only the owner, or who comes after it.
   *
   * @throws {Error} when a borrower does not come back
   */
  takeBack(): void {
    for (let parks = 0; parks < PARKS_MAX; parks++) {
      const found = Atomics.compareExchange(this.#words, STATE, LENT, OWN);
      if (found === LENT || found === OWN) return;
      Atomics.compareExchange(this.#words, STATE, USED, WANTED);
      Atomics.wait(this.#words, STATE, WANTED, PARK_MS);
    }
    throw new Error(`Cannot take a turn back: its borrower did not come back after ${PARKS_MAX} parks`);
  }

  /**
   * Takes a turn, if it is lent.
   *
   * @param turn never waits; @returns whether it did something
   * @returns false when the owner has to do it
   */
  use(turn: () => boolean): boolean {
    if (Atomics.compareExchange(this.#words, STATE, LENT, USED) !== LENT) return false;
    try {
      if (turn()) Atomics.add(this.#words, USES, 1);
    } finally {
      this.giveBack();
    }
    return true;
  }

  /** Gives back a turn that is used. Who comes after a borrower calls it too: that one may have ended in its turn. */
  giveBack(): void {
    Atomics.compareExchange(this.#words, STATE, USED, LENT);
    if (Atomics.compareExchange(this.#words, STATE, WANTED, LENT) === WANTED) Atomics.notify(this.#words, STATE);
  }
}
