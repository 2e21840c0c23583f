/**
 * Removes files of the store whose records nobody can read any more.
 *
 * Owns: nothing.
 * Reads: times of the log's files, the last unit of a queue's files, headers of index files.
 * Never: decides when; `retention.ts` does. Never removes the last file of a queue or the last index file.
 *
 * Order: the first position of the log moves, so that nobody asks for what goes; then the log file; then queues and indexes. What is derived may
 * outlive its record for a while, since readers ask for the min offset.
 * Source: apache/rocketmq store MappedFileQueue deleteExpiredFileByOffset, IndexService deleteExpiredFile
 */
import { isUnit, queueDirectory, UNIT_BYTES, unitPosition } from "./consume_queue.ts";
import { firstOffsetFrom } from "./consume_queue_bounds.ts";
import { ConsumeQueueReader } from "./consume_queue_reader.ts";
import type { Disk } from "./file/disk.ts";
import type { HandleCache } from "./file/handle_cache.ts";
import { type SegmentFile, segmentPath } from "./file/segment_file.ts";
import type { SegmentSet } from "./file/segment_set.ts";
import type { QueueTail } from "./queue_table.ts";
import type { IndexShape } from "./index_file.ts";
import { listIndexFiles } from "./index_file_set.ts";
import { isExpired, type RetentionRule } from "./retention.ts";

/** Which files of the log may go. */
export interface LogRetention {
  /** What the configuration says. */
  readonly rule: RetentionRule;
  /** Files go although they are not old. */
  readonly isForced: boolean;
  /** Wall clock in ms. */
  readonly nowMs: number;
  /** End of the log; the file that holds it stays. */
  readonly logEnd: number;
}

/**
 * The first file of the log when it may go.
 *
 * @returns undefined when it holds the end of the log or the file before it, or is not old enough
 * @throws {DiskError} when the disk refuses
 */
export function firstLogFileToRemove(log: SegmentSet, disk: Disk, retention: LogRetention): SegmentFile | undefined {
  const first = log.segments[0];
  if (first === undefined || first.start + log.fileBytes > log.startOf(retention.logEnd)) return undefined;
  const stat = disk.stat(first.path);
  if (stat !== undefined && !retention.isForced && !isExpired(retention.rule, stat.modifiedMs, retention.nowMs)) {
    return undefined;
  }
  return first;
}

/** A queue whose files may go. */
export interface QueueRetention {
  /** Directory of all queues. */
  readonly root: string;
  /** Size of a queue's file in bytes. */
  readonly fileBytes: number;
  /** Open files of this thread. */
  readonly handles: HandleCache;
  /** Topic of the queue. */
  readonly topic: string;
  /** Number of the queue. */
  readonly queueId: number;
  /** Its tail. */
  readonly tail?: QueueTail;
  /** Smallest offset so far. */
  readonly minOffset: number;
  /** Offset behind the last unit. */
  readonly maxOffset: number;
}

/** What became of a queue. */
export interface QueueRemoval {
  /** The smallest offset whose record is in the log, the max offset when there is none. */
  readonly minOffset: number;
  /** Files removed. */
  readonly files: number;
}

/**
 * Removes the files of a queue whose records are all before a position, and finds the new smallest offset.
 *
 * @param logMin first position of the log
 * @throws {DiskError} when the disk refuses
 */
export function removeQueueFiles(queue: QueueRetention, logMin: number): QueueRemoval {
  const reader = new ConsumeQueueReader(queue);
  const directory = queueDirectory(queue.root, queue.topic, queue.queueId);
  const fileUnits = queue.fileBytes / UNIT_BYTES;
  const starts = reader.starts();
  let first = (starts[0] ?? 0) / UNIT_BYTES;
  let files = 0;
  const unit = new Uint8Array(UNIT_BYTES);
  const view = new DataView(unit.buffer);
  // Units that are shared only do not count: their files are written to yet, and the last file on the disk stays.
  const writtenEnd = Math.min(queue.maxOffset, writtenOffsetOf(queue));
  while (first + fileUnits < writtenEnd) {
    if (reader.readUnits(first + fileUnits - 1, 1, unit, 0) === 0) break;
    if (!isUnit(view, 0) || unitPosition(view, 0) >= logMin) break;
    const path = segmentPath(directory, first * UNIT_BYTES);
    queue.handles.forget(path);
    queue.handles.disk.remove(path);
    first += fileUnits;
    files += 1;
  }
  if (files > 0) queue.handles.disk.syncDirectory(directory);
  const minOffset = firstOffsetFrom(reader, Math.max(first, queue.minOffset), queue.maxOffset, logMin);
  return { minOffset, files };
}

function writtenOffsetOf({ tail, maxOffset }: QueueRetention): number {
  const slot = tail?.slot() ?? -1;
  return slot < 0 ? maxOffset : tail!.table.writtenOffset(slot);
}

/**
 * Removes the index files whose records are all before a position.
 *
 * @returns how many were removed
 * @throws {DiskError} when the disk refuses
 */
export function removeIndexFiles(disk: Disk, directory: string, shape: IndexShape, logMin: number): number {
  const files = listIndexFiles(disk, directory, shape);
  let removed = 0;
  for (const file of files.slice(0, -1)) {
    if (file.header.endPosition >= logMin) break;
    disk.remove(file.path);
    removed += 1;
  }
  if (removed > 0) disk.syncDirectory(directory);
  return removed;
}
