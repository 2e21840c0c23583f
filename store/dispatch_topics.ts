// hot
/**
 * Finds what dispatch knows about a topic by the bytes of its name in a record.
 *
 * Owns: an open hash table from name bytes to {@link DispatchTopic}.
 * Reads: the bytes of a record.
 * Never: makes a string for a topic that it has seen.
 */
import type { DispatchQueue } from "./dispatch_queue.ts";

/** Queue ids below this lie in an array, larger ones in a map. */
const QUEUE_IDS_DENSE = 1024;

/** What a topic begins with. */
export type DispatchTopicStart = Pick<
  DispatchTopic,
  "name" | "nameBytes" | "hash" | "keySeed" | "tagsSeed" | "isSchedule" | "deletedBelow"
>;

/** What dispatch knows about a topic. */
export class DispatchTopic {
  /** Name. */
  readonly name: string;
  /** Name in UTF-8. */
  readonly nameBytes: Uint8Array;
  /** Hash of the name bytes, as the table uses it. */
  readonly hash: number;
  /** Java hash of `name#`, with which each key's hash begins. */
  readonly keySeed: number;
  /** Java hash of `name#T#`, with which the hash of its tags as a key begins. */
  readonly tagsSeed: number;
  /** True for the topic whose tags codes are times of delivery. */
  readonly isSchedule: boolean;
  /** Records below this position belong to a topic of this name that was deleted. */
  deletedBelow = 0;
  readonly #queues: (DispatchQueue | undefined)[] = [];
  readonly #sparse = new Map<number, DispatchQueue>();

  /** @param topic name in both forms, its hashes and kind */
  constructor(topic: DispatchTopicStart) {
    this.name = topic.name;
    this.nameBytes = topic.nameBytes;
    this.hash = topic.hash;
    this.keySeed = topic.keySeed;
    this.tagsSeed = topic.tagsSeed;
    this.isSchedule = topic.isSchedule;
    this.deletedBelow = topic.deletedBelow;
  }

  /** The queue of an id that was opened. */
  queue(queueId: number): DispatchQueue | undefined {
    return queueId >= 0 && queueId < QUEUE_IDS_DENSE ? this.#queues[queueId] : this.#sparse.get(queueId);
  }

  /** Keeps the queue of an id. */
  setQueue(queueId: number, queue: DispatchQueue): void {
    if (queueId < 0 || queueId >= QUEUE_IDS_DENSE) {
      this.#sparse.set(queueId, queue);
      return;
    }
    while (this.#queues.length <= queueId) this.#queues.push(undefined);
    this.#queues[queueId] = queue;
  }

  /** All queues that were opened. */
  queues(): DispatchQueue[] {
    return [...this.#queues.filter((queue) => queue !== undefined), ...this.#sparse.values()];
  }
}

/** Hash of name bytes for the table. */
export function topicHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  return hash ^ (hash >>> 15);
}

/** Topics by the bytes of their names. */
export class DispatchTopics {
  #table: (DispatchTopic | undefined)[] = new Array<DispatchTopic | undefined>(64).fill(undefined);
  #mask = 63;
  #count = 0;

  /** Topics known. */
  get count(): number {
    return this.#count;
  }

  /** The topic with these name bytes, or undefined. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): DispatchTopic | undefined {
    const mask = this.#mask;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const topic = this.#table[slot];
      if (topic === undefined) return undefined;
      if (topic.hash === hash && isName(topic.nameBytes, bytes, start, end)) return topic;
    }
  }

  /** Adds a topic that `find` did not find. */
  add(topic: DispatchTopic): void {
    if ((this.#count + 1) * 2 > this.#table.length) this.#rebuild(this.all(), this.#table.length * 2);
    this.#place(topic);
    this.#count += 1;
  }

  /** Takes a topic out. */
  remove(topic: DispatchTopic): void {
    const rest = this.all().filter((one) => one !== topic);
    this.#rebuild(rest, this.#table.length);
    this.#count = rest.length;
  }

  /** All topics. */
  all(): DispatchTopic[] {
    return this.#table.filter((topic) => topic !== undefined);
  }

  #place(topic: DispatchTopic): void {
    let slot = topic.hash & this.#mask;
    while (this.#table[slot] !== undefined) slot = (slot + 1) & this.#mask;
    this.#table[slot] = topic;
  }

  #rebuild(topics: readonly DispatchTopic[], size: number): void {
    this.#table = new Array<DispatchTopic | undefined>(size).fill(undefined);
    this.#mask = size - 1;
    for (const topic of topics) this.#place(topic);
  }
}

function isName(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++) if (name[index] !== bytes[start + index]) return false;
  return true;
}
