/**
 * A doorbell: wakes threads that wait for a cursor or a ring, and costs one load when nobody sleeps.
 *
 * A sleeper registers, looks at the cursor again, and only then waits on the bell's count; who rings publishes first and looks
 * at the sleepers afterwards. One of the two always sees the other, so no wake-up is lost. Waits are bounded all the same: a wait that
 * ends by time and then finds work although the count did not move is counted as missed, and that count must stay 0.
 *
 * ```
 *   word 0: count, rises with each ring that had a sleeper     word 1: sleepers     word 2: missed
 * ```
 */

/** Longest single wait of a sleeper that blocks its thread, so that a stop word is seen in time. Milliseconds. */
export const SLEEP_MS_MAX = 100;

/**
 * Longest single wait of a sleeper whose event loop is free: it hears of a stop by message and rings its own bell then. Five threads that woke ten times a second
 * took 1.5% of a core at rest. Milliseconds.
 */
export const SLEEP_ASYNC_MS_MAX = 5000;

/**
 * How long a sleeper that timed out and then saw work waits for the ring of that work before it counts it as missed: the thread
 * that published may not have come to its ring yet. Milliseconds.
 */
const GRACE_MS = 50;

const COUNT = 0;
const SLEEPERS = 1;
const MISSED = 2;
const WORDS = 3;

/** A bell in three Int32 words of a shared region. */
export class Doorbell {
  readonly #words: Int32Array;

  /**
   * @param buffer the region
   * @param byteOffset where the words lie; a multiple of 4
   */
  constructor(buffer: SharedArrayBuffer, byteOffset: number) {
    this.#words = new Int32Array(buffer, byteOffset, WORDS);
  }

  /** Wakes every sleeper. Call it after the work was published. */
  ring(): void {
    if (Atomics.load(this.#words, SLEEPERS) === 0) return;
    Atomics.add(this.#words, COUNT, 1);
    Atomics.notify(this.#words, COUNT);
  }

  /** How often a wait ended by time although work was there and nobody rang. */
  get missed(): number {
    return Atomics.load(this.#words, MISSED);
  }

  /** Threads that sleep on this bell now. */
  get sleepers(): number {
    return Atomics.load(this.#words, SLEEPERS);
  }

  /**
   * Blocks the thread until the bell rings, work is there, or the time is over. For worker threads only.
   *
   * @param hasWork looked at after the sleeper registered, and again when the wait ended
   * @param timeoutMs at most {@link SLEEP_MS_MAX}
   */
  sleep(hasWork: () => boolean, timeoutMs: number): void {
    const seen = Atomics.load(this.#words, COUNT);
    Atomics.add(this.#words, SLEEPERS, 1);
    try {
      if (hasWork()) return;
      const outcome = Atomics.wait(this.#words, COUNT, seen, Math.min(timeoutMs, SLEEP_MS_MAX));
      if (outcome !== "timed-out" || !hasWork()) return;
      if (Atomics.wait(this.#words, COUNT, seen, GRACE_MS) === "timed-out") Atomics.add(this.#words, MISSED, 1);
    } finally {
      Atomics.sub(this.#words, SLEEPERS, 1);
    }
  }

  /**
   * As {@link sleep}, but leaves the event loop of the thread free meanwhile.
   *
   * @param hasWork looked at after the sleeper registered
   * @param timeoutMs at most {@link SLEEP_ASYNC_MS_MAX}
   */
  async sleepAsync(hasWork: () => boolean, timeoutMs: number): Promise<void> {
    const seen = Atomics.load(this.#words, COUNT);
    Atomics.add(this.#words, SLEEPERS, 1);
    try {
      if (hasWork()) return;
      const wait = Atomics.waitAsync(this.#words, COUNT, seen, Math.min(timeoutMs, SLEEP_ASYNC_MS_MAX));
      const outcome = wait.async ? await wait.value : wait.value;
      if (outcome !== "timed-out" || !hasWork()) return;
      const grace = Atomics.waitAsync(this.#words, COUNT, seen, GRACE_MS);
      if ((grace.async ? await grace.value : grace.value) === "timed-out") Atomics.add(this.#words, MISSED, 1);
    } finally {
      Atomics.sub(this.#words, SLEEPERS, 1);
    }
  }
}
