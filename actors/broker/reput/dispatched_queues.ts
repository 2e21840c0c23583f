// hot
/**
 * What ReputMessageService knows of the queues that the dispatcher has opened, by the dispatcher's number: the slot in the queue table, the largest offset,
 * and who is woken by units.
 *
 * Owns: that. Reads: the topic view. Never: publishes anything.
 */
import { SCHEDULE_TOPIC } from "../../../store/dispatch_files.ts";
import { HALF_TOPIC } from "../../../store/half_message.ts";
import { TIMER_TOPIC } from "../../../store/timer/timer_message.ts";
import type { TopicUpdate, TopicView } from "../../../store/topic_view.ts";

/** Whose queue it is. */
export const QueueKind = { Plain: 0, Schedule: 1, Timer: 2, Half: 3 } as const;

/** One of {@link QueueKind}. */
export type QueueKindValue = (typeof QueueKind)[keyof typeof QueueKind];

/** Slot of a queue that is not in the topic table. */
const NONE = -1;

const ROW_NUMBERS = 4;
const SLOT = 0;
const KIND = 1;
const MAX = 2;
const QUEUE_ID = 3;

const KINDS: ReadonlyMap<string, QueueKindValue> = new Map([
  [SCHEDULE_TOPIC, QueueKind.Schedule],
  [TIMER_TOPIC, QueueKind.Timer],
  [HALF_TOPIC, QueueKind.Half],
]);

/** The opened queues. */
export class DispatchedQueues {
  readonly #view: TopicView;
  readonly #ofTopic = new Map<string, number[]>();
  /** A row for each queue: slot, kind, largest offset, queue id. */
  #rows = new Float64Array(64 * ROW_NUMBERS);

  /** @param view of the topics, kept up by its owner */
  constructor(view: TopicView) {
    this.#view = view;
  }

  /** Notes a queue under the number that the dispatcher gave it. */
  open(queue: number, topic: string, queueId: number): void {
    const known = this.#ofTopic.get(topic);
    if (known === undefined) this.#ofTopic.set(topic, [queue]);
    else known.push(queue);
    const row = queue * ROW_NUMBERS;
    if (row >= this.#rows.length) this.#grow(queue);
    this.#rows.set([this.#slotNow(topic, queueId), KINDS.get(topic) ?? QueueKind.Plain, 0, queueId], row);
  }

  /** Forgets a topic that was deleted: its queues have no slot from now on. */
  forget(topic: string): void {
    for (const queue of this.#ofTopic.get(topic) ?? []) this.#setSlot(queue, NONE);
    this.#ofTopic.delete(topic);
  }

  /**
   * Takes slots over from a step of the topic table, after the view has. Only its topics are looked at: thousands are made one by one.
   *
   * @param moved told of each queue that lost its slot, and then of each that got one: a slot that changes hands is left before it is taken
   */
  apply(update: TopicUpdate, moved: (queue: number) => void): void {
    const topics = update.whole ? this.#ofTopic.keys() : update.changed.map(({ topic }) => topic);
    const placed = new Map<number, number>();
    for (const topic of topics) {
      for (const queue of this.#ofTopic.get(topic) ?? []) {
        const slot = this.#slotNow(topic, this.#rows[queue * ROW_NUMBERS + QUEUE_ID]!);
        if (slot === this.slot(queue)) continue;
        if (slot !== NONE) placed.set(queue, slot);
        if (this.slot(queue) === NONE) continue;
        this.#setSlot(queue, NONE);
        moved(queue);
      }
    }
    for (const [queue, slot] of placed) {
      this.#setSlot(queue, slot);
      moved(queue);
    }
  }

  /** Slot in the queue table, below 0 for a queue that is not there. */
  slot(queue: number): number {
    return this.#rows[queue * ROW_NUMBERS + SLOT]!;
  }

  /** Whose queue it is. */
  kind(queue: number): QueueKindValue {
    return this.#rows[queue * ROW_NUMBERS + KIND] as QueueKindValue;
  }

  /** Offset behind the last unit since the queue was opened, 0 when there was none. */
  max(queue: number): number {
    return this.#rows[queue * ROW_NUMBERS + MAX]!;
  }

  /** Sets {@link max}. */
  setMax(queue: number, maxOffset: number): void {
    this.#rows[queue * ROW_NUMBERS + MAX] = maxOffset;
  }

  #setSlot(queue: number, slot: number): void {
    this.#rows[queue * ROW_NUMBERS + SLOT] = slot;
  }

  #grow(queue: number): void {
    const rows = new Float64Array(Math.max(this.#rows.length * 2, (queue + 1) * ROW_NUMBERS));
    rows.set(this.#rows);
    this.#rows = rows;
  }

  #slotNow(topic: string, queueId: number): number {
    return this.#view.get(topic)?.slots[queueId] ?? NONE;
  }
}
