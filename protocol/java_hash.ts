/**
 * Java's `String.hashCode()`, which RocketMQ uses for tags, index keys and hash selectors.
 *
 * Owns the sum `h = 31 * h + unit` over UTF-16 code units in 32-bit arithmetic.
 *
 * @module
 */

/**
 * Hashes a string as Java does.
 *
 * @param text The string
 * @returns Signed 32-bit hash
 */
export function javaStringHash(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

/**
 * Hashes the string that UTF-8 bytes stand for, without building the string.
 *
 * @param bytes UTF-8
 * @param start First byte
 * @param end Byte after the last
 * @returns What {@linkcode javaStringHash} gives for the decoded string; malformed UTF-8 counts as U+FFFD as Java and
 * `TextDecoder` read it
 */
export function javaHashOfUtf8(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!;
    if (byte >= 0x80) return javaStringHash(DECODER.decode(bytes.subarray(start, end)));
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  return hash;
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The tags code of a consume queue unit: the hash of TAGS, sign-extended to 64 bits.
 *
 * Source: apache/rocketmq store/MessageExtBrokerInner.java tagsString2tagsCode.
 *
 * @param tags The TAGS property
 * @returns Signed hash; 0 when there is no tag
 */
export function tagsCode(tags: string | undefined): number {
  return tags === undefined || tags === "" ? 0 : javaStringHash(tags);
}
