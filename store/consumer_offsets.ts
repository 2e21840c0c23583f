/**
 * Consumer offsets: how far each group has consumed each queue.
 *
 * Owns: committed offsets, offsets that an operator has reset and no consumer has taken yet, offsets up to which a group
 * has pulled, and the data version of the table.
 * Reads: nothing.
 * Never: a file. Encoding lies in `consumer_offsets_json.ts`.
 *
 * An offset is the queue offset of the next message to consume. Keys are `topic@group` as in RocketMQ's file.
 */
import { type DataVersion, nextDataVersion } from "../protocol/data_version.ts";
import { OFFSETS_MAX, TableFullError } from "./table_limit.ts";

/** Separator of topic and group in a key. Source: apache/rocketmq broker ConsumerOffsetManager TOPIC_GROUP_SEPARATOR */
export const TOPIC_GROUP_SEPARATOR = "@";

/** Commits after which the data version moves. Source: apache/rocketmq common BrokerConfig consumerOffsetUpdateVersionStep */
export const COMMITS_PER_VERSION = 500;

/** Offsets of one key by queue id. */
export type QueueOffsets = Map<number, number>;

/** Topic and group of a key. */
export interface TopicGroup {
  readonly topic: string;
  readonly group: string;
}

/** Key of a topic and a group. */
export function offsetKey(topic: string, group: string): string {
  return topic + TOPIC_GROUP_SEPARATOR + group;
}

/** Topic and group of a key, or undefined when it does not have exactly one separator with text on both sides. */
export function splitOffsetKey(key: string): TopicGroup | undefined {
  const at = key.indexOf(TOPIC_GROUP_SEPARATOR);
  if (at <= 0 || at === key.length - 1 || key.indexOf(TOPIC_GROUP_SEPARATOR, at + 1) >= 0) return undefined;
  return { topic: key.slice(0, at), group: key.slice(at + 1) };
}

/** The table of one broker. */
export class ConsumerOffsets {
  readonly #committed = new Map<string, QueueOffsets>();
  readonly #reset = new Map<string, QueueOffsets>();
  readonly #pulled = new Map<string, QueueOffsets>();
  #version: DataVersion;
  #commitCount = 0;
  readonly #limit: number;
  #offsetCount = 0;
  #dirty = false;

  /**
   * @param version version of the table that was loaded, or of an empty one
   * @param limit offsets at most
   */
  constructor(version: DataVersion, limit: number = OFFSETS_MAX) {
    this.#version = version;
    this.#limit = limit;
  }

  /** Version of the table; it moves every {@linkcode COMMITS_PER_VERSION} commits. */
  get version(): DataVersion {
    return this.#version;
  }

  /** Whether something changed since {@linkcode markSaved}. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** Says that the table as it is now has been written. */
  markSaved(): void {
    this.#dirty = false;
  }

  /** Says that what was taken for written is not. */
  markUnsaved(): void {
    this.#dirty = true;
  }

  /** Keys with their offsets, in the order of first commit. */
  entries(): IterableIterator<[string, QueueOffsets]> {
    return this.#committed.entries();
  }

  /** Puts what a file or a master said in place of everything. */
  replace(entries: Iterable<readonly [string, QueueOffsets]>, version: DataVersion): void {
    this.#committed.clear();
    this.#offsetCount = 0;
    for (const [key, offsets] of entries) this.#place(key, new Map(offsets));
    this.#version = version;
    this.#dirty = true;
  }

  /** Puts what another broker said over what is here; groups that it does not know stay. */
  adopt(entries: Iterable<readonly [string, QueueOffsets]>, version: DataVersion): void {
    for (const [key, offsets] of entries) this.#place(key, new Map(offsets));
    this.#version = version;
    this.#dirty = true;
  }

