/**
 * Messages of one queue that were pulled and not yet finished, in order of their offsets.
 *
 * Owns: the cache, the offset that may be committed, the lock state of orderly consumption.
 * Reads: times given by the caller. Never does: IO.
 */

import type { MessageExt } from "./message_ext.ts";

/** A lock that was not renewed for this long is void here, in milliseconds. Source: client/impl/consumer/ProcessQueue.java REBALANCE_LOCK_MAX_LIVE_TIME */
export const LOCK_LIVE_MS = 30_000;
/** A queue that was not pulled for this long is given up, in milliseconds. Source: client/impl/consumer/ProcessQueue.java PULL_MAX_IDLE_TIME */
export const PULL_IDLE_MS_MAX = 120_000;

/** The cache of one queue. */
export class ProcessQueue {
  /** Set when the queue is being let go: nothing more of it is consumed; calls that run may still finish what they have. */
  dropped = false;
  /** Set when the offset of the queue is settled: what finishes later no longer counts. */
  voided = false;
  /** Whether the broker gave us the queue lock. */
  locked = false;
  /** When the lock was last given, in milliseconds since 1970. */
  lastLockMs = 0;
  /** When the queue was last pulled, in milliseconds since 1970. */
  lastPullMs: number;
  /** When a message was last taken for consumption, in milliseconds since 1970. */
  lastConsumeMs: number;
  /** How often unlocking was put off because consumption was running. */
  tryUnlockTimes = 0;
  /** Messages finished so far, ever growing. */
  releasedCount = 0;
  /** Bytes finished so far, ever growing. */
  releasedBytes = 0;
  readonly #messages = new Map<number, MessageExt>();
  readonly #taken = new Map<number, MessageExt>();
  #order: number[] = [];
  #head = 0;
  #maxOffset = -1;
  #bytes = 0;

  /** @param nowMs wall clock, in milliseconds */
  constructor(nowMs: number) {
    this.lastPullMs = nowMs;
    this.lastConsumeMs = nowMs;
  }

  /** Messages pulled and not finished. */
  get count(): number {
    return this.#messages.size + this.#taken.size;
  }

  /** Bytes of their bodies. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Largest offset ever put, −1 for none. */
  get maxOffset(): number {
    return this.#maxOffset;
  }

  /** Smallest offset that is not finished, −1 for none. */
  get minOffset(): number {
    const waiting = this.#firstWaiting();
    const taken = this.#taken.keys().next();
    if (taken.done) return waiting;
    return waiting < 0 ? taken.value : Math.min(waiting, taken.value);
  }

  /** Messages handed out of {@linkcode take} and not committed. */
  get takenCount(): number {
    return this.#taken.size;
  }

