/**
 * Dispatches the part of the log that queues and indexes miss, before the store is served.
 *
 * Owns: a dispatcher for as long as it runs.
 * Reads: the log in big blocks.
 * Never: dispatches behind the end that recovery found.
 */
import { syncDerived } from "./derived_sync.ts";
import { Dispatcher, type DispatchMarks } from "./dispatch.ts";
import { DispatchFiles, type KnownEnd } from "./dispatch_files.ts";
import { StoreError } from "./errors.ts";
import type { HandleCache } from "./file/handle_cache.ts";
import type { SegmentSet } from "./file/segment_set.ts";
import { IndexFileSet } from "./index_file_set.ts";
import { createQueueChunk, QUEUE_CHUNKS_MAX, QueueTable } from "./queue_table.ts";
import type { RecoveredQueue } from "./queue_slots.ts";
import type { RecoveryOptions } from "./recovery.ts";
import { ScanKind } from "./record_scan.ts";

const BLOCK_BYTES = 4 << 20;

/** Offsets of a queue, as BrokerController takes them over. */
export type QueueRange = RecoveredQueue;

/** What is dispatched. */
export interface RedispatchOptions {
  /** The log. */
  readonly log: SegmentSet;
  /** Position of the first record. */
  readonly from: number;
  /** End of the log. */
  readonly to: number;
  /** Offsets of the queues that are there; new offsets are put in. */
  readonly ranges: Map<string, QueueRange>;
  /** Ends of the queues that are there, each by topic/queueId. */
  readonly ends?: ReadonlyMap<string, KnownEnd>;
  /** Records of a topic below this position are not dispatched. */
  readonly deletedBelow?: (topic: string) => number;
  /** True when the caller syncs all queues and indexes soon. */
  readonly isSyncedLater?: boolean;
  /** Told the position now and then. */
  readonly onProgress: (position: number) => void;
}

/** What was dispatched. */
export interface Redispatched {
  /** Everything below is dispatched. */
  readonly position: number;
  /** Store time of the last record in ms, 0 when there was none. */
  readonly lastTimestampMs: number;
  /** Blank units written between units that are lost. */
  readonly blankUnits: number;
}

/**
 * Dispatches a part of the log, and syncs what was written unless all is synced soon.
 *
 * @throws {StoreError} `LOG_DAMAGED` when a record of the part cannot be read
 * @throws {DiskError} when the disk refuses
 */
export function redispatch(options: RecoveryOptions, handles: HandleCache, part: RedispatchOptions): Redispatched {
  const { log, to } = part;
  if (part.from >= to) return { position: to, lastTimestampMs: 0, blankUnits: 0 };
  const dispatcher = dispatcherOf(options, handles, part);
  let bytes = new Uint8Array(Math.min(BLOCK_BYTES, to - part.from));
  let position = part.from;
  while (position < to) {
    const count = log.read(bytes, 0, Math.min(bytes.length, to - position), position);
    const next = dispatcher.dispatch(bytes, 0, count, position);
    if (next === position) {
      if (dispatcher.stoppedBy !== ScanKind.Short || count < bytes.length) {
        throw new StoreError("LOG_DAMAGED", `Cannot dispatch the commit log: no whole record at ${position}`, {
          path: options.paths.commitLog,
          position,
        });
      }
      bytes = new Uint8Array(bytes.length * 4);
    }
    position = next;
    part.onProgress(position);
  }
  dispatcher.close();
  if (part.isSyncedLater !== true) syncDerived(options.disk, dispatcher.takeDirty());
  return {
    position,
    lastTimestampMs: dispatcher.storeTimestampMs,
    blankUnits: dispatcher.counters.blankUnits,
  };
}

function dispatcherOf(options: RecoveryOptions, handles: HandleCache, part: RedispatchOptions): Dispatcher {
  const { disk, paths, indexShape, nowMs } = options;
  const keys: string[] = [];
  const table = new QueueTable();
  const change = (queue: number, offsets: Partial<QueueRange>): void => {
    const range = part.ranges.get(keys[queue]!)!;
    part.ranges.set(keys[queue]!, { ...range, ...offsets });
  };
  const marks: DispatchMarks = {
    opened: (queue, topic, queueId) => {
      const key = `${topic}/${queueId}`;
      keys[queue] = key;
      dispatcher.share(queue, table, tailOf(table, queue));
      if (!part.ranges.has(key)) part.ranges.set(key, { topic, queueId, minOffset: 0, maxOffset: 0, nextOffset: 0 });
    },
    began: (queue, minOffset) => change(queue, { minOffset }),
    mark: (queue, maxOffset) => change(queue, { maxOffset, nextOffset: maxOffset }),
  };
  const index = indexShape === undefined
    ? undefined
    : new IndexFileSet({ disk, directory: paths.index, shape: indexShape, nowMs });
  const { deletedBelow } = part;
  const files = new DispatchFiles({
    root: paths.consumeQueue,
    fileBytes: options.queueFileBytes,
    handles,
    endOf: (topic, queueId) => part.ends?.get(`${topic}/${queueId}`),
    ...(deletedBelow === undefined ? {} : { deletedBelow }),
  });
  const { logFileBytes, delayLevels } = options;
  const dispatcher = new Dispatcher({ files, index, marks, logFileBytes, delayLevels, position: part.from });
  return dispatcher;
}

/** The slot of a queue in a table that nobody reads: with thousands of queues a block of the log has a unit for each, and a write takes several at once. */
function tailOf(table: QueueTable, queue: number): number {
  if (queue < table.capacity) return queue;
  if (table.chunks.length === QUEUE_CHUNKS_MAX) return -1;
  table.attach(createQueueChunk());
  return queue;
}
