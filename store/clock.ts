/**
 * The clock: the only source of time below the doors.
 *
 * Owns: the interface through which every part reads the time and waits for it, and the clock of this machine.
 * Reads: nothing.
 * Never: anything but time. Code that takes a {@link Clock} runs unchanged under a simulated one.
 *
 * @module
 */

/** A timer that was set and can be taken back. */
export interface Timer {
  /** Takes the timer back; does nothing when it has fired or was taken back already. */
  cancel(): void;
}

/** Time as a part sees it. Every duration is in milliseconds. */
export interface Clock {
  /** Wall-clock time in whole milliseconds since 1970; it may jump when the machine's time is set. */
  nowMs(): number;
  /** Milliseconds, with fractions, since some fixed moment; it never goes back. Deadlines are counted in it. */
  monotonicMs(): number;
  /**
   * Waits.
   *
   * @param ms How long, in milliseconds.
   * @param signal Ends the wait early.
   * @throws {unknown} The signal's reason when it is aborted.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls a function once, later.
   *
   * @param ms How much later, in milliseconds; never before the running turn has ended.
   * @param fn What is called.
   */
  setTimer(ms: number, fn: () => void): Timer;
}

/** Longest delay that the platform's timer takes, in milliseconds; a longer one would fire at once. */
const TIMER_MS_MAX = 2_147_483_647;

class SystemTimer implements Timer {
  #id: ReturnType<typeof setTimeout>;

  constructor(ms: number, fn: () => void) {
    this.#id = this.#arm(ms, fn);
  }

  cancel(): void {
    clearTimeout(this.#id);
  }

  #arm(ms: number, fn: () => void): ReturnType<typeof setTimeout> {
    if (ms <= TIMER_MS_MAX) return setTimeout(fn, ms);
    return setTimeout(() => {
      this.#id = this.#arm(ms - TIMER_MS_MAX, fn);
    }, TIMER_MS_MAX);
  }
}

/**
 * Waits on any clock; what {@link Clock.sleep} is made of.
 *
 * @param clock The clock whose timer is used.
 * @param ms How long, in milliseconds.
 * @param signal Ends the wait early.
 * @throws {unknown} The signal's reason when it is aborted.
 */
export function sleepOn(clock: Pick<Clock, "setTimer">, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(ms, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** The clock of this machine. */
export const systemClock: Clock = {
  nowMs: (): number => Date.now(),
  monotonicMs: (): number => performance.now(),
  sleep: (ms: number, signal?: AbortSignal): Promise<void> => sleepOn(systemClock, ms, signal),
  setTimer: (ms: number, fn: () => void): Timer => new SystemTimer(ms, fn),
};
