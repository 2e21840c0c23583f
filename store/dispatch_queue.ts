// hot
/**
 * Writes the units of one queue, gathered over a batch.
 *
 * Owns: the queue's end (next offset, largest physical position) and the units gathered over a batch. While the queue has a slot in the queue table and its tail
 * there has room, a unit goes into that, where readers find it once its mark is told; else a batch's units go to the files, with those of the tail: a write to a file
 * costs as much for one unit as for sixteen.
 * Reads: nothing after it was opened at the queue's end, but its tail.
 * Never: writes a unit twice or out of order: a record at or below the largest physical position, or whose queue offset
 * is there already, is passed over. A queue offset that leaves a gap is bridged by blank units, so that every unit lies where
 * its offset says.
 */
import { BLANK_UNIT_SIZE, putUnit, UNIT_BYTES } from "./consume_queue.ts";
import type { SegmentSet } from "./file/segment_set.ts";
import { type QueueTable, TAIL_UNITS } from "./queue_table.ts";

/** Units that a queue gathers before it writes them without waiting for the end of the batch. */
export const GATHERED_UNITS_MAX = 512;

/** Units that a queue has room for at first: one of thousands seldom gathers more. */
const FEW_UNITS = 16;

/** A buffer for gathered units, with room for a tail before them; queues borrow one while they have any. */
export class UnitBuffer {
  /** Gathered units that it holds. */
  readonly capacity: number;
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** A view on the bytes. */
  readonly view: DataView;

