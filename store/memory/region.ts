/**
 * Shared regions and their descriptors.
 *
 * A region is a SharedArrayBuffer that opens with a descriptor: magic, layout version, epoch and capacity. Both sides check
 * it when they attach, so two versions of the code, or the wrong buffer, meet with an error and not with torn numbers.
 * This module owns the descriptor only; what follows it belongs to the module that created the region.
 *
 * ```
 *  byte 0        4         8         12          16 … 127        128
 *  +---------+---------+---------+-----------+--------------+------ - - -
 *  | magic   | layout  | epoch   | capacity  |  reserved    | words, one in each 128 bytes
 *  +---------+---------+---------+-----------+--------------+------ - - -
 * ```
 */

/** Two cache lines: words that different threads write are kept this far apart, because processors fetch lines in pairs. */
export const WORD_STRIDE_BYTES = 128;

/** Int32 index of the epoch in the descriptor of every region. */
export const EPOCH_WORD = 2;

const MAGIC_WORD = 0;
const LAYOUT_WORD = 1;
const CAPACITY_WORD = 3;

/** What a region says of itself. */
export interface RegionDescriptor {
  /** Four bytes that name the kind of region. */
  readonly magic: number;
  /** Version of the layout behind the descriptor. */
  readonly layoutVersion: number;
  /** Unit depends on the kind of region: bytes of a ring, slots of a table. */
  readonly capacity: number;
}

/** Thrown when a buffer is not the region that the caller expects. */
export class RegionMismatchError extends Error {
  /** Stable code of this error. */
  readonly code = "REGION_MISMATCH";
  override readonly name = "RegionMismatchError";
}

/**
 * Creates a region of `bytes` bytes behind a descriptor with epoch 1.
 *
 * @param descriptor what the region says of itself
 * @param bytes size of the whole region, the descriptor included
 * @returns a zero-filled buffer with the descriptor in place
 */
export function createRegion(descriptor: RegionDescriptor, bytes: number): SharedArrayBuffer {
  if (bytes < WORD_STRIDE_BYTES) {
    throw new RangeError(`Cannot create region: ${bytes} bytes is less than the descriptor's ${WORD_STRIDE_BYTES}`);
  }
  const buffer = new SharedArrayBuffer(bytes);
  const words = new Int32Array(buffer);
  words[MAGIC_WORD] = descriptor.magic;
  words[LAYOUT_WORD] = descriptor.layoutVersion;
  words[CAPACITY_WORD] = descriptor.capacity;
  Atomics.store(words, EPOCH_WORD, 1);
  return buffer;
}

/**
 * Checks that `buffer` is the region that the caller expects.
 *
 * @returns the capacity that the region was created with
 * @throws {RegionMismatchError} when magic or layout version differ
 */
export function attachRegion(buffer: SharedArrayBuffer, magic: number, layoutVersion: number): number {
  const words = new Int32Array(buffer);
  const seen = words[MAGIC_WORD]! | 0;
  if (seen !== (magic | 0)) {
    throw new RegionMismatchError(
      `Cannot attach region: magic is 0x${(seen >>> 0).toString(16)}, expected 0x${(magic >>> 0).toString(16)}`,
    );
  }
  if (words[LAYOUT_WORD] !== layoutVersion) {
    throw new RegionMismatchError(`Cannot attach region: layout is ${words[LAYOUT_WORD]}, expected ${layoutVersion}`);
  }
  return words[CAPACITY_WORD]!;
}

/** Epoch of the region; it rises when what was written before is void. */
export function readEpoch(words: Int32Array): number {
  return Atomics.load(words, EPOCH_WORD);
}

/** Raises the epoch by one and returns the new value. */
export function raiseEpoch(words: Int32Array): number {
  return Atomics.add(words, EPOCH_WORD, 1) + 1;
}
