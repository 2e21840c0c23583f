/**
 * A commit log in memory with everything that appends, writes and reads it, for one thread.
 *
 * Owns: the parts and how they hang together. Reads: the disk that it is given. Never: another thread.
 *
 * @module
 */

import { encodeRecord } from "../../protocol/record.ts";
import type { Disk } from "../../store/file/disk.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import { LogAppender } from "../../store/log_appender.ts";
import { LogReader } from "../../store/log_reader.ts";
import { LogWriter } from "../../store/log_writer.ts";
import { createLogMemory, LogMemory } from "../../store/memory/log_memory.ts";
import { createQueueChunk, QueueTable } from "../../store/queue_table.ts";
import { RecordAppender } from "../../store/record_appender.ts";

/** Bytes of the ring. */
export const RING_BYTES = 64 * 1024;
/** Bytes of the largest append. */
export const APPEND_BYTES_MAX = 8 * 1024;
/** Byte that fills the ring before it is used, so that old ring bytes show. */
export const OLD_BYTE = 0xab;

/** How a log is set up. */
export interface BenchOptions {
  readonly disk: Disk;
  readonly fileBytes: number;
  /** Position at which the log begins. */
  readonly start?: number;
  /** Clock of the writer, milliseconds. */
  readonly nowMs?: () => number;
  /** Whether the writer takes blocks ahead; false when left out. */
  readonly takesBlocksAhead?: boolean;
}

/** A log and what works on it. */
export interface LogBench {
  readonly memory: LogMemory;
  readonly files: SegmentSet;
  readonly appender: LogAppender;
  readonly writer: LogWriter;
  readonly reader: LogReader;
  readonly queues: QueueTable;
  readonly records: RecordAppender;
  /** Writes that took long, as they were reported. */
  readonly slow: { elapsedMs: number; bytes: number }[];
  /** Topics whose offsets were restored, with queue and offset. */
  readonly restored: string[];
}

/** Sets a log up. Slot of queue `q` of every topic is `q`. */
export function logBench(options: BenchOptions): LogBench {
  const { disk, fileBytes, start = 0 } = options;
  const memory = new LogMemory(createLogMemory({ ringBytes: RING_BYTES, appendBytesMax: APPEND_BYTES_MAX }));
  memory.ring.fill(OLD_BYTE);
  memory.reset({ logStart: 0, logEnd: start, flushed: start, dispatched: start, storeTimestamp: 0 });
  const files = SegmentSet.open({
    directory: "/log",
    fileBytes,
    handles: new HandleCache({ disk, mode: "write", handlesMax: 4 }),
  });
  const queues = new QueueTable([createQueueChunk()]);
  const slow: { elapsedMs: number; bytes: number }[] = [];
  const restored: string[] = [];
  const restore = (topic: Uint8Array, queueId: number, queueOffset: number): void => {
    restored.push(`${new TextDecoder().decode(topic.slice())}/${queueId}/${queueOffset}`);
    if (queues.nextOffset(queueId) > queueOffset) queues.setNextOffset(queueId, queueOffset);
  };
  const writer = new LogWriter(memory, files, { restore }, {
    nowMs: options.nowMs ?? ((): number => 0),
    slowWriteMs: 500,
    busyWriteMs: 1000,
    takesBlocksAhead: options.takesBlocksAhead ?? false,
    onSlow: (elapsedMs, bytes) => slow.push({ elapsedMs, bytes }),
  });
  const appender = new LogAppender(memory, { fileBytes });
  const records = new RecordAppender(memory, appender, queues);
  return { memory, files, appender, writer, reader: new LogReader(memory, files), queues, records, slow, restored };
}

/** What a test record is made of. */
export interface TestRecord {
  readonly bodyBytes: number;
  readonly queueId?: number;
  readonly topic?: string;
  readonly sysFlag?: number;
  readonly hostBytes?: number;
}

/** Encodes a record whose offsets are filled in when it is placed. */
export function testRecord(options: TestRecord): Uint8Array {
  const { bodyBytes, queueId = 0, topic = "TopicTest", sysFlag = 0, hostBytes = 8 } = options;
  return encodeRecord({
    queueId,
    flag: 0,
    queueOffset: 0,
    physicalOffset: 0,
    sysFlag,
    bornTimestamp: 1,
    bornHost: new Uint8Array(hostBytes).fill(1),
    storeTimestamp: 0,
    storeHost: new Uint8Array(hostBytes).fill(2),
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: new Uint8Array(bodyBytes).fill(bodyBytes & 0x7f),
    topic,
    properties: "UNIQ_KEY\x01K\x02",
  });
}

/** Appends `bytes` of one value each, without queue or fields. @returns position of each, or the refusal */
export function appendRaw(bench: LogBench, sizes: readonly number[], value: number): number[] {
  const { appender, memory } = bench;
  if (!appender.begin()) return [];
  const positions = sizes.map((bytes) => {
    const index = appender.place(bytes);
    if (index < 0) return index;
    const position = appender.position;
    memory.ring.fill(value, index, index + bytes);
    appender.advance(bytes);
    return position;
  });
  appender.end(1);
  return positions;
}

/** Bytes of the files from a position on. */
export function fileBytesFrom(bench: LogBench, position: number, bytes: number): Uint8Array {
  const into = new Uint8Array(bytes);
  bench.files.read(into, 0, bytes, position);
  return into;
}
