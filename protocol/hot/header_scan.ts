// hot
/**
 * The header scan: finds the fields of a request header without building a single object.
 *
 * It reads both header types, JSON and ROCKETMQ, into one reused set of numbers: the fixed fields as values, each ext field as two
 * positions in the frame's bytes. What it does not understand at a glance (escapes in a key, nested values, too many fields, a
 * number with a fraction, blanks) it refuses with false, and the caller takes the general decoder, which also gives the typed error of a malformed
 * header. What it accepts means exactly what the general decoder makes of it.
 *
 * Ext values keep their JSON escapes; {@link HeaderScan.escaped} tells whether a value has any.
 *
 * A JSON header that is like one before it, but for some values, is compared with it instead ({@link HeaderShape}): that finds the same in a third of the time.
 */

import { asciiText, byteSet, HEX, isText } from "./ascii_text.ts";
import { type HeaderShape, sameButHex, sameBytes } from "./header_shape.ts";
import { KnownShapes } from "./known_shapes.ts";

/** Ext fields of one header at most; requests of known clients have up to 20. */
const FIELDS_MAX = 48;

/** Bytes of an ext key in a ROCKETMQ header at most: its length is a signed short. Source: apache/rocketmq remoting RocketMQSerializable.readStr */
const KEY_BYTES_MAX = 32_767;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const ZERO = 0x30;
const NINE = 0x39;

const CODE = asciiText("code");
const FLAG = asciiText("flag");
const OPAQUE = asciiText("opaque");
const VERSION = asciiText("version");
const EXT_FIELDS = asciiText("extFields");
const TRUE = asciiText("true");
const FALSE = asciiText("false");

/** What may follow the backslash of an escape of two bytes. */
const SHORT = byteSet('"\\/bfnrt');

/** All but what ends a text or begins an escape. */
const PLAIN = new Uint8Array(256).fill(1);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

/** Where the fields of one header lie. One instance is reused for every frame of a thread. */
export class HeaderScan {
  /** Request or response code. */
  code = 0;
  /** Flag bits: 1 response, 2 one-way. */
  flag = 0;
  /** Correlation id. */
  opaque = 0;
  /** MQVersion ordinal of the sender. */
  version = 0;
  /** First byte of the opaque in a JSON header that was scanned byte by byte. */
  opaqueStart = 0;
  /** Byte behind it. */
  opaqueEnd = 0;
  /** Ext fields found. */
  count = 0;
  /** First byte of each key. */
  readonly keyStart: Int32Array = new Int32Array(FIELDS_MAX);
  /** Byte behind each key. */
  readonly keyEnd: Int32Array = new Int32Array(FIELDS_MAX);
  /** First byte of each value, without its quote. */
  readonly valueStart: Int32Array = new Int32Array(FIELDS_MAX);
  /** Byte behind each value, without its quote. */
  readonly valueEnd: Int32Array = new Int32Array(FIELDS_MAX);
  /** 1 where the value holds JSON escapes. */
  readonly escaped: Uint8Array = new Uint8Array(FIELDS_MAX);
  /** The shape that this header is of; undefined when it was scanned byte by byte. */
  shape: HeaderShape | undefined = undefined;
  readonly #shapes = new KnownShapes();
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #number = 0;
  #sawEscape = 0;
  /** The shape that says where the fields lie, as far off as {@link #shifts} tells for what is before each cut. */
  #placed: HeaderShape | undefined = undefined;
  readonly #shifts = new Int32Array(FIELDS_MAX + 2);
  #opaques = 0;
  #extFieldsSeen = 0;