  /**
   * Records a commit; it may go backwards, as in RocketMQ.
   *
   * @throws {TableFullError} when the queue is new to the group and there is no room for it
   */
  commit(group: string, topic: string, queueId: number, offset: number, nowMs: number): void {
    this.#commit(offsetKey(topic, group), queueId, offset);
    if (++this.#commitCount % COMMITS_PER_VERSION === 0) this.#version = nextDataVersion(this.#version, nowMs);
  }

  /** Records up to where a group has pulled. What finds no room is not known. */
  commitPulled(group: string, topic: string, queueId: number, offset: number): void {
    const key = offsetKey(topic, group);
    if (!this.#pulled.has(key) && this.#pulled.size >= this.#limit) return;
    put(this.#pulled, key, queueId, offset);
  }

  /** Pending reset offset, else the committed one, else −1. */
  query(group: string, topic: string, queueId: number): number {
    const key = offsetKey(topic, group);
    return this.#reset.get(key)?.get(queueId) ?? this.#committed.get(key)?.get(queueId) ?? -1;
  }

  /** Up to where the group has pulled; what {@linkcode query} says when it is not known. */
  queryPulled(group: string, topic: string, queueId: number): number {
    return this.#pulled.get(offsetKey(topic, group))?.get(queueId) ?? this.query(group, topic, queueId);
  }

  /** Committed offsets of a group and topic by queue id. */
  queuesOf(group: string, topic: string): ReadonlyMap<number, number> | undefined {
    return this.#committed.get(offsetKey(topic, group));
  }

  /** Topics for which the group has committed. */
  topicsOf(group: string): string[] {
    return this.#keys().filter((key) => key.group === group).map((key) => key.topic);
  }

  /** Groups that have committed for the topic. */
  groupsOf(topic: string): string[] {
    return this.#keys().filter((key) => key.topic === topic).map((key) => key.group);
  }

  /** Groups with their topics, in the order of first commit. */
  groupTopics(): Map<string, string[]> {
    const table = new Map<string, string[]>();
    for (const { topic, group } of this.#keys()) {
      const topics = table.get(group);
      if (topics === undefined) table.set(group, [topic]);
      else topics.push(topic);
    }
    return table;
  }

  /**
   * Sets an offset that the next pull of this queue is answered with; the commit table follows at once.
   * Source: apache/rocketmq broker ConsumerOffsetManager.assignResetOffset
   *
   * @returns false when the arguments cannot be a reset (negative queue or offset)
   * @throws {TableFullError} when the queue is new to the group and there is no room for it
   */
  reset(group: string, topic: string, queueId: number, offset: number): boolean {
    if (topic === "" || group === "" || queueId < 0 || offset < 0) return false;
    const key = offsetKey(topic, group);
    this.#commit(key, queueId, offset);
    put(this.#reset, key, queueId, offset);
    return true;
  }

  /** Whether a reset waits for its pull; commits of this queue are ignored meanwhile. */
  hasReset(group: string, topic: string, queueId: number): boolean {
    return this.#reset.get(offsetKey(topic, group))?.has(queueId) ?? false;
  }

  /** A pull took the reset offset. @returns it, or undefined when none waited */
  takeReset(group: string, topic: string, queueId: number): number | undefined {
    const key = offsetKey(topic, group);
    const table = this.#reset.get(key);
    const offset = table?.get(queueId);
    if (table !== undefined && table.delete(queueId) && table.size === 0) this.#reset.delete(key);
    return offset;
  }

  /** Every reset that waits. */
  resets(): { group: string; topic: string; queueId: number; offset: number }[] {
    const all: { group: string; topic: string; queueId: number; offset: number }[] = [];
    for (const [key, queues] of this.#reset) {
      const split = splitOffsetKey(key);
      if (split === undefined) continue;
      for (const [queueId, offset] of queues) all.push({ ...split, queueId, offset });
    }
    return all;
  }

  /**
   * Copies the offsets of one group to another for a topic.
   * Source: apache/rocketmq broker ConsumerOffsetManager.cloneOffset
   *
   * @throws {TableFullError} when there is no room for them
   */
  clone(source: string, destination: string, topic: string): void {
    const offsets = this.#committed.get(offsetKey(topic, source));
    if (offsets === undefined) return;
    if (this.#offsetCount + offsets.size > this.#limit) throw new TableFullError("consumer offsets", this.#limit);
    this.#place(offsetKey(topic, destination), new Map(offsets));
    this.#dirty = true;
  }

  /** Forgets everything of a group. */
  removeGroup(group: string): void {
    for (const table of [this.#committed, this.#reset, this.#pulled]) {
      this.#remove(table, (key) => key.group === group);
    }
  }

  /** Forgets everything of a topic. */
  removeTopic(topic: string): void {
    for (const table of [this.#committed, this.#reset, this.#pulled]) {
      this.#remove(table, (key) => key.topic === topic);
    }
  }

  #commit(key: string, queueId: number, offset: number): void {
    const isNew = this.#committed.get(key)?.has(queueId) !== true;
    if (isNew && this.#offsetCount >= this.#limit) throw new TableFullError("consumer offsets", this.#limit);
    if (isNew) this.#offsetCount++;
    put(this.#committed, key, queueId, offset);
    this.#dirty = true;
  }

  #place(key: string, queues: QueueOffsets): void {
    this.#offsetCount += queues.size - (this.#committed.get(key)?.size ?? 0);
    this.#committed.set(key, queues);
  }

  #keys(): TopicGroup[] {
    const keys: TopicGroup[] = [];
    for (const key of this.#committed.keys()) {
      const split = splitOffsetKey(key);
      if (split !== undefined) keys.push(split);
    }
    return keys;
  }

  #remove(table: Map<string, QueueOffsets>, matches: (key: TopicGroup) => boolean): void {
    for (const key of table.keys()) {
      const split = splitOffsetKey(key);
      if (split === undefined || !matches(split)) continue;
      if (table === this.#committed) this.#offsetCount -= table.get(key)?.size ?? 0;
      table.delete(key);
      this.#dirty = true;
    }
  }
}

function put(table: Map<string, QueueOffsets>, key: string, queueId: number, offset: number): void {
  const queues = table.get(key);
  if (queues === undefined) table.set(key, new Map([[queueId, offset]]));
  else queues.set(queueId, offset);
}
