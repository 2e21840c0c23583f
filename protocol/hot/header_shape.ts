// hot
/**
 * What the headers of one kind of request have in common.
 *
 * A client writes the same keys in the same order into each header, and most of its values stay the same too: of 300 bytes of a send only the opaque, the queue,
 * the time and the properties differ from those of the send before. A shape keeps one such header and where it may differ; {@link HeaderScan} compares what is
 * between in words, and looks only at the rest byte by byte.
 *
 * Owns: a copy of one header that was scanned. Never: changes: a value that differs for the first time makes a new shape.
 */
import { HEX, isText } from "./ascii_text.ts";

/** Longest header that is worth a copy. Bytes. */
const SHAPE_BYTES_MAX = 4096;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Where the fields of a header lie, relative to the bytes that hold it. */
export interface ScannedHeader {
  /** Request or response code. */
  readonly code: number;
  /** Flag bits. */
  readonly flag: number;
  /** MQVersion ordinal of the sender. */
  readonly version: number;
  /** First byte of the opaque. */
  readonly opaqueStart: number;
  /** Byte behind the opaque. */
  readonly opaqueEnd: number;
  /** Ext fields. */
  readonly count: number;
  /** First byte of each key. */
  readonly keyStart: Int32Array;
  /** Byte behind each key. */
  readonly keyEnd: Int32Array;
  /** First byte of each value, without its quote. */
  readonly valueStart: Int32Array;
  /** Byte behind each value, without its quote. */
  readonly valueEnd: Int32Array;
  /** 1 where the value holds JSON escapes. */
  readonly escaped: Uint8Array;
}

/** Headers that differ in some values only. */
export class HeaderShape implements ScannedHeader {
  /** The header that it was made of. */
  readonly view: DataView;
  readonly code: number;
  readonly flag: number;
  readonly version: number;
  readonly opaqueStart: number;
  readonly opaqueEnd: number;
  readonly count: number;
  readonly keyStart: Int32Array;
  readonly keyEnd: Int32Array;
  readonly valueStart: Int32Array;
  readonly valueEnd: Int32Array;
  readonly escaped: Uint8Array;
  /** Ext fields whose values may differ, in their order. */
  readonly varying: Int32Array;
  /** First byte of each value that may differ: those of {@link varying}, and the opaque's. */
  readonly cutStart: Int32Array;
  /** Byte behind each of them. */
  readonly cutEnd: Int32Array;
  /** The ext fields that begin before each of them. */
  readonly cutFields: Int32Array;
  /** Which of them is the opaque's. */
  readonly opaqueCut: number;
  /** Headers that were of this shape. */
  uses = 0;
  readonly #fieldsBeforeOpaque: number;

  /**
   * @param header bytes of the header, which are kept
   * @param scanned where its fields lie in them
   * @param varying ext fields whose values may differ, in their order; each a text in quotes
   */
  constructor(header: Uint8Array, scanned: ScannedHeader, varying: readonly number[]) {
    const { count, opaqueStart, opaqueEnd } = scanned;
    this.view = new DataView(header.buffer, header.byteOffset, header.length);
    this.code = scanned.code;
    this.flag = scanned.flag;
    this.version = scanned.version;
    this.count = count;
    this.keyStart = scanned.keyStart.slice(0, count);
    this.keyEnd = scanned.keyEnd.slice(0, count);
    this.valueStart = scanned.valueStart.slice(0, count);
    this.valueEnd = scanned.valueEnd.slice(0, count);
    this.escaped = scanned.escaped.slice(0, count);
    this.varying = Int32Array.from(varying);
    this.opaqueStart = opaqueStart;
    this.opaqueEnd = opaqueEnd;
    this.#fieldsBeforeOpaque = this.keyStart.filter((start) => start < opaqueStart).length;
    const cuts = [
      ...varying.map((field) => ({ start: this.valueStart[field]!, end: this.valueEnd[field]!, fields: field })),
      { start: opaqueStart, end: opaqueEnd, fields: this.#fieldsBeforeOpaque },
    ].sort((a, b) => a.start - b.start);
    this.cutStart = Int32Array.from(cuts, ({ start }) => start);
    this.cutEnd = Int32Array.from(cuts, ({ end }) => end);
    this.cutFields = Int32Array.from(cuts, ({ fields }) => fields);
    this.opaqueCut = cuts.findIndex(({ start }) => start === opaqueStart);
  }

  /**
   * Makes a shape of a header in which nothing but the opaque may differ.
   *
   * @param bytes that hold the header
   * @param start first byte of it
   * @param end byte behind it
   * @param scanned where its fields lie in `bytes`
   * @returns undefined when the header is too long to be kept, or names a field twice: of those the later counts, whichever of them differs
   */
  static of(bytes: Uint8Array, start: number, end: number, scanned: ScannedHeader): HeaderShape | undefined {
    if (end - start > SHAPE_BYTES_MAX || hasKeyTwice(bytes, scanned)) return undefined;
    const moved = (positions: Int32Array): Int32Array => positions.map((position) => position - start);
    const { keyStart, keyEnd, valueStart, valueEnd } = scanned;
    return new HeaderShape(
      bytes.slice(start, end),
      {
        code: scanned.code,
        flag: scanned.flag,
        version: scanned.version,
        opaqueStart: scanned.opaqueStart - start,
        opaqueEnd: scanned.opaqueEnd - start,
        count: scanned.count,
        escaped: scanned.escaped,
        keyStart: moved(keyStart),
        keyEnd: moved(keyEnd),
        valueStart: moved(valueStart),
        valueEnd: moved(valueEnd),
      },
      [],
    );
  }

  /** Bytes of the header. */
  get bytes(): number {
    return this.view.byteLength;
  }

  /** The ext fields that begin before the end of a cut, or of the header when the cut is behind the last. */
  fieldsEnd(cut: number): number {
    if (cut === this.cutFields.length) return this.count;
    return this.cutFields[cut]! + (cut === this.opaqueCut ? 0 : 1);
  }

  /**
   * The shape of headers that are like this one or like `other`.
   *
   * @returns undefined when they differ in more than the values of texts
   */
  joined(other: HeaderShape): HeaderShape | undefined {
    if (this.count !== other.count) return undefined;
    const varying: number[] = [];
    let from = 0;
    let otherFrom = 0;
    for (const [field, isOpaque] of this.#values()) {
      const start = isOpaque ? this.opaqueStart : this.valueStart[field]!;
      const otherStart = isOpaque ? other.opaqueStart : other.valueStart[field]!;
      const bytes = start - from;
      if (bytes < 0 || otherStart - otherFrom !== bytes) return undefined;
      if (!sameBytes(this.view, from, other.view, otherFrom, bytes)) return undefined;
      from = isOpaque ? this.opaqueEnd : this.valueEnd[field]!;
      otherFrom = isOpaque ? other.opaqueEnd : other.valueEnd[field]!;
      if (isOpaque) continue;
      const isSame = from - start === otherFrom - otherStart &&
        sameBytes(this.view, start, other.view, otherStart, from - start);
      if (isSame && !this.varying.includes(field)) continue;
      if (this.view.getUint8(start - 1) !== QUOTE) return undefined;
      varying.push(field);
    }
    const rest = this.bytes - from;
    if (other.bytes - otherFrom !== rest || !sameBytes(this.view, from, other.view, otherFrom, rest)) return undefined;
    const header = new Uint8Array(other.view.buffer, other.view.byteOffset, other.bytes);
    return new HeaderShape(header, other, varying);
  }

  /** Each value that can differ, in the order of the bytes: an ext field, or the opaque. */
  *#values(): Generator<readonly [field: number, isOpaque: boolean]> {
    const before = this.#fieldsBeforeOpaque;
    for (let field = 0; field < before; field++) yield [field, false];
    yield [-1, true];
    for (let field = before; field < this.count; field++) yield [field, false];
  }
}

