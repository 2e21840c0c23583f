// hot
/**
 * Dispatch: from the records of the commit log to consume queue units and index entries. The heart of ReputMessageService,
 * as state over bytes.
 *
 * Owns: the end of every queue it has opened, the units and entries of the batch that it walks.
 * Reads: a run of whole records, from the ring or from a file.
 * Never: does anything twice. A record at or below a queue's largest position, or at or below the last indexed
 * position, is passed over, so that the same run can be given again after a failed write or a restart.
 *
 * A batch is walked to its end, then each queue is written once, then the index, then the marks are told, then `position` moves.
 * Source: apache/rocketmq store DefaultMessageStore ReputMessageService, CommitLogDispatcherBuildConsumeQueue, IndexService buildIndex
 */
import { DispatchProperties, isKeySeparator } from "./dispatch_properties.ts";
import { type DispatchCounters, type DispatchQueue, UnitBufferPool } from "./dispatch_queue.ts";
import type { DispatchFiles } from "./dispatch_files.ts";
import { type DispatchTopic, DispatchTopics } from "./dispatch_topics.ts";
import { delayLevelOf, hashOn } from "./dispatch_text.ts";
import { deliverTimestampMs } from "./delay_levels.ts";
import { indexKeyHash } from "./index_file.ts";
import type { IndexFileSet } from "./index_file_set.ts";
import type { QueueTable } from "./queue_table.ts";
import { RecordScan, ScanKind, type ScanKindValue } from "./record_scan.ts";

const HIGH = 0x1_0000_0000;
const TRANSACTION_MASK = 0xC;
const TRANSACTION_PREPARED = 0x4;
const TRANSACTION_ROLLBACK = 0xC;

/** Syncs that a queue needs which has no file yet: of the file, its directory, and the topic's. */
const SYNCS_OF_NEW = 3;

/** Where a dispatcher tells what it did; called on its thread. */
export interface DispatchMarks {
  /** A queue was seen for the first time; `queue` is its number from now on. Here it may be given a tail. */
  opened(queue: number, topic: string, queueId: number): void;
  /** A queue without units began at an offset above 0, or a gap in the log made it begin anew. */
  began(queue: number, minOffset: number): void;
  /** Once a batch for each queue that was opened or got units, after they were written. */
  mark(queue: number, maxOffset: number): void;
}

/** Options of {@link Dispatcher}. */
export interface DispatcherOptions {
  /** Opens topics and queues. */
  readonly files: DispatchFiles;
  /** The index, or undefined when `messageIndexEnable` is off. */
  readonly index: IndexFileSet | undefined;
  /** Where marks go. */
  readonly marks: DispatchMarks;
  /** Size of a file of the commit log in bytes: a blank record ends it. */
  readonly logFileBytes: number;
  /** Wait of each delay level in ms. */
  readonly delayLevels: readonly number[];
  /** Position of the first record that is to be dispatched. */
  readonly position: number;
}

/** What was written since it was asked last, for the thread that syncs it. */
export interface DirtyFiles {
  /** Paths of files to sync. */
  readonly paths: string[];
  /** Directories to sync, because files were made in them. */
  readonly directories: string[];
  /** Everything below this position is in those files. */
  readonly position: number;
  /** Store time in ms of the last record below the position, 0 when none was seen. */
  readonly storeTimestampMs: number;
}

/** Builds consume queues and indexes from records. */
export class Dispatcher {
  /** What was written and passed over. */
  readonly counters: DispatchCounters = { units: 0, repeated: 0, blankUnits: 0 };
  /** Index keys added. */
  keys = 0;
  /** Records of topics that were deleted behind them, or whose names are no names. */
  refused = 0;
  /** Why the last walk ended: `Record` at its end, `Invalid` or `Short` before. */
  stoppedBy: ScanKindValue = ScanKind.Record;
  /** Store time in ms of the last record dispatched, 0 when none was. */
  storeTimestampMs = 0;
  readonly #options: DispatcherOptions;
  readonly #scan = new RecordScan();
  readonly #properties = new DispatchProperties();
  readonly #pool = new UnitBufferPool();
  readonly #topics = new DispatchTopics();
  readonly #touched: DispatchQueue[] = [];
  #touchedCount = 0;
  /** By number; undefined when its topic was deleted. */
  readonly #queues: (DispatchQueue | undefined)[] = [];
  #dirty: DispatchQueue[] = [];
  #dirtySyncs = 0;
  /** So many of the dirty queues are settled, as far as they were when it was their turn. */
  #settled = 0;
  #indexed: number;
  #keysToSkip = 0;
  #walked: number;
  #position: number;

