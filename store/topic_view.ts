/**
 * The topic view: the read-only snapshot of the topic table that every thread but its owner works with.
 *
 * BrokerController owns the table and publishes numbered updates; a view applies them in order and answers with the version it has. An
 * update names only what changed. Views also keep the queue table's chunks attached, so a slot of an entry is always usable.
 */
import { QueueTable, type QueueTail } from "./queue_table.ts";

/** Perm bits of a topic. Source: apache/rocketmq common PermName */
export const TopicPerm = { Inherit: 1, Write: 2, Read: 4, Priority: 8 } as const;

/** What threads know about one topic. */
export interface TopicEntry {
  /** Topic name. */
  readonly topic: string;
  /** Queues that consumers read. */
  readonly readQueueNums: number;
  /** Queues that producers write. */
  readonly writeQueueNums: number;
  /** Bits of {@link TopicPerm}. */
  readonly perm: number;
  /** 1 unit, 2 unit-sub. */
  readonly topicSysFlag: number;
  /** Whether the topic is an order topic. */
  readonly order: boolean;
  /** "SINGLE_TAG" or "MULTI_TAG". */
  readonly topicFilterType: string;
  /** Slot of each queue id, at least max(read, write) of them. */
  readonly slots: readonly number[];
  /** Attributes such as `message.type`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** One numbered change of the topic table. Plain data that crosses threads. */
export interface TopicUpdate {
  /** Number of this update; they come without gaps. */
  readonly version: number;
  /** All chunks of the queue table. */
  readonly chunks: readonly SharedArrayBuffer[];
  /** Topics that are new or changed. */
  readonly changed: readonly TopicEntry[];
  /** Topics that are gone. */
  readonly removed: readonly string[];
  /** Whether this update holds the whole table, for a thread that starts. */
  readonly whole: boolean;
}

/** A thread's snapshot of the topic table. */
export class TopicView {
  readonly #topics = new Map<string, TopicEntry>();
  readonly #slots = new Map<number, { readonly entry: TopicEntry; readonly queueId: number }>();
  #version = 0;
  /** The queue table with every announced chunk attached. */
  readonly queues: QueueTable = new QueueTable();

  /** Version of the last update applied. */
  get version(): number {
    return this.#version;
  }

  /** Topics known. */
  get size(): number {
    return this.#topics.size;
  }

  /** The entry of a topic. */
  get(topic: string): TopicEntry | undefined {
    return this.#topics.get(topic);
  }

  /** All entries. */
  entries(): IterableIterator<TopicEntry> {
    return this.#topics.values();
  }

  /** The queue of a slot. */
  queueOf(slot: number): { readonly entry: TopicEntry; readonly queueId: number } | undefined {
    return this.#slots.get(slot);
  }

  /** The tail of a queue, for a reader of it; it stays right when the topic changes. */
  tailOf(topic: string, queueId: number): QueueTail {
    return { table: this.queues, slot: () => this.#topics.get(topic)?.slots[queueId] };
  }

  /**
   * Applies an update.
   *
   * @returns the version that this view has afterwards
   */
  apply(update: TopicUpdate): number {
    this.queues.attachNew(update.chunks);
    if (update.whole) {
      this.#topics.clear();
      this.#slots.clear();
    }
    for (const topic of update.removed) this.#remove(topic);
    for (const entry of update.changed) {
      this.#remove(entry.topic);
      this.#topics.set(entry.topic, entry);
      entry.slots.forEach((slot, queueId) => this.#slots.set(slot, { entry, queueId }));
    }
    this.#version = Math.max(this.#version, update.version);
    return this.#version;
  }

  #remove(topic: string): void {
    const old = this.#topics.get(topic);
    if (old === undefined) return;
    for (const slot of old.slots) this.#slots.delete(slot);
    this.#topics.delete(topic);
  }
}
