/**
 * Queue offset by store time.
 *
 * Owns: the search of RocketMQ 5.x in both boundary kinds, file by file as Apache does it, so that the answers are equal also at the
 * edges: after the last record, before the first, between two, several with the same time.
 * Reads: units through a source, store times through a function.
 * Never: caches.
 * Source: apache/rocketmq store ConsumeQueue binarySearchInQueueByTime, MappedFileQueue getConsumeQueueMappedFileByTime,
 * ConsumeQueueStore getOffsetInQueueByTime
 */
import { UNIT_BYTES, unitPosition, unitSize } from "./consume_queue.ts";
import type { UnitSource } from "./consume_queue_reader.ts";

/** Which offset is wanted where no record has exactly the time, or several have it. */
export type TimeBoundary =
  /** The first record at or after the time. */
  | "lower"
  /** The last record at or before the time. */
  | "upper";

/** What {@link offsetByStoreTime} needs. */
export interface TimeSearch {
  /** Units of the queue. */
  readonly source: UnitSource;
  /** Units in one file. */
  readonly fileUnits: number;
  /** Offset of the first unit in the files, a multiple of `fileUnits`. */
  readonly first: number;
  /** Smallest offset whose record is in the log. */
  readonly min: number;
  /** Offset behind the last unit. */
  readonly max: number;
  /** First position in the log. */
  readonly logMin: number;
  /** Store time in ms of the record at a position, negative when it cannot be read. */
  readonly storeTimeOf: (position: number, size: number) => number;
}

/**
 * Finds the offset of a store time.
 *
 * @param search the queue
 * @param timestampMs time in ms
 * @param boundary which neighbour is wanted
 * @returns a queue offset from the smallest up to the one behind the last unit, 0 when the queue has no unit
 * @throws {DiskError} when the disk refuses
 */
export function offsetByStoreTime(search: TimeSearch, timestampMs: number, boundary: TimeBoundary): number {
  if (search.max <= search.first) return 0;
  const unit = new UnitTime(search);
  const file = boundary === "lower" ? fileOfLower(search, unit, timestampMs) : fileOfUpper(search, unit, timestampMs);
  const found = file < 0 ? 0 : searchFile(search, unit, file, timestampMs, boundary);
  return Math.min(Math.max(found, search.min), search.max);
}

class UnitTime {
  readonly #search: TimeSearch;
  readonly #bytes = new Uint8Array(UNIT_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  /** Position of the record of the unit read last. */
  position = -1;

  constructor(search: TimeSearch) {
    this.#search = search;
  }

  read(offset: number): boolean {
    if (this.#search.source.readUnits(offset, 1, this.#bytes, 0) === 0) return false;
    this.position = unitPosition(this.#view, 0);
    return true;
  }

  /** Store time of a unit, −1 when it or its record cannot be read. */
  at(offset: number): number {
    if (!this.read(offset) || this.position < this.#search.logMin) return -1;
    return this.#search.storeTimeOf(this.position, unitSize(this.#view, 0));
  }
}

function fileOfLower(search: TimeSearch, unit: UnitTime, timestampMs: number): number {
  let file = search.first;
  while (file + search.fileUnits < search.max && unit.at(file + search.fileUnits - 1) < timestampMs) {
    file += search.fileUnits;
  }
  return file;
}

function fileOfUpper(search: TimeSearch, unit: UnitTime, timestampMs: number): number {
  const last = search.max - 1;
  for (let file = last - last % search.fileUnits; file >= search.first; file -= search.fileUnits) {
    if (unit.at(file) <= timestampMs) return file;
  }
  return -1;
}

function searchFile(
  search: TimeSearch,
  unit: UnitTime,
  file: number,
  timestampMs: number,
  boundary: TimeBoundary,
): number {
  const floor = Math.max(search.min, file);
  const ceiling = Math.min(search.max, file + search.fileUnits) - 1;
  if (unit.at(ceiling) < timestampMs) return boundary === "lower" ? ceiling + 1 : ceiling;
  if (unit.at(floor) > timestampMs) return boundary === "lower" ? file : 0;
  let low = floor;
  let high = ceiling;
  while (high >= low) {
    const middle = Math.floor((low + high) / 2);
    const time = unit.at(middle);
    if (unit.position < search.logMin) low = middle + 1;
    else if (time < 0) return 0;
    else if (time === timestampMs) return edgeOfSame(unit, middle, timestampMs, floor, ceiling, boundary);
    else if (time > timestampMs) high = middle - 1;
    else low = middle + 1;
  }
  return boundary === "lower" ? low : high;
}

/** First or last of the neighbours that have the same time. */
function edgeOfSame(
  unit: UnitTime,
  found: number,
  timestampMs: number,
  floor: number,
  ceiling: number,
  boundary: TimeBoundary,
): number {
  let edge = found;
  if (boundary === "lower") { while (edge > floor && unit.at(edge - 1) === timestampMs) edge -= 1; }
  else while (edge < ceiling && unit.at(edge + 1) === timestampMs) edge += 1;
  return edge;
}
