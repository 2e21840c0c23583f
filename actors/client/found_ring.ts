/**
 * What a pull found, from PullMessageService's thread to the caller's through shared memory.
 *
 * A message between threads is cloned, wakes an event loop and becomes an event there; for a few records that costs more than everything else on their way
 * through the client. Small batches are copied into this ring instead, and the caller's thread is rung. What does not fit goes as a signal, and so does
 * everything but batches. Each entry says how many signals were sent before it, so the caller takes both in the order in which they were given.
 *
 * ```text
 *   word 0–5 bell · word 6 written bytes · word 8 taken bytes · from byte 64 on entries, each at a multiple of 8:
 *   | bytes of the entry | signals before | pull id | records | bytes of records | 0 | next, min, max offset, rtMs (float64) | starts | records |
 *   −1 as the bytes of an entry: the next one is at the beginning
 * ```
 *
 * Owns: the layout. One thread puts, one takes. Never does: wait.
 */

import { type BellSleeper, Doorbell, LaterRing } from "../../store/memory/doorbell.ts";
import type { PulledBatch } from "./pull_contract.ts";

/** Bytes of entries: a power of two. */
const CAPACITY = 256 * 1024;
/** Larger batches go as signals: they are moved there, not copied. */
const BATCH_BYTES_MAX = 16 * 1024;
const WRITTEN = 6;
const TAKEN = 8;
const ENTRIES_AT = 64;
const HEAD_BYTES = 24;
const NUMBERS = 4;
const STARTS_AT = HEAD_BYTES + NUMBERS * 8;
const WRAPPED = -1;
/** Longest sleep of the one who takes, in milliseconds. */
const TICK_MS = 5_000;

/** @returns memory for a ring */
export function foundRingMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(ENTRIES_AT + CAPACITY);
}

/** A ring over shared memory; one side puts, the other takes. */
export class FoundRing {
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #bell: Doorbell;
  readonly #later: LaterRing;

  /** @param memory of {@linkcode foundRingMemory} */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#numbers = new Float64Array(memory);
    this.#bytes = new Uint8Array(memory);
    this.#bell = new Doorbell(memory, 0);
    this.#later = new LaterRing(this.#bell);
  }

  /**
   * Puts a batch. The other side hears of it by {@linkcode ring}.
   *
   * @param batch what was found
   * @param signals signals sent so far
   * @returns false when it has to go as a signal
   */
  put(batch: PulledBatch, signals: number): boolean {
    const { bytes, starts, bodies } = batch;
    if (bodies.length > 0 || bytes.length > BATCH_BYTES_MAX) return false;
    const need = even(STARTS_AT + starts.length * 4) + even(bytes.length);
    const written = Atomics.load(this.#words, WRITTEN);
    const free = CAPACITY - ((written - Atomics.load(this.#words, TAKEN)) | 0);
    const index = written & (CAPACITY - 1);
    const skip = CAPACITY - index < need ? CAPACITY - index : 0;
    if (skip + need > free) return false;
    this.#later.publish();
    if (skip > 0) this.#words[(ENTRIES_AT + index) >> 2] = WRAPPED;
    this.#write(batch, signals, ENTRIES_AT + (skip > 0 ? 0 : index), need);
    Atomics.store(this.#words, WRITTEN, (written + skip + need) | 0);
    return true;
  }

  /** Wakes who takes, when something was put since the last call. */
  ring(): void {
    this.#later.endTurn();
  }

  /** Wakes who takes, whatever there is. */
  wake(): void {
    this.#bell.ring();
  }

  /** @returns who takes sleeps with it */
  sleeper(): BellSleeper {
    return this.#bell.sleeper(TICK_MS);
  }

  /**
   * @param signals signals received so far
   * @returns whether a batch is there whose turn it is
   */
  hasBatch(signals: number): boolean {
    const at = this.#next();
    return at >= 0 && ((this.#words[(at >> 2) + 1]! - signals) | 0) <= 0;
  }

  /**
   * Takes the next batch, a copy of its own.
   *
   * @param signals signals received so far
   * @returns undefined when none is there, or signals that were sent before it are still to come
   */
  take(signals: number): PulledBatch | undefined {
    if (!this.hasBatch(signals)) return undefined;
    const at = this.#next();
    const word = at >> 2;
    const records = this.#words[word + 3]!;
    const bytesAt = at + even(STARTS_AT + records * 4);
    const bytes = new Uint8Array(this.#words[word + 4]!);
    bytes.set(this.#bytes.subarray(bytesAt, bytesAt + bytes.length));
    const starts = new Int32Array(records);
    const startsWord = (at + STARTS_AT) >> 2;
    starts.set(this.#words.subarray(startsWord, startsWord + records));
    const number = (at + HEAD_BYTES) >> 3;
    const batch: PulledBatch = {
      id: this.#words[word + 2]!,
      bytes,
      starts,
      bodies: [],
      nextOffset: this.#numbers[number]!,
      minOffset: this.#numbers[number + 1]!,
      maxOffset: this.#numbers[number + 2]!,
      rtMs: this.#numbers[number + 3]!,
    };
    Atomics.store(this.#words, TAKEN, (Atomics.load(this.#words, TAKEN) + this.#words[word]!) | 0);
    return batch;
  }

  #write(batch: PulledBatch, signals: number, at: number, entryBytes: number): void {
    const { bytes, starts } = batch;
    const word = at >> 2;
    this.#words[word] = entryBytes;
    this.#words[word + 1] = signals | 0;
    this.#words[word + 2] = batch.id;
    this.#words[word + 3] = starts.length;
    this.#words[word + 4] = bytes.length;
    const number = (at + HEAD_BYTES) >> 3;
    this.#numbers[number] = batch.nextOffset;
    this.#numbers[number + 1] = batch.minOffset;
    this.#numbers[number + 2] = batch.maxOffset;
    this.#numbers[number + 3] = batch.rtMs;
    this.#words.set(starts, (at + STARTS_AT) >> 2);
    this.#bytes.set(bytes, at + even(STARTS_AT + starts.length * 4));
  }

  /** Where the next entry begins, −1 for none. */
  #next(): number {
    const written = Atomics.load(this.#words, WRITTEN);
    const taken = Atomics.load(this.#words, TAKEN);
    if (written === taken) return -1;
    const index = taken & (CAPACITY - 1);
    if (this.#words[(ENTRIES_AT + index) >> 2] !== WRAPPED) return ENTRIES_AT + index;
    Atomics.store(this.#words, TAKEN, (taken + CAPACITY - index) | 0);
    return ENTRIES_AT;
  }
}

/** Up to the next multiple of 8. */
function even(bytes: number): number {
  return (bytes + 7) & ~7;
}
