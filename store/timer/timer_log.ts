/**
 * The timer log: one unit for each message that waits in the wheel, chained backwards within its slot.
 *
 * ```
 *   i32 size 52 | i64 previous unit of the slot | i32 magic | i64 enqueue time | i32 delay from it |
 *   i64 commit-log position | i32 record size | i32 hash of the real topic | i64 reserved
 *
 *   end of a file: i32 bytes left | i64 0 | i32 blank magic
 * ```
 *
 * Owns: the end of the log. Reads: units by position, a block at a time. Never: a unit across two files.
 *
 * Source: apache/rocketmq store/timer/TimerLog.java
 */
import type { Disk } from "../file/disk.ts";
import type { SegmentSet } from "../file/segment_set.ts";

/** Bytes of a unit. Source: apache/rocketmq store/timer/TimerLog.java UNIT_SIZE */
export const TIMER_UNIT_BYTES = 52;

/** Bytes that are left free for the blank at the end of a file. Source: apache/rocketmq store/timer/TimerLog.java MIN_BLANK_LEN */
const BLANK_BYTES = 16;

/** Magic of the blank. Source: apache/rocketmq store/timer/TimerLog.java BLANK_MAGIC_CODE */
export const TIMER_BLANK_MAGIC: number = 0xcbd43194 | 0;

/** Bits of a unit's magic. Source: apache/rocketmq store/timer/TimerMessageStore.java MAGIC_DEFAULT, MAGIC_ROLL, MAGIC_DELETE */
export const TimerMagic = { Default: 1, Roll: 2, Delete: 4 } as const;

/** Largest magic of a unit. Source: apache/rocketmq store/timer/TimerMessageStore.java isMagicOK */
const MAGIC_MASK = 0xf;

/** Units read at once. */
const BLOCK_UNITS = 1024;
const BLOCK_BYTES = BLOCK_UNITS * TIMER_UNIT_BYTES;

/** One unit. */
export interface TimerUnit {
  /** Position of the unit before it in its slot, −1 when it is the first. */
  readonly previous: number;
  /** Bits of {@link TimerMagic}. */
  readonly magic: number;
  /** When it came into the wheel, milliseconds since 1970. */
  readonly enqueueMs: number;
  /** Time of its slot less the enqueue time, milliseconds. */
  readonly delayMs: number;
  /** Where the message is in the commit log. */
  readonly recordPosition: number;
  /** Bytes of the message's record. */
  readonly recordBytes: number;
  /** Java's hash of the topic that the message is for. */
  readonly topicHash: number;
}

/** The timer log. */
export class TimerLog {
  readonly #files: SegmentSet;
  #end: number;
  #block: Uint8Array | undefined;
  #blockStart = -1;
  #blockBytes = 0;
  #syncedEnd: number;

  /** @param files of the log; @param end position behind the last unit */
  constructor(files: SegmentSet, end: number) {
    this.#files = files;
    this.#end = end;
    this.#syncedEnd = end;
  }

  /** Position behind the last unit. */
  get end(): number {
    return this.#end;
  }

  /** Position of the first unit. */
  get first(): number {
    return this.#files.first;
  }

  /** Files of the log. */
  get fileCount(): number {
    return this.#files.count;
  }

  /** Where a run of units would lie if they were appended now. */
  plan(count: number): number[] {
    const positions: number[] = [];
    for (let at = this.#end; positions.length < count; at += TIMER_UNIT_BYTES) {
      at = this.#fit(at);
      positions.push(at);
    }
    return positions;
  }

  /**
   * Appends units at the positions of {@link plan}.
   *
   * @throws {DiskError} when the disk refuses; the end stays where it was
   */
  append(units: readonly TimerUnit[]): void {
    const buffer = new Uint8Array(units.length * TIMER_UNIT_BYTES);
    const view = new DataView(buffer.buffer);
    let at = this.#end;
    let written = 0;
    let filled = 0;
    for (const unit of units) {
      const next = this.#fit(at);
      if (next !== at) {
        this.#files.write(buffer, written, filled - written, at - (filled - written));
        this.#files.write(blank(next - at), 0, BLANK_BYTES, at);
        written = filled;
        at = next;
      }
      encodeUnit(view, filled, unit);
      filled += TIMER_UNIT_BYTES;
      at += TIMER_UNIT_BYTES;
    }
    this.#files.write(buffer, written, filled - written, at - (filled - written));
    this.#blockStart = -1;
    this.#end = at;
  }

