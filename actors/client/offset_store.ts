/**
 * Offset stores: how far a group has consumed each queue.
 *
 * Owns: the table in memory and, for clustering, its way to the broker. Reads: broker API. Never does: files (local_offset_store.ts).
 * Source: apache/rocketmq client/consumer/store/RemoteBrokerOffsetStore.java
 */

import { type MessageQueue, queueKey } from "./message_queue.ts";

/** Keeps the offsets of a group. */
export interface OffsetStore {
  /** Reads what outlived the last run. @throws {ClientError} OFFSET_FILE */
  load(): Promise<void>;
  /** Notes the next offset to consume; with `increaseOnly` a smaller one is ignored. */
  update(queue: MessageQueue, offset: number, increaseOnly: boolean): void;
  /** Noted offset of this run; undefined when there is none. */
  readMemory(queue: MessageQueue): number | undefined;
  /** Noted offset, or the one kept by broker or file; undefined when there is none anywhere. */
  read(queue: MessageQueue): Promise<number | undefined>;
  /** Offset kept by broker or file; undefined when there is none. */
  readStored(queue: MessageQueue): Promise<number | undefined>;
  /** Keeps what was noted for these queues and forgets all others. */
  persistAll(queues: readonly MessageQueue[]): Promise<void>;
  /** Keeps what was noted for one queue, and waits for it. */
  persist(queue: MessageQueue): Promise<void>;
  /** Forgets a queue that is no longer owned. */
  remove(queue: MessageQueue): void;
  /** All noted offsets of a topic, of all topics when none is given. */
  table(topic?: string): [MessageQueue, number][];
}

/** The table in memory that both stores have. */
export class OffsetTable {
  readonly #entries = new Map<string, { queue: MessageQueue; offset: number }>();

  /**
   * @param queue queue
   * @param offset next offset to consume
   * @param increaseOnly ignore a smaller one
   */
  update(queue: MessageQueue, offset: number, increaseOnly: boolean): void {
    const key = queueKey(queue);
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, {
        queue: { topic: queue.topic, brokerName: queue.brokerName, queueId: queue.queueId },
        offset,
      });
    } else if (!increaseOnly || offset > entry.offset) entry.offset = offset;
  }

  /**
   * @param queue queue
   * @returns noted offset
   */
  read(queue: MessageQueue): number | undefined {
    return this.#entries.get(queueKey(queue))?.offset;
  }

  /** @param queue queue to forget */
  remove(queue: MessageQueue): void {
    this.#entries.delete(queueKey(queue));
  }

  /**
   * Forgets all queues but these.
   *
   * @param queues those to keep
   */
  retain(queues: readonly MessageQueue[]): void {
    const kept = new Set(queues.map(queueKey));
    for (const key of this.#entries.keys()) if (!kept.has(key)) this.#entries.delete(key);
  }

  /**
   * @param topic only this topic
   * @returns queue and offset of each entry
   */
  table(topic?: string): [MessageQueue, number][] {
    return [...this.#entries.values()]
      .filter((entry) => topic === undefined || entry.queue.topic === topic)
      .map((entry) => [entry.queue, entry.offset]);
  }
}

/** The calls a remote store needs. */
export interface RemoteOffsets {
  /** Reads from the broker; undefined when it has none. */
  fetch(queue: MessageQueue): Promise<number | undefined>;
  /** Sends to the broker; `wait` for its answer. */
  commit(queue: MessageQueue, offset: number, wait: boolean): Promise<void>;
  /** Told of a commit that failed. */
  failed(queue: MessageQueue, error: unknown): void;
}

/** Offsets kept by the broker. */
export class RemoteBrokerOffsetStore implements OffsetStore {
  readonly #table = new OffsetTable();
  readonly #remote: RemoteOffsets;

  /** @param remote calls to the broker */
  constructor(remote: RemoteOffsets) {
    this.#remote = remote;
  }

  /** Nothing outlives a run here. */
  load(): Promise<void> {
    return Promise.resolve();
  }

  /** See {@linkcode OffsetStore.update}. */
  update(queue: MessageQueue, offset: number, increaseOnly: boolean): void {
    this.#table.update(queue, offset, increaseOnly);
  }

  /** See {@linkcode OffsetStore.readMemory}. */
  readMemory(queue: MessageQueue): number | undefined {
    return this.#table.read(queue);
  }

  /** See {@linkcode OffsetStore.read}. */
  async read(queue: MessageQueue): Promise<number | undefined> {
    return this.#table.read(queue) ?? await this.readStored(queue);
  }

  /** See {@linkcode OffsetStore.readStored}; what is read is noted. */
  async readStored(queue: MessageQueue): Promise<number | undefined> {
    const offset = await this.#remote.fetch(queue);
    if (offset !== undefined) this.#table.update(queue, offset, false);
    return offset;
  }

  /** See {@linkcode OffsetStore.persistAll}; one-way, failures are told and tried again next time. */
  async persistAll(queues: readonly MessageQueue[]): Promise<void> {
    this.#table.retain(queues);
    await Promise.all(
      this.#table.table().map(async ([queue, offset]) => {
        try {
          await this.#remote.commit(queue, offset, false);
        } catch (error) {
          this.#remote.failed(queue, error);
        }
      }),
    );
  }

  /** See {@linkcode OffsetStore.persist}. */
  async persist(queue: MessageQueue): Promise<void> {
    const offset = this.#table.read(queue);
    if (offset !== undefined) await this.#remote.commit(queue, offset, true);
  }

  /** See {@linkcode OffsetStore.remove}. */
  remove(queue: MessageQueue): void {
    this.#table.remove(queue);
  }

  /** See {@linkcode OffsetStore.table}. */
  table(topic?: string): [MessageQueue, number][] {
    return this.#table.table(topic);
  }
}
