// hot
/**
 * Reads the queues of the topics that a gateway serves.
 *
 * Owns: a reader for each queue that was pulled from, and the units read ahead. Reads: queue files and tails.
 * Never: outlives its topic: whoever changes the topics has them forgotten.
 */
import { ConsumeQueueReader } from "../../../store/consume_queue_reader.ts";
import type { QueueTable } from "../../../store/queue_table.ts";
import type { StoreHandles } from "../broker_init.ts";
import type { ServedTopic } from "./served_topic.ts";
import { UnitWindows } from "./unit_windows.ts";

/** The queues that one gateway reads. */
export class QueueReaders {
  readonly #store: StoreHandles;
  readonly #table: QueueTable;
  readonly #readers = new Map<ServedTopic, ConsumeQueueReader[]>();
  readonly #windows = new UnitWindows();

  /** @param store open files of this thread; @param table with the tails */
  constructor(store: StoreHandles, table: QueueTable) {
    this.#store = store;
    this.#table = table;
  }

  /**
   * Reads units that consumers may see.
   *
   * @returns how many were read
   * @throws {DiskError} when the disk refuses
   */
  read(topic: ServedTopic, queueId: number, offset: number, count: number, into: Uint8Array): number {
    return this.#windows.read(this.#reader(topic, queueId), offset, count, into);
  }

  /** Closes what was read of a topic. */
  forget(topic: ServedTopic): void {
    for (const reader of this.#readers.get(topic) ?? []) {
      if (reader === undefined) continue;
      reader.forget();
      this.#windows.forget(reader);
    }
    this.#readers.delete(topic);
  }

  #reader(topic: ServedTopic, queueId: number): ConsumeQueueReader {
    let readers = this.#readers.get(topic);
    if (readers === undefined) this.#readers.set(topic, readers = []);
    const { shape, handles } = this.#store;
    return readers[queueId] ??= new ConsumeQueueReader({
      root: shape.consumeQueue,
      topic: topic.entry.topic,
      queueId,
      fileBytes: shape.consumeQueueFileBytes,
      handles,
      tail: { table: this.#table, slot: () => topic.entry.slots[queueId] },
    });
  }
}
