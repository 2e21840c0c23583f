// hot
/**
 * What the properties of a producer's messages have in common: all but the value of UNIQ_KEY, in most of them.
 *
 * A shape keeps properties as they stood in one header, and what {@link PropertiesScan} made of them. Those of the next message that are the same but for that
 * value need no second reading.
 *
 * Owns: a copy of the properties of one message. Never: judges properties: it knows only some that were judged.
 */
import { sameBytes } from "./header_shape.ts";

/** Longest properties that are worth a copy. Bytes, as they stand in a header. */
export const SHAPE_BYTES_MAX = 1024;

/** What was made of properties. */
export interface ReadProperties {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly uniqKeyStart: number;
  readonly uniqKeyEnd: number;
  readonly wait: boolean;
  readonly prepared: boolean;
}

/** Properties that differ in the value of UNIQ_KEY only. */
export class PropertiesShape {
  /** As they go into the record. */
  readonly stored: Uint8Array;
  /** Where the value of UNIQ_KEY begins in {@link stored}. */
  readonly uniqKeyStart: number;
  /** Byte behind it. */
  readonly uniqKeyEnd: number;
  /** Whether the producer waits until the message is stored safely. */
  readonly wait: boolean;
  /** Whether the message is the half of a transaction. */
  readonly prepared: boolean;
  /** Where the value of UNIQ_KEY begins, from the first byte in the header on. */
  readonly keyStart: number;
  readonly #header: DataView;
  readonly #isEscaped: boolean;

  private constructor(header: Uint8Array, isEscaped: boolean, keyStart: number, read: ReadProperties) {
    this.#header = new DataView(header.buffer);
    this.#isEscaped = isEscaped;
    this.keyStart = keyStart;
    this.stored = read.bytes.slice(0, read.length);
    this.uniqKeyStart = read.uniqKeyStart;
    this.uniqKeyEnd = read.uniqKeyEnd;
    this.wait = read.wait;
    this.prepared = read.prepared;
  }

  /**
   * Makes a shape of properties that are plain.
   *
   * @param from the header's bytes; @param start first byte of the properties; @param end byte behind them
   * @param isEscaped whether they hold JSON escapes
   * @param read what was made of them
   * @returns undefined when they are too long, or the value of UNIQ_KEY does not stand there as it is stored
   */
  static of(
    from: Uint8Array,
    start: number,
    end: number,
    isEscaped: boolean,
    read: ReadProperties,
  ): PropertiesShape | undefined {
    if (end - start > SHAPE_BYTES_MAX) return undefined;
    const header = from.slice(start, end);
    const keyStart = isEscaped ? headerIndexOf(header, read.uniqKeyStart) : read.uniqKeyStart;
    const keyBytes = read.uniqKeyEnd - read.uniqKeyStart;
    for (let i = 0; i < keyBytes; i++) {
      if (header[keyStart + i] !== read.bytes[read.uniqKeyStart + i]) return undefined;
    }
    return new PropertiesShape(header, isEscaped, keyStart, read);
  }

  /**
   * Whether properties are of this shape as far as all but the value of UNIQ_KEY goes.
   *
   * @param view of the header's bytes; @param start first byte of the properties; @param end byte behind them
   * @param isEscaped whether they may hold JSON escapes
   */
  isOf(view: DataView, start: number, end: number, isEscaped: boolean): boolean {
    const header = this.#header;
    const bytes = header.byteLength;
    if (end - start !== bytes || isEscaped !== this.#isEscaped) return false;
    const keyEnd = this.keyStart + this.uniqKeyEnd - this.uniqKeyStart;
    return sameBytes(view, start, header, 0, this.keyStart) &&
      sameBytes(view, start + keyEnd, header, keyEnd, bytes - keyEnd);
  }
}

/** Where a byte of a text stands in its JSON form. @param index of a byte that is no escape, in the text */
function headerIndexOf(json: Uint8Array, index: number): number {
  let at = 0;
  for (let i = 0; i < index; i++) {
    if (json[at] !== 0x5c) at++;
    else at += json[at + 1] === 0x75 ? 6 : 2;
  }
  return at;
}