  /** @param options files, index, marks and where to begin */
  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#indexed = options.index?.endPosition ?? -1;
    this.#walked = options.position;
    this.#position = options.position;
  }

  /** Everything below this position has its units and entries in the files. */
  get position(): number {
    return this.#position;
  }

  /** About how many syncs what {@link takeDirty} tells of will need. */
  get dirtySyncs(): number {
    return this.#dirtySyncs;
  }

  /** Begins at a position above 0 before anything was dispatched: the log begins there. */
  beginAt(position: number): void {
    if (this.#position !== 0) throw new RangeError(`Cannot begin at ${position}: dispatched up to ${this.#position}`);
    this.#walked = position;
    this.#position = position;
  }

  /**
   * Dispatches a run of records.
   *
   * @param bytes the run; a view on shared memory is fine
   * @param start first byte of the first record
   * @param end byte behind the last byte of the run
   * @param position position of the first record in the log; {@link Dispatcher.position}, or below it to repeat
   * @returns the new position: behind the last whole record, in the next file when a blank record ended one
   * @throws {DiskError} when the disk refuses; the same run can be given again
   */
  dispatch(bytes: Uint8Array, start: number, end: number, position: number): number {
    const scan = this.#scan;
    scan.attach(bytes);
    this.stoppedBy = ScanKind.Record;
    let at = start;
    let walked = position;
    while (at < end) {
      const kind = scan.scan(at, end);
      if (kind === ScanKind.Record) {
        if (scan.position !== walked) {
          this.stoppedBy = ScanKind.Invalid;
          break;
        }
        this.#record(bytes);
        at += scan.size;
        walked += scan.size;
      } else if (kind === ScanKind.Blank) {
        const skip = this.#options.logFileBytes - walked % this.#options.logFileBytes;
        at += skip;
        walked += skip;
      } else {
        this.stoppedBy = kind;
        break;
      }
    }
    this.#walked = walked;
    this.flush();
    return walked;
  }

  /**
   * Writes what the walk gathered and tells the marks. `dispatch` calls it; call it again when it threw.
   *
   * @throws {DiskError} when the disk refuses
   */
  flush(): void {
    const { index, marks } = this.#options;
    for (let touched = 0; touched < this.#touchedCount; touched++) this.#write(this.#touched[touched]!);
    index?.write();
    for (let touched = 0; touched < this.#touchedCount; touched++) {
      const queue = this.#touched[touched]!;
      if (queue.startedAt >= 0) {
        marks.began(queue.index, queue.startedAt);
        queue.startedAt = -1;
      }
      marks.mark(queue.index, queue.nextOffset);
      queue.isMarked = false;
    }
    this.#touchedCount = 0;
    this.#position = this.#walked;
  }

  /**
   * Writes what is kept back while records come fast, the index slots, unless that was done a moment ago. To be called before the thread sleeps.
   *
   * @param nowMs monotonic time, milliseconds
   * @returns whether something is still kept back: call it again after {@link SLOTS_EVERY_MS}
   * @throws {DiskError} when the disk refuses
   */
  idle(nowMs: number): boolean {
    return this.#options.index?.idle(nowMs) ?? false;
  }

  /**
   * Gives a queue that was opened the tail of a slot in the queue table: units that come one by one are then shared there first, and written several at once.
   *
   * @param queue its number
   * @param slot below 0 for none
   * @throws {DiskError} when the disk refuses what the tail it had held
   */
  share(queue: number, table: QueueTable, slot: number): void {
    this.#queues[queue]?.share(table, slot, this.#pool);
  }

  /**
   * Writes what some queues only share, so that {@link takeDirty}, which writes the rest, takes less time at once.
   *
   * @param queuesMax how many of the queues with units since `takeDirty`
   * @returns whether there are more
   * @throws {DiskError} when the disk refuses
   */
  settle(queuesMax: number): boolean {
    const end = Math.min(this.#dirty.length, this.#settled + queuesMax);
    for (; this.#settled < end; this.#settled++) this.#dirty[this.#settled]!.settle(this.#pool);
    return end < this.#dirty.length;
  }

  /**
   * Writes what is shared only, and tells what was written since the last call. Whoever syncs it may then say that all below `position` is derived.
   *
   * @throws {DiskError} when the disk refuses; nobody may then say anything until all files are synced
   */
  takeDirty(): DirtyFiles {
    const paths: string[] = [];
    const directories = new Set<string>();
    this.#settleAll();
    for (const queue of this.#dirty) this.#options.files.addDirtyPaths(queue, paths, directories);
    this.#dirty = [];
    this.#dirtySyncs = 0;
    this.#settled = 0;
    this.#options.index?.writeAll();
    this.#options.index?.addDirtyPaths(paths, directories);
    return { paths, directories: [...directories], position: this.#position, storeTimestampMs: this.storeTimestampMs };
  }

  /** Forgets a topic that was deleted: its queues are opened anew when a record of that name comes. */
  forgetTopic(name: string): void {
    for (const topic of this.#topics.all()) {
      if (topic.name !== name) continue;
      const queues = topic.queues();
      for (const queue of queues) this.#queues[queue.index] = undefined;
      this.#dirty = this.#dirty.filter((queue) => !queues.includes(queue));
      this.#settled = 0;
      this.#topics.remove(topic);
    }
    this.#options.files.closeTopic(name);
  }

  /** Writes everything and closes the index. */
  close(): void {
    this.flush();
    this.#settleAll();
    this.#options.index?.close();
  }

  /** Also the queues that got units since it was their turn to settle. */
  #settleAll(): void {
    for (const queue of this.#dirty) queue.settle(this.#pool);
  }

  #record(bytes: Uint8Array): void {
    const scan = this.#scan;
    const topic = this.#topics.find(bytes, scan.topicStart, scan.topicEnd) ?? this.#openTopic(bytes);
    if (topic === undefined) {
      this.refused += 1;
      return;
    }
    const isDeleted = scan.position < topic.deletedBelow;
    if (isDeleted) this.refused += 1;
    this.#properties.scan(bytes, scan.view, scan.propertiesStart, scan.propertiesEnd);
    const transaction = scan.sysFlag & TRANSACTION_MASK;
    const hasUnit = transaction !== TRANSACTION_PREPARED && transaction !== TRANSACTION_ROLLBACK;
    if (hasUnit && !isDeleted) this.#unit(bytes, topic);
    if (this.#options.index !== undefined && scan.position > this.#indexed) {
      this.#index(bytes, topic, transaction, this.#options.index);
      this.#indexed = scan.position;
    }
    this.storeTimestampMs = scan.storeTimestampMs;
  }

  #unit(bytes: Uint8Array, topic: DispatchTopic): void {
    const scan = this.#scan;
    const properties = this.#properties;
    const queue = topic.queue(scan.queueId) ?? this.#openQueue(topic, scan.queueId);
    let low = hashOn(0, bytes, properties.tagsStart, properties.tagsEnd);
    let high = low >> 31;
    if (topic.isSchedule && properties.delayEnd > properties.delayStart) {
      const level = delayLevelOf(bytes, properties.delayStart, properties.delayEnd);
      if (level > 0) {
        const dueMs = deliverTimestampMs(this.#options.delayLevels, level, scan.storeTimestampMs);
        low = dueMs | 0;
        high = Math.floor(dueMs / HIGH);
      }
    }
    const added = queue.add(scan.position, scan.size, high, low, scan.queueOffset, this.#pool, this.counters);
    if (added && !queue.isMarked) this.#touch(queue);
  }

  /** The end of the batch tells where the queue ends. */
  #touch(queue: DispatchQueue): void {
    queue.isMarked = true;
    this.#touched[this.#touchedCount] = queue;
    this.#touchedCount += 1;
  }

  #index(bytes: Uint8Array, topic: DispatchTopic, transaction: number, index: IndexFileSet): void {
    const properties = this.#properties;
    index.current();
    if (transaction === TRANSACTION_ROLLBACK) return;
    this.#keysToSkip = index.keysIndexed(this.#scan.position);
    if (properties.uniqKeyEnd > properties.uniqKeyStart) {
      this.#key(index, hashOn(topic.keySeed, bytes, properties.uniqKeyStart, properties.uniqKeyEnd));
    }
    let at = properties.keysStart;
    while (at < properties.keysEnd) {
      let end = at;
      while (end < properties.keysEnd && !isKeySeparator(bytes[end]!)) end += 1;
      if (end > at) this.#key(index, hashOn(topic.keySeed, bytes, at, end));
      at = end + 1;
    }
    if (properties.tagsEnd > properties.tagsStart) {
      this.#key(index, hashOn(topic.tagsSeed, bytes, properties.tagsStart, properties.tagsEnd));
    }
  }

  #key(index: IndexFileSet, javaHash: number): void {
    if (this.#keysToSkip > 0) {
      this.#keysToSkip -= 1;
      return;
    }
    index.current().put(indexKeyHash(javaHash), this.#scan.position, this.#scan.storeTimestampMs);
    this.keys += 1;
  }

  #write(queue: DispatchQueue): void {
    queue.write(this.#pool);
    if (queue.isListed) return;
    queue.isListed = true;
    this.#dirty.push(queue);
    this.#dirtySyncs += queue.isNew ? SYNCS_OF_NEW : 1;
  }

  #openTopic(bytes: Uint8Array): DispatchTopic | undefined {
    const topic = this.#options.files.openTopic(bytes, this.#scan.topicStart, this.#scan.topicEnd);
    if (topic !== undefined) this.#topics.add(topic);
    return topic;
  }

  #openQueue(topic: DispatchTopic, queueId: number): DispatchQueue {
    const queue = this.#options.files.openQueue(topic.name, queueId);
    topic.setQueue(queueId, queue);
    this.#queues[queue.index] = queue;
    this.#options.marks.opened(queue.index, topic.name, queueId);
    // Units that are there already may have been written by a thread that ended before it told of them.
    this.#touch(queue);
    return queue;
  }
}