  /** Smallest and largest offset handed out and not committed, −1 for none. */
  get takenSpan(): { min: number; max: number } {
    if (this.#taken.size === 0) return { min: -1, max: -1 };
    const offsets = [...this.#taken.keys()];
    return { min: Math.min(...offsets), max: Math.max(...offsets) };
  }

  /**
   * Whether the lock is void because it was not renewed.
   *
   * @param nowMs wall clock, in milliseconds
   */
  lockExpired(nowMs: number): boolean {
    return nowMs - this.lastLockMs > LOCK_LIVE_MS;
  }

  /**
   * Whether the pull loop seems dead.
   *
   * @param nowMs wall clock, in milliseconds
   */
  pullExpired(nowMs: number): boolean {
    return nowMs - this.lastPullMs > PULL_IDLE_MS_MAX;
  }

  /**
   * Puts pulled messages, ascending.
   *
   * @param messages as pulled
   */
  put(messages: readonly MessageExt[]): void {
    for (const message of messages) {
      const offset = message.queueOffset;
      if (this.#messages.has(offset)) continue;
      this.#insert(offset, message);
      this.#bytes += message.bodyBytes;
      if (offset > this.#maxOffset) this.#maxOffset = offset;
    }
  }

  /**
   * Finishes messages.
   * Source: apache/rocketmq client/impl/consumer/ProcessQueue.java removeMessage
   *
   * @param messages finished ones
   * @param nowMs wall clock, in milliseconds
   * @returns the offset up to which everything is finished, −1 when nothing was cached
   */
  remove(messages: readonly MessageExt[], nowMs: number): number {
    this.lastConsumeMs = nowMs;
    if (this.#messages.size === 0) return -1;
    for (const message of messages) {
      if (this.#messages.delete(message.queueOffset)) this.#release(message);
    }
    const first = this.#firstWaiting();
    return first < 0 ? this.#maxOffset + 1 : first;
  }

  /**
   * Takes the next messages for orderly consumption; they count as unfinished until {@linkcode commit}.
   *
   * @param countMax at most this many
   * @param nowMs wall clock, in milliseconds
   * @returns messages in order of their offsets
   */
  take(countMax: number, nowMs: number): MessageExt[] {
    this.lastConsumeMs = nowMs;
    const batch: MessageExt[] = [];
    while (batch.length < countMax) {
      const offset = this.#firstWaiting();
      const message = offset < 0 ? undefined : this.#messages.get(offset);
      if (message === undefined) break;
      this.#messages.delete(offset);
      this.#taken.set(offset, message);
      batch.push(message);
    }
    return batch;
  }

  /**
   * Finishes all that was taken.
   *
   * @returns the offset after the last taken message, −1 when nothing was taken
   */
  commit(): number {
    let last = -1;
    for (const [offset, message] of this.#taken) {
      if (offset > last) last = offset;
      this.#release(message);
    }
    this.#taken.clear();
    return last < 0 ? -1 : last + 1;
  }

  /** Puts back all that was taken. */
  rollback(): void {
    const taken = [...this.#taken];
    this.#taken.clear();
    for (const [offset, message] of taken) this.#insert(offset, message);
  }

  /**
   * Puts back some of what was taken.
   *
   * @param messages to be consumed again
   */
  consumeAgain(messages: readonly MessageExt[]): void {
    for (const message of messages) {
      if (this.#taken.delete(message.queueOffset)) this.#insert(message.queueOffset, message);
    }
  }

  /** The unfinished message with the smallest offset that nobody took. */
  first(): MessageExt | undefined {
    const offset = this.#firstWaiting();
    return offset < 0 ? undefined : this.#messages.get(offset);
  }

  /** Forgets all messages. */
  clear(): void {
    for (const message of [...this.#messages.values(), ...this.#taken.values()]) this.#release(message);
    this.#messages.clear();
    this.#taken.clear();
    this.#order = [];
    this.#head = 0;
  }

  /** @throws {RangeError} when the counts do not fit each other */
  check(): void {
    if (this.#bytes < 0) throw new RangeError(`Process queue counts ${this.#bytes} bytes`);
    if (this.count === 0 && this.#bytes !== 0) throw new RangeError(`Empty process queue counts ${this.#bytes} bytes`);
    for (const offset of this.#messages.keys()) {
      if (this.#taken.has(offset)) throw new RangeError(`Offset ${offset} is waiting and taken`);
    }
  }

  #release(message: MessageExt): void {
    this.#bytes -= message.bodyBytes;
    this.releasedCount++;
    this.releasedBytes += message.bodyBytes;
  }

  #insert(offset: number, message: MessageExt): void {
    this.#messages.set(offset, message);
    const last = this.#order[this.#order.length - 1];
    if (last === undefined || this.#head === this.#order.length || offset > last) {
      this.#order.push(offset);
      return;
    }
    let at = this.#order.length;
    while (at > this.#head && (this.#order[at - 1] ?? -1) > offset) at--;
    if (this.#order[at - 1] !== offset || at === this.#head) this.#order.splice(at, 0, offset);
  }

  #firstWaiting(): number {
    while (this.#head < this.#order.length) {
      const offset = this.#order[this.#head];
      if (offset !== undefined && this.#messages.has(offset)) return offset;
      this.#head++;
    }
    this.#order = [];
    this.#head = 0;
    return -1;
  }
}
