/**
 * Recovery: from what is on the disk to a store that can be served.
 *
 * Owns: the order of the steps; `recovery_table.ts` has the decisions, the steps have modules of their own.
 * Reads: commit log, queues, indexes, checkpoint, abort mark, durable position. Blocks for as long as that takes.
 * Never: serves damage. A bad record below what is known to be on the device is a `LOG_DAMAGED` error with its position; above
 * it is a torn tail, which is cut. Nothing is cut before the whole log is read.
 *
 * Steps: load the log → find the state and its row → find the queues → read the log to its end → cut log, queues, index →
 * dispatch what is missing.
 */
import { isAborted, markOpen } from "./abort_file.ts";
import {
  CHECKPOINT_BYTES,
  CheckpointFile,
  decodeCheckpoint,
  EMPTY_CHECKPOINT,
  readCheckpointBytes,
  safeTimestampMs,
} from "./checkpoint.ts";
import { syncAllDerived } from "./derived_sync.ts";
import { firstOffsetFrom } from "./consume_queue_bounds.ts";
import { ConsumeQueueReader } from "./consume_queue_reader.ts";
import type { KnownEnd } from "./dispatch_files.ts";
import { DeletedTopics } from "./deleted_topics.ts";
import { DurablePositionFile, type DurablePositions } from "./durable_position.ts";
import { StoreError } from "./errors.ts";
import type { Disk } from "./file/disk.ts";
import { refuseForeignLayouts } from "./foreign_layouts.ts";
import { HandleCache } from "./file/handle_cache.ts";
import { SegmentSet } from "./file/segment_set.ts";
import type { IndexShape } from "./index_file.ts";
import { type IndexRecovery, recoverIndex } from "./index_file_recovery.ts";
import { type QueueRange, redispatch } from "./recovery_dispatch.ts";
import { firstTimestampMs, type LogWalk, type PropertyCrcRule, walkLog } from "./recovery_log.ts";
import {
  eachQueue,
  finishDeletions,
  minOffsetOf,
  removeIfDeleted,
  type StoredQueue,
  trimQueue,
} from "./recovery_queues.ts";
import { type RecoveryRow, recoveryRow } from "./recovery_table.ts";
import { storeTimeOf } from "./store_time.ts";
import { truncateLog } from "./truncation.ts";
import type { StorePaths } from "./store_paths.ts";

/** Files open at once when nothing else is said: each queue is visited several times. */
const RECOVERY_HANDLES_MAX = 8192;

/** What recovery is doing, for a line of progress. */
export interface RecoveryProgress {
  /** The step. */
  readonly step: "queues" | "log" | "index" | "dispatch";
  /** How much is done, in queues or bytes. */
  readonly done: number;
  /** Of how much; 0 when that is not known. */
  readonly total: number;
}

/** Options of {@link recoverStore}. */
export interface RecoveryOptions {
  /** Where the files are. */
  readonly disk: Disk;
  /** Their paths. */
  readonly paths: StorePaths;
  /** Size of a file of the commit log in bytes. */
  readonly logFileBytes: number;
  /** Size of a file of a queue in bytes. */
  readonly queueFileBytes: number;
  /** Shape of the index files, or undefined when records are not indexed. */
  readonly indexShape: IndexShape | undefined;
  /** Wait of each delay level in ms. */
  readonly delayLevels: readonly number[];
  /** Wall clock in ms, for the names of new index files. */
  readonly nowMs: () => number;
  /** Number of this process, for the abort mark. */
  readonly processId: number;
  /** False to believe bodies without their CRC. */
  readonly checkCrc?: boolean;
  /** What is done with checksums over whole records; they are ignored when left out. */
  readonly propertyCrc?: PropertyCrcRule;
  /** Files open at once. */
  readonly handlesMax?: number;
  /** True when the caller syncs queues and indexes after an abrupt exit by itself: for thousands of queues that takes seconds. */
  readonly syncDerivedLater?: boolean;
  /** Position that the log is cut at before anything else, because its tail is not the master's. */
  readonly truncateTo?: number | undefined;
  /** Size of a file of the timer log in bytes, for a cut; undefined where there are no timers. */
  readonly timerLogFileBytes?: number | undefined;
  /** True for a log whose end may be cut yet: what is behind the end of all queues, as they were found, is dispatched later, by who knows that it stays. */
  readonly leavesTail?: boolean;
  /** Told what is going on. */
  readonly onProgress?: (progress: RecoveryProgress) => void;
}

