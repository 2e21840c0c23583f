/**
 * UTF-8 in the way Java's `new String(bytes, UTF_8)` and `getBytes(UTF_8)` treat it: malformed input becomes U+FFFD,
 * a byte order mark is a character like any other.
 *
 * @module
 */

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
const ENCODER = new TextEncoder();

/**
 * Decodes a range of bytes.
 *
 * @param bytes Bytes
 * @param start First byte
 * @param end Byte after the last
 * @returns The text; malformed input becomes U+FFFD
 */
export function decodeUtf8(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return DECODER.decode(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
}

/**
 * Encodes text.
 *
 * @param text Text; a lone surrogate becomes U+FFFD
 * @returns Fresh bytes
 */
export function encodeUtf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}
