/**
 * The bits that a consumer group has in the bloom filter of a queue, as `consumerFilter.json` holds them.
 *
 * Owns: how many bits there are and which of them belong to a name. Reads: nothing. Never: filters; consume queues with extension files,
 * where RocketMQ keeps the bits of each message, are not written here.
 *
 * Source: apache/rocketmq filter BloomFilter
 */
import type { BloomFilterData } from "../../protocol/bodies/consumer_filters.ts";
import { encodeUtf8 } from "../../protocol/utf8.ts";
import { murmur3Low64 } from "./murmur3.ts";

/** Shape of a bloom filter. */
export interface BloomShape {
  /** Bits of a name. */
  readonly hashes: number;
  /** Bits in all, a multiple of 8. */
  readonly bits: number;
}

/**
 * Shape for an error rate and a number of names.
 *
 * @param errorPercent wrong hits in a hundred, 1 to 99
 * @param names how many share the filter
 * @throws {RangeError} when either is out of range
 */
export function bloomShape(errorPercent: number, names: number): BloomShape {
  if (!(errorPercent >= 1 && errorPercent < 100)) {
    throw new RangeError(`Cannot shape bloom filter: error rate is ${errorPercent} percent, allowed are 1 to 99`);
  }
  if (!(names >= 1)) throw new RangeError(`Cannot shape bloom filter: it is for ${names} names, at least 1 is allowed`);
  const rate = errorPercent / 100;
  const hashes = Math.ceil(Math.log(rate) / Math.log(0.5));
  const bits = Math.ceil(names * (Math.log(1 / rate) / Math.log(2)) * (Math.log(Math.E) / Math.log(2)));
  return { hashes, bits: 8 * Math.ceil(bits / 8) };
}

/**
 * The bits of a name.
 *
 * @param shape of the filter
 * @param name group, `#`, topic
 */
export function bloomDataOf(shape: BloomShape, name: string): BloomFilterData {
  const hash = murmur3Low64(encodeUtf8(name));
  const low = Number(BigInt.asIntN(32, hash));
  const high = Number(BigInt.asIntN(32, hash >> 32n));
  const bitPos: number[] = [];
  for (let i = 1; i <= shape.hashes; i++) {
    const combined = (low + Math.imul(i, high)) | 0;
    bitPos.push((combined < 0 ? ~combined : combined) % shape.bits);
  }
  return { bitNum: shape.bits, bitPos };
}

/** Whether bits that were kept fit a shape. Source: apache/rocketmq filter BloomFilter.isValid */
export function isBloomDataOf(shape: BloomShape, data: BloomFilterData | undefined): boolean {
  return data !== undefined && data.bitNum === shape.bits && data.bitPos.length === shape.hashes;
}
