/**
 * The queue table: what threads share about each queue, one slot for each (topic, queue id) that is served.
 *
 * Slots lie in chunks; BrokerController allocates them and announces new chunks with the topics that use them. An appender reads and
 * stores a queue's next offset under the append lock; ReputMessageService publishes the largest offset that consumers may see, retention the
 * smallest.
 *
 * ```
 *   slot, 64 bytes:  0 next offset (low, high word; append lock)   8 max offset   16 min offset   24 flags   …
 * ```
 */
import { attachRegion, createRegion, WORD_STRIDE_BYTES } from "./memory/region.ts";

const MAGIC = 0x51544142;
const LAYOUT_VERSION = 1;
const SLOT_BYTES = 64;
const SLOT_WORDS = SLOT_BYTES / 4;
const SLOT_LONGS = SLOT_BYTES / 8;
const HEADER_WORDS = WORD_STRIDE_BYTES / 4;
const HEADER_LONGS = WORD_STRIDE_BYTES / 8;
const HIGH = 0x1_0000_0000;

/** Slots of one chunk: 4,096 queues in 256 KiB. */
export const QUEUE_SLOTS_PER_CHUNK = 4096;

/** Chunks at most: 128 hold 524,288 queues. */
export const QUEUE_CHUNKS_MAX = 128;

/** Thrown when no slot is left, or a slot is used whose chunk is not attached. */
export class QueueTableError extends Error {
  /** Stable code of this error. */
  readonly code = "QUEUE_TABLE";
  override readonly name = "QueueTableError";
}

/** Creates an empty chunk of the queue table. */
export function createQueueChunk(): SharedArrayBuffer {
  return createRegion(
    { magic: MAGIC, layoutVersion: LAYOUT_VERSION, capacity: QUEUE_SLOTS_PER_CHUNK },
    WORD_STRIDE_BYTES + QUEUE_SLOTS_PER_CHUNK * SLOT_BYTES,
  );
}

/** One thread's view of the queue table. */
export class QueueTable {
  readonly #words: Uint32Array[] = [];
  readonly #longs: BigInt64Array[] = [];
  readonly #chunks: SharedArrayBuffer[] = [];

  /** @param chunks the chunks that exist, in order */
  constructor(chunks: readonly SharedArrayBuffer[] = []) {
    for (const chunk of chunks) this.attach(chunk);
  }

  /**
   * Adds the next chunk.
   *
   * @throws {QueueTableError} when {@link QUEUE_CHUNKS_MAX} are attached
   */
  attach(chunk: SharedArrayBuffer): void {
    if (this.#chunks.length >= QUEUE_CHUNKS_MAX) {
      throw new QueueTableError(`Cannot attach queue chunk: the table is full with ${QUEUE_CHUNKS_MAX} chunks`);
    }
    attachRegion(chunk, MAGIC, LAYOUT_VERSION);
    this.#chunks.push(chunk);
    this.#words.push(new Uint32Array(chunk));
    this.#longs.push(new BigInt64Array(chunk));
  }

  /** Brings this view up to `chunks`, of which it has the first ones already. */
  attachNew(chunks: readonly SharedArrayBuffer[]): void {
    for (let i = this.#chunks.length; i < chunks.length; i++) this.attach(chunks[i]!);
  }

  /** The chunks attached, in order. */
  get chunks(): readonly SharedArrayBuffer[] {
    return this.#chunks;
  }

  /** Slots that the attached chunks hold. */
  get capacity(): number {
    return this.#chunks.length * QUEUE_SLOTS_PER_CHUNK;
  }

  /** Offset that the next record of this queue gets. Under the append lock. */
  nextOffset(slot: number): number {
    const words = this.#words[Math.floor(slot / QUEUE_SLOTS_PER_CHUNK)];
    if (words === undefined) throw new QueueTableError(`No queue slot ${slot}: the table has ${this.capacity}`);
    const at = HEADER_WORDS + (slot % QUEUE_SLOTS_PER_CHUNK) * SLOT_WORDS;
    return words[at]! + words[at + 1]! * HIGH;
  }

  /** Stores the offset that the next record of this queue gets. Under the append lock. */
  setNextOffset(slot: number, offset: number): void {
    const words = this.#words[Math.floor(slot / QUEUE_SLOTS_PER_CHUNK)];
    if (words === undefined) throw new QueueTableError(`No queue slot ${slot}: the table has ${this.capacity}`);
    const at = HEADER_WORDS + (slot % QUEUE_SLOTS_PER_CHUNK) * SLOT_WORDS;
    words[at] = offset % HIGH;
    words[at + 1] = Math.floor(offset / HIGH);
  }

  /** Largest offset plus one that consumers may see. */
  maxOffset(slot: number): number {
    return this.#load(slot, 1);
  }

  /** Publishes what {@link maxOffset} returns. Only ReputMessageService, or recovery. */
  setMaxOffset(slot: number, offset: number): void {
    this.#store(slot, 1, offset);
  }

  /** Smallest offset whose record is still in the log. */
  minOffset(slot: number): number {
    return this.#load(slot, 2);
  }

  /** Publishes what {@link minOffset} returns. Only retention, or recovery. */
  setMinOffset(slot: number, offset: number): void {
    this.#store(slot, 2, offset);
  }

  /** Sets all three offsets of a slot that nobody uses yet. */
  resetSlot(slot: number, offsets: { next: number; max: number; min: number }): void {
    this.setNextOffset(slot, offsets.next);
    this.setMaxOffset(slot, offsets.max);
    this.setMinOffset(slot, offsets.min);
  }

  #load(slot: number, long: number): number {
    const longs = this.#longs[Math.floor(slot / QUEUE_SLOTS_PER_CHUNK)];
    if (longs === undefined) throw new QueueTableError(`No queue slot ${slot}: the table has ${this.capacity}`);
    return Number(Atomics.load(longs, HEADER_LONGS + (slot % QUEUE_SLOTS_PER_CHUNK) * SLOT_LONGS + long));
  }

  #store(slot: number, long: number, value: number): void {
    const longs = this.#longs[Math.floor(slot / QUEUE_SLOTS_PER_CHUNK)];
    if (longs === undefined) throw new QueueTableError(`No queue slot ${slot}: the table has ${this.capacity}`);
    Atomics.store(longs, HEADER_LONGS + (slot % QUEUE_SLOTS_PER_CHUNK) * SLOT_LONGS + long, BigInt(value));
  }
}
