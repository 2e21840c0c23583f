/**
 * The writer: hands appended records to the kernel, one write for all that a turn appended, whoever appended it.
 *
 * Records become visible to readers when they are written and not before, so a consumer never sees what a crash of the process could take back.
 *
 * When the disk is full, what was not written is taken back: under both locks the ring's epoch rises, appended and reserved fall back to
 * written and the queues' next offsets are restored, so no refused record ever appears and offsets stay without a gap. Where records are acknowledged before they are
 * written, they stay in the ring instead.
 */
import { type LogMemory, LogStatus } from "./memory/log_memory.ts";
import type { SegmentSet } from "./file/segment_set.ts";
import { DiskError } from "./file/disk.ts";
import { BlocksAhead } from "./blocks_ahead.ts";
import { BLANK_MAGIC } from "./log_appender.ts";

/** Length and magic of no record. */
const NO_HEAD = new Uint8Array(8);

/** What one write did. */
export const WriteOutcome = {
  /** Everything appended before the call is written. */
  Written: "written",
  /** The disk is full and what was not written was taken back. */
  Refused: "refused",
  /** The disk is full; what was not written stays in the ring, where it counts as stored, and is written when there is room again. */
  Kept: "kept",
  /** The device failed: the log is read-only now and the process must end. */
  Failed: "failed",
} as const;

/** One of {@link WriteOutcome}. */
export type WriteOutcomeValue = (typeof WriteOutcome)[keyof typeof WriteOutcome];

/** Restores next offsets when records are taken back. */
export interface OffsetRestorer {
  /**
   * Makes `queueOffset` the next offset of the queue again, if its next offset is larger.
   *
   * @param topic bytes of the topic name, valid during the call
   */
  restore(topic: Uint8Array, queueId: number, queueOffset: number): void;
}

/** Called with the milliseconds of a write, or of the wait for the write lock before it, that took longer than `slowWriteMs`. */
export type SlowWriteListener = (elapsedMs: number, bytes: number, phase: "write lock" | "write") => void;

/** How a {@link LogWriter} works. */
export interface LogWriterOptions {
  /** Milliseconds of a clock that only rises. */
  readonly nowMs: () => number;
  /** Writes, and waits for the write lock, above this are reported. Milliseconds. */
  readonly slowWriteMs: number;
  /** Above this the log turns busy. Milliseconds. */
  readonly busyWriteMs: number;
  /** Told of slow writes and locks. */
  readonly onSlow: SlowWriteListener;
  /** Whether FlushCommitLogService is woken by each write; false when left out. */
  readonly wakesFlush?: boolean;
  /** Whether blocks of the device are taken ahead of the records, because acknowledgements wait for it; false when left out. */
  readonly takesBlocksAhead?: boolean;
  /** Whether what a full disk refuses stays in the ring, because it may be acknowledged already; false when left out. */
  readonly keepsRefused?: boolean;
}

/** Writes the log ring to its files. One for each thread that appends. */
export class LogWriter {
  readonly #memory: LogMemory;
  readonly #files: SegmentSet;
  readonly #restorer: OffsetRestorer;
  readonly #options: LogWriterOptions;
  readonly #blocksAhead: BlocksAhead | undefined;
  #writes = 0;
  #bytes = 0;
  #lastError: unknown;

  /**
   * @param memory the log
   * @param files the commit-log files, opened for writing
   * @param restorer told of each record that is taken back
   * @param options clock, limits and who is told
   */
  constructor(memory: LogMemory, files: SegmentSet, restorer: OffsetRestorer, options: LogWriterOptions) {
    this.#memory = memory;
    this.#files = files;
    this.#restorer = restorer;
    this.#options = options;
    this.#blocksAhead = options.takesBlocksAhead === true ? new BlocksAhead(memory, files) : undefined;
  }

