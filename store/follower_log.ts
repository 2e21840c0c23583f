/**
 * The commit log of a slave: takes bytes as its master has them, at the master's positions.
 *
 * It appends whole records only. What is not whole yet waits here, so that readers, dispatch, a stop and recovery of a slave never see the half of a record; what the slave
 * confirms is what is appended. It goes the way of every append: into the ring under the append lock, then one write for all of it.
 *
 * It never looks further into a record than its length and magic. One slave has one of these, and nobody else appends.
 */
import { BLANK_MAGIC, BLANK_RECORD_BYTES } from "./log_appender.ts";
import { StoreError } from "./errors.ts";
import { type LogWriter, WriteOutcome, type WriteOutcomeValue } from "./log_writer.ts";
import type { LogMemory } from "./memory/log_memory.ts";
import { copyWords } from "./memory/word_copy.ts";

/** Bytes of a record's length and magic. */
const HEAD_BYTES = 8;

/** Magics of records. Source: apache/rocketmq common MessageDecoder.MESSAGE_MAGIC_CODE, MESSAGE_MAGIC_CODE_V2 */
const RECORD_MAGICS: readonly number[] = [0xdaa320a7 | 0, 0xdaa320ab | 0];

/** Appends are split so that one never takes more than this share of the ring. */
const RING_SHARE = 4;

/** Appends what a master sends. */
export class FollowerLog {
  readonly #memory: LogMemory;
  readonly #writer: LogWriter;
  readonly #fileBytes: number;
  #rest = new Uint8Array(0);
  #restBytes = 0;

  /**
   * @param memory the log
   * @param writer of this thread
   * @param options bytes of a commit-log file
   */
  constructor(memory: LogMemory, writer: LogWriter, options: { readonly fileBytes: number }) {
    this.#memory = memory;
    this.#writer = writer;
    this.#fileBytes = options.fileBytes;
  }

  /** Position behind the last whole record: what this slave has. */
  get end(): number {
    return this.#memory.written.load();
  }

  /** Position of the byte that the master sends next. */
  get received(): number {
    return this.end + this.#restBytes;
  }

  /** Forgets what is not whole: the connection that it came by is gone. */
  dropRest(): void {
    this.#restBytes = 0;
  }

  /**
   * Begins an empty log at a position above 0, as the first transfer says. FlushCommitLogService and ReputMessageService bring their own cursors after it.
   *
   * @throws {StoreError} `POSITION_RANGE` when the log is not empty or the position is no start of a file
   */
  startAt(position: number): void {
    const memory = this.#memory;
    if (this.received !== 0 || position % this.#fileBytes !== 0) {
      throw new StoreError(
        "POSITION_RANGE",
        `Cannot begin the log at ${position}: it ends at ${this.received}, files have ${this.#fileBytes} bytes`,
        { position },
      );
    }
    memory.writeLock.acquire();
    memory.appendLock.acquire();
    memory.writtenBell.willRing();
    try {
      memory.ringFloor.store(position);
      memory.raiseEpoch();
      memory.logStart.store(position);
      memory.takeAppend(0);
      memory.reserved.store(position);
      memory.appended.store(position);
      memory.written.store(position);
    } finally {
      memory.appendLock.release();
      memory.writeLock.release();
      memory.writtenBell.ringAsSaid();
    }
    memory.askSync();
  }

  /**
   * Takes bytes that follow what was received.
   *
   * @param bytes they are copied
   * @returns what became of the whole records among them; everything not whole is kept only when that is `Written`
   * @throws {StoreError} `LOG_DAMAGED` when no record lies where one must
   */
  take(bytes: Uint8Array): WriteOutcomeValue {
    let from = bytes;
    if (this.#restBytes > 0) {
      this.#keep(bytes);
      from = this.#rest.subarray(0, this.#restBytes);
    }
    const taken = this.#append(from);
    if (typeof taken !== "number") {
      this.#restBytes = 0;
      return taken;
    }
    const left = from.subarray(taken);
    if (this.#restBytes > 0) {
      this.#rest.copyWithin(0, taken, this.#restBytes);
      this.#restBytes = left.length;
    } else if (left.length > 0) this.#keep(left);
    return WriteOutcome.Written;
  }

  /** Appends the whole records at the start of some bytes. @returns how many bytes they have, or why they were not written */
  #append(bytes: Uint8Array): number | WriteOutcomeValue {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const limit = this.#memory.ringBytes / RING_SHARE;
    let position = this.#memory.appended.load();
    let start = 0;
    let at = 0;
    while (bytes.length - at >= HEAD_BYTES) {
      const size = this.#sizeOf(view.getInt32(at), view.getInt32(at + 4), position);
      if (at + size > bytes.length) break;
      if (at > start && at + size - start > limit) {
        const outcome = this.#place(bytes.subarray(start, at));
        if (outcome !== WriteOutcome.Written) return outcome;
        start = at;
      }
      at += size;
      position += size;
    }
    const outcome = at > start ? this.#place(bytes.subarray(start, at)) : WriteOutcome.Written;
    return outcome === WriteOutcome.Written ? at : outcome;
  }

  #sizeOf(size: number, magic: number, position: number): number {
    const left = this.#fileBytes - position % this.#fileBytes;
    const isBlank = magic === BLANK_MAGIC && size === left;
    const isRecord = RECORD_MAGICS.includes(magic) && size > HEAD_BYTES && size <= left - BLANK_RECORD_BYTES;
    if ((isBlank || isRecord) && size <= this.#memory.ringBytes) return size;
    throw new StoreError(
      "LOG_DAMAGED",
      `Cannot follow the master: no record at position ${position} (length ${size}, magic 0x${
        (magic >>> 0).toString(16)
      }, ${left} bytes left in the file). Are its commit-log files of ${this.#fileBytes} bytes?`,
      { position },
    );
  }

  #place(records: Uint8Array): WriteOutcomeValue {
    const memory = this.#memory;
    memory.appendLock.acquire();
    try {
      memory.takeAppend(0);
      const position = memory.appended.load();
      memory.reserved.store(position + records.length);
      this.#copy(records, position % memory.ringBytes);
      memory.appended.store(position + records.length);
    } finally {
      memory.appendLock.release();
    }
    return this.#writer.write();
  }

  /** Copies into the ring; what passes its end is in the margin too, where the head of a record is looked for. */
  #copy(records: Uint8Array, index: number): void {
    const { ringView, ringBytes } = this.#memory;
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    copyWords(ringView, index, view, 0, Math.min(records.length, ringView.byteLength - index));
    const over = index + records.length - ringBytes;
    if (over > 0) copyWords(ringView, 0, view, records.length - over, over);
  }

  #keep(bytes: Uint8Array): void {
    const need = this.#restBytes + bytes.length;
    if (need > this.#rest.length) {
      const grown = new Uint8Array(Math.max(need, this.#rest.length * 2));
      grown.set(this.#rest.subarray(0, this.#restBytes));
      this.#rest = grown;
    }
    this.#rest.set(bytes, this.#restBytes);
    this.#restBytes = need;
  }
}