function hasKeyTwice(bytes: Uint8Array, { count, keyStart, keyEnd }: ScannedHeader): boolean {
  for (let i = 1; i < count; i++) {
    for (let j = 0; j < i; j++) {
      if (isText(bytes, keyStart[i]!, keyEnd[i]!, bytes.subarray(keyStart[j]!, keyEnd[j]!))) return true;
    }
  }
  return false;
}

/**
 * Compares bytes, eight at a time; the last eight overlap those before.
 *
 * @param a one view, with `bytes` from `aStart` on
 * @param b another one, with `bytes` from `bStart` on
 */
export function sameBytes(a: DataView, aStart: number, b: DataView, bStart: number, bytes: number): boolean {
  if (bytes < 8) {
    for (let i = 0; i < bytes; i++) if (a.getUint8(aStart + i) !== b.getUint8(bStart + i)) return false;
    return true;
  }
  const last = bytes - 8;
  for (let i = 0; i < last; i += 8) {
    if (a.getBigInt64(aStart + i, true) !== b.getBigInt64(bStart + i, true)) return false;
  }
  return a.getBigInt64(aStart + last, true) === b.getBigInt64(bStart + last, true);
}

/**
 * Whether a text in a JSON string differs from another of the same length in hex digits only, so that it ends where the other does and its escapes are the
 * same. Numbers, times and keys of messages do.
 *
 * @param a view of the one; @param aStart its first byte, behind the quote
 * @param b view of the other, a text in a JSON string; @param bStart its first byte
 * @param bytes of the other
 * @returns false also when it may be a text all the same
 */
export function sameButHex(a: DataView, aStart: number, b: DataView, bStart: number, bytes: number): boolean {
  if (bytes < 8) return areSameButHex(a, aStart, b, bStart, bytes);
  const last = bytes - 8;
  for (let i = 0; i < last; i += 8) {
    if (a.getBigInt64(aStart + i, true) === b.getBigInt64(bStart + i, true)) continue;
    if (!areSameButHex(a, aStart + i, b, bStart + i, 8)) return false;
  }
  return a.getBigInt64(aStart + last, true) === b.getBigInt64(bStart + last, true) ||
    areSameButHex(a, aStart + last, b, bStart + last, 8);
}

function areSameButHex(a: DataView, aStart: number, b: DataView, bStart: number, bytes: number): boolean {
  for (let i = 0; i < bytes; i++) if (!isSameButHex(a, aStart + i, b, bStart + i)) return false;
  return true;
}

/** The byte behind a backslash says what the escape is: it must be the same. */
function isSameButHex(a: DataView, aAt: number, b: DataView, bAt: number): boolean {
  const byte = a.getUint8(aAt);
  const other = b.getUint8(bAt);
  return byte === other || HEX[byte] === 1 && HEX[other] === 1 && b.getUint8(bAt - 1) !== BACKSLASH;
}
