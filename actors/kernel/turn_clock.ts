/**
 * The clock that an actor is given: its timers are turns of the actor.
 *
 * Owns: the timers that the actor has set.
 * Reads: the clock underneath.
 * Never: lets a timer fire after the actor has ended.
 *
 * @module
 */

import { type Clock, sleepOn, type Timer } from "../../store/clock.ts";

/** A clock whose timers go through the actor's turn. */
export class TurnClock implements Clock {
  readonly #clock: Clock;
  readonly #turn: (run: () => void) => void;
  readonly #timers = new Set<Timer>();
  #ended = false;

  /**
   * Makes a TurnClock.
   *
   * @param clock The clock underneath.
   * @param turn Runs a function as a turn.
   */
  constructor(clock: Clock, turn: (run: () => void) => void) {
    this.#clock = clock;
    this.#turn = turn;
  }

  /** Wall-clock time in milliseconds. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Milliseconds since some fixed moment. */
  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  /**
   * Waits; what follows is part of a turn. Never settles when the actor ends first.
   *
   * @param ms How long, in milliseconds.
   * @param signal Ends the wait early.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /**
   * Calls a function once, later, as a turn.
   *
   * @param ms How much later, in milliseconds.
   * @param fn What is called.
   */
  setTimer(ms: number, fn: () => void): Timer {
    if (this.#ended) return { cancel: (): void => {} };
    let cancelled = false;
    const inner = this.#clock.setTimer(ms, () => {
      this.#timers.delete(timer);
      this.#turn(() => {
        if (!cancelled) fn();
      });
    });
    const timer: Timer = {
      cancel: (): void => {
        cancelled = true;
        inner.cancel();
        this.#timers.delete(timer);
      },
    };
    this.#timers.add(timer);
    return timer;
  }

  /** Takes back every timer and refuses new ones. */
  end(): void {
    this.#ended = true;
    for (const timer of [...this.#timers]) timer.cancel();
  }
}