  /** Calls of write(2) so far, and the bytes that they took. */
  get counters(): { readonly writes: number; readonly bytes: number } {
    return { writes: this.#writes, bytes: this.#bytes };
  }

  /** The error of the last write that failed. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /**
   * Writes everything that is appended. Blocks while another thread writes, and while the kernel takes the bytes.
   *
   * @throws {LockHolderLostError} when the write lock's holder did not come back
   */
  write(): WriteOutcomeValue {
    const memory = this.#memory;
    if (memory.appended.load() === memory.written.load()) return this.#idleOutcome();
    const askedMs = this.#options.nowMs();
    memory.writeLock.acquire();
    const waitedMs = this.#options.nowMs() - askedMs;
    const wakesFlush = this.#options.wakesFlush === true;
    memory.writtenBell.willRing();
    let outcome: WriteOutcomeValue = WriteOutcome.Written;
    try {
      outcome = this.#writeAppended();
    } finally {
      memory.writeLock.release();
      memory.writtenBell.ringAsSaid();
    }
    if (waitedMs > this.#options.slowWriteMs) this.#options.onSlow(waitedMs, 0, "write lock");
    if (wakesFlush && outcome === WriteOutcome.Written) memory.askSync();
    return outcome;
  }

  #idleOutcome(): WriteOutcomeValue {
    return this.#memory.status === LogStatus.ReadOnly ? WriteOutcome.Failed : WriteOutcome.Written;
  }

  #writeAppended(): WriteOutcomeValue {
    const memory = this.#memory;
    const from = memory.written.load();
    const to = memory.appended.load();
    // A device that failed is not asked again: a write that succeeds now would be acknowledged by a process that is about to end.
    if (to === from || memory.status === LogStatus.ReadOnly) return this.#idleOutcome();
    const began = this.#options.nowMs();
    memory.busySince.store(Math.floor(began));
    try {
      this.#writeRange(from, to);
      this.#blocksAhead?.takeAfter(from, to);
    } catch (error) {
      return this.#refuse(error);
    } finally {
      memory.busySince.store(0);
    }
    memory.written.store(to);
    this.#bytes += to - from;
    const elapsedMs = this.#options.nowMs() - began;
    if (elapsedMs > this.#options.slowWriteMs) this.#options.onSlow(elapsedMs, to - from, "write");
    if (elapsedMs > this.#options.busyWriteMs) memory.exchangeStatus(LogStatus.Open, LogStatus.Busy);
    return WriteOutcome.Written;
  }

  #writeRange(from: number, to: number): void {
    const { ring, ringBytes } = this.#memory;
    let position = from;
    while (position < to) {
      const index = position % ringBytes;
      const bytes = Math.min(to - position, ringBytes - index);
      this.#files.write(ring, index, bytes, position);
      this.#writes++;
      position += bytes;
    }
  }

  #refuse(error: unknown): WriteOutcomeValue {
    this.#lastError = error;
    if (!(error instanceof DiskError) || error.code !== "NO_SPACE") {
      this.#memory.setStatus(LogStatus.ReadOnly);
      return WriteOutcome.Failed;
    }
    this.#memory.setStatus(LogStatus.DiskFull);
    if (this.#options.keepsRefused === true) return WriteOutcome.Kept;
    this.#clearHead();
    this.#takeBack();
    return WriteOutcome.Refused;
  }

  /** A part of what is refused may be in the file already: without its head no start takes it for a record. */
  #clearHead(): void {
    const position = this.#memory.written.load();
    const left = this.#files.startOf(position) + this.#files.fileBytes - position;
    try {
      this.#files.write(NO_HEAD, 0, Math.min(NO_HEAD.length, left), position);
    } catch (error) {
      // Where nothing can be written, nothing was.
      if (!(error instanceof DiskError)) throw error;
    }
  }

  /** Under the write lock: takes the append lock too and undoes what the kernel did not take. */
  #takeBack(): void {
    const memory = this.#memory;
    memory.appendLock.acquire();
    try {
      memory.takeAppend(0);
      const written = memory.written.load();
      const appended = memory.appended.load();
      this.#restoreOffsets(written, appended);
      // The floor first: a reader that sees the new epoch must see the new floor too, or it takes bytes that lie where refused ones were.
      memory.ringFloor.store(written);
      memory.raiseEpoch();
      memory.appended.store(written);
      memory.reserved.store(written);
    } finally {
      memory.appendLock.release();
    }
  }

  #restoreOffsets(from: number, to: number): void {
    const { ring, ringView, ringBytes } = this.#memory;
    let position = from;
    while (position < to) {
      const index = position % ringBytes;
      const bytes = ringView.getInt32(index);
      const magic = ringView.getInt32(index + 4);
      if (bytes <= 0) throw new Error(`Cannot take back records: no record at position ${position}`);
      if (magic !== BLANK_MAGIC) this.#restoreOne(ring, ringView, index, magic);
      position += bytes;
    }
  }

  #restoreOne(ring: Uint8Array, view: DataView, index: number, magic: number): void {
    const queueId = view.getInt32(index + 12);
    const queueOffset = view.getUint32(index + 20) * 0x1_0000_0000 + view.getUint32(index + 24);
    const sysFlag = view.getInt32(index + 36);
    // Source: apache/rocketmq common MessageSysFlag; prepared (4) and rollback (8) records take no queue offset.
    const type = sysFlag & 0xc;
    if (type === 0x4 || type === 0xc) return;
    const bornHostBytes = (sysFlag & 0x10) === 0 ? 8 : 20;
    const storeHostBytes = (sysFlag & 0x20) === 0 ? 8 : 20;
    let at = index + 48 + bornHostBytes + 8 + storeHostBytes + 4 + 8;
    at += 4 + view.getInt32(at);
    const wide = magic === (0xdaa320ab | 0);
    const topicBytes = wide ? view.getInt16(at) : view.getUint8(at);
    at += wide ? 2 : 1;
    this.#restorer.restore(ring.subarray(at, at + topicBytes), queueId, queueOffset);
  }
}