  /** The unit at a position, or undefined when there is none. */
  read(position: number): TimerUnit | undefined {
    if (position < this.#files.first || position + TIMER_UNIT_BYTES > this.#end) return undefined;
    return this.#readAt(position);
  }

  /**
   * Looks at the units from a position on, in any state of the end.
   *
   * @returns position behind the last unit seen
   */
  scan(from: number, visit: (position: number, unit: TimerUnit) => void): number {
    const { fileBytes } = this.#files;
    let at = Math.min(Math.max(from, this.#files.first), this.#files.end);
    while (at < this.#files.end) {
      const fileEnd = at - at % fileBytes + fileBytes;
      if (at + TIMER_UNIT_BYTES + BLANK_BYTES > fileEnd && this.#isFileAt(fileEnd)) {
        at = fileEnd;
        continue;
      }
      const unit = at + TIMER_UNIT_BYTES > fileEnd ? undefined : this.#readAt(at);
      if (unit === undefined) {
        if (!this.#isBlank(at)) return at;
        at = fileEnd;
        continue;
      }
      visit(at, unit);
      at += TIMER_UNIT_BYTES;
    }
    return at;
  }

  /** Ends the log at a position; what follows becomes zeros. */
  truncate(position: number): void {
    this.#blockStart = -1;
    this.#end = position;
    this.#syncedEnd = Math.min(this.#syncedEnd, position);
    if (this.#files.count > 0) this.#files.truncateAfter(position);
  }

  /** Writes again what lies from a position on: after a sync that failed, pages look clean and are not on the device. */
  rewriteFrom(position: number): void {
    const start = Math.max(position, this.#files.first);
    if (start >= this.#end) return;
    const bytes = new Uint8Array(Math.min(BLOCK_BYTES, this.#end - start));
    for (let at = start; at < this.#end;) {
      const count = this.#files.read(bytes, 0, Math.min(bytes.length, this.#end - at), at);
      if (count === 0) break;
      this.#files.write(bytes, 0, count, at);
      at += count;
    }
    this.#syncedEnd = Math.min(this.#syncedEnd, start);
  }

  /** Blocks until all units are on the device. */
  sync(): void {
    if (this.#syncedEnd < this.#end) this.#files.syncRange(this.#syncedEnd, this.#end);
    this.#syncedEnd = this.#end;
  }

  /** As {@link sync}, but the thread goes on while the device works; what is appended meanwhile is left to the next one. */
  async syncLater(disk: Disk): Promise<void> {
    const end = this.#end;
    for (const path of this.#files.pathsOf(this.#syncedEnd, end)) await disk.syncLater(path);
    this.#syncedEnd = Math.max(this.#syncedEnd, Math.min(end, this.#end));
  }

  /** Removes files of which every message is gone from the commit log. @returns files removed */
  removeExpired(logStart: number): number {
    const { fileBytes } = this.#files;
    let removed = 0;
    while (this.#files.count > 1) {
      const unitsPerFile = Math.floor((fileBytes - BLANK_BYTES) / TIMER_UNIT_BYTES);
      const unit = this.read(this.#files.first + (unitsPerFile - 1) * TIMER_UNIT_BYTES);
      if (unit !== undefined && unit.recordPosition >= logStart) break;
      removed += this.#files.removeBefore(this.#files.first + fileBytes, 1);
      this.#blockStart = -1;
      if (unit === undefined) break;
    }
    return removed;
  }

  /** Where a unit goes that would begin at a position: there, or at the start of the next file. */
  #fit(at: number): number {
    const { fileBytes } = this.#files;
    const used = at % fileBytes;
    return used + TIMER_UNIT_BYTES + BLANK_BYTES > fileBytes ? at - used + fileBytes : at;
  }

  #isFileAt(position: number): boolean {
    return this.#files.fileAt(position) !== undefined;
  }

  #isBlank(position: number): boolean {
    const head = new Uint8Array(BLANK_BYTES);
    return this.#files.read(head, 0, BLANK_BYTES, position) === BLANK_BYTES &&
      new DataView(head.buffer).getInt32(12) === TIMER_BLANK_MAGIC;
  }

  #readAt(position: number): TimerUnit | undefined {
    const inFile = position % this.#files.fileBytes;
    const start = position - inFile % BLOCK_BYTES;
    const block = this.#block ??= new Uint8Array(BLOCK_BYTES);
    if (start !== this.#blockStart) {
      this.#blockBytes = this.#files.read(block, 0, Math.min(BLOCK_BYTES, this.#files.end - start), start);
      this.#blockStart = start;
    }
    if (position + TIMER_UNIT_BYTES > start + this.#blockBytes) return undefined;
    return decodeUnit(new DataView(block.buffer, position - start, TIMER_UNIT_BYTES));
  }
}

function blank(bytesLeft: number): Uint8Array {
  const bytes = new Uint8Array(BLANK_BYTES);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, bytesLeft);
  view.setInt32(12, TIMER_BLANK_MAGIC);
  return bytes;
}

function encodeUnit(view: DataView, at: number, unit: TimerUnit): void {
  view.setInt32(at, TIMER_UNIT_BYTES);
  view.setBigInt64(at + 4, BigInt(unit.previous));
  view.setInt32(at + 12, unit.magic);
  view.setBigInt64(at + 16, BigInt(unit.enqueueMs));
  view.setInt32(at + 24, unit.delayMs);
  view.setBigInt64(at + 28, BigInt(unit.recordPosition));
  view.setInt32(at + 36, unit.recordBytes);
  view.setInt32(at + 40, unit.topicHash);
}

function decodeUnit(view: DataView): TimerUnit | undefined {
  const magic = view.getInt32(12);
  if (view.getInt32(0) !== TIMER_UNIT_BYTES || magic < 0 || magic > MAGIC_MASK) return undefined;
  return {
    previous: Number(view.getBigInt64(4)),
    magic,
    enqueueMs: Number(view.getBigInt64(16)),
    delayMs: view.getInt32(24),
    recordPosition: Number(view.getBigInt64(28)),
    recordBytes: view.getInt32(36),
    topicHash: view.getInt32(40),
  };
}
