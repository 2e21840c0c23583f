// hot
/**
 * Finds what dispatch knows about a topic by the bytes of its name in a record.
 *
 * Owns: the topics that it has seen.
 * Reads: the bytes of a record.
 * Never: makes a string for a topic that it has seen.
 */
import type { DispatchQueue } from "./dispatch_queue.ts";
import { NameTable } from "./name_table.ts";

/** Queue ids below this lie in an array, larger ones in a map. */
const QUEUE_IDS_DENSE = 1024;

/** What a topic begins with. */
export type DispatchTopicStart = Pick<
  DispatchTopic,
  "name" | "nameBytes" | "keySeed" | "tagsSeed" | "isSchedule" | "deletedBelow"
>;

/** What dispatch knows about a topic; what each record needs lies together. */
export class DispatchTopic {
  readonly #queues: (DispatchQueue | undefined)[] = [];
  /** Records below this position belong to a topic of this name that was deleted. */
  deletedBelow = 0;
  /** Java hash of `name#`, with which each key's hash begins. */
  readonly keySeed: number;
  /** Java hash of `name#T#`, with which the hash of its tags as a key begins. */
  readonly tagsSeed: number;
  /** True for the topic whose tags codes are times of delivery. */
  readonly isSchedule: boolean;
  readonly #sparse = new Map<number, DispatchQueue>();
  /** Name. */
  readonly name: string;
  /** Name in UTF-8. */
  readonly nameBytes: Uint8Array;

  /** @param topic name in both forms, its hashes and kind */
  constructor(topic: DispatchTopicStart) {
    this.name = topic.name;
    this.nameBytes = topic.nameBytes;
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

/** Topics by the bytes of their names. */
export class DispatchTopics {
  readonly #table = new NameTable();
  /** By number in the table. */
  readonly #topics: (DispatchTopic | undefined)[] = [];

  /** The topic with these name bytes, or undefined. */
  find(bytes: Uint8Array, start: number, end: number): DispatchTopic | undefined {
    const number = this.#table.find(bytes, start, end);
    return number < 0 ? undefined : this.#topics[number];
  }

  /** Adds a topic that `find` did not find. */
  add(topic: DispatchTopic): void {
    this.#topics[this.#table.add(topic.nameBytes)] = topic;
  }

  /** Takes a topic out. */
  remove(topic: DispatchTopic): void {
    this.#topics[this.#table.remove(topic.nameBytes)] = undefined;
  }

  /** All topics. */
  all(): DispatchTopic[] {
    return this.#topics.filter((topic) => topic !== undefined);
  }
}
