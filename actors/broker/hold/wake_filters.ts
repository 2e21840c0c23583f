/**
 * What parked pulls may be woken for: their filters, applied to the messages that have come.
 *
 * Owns: the filters that gateways told of, this thread's open files, opened when the first filtered pull looks.
 * Reads: queue units, and for expressions the records behind them, which are in the ring as a rule.
 * Never: keeps a pull asleep when it cannot tell: an unknown filter, a unit or record that cannot be read, all mean that it may match.
 *
 * Source: apache/rocketmq broker PullRequestHoldService.notifyMessageArriving
 */
import { UNIT_BYTES, unitPosition, unitSize } from "../../../store/consume_queue.ts";
import { ConsumeQueueReader } from "../../../store/consume_queue_reader.ts";
import { DiskError } from "../../../store/file/disk.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import { SqlFilter } from "../../../store/filter/sql_filter.ts";
import { LogReader } from "../../../store/log_reader.ts";
import type { LogMemory } from "../../../store/memory/log_memory.ts";
import { RecordScan, ScanKind } from "../../../store/record_scan.ts";
import type { TopicView } from "../../../store/topic_view.ts";
import { appendBytesMax, type BrokerActorInit, openStore, type StoreHandles } from "../broker_init.ts";
import { RecordReader } from "../cold_read/record_reader.ts";
import type { Parked } from "./hold_table.ts";
import type { WakeFilterChange } from "./hold_contract.ts";

/** Units that one look takes at most; a pull that waits for more is woken at the first that was not looked at. */
const UNITS_MAX = 800;

/** Open files of this thread at most. */
const HANDLES_MAX = 256;

/** Ids of one gateway lie below this. */
const IDS_MAX = 2 ** 32;

/** A filter of pulls at one topic. */
interface WakeFilter {
  readonly topic: string;
  /** Tag hashes; null where an expression decides. */
  readonly codes: ReadonlySet<number> | null;
  readonly sql: SqlFilter | null;
}

/** Filters of parked pulls. */
export class WakeFilters {
  readonly #init: BrokerActorInit;
  readonly #memory: LogMemory;
  readonly #topics: TopicView;
  readonly #filters = new Map<number, WakeFilter>();
  readonly #queues = new Map<string, ConsumeQueueReader>();
  readonly #units = new Uint8Array(UNITS_MAX * UNIT_BYTES);
  readonly #view = new DataView(this.#units.buffer);
  readonly #scan = new RecordScan();
  #store: StoreHandles | undefined;
  #records: RecordReader | undefined;
  #read = { key: "", from: 0, to: 0, count: 0 };
  #record: { readonly position: number; readonly bytes: Uint8Array } | undefined;

  /** @param init configuration; @param memory of the log; @param topics with the queue table */
  constructor(init: BrokerActorInit, memory: LogMemory, topics: TopicView) {
    this.#init = init;
    this.#memory = memory;
    this.#topics = topics;
  }

  /** Filters known now. */
  get size(): number {
    return this.#filters.size;
  }

  /** A gateway has a new filter, or starts its numbers anew. */
  apply({ gateway, forgetAll, filter }: WakeFilterChange): void {
    if (forgetAll) {
      for (const key of this.#filters.keys()) if (Math.floor(key / IDS_MAX) === gateway) this.#filters.delete(key);
    }
    if (filter === undefined) return;
    const { id, topic, codes, expression } = filter;
    this.#filters.set(gateway * IDS_MAX + id, {
      topic,
      codes: codes === null ? null : new Set(codes),
      sql: expression === null ? null : new SqlFilter(expression),
    });
  }

  /** Topics are gone; others of their names may come. */
  forgetTopics(topics: readonly string[]): void {
    for (const topic of topics) {
      for (const [key, queue] of this.#queues) {
        if (!key.startsWith(`${topic}/`)) continue;
        queue.forget();
        this.#queues.delete(key);
      }
    }
    this.#read.count = 0;
  }

  /** Closes the files. */
  close(): void {
    this.#store?.handles.close();
  }

  /** The first offset from `from` on that may match; `to` when there is none below. */
  readonly firstMatch = ({ gateway, filterId, queueId }: Parked, from: number, to: number): number => {
    const filter = this.#filters.get(gateway * IDS_MAX + filterId);
    if (filter === undefined) return from;
    try {
      const count = this.#readUnits(filter.topic, queueId, from, to);
      for (let i = 0; i < count; i++) if (this.#mayMatch(filter, i * UNIT_BYTES)) return from + i;
      return from + count;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return from;
    }
  };

  /** Units stay read for the next pull that waits at the same place. A queue only grows, so what was read stays true. */
  #readUnits(topic: string, queueId: number, from: number, to: number): number {
    const key = `${topic}/${queueId}`;
    const end = Math.min(to, from + UNITS_MAX);
    const read = this.#read;
    if (read.count > 0 && read.from === from && read.to === end && read.key === key) return read.count;
    read.count = this.#queue(topic, queueId, key).readUnits(from, end - from, this.#units, 0);
    read.from = from;
    read.to = end;
    read.key = key;
    return read.count;
  }

  #mayMatch({ codes, sql }: WakeFilter, at: number): boolean {
    if (codes !== null) return codes.has(this.#view.getInt32(at + 16));
    const position = unitPosition(this.#view, at);
    let bytes = this.#record?.position === position ? this.#record.bytes : null;
    if (bytes === null) {
      bytes = this.#open().records.readSized(position, unitSize(this.#view, at));
      if (bytes === null) return true;
      this.#record = { position, bytes };
    }
    const scan = this.#scan;
    scan.attach(bytes);
    if (scan.scan(0, bytes.length) !== ScanKind.Record) return true;
    return sql!.matches(bytes, scan.propertiesStart, scan.propertiesEnd);
  }

  #queue(topic: string, queueId: number, key: string): ConsumeQueueReader {
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      const { shape, handles } = this.#open().store;
      const tail = this.#topics.tailOf(topic, queueId);
      const options = {
        root: shape.consumeQueue,
        topic,
        queueId,
        fileBytes: shape.consumeQueueFileBytes,
        handles,
        tail,
      };
      this.#queues.set(key, queue = new ConsumeQueueReader(options));
    }
    return queue;
  }

  #open(): { readonly store: StoreHandles; readonly records: RecordReader } {
    const { values } = this.#init;
    this.#store ??= openStore(values, "read", HANDLES_MAX, new LightDisk());
    this.#records ??= new RecordReader(new LogReader(this.#memory, this.#store.commitLog), appendBytesMax(values));
    return { store: this.#store, records: this.#records };
  }
}
