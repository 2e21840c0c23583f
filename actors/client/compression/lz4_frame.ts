/**
 * LZ4 frames: what Java's client writes for compressType LZ4, read and written without native code.
 *
 * ```text
 * | magic 4 | flags 1 | block size 1 | content size 0 or 8 | header check 1 | { block size 4, block } … | 0 4 | content check 0 or 4 |
 * ```
 * Owns: the frame and the block format. Never does: IO, dictionaries.
 * Source: LZ4 frame format description 1.6.3; LZ4 block format description
 */

import { xxHash32 } from "./xxhash32.ts";

const MAGIC = 0x184d2204;
const FLAG_CONTENT_CHECK = 0x04;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_BLOCK_CHECK = 0x10;
const FLAG_DICTIONARY = 0x01;
const STORED_BIT = 0x8000_0000;
/** Block size code 7, in bytes. */
const BLOCK_BYTES_MAX = 4 * 1024 * 1024;
const MATCH_MIN = 4;
/** The last literals of a block, in bytes. */
const LAST_LITERALS = 5;
/** No match begins closer to the end of a block, in bytes. */
const MATCH_LIMIT = 12;
const HASH_BITS = 14;
const DISTANCE_MAX = 65_535;

/**
 * @param input bytes to compress
 * @returns one LZ4 frame
 */
export function compressLz4Frame(input: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let start = 0; start < input.length; start += BLOCK_BYTES_MAX) {
    blocks.push(input.subarray(start, Math.min(input.length, start + BLOCK_BYTES_MAX)));
  }
  const packed = blocks.map((block) => compressBlock(block));
  const bytes = 7 + packed.reduce((sum, block, i) => sum + 4 + (block ?? blocks[i])!.length, 0) + 4;
  const output = new Uint8Array(bytes);
  const view = new DataView(output.buffer);
  view.setUint32(0, MAGIC, true);
  output[4] = 0x60; // version 1, blocks independent
  output[5] = 0x70; // blocks up to 4 MiB
  output[6] = (xxHash32(output.subarray(4, 6)) >>> 8) & 0xff;
  let at = 7;
  packed.forEach((block, i) => {
    const raw = blocks[i] ?? new Uint8Array(0);
    view.setUint32(at, block === undefined ? (raw.length | STORED_BIT) >>> 0 : block.length, true);
    output.set(block ?? raw, at + 4);
    at += 4 + (block ?? raw).length;
  });
  return output;
}

/** Greedy single-probe compression; undefined when it would not become smaller. */
function compressBlock(input: Uint8Array): Uint8Array | undefined {
  const output = new Uint8Array(input.length);
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const table = new Int32Array(1 << HASH_BITS).fill(-1);
  const end = input.length - MATCH_LIMIT;
  let anchor = 0;
  let at = 0;
  let out = 0;
  while (at < end) {
    const word = view.getInt32(at, true);
    const slot = Math.imul(word, 0x9e3779b1 | 0) >>> (32 - HASH_BITS);
    const candidate = table[slot] ?? -1;
    table[slot] = at;
    if (candidate < 0 || at - candidate > DISTANCE_MAX || view.getInt32(candidate, true) !== word) {
      at++;
      continue;
    }
    let length = MATCH_MIN;
    while (at + length < input.length - LAST_LITERALS && input[candidate + length] === input[at + length]) length++;
    out = writeSequence(output, out, input.subarray(anchor, at), { distance: at - candidate, length });
    if (out < 0) return undefined;
    at += length;
    anchor = at;
  }
  out = writeSequence(output, out, input.subarray(anchor), undefined);
  return out < 0 ? undefined : output.subarray(0, out);
}

/** Writes literals and a match; −1 when the output is full. */
function writeSequence(
  output: Uint8Array,
  start: number,
  literals: Uint8Array,
  match: { distance: number; length: number } | undefined,
): number {
  const matchCode = match === undefined ? 0 : match.length - MATCH_MIN;
  const bytesMax = 1 + literals.length / 255 + 1 + literals.length + 2 + matchCode / 255 + 1;
  if (start + bytesMax > output.length) return -1;
  let at = start + 1;
  output[start] = (Math.min(15, literals.length) << 4) | Math.min(15, matchCode);
  if (literals.length >= 15) at = writeLength(output, at, literals.length - 15);
  output.set(literals, at);
  at += literals.length;
  if (match === undefined) return at;
  output[at] = match.distance & 0xff;
  output[at + 1] = match.distance >>> 8;
  at += 2;
  return matchCode >= 15 ? writeLength(output, at, matchCode - 15) : at;
}

