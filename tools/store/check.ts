/**
 * `store check`: reads a whole store and tells what is wrong with it.
 *
 * Owns: nothing.
 * Reads: every record of the log with its CRC, every unit of the queues with the record that it points at, every index entry.
 * Never: writes; a broker may run meanwhile, though what it is writing just then may be told as missing.
 */
import { decodeUnit, isBlankUnit, isUnit, UNIT_BYTES } from "../../store/consume_queue.ts";
import { findQueueEnd } from "../../store/consume_queue_bounds.ts";
import { ConsumeQueueReader } from "../../store/consume_queue_reader.ts";
import { entryAt, INDEX_ENTRY_BYTES } from "../../store/index_file.ts";
import { listIndexFiles } from "../../store/index_file_set.ts";
import { firstTimestampMs, walkLog } from "../../store/recovery_log.ts";
import { RecordScan, ScanKind } from "../../store/record_scan.ts";
import { type OpenStore, type Output, type QueueName, queueNames } from "./store_files.ts";

const UNITS_AT_ONCE = 4096;
const ENTRIES_AT_ONCE = 32768;
/** Findings of one queue or file that are told one by one. */
const FINDINGS_TOLD_MAX = 5;

/** What a check found. */
export interface CheckResult {
  /** Whole records in the log. */
  readonly records: number;
  /** Position behind the last whole record. */
  readonly logEnd: number;
  /** Units that point at a record. */
  readonly units: number;
  /** Index entries. */
  readonly entries: number;
  /** How many things are wrong. */
  readonly findings: number;
}

/** Checks a store and writes what it finds, a line each. */
export function checkStore(store: OpenStore, output: Output): CheckResult {
  const check = new Check(store, output);
  const { records, logEnd } = check.log();
  const units = check.queues(logEnd);
  const entries = check.indexes(logEnd);
  output.line(`log: ${records} records, ${store.log.first} to ${logEnd}`);
  output.line(`queues: ${units} units; index: ${entries} entries`);
  output.line(check.findings === 0 ? "nothing is wrong" : `${check.findings} findings`);
  return { records, logEnd, units, entries, findings: check.findings };
}

class Check {
  readonly #store: OpenStore;
  readonly #output: Output;
  findings = 0;

  constructor(store: OpenStore, output: Output) {
    this.#store = store;
    this.#output = output;
  }

  log(): { readonly records: number; readonly logEnd: number } {
    const { log } = this.#store;
    const total = log.end - log.first;
    const walk = walkLog(log, {
      from: log.first,
      checkCrc: true,
      tornFrom: Infinity,
      onProgress: (position) => this.#output.progress("log", position - log.first, total),
    });
    if (walk.isTorn) this.#found(`log: what follows the last whole record at ${walk.end} is no record and not empty`);
    for (const { start } of log.segments) {
      if (start > walk.end && firstTimestampMs(log, start) >= 0) {
        this.#found(`log: the file at ${start} begins with a whole record behind the end at ${walk.end}`);
      }
    }
    return { records: walk.records, logEnd: walk.end };
  }

  queues(logEnd: number): number {
    const names = queueNames(this.#store.disk, this.#store.paths.consumeQueue);
    let units = 0;
    for (const [done, name] of names.entries()) {
      units += this.#queue(name, logEnd);
      this.#output.progress("queues", done + 1, names.length);
    }
    return units;
  }

  indexes(logEnd: number): number {
    const { disk, paths, indexShape, handles } = this.#store;
    if (indexShape === undefined) {
      this.#output.line("index: passed over; say --index-slots and --index-entries");
      return 0;
    }
    let entries = 0;
    const bytes = new Uint8Array(ENTRIES_AT_ONCE * INDEX_ENTRY_BYTES);
    const view = new DataView(bytes.buffer);
    const files = listIndexFiles(disk, paths.index, indexShape);
    for (const [done, { path, header }] of files.entries()) {
      const slots = new Int32Array(indexShape.slots);
      let wrong = 0;
      for (let first = 1; first < header.count; first += ENTRIES_AT_ONCE) {
        const count = Math.min(ENTRIES_AT_ONCE, header.count - first);
        handles.acquire(path).read(bytes, 0, count * INDEX_ENTRY_BYTES, entryAt(indexShape, first));
        for (let index = 0; index < count; index++) {
          const at = index * INDEX_ENTRY_BYTES;
          const slot = view.getInt32(at) % indexShape.slots;
          const position = Number(view.getBigInt64(at + 4));
          if (view.getInt32(at) < 0 || view.getInt32(at + 16) !== slots[slot] || position >= logEnd) {
            wrong += 1;
            if (wrong <= FINDINGS_TOLD_MAX) this.#found(`index ${path}: entry ${first + index} is wrong`);
          }
          slots[slot] = first + index;
        }
      }
      entries += header.count - 1;
      this.#output.progress("index", done + 1, files.length);
    }
    return entries;
  }

  #queue({ topic, queueId }: QueueName, logEnd: number): number {
    const { handles, paths, queueFileBytes } = this.#store;
    const reader = new ConsumeQueueReader({
      root: paths.consumeQueue,
      topic,
      queueId,
      fileBytes: queueFileBytes,
      handles,
    });
    const { first, max } = findQueueEnd(reader);
    const bytes = new Uint8Array(UNITS_AT_ONCE * UNIT_BYTES);
    const view = new DataView(bytes.buffer);
    let units = 0;
    let wrong = 0;
    for (let offset = first; offset < max; offset += UNITS_AT_ONCE) {
      const count = reader.readUnits(offset, Math.min(UNITS_AT_ONCE, max - offset), bytes, 0);
      for (let index = 0; index < count; index++) {
        const at = index * UNIT_BYTES;
        if (isUnit(view, at) && isBlankUnit(view, at)) continue;
        units += 1;
        const why = this.#unit(view, at, { topic, queueId }, offset + index, logEnd);
        if (why === undefined) continue;
        wrong += 1;
        if (wrong <= FINDINGS_TOLD_MAX) this.#found(`queue ${topic}/${queueId}: unit ${offset + index} ${why}`);
      }
    }
    if (wrong > FINDINGS_TOLD_MAX) this.#output.line(`queue ${topic}/${queueId}: ${wrong} units are wrong`);
    return units;
  }

  #unit(view: DataView, at: number, queue: QueueName, offset: number, logEnd: number): string | undefined {
    if (!isUnit(view, at)) return "is empty";
    const { position, size } = decodeUnit(view, at);
    if (position + size > logEnd) return `points behind the log, at ${position}`;
    if (position < this.#store.log.first) return undefined;
    const record = new Uint8Array(size);
    if (this.#store.log.read(record, 0, size, position) < size) return `points where no file is, at ${position}`;
    const scan = new RecordScan();
    scan.attach(record);
    if (scan.scan(0, size) !== ScanKind.Record || scan.size !== size) return `points at no record, at ${position}`;
    const topic = new TextDecoder().decode(record.subarray(scan.topicStart, scan.topicEnd));
    if (topic !== queue.topic || scan.queueId !== queue.queueId || scan.queueOffset !== offset) {
      return `points at a record of ${topic}/${scan.queueId} offset ${scan.queueOffset}, at ${position}`;
    }
    return undefined;
  }

  #found(text: string): void {
    this.findings += 1;
    this.#output.line(text);
  }
}
