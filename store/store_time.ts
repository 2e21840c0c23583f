/**
 * Store time of a record in the files of the commit log.
 *
 * Owns: nothing.
 * Reads: 64 bytes at the record's position.
 * Never: checks the record.
 */
import { RecordOffset, storeTimestampOffset } from "../protocol/record.ts";
import { readInt, readLong } from "../protocol/java_number.ts";
import type { SegmentSet } from "./file/segment_set.ts";

/** Bytes before the end of the store time, with an IPv6 born host. */
const BYTES_NEEDED = 76;

/**
 * Store time in ms of the record at a position, −1 when it cannot be read.
 *
 * @throws {DiskError} when the disk refuses
 */
export function storeTimeOf(log: SegmentSet, position: number): number {
  const bytes = new Uint8Array(BYTES_NEEDED);
  const count = log.read(bytes, 0, BYTES_NEEDED, position);
  if (count < RecordOffset.BORN_HOST) return -1;
  const at = storeTimestampOffset(readInt(bytes, RecordOffset.SYS_FLAG));
  return at + 8 > count ? -1 : readLong(bytes, at);
}
