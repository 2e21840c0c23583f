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
  readonly #unit = new Uint8Array(UNIT_BYTES);
  readonly #unitView = new DataView(this.#unit.buffer);

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
    if (this.#queue.readUnits(offset, 1, this.#unit, 0) !== 1 || !isUnit(this.#unitView, 0)) return missing;
    const bytes = this.#records.readSized(unitPosition(this.#unitView, 0), unitSize(this.#unitView, 0));
    return bytes === null ? missing : { offset, record: decodeRecord(bytes) };
  }
}
