/**
 * Cuts a log whose tail is not the master's.
 *
 * Owns: the order of the steps. Reads: what is on the device. Never: cuts queues or indexes, which are derived: the recovery that follows does it, as after a torn tail.
 *
 * Each step leaves a store that the next start can put right, whether or not it cuts again: first the store is marked as not closed, then offsets of delays and timers go back as far, then nothing above the cut is promised any
 * more, then the log ends there, at last its epochs do. A log that lost its tail and not yet its epochs has epochs behind its end, and the next handshake or mastership forgets those.
 *
 * Source: apache/rocketmq store DefaultMessageStore.truncateFiles, ha/autoswitch/AutoSwitchHAClient.doTruncate
 */
import { markOpen } from "./abort_file.ts";
import { readCheckpointBytes } from "./checkpoint.ts";
import { DurablePositionFile } from "./durable_position.ts";
import { EpochFile } from "./epoch_table.ts";
import { StoreError } from "./errors.ts";
import { SegmentSet } from "./file/segment_set.ts";
import { cutOffsets, type TruncatedOffsetsOptions } from "./truncated_offsets.ts";

/** What is cut. */
export interface TruncationOptions extends TruncatedOffsetsOptions {
  /** Size of a file of the commit log in bytes. */
  readonly logFileBytes: number;
  /** Number of this process, for the abort mark. */
  readonly processId: number;
}

/**
 * Ends the log at a position, while nobody else has the store open; recovery must follow.
 *
 * @param position where a record begins, or the end of the log; below the first position nothing of the log is left
 * @throws {StoreError} `POSITION_RANGE` when the log does not reach so far
 * @throws {DiskError} when the disk refuses
 */
export function truncateLog(options: TruncationOptions, position: number): void {
  const { disk, paths, handles } = options;
  const log = SegmentSet.open({ directory: paths.commitLog, fileBytes: options.logFileBytes, handles });
  if (!Number.isSafeInteger(position) || position < 0 || position > log.end) {
    throw new StoreError("POSITION_RANGE", `Cannot cut the log at ${position}: its files end at ${log.end}`, {
      path: paths.commitLog,
      position,
    });
  }
  const readLog = (at: number, into: Uint8Array, length: number): number => log.read(into, 0, length, at);
  markOpen(disk, paths.abort, options.processId);
  cutOffsets(options, position);
  const durable = new DurablePositionFile(disk, paths.durablePosition);
  const kept = Math.max(position, log.first);
  const flushed = durable.read(readCheckpointBytes(disk, paths.checkpoint), readLog)?.flushed ?? log.first;
  // What is kept becomes the promise, so it has to be on the device.
  if (flushed < kept) log.syncRange(Math.max(flushed, log.first), kept);
  durable.lower(kept, log.first, readLog);
  log.truncateAfter(position);
  const epochs = EpochFile.open(disk, paths.epochs);
  epochs.replace(epochs.table.cutAt(position));
}
