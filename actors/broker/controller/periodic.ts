/**
 * Work that is done again and again.
 *
 * Owns: the timers of the controller.
 * Reads: the clock.
 * Never: runs two rounds of the same work at once, nor lets a failed round end the next one; the caller is told of it.
 */
import type { Clock, Timer } from "../../../store/clock.ts";

/** A piece of repeated work. */
export interface PeriodicWork {
  readonly name: string;
  /** Milliseconds to the first round. */
  readonly firstMs: number;
  /** Milliseconds from the end of one round to the next; asked anew each time, because configuration changes. */
  readonly intervalMs: () => number;
  readonly run: () => void | Promise<void>;
}

/** Rounds of several pieces of work until they are stopped. */
export class PeriodicRounds {
  readonly #clock: Clock;
  readonly #timers = new Map<string, Timer>();
  readonly #failed: (name: string, error: unknown) => void;
  #stopped = false;

  /**
   * @param clock source of timers
   * @param failed hears of a round that threw
   */
  constructor(clock: Clock, failed: (name: string, error: unknown) => void) {
    this.#clock = clock;
    this.#failed = failed;
  }

  /** Starts a piece of work. */
  start(work: PeriodicWork): void {
    this.#arm(work, work.firstMs);
  }

  /** Starts no more rounds. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #arm(work: PeriodicWork, ms: number): void {
    if (this.#stopped) return;
    this.#timers.set(work.name, this.#clock.setTimer(ms, () => void this.#round(work)));
  }

  async #round(work: PeriodicWork): Promise<void> {
    try {
      await work.run();
    } catch (error) {
      this.#failed(work.name, error);
    }
    this.#arm(work, work.intervalMs());
  }
}
