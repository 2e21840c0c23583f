/**
 * Things that wait under a number until a deadline.
 *
 * Owns: the entries and one timer for all of them, set only while something waits.
 * Reads: the clock.
 * Never: decides what an entry's end means; the owner is told.
 *
 * @module
 */

import type { Clock, Timer } from "../../store/clock.ts";

/** Shortest time between two looks through the table, in milliseconds: it bounds what many deadlines cost. */
const LOOK_INTERVAL_MS = 10;

interface Entry<T> {
  readonly deadlineMs: number;
  readonly value: T;
}

/**
 * The table.
 *
 * - The first deadline is met to the millisecond; those that follow it, within 10 ms.
 * - An entry ends once: by {@link take}, by its deadline or by {@link drain}.
 */
export class DeadlineTable<T> {
  readonly #clock: Clock;
  readonly #expired: (value: T) => void;
  readonly #entries = new Map<number, Entry<T>>();
  #timer: Timer | undefined;
  #timerAtMs = Infinity;

  /**
   * Makes a DeadlineTable.
   *
   * @param clock Counts the deadlines.
   * @param expired Told of each entry whose deadline has passed.
   */
  constructor(clock: Clock, expired: (value: T) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** How many entries wait. */
  get size(): number {
    return this.#entries.size;
  }

  /** Whether something waits under a number. */
  has(number: number): boolean {
    return this.#entries.has(number);
  }

  /** What waits under a number; it stays. */
  get(number: number): T | undefined {
    return this.#entries.get(number)?.value;
  }

  /**
   * Enters something.
   *
   * @param number What it waits under; free.
   * @param timeoutMs Milliseconds until its deadline.
   * @param value What waits.
   * @throws {RangeError} When the number is taken or the time is not a number of at least 0.
   */
  add(number: number, timeoutMs: number, value: T): void {
    if (!(timeoutMs >= 0)) throw new RangeError(`Cannot wait: timeoutMs is ${timeoutMs}`);
    if (this.#entries.has(number)) throw new RangeError(`Cannot wait under ${number}: it is taken`);
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    this.#entries.set(number, { deadlineMs, value });
    this.#arm(deadlineMs, timeoutMs);
  }

  /**
   * Takes an entry out.
   *
   * @returns It, or undefined when nothing waits under the number.
   */
  take(number: number): T | undefined {
    const entry = this.#entries.get(number);
    if (entry === undefined) return undefined;
    this.#entries.delete(number);
    if (this.#entries.size === 0) this.#disarm();
    return entry.value;
  }

  /** Takes everything out, in the order in which it came. */
  drain(): T[] {
    this.#disarm();
    const values = Array.from(this.#entries.values(), (entry) => entry.value);
    this.#entries.clear();
    return values;
  }

  #arm(deadlineMs: number, delayMs: number): void {
    if (deadlineMs >= this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = deadlineMs;
    this.#timer = this.#clock.setTimer(delayMs, () => this.#look());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
  }

  #look(): void {
    this.#disarm();
    const nowMs = this.#clock.monotonicMs();
    const late: T[] = [];
    let nextMs = Infinity;
    for (const [number, entry] of this.#entries) {
      if (entry.deadlineMs > nowMs) nextMs = Math.min(nextMs, entry.deadlineMs);
      else {
        this.#entries.delete(number);
        late.push(entry.value);
      }
    }
    if (nextMs !== Infinity) {
      const atMs = Math.max(nextMs, nowMs + LOOK_INTERVAL_MS);
      this.#arm(atMs, atMs - nowMs);
    }
    for (const value of late) this.#expired(value);
  }
}
