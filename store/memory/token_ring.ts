/**
 * A token ring: small fixed records from one thread to another, without a message for each.
 *
 * One thread offers, one accepts. Positions count up for ever and are taken modulo the capacity, so lag and progress stay visible. A full ring refuses the
 * offer and raises its overflow mark; the accepting side then looks at everything it could have missed. The ring never grows.
 *
 * ```
 *   words: 0 head (accepted)   32 tail (offered)   64 overflow   |   records of `recordWords` Int32 each
 * ```
 */
import { attachRegion, createRegion, WORD_STRIDE_BYTES } from "./region.ts";

const MAGIC = 0x544f4b4e;
const LAYOUT_VERSION = 1;
const STRIDE_WORDS = WORD_STRIDE_BYTES / 4;
const HEAD = STRIDE_WORDS;
const TAIL = 2 * STRIDE_WORDS;
const OVERFLOW = 3 * STRIDE_WORDS;
const RECORD_WORDS = 3 * STRIDE_WORDS + 1;
const FIRST = 4 * STRIDE_WORDS;
const HIGH = 0x1_0000_0000;

/**
 * Creates a token ring.
 *
 * @param options records that it holds, a power of two; Int32 words of one record
 */
export function createTokenRing(options: { records: number; recordWords: number }): SharedArrayBuffer {
  const { records, recordWords } = options;
  if (records <= 0 || (records & (records - 1)) !== 0) {
    throw new RangeError(`Cannot create token ring: ${records} is no power of two`);
  }
  const buffer = createRegion(
    { magic: MAGIC, layoutVersion: LAYOUT_VERSION, capacity: records },
    FIRST * 4 + records * recordWords * 4,
  );
  new Int32Array(buffer)[RECORD_WORDS] = recordWords;
  return buffer;
}

/** One side of a token ring. */
export class TokenRing {
  readonly #words: Int32Array;
  readonly #mask: number;
  readonly #recordWords: number;

  /** @throws {RegionMismatchError} when the buffer is no token ring */
  constructor(buffer: SharedArrayBuffer) {
    const capacity = attachRegion(buffer, MAGIC, LAYOUT_VERSION);
    this.#words = new Int32Array(buffer);
    this.#mask = capacity - 1;
    this.#recordWords = this.#words[RECORD_WORDS]!;
  }

  /** Records that wait. */
  get length(): number {
    return (Atomics.load(this.#words, TAIL) - Atomics.load(this.#words, HEAD)) | 0;
  }

  /** Whether nothing waits and nothing was refused. */
  get isEmpty(): boolean {
    return this.length === 0 && Atomics.load(this.#words, OVERFLOW) === 0;
  }

  /**
   * Offers a record. Only the offering thread.
   *
   * @param record as many words as the ring's records have
   * @returns false when the ring is full; the overflow mark is up then
   */
  offer(record: Int32Array): boolean {
    const words = this.#words;
    const tail = Atomics.load(words, TAIL);
    if (((tail - Atomics.load(words, HEAD)) | 0) > this.#mask) {
      Atomics.store(words, OVERFLOW, 1);
      return false;
    }
    const at = FIRST + (tail & this.#mask) * this.#recordWords;
    for (let i = 0; i < this.#recordWords; i++) words[at + i] = record[i]!;
    Atomics.store(words, TAIL, (tail + 1) | 0);
    return true;
  }

  /**
   * Accepts the oldest record. Only the accepting thread.
   *
   * @param into receives the record's words
   * @returns false when nothing waits
   */
  accept(into: Int32Array): boolean {
    const words = this.#words;
    const head = Atomics.load(words, HEAD);
    if (head === Atomics.load(words, TAIL)) return false;
    const at = FIRST + (head & this.#mask) * this.#recordWords;
    for (let i = 0; i < this.#recordWords; i++) into[i] = words[at + i]!;
    Atomics.store(words, HEAD, (head + 1) | 0);
    return true;
  }

  /** Takes the overflow mark down and tells whether it was up. Only the accepting thread. */
  takeOverflow(): boolean {
    return Atomics.exchange(this.#words, OVERFLOW, 0) === 1;
  }
}

/** Puts a whole number up to 2^53 into two words of a record. */
export function putLong(record: Int32Array, at: number, value: number): void {
  record[at] = value % HIGH | 0;
  record[at + 1] = Math.floor(value / HIGH) | 0;
}

/** Takes a whole number out of two words of a record. */
export function takeLong(record: Int32Array, at: number): number {
  return (record[at]! >>> 0) + record[at + 1]! * HIGH;
}
