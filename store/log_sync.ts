/**
 * Brings the commit log to the device, in whichever thread needs it there: FlushCommitLogService, or a gateway whose clients wait.
 *
 * Owns: the flushed cursor, under the sync lock. Reads: the written cursor. Never: writes, or syncs again after a sync that failed, because the next call
 * would report success for pages that are lost: the log is latched read-only, and the process must end.
 */
import type { SegmentSet } from "./file/segment_set.ts";
import type { Doorbell } from "./memory/doorbell.ts";
import { type LogMemory, LogStatus } from "./memory/log_memory.ts";

/** The device did not take the log. */
export class LogSyncError extends Error {
  override readonly name = "LogSyncError";
  /** Closed code of this error. */
  readonly code = "LOG_SYNC_FAILED";
}

/** Syncs one log. One for each thread that does. */
export class LogSync {
  readonly #memory: LogMemory;
  readonly #files: SegmentSet;
  readonly #bells: readonly Doorbell[];

  /**
   * @param memory the log
   * @param files the commit-log files of this thread
   * @param bells of the threads whose acknowledgements wait for the device, without this thread's own
   */
  constructor(memory: LogMemory, files: SegmentSet, bells: readonly Doorbell[]) {
    this.#memory = memory;
    this.#files = files;
    this.#bells = bells;
  }

  /** Bytes that are written and not on the device; 0 when the device failed. */
  get behindBytes(): number {
    const { flushed, written, status } = this.#memory;
    return status === LogStatus.ReadOnly ? 0 : Math.max(0, written.load() - flushed.load());
  }

  /**
   * Syncs everything that is written now. Blocks for the device, and for another thread that syncs.
   *
   * @returns bytes that came to the device by this call
   * @throws {LogSyncError} when the device did not take them
   * @throws {LockHolderLostError} when another thread does not come back from its sync
   */
  sync(): number {
    if (this.behindBytes === 0) return 0;
    this.#memory.syncLock.acquire();
    return this.#syncUnderLock();
  }

  /**
   * As {@link sync}, when no other thread syncs.
   *
   * @returns bytes, or undefined when another thread syncs
   */
  trySync(): number | undefined {
    return this.#memory.syncLock.tryAcquire() ? this.#syncUnderLock() : undefined;
  }

  #syncUnderLock(): number {
    const memory = this.#memory;
    try {
      const to = memory.written.load();
      const from = this.#beginning(to);
      if (to <= from || memory.status === LogStatus.ReadOnly) return 0;
      try {
        this.#files.syncRange(from, to);
      } catch (cause) {
        memory.setStatus(LogStatus.ReadOnly);
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new LogSyncError(`Cannot sync the commit log from ${from} to ${to}: ${why}`, { cause });
      }
      for (const bell of this.#bells) bell.willRing();
      memory.flushed.store(to);
      for (const bell of this.#bells) bell.ringAsSaid();
      return to - from;
    } finally {
      memory.syncLock.release();
    }
  }

  /** Where the next sync begins. The empty log of a slave may begin above 0 all at once: there is nothing to sync below. */
  #beginning(written: number): number {
    const { flushed, logStart } = this.#memory;
    const position = flushed.load();
    const start = logStart.load();
    if (position >= start || written < start) return position;
    flushed.store(start);
    return start;
  }
}
