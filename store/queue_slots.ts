/**
 * Slots of the queue table: which slot belongs to which queue of which topic.
 *
 * Owns: the allocation of slots and chunks, and the offsets that recovery found for queues without a slot.
 * Reads: nothing.
 * Never: publishes. The owner tells the threads about chunks and slots by a topic update.
 *
 * A slot that a deleted topic gives back is used again only after {@linkcode QueueSlots.reclaim}, which the owner calls when
 * every thread has acknowledged the deletion; until then an append of an old view may still look at it.
 */
import {
  createQueueChunk,
  QUEUE_CHUNKS_MAX,
  QUEUE_SLOTS_PER_CHUNK,
  QueueTable,
  QueueTableError,
} from "./queue_table.ts";

/** A queue that recovery found in the store. */
export interface RecoveredQueue {
  readonly topic: string;
  readonly queueId: number;
  readonly minOffset: number;
  /** Dispatched end (exclusive) of the consume queue. */
  readonly maxOffset: number;
  /** Offset that the next record of this queue gets. */
  readonly nextOffset: number;
}

/** The slots of one broker. */
export class QueueSlots {
  readonly #slots = new Map<string, number[]>();
  readonly #recovered = new Map<string, Map<number, RecoveredQueue>>();
  readonly #free: number[] = [];
  #allocatedCount = 0;
  /** The table with every chunk attached. */
  readonly table: QueueTable = new QueueTable();

  /** @param queues what recovery found */
  constructor(queues: Iterable<RecoveredQueue> = []) {
    for (const queue of queues) {
      const known = this.#recovered.get(queue.topic);
      if (known === undefined) this.#recovered.set(queue.topic, new Map([[queue.queueId, queue]]));
      else known.set(queue.queueId, queue);
    }
  }

  /** All chunks in slot order. */
  get chunks(): readonly SharedArrayBuffer[] {
    return this.table.chunks;
  }

  /** Slots that a topic has, by queue id; empty when it has none. */
  slotsOf(topic: string): readonly number[] {
    return this.#slots.get(topic) ?? [];
  }

  /** Slot of one queue. */
  slotOf(topic: string, queueId: number): number | undefined {
    return this.#slots.get(topic)?.[queueId];
  }

  /** Highest queue id plus one that recovery found for a topic; 0 when it found none. */
  recoveredQueueNums(topic: string): number {
    let queueNums = 0;
    for (const queueId of this.#recovered.get(topic)?.keys() ?? []) queueNums = Math.max(queueNums, queueId + 1);
    return queueNums;
  }

  /**
   * Gives a topic slots for `queueNums` queues; slots that it has stay.
   *
   * @returns its slots, at least `queueNums`
   * @throws {QueueTableError} when the table is full; the topic then has what it had before
   */
  allocate(topic: string, queueNums: number): readonly number[] {
    const slots = this.#slots.get(topic) ?? [];
    const missing = queueNums - slots.length;
    const room = QUEUE_CHUNKS_MAX * QUEUE_SLOTS_PER_CHUNK - this.#allocatedCount + this.#free.length;
    if (missing > room) {
      throw new QueueTableError(`Cannot give topic "${topic}" ${missing} queue slots: ${room} are left`);
    }
    for (let queueId = slots.length; queueId < queueNums; queueId++) {
      const slot = this.#take();
      const found = this.#recovered.get(topic)?.get(queueId);
      this.table.resetSlot(slot, {
        next: found?.nextOffset ?? 0,
        max: found?.maxOffset ?? 0,
        min: found?.minOffset ?? 0,
      });
      slots.push(slot);
    }
    this.#slots.set(topic, slots);
    return slots;
  }

  /**
   * Takes a topic's slots away and forgets what recovery found for it.
   *
   * @returns the slots, to be given to {@linkcode reclaim} when no thread uses them any more
   */
  release(topic: string): readonly number[] {
    const slots = this.#slots.get(topic) ?? [];
    this.#slots.delete(topic);
    this.#recovered.delete(topic);
    return slots;
  }

  /** Makes released slots usable again. */
  reclaim(slots: readonly number[]): void {
    this.#free.push(...slots);
  }

  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#allocatedCount === this.table.capacity) this.table.attach(createQueueChunk());
    return this.#allocatedCount++;
  }
}
