/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { type Clock, sleepOn, type Timer } from "../../store/clock.ts";

interface Armed {
  readonly atMs: number;
  readonly number: number;
  readonly fn: () => void;
}

/** The clock. Timers fire in the order of their time, those of one moment in the order in which they were set. */
export class SimulatedClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #numbers = 0;
  readonly #timers = new Map<number, Armed>();

  /**
   * Makes a SimulatedClock.
   *
   * @param startMs Wall-clock time at the start, in milliseconds since 1970.
   */
  constructor(startMs = 1_700_000_000_000) {
    this.#wallMs = startMs;
  }

  nowMs(): number {
    return Math.floor(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  setTimer(ms: number, fn: () => void): Timer {
    const number = ++this.#numbers;
    this.#timers.set(number, { atMs: this.#monotonicMs + Math.max(ms, 0), number, fn });
    return { cancel: (): void => void this.#timers.delete(number) };
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer, undefined when none is set. */
  get nextMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.atMs - this.#monotonicMs;
  }

  /** Moves the wall clock alone, as when an administrator sets the time. */
  jumpWall(ms: number): void {
    this.#wallMs += ms;
  }

  /** Moves time on and fires what is due, at its own moment. Promises do not settle in between. */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms;
    for (let next = this.#next(); next !== undefined && next.atMs <= endMs; next = this.#next()) {
      this.#moveTo(next.atMs);
      this.#timers.delete(next.number);
      next.fn();
    }
    this.#moveTo(endMs);
  }

  /** As {@link advance}, and lets promises settle before each timer and at the end. */
  async run(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await settle();
    for (let next = this.#next(); next !== undefined && next.atMs <= endMs; next = this.#next()) {
      this.#moveTo(next.atMs);
      this.#timers.delete(next.number);
      next.fn();
      await settle();
    }
    this.#moveTo(endMs);
    await settle();
  }

  #next(): Armed | undefined {
    let next: Armed | undefined;
    for (const timer of this.#timers.values()) {
      if (next === undefined || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.number < next.number)) {
        next = timer;
      }
    }
    return next;
  }

  #moveTo(ms: number): void {
    this.#wallMs += ms - this.#monotonicMs;
    this.#monotonicMs = ms;
  }
}

/** Lets promises that can settle do so, inline turns included. */
async function settle(): Promise<void> {
  for (let round = 0; round < 4; round++) await new Promise((resolve) => setImmediate(resolve));
}
