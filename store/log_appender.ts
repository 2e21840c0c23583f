// hot
/**
 * The appender: places records into the log ring under the append lock.
 *
 * A batch is `begin()`, then for each record `place(bytes)`, writing the record at the index that came back, and `advance(bytes)` when it is
 * whole, then `end()`, which publishes all of them at once. Room is reserved in steps, so the 64-bit cursors are paid once a batch.
 *
 * A record lies in one file: when it does not fit, the rest of the file becomes a blank record (remaining bytes, blank magic, zeros) and the
 * record opens the next file. Source: apache/rocketmq store CommitLog.DefaultAppendMessageCallback.doAppend
 *
 * This module never calls the kernel: {@link LogWriter} does.
 */
import { type LogMemory, LogStatus } from "./memory/log_memory.ts";

/** Magic of the record that fills a file. Source: apache/rocketmq store CommitLog.BLANK_MAGIC_CODE */
export const BLANK_MAGIC = 0xcbd43194 | 0;

/** Bytes kept free behind each record, so that a blank record always fits. Source: apache/rocketmq store CommitLog.END_FILE_MIN_BLANK_LENGTH */
export const BLANK_RECORD_BYTES = 8;

/** Room is reserved in steps of this many bytes, or of one record when that is larger. */
const RESERVE_STEP_BYTES = 64 * 1024;

/** What `place()` returns when it does not return an index. */
export const PlaceRefusal = {
  /** The ring is full up to what the kernel took: write, and try again. */
  NoRoom: -1,
  /** The record is larger than a file or than the ring's margin can take. */
  TooLarge: -2,
} as const;

/** Who is told when the append lock was long in coming. */
export interface LockWatch {
  /** Milliseconds of a clock that only rises. */
  readonly nowMs: () => number;
  /** Waits above this are told. Milliseconds. */
  readonly slowMs: number;
  readonly onSlow: (elapsedMs: number) => void;
}

/** How a {@link LogAppender} works. */
export interface LogAppenderOptions {
  /** Bytes of one commit-log file. */
  readonly fileBytes: number;
  /** Bytes that may be appended and not written; the whole ring when left out. */
  readonly aheadBytesMax?: number;
  /** Told of long waits for the lock; nobody when left out. */
  readonly lockWatch?: LockWatch;
}

/** Places records into a log ring. One for each thread that appends. */
export class LogAppender {
  readonly #memory: LogMemory;
  readonly #ring: Uint8Array;
  readonly #ringBytes: number;
  readonly #fileBytes: number;
  readonly #aheadBytesMax: number;
  readonly #lockWatch: LockWatch | undefined;
  readonly #appendBytesMax: number;
  readonly #id: number;
  #position = 0;
  #index = 0;
  #fileEnd = 0;
  #reserved = 0;
  #limit = 0;
  #holding = false;
  #stampedMs = NaN;

  /**
   * @param memory the log
   * @param options sizes, and who is told of long waits
   */
  constructor(memory: LogMemory, options: LogAppenderOptions) {
    this.#memory = memory;
    this.#id = memory.newAppender();
    this.#ring = memory.ring;
    this.#ringBytes = memory.ringBytes;
    this.#fileBytes = options.fileBytes;
    this.#lockWatch = options.lockWatch;
    this.#aheadBytesMax = Math.min(memory.ringBytes, options.aheadBytesMax ?? memory.ringBytes);
    this.#appendBytesMax = Math.min(memory.ring.length - memory.ringBytes, options.fileBytes - BLANK_RECORD_BYTES);
  }

  /** Physical offset of the record that is placed next, or was placed last and not yet advanced over. */
  get position(): number {
    return this.#position;
  }

  /** Largest record, or batch placed as one, in bytes. */
  get appendBytesMax(): number {
    return this.#appendBytesMax;
  }