/** What recovery found. */
export interface RecoveryResult {
  /** The row of the table that was followed. */
  readonly row: RecoveryRow["id"];
  /** First position of the log. */
  readonly logMin: number;
  /** Position behind the last whole record: where the next one goes. */
  readonly logEnd: number;
  /** True when a torn tail was cut. */
  readonly wasTorn: boolean;
  /** Store time of the last record in ms, 0 when none was read. */
  readonly lastTimestampMs: number;
  /** Records of the log that were read and found whole. */
  readonly recordsRead: number;
  /** Every queue that has a directory. */
  readonly queues: QueueRange[];
  /** Every topic that has a queue. */
  readonly topics: string[];
  /** Queues and indexes are there for all records below; equal to `logEnd`, or below it where the tail is left. */
  readonly dispatchedPosition: number;
  /** Blank units that dispatch had to write because units in the middle of a queue are lost. */
  readonly unitsLost: number;
  /** What became of the index. */
  readonly index: IndexRecovery;
  /** False when queues and indexes are not all on the device yet. */
  readonly isDerivedSynced: boolean;
}

/**
 * Puts a store right and tells what is in it. The abort mark is set before anything is changed, so that a crash on the way leaves a store that
 * is known to be not clean.
 *
 * @throws {StoreError} `LOG_DAMAGED` when a record that was on the device is damaged; `SEGMENT_…` when files are not what they must be; `FOREIGN_LAYOUT` when
 * there are files of a layout that is not read here
 * @throws {DiskError} when the disk refuses
 */
export function recoverStore(options: RecoveryOptions): RecoveryResult {
  const handles = new HandleCache({
    disk: options.disk,
    mode: "write",
    handlesMax: options.handlesMax ?? RECOVERY_HANDLES_MAX,
  });
  try {
    if (options.truncateTo !== undefined) truncateLog({ ...options, handles }, options.truncateTo);
    return new Recovery(options, handles).run();
  } finally {
    handles.close();
  }
}

class Recovery {
  readonly #options: RecoveryOptions;
  readonly #handles: HandleCache;
  readonly #log: SegmentSet;
  readonly #checkpoint: Uint8Array | undefined;
  readonly #positions: DurablePositions | undefined;
  readonly #isClean: boolean;
  readonly #row: RecoveryRow;
  readonly #deleted: DeletedTopics;

