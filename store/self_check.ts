/**
 * Looks at the files of a running store: are they of their size, and does each follow the one before.
 *
 * Owns: nothing.
 * Reads: names and sizes, not contents.
 * Never: stops at the first finding, and never takes a file that is being made for a wrong one: the last one may be empty.
 * Source: apache/rocketmq store MappedFileQueue checkSelf, ConsumeQueueStore checkSelf
 */
import { StoreError } from "./errors.ts";
import type { Disk } from "./file/disk.ts";
import { loadSegments } from "./file/segment_file.ts";
import type { StorePaths } from "./store_paths.ts";

/** Interval between two looks, ms. Source: apache/rocketmq store DefaultMessageStore addScheduleTask */
export const SELF_CHECK_INTERVAL_MS = 600_000;

/** What is looked at. */
export interface SelfCheckOptions {
  /** Where the files are. */
  readonly disk: Disk;
  /** Their paths. */
  readonly paths: StorePaths;
  /** Size of a file of the commit log in bytes. */
  readonly logFileBytes: number;
  /** Size of a file of a queue in bytes. */
  readonly queueFileBytes: number;
}

/**
 * Looks at the log, then at one queue for each step of the iteration.
 *
 * @returns what is wrong, a text for each finding; undefined for each queue that is right
 * @throws {DiskError} when the disk refuses
 */
export function* checkSelf(options: SelfCheckOptions): Generator<string | undefined> {
  const { disk, paths, logFileBytes, queueFileBytes } = options;
  yield findingOf(disk, paths.commitLog, logFileBytes);
  if (!disk.exists(paths.consumeQueue)) return;
  for (const topic of disk.list(paths.consumeQueue)) {
    const directory = `${paths.consumeQueue}/${topic}`;
    if (disk.stat(directory)?.isDirectory !== true) continue;
    for (const queueId of disk.list(directory)) {
      if (/^\d{1,10}$/.test(queueId)) yield findingOf(disk, `${directory}/${queueId}`, queueFileBytes);
    }
  }
}

function findingOf(disk: Disk, directory: string, fileBytes: number): string | undefined {
  if (!disk.exists(directory)) return undefined;
  try {
    loadSegments(disk, directory, fileBytes);
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return error.message;
    throw error;
  }
}