  /**
   * Takes the append lock and reads the cursors, unless they stand where this appender left them; what is written can only have risen.
   *
   * @returns false when the log takes nothing now; the lock is free then
   * @throws {LockHolderLostError} when the lock's holder did not come back
   */
  begin(): boolean {
    const memory = this.#memory;
    if (memory.status !== LogStatus.Open) return false;
    if (!memory.appendLock.tryAcquire()) this.#wait();
    this.#holding = true;
    if (memory.status !== LogStatus.Open) {
      this.#release();
      return false;
    }
    if (memory.takeAppend(this.#id)) return true;
    this.#position = memory.appended.load();
    this.#index = this.#position % this.#ringBytes;
    this.#fileEnd = (Math.floor(this.#position / this.#fileBytes) + 1) * this.#fileBytes;
    this.#reserved = memory.reserved.load();
    this.#limit = memory.written.load() + this.#aheadBytesMax;
    this.#stampedMs = NaN;
    return true;
  }

  /**
   * Finds the place of the next record, filling the file with a blank record when it does not fit.
   *
   * @param bytes of the record, or of a batch that must lie in one file
   * @returns index into the ring where to write it, or one of {@link PlaceRefusal}
   */
  place(bytes: number): number {
    if (bytes > this.#appendBytesMax) return PlaceRefusal.TooLarge;
    const left = this.#fileEnd - this.#position;
    if (bytes + BLANK_RECORD_BYTES > left) {
      if (!this.#reserve(left + bytes)) return PlaceRefusal.NoRoom;
      this.#fillFile(left);
    } else if (this.#position + bytes > this.#reserved && !this.#reserve(bytes)) {
      return PlaceRefusal.NoRoom;
    }
    return this.#index;
  }

  /**
   * Counts `bytes` at the place as a whole record.
   *
   * @param bytes not more than was placed
   */
  advance(bytes: number): void {
    this.#position += bytes;
    this.#index += bytes;
    if (this.#index >= this.#ringBytes) this.#wrap();
  }

  /** Publishes what was appended and gives the lock back. */
  end(storeTimestampMs: number): void {
    if (storeTimestampMs !== this.#stampedMs) {
      this.#memory.storeTimestamp.store(storeTimestampMs);
      this.#stampedMs = storeTimestampMs;
    }
    this.#memory.appended.store(this.#position);
    this.#release();
  }

  /** Gives the lock back and publishes nothing: what was placed since `begin()` never was. */
  abandon(): void {
    if (!this.#holding) return;
    this.#memory.takeAppend(0);
    this.#release();
  }

  /** Another thread has the lock. */
  #wait(): void {
    const watch = this.#lockWatch;
    const beganMs = watch?.nowMs() ?? 0;
    this.#memory.appendLock.acquire();
    if (watch === undefined) return;
    const elapsedMs = watch.nowMs() - beganMs;
    if (elapsedMs > watch.slowMs) watch.onSlow(elapsedMs);
  }

  #release(): void {
    this.#holding = false;
    this.#memory.appendLock.release();
  }

  #reserve(bytes: number): boolean {
    const need = this.#position + bytes;
    if (need > this.#limit) {
      this.#limit = this.#memory.written.load() + this.#aheadBytesMax;
      if (need > this.#limit) return false;
    }
    if (need <= this.#reserved) return true;
    const upTo = Math.min(Math.max(need, this.#position + RESERVE_STEP_BYTES), this.#limit);
    this.#memory.reserved.store(upTo);
    this.#reserved = upTo;
    return true;
  }

  #fillFile(left: number): void {
    const view = this.#memory.ringView;
    const first = Math.min(left, this.#ring.length - this.#index);
    this.#ring.fill(0, this.#index, this.#index + first);
    view.setInt32(this.#index, left);
    view.setInt32(this.#index + 4, BLANK_MAGIC);
    if (this.#index + left > this.#ringBytes) {
      const over = this.#index + left - this.#ringBytes;
      this.#ring.fill(0, 0, over);
      this.#ring.copyWithin(0, this.#ringBytes, this.#ringBytes + Math.min(over, BLANK_RECORD_BYTES));
    }
    this.#position += left;
    this.#index = (this.#index + left) % this.#ringBytes;
    this.#fileEnd += this.#fileBytes;
  }

  #wrap(): void {
    this.#ring.copyWithin(0, this.#ringBytes, this.#index);
    this.#index -= this.#ringBytes;
  }
}
