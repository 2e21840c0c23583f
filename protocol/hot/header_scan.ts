// hot
/**
 * The header scan: finds the fields of a request header without building a single object.
 *
 * It reads both header types, JSON and ROCKETMQ, into one reused set of numbers: the fixed fields as values, each ext field as two
 * positions in the frame's bytes. What it does not understand at a glance (escapes in a key, nested values, too many fields, a
 * number with a fraction) it refuses with false, and the caller takes the general decoder, which also gives the typed error of a malformed header.
 *
 * Ext values keep their JSON escapes; {@link HeaderScan.escaped} tells whether a value has any.
 */

/** Ext fields of one header at most; requests of known clients have up to 20. */
const FIELDS_MAX = 48;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

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
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #number = 0;
  #sawEscape = 0;

  /**
   * Scans a JSON header.
   *
   * @param bytes the frame's bytes
   * @param start first byte of the header
   * @param end byte behind the header
   * @returns false when the general decoder has to take it
   */
  scanJson(bytes: Uint8Array, start: number, end: number): boolean {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
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
    if (end - start < 21) return false;
    this.code = (bytes[start]! << 24 >> 16) | bytes[start + 1]!;
    this.version = (bytes[start + 3]! << 8) | bytes[start + 4]!;
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
      if (keyBytes > end - at - 6) return false;
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
    const first = bytes[this.#at]!;
    if (first === OPEN) return bytes[keyStart] === 0x65 && keyEnd - keyStart === 9 && this.#extFields();
    if (first === QUOTE) return this.#skipString();
    if (!this.#readNumber()) return this.#skipWord();
    switch (keyEnd - keyStart) {
      case 4:
        if (bytes[keyStart] === 0x63) this.code = this.#number;
        else if (bytes[keyStart] === 0x66) this.flag = this.#number;
        break;
      case 6:
        if (bytes[keyStart] === 0x6f) this.opaque = this.#number;
        break;
      case 7:
        if (bytes[keyStart] === 0x76) this.version = this.#number;
        break;
    }
    return true;
  }

  #extFields(): boolean {
    const bytes = this.#bytes;
    this.#at++;
    if (bytes[this.#at] === CLOSE) {
      this.#at++;
      return true;
    }
    for (;;) {
      if (this.count === FIELDS_MAX || bytes[this.#at] !== QUOTE) return false;
      const index = this.count++;
      this.keyStart[index] = this.#at + 1;
      if (!this.#skipString() || this.#sawEscape === 1) return false;
      this.keyEnd[index] = this.#at - 1;
      if (bytes[this.#at] !== COLON) return false;
      this.#at++;
      if (!this.#extValue(index)) return false;
      const next = bytes[this.#at];
      this.#at++;
      if (next === CLOSE) return true;
      if (next !== COMMA) return false;
    }
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
        this.#sawEscape = 1;
        at++;
      }
      at++;
    }
    return false;
  }

  #readNumber(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    const negative = bytes[at] === 0x2d;
    if (negative) at++;
    const first = at;
    let value = 0;
    while (at < this.#end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) value = value * 10 + bytes[at++]! - 0x30;
    if (at === first || at - first > 15) return false;
    const next = bytes[at];
    if (next !== COMMA && next !== CLOSE) return false;
    this.#number = negative ? -value : value;
    this.#at = at;
    return true;
  }

  /** true, false and null. A null ext value is refused, because it means that the field is absent. */
  #skipWord(): boolean {
    const bytes = this.#bytes;
    const first = bytes[this.#at];
    if (first === 0x74) this.#at += 4;
    else if (first === 0x66) this.#at += 5;
    else return false;
    return this.#at < this.#end && bytes[this.#at - 1] === 0x65;
  }
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

function int32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
