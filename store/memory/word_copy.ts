// hot
/**
 * Copies into and out of shared memory.
 *
 * `set()` of typed arrays copies shared memory byte by byte unless source and target lie alike within their words of eight, which records seldom do: 316 to 572 ns for
 * 1 KiB. Words that the compiler keeps in registers need 133 to 150 ns.
 *
 * Owns: nothing. Never: is atomic: who copies what another thread may overwrite checks afterwards whether it did.
 */

/** What is larger is copied by `set()`: the first copies of a thread are not compiled yet, and a large one of them would take long. Bytes. */
const WORDS_BYTES_MAX = 64 * 1024;

/**
 * Copies bytes.
 *
 * @param into where they go; @param at first byte there
 * @param from where they come from; @param start first byte there
 * @param bytes how many
 * @returns byte behind the copy
 */
export function copyWords(into: DataView, at: number, from: DataView, start: number, bytes: number): number {
  if (bytes > WORDS_BYTES_MAX) return copyBlock(into, at, from, start, bytes);
  let i = 0;
  for (; i + 32 <= bytes; i += 32) {
    into.setBigInt64(at + i, from.getBigInt64(start + i, true), true);
    into.setBigInt64(at + i + 8, from.getBigInt64(start + i + 8, true), true);
    into.setBigInt64(at + i + 16, from.getBigInt64(start + i + 16, true), true);
    into.setBigInt64(at + i + 24, from.getBigInt64(start + i + 24, true), true);
  }
  if (bytes < 8) return copyFew(into, at, from, start, bytes);
  const last = bytes - 8;
  for (; i < last; i += 8) into.setBigInt64(at + i, from.getBigInt64(start + i, true), true);
  // The last eight overlap those before.
  into.setBigInt64(at + last, from.getBigInt64(start + last, true), true);
  return at + bytes;
}

function copyFew(into: DataView, at: number, from: DataView, start: number, bytes: number): number {
  for (let i = 0; i < bytes; i++) into.setUint8(at + i, from.getUint8(start + i));
  return at + bytes;
}

function copyBlock(into: DataView, at: number, from: DataView, start: number, bytes: number): number {
  const source = new Uint8Array(from.buffer, from.byteOffset + start, bytes);
  new Uint8Array(into.buffer, into.byteOffset + at, bytes).set(source);
  return at + bytes;
}
