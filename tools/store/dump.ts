/**
 * `store dump`: prints what is in a store, one JSON object a line.
 *
 * Owns: nothing.
 * Reads: records, units, index headers, checkpoint and durable position.
 * Never: writes.
 */
import { decodeProperties } from "../../protocol/properties.ts";
import { decodeHost } from "../../protocol/host.ts";
import { decodeRecord, isBodyIntact } from "../../protocol/record.ts";
import { readCheckpoint } from "../../store/checkpoint.ts";
import { decodeUnit, isUnit, UNIT_BYTES } from "../../store/consume_queue.ts";
import { ConsumeQueueReader } from "../../store/consume_queue_reader.ts";
import { DurablePositionFile } from "../../store/durable_position.ts";
import { listIndexFiles } from "../../store/index_file_set.ts";
import { RecordScan, ScanKind } from "../../store/record_scan.ts";
import type { OpenStore, Output, QueueName } from "./store_files.ts";

const HEAD_BYTES = 8;

/** Which part is printed. */
export interface DumpRange {
  /** Position of the first record, or offset of the first unit; the beginning when left out. */
  readonly from?: number;
  /** How many; all when left out. */
  readonly count?: number;
}

/** Prints records. */
export function dumpLog(store: OpenStore, range: DumpRange, output: Output): number {
  const { log, logFileBytes } = store;
  const head = new Uint8Array(HEAD_BYTES);
  const scan = new RecordScan();
  let position = range.from ?? log.first;
  let printed = 0;
  while (printed < (range.count ?? Infinity)) {
    if (log.read(head, 0, HEAD_BYTES, position) < HEAD_BYTES) break;
    scan.attach(head);
    const kind = scan.scan(0, HEAD_BYTES);
    if (kind === ScanKind.Blank) {
      output.line(JSON.stringify({ position, blank: scan.size }));
      position += logFileBytes - position % logFileBytes;
      continue;
    }
    if (kind !== ScanKind.Short || scan.size > logFileBytes - position % logFileBytes) break;
    const bytes = new Uint8Array(scan.size);
    if (log.read(bytes, 0, bytes.length, position) < bytes.length) break;
    output.line(JSON.stringify(recordLine(bytes, position)));
    position += bytes.length;
    printed += 1;
  }
  return printed;
}

/** Prints the units of a queue. */
export function dumpQueue(store: OpenStore, queue: QueueName, range: DumpRange, output: Output): number {
  const reader = new ConsumeQueueReader({
    root: store.paths.consumeQueue,
    topic: queue.topic,
    queueId: queue.queueId,
    fileBytes: store.queueFileBytes,
    handles: store.handles,
  });
  const bytes = new Uint8Array(UNIT_BYTES);
  const view = new DataView(bytes.buffer);
  let offset = range.from ?? (reader.starts()[0] ?? 0) / UNIT_BYTES;
  let printed = 0;
  while (printed < (range.count ?? Infinity) && reader.readUnits(offset, 1, bytes, 0) === 1 && isUnit(view, 0)) {
    output.line(JSON.stringify({ offset, ...decodeUnit(view, 0) }));
    offset += 1;
    printed += 1;
  }
  return printed;
}

/** Prints the headers of the index files. */
export function dumpIndex(store: OpenStore, output: Output): number {
  if (store.indexShape === undefined) {
    throw new RangeError("Cannot read the index: say --index-slots and --index-entries");
  }
  const files = listIndexFiles(store.disk, store.paths.index, store.indexShape);
  for (const { path, header } of files) output.line(JSON.stringify({ path, ...header }));
  return files.length;
}

/** Prints checkpoint, durable position and abort mark. */
export function dumpState(store: OpenStore, output: Output): void {
  const { disk, paths, log } = store;
  const checkpoint = readCheckpoint(disk, paths.checkpoint);
  const bytes = disk.exists(paths.checkpoint) ? disk.readFile(paths.checkpoint) : undefined;
  const durable = new DurablePositionFile(disk, paths.durablePosition)
    .read(bytes, (position, into, length) => log.read(into, 0, length, position));
  output.line(JSON.stringify({ checkpoint, durable: durable ?? null, isAborted: disk.exists(paths.abort) }));
}

function recordLine(bytes: Uint8Array, position: number): Record<string, unknown> {
  try {
    const record = decodeRecord(bytes);
    return {
      position,
      size: record.totalSize,
      topic: record.topic,
      queueId: record.queueId,
      queueOffset: record.queueOffset,
      sysFlag: record.sysFlag,
      flag: record.flag,
      bornTimestampMs: record.bornTimestamp,
      bornHost: decodeHost(record.bornHost),
      storeTimestampMs: record.storeTimestamp,
      storeHost: decodeHost(record.storeHost),
      reconsumeTimes: record.reconsumeTimes,
      preparedTransactionOffset: record.preparedTransactionOffset,
      bodyBytes: record.body.length,
      isIntact: isBodyIntact(record) && record.physicalOffset === position,
      properties: Object.fromEntries(decodeProperties(record.properties)),
    };
  } catch (error) {
    return { position, size: bytes.length, error: error instanceof Error ? error.message : String(error) };
  }
}
