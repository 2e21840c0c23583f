/**
 * Java's `long` as a JavaScript number: how 64-bit values are read from and written to text and bytes.
 *
 * Owns one rule: a value within ±2^53 is exact; beyond that it is the nearest double, and what is written is cut to the
 * range of a long, so that `Long.MAX_VALUE`, which clients send as "no limit", comes back as itself.
 *
 * @module
 */

const LONG_MAX = (1n << 63n) - 1n;
const LONG_MIN = -(1n << 63n);
const TWO_POW_32 = 4_294_967_296;

/**
 * Writes a long as decimal text.
 *
 * @param value A whole number; a fraction is cut off
 * @returns Digits, cut to the range of a long
 */
export function formatLong(value: number): string {
  const whole = Math.trunc(value);
  if (Number.isSafeInteger(whole)) return String(whole + 0);
  if (Number.isNaN(whole)) return "0";
  if (whole >= 2 ** 63) return LONG_MAX.toString();
  if (whole <= -(2 ** 63)) return LONG_MIN.toString();
  return BigInt(whole).toString();
}

/**
 * Reads a decimal long.
 *
 * @param text Digits with an optional sign
 * @returns The number, or `undefined` when the text is not a whole decimal number in the range of a long
 */
export function parseLong(text: string): number | undefined {
  const length = text.length;
  if (length === 0 || length > 20) return undefined;
  const first = text.charCodeAt(0);
  let index = first === 0x2d || first === 0x2b ? 1 : 0;
  if (index === length) return undefined;
  for (; index < length; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
  }
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value + 0;
  const exact = BigInt(first === 0x2b ? text.slice(1) : text);
  return exact > LONG_MAX || exact < LONG_MIN ? undefined : value;
}

/**
 * Reads a big-endian long.
 *
 * @param bytes Bytes; at least 8 from `position`
 * @param position First byte
 * @returns The number, exact within ±2^53
 */
export function readLong(bytes: Uint8Array, position: number): number {
  const high = (bytes[position]! << 24) | (bytes[position + 1]! << 16) | (bytes[position + 2]! << 8) |
    bytes[position + 3]!;
  const low = ((bytes[position + 4]! << 24) | (bytes[position + 5]! << 16) | (bytes[position + 6]! << 8) |
    bytes[position + 7]!) >>> 0;
  return high * TWO_POW_32 + low;
}

/**
 * Writes a big-endian long.
 *
 * @param bytes Bytes; at least 8 from `position`
 * @param position First byte
 * @param value A whole number; beyond the range of a long it is cut
 */
export function writeLong(bytes: Uint8Array, position: number, value: number): void {
  if (value >= 2 ** 63) return writeWords(bytes, position, 0x7fffffff, 0xffffffff);
  if (value < -(2 ** 63)) return writeWords(bytes, position, 0x80000000, 0);
  const high = Math.floor(value / TWO_POW_32);
  writeWords(bytes, position, high, value - high * TWO_POW_32);
}

function writeWords(bytes: Uint8Array, position: number, high: number, low: number): void {
  writeInt(bytes, position, high);
  writeInt(bytes, position + 4, low);
}

/**
 * Reads a big-endian int.
 *
 * @param bytes Bytes; at least 4 from `position`
 * @param position First byte
 * @returns Signed 32-bit number
 */
export function readInt(bytes: Uint8Array, position: number): number {
  return (bytes[position]! << 24) | (bytes[position + 1]! << 16) | (bytes[position + 2]! << 8) | bytes[position + 3]!;
}

/**
 * Writes a big-endian int.
 *
 * @param bytes Bytes; at least 4 from `position`
 * @param position First byte
 * @param value Its low 32 bits are written
 */
export function writeInt(bytes: Uint8Array, position: number, value: number): void {
  bytes[position] = value >>> 24;
  bytes[position + 1] = value >>> 16;
  bytes[position + 2] = value >>> 8;
  bytes[position + 3] = value;
}

/**
 * Reads a big-endian short.
 *
 * @param bytes Bytes; at least 2 from `position`
 * @param position First byte
 * @returns Signed 16-bit number
 */
export function readShort(bytes: Uint8Array, position: number): number {
  return ((bytes[position]! << 24) | (bytes[position + 1]! << 16)) >> 16;
}

/**
 * Writes a big-endian short.
 *
 * @param bytes Bytes; at least 2 from `position`
 * @param position First byte
 * @param value Its low 16 bits are written
 */
export function writeShort(bytes: Uint8Array, position: number, value: number): void {
  bytes[position] = value >>> 8;
  bytes[position + 1] = value;
}
