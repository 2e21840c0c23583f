// hot
/**
 * Hashes and numbers out of the text of a record.
 *
 * Owns: nothing.
 * Reads: UTF-8 bytes.
 * Never: makes a string while the bytes are ASCII.
 */

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Java's string hash, continued.
 *
 * @param seed hash of the characters before, 0 when there are none
 * @param bytes UTF-8
 * @param start first byte
 * @param end byte behind the last
 */
export function hashOn(seed: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = seed;
  let at = start;
  // Four characters at once, so that one multiplication waits for the one before, not four.
  for (; at + 4 <= end; at += 4) {
    const a = bytes[at]!;
    const b = bytes[at + 1]!;
    const c = bytes[at + 2]!;
    const d = bytes[at + 3]!;
    if ((a | b | c | d) >= 0x80) return hashOnText(seed, bytes, start, end);
    hash = (Math.imul(hash, 923_521) + Math.imul(a, 29_791) + Math.imul(b, 961) + Math.imul(c, 31) + d) | 0;
  }
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte >= 0x80) return hashOnText(seed, bytes, start, end);
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  return hash;
}

/** Level that the value of DELAY says, 0 when it is no number. Source: java.lang.Integer parseInt */
export function delayLevelOf(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start];
  const signed = first === 0x2d || first === 0x2b ? 1 : 0;
  if (end - start - signed < 1 || end - start - signed > 10) return 0;
  let level = 0;
  for (let at = start + signed; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return 0;
    level = level * 10 + digit;
  }
  if (level > 0x7fff_ffff) return 0;
  return first === 0x2d ? -level : level;
}

function hashOnText(seed: number, bytes: Uint8Array, start: number, end: number): number {
  const text = DECODER.decode(bytes.subarray(start, end));
  let hash = seed;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}
