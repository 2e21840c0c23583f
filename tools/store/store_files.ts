/**
 * A store directory, opened to look at.
 *
 * Owns: the sizes of its files, found from the files themselves where nothing is said.
 * Reads: names and sizes.
 * Never: writes.
 */
import { QUEUE_FILE_BYTES, queueFileBytes } from "../../store/consume_queue.ts";
import type { Disk } from "../../store/file/disk.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { parseSegmentName } from "../../store/file/segment_file.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import { INDEX_SHAPE, indexFileBytes, type IndexShape } from "../../store/index_file.ts";
import { type StorePaths, storePaths } from "../../store/store_paths.ts";

const LOG_FILE_BYTES = 1_073_741_824;

/** Where a tool writes: lines of its answer, and what it is doing. */
export interface Output {
  /** A line of the answer. */
  line(text: string): void;
  /** How much of a step is done, to be overwritten by the next. */
  progress(step: string, done: number, total: number): void;
}

/** What was said about a store, all optional. */
export interface StoreOptions {
  /** Size of a log file in bytes. */
  readonly logFileBytes?: number;
  /** Size of a queue file in bytes. */
  readonly queueFileBytes?: number;
  /** Slots of an index file. */
  readonly indexSlots?: number;
  /** Entries of an index file. */
  readonly indexEntries?: number;
}

/** A store that is looked at. */
export interface OpenStore {
  readonly disk: Disk;
  readonly paths: StorePaths;
  readonly handles: HandleCache;
  readonly log: SegmentSet;
  readonly logFileBytes: number;
  readonly queueFileBytes: number;
  /** Undefined when the sizes of the index files do not say how many slots they have and nobody else does. */
  readonly indexShape: IndexShape | undefined;
}

/** A queue's directory. */
export interface QueueName {
  readonly topic: string;
  readonly queueId: number;
}

/**
 * Opens a store to read.
 *
 * @throws {StoreError} when files are not what they must be
 * @throws {DiskError} when the disk refuses
 */
export function openStore(disk: Disk, root: string, options: StoreOptions = {}): OpenStore {
  const paths = storePaths(root);
  const handles = new HandleCache({ disk, mode: "read" });
  const logFileBytes = options.logFileBytes ?? sizeOfFirst(disk, paths.commitLog) ?? LOG_FILE_BYTES;
  const queues = queueNames(disk, paths.consumeQueue);
  const firstQueue = queues[0];
  const found = firstQueue === undefined
    ? undefined
    : sizeOfFirst(disk, `${paths.consumeQueue}/${firstQueue.topic}/${firstQueue.queueId}`);
  return {
    disk,
    paths,
    handles,
    log: SegmentSet.open({ directory: paths.commitLog, fileBytes: logFileBytes, handles }),
    logFileBytes,
    queueFileBytes: queueFileBytes(options.queueFileBytes ?? found ?? QUEUE_FILE_BYTES),
    indexShape: indexShapeOf(disk, paths.index, options),
  };
}

/** Every queue of a store. */
export function queueNames(disk: Disk, root: string): QueueName[] {
  const names: QueueName[] = [];
  if (!disk.exists(root)) return names;
  for (const topic of disk.list(root)) {
    if (disk.stat(`${root}/${topic}`)?.isDirectory !== true) continue;
    for (const name of disk.list(`${root}/${topic}`)) {
      if (/^\d{1,10}$/.test(name)) names.push({ topic, queueId: Number(name) });
    }
  }
  return names;
}

function indexShapeOf(disk: Disk, directory: string, options: StoreOptions): IndexShape | undefined {
  const slots = options.indexSlots;
  const entries = options.indexEntries;
  if (slots !== undefined && entries !== undefined) return { slots, entries };
  const bytes = sizeOfFirst(disk, directory);
  return bytes === undefined || bytes === indexFileBytes(INDEX_SHAPE) ? INDEX_SHAPE : undefined;
}

function sizeOfFirst(disk: Disk, directory: string): number | undefined {
  if (!disk.exists(directory)) return undefined;
  const name = disk.list(directory).find((one) => parseSegmentName(one) !== undefined || /^\d{17}$/.test(one));
  const bytes = name === undefined ? undefined : disk.stat(`${directory}/${name}`)?.bytes;
  return bytes === 0 ? undefined : bytes;
}
