/**
 * Takes blocks of the device ahead of what is written, where acknowledgements wait for the device.
 *
 * A commit-log file is sparse, so a sync has to bring the blocks that it takes for the first time into the file system's journal as well, and waits for the
 * device once more for that. Zeros behind the end of the log, written together with the records that reach past the last ones, make that one sync of
 * many: the rest writes records over blocks that are there. Nobody can tell the zeros from the hole that was there before.
 *
 * Owns: the `zeroed` cursor, under the write lock. Reads: nothing. Never: writes where a record is, or past the end of a file.
 */
import { DiskError } from "./file/disk.ts";
import type { SegmentSet } from "./file/segment_set.ts";
import type { LogMemory } from "./memory/log_memory.ts";

/** Zeros of one write: room for two hundred messages of 1 KiB, and a third of a millisecond of the device. */
export const AHEAD_BYTES = 256 * 1024;

/** Writes above this leave it: their syncs are so large that the journal is the smaller part. */
export const AHEAD_WRITE_BYTES_MAX = 64 * 1024;

const PAGE_BYTES = 4096;
const ZEROS = new Uint8Array(AHEAD_BYTES + PAGE_BYTES);

/** Blocks behind the end of one log. One for each thread that writes. */
export class BlocksAhead {
  readonly #memory: LogMemory;
  readonly #files: SegmentSet;

  /**
   * @param memory the log
   * @param files the commit-log files, opened for writing
   */
  constructor(memory: LogMemory, files: SegmentSet) {
    this.#memory = memory;
    this.#files = files;
  }

  /**
   * Under the write lock, when records were written: takes more blocks when they reached past the last ones. A full disk is no error, because the records are
   * in the file; they go on without.
   *
   * @throws {DiskError} when the device fails
   */
  takeAfter(from: number, to: number): void {
    const { zeroed } = this.#memory;
    if (to - from > AHEAD_WRITE_BYTES_MAX || to <= zeroed.load()) return;
    // Records that end with their file leave nothing to take: the next file is not made by this.
    if (to % this.#files.fileBytes === 0) return;
    const fileEnd = this.#files.startOf(to) + this.#files.fileBytes;
    const end = Math.min(Math.ceil((to + AHEAD_BYTES) / PAGE_BYTES) * PAGE_BYTES, fileEnd);
    zeroed.store(end);
    try {
      this.#files.write(ZEROS, 0, end - to, to);
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== "NO_SPACE") throw error;
    }
  }
}
