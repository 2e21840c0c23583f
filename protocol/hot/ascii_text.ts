// hot
/**
 * Comparison of bytes with a known ASCII name.
 *
 * Owns: nothing. Reads: bytes that the caller gives. Never: allocates in a comparison.
 */

/** Bytes of an ASCII name. */
export type AsciiText = Uint8Array;

/**
 * Makes the bytes of a name.
 *
 * @param text ASCII
 */
export function asciiText(text: string): AsciiText {
  return new TextEncoder().encode(text);
}

/** 1 for the bytes of a set of ASCII characters, 0 for all others. */
export function byteSet(chars: string): Uint8Array {
  const set = new Uint8Array(256);
  for (const byte of asciiText(chars)) set[byte] = 1;
  return set;
}

/** 1 for the digits of a hexadecimal number. */
export const HEX: Uint8Array = byteSet("0123456789abcdefABCDEF");

/**
 * Whether the bytes from `start` to `end` are a name.
 *
 * @param bytes bytes that hold them
 * @param start first byte
 * @param end byte behind the last
 * @param text the name
 */
export function isText(bytes: Uint8Array, start: number, end: number, text: AsciiText): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}
