/**
 * Queue 0 of a system topic, read record by record.
 *
 * Owns: a reader of the queue's units. Reads: the queue and the log. Never: reads beyond what is dispatched.
 */
import { decodeRecord, type StoredRecord } from "../../../protocol/record.ts";
import { isUnit, UNIT_BYTES, unitPosition, unitSize } from "../../../store/consume_queue.ts";
import { ConsumeQueueReader } from "../../../store/consume_queue_reader.ts";
import type { TopicView } from "../../../store/topic_view.ts";
import type { StoreHandles } from "../broker_init.ts";
import type { RecordReader } from "../cold_read/record_reader.ts";

/** Units read at once. */
const WINDOW_UNITS = 128;

/** One record of the queue, or what is known when it cannot be read. */
export interface QueuedRecord {
  readonly offset: number;
  /** undefined when the unit or the record is not there. */
  readonly record: StoredRecord | undefined;
}

/** Queue 0 of a topic. */
export class SystemQueue {
  /** Name of the topic. */
  readonly topic: string;
  readonly #view: TopicView;
  readonly #queue: ConsumeQueueReader;
  readonly #records: RecordReader;
  readonly #window = new Uint8Array(WINDOW_UNITS * UNIT_BYTES);
  readonly #units = new DataView(this.#window.buffer);
  #windowStart = 0;
  #windowEnd = 0;

  /** @param topic its name; @param view knows its slot; @param store files; @param records reads the log */
  constructor(topic: string, view: TopicView, store: StoreHandles, records: RecordReader) {
    this.topic = topic;
    this.#view = view;
    this.#records = records;
    this.#queue = new ConsumeQueueReader({
      root: store.shape.consumeQueue,
      topic,
      queueId: 0,
      fileBytes: store.shape.consumeQueueFileBytes,
      handles: store.handles,
      tail: view.tailOf(topic, 0),
    });
  }

  /** Offsets of the first record and behind the last one that is dispatched; both 0 while the topic is not there. */
  get range(): { readonly min: number; readonly max: number } {
    const slot = this.#view.get(this.topic)?.slots[0];
    if (slot === undefined || slot < 0) return { min: 0, max: 0 };
    return { min: this.#view.queues.minOffset(slot), max: this.#view.queues.maxOffset(slot) };
  }

  /** Reads one record. */
  read(offset: number): QueuedRecord {
    const missing = { offset, record: undefined };
    if (offset < this.#windowStart || offset >= this.#windowEnd) this.#fetch(offset);
    const at = (offset - this.#windowStart) * UNIT_BYTES;
    if (offset >= this.#windowEnd || !isUnit(this.#units, at)) return missing;
    const bytes = this.#records.readSized(unitPosition(this.#units, at), unitSize(this.#units, at));
    return bytes === null ? missing : { offset, record: decodeRecord(bytes) };
  }

  /** Reads units ahead; those that are dispatched do not change any more. */
  #fetch(offset: number): void {
    const count = Math.min(WINDOW_UNITS, this.range.max - offset);
    this.#windowStart = offset;
    this.#windowEnd = offset + (count > 0 ? this.#queue.readUnits(offset, count, this.#window, 0) : 0);
  }
}
