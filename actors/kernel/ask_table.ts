/**
 * Asks that wait for their replies, on one port.
 *
 * Owns: ids, deadlines and the promises of the askers.
 * Reads: the clock.
 * Never: sends; whoever owns the table posts what {@link AskTable.open} returns the id of.
 *
 * @module
 */

import type { Clock, Timer } from "../../store/clock.ts";
import { AskOverflowError, AskTimeoutError, decodeError } from "./errors.ts";
import type { ReplyMessage } from "./wire.ts";

/** Most asks that may wait on one port. */
export const ASKS_OUTSTANDING_MAX = 65_536;

interface Waiting {
  readonly name: string;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The table. One timer serves all deadlines; it is set only while something waits. */
export class AskTable {
  readonly #clock: Clock;
  readonly #target: string;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #timer: Timer | undefined;
  #timerAtMs = Infinity;
  #lateReplies = 0;

  /** @param clock Counts the deadlines. @param target Who is asked, for messages. */
  constructor(clock: Clock, target: string) {
    this.#clock = clock;
    this.#target = target;
  }

  /** How many asks wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Replies that came after their deadline. */
  get lateReplies(): number {
    return this.#lateReplies;
  }

  /**
   * Enters an ask.
   *
   * @param name Name of the ask.
   * @param timeoutMs Milliseconds until it is given up.
   * @param post Sends the ask under the id given; when it throws, the ask is taken out again.
   * @returns Settles with the reply.
   */
  open(name: string, timeoutMs: number, post: (id: number) => void): Promise<unknown> {
    if (!(timeoutMs >= 0)) throw new RangeError(`Cannot ask "${name}": timeoutMs is ${timeoutMs}`);
    if (this.#waiting.size >= ASKS_OUTSTANDING_MAX) {
      return Promise.reject(
        new AskOverflowError(`Cannot ask "${name}" of ${this.#target}: ${ASKS_OUTSTANDING_MAX} asks wait already`),
      );
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
      post(id);
      this.#waiting.set(id, { name, timeoutMs, deadlineMs, resolve, reject });
      this.#arm(deadlineMs, timeoutMs);
    });
  }

  /** Settles the ask that a reply belongs to; a reply that nobody waits for is counted. */
  settle(reply: ReplyMessage): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) {
      this.#lateReplies++;
      return;
    }
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#disarm();
    if (reply.error === undefined) waiting.resolve(reply.value);
    else waiting.reject(decodeError(reply.error));
  }

  /** Rejects everything that waits. */
  rejectAll(makeError: (askName: string) => Error): void {
    this.#disarm();
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiting of all) waiting.reject(makeError(waiting.name));
  }

  #arm(deadlineMs: number, delayMs: number): void {
    if (deadlineMs >= this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = deadlineMs;
    this.#timer = this.#clock.setTimer(delayMs, () => this.#expire());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
  }

  #expire(): void {
    this.#disarm();
    const now = this.#clock.monotonicMs();
    let next = Infinity;
    for (const [id, waiting] of this.#waiting) {
      if (waiting.deadlineMs > now) {
        next = Math.min(next, waiting.deadlineMs);
        continue;
      }
      this.#waiting.delete(id);
      waiting.reject(
        new AskTimeoutError(`Cannot ask "${waiting.name}" of ${this.#target}: no reply within ${waiting.timeoutMs} ms`),
      );
    }
    if (next !== Infinity) this.#arm(next, next - now);
  }
}
