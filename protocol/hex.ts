/**
 * Upper-case hexadecimal, as RocketMQ writes its message ids.
 *
 * @module
 */

const DIGITS: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => byte.toString(16).toUpperCase().padStart(2, "0"),
);

/**
 * Writes bytes as digits.
 *
 * @param bytes The bytes
 * @returns Two upper-case digits for each byte
 */
export function encodeHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += DIGITS[byte];
  return text;
}

/**
 * Reads digits as bytes.
 *
 * @param text Digits of either case
 * @returns The bytes, or `undefined` when there is another character or an odd number of them
 */
export function decodeHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++) bytes[index] = parseInt(text.slice(index * 2, index * 2 + 2), 16);
  return bytes;
}
