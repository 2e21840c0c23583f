/**
 * A doorbell: wakes threads that wait for a cursor or a ring, and costs one load when nobody sleeps.
 *
 * A sleeper registers, looks at the cursor again, and only then waits on the bell's count; who rings publishes first and looks
 * at the sleepers afterwards. One of the two always sees the other, so no wake-up is lost. Waits are bounded all the same: a wait that
 * ends by time and then finds work that nobody rang for is counted as missed, and that count must stay 0.
 *
 * A thread can lose the processor between its publication and its ring, for as long as the machine is busy. So who publishes says before that a ring follows
 * ({@link Doorbell.willRing}), and a sleeper counts only when nobody is about to ring: whoever published what it sees has rung by then, the sleeper was
 * registered all the time, and the count would have moved. No clock takes part.
 *
 * ```
 *   word 0: count, rises with each ring that had a sleeper     word 1: sleepers     word 2: missed     word 3: threads that are about to ring
 * ```
 */

/** Longest single wait of a sleeper that blocks its thread, so that a stop word is seen in time. Milliseconds. */
export const SLEEP_MS_MAX = 100;

/**
 * Longest single wait of a sleeper whose event loop is free: it hears of a stop by message and rings its own bell then. Five threads that woke ten times a second
 * took 1.5% of a core at rest. Milliseconds.
 */
export const SLEEP_ASYNC_MS_MAX = 5000;

const COUNT = 0;
const SLEEPERS = 1;
const MISSED = 2;
const RINGERS = 3;
const WORDS = 4;

/** Bytes of a bell. */
export const BELL_BYTES = WORDS * 4;

/** A bell in four Int32 words of a shared region. */
export class Doorbell {
  readonly #words: Int32Array;

  /**
   * @param buffer the region
   * @param byteOffset where the words lie; a multiple of 4
   */
  constructor(buffer: SharedArrayBuffer, byteOffset: number) {
    this.#words = new Int32Array(buffer, byteOffset, WORDS);
  }

  /** Says that work is about to be published and that {@link ringAsSaid} follows, whatever happens in between. */
  willRing(): void {
    Atomics.add(this.#words, RINGERS, 1);
  }

  /** The ring that {@link willRing} spoke of: wakes every sleeper, after the work was published. */
  ringAsSaid(): void {
    this.ring();
    Atomics.sub(this.#words, RINGERS, 1);
  }

  /** Wakes every sleeper. For news that a sleeper does not look for as work, such as a stop. */
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
      if (outcome === "timed-out" && hasWork()) this.#judge(seen);
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
      if (outcome === "timed-out" && hasWork()) this.#judge(seen);
    } finally {
      Atomics.sub(this.#words, SLEEPERS, 1);
    }
  }

  /** Work is there. The order of the two looks matters: a thread that rings in between is seen by the second. */
  #judge(seen: number): void {
    if (Atomics.load(this.#words, RINGERS) > 0) return;
    if (Atomics.load(this.#words, COUNT) === seen) Atomics.add(this.#words, MISSED, 1);
  }
}

/** The ring of a thread that publishes in the middle of its turn, perhaps many times, and rings at the turn's end. */
export class LaterRing {
  readonly #bell: Doorbell;
  #isDue = false;

  /** @param bell that is rung */
  constructor(bell: Doorbell) {
    this.#bell = bell;
  }

  /** Before something is published. */
  publish(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#bell.willRing();
  }

  /** At the end of the turn, also of one that failed: rings when something was published. */
  endTurn(): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    this.#bell.ringAsSaid();
  }
}
