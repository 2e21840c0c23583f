/**
 * Finds the queues of a store and puts their ends right.
 *
 * Owns: the list of queues while recovery runs.
 * Reads: directories `<topic>/<queueId>` and the units in them.
 * Never: writes a unit; missing ones come from dispatch.
 */
import { isBlankUnit, UNIT_BYTES, unitPosition } from "./consume_queue.ts";
import { findQueueEnd, firstOffsetFrom, type QueueEnd, walkQueueEnd } from "./consume_queue_bounds.ts";
import { CachedUnits } from "./cached_units.ts";
import { ConsumeQueueReader } from "./consume_queue_reader.ts";
import type { DeletedTopics } from "./deleted_topics.ts";
import type { Disk } from "./file/disk.ts";
import type { HandleCache } from "./file/handle_cache.ts";
import { SegmentSet } from "./file/segment_set.ts";
import type { QueueEnds } from "./recovery_table.ts";

/** Files of a queue that are walked when nothing is known. Source: apache/rocketmq store ConsumeQueue recover */
const FILES_WALKED = 3;

/** A queue of the store. */
export interface StoredQueue {
  /** Topic, as its directory is named. */
  readonly topic: string;
  /** Number of the queue. */
  readonly queueId: number;
  /** Its files, opened to write. */
  readonly files: SegmentSet;
  /** Its units. */
  readonly reader: CachedUnits;
  /** Where it ends, as far as is known now. */
  end: QueueEnd;
}

/** Options of {@link listQueues}. */
export interface QueueListOptions {
  /** Directory of all queues. */
  readonly root: string;
  /** Size of a queue's file in bytes. */
  readonly fileBytes: number;
  /** Open files, to write. */
  readonly handles: HandleCache;
}

/**
 * Opens one queue after the other and finds its end as if no queue had a hole. Directories whose name is no number are passed over, as
 * Apache does. What is done with a queue before the next one is asked for finds its files open.
 *
 * @throws {StoreError} when the files of a queue are not what they must be
 * @throws {DiskError} when the disk refuses
 */
export function* eachQueue(options: QueueListOptions): Generator<StoredQueue> {
  const { root, fileBytes, handles } = options;
  const { disk } = handles;
  if (!disk.exists(root)) return;
  for (const topic of disk.list(root)) {
    if (disk.stat(`${root}/${topic}`)?.isDirectory !== true) continue;
    for (const name of disk.list(`${root}/${topic}`)) {
      if (!/^\d{1,10}$/.test(name)) continue;
      const queueId = Number(name);
      const reader = new CachedUnits(new ConsumeQueueReader({ root, topic, queueId, fileBytes, handles }));
      const directory = `${root}/${topic}/${name}`;
      const files = SegmentSet.open({
        directory,
        fileBytes,
        handles,
        removeEmpty: true,
        syncNames: false,
        isAlone: true,
      });
      yield { topic, queueId, files, reader, end: findQueueEnd(reader, startsOf(files)) };
      // Thousands of pages would be more than all else that a start needs.
      reader.drop();
    }
  }
}

/** Where queues of deleted topics are looked for. */
export interface DeletionOptions {
  readonly disk: Disk;
  /** Directory of all queues. */
  readonly root: string;
  readonly logEnd: number;
}

/**
 * Removes a queue if its topic was deleted, where the deletion was remembered but not finished. A queue that was made after the
 * deletion begins with a record behind it and stays.
 *
 * @returns whether it was removed
 * @throws {DiskError} when the disk refuses
 */
export function removeIfDeleted(queue: StoredQueue, deleted: DeletedTopics, where: DeletionOptions): boolean {
  const below = Math.min(deleted.below(queue.topic), where.logEnd);
  if (below === 0 || firstPosition(queue) >= below) return false;
  queue.files.removeAll();
  where.disk.removeTree(queue.files.directory);
  return true;
}

/**
 * Ends the deletion of topics whose queues were looked at: empty directories go, and the device learns of it.
 *
 * @param removed queues that were removed
 * @throws {DiskError} when the disk refuses
 */