function writeLength(output: Uint8Array, start: number, length: number): number {
  let at = start;
  let rest = length;
  for (; rest >= 255; rest -= 255) output[at++] = 255;
  output[at++] = rest;
  return at;
}

/**
 * @param input one or more LZ4 frames
 * @param bytesMax largest output accepted, in bytes
 * @returns the content
 * @throws {RangeError} when the frame is malformed or too large
 */
export function decompressLz4Frame(input: Uint8Array, bytesMax: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const output = new Output(bytesMax);
  let at = 0;
  while (at < input.length) at = readFrame(input, view, at, output);
  return output.bytes();
}

function readFrame(input: Uint8Array, view: DataView, start: number, output: Output): number {
  if (input.length < start + 7 || view.getUint32(start, true) !== MAGIC) {
    throw new RangeError(`Cannot decompress LZ4: no frame magic at ${start}`);
  }
  const flags = view.getUint8(start + 4);
  if ((flags & 0xc0) !== 0x40) {
    throw new RangeError(`Cannot decompress LZ4: version bits are ${flags >>> 6}, 1 is known`);
  }
  if ((flags & FLAG_DICTIONARY) !== 0) throw new RangeError("Cannot decompress LZ4: the frame needs a dictionary");
  const headerEnd = start + 6 + ((flags & FLAG_CONTENT_SIZE) !== 0 ? 8 : 0);
  if (input[headerEnd] !== ((xxHash32(input.subarray(start + 4, headerEnd)) >>> 8) & 0xff)) {
    throw new RangeError("Cannot decompress LZ4: the header check does not fit");
  }
  const frameStart = output.length;
  let at = headerEnd + 1;
  while (true) {
    const word = read32(view, at);
    at += 4;
    if (word === 0) break;
    const size = word & 0x7fff_ffff;
    if (at + size > input.length) throw new RangeError(`Cannot decompress LZ4: block at ${at} is cut`);
    const block = input.subarray(at, at + size);
    if ((word & STORED_BIT) !== 0) output.literal(block, 0, size);
    else decompressBlock(block, output, frameStart);
    at += size + ((flags & FLAG_BLOCK_CHECK) !== 0 ? 4 : 0);
  }
  if ((flags & FLAG_CONTENT_CHECK) === 0) return at;
  if (read32(view, at) !== xxHash32(output.since(frameStart))) {
    throw new RangeError("Cannot decompress LZ4: the content check does not fit");
  }
  return at + 4;
}

function read32(view: DataView, at: number): number {
  if (at + 4 > view.byteLength) throw new RangeError(`Cannot decompress LZ4: the frame ends at ${view.byteLength}`);
  return view.getUint32(at, true);
}

function decompressBlock(input: Uint8Array, output: Output, frameStart: number): void {
  let at = 0;
  const lengthFrom = (code: number): number => {
    let length = code;
    if (code !== 15) return length;
    let byte: number;
    do {
      if (at >= input.length) throw new RangeError("Cannot decompress LZ4: a length is cut");
      byte = input[at++] ?? 0;
      length += byte;
    } while (byte === 255);
    return length;
  };
  while (at < input.length) {
    const token = input[at++] ?? 0;
    const literals = lengthFrom(token >>> 4);
    if (at + literals > input.length) throw new RangeError("Cannot decompress LZ4: literals are cut");
    output.literal(input, at, literals);
    at += literals;
    if (at >= input.length) return;
    const distance = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8);
    at += 2;
    const length = lengthFrom(token & 15) + MATCH_MIN;
    if (distance === 0 || distance > output.length - frameStart) {
      throw new RangeError(`Cannot decompress LZ4: distance ${distance} at ${output.length}`);
    }
    output.match(distance, length);
  }
}

/** A growing output with a bound. */
class Output {
  length = 0;
  #bytes = new Uint8Array(16 * 1024);
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  literal(input: Uint8Array, start: number, count: number): void {
    this.#reserve(count);
    this.#bytes.set(input.subarray(start, start + count), this.length);
    this.length += count;
  }

  match(distance: number, count: number): void {
    this.#reserve(count);
    const bytes = this.#bytes;
    if (distance >= count) bytes.copyWithin(this.length, this.length - distance, this.length - distance + count);
    else for (let i = this.length; i < this.length + count; i++) bytes[i] = bytes[i - distance] ?? 0;
    this.length += count;
  }

  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.length);
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.#bytesMax) {
      throw new RangeError(`Cannot decompress LZ4: content is larger than ${this.#bytesMax} bytes`);
    }
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}
