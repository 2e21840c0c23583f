/** Builds stores with records of our own, as a broker would have left them. */
import { encodeRecord } from "../../protocol/record.ts";
import { markOpen } from "../../store/abort_file.ts";
import { CheckpointFile } from "../../store/checkpoint.ts";
import { DELAY_LEVELS_DEFAULT, parseDelayLevels } from "../../store/delay_levels.ts";
import { DurablePositionFile } from "../../store/durable_position.ts";
import type { Disk } from "../../store/file/disk.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import type { RecoveryOptions } from "../../store/recovery.ts";
import { redispatch } from "../../store/recovery_dispatch.ts";
import { type StorePaths, storePaths } from "../../store/store_paths.ts";

export const LOG_FILE_BYTES = 4096;
export const QUEUE_FILE_BYTES = 200;
export const SHAPE = { slots: 10, entries: 40 };
const MAGIC_BLANK = 0xcbd43194 | 0;
export const FIRST_TIME_MS = 1_800_000_000_000;

/** A record that was put into a built store. */
export interface BuiltRecord {
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly position: number;
  readonly size: number;
  readonly storeTimestampMs: number;
  readonly key: string;
}

/** A store that was built. */
export interface BuiltStore {
  readonly paths: StorePaths;
  readonly records: BuiltRecord[];
  readonly logEnd: number;
}

/** How a store is built. */
export interface BuildOptions {
  readonly count: number;
  /** Body of a record; 100 bytes when left out. */
  readonly bodyBytes?: number;
  /** Position of the first record. */
  readonly logStart?: number;
  /** Offset of the first record of each queue. */
  readonly firstOffset?: number;
  /** False to leave queues and indexes out. */
  readonly isDispatched?: boolean;
}

/** Options of recovery for a built store. */
export function recoveryOptions(disk: Disk, paths: StorePaths): RecoveryOptions {
  return {
    disk,
    paths,
    logFileBytes: LOG_FILE_BYTES,
    queueFileBytes: QUEUE_FILE_BYTES,
    indexShape: SHAPE,
    delayLevels: parseDelayLevels(DELAY_LEVELS_DEFAULT),
    nowMs: () => FIRST_TIME_MS,
    processId: 1,
    handlesMax: 8,
  };
}

/** Encodes a record of a built store. */
export function encodeBuilt(record: Omit<BuiltRecord, "size">, bodyBytes: number): Uint8Array {
  const body = Uint8Array.from({ length: bodyBytes }, (_, index) => (index * 7 + record.queueOffset) & 0xff);
  return encodeRecord({
    queueId: record.queueId,
    flag: 0,
    queueOffset: record.queueOffset,
    physicalOffset: record.position,
    sysFlag: 0,
    bornTimestamp: record.storeTimestampMs - 1,
    bornHost: new Uint8Array([127, 0, 0, 1, 0, 0, 0, 1]),
    storeTimestamp: record.storeTimestampMs,
    storeHost: new Uint8Array([127, 0, 0, 1, 0, 0, 0, 2]),
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body,
    topic: record.topic,
    properties: `UNIQ_KEY\x01U${record.position}\x02KEYS\x01${record.key} ALL\x02TAGS\x01T${record.queueId}\x02`,
  });
}

/** Writes a log of two topics with two queues each, and what is derived from it. */
export function buildStore(disk: Disk, root: string, options: BuildOptions): BuiltStore {
  const paths = storePaths(root);
  const handles = new HandleCache({ disk, mode: "write" });
  disk.makeDirectory(root);
  const log = SegmentSet.open({ directory: paths.commitLog, fileBytes: LOG_FILE_BYTES, handles });
  const records: BuiltRecord[] = [];
  let position = options.logStart ?? 0;
  for (let index = 0; index < options.count; index++) {
    const queue = {
      topic: index % 4 < 2 ? "TopicA" : "TopicB",
      queueId: index % 2,
      queueOffset: (options.firstOffset ?? 0) + Math.floor(index / 4),
      storeTimestampMs: FIRST_TIME_MS + index * 1000,
      key: `K${index}`,
    };
    let bytes = encodeBuilt({ ...queue, position }, options.bodyBytes ?? 100);
    const left = LOG_FILE_BYTES - position % LOG_FILE_BYTES;
    if (bytes.length + 8 > left) {
      writeBlank(log, position, left);
      position += left;
      bytes = encodeBuilt({ ...queue, position }, options.bodyBytes ?? 100);
    }
    log.write(bytes, 0, bytes.length, position);
    records.push({ ...queue, position, size: bytes.length });
    position += bytes.length;
  }
  if (options.isDispatched !== false) {
    redispatch(recoveryOptions(disk, paths), handles, {
      log,
      from: log.first,
      to: position,
      ranges: new Map(),
      onProgress: () => {},
    });
  }
  handles.close();
  return { paths, records, logEnd: position };
}

function writeBlank(log: SegmentSet, position: number, left: number): void {
  const blank = new DataView(new ArrayBuffer(8));
  blank.setInt32(0, left);
  blank.setInt32(4, MAGIC_BLANK);
  log.write(new Uint8Array(blank.buffer), 0, 8, position);
}

/** Says that log and queues are on the device up to positions, as the flush services do. */
export function sealPositions(disk: Disk, store: BuiltStore, flushed: number, derived: number): void {
  const durable = new DurablePositionFile(disk, store.paths.durablePosition);
  const handles = new HandleCache({ disk, mode: "read" });
  const log = SegmentSet.open({ directory: store.paths.commitLog, fileBytes: LOG_FILE_BYTES, handles });
  durable.writeFlushed(flushed, log.first, (position, into, length) => log.read(into, 0, length, position));
  const last = store.records.findLast((record) => record.position < derived);
  CheckpointFile.open(disk, store.paths.checkpoint).advanceDerived(durable, derived, {
    physicMsgTimestampMs: last?.storeTimestampMs ?? 0,
    logicsMsgTimestampMs: last?.storeTimestampMs ?? 0,
  });
  handles.close();
}

/** Leaves the mark of a broker that did not end in order. */
export function abort(disk: Disk, store: BuiltStore): void {
  markOpen(disk, store.paths.abort, 1);
}

/** Opens the log of a store to change it. */
export function withLog(disk: Disk, store: BuiltStore, change: (log: SegmentSet) => void): void {
  const handles = new HandleCache({ disk, mode: "write" });
  change(SegmentSet.open({ directory: store.paths.commitLog, fileBytes: LOG_FILE_BYTES, handles }));
  handles.close();
}