  /**
   * Scans a JSON header.
   *
   * @param bytes the frame's bytes
   * @param start first byte of the header
   * @param end byte behind the header
   * @param view of `bytes`, for headers of the same shape; without it each is scanned byte by byte
   * @returns false when the general decoder has to take it
   */
  scanJson(bytes: Uint8Array, start: number, end: number, view?: DataView): boolean {
    this.#bytes = bytes;
    this.#end = end;
    if (view === undefined) {
      this.shape = undefined;
      return this.#scanJson(start, end);
    }
    for (let i = 0; i < this.#shapes.length; i++) {
      const shape = this.#shapes.at(i);
      if (!this.#follow(shape, view, start, end)) continue;
      this.#shapes.used(i);
      this.shape = shape;
      return true;
    }
    this.shape = undefined;
    if (!this.#scanJson(start, end)) return false;
    if (this.#opaques === 1 && this.#extFieldsSeen === 1) {
      this.#shapes.learn(bytes, start, end, this);
    }
    return true;
  }

  /** Compares a header with a shape. @returns false when it is of another one, or the values that may differ are none that the scan takes */
  #follow(shape: HeaderShape, view: DataView, start: number, end: number): boolean {
    const { cutStart, cutEnd, opaqueCut } = shape;
    const isPlaced = this.#placed === shape;
    this.#placed = undefined;
    let at = start;
    let from = 0;
    for (let i = 0; i < cutStart.length; i++) {
      const bytes = cutStart[i]! - from;
      if (bytes >= end - at || !sameBytes(view, at, shape.view, from, bytes)) return false;
      this.#place(shape, i, at - from, isPlaced);
      at += bytes;
      if (i === opaqueCut) {
        this.#at = at;
        if (!this.#readNumber() || !this.#isInt(this.#number)) return false;
        this.opaque = this.#number;
        at = this.#at;
      } else {
        const field = shape.cutFields[i]!;
        this.escaped[field] = shape.escaped[field]!;
        if (this.#isAlike(shape, i, view, at)) {
          at += cutEnd[i]! - cutStart[i]!;
        } else {
          this.#at = at - 1;
          if (!this.#skipString()) return false;
          at = this.#at - 1;
          this.escaped[field] = this.#sawEscape;
        }
        this.valueEnd[field] = at;
      }
      from = cutEnd[i]!;
    }
    const rest = shape.bytes - from;
    if (end - at !== rest || !sameBytes(view, at, shape.view, from, rest)) return false;
    this.#place(shape, cutStart.length, at - from, isPlaced);
    this.#placed = shape;
    this.code = shape.code;
    this.flag = shape.flag;
    this.version = shape.version;
    this.count = shape.count;
    return true;
  }

  /** Whether a text differs from that of the shape in hex digits only, as most do that differ. */
  #isAlike(shape: HeaderShape, cut: number, view: DataView, at: number): boolean {
    const start = shape.cutStart[cut]!;
    const bytes = shape.cutEnd[cut]! - start;
    return at + bytes < this.#end && this.#bytes[at + bytes] === QUOTE &&
      sameButHex(view, at, shape.view, start, bytes);
  }

  /** Tells where the fields lie that end before a cut, and the one that it cuts: as far from where they lie in the shape as what is before the cut. */
  #place(shape: HeaderShape, cut: number, shift: number, isPlaced: boolean): void {
    if (isPlaced && this.#shifts[cut] === shift) return;
    this.#shifts[cut] = shift;
    for (let i = cut === 0 ? 0 : shape.fieldsEnd(cut - 1); i < shape.fieldsEnd(cut); i++) {
      this.keyStart[i] = shape.keyStart[i]! + shift;
      this.keyEnd[i] = shape.keyEnd[i]! + shift;
      this.valueStart[i] = shape.valueStart[i]! + shift;
      this.valueEnd[i] = shape.valueEnd[i]! + shift;
      this.escaped[i] = shape.escaped[i]!;
    }
  }

  #scanJson(start: number, end: number): boolean {
    const bytes = this.#bytes;
    this.#at = start;
    this.#placed = undefined;
    this.#opaques = 0;
    this.#extFieldsSeen = 0;
    this.code = -1;
    this.flag = 0;
    this.opaque = 0;
    this.version = 0;
    this.count = 0;
    if (bytes[this.#at] !== OPEN) return false;
    this.#at++;
    for (;;) {
      if (bytes[this.#at] !== QUOTE) return false;
      const keyStart = this.#at + 1;
      if (!this.#skipString() || this.#sawEscape === 1) return false;
      const keyEnd = this.#at - 1;
      if (bytes[this.#at] !== COLON) return false;
      this.#at++;
      if (!this.#topLevelValue(keyStart, keyEnd)) return false;
      const next = bytes[this.#at];
      this.#at++;
      if (next === CLOSE) return this.#at === end && this.code !== -1;
      if (next !== COMMA) return false;
    }
  }

  /**
   * Scans a ROCKETMQ header.
   *
   * Source: apache/rocketmq remoting RocketMQSerializable.rocketMQProtocolDecode
   *
   * @returns false when the general decoder has to take it
   */
  scanBinary(bytes: Uint8Array, start: number, end: number): boolean {
    this.shape = undefined;
    this.#placed = undefined;
    if (end - start < 21) return false;
    this.code = (bytes[start]! << 24 >> 16) | bytes[start + 1]!;
    this.version = (bytes[start + 3]! << 24 >> 16) | bytes[start + 4]!;
    this.opaque = int32(bytes, start + 5);
    this.flag = int32(bytes, start + 9);
    this.count = 0;
    const remarkBytes = int32(bytes, start + 13);
    let at = start + 17;
    if (remarkBytes < 0 || remarkBytes > end - at - 4) return false;
    at += remarkBytes;
    const extBytes = int32(bytes, at);
    at += 4;
    if (extBytes !== end - at) return false;
    while (at < end) {
      if (this.count === FIELDS_MAX || end - at < 6) return false;
      const keyBytes = (bytes[at]! << 8) | bytes[at + 1]!;
      if (keyBytes > KEY_BYTES_MAX || keyBytes > end - at - 6) return false;
      const index = this.count++;
      this.keyStart[index] = at + 2;
      at += 2 + keyBytes;
      this.keyEnd[index] = at;
      const valueBytes = int32(bytes, at);
      at += 4;
      if (valueBytes < 0 || valueBytes > end - at) return false;
      this.valueStart[index] = at;
      at += valueBytes;
      this.valueEnd[index] = at;
      this.escaped[index] = 0;
    }
    return true;
  }

  #topLevelValue(keyStart: number, keyEnd: number): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    const first = bytes[start]!;
    if (first === OPEN) return isText(bytes, keyStart, keyEnd, EXT_FIELDS) && this.#extFields();
    if (first === QUOTE) return !isNumberField(bytes, keyStart, keyEnd) && this.#skipString() && this.#sawEscape === 0;
    if (!this.#readNumber()) return !isNumberField(bytes, keyStart, keyEnd) && this.#skipWord();
    switch (keyEnd - keyStart) {
      case 4:
        if (isText(bytes, keyStart, keyEnd, CODE)) return this.#isInt(this.code = this.#number);
        if (isText(bytes, keyStart, keyEnd, FLAG)) return this.#isInt(this.flag = this.#number);
        break;
      case 6:
        if (isText(bytes, keyStart, keyEnd, OPAQUE)) {
          this.#opaques++;
          this.opaqueStart = start;
          this.opaqueEnd = this.#at;
          return this.#isInt(this.opaque = this.#number);
        }
        break;
      case 7:
        if (isText(bytes, keyStart, keyEnd, VERSION)) return this.#isInt(this.version = this.#number);
        break;
      case 9:
        if (isText(bytes, keyStart, keyEnd, EXT_FIELDS)) return false;
        break;
    }
    return true;
  }

  #isInt(value: number): boolean {
    return (value | 0) === value;
  }

  #extFields(): boolean {
    const bytes = this.#bytes;
    this.#at++;
    this.#extFieldsSeen++;
    this.count = 0;
    if (bytes[this.#at] === CLOSE) {
      this.#at++;
      return true;
    }
    for (;;) {
      if (this.count === FIELDS_MAX || bytes[this.#at] !== QUOTE) return false;
      const index = this.count++;
      if (!this.#plainField(index)) {
        this.keyStart[index] = this.#at + 1;
        if (!this.#skipString() || this.#sawEscape === 1) return false;
        this.keyEnd[index] = this.#at - 1;
        if (bytes[this.#at] !== COLON) return false;
        this.#at++;
        if (!this.#extValue(index)) return false;
      }
      const next = bytes[this.#at];
      this.#at++;
      if (next === CLOSE) return true;
      if (next !== COMMA) return false;
    }
  }

  /** Takes a field as nearly all of a hot request are: a key of one letter, and a text without escapes. @returns false when it is another, and nothing was taken */
  #plainField(index: number): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    const key = this.#at + 1;
    if (key + 4 > end || bytes[key + 1] !== QUOTE || bytes[key + 2] !== COLON || bytes[key + 3] !== QUOTE) return false;
    const letter = bytes[key]!;
    if (letter === QUOTE || letter === BACKSLASH) return false;
    const start = key + 4;
    let at = start;
    while (at < end && PLAIN[bytes[at]!] === 1) at++;
    if (at >= end || bytes[at] !== QUOTE) return false;
    this.keyStart[index] = key;
    this.keyEnd[index] = key + 1;
    this.valueStart[index] = start;
    this.valueEnd[index] = at;
    this.escaped[index] = 0;
    this.#at = at + 1;
    return true;
  }

  #extValue(index: number): boolean {
    const start = this.#at;
    if (this.#bytes[start] === QUOTE) {
      if (!this.#skipString()) return false;
      this.valueStart[index] = start + 1;
      this.valueEnd[index] = this.#at - 1;
      this.escaped[index] = this.#sawEscape;
      return true;
    }
    this.valueStart[index] = start;
    this.escaped[index] = 0;
    if (!this.#readNumber() && !this.#skipWord()) return false;
    this.valueEnd[index] = this.#at;
    return true;
  }

  #skipString(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at + 1;
    this.#sawEscape = 0;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      if (byte === BACKSLASH) {
        const next = bytes[at + 1]!;
        if (next === 0x75) { // u and four hex digits
          if (at + 6 >= end) return false;
          if ((HEX[bytes[at + 2]!]! & HEX[bytes[at + 3]!]! & HEX[bytes[at + 4]!]! & HEX[bytes[at + 5]!]!) !== 1) {
            return false;
          }
          at += 6;
        } else {
          if (SHORT[next] !== 1) return false;
          at += 2;
        }
        this.#sawEscape = 1;
      } else at++;
    }
    return false;
  }

  /** A whole number of at most 15 digits as JSON writes it: no sign but a minus, no zero in front, no negative zero. */
  #readNumber(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    const negative = bytes[at] === 0x2d;
    if (negative) at++;
    const first = at;
    let value = 0;
    while (at < this.#end && bytes[at]! >= ZERO && bytes[at]! <= NINE) value = value * 10 + bytes[at++]! - ZERO;
    if (at === first || at - first > 15) return false;
    if (bytes[first] === ZERO && (negative || at - first > 1)) return false;
    const next = bytes[at];
    if (next !== COMMA && next !== CLOSE) return false;
    this.#number = negative ? -value : value;
    this.#at = at;
    return true;
  }

  /** true and false. A null ext value is refused, because it means that the field is absent. */
  #skipWord(): boolean {
    const at = this.#at;
    const bytes = bytesOfWord(this.#bytes, at, this.#end);
    this.#at = at + bytes;
    return bytes > 0;
  }
}

/** Whether a top-level field is one that no text and no word may stand for. */
function isNumberField(bytes: Uint8Array, start: number, end: number): boolean {
  switch (end - start) {
    case 4:
      return isText(bytes, start, end, CODE) || isText(bytes, start, end, FLAG);
    case 6:
      return isText(bytes, start, end, OPAQUE);
    case 7:
      return isText(bytes, start, end, VERSION);
    case 9:
      return isText(bytes, start, end, EXT_FIELDS);
    default:
      return false;
  }
}

/** Bytes of the word true or false at `at`; 0 when it is none of them. */
function bytesOfWord(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 < end && isText(bytes, at, at + 4, TRUE)) return 4;
  return at + 5 < end && isText(bytes, at, at + 5, FALSE) ? 5 : 0;
}

/**
 * Reads a decimal number out of `bytes`.
 *
 * @returns NaN when there is none, or it has more than 15 digits
 */
export function decimalAt(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const negative = bytes[at] === 0x2d;
  if (negative) at++;
  if (at >= end || end - at > 15) return NaN;
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

/** As {@link decimalAt}, and NaN for what is no Java int. */
export function intAt(bytes: Uint8Array, start: number, end: number): number {
  const value = decimalAt(bytes, start, end);
  return (value | 0) === value ? value : NaN;
}

function int32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
