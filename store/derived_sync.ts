/**
 * Brings queues and indexes to the device. For FlushConsumeQueueService, and for a start after which nobody knows what is dirty.
 *
 * Owns: nothing.
 * Reads: what the dispatcher says it has written.
 * Never: takes a file for synced that is gone; retention or a deleted topic may have removed it meanwhile, and then nobody needs it.
 */
import type { DirtyFiles } from "./dispatch.ts";
import { type Disk, DiskError } from "./file/disk.ts";

/**
 * Syncs files and the directories that got a file. Blocks.
 *
 * @returns how many files were synced
 * @throws {DiskError} when the device fails; nothing of it may then be promised
 */
export function syncDerived(disk: Disk, dirty: Pick<DirtyFiles, "paths" | "directories">): number {
  let synced = 0;
  for (const path of dirty.paths) if (syncFile(disk, path)) synced += 1;
  for (const directory of dirty.directories) if (disk.exists(directory)) disk.syncDirectory(directory);
  return synced;
}

/** Where queues and indexes are. */
export interface DerivedPaths {
  /** Directory of all queues. */
  readonly consumeQueue: string;
  /** Directory of the index files. */
  readonly index: string;
}

/**
 * Syncs the last files of every queue and the last index files, because whoever wrote them is gone without saying what was dirty. After
 * that, all that was dispatched is on the device. Blocks; a file that is clean costs microseconds.
 *
 * @param filesMax how many of the last files of each queue
 * @returns how many files were synced
 * @throws {DiskError} when the device fails
 */
export function syncAllDerived(disk: Disk, where: DerivedPaths, filesMax = 3): number {
  const paths: string[] = [];
  const directories: string[] = [];
  const addLast = (directory: string): void => {
    const names = disk.list(directory).filter((name) => /^\d+$/.test(name));
    for (const name of names.slice(-filesMax)) paths.push(`${directory}/${name}`);
    directories.push(directory);
  };
  if (disk.exists(where.index)) addLast(where.index);
  if (disk.exists(where.consumeQueue)) {
    directories.push(where.consumeQueue);
    for (const topic of disk.list(where.consumeQueue)) {
      const topicDirectory = `${where.consumeQueue}/${topic}`;
      if (disk.stat(topicDirectory)?.isDirectory !== true) continue;
      directories.push(topicDirectory);
      for (const queueId of disk.list(topicDirectory)) {
        if (/^\d{1,10}$/.test(queueId)) addLast(`${topicDirectory}/${queueId}`);
      }
    }
  }
  return syncDerived(disk, { paths, directories });
}

function syncFile(disk: Disk, path: string): boolean {
  try {
    const file = disk.open(path, "write");
    try {
      file.syncData();
    } finally {
      file.close();
    }
    return true;
  } catch (error) {
    if (error instanceof DiskError && error.code === "NOT_FOUND") return false;
    throw error;
  }
}