  /** @param capacity units */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.bytes = new Uint8Array((TAIL_UNITS + capacity) * UNIT_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** Buffers that no queue has borrowed: small ones, and such as hold all that a queue may gather. */
export class UnitBufferPool {
  readonly #small: UnitBuffer[] = [];
  readonly #large: UnitBuffer[] = [];

  /** A buffer to gather in. */
  borrow(): UnitBuffer {
    return this.#small.pop() ?? new UnitBuffer(FEW_UNITS);
  }

  /** A buffer that holds {@link GATHERED_UNITS_MAX} units, those of a small one among them, which is taken back. */
  enlarge(small: UnitBuffer): UnitBuffer {
    const large = this.#large.pop() ?? new UnitBuffer(GATHERED_UNITS_MAX);
    large.bytes.set(small.bytes);
    this.#small.push(small);
    return large;
  }

  /** Takes a buffer back. */
  giveBack(buffer: UnitBuffer): void {
    (buffer.capacity === FEW_UNITS ? this.#small : this.#large).push(buffer);
  }
}

/** Counters that all queues of a dispatcher share. */
export interface DispatchCounters {
  /** Units written. */
  units: number;
  /** Records passed over because their unit was there. */
  repeated: number;
  /** Blank units written in front of a record. */
  blankUnits: number;
}

/** Where a queue begins when it is opened. */
export interface QueueStart {
  /** Number of the queue in the dispatcher, dense from 0. */
  readonly index: number;
  /** Offset of the next unit. */
  readonly nextOffset: number;
  /** Position in the log behind the last record of the queue, −1 when there is none. */
  readonly maxPhysical: number;
}

/** Writes the units of one queue. */
export class DispatchQueue {
  // What each record needs lies together.
  #nextOffset: number;
  #maxPhysical: number;
  #slot = -1;
  /** Units in the tail. */
  #tailed = 0;
  #gathered = 0;
  #table: QueueTable | undefined;
  /** True between the first unit of a batch and its mark. */
  isMarked = false;
  /** True while the dispatcher has this queue in its list of queues to sync. */
  isListed = false;
  /** Offset of the first unit that stands for a record, when the queue began in the middle since it was opened; else −1. */
  startedAt = -1;
  /** Number of the queue in the dispatcher. */
  readonly index: number;
  #buffer: UnitBuffer | undefined;
  /** True from the first write to the files after `takeDirty` on. */
  isDirty = false;
  /** Files of the queue. */
  readonly files: SegmentSet;
  /** Files of the queue when its directory was last given to be synced. */
  syncedFiles: number;
  /** First byte written since `takeDirty`. */
  dirtyFrom: number;

  /**
   * @param files the queue's files, opened to write
   * @param start where the queue begins
   */
  constructor(files: SegmentSet, start: QueueStart) {
    this.index = start.index;
    this.files = files;
    this.syncedFiles = files.count;
    this.dirtyFrom = start.nextOffset * UNIT_BYTES;
    this.#nextOffset = start.nextOffset;
    this.#maxPhysical = start.maxPhysical;
  }

  /** Offset of the next unit, gathered ones counted. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Whether no file of the queue was given to be synced yet. */
  get isNew(): boolean {
    return this.syncedFiles === 0;
  }

  /** Position in the log behind the last record of the queue, −1 when there is none. */
  get maxPhysical(): number {
    return this.#maxPhysical;
  }

  /**
   * Gives the queue the tail of a slot; what is in the one it had is written before.
   *
   * @param slot below 0 for none
   * @throws {DiskError} when the disk refuses; the queue then has the tail it had
   */
  share(table: QueueTable, slot: number, pool: UnitBufferPool): void {
    if (this.#tailed > 0) this.settle(pool);
    this.#table = table;
    this.#slot = slot;
    this.#shareWritten(this.#nextOffset - this.#gathered);
  }

  /**
   * Gathers the unit of a record.
   *
   * @returns false when the unit is there already
   * @throws {DiskError} when gathered units had to be written and the disk refused
   */
  add(
    position: number,
    size: number,
    tagsHigh: number,
    tagsLow: number,
    queueOffset: number,
    pool: UnitBufferPool,
    counters: DispatchCounters,
  ): boolean {
    if (position + size <= this.#maxPhysical || queueOffset < this.#nextOffset) {
      counters.repeated += 1;
      return false;
    }
    if (queueOffset > this.#nextOffset) this.#bridge(queueOffset, pool, counters);
    if (this.#slot >= 0 && this.#tailed < TAIL_UNITS && this.#gathered === 0) {
      this.#table!.putUnit(this.#slot, queueOffset, position, size, tagsHigh, tagsLow);
      this.#tailed += 1;
    } else {
      this.#gather(position, size, tagsHigh, tagsLow, pool);
    }
    this.#nextOffset = queueOffset + 1;
    this.#maxPhysical = position + size;
    counters.units += 1;
    return true;
  }

  #gather(position: number, size: number, tagsHigh: number, tagsLow: number, pool: UnitBufferPool): void {
    if (this.#gathered === GATHERED_UNITS_MAX) this.settle(pool);
    let buffer = this.#buffer ??= pool.borrow();
    if (this.#gathered === buffer.capacity) buffer = this.#buffer = pool.enlarge(buffer);
    putUnit(buffer.view, (TAIL_UNITS + this.#gathered) * UNIT_BYTES, position, size, tagsHigh, tagsLow);
    this.#gathered += 1;
  }

  /**
   * Writes the units that were too many for the tail, with those of the tail, to the files.
   *
   * @throws {DiskError} when the disk refuses; the units stay gathered
   */
  write(pool: UnitBufferPool): void {
    if (this.#gathered > 0) this.settle(pool);
  }

  /**
   * Writes all units to the files, also those of the tail.
   *
   * @throws {DiskError} when the disk refuses; the units stay where they are
   */
  settle(pool: UnitBufferPool): void {
    if (this.#tailed === 0 && this.#gathered === 0) return;
    const buffer = this.#buffer ??= pool.borrow();
    this.#writeFiles(buffer);
    this.#gathered = 0;
    this.#buffer = undefined;
    pool.giveBack(buffer);
  }

  #writeFiles({ bytes }: UnitBuffer): void {
    const units = this.#tailed + this.#gathered;
    const first = this.#nextOffset - units;
    const start = (TAIL_UNITS - this.#tailed) * UNIT_BYTES;
    if (this.#tailed > 0) this.#table!.copyTail(this.#slot, first, this.#tailed, bytes, start);
    this.files.write(bytes, start, units * UNIT_BYTES, first * UNIT_BYTES);
    this.#wrote(first);
    this.#tailed = 0;
    this.#shareWritten(this.#nextOffset);
  }

  #shareWritten(offset: number): void {
    if (this.#slot >= 0) this.#table!.setWrittenOffset(this.#slot, offset);
  }

  /** Notes that the files have units that are not synced, from an offset on. */
  #wrote(offset: number): void {
    if (this.isDirty) return;
    this.isDirty = true;
    this.dirtyFrom = offset * UNIT_BYTES;
  }

  /** Blank units up to a queue offset. A gap of more than a file makes the queue start anew, as if it had no unit yet. */
  #bridge(queueOffset: number, pool: UnitBufferPool, counters: DispatchCounters): void {
    this.settle(pool);
    const fileUnits = this.files.fileBytes / UNIT_BYTES;
    const fileStart = queueOffset - queueOffset % fileUnits;
    if (this.files.count === 0) this.startedAt = queueOffset;
    if (this.#nextOffset < fileStart && (this.files.count === 0 || queueOffset - this.#nextOffset > fileUnits)) {
      this.files.removeAll();
      this.startedAt = queueOffset;
      this.#nextOffset = fileStart;
    }
    this.#fillBlank(queueOffset, counters);
    this.#shareWritten(queueOffset);
  }

  #fillBlank(queueOffset: number, counters: DispatchCounters): void {
    const count = queueOffset - this.#nextOffset;
    if (count === 0) return;
    const bytes = new Uint8Array(count * UNIT_BYTES);
    const view = new DataView(bytes.buffer);
    for (let unit = 0; unit < count; unit++) view.setInt32(unit * UNIT_BYTES + 8, BLANK_UNIT_SIZE);
    this.files.write(bytes, 0, bytes.length, this.#nextOffset * UNIT_BYTES);
    this.#wrote(this.#nextOffset);
    counters.blankUnits += count;
    this.#nextOffset = queueOffset;
  }
}
