/**
 * The queue table: what threads share about each queue, one slot for each (topic, queue id) that is served.
 *
 * Slots lie in chunks; BrokerController allocates them and announces new chunks with the topics that use them. An appender reads and
 * stores a queue's next offset under the append lock; ReputMessageService publishes the largest offset that consumers may see, retention the
 * smallest.
 *
 * The last units of a queue, its tail, lie here before they are written to its files, so that one of thousands of queues is written once for several units. The
 * unit of offset n has the place n mod 16. It is there from the store of a larger max offset on, and until the written offset says that it is in
 * the files; its place is used again only after that, so whoever copied it looks at the written offset once more.
 *
 * ```
 *   slot, 64 bytes:  0 next offset (low, high word; append lock)   8 max offset   16 min offset   24 written offset   …
 *   behind all slots, 320 bytes for each: the 16 units of its tail
 * ```
 */
import { putUnit, UNIT_BYTES } from "./consume_queue.ts";
import { attachRegion, createRegion, WORD_STRIDE_BYTES } from "./memory/region.ts";

const MAGIC = 0x51544142;
const LAYOUT_VERSION = 2;
const SLOT_BYTES = 64;
const SLOT_WORDS = SLOT_BYTES / 4;
const SLOT_LONGS = SLOT_BYTES / 8;
const HEADER_WORDS = WORD_STRIDE_BYTES / 4;
const HEADER_LONGS = WORD_STRIDE_BYTES / 8;
const HIGH = 0x1_0000_0000;

/** Slots of one chunk: 4,096 queues in 1.5 MiB, of which tails that were never used cost nothing. */
export const QUEUE_SLOTS_PER_CHUNK = 4096;

/** Units that the tail of a queue holds at most. */
export const TAIL_UNITS = 16;

const TAIL_BYTES = TAIL_UNITS * UNIT_BYTES;
const TAILS_START = WORD_STRIDE_BYTES + QUEUE_SLOTS_PER_CHUNK * SLOT_BYTES;

/** Chunks at most: 128 hold 524,288 queues. */
export const QUEUE_CHUNKS_MAX = 128;

/** Thrown when no slot is left, or a slot is used whose chunk is not attached. */
export class QueueTableError extends Error {
  /** Stable code of this error. */
  readonly code = "QUEUE_TABLE";
  override readonly name = "QueueTableError";
}

/** Where the units of a queue are that its files do not have yet. */
export interface QueueTail {
  /** The table. */
  readonly table: QueueTable;
  /** Slot of the queue, undefined or below 0 while it has none. */
  slot(): number | undefined;
}

/** Creates an empty chunk of the queue table. */
export function createQueueChunk(): SharedArrayBuffer {
  return createRegion(
    { magic: MAGIC, layoutVersion: LAYOUT_VERSION, capacity: QUEUE_SLOTS_PER_CHUNK },
    TAILS_START + QUEUE_SLOTS_PER_CHUNK * TAIL_BYTES,
  );
}

/** One thread's view of the queue table. */
export class QueueTable {
  readonly #words: Uint32Array[] = [];
  readonly #longs: BigInt64Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  readonly #views: DataView[] = [];
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
    this.#bytes.push(new Uint8Array(chunk));
    this.#views.push(new DataView(chunk));
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

  /** Units below this offset are in the queue's files; those from it up to {@link maxOffset} are in its tail. */
  writtenOffset(slot: number): number {
    return this.#load(slot, 3);
  }

  /** Publishes what {@link writtenOffset} returns. Only ReputMessageService, or recovery. */
  setWrittenOffset(slot: number, offset: number): void {
    this.#store(slot, 3, offset);
  }

  /**
   * Puts a unit into a queue's tail; {@link setMaxOffset} shows it. Only ReputMessageService.
   *
   * @param offset of the unit, less than {@link TAIL_UNITS} above the written offset
   */
  putUnit(slot: number, offset: number, position: number, size: number, tagsHigh: number, tagsLow: number): void {
    const view = this.#views[Math.floor(slot / QUEUE_SLOTS_PER_CHUNK)];
    if (view === undefined) throw new QueueTableError(`No queue slot ${slot}: the table has ${this.capacity}`);
    const at = TAILS_START + (slot % QUEUE_SLOTS_PER_CHUNK) * TAIL_BYTES + (offset % TAIL_UNITS) * UNIT_BYTES;
    putUnit(view, at, position, size, tagsHigh, tagsLow);
  }

  /**
   * Copies units out of a queue's tail. What is copied counts only when the written offset, looked at afterwards, is not above its offset.
   *
   * @param offset of the first
   * @param count units, at most {@link TAIL_UNITS}
   */
  copyTail(slot: number, offset: number, count: number, into: Uint8Array, at: number): void {
    const tails = this.#tails(slot);
    const start = TAILS_START + (slot % QUEUE_SLOTS_PER_CHUNK) * TAIL_BYTES;
    for (let unit = 0; unit < count; unit++) {
      const from = start + ((offset + unit) % TAIL_UNITS) * UNIT_BYTES;
      const to = at + unit * UNIT_BYTES;
      for (let byte = 0; byte < UNIT_BYTES; byte++) into[to + byte] = tails[from + byte]!;
    }
  }

  /** Sets all offsets of a slot that nobody uses yet; its units are in the files. */
  resetSlot(slot: number, offsets: { next: number; max: number; min: number }): void {
    this.setNextOffset(slot, offsets.next);
    this.setWrittenOffset(slot, offsets.max);
    this.setMaxOffset(slot, offsets.max);
    this.setMinOffset(slot, offsets.min);
  }

  #tails(slot: number): Uint8Array {
    const bytes = this.#bytes[Math.floor(slot / QUEUE_SLOTS_PER_CHUNK)];
    if (bytes === undefined) throw new QueueTableError(`No queue slot ${slot}: the table has ${this.capacity}`);
    return bytes;
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
