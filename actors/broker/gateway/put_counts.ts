// hot
/**
 * Counts of what a gateway put into each queue, by slot of the queue table, without an object for each message.
 *
 * Owns: the counts since they were taken last, in one piece of memory, and the list of the queues that have any.
 */
import type { PutCount } from "../broker_controller_contract.ts";
import type { ServedTopic } from "./served_topic.ts";

/** Of each slot: messages, bytes. */
const SLOT_NUMBERS = 2;

/** Slots that there is room for at first. */
const SLOTS_AT_FIRST = 64;

/** Counts of puts. One for each gateway. */
export class PutCounts {
  #counts = new Float64Array(SLOTS_AT_FIRST * SLOT_NUMBERS);
  /** Queues with counts, in the order of their first message: topic, queue id and slot. */
  readonly #topics: ServedTopic[] = [];
  readonly #queueIds: number[] = [];
  readonly #slots: number[] = [];
  /** Counted before a topic was deleted, whose slots another one may get. */
  #cut: PutCount[] = [];

  /** Counts messages put into a queue. */
  count(topic: ServedTopic, queueId: number, slot: number, messages: number, recordBytes: number): void {
    const at = slot * SLOT_NUMBERS;
    if (at >= this.#counts.length) this.#grow(slot);
    const counts = this.#counts;
    const before = counts[at]!;
    if (before === 0) this.#first(topic, queueId, slot);
    counts[at] = before + messages;
    counts[at + 1] = counts[at + 1]! + recordBytes;
  }

  /** From now on slots may belong to other topics. */
  cut(): void {
    this.#cut = this.take();
  }

  /** Takes what was counted since the last call. */
  take(): PutCount[] {
    const counts = this.#counts;
    const puts = this.#cut;
    this.#cut = [];
    for (let i = 0; i < this.#slots.length; i++) {
      const at = this.#slots[i]! * SLOT_NUMBERS;
      const count = counts[at]!;
      const { topic } = this.#topics[i]!.entry;
      puts.push({ topic, queueId: this.#queueIds[i]!, count, times: count, bytes: counts[at + 1]!, latencyMs: 0 });
      counts[at] = counts[at + 1] = 0;
    }
    this.#topics.length = this.#queueIds.length = this.#slots.length = 0;
    return puts;
  }

  #first(topic: ServedTopic, queueId: number, slot: number): void {
    this.#topics.push(topic);
    this.#queueIds.push(queueId);
    this.#slots.push(slot);
  }

  #grow(slot: number): void {
    const counts = new Float64Array(Math.max(this.#counts.length * 2, (slot + 1) * SLOT_NUMBERS));
    counts.set(this.#counts);
    this.#counts = counts;
  }
}
