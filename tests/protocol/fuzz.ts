/**
 * Seeded damage for the tests of decoders.
 */
import { assert } from "@std/assert";
import { ProtocolError } from "../../protocol/errors.ts";
import { writeInt } from "../../protocol/java_number.ts";

/** What a length field is set to: nothing, less than nothing, and the largest int. */
export const EXTREME_LENGTHS: readonly number[] = [0, -1, 0x7fffffff];

/** A generator of numbers in [0, 1) that is the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Cuts bytes into pieces of random size, each in memory of its own. */
export function* randomPieces(bytes: Uint8Array, sizeMax: number, random: () => number): Generator<Uint8Array> {
  for (let position = 0; position < bytes.length;) {
    const size = 1 + Math.floor(random() * sizeMax);
    yield bytes.slice(position, position + size);
    position += size;
  }
}

/** A copy with one bit turned over. */
export function withBitFlipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >>> 3]! ^= 1 << (bit & 7);
  return copy;
}

/** A copy with an int written over. */
export function withInt(bytes: Uint8Array, position: number, value: number): Uint8Array {
  const copy = bytes.slice();
  writeInt(copy, position, value);
  return copy;
}

/** Runs a decoder on damaged input: it may find a value in it, or refuse with a typed error, and nothing else. */
export function assertDecodesOrRefuses(decode: () => unknown, context: string): void {
  try {
    decode();
  } catch (error) {
    assert(error instanceof ProtocolError, `${context}: ${error}`);
    assert(error.message.startsWith("Cannot "), `${context}: ${error.message}`);
    assert(error.retryable === false);
  }
}