export function finishDeletions(deleted: DeletedTopics, { disk, root }: DeletionOptions, removed: number): void {
  for (const topic of deleted.names()) {
    const directory = `${root}/${topic}`;
    if (!disk.exists(directory)) continue;
    if (disk.list(directory).length === 0) disk.remove(directory);
    else disk.syncDirectory(directory);
  }
  // Before the deletion is forgotten, because its records have left the log, the device must know that the queues are gone.
  if (removed > 0) disk.syncDirectory(root);
}

/** Position of the first record of a queue, −1 when its units are none or all blank. */
function firstPosition({ reader, end: { first, max } }: StoredQueue): number {
  const bytes = new Uint8Array(UNIT_BYTES);
  const view = new DataView(bytes.buffer);
  for (let offset = first; offset < max; offset++) {
    if (reader.readUnits(offset, 1, bytes, 0) === 0) break;
    if (!isBlankUnit(view, 0)) return unitPosition(view, 0);
  }
  return -1;
}

/** What the end of a queue is found from. */
export interface QueueTrimOptions {
  /** How. */
  readonly rule: QueueEnds;
  /** Units of records below this position are on the device. */
  readonly derived: number;
  /** End of the log. */
  readonly logEnd: number;
}

/**
 * Finds the end of a queue by the rule and cuts what lies behind it.
 *
 * @throws {DiskError} when the disk refuses
 */
export function trimQueue(queue: StoredQueue, options: QueueTrimOptions): void {
  const starts = startsOf(queue.files);
  if (options.rule === "halving") {
    if (queue.end.maxPhysical <= options.logEnd) return;
    const { first, max } = queue.end;
    queue.end = endAt(queue, first, firstOffsetFrom(queue.reader, first, max, options.logEnd));
  } else {
    const isCut = options.rule === "cut-derived";
    const from = isCut ? derivedOffset(queue, options.derived) : walkedFrom(starts);
    const logEnd = isCut ? Math.min(options.derived, options.logEnd) : options.logEnd;
    queue.end = walkQueueEnd(queue.reader, { from, logEnd, starts });
  }
  if (starts.length > 0) queue.files.truncateAfter(queue.end.max * UNIT_BYTES);
}

/**
 * The smallest offset of a queue whose record is in the log; the end of the queue when there is none.
 *
 * @throws {DiskError} when the disk refuses
 */
export function minOffsetOf(queue: StoredQueue, logMin: number): number {
  const { first, max } = queue.end;
  const bytes = new Uint8Array(UNIT_BYTES);
  const view = new DataView(bytes.buffer);
  if (max > first && queue.reader.readUnits(first, 1, bytes, 0) === 1) {
    if (!isBlankUnit(view, 0) && unitPosition(view, 0) >= logMin) return first;
  }
  return firstOffsetFrom(queue.reader, first, max, logMin);
}

/**
 * The first unit whose record is at or behind the derived position. Below it there is no hole, so the end that was found as if there were none lies at or behind
 * it: where the last unit before that end is older, it is the end.
 */
function derivedOffset(queue: StoredQueue, derived: number): number {
  const { first, max, maxPhysical } = queue.end;
  if (maxPhysical >= 0 && maxPhysical <= derived) return max;
  return firstOffsetFrom(queue.reader, first, max, derived);
}

function walkedFrom(starts: readonly number[]): number {
  return (starts[Math.max(0, starts.length - FILES_WALKED)] ?? 0) / UNIT_BYTES;
}

function startsOf(files: SegmentSet): number[] {
  return files.segments.map(({ start }) => start);
}

function endAt(queue: StoredQueue, first: number, max: number): QueueEnd {
  const bytes = new Uint8Array(UNIT_BYTES);
  const view = new DataView(bytes.buffer);
  const hasUnit = max > first && queue.reader.readUnits(max - 1, 1, bytes, 0) === 1 && !isBlankUnit(view, 0);
  return { first, max, maxPhysical: hasUnit ? unitPosition(view, 0) + view.getInt32(8) : -1 };
}
