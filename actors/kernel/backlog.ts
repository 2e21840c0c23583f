/**
 * How many tells are under way between two actors: a bound on mailboxes.
 *
 * Owns: one word for each direction, in shared memory: how many tells its receiver has taken.
 * Reads: nothing.
 * Never: waits; a sender that is too far ahead is told so.
 *
 *      byte   0  taken by side 0
 *           128  taken by side 1
 *
 * @module
 */

/** Tells that may be under way in one direction. */
export const TELLS_WAITING_MAX = 65_536;

const WORD_STRIDE = 32;
const BYTES = 2 * WORD_STRIDE * 4;

/** Which of the two ends someone is. */
export type BacklogSide = 0 | 1;

/** One end's view. Counts wrap at 2^32; only their difference means something. */
export class Backlog {
  /** The shared memory. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #own: number;
  readonly #other: number;
  #sent = 0;

  /**
   * Makes a view.
   *
   * @param side Which end this is.
   * @param memory Memory of the other end; new memory when left out.
   */
  constructor(side: BacklogSide, memory: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    if (memory.byteLength !== BYTES) {
      throw new RangeError(`Cannot attach backlog: it has ${memory.byteLength} bytes, expected ${BYTES}`);
    }
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#own = side * WORD_STRIDE;
    this.#other = (1 - side) * WORD_STRIDE;
  }

  /** Tells of this end that the other has not taken. */
  get waiting(): number {
    return (this.#sent - Atomics.load(this.#words, this.#other)) | 0;
  }

  /**
   * Counts a tell that is about to be sent.
   *
   * @returns False when too many are under way; it is not counted then.
   */
  claim(): boolean {
    if (this.waiting >= TELLS_WAITING_MAX) return false;
    this.#sent = (this.#sent + 1) | 0;
    return true;
  }

  /** Takes back a claim whose tell could not be sent. */
  unclaim(): void {
    this.#sent = (this.#sent - 1) | 0;
  }

  /** Counts a tell of the other end as taken. */
  take(): void {
    Atomics.add(this.#words, this.#own, 1);
  }
}

/**
 * Sends a tell when there is room for it.
 *
 * @param backlog The sender's end.
 * @param post Sends it.
 * @returns False when too many are under way.
 * @throws {DOMException} When the payload cannot be copied.
 */
export function tellWithin(backlog: Backlog, post: () => void): boolean {
  if (!backlog.claim()) return false;
  try {
    post();
  } catch (error) {
    backlog.unclaim();
    throw error;
  }
  return true;
}