  constructor(options: RecoveryOptions, handles: HandleCache) {
    const { disk, paths } = options;
    refuseForeignLayouts(disk, paths);
    this.#options = options;
    this.#handles = handles;
    this.#log = SegmentSet.open({
      directory: paths.commitLog,
      fileBytes: options.logFileBytes,
      handles,
      removeEmpty: true,
      isAlone: true,
    });
    this.#checkpoint = readCheckpointBytes(disk, paths.checkpoint);
    this.#positions = new DurablePositionFile(disk, paths.durablePosition).read(
      this.#checkpoint,
      (position, into, length) => this.#log.read(into, 0, length, position),
    );
    this.#isClean = !isAborted(disk, paths.abort);
    this.#deleted = DeletedTopics.open(disk, paths.deletedTopics);
    this.#row = recoveryRow({
      hasLog: this.#log.count > 0,
      isClean: this.#isClean,
      hasPositions: this.#positions !== undefined && (this.#positions.isOfLog || !this.#isClean),
    });
  }

  /** After an abrupt exit all queues and indexes are synced by the caller. */
  get #isLate(): boolean {
    return !this.#isClean && this.#options.syncDerivedLater === true;
  }

  run(): RecoveryResult {
    if (this.#row.id === "no-log") return this.#empty();
    const { paths } = this.#options;
    // Where positions say what is on the device, the ends of queues are wanted after the log was read, and each queue is visited once.
    const found = this.#positions === undefined || this.#row.when.hasPositions !== true
      ? [...this.#eachQueue()]
      : undefined;
    const logMin = this.#log.first;
    const endBefore = found?.reduce((most, { end }) => Math.max(most, end.maxPhysical), -1) ?? 0;
    const from = this.#logFrom(endBefore);
    const walk = walkLog(this.#log, {
      from,
      checkCrc: this.#options.checkCrc ?? true,
      propertyCrc: this.#options.propertyCrc ?? "ignored",
      tornFrom: this.#isClean ? Infinity : this.#positions?.flushed ?? 0,
      onProgress: (done) => this.#tell("log", done, this.#log.end),
    });
    this.#refuseDamage(walk, endBefore);
    markOpen(this.#options.disk, paths.abort, this.#options.processId);
    const wasTorn = this.#cutLog(walk);
    const { ranges, ends, end, reach } = this.#cutQueues(found ?? this.#eachQueue(), logMin, walk.end);
    this.#deleted.fit({ min: logMin, end: walk.end });
    const index = this.#cutIndex(walk.end);
    const dispatchFrom = this.#dispatchFrom(from, found === undefined ? end : endBefore, index.missingFrom);
    const dispatched = redispatch(this.#options, this.#handles, {
      log: this.#log,
      from: dispatchFrom,
      to: this.#options.leavesTail === true ? Math.min(walk.end, Math.max(reach, dispatchFrom)) : walk.end,
      ranges,
      ends,
      deletedBelow: (topic) => this.#deleted.below(topic),
      isSyncedLater: this.#isLate,
      onProgress: (done) => this.#tell("dispatch", done - dispatchFrom, walk.end - dispatchFrom),
    });
    if (dispatched.blankUnits > 0) this.#passBlanks(ranges, logMin);
    if (this.#row.id !== "clean") this.#promise(walk.end, dispatched.position);
    return {
      row: this.#row.id,
      logMin,
      logEnd: walk.end,
      wasTorn,
      lastTimestampMs: Math.max(walk.lastTimestampMs, dispatched.lastTimestampMs),
      recordsRead: walk.records,
      queues: [...ranges.values()],
      topics: [...new Set([...ranges.values()].map(({ topic }) => topic))],
      dispatchedPosition: dispatched.position,
      unitsLost: dispatched.blankUnits,
      index,
      isDerivedSynced: !this.#isLate,
    };
  }

  #empty(): RecoveryResult {
    const { disk, paths } = this.#options;
    disk.makeDirectory(paths.root);
    markOpen(disk, paths.abort, this.#options.processId);
    for (const derived of [paths.consumeQueue, paths.index, paths.durablePosition]) disk.removeTree(derived);
    this.#deleted.fit({ min: 0, end: 0 });
    return {
      row: this.#row.id,
      logMin: 0,
      logEnd: 0,
      wasTorn: false,
      lastTimestampMs: 0,
      recordsRead: 0,
      queues: [],
      topics: [],
      dispatchedPosition: 0,
      unitsLost: 0,
      index: { repaired: 0, removed: 0, missingFrom: undefined },
      isDerivedSynced: true,
    };
  }

  #logFrom(queuesEnd: number): number {
    const flushed = this.#positions?.flushed ?? 0;
    const derived = this.#positions?.derived ?? 0;
    switch (this.#row.logFrom) {
      case "flushed":
        return Math.max(Math.min(flushed, derived), this.#log.first);
      case "derived": {
        const from = Math.max(Math.min(flushed, derived), this.#log.first);
        return this.#positions?.isOfLog === true ? from : this.#log.startOf(from);
      }
      case "queues-reach":
        return this.#newestFile((start) => start <= queuesEnd && firstTimestampMs(this.#log, start) >= 0);
      case "checkpoint-time": {
        if (queuesEnd < 0) return this.#log.first;
        const safeMs = safeTimestampMs(decodeCheckpoint(this.#checkpoint ?? new Uint8Array(CHECKPOINT_BYTES)));
        return this.#newestFile((start) => {
          const timestampMs = firstTimestampMs(this.#log, start);
          return timestampMs > 0 && timestampMs <= safeMs;
        });
      }
      case "nowhere":
        return 0;
    }
  }

  #newestFile(isRight: (start: number) => boolean): number {
    for (let index = this.#log.count - 1; index > 0; index--) {
      const { start } = this.#log.segments[index]!;
      if (isRight(start)) return start;
    }
    return this.#log.first;
  }

  #refuseDamage(walk: LogWalk, queuesEnd: number): void {
    const bound = { "nothing": 0, "flushed": this.#positions?.flushed ?? 0, "queues-end": queuesEnd };
    const below = bound[this.#row.damageBelow];
    if (walk.end >= below) return;
    const message =
      `Cannot recover the commit log: no whole record at ${walk.end}, the log was on the device up to ${below}`;
    throw new StoreError("LOG_DAMAGED", message, { path: this.#options.paths.commitLog, position: walk.end });
  }

  /** Cuts the log and writes again what was not known to be on the device, because pages of a failed sync look clean. */
  #cutLog(walk: LogWalk): boolean {
    if (this.#row.id === "clean" && !walk.isTorn) return false;
    this.#log.truncateAfter(walk.end);
    const from = Math.max(Math.min(this.#positions?.flushed ?? walk.end, walk.end), this.#log.first);
    const bytes = new Uint8Array(Math.min(1 << 20, walk.end - from));
    for (let position = from; position < walk.end;) {
      const count = this.#log.read(bytes, 0, Math.min(bytes.length, walk.end - position), position);
      if (count === 0) break;
      this.#log.write(bytes, 0, count, position);
      position += count;
    }
    this.#log.syncRange(Math.min(from, walk.from), walk.end);
    return walk.isTorn;
  }

  #eachQueue(): Generator<StoredQueue> {
    const { paths, queueFileBytes } = this.#options;
    return eachQueue({ root: paths.consumeQueue, fileBytes: queueFileBytes, handles: this.#handles });
  }

  /** Removes queues of deleted topics and puts the ends of the others right. @returns their offsets and ends, where the last record of all lies, and where it lay before */
  #cutQueues(
    queues: Iterable<StoredQueue>,
    logMin: number,
    logEnd: number,
  ): { ranges: Map<string, QueueRange>; ends: Map<string, KnownEnd>; end: number; reach: number } {
    const where = { disk: this.#options.disk, root: this.#options.paths.consumeQueue, logEnd };
    const ranges = new Map<string, QueueRange>();
    const ends = new Map<string, KnownEnd>();
    const derived = Math.min(this.#positions?.derived ?? 0, logEnd);
    let visited = 0;
    let removed = 0;
    let last = -1;
    let reach = -1;
    for (const queue of queues) {
      if (visited++ % 256 === 0) this.#tell("queues", visited, 0);
      if (this.#deleted.size > 0 && removeIfDeleted(queue, this.#deleted, where)) {
        removed++;
        continue;
      }
      reach = Math.max(reach, queue.end.maxPhysical);
      trimQueue(queue, { rule: this.#row.queueEnds, derived, logEnd });
      const { topic, queueId, end: { max, maxPhysical } } = queue;
      const minOffset = minOffsetOf(queue, logMin);
      queue.reader.drop();
      last = Math.max(last, maxPhysical);
      ends.set(`${topic}/${queueId}`, { max, maxPhysical });
      ranges.set(`${topic}/${queueId}`, { topic, queueId, minOffset, maxOffset: max, nextOffset: max });
    }
    if (this.#deleted.size > 0) finishDeletions(this.#deleted, where, removed);
    return { ranges, ends, end: last, reach };
  }

  #cutIndex(logEnd: number): IndexRecovery {
    const { disk, paths, indexShape } = this.#options;
    if (indexShape === undefined) return { repaired: 0, removed: 0, missingFrom: undefined };
    const derived = this.#positions?.derived ?? 0;
    const checkpoint = this.#checkpoint === undefined ? EMPTY_CHECKPOINT : decodeCheckpoint(this.#checkpoint);
    this.#tell("index", 0, 1);
    return recoverIndex({
      disk,
      directory: paths.index,
      shape: indexShape,
      logEnd,
      isAbrupt: this.#row.index !== "keep",
      isSuspect: (header) =>
        header.count < indexShape.entries ||
        (this.#row.index === "repair-derived"
          ? header.endPosition >= derived
          : header.endTimestampMs > checkpoint.indexMsgTimestampMs),
      storeTimeOf: (position) => storeTimeOf(this.#log, position),
    });
  }

  #dispatchFrom(logFrom: number, queuesEnd: number, missingFrom: number | undefined): number {
    const rule = this.#row.dispatchFrom;
    const first = this.#log.first;
    const position = queuesEnd < 0
      ? first
      : rule === "derived"
      ? this.#positions?.derived ?? first
      : rule === "queues-end"
      ? queuesEnd
      : logFrom;
    return Math.max(Math.min(position, missingFrom ?? position), first);
  }

  /** A queue whose records had all left the log may go on behind units that are lost: those are none to begin with. */
  #passBlanks(ranges: Map<string, QueueRange>, logMin: number): void {
    const { paths, queueFileBytes } = this.#options;
    for (const [key, range] of ranges) {
      const { topic, queueId, minOffset, maxOffset } = range;
      const queue = { root: paths.consumeQueue, topic, queueId, fileBytes: queueFileBytes, handles: this.#handles };
      const first = firstOffsetFrom(new ConsumeQueueReader(queue), minOffset, maxOffset, logMin);
      if (first !== minOffset) ranges.set(key, { ...range, minOffset: first });
    }
  }

  /**
   * All is on the device now: the next start may believe it, however this one ends. A start that leaves the sync of queues and indexes to the caller promises only
   * the log; what was promised of queues before holds on.
   */
  #promise(logEnd: number, derivedEnd: number): void {
    const { disk, paths } = this.#options;
    if (!this.#isClean && !this.#isLate) syncAllDerived(disk, paths);
    const durable = new DurablePositionFile(disk, paths.durablePosition);
    durable.writeFlushed(
      logEnd,
      this.#log.first,
      (position, into, length) => this.#log.read(into, 0, length, position),
    );
    if (!this.#isLate) CheckpointFile.open(disk, paths.checkpoint).advanceDerived(durable, derivedEnd, {});
  }

  #tell(step: RecoveryProgress["step"], done: number, total: number): void {
    this.#options.onProgress?.({ step, done, total });
  }
}
