/**
 * Where a queue begins and ends, found in its files.
 *
 * Owns: the searches for the end of the written units and for the first unit whose record is still in the log.
 * Reads: units through a reader.
 * Never: writes.
 */
import { isBlankUnit, isUnit, UNIT_BYTES, unitPosition, unitSize } from "./consume_queue.ts";
import type { QueueUnits, UnitSource } from "./consume_queue_reader.ts";

const BLOCK_UNITS = 16384;
/** Units looked at before a large block is made: most queues end within them. */
const FIRST_BLOCK_UNITS = 64;

/** Where a queue ends. */
export interface QueueEnd {
  /** Offset of the first unit in the files; 0 when there is none. */
  readonly first: number;
  /** Offset behind the last unit. */
  readonly max: number;
  /** Position in the log behind the last record, −1 when there is none. */
  readonly maxPhysical: number;
}

const EMPTY: QueueEnd = Object.freeze({ first: 0, max: 0, maxPhysical: -1 });

/**
 * Finds the end of a queue whose units are known to have no hole: by halving in the last file that has any.
 *
 * @param starts start positions of the files in bytes, in order
 * @throws {DiskError} when the disk refuses
 */
export function findQueueEnd(reader: QueueUnits, starts: readonly number[] = reader.starts()): QueueEnd {
  const fileUnits = reader.fileBytes / UNIT_BYTES;
  const bytes = new Uint8Array(UNIT_BYTES);
  const view = new DataView(bytes.buffer);
  const has = (offset: number): boolean => reader.readUnits(offset, 1, bytes, 0) === 1 && isUnit(view, 0);
  for (let file = starts.length - 1; file >= 0; file--) {
    const base = starts[file]! / UNIT_BYTES;
    if (!has(base)) continue;
    let low = base;
    let high = base + fileUnits;
    // Most queues are short: steps that double find their end in a few reads.
    for (let step = 1; low + step < high; step *= 2) {
      if (has(low + step)) low += step;
      else high = low + step;
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (has(middle)) low = middle;
      else high = middle;
    }
    has(low);
    return { first: starts[0]! / UNIT_BYTES, max: high, maxPhysical: endOf(view, 0) };
  }
  return starts.length === 0
    ? EMPTY
    : { first: starts[0]! / UNIT_BYTES, max: starts[0]! / UNIT_BYTES, maxPhysical: -1 };
}

/** What {@link walkQueueEnd} believes. */
export interface WalkOptions {
  /** First unit walked. */
  readonly from: number;
  /** End of the log in bytes: a unit at or behind it ends the queue. */
  readonly logEnd: number;
  /** Start positions of the files in bytes, in order. */
  readonly starts: readonly number[];
}

/**
 * Finds the end of a queue by looking at each unit from `from` on. The first unit that is none, or does not point behind the record
 * of the one before, or points behind the end of the log, ends the queue.
 *
 * @throws {DiskError} when the disk refuses
 */
export function walkQueueEnd(reader: UnitSource, options: WalkOptions): QueueEnd {
  if (options.starts.length === 0) return EMPTY;
  const first = options.starts[0]! / UNIT_BYTES;
  let bytes = new Uint8Array(FIRST_BLOCK_UNITS * UNIT_BYTES);
  let view = new DataView(bytes.buffer);
  let offset = Math.max(options.from, first);
  let physical = -1;
  if (offset > first && reader.readUnits(offset - 1, 1, bytes, 0) === 1) physical = endOf(view, 0);
  let block = FIRST_BLOCK_UNITS;
  for (;;) {
    const count = reader.readUnits(offset, block, bytes, 0);
    for (let index = 0; index < count; index++) {
      const at = index * UNIT_BYTES;
      if (!isUnit(view, at)) return { first, max: offset, maxPhysical: physical };
      if (!isBlankUnit(view, at)) {
        const position = unitPosition(view, at);
        if (position < physical || position >= options.logEnd) return { first, max: offset, maxPhysical: physical };
        physical = position + unitSize(view, at);
      }
      offset += 1;
    }
    if (count < block) return { first, max: offset, maxPhysical: physical };
    if (block === BLOCK_UNITS) continue;
    block = BLOCK_UNITS;
    bytes = new Uint8Array(BLOCK_UNITS * UNIT_BYTES);
    view = new DataView(bytes.buffer);
  }
}

/**
 * The first offset at or above `first` whose record lies at or behind `position`, by halving. Where nothing is written counts as behind.
 *
 * @param max offset behind the last unit; it is the answer when all records lie before the position
 * @throws {DiskError} when the disk refuses
 */
export function firstOffsetFrom(source: UnitSource, first: number, max: number, position: number): number {
  const bytes = new Uint8Array(UNIT_BYTES);
  const view = new DataView(bytes.buffer);
  let low = first;
  let high = max;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const isBefore = source.readUnits(middle, 1, bytes, 0) === 0 || isBlankUnit(view, 0) ||
      (isUnit(view, 0) && unitPosition(view, 0) < position);
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}

function endOf(view: DataView, at: number): number {
  return isBlankUnit(view, at) ? -1 : unitPosition(view, at) + unitSize(view, at);
}
