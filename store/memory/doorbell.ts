/**
 * A doorbell: wakes threads that wait for a cursor or a ring, and costs two loads when nobody sleeps.
 *
 * A sleeper registers, looks at the cursor again, and only then waits on the bell's count; who rings publishes first and looks
 * at the sleepers afterwards. One of the two always sees the other, so no wake-up is lost. Waits are bounded all the same: a wait that
 * ends by time and then finds work that nobody rang for is counted as missed, and that count must stay 0.
 *
 * A thread can lose the processor between its publication and its ring, for as long as the machine is busy. So who publishes says before that a ring follows
 * ({@link Doorbell.willRing}), and a sleeper counts only when nobody is about to ring: whoever published what it sees has rung by then, the sleeper was
 * registered all the time, and the count would have moved. No clock takes part.
 *
 * Sleepers that block their thread and those whose event loop stays free have a count each. So a thread whose event loop sleeps on a bell can block on it for a
 * moment ({@link BellSleeper.block}), and the ring that ends this does not wake its event loop too.
 *
 * ```
 *   word 0: count, rises with each ring that had a sleeper     word 1: sleepers     word 2: missed     word 3: threads that are about to ring
 *   word 4: the same count of those that block                 word 5: those that block
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
const BLOCKED_COUNT = 4;
const BLOCKED = 5;
const WORDS = 6;

/** Bytes of a bell. */
export const BELL_BYTES: number = WORDS * 4;

/** A bell in six Int32 words of a shared region. */
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

  /** What {@link willRing} spoke of is done already, by who would have rung. */
  needsNoRing(): void {
    Atomics.sub(this.#words, RINGERS, 1);
  }

  /** Wakes every sleeper. For news that a sleeper does not look for as work, such as a stop. */
  ring(): void {
    if (Atomics.load(this.#words, BLOCKED) > 0) {
      Atomics.add(this.#words, BLOCKED_COUNT, 1);
      Atomics.notify(this.#words, BLOCKED_COUNT);
    }
    if (Atomics.load(this.#words, SLEEPERS) > 0) {
      Atomics.add(this.#words, COUNT, 1);
      Atomics.notify(this.#words, COUNT);
    }
  }

  /** How often a wait ended by time although work was there and nobody rang. */
  get missed(): number {
    return Atomics.load(this.#words, MISSED);
  }

  /** Threads that sleep on this bell now. */
  get sleepers(): number {
    return Atomics.load(this.#words, SLEEPERS) + Atomics.load(this.#words, BLOCKED);
  }

  /**
   * Blocks the thread until the bell rings, work is there, or the time is over. For worker threads only.
   *
   * @param hasWork looked at after the sleeper registered, and again when the wait ended
   * @param timeoutMs at most {@link SLEEP_MS_MAX}
   */
  sleep(hasWork: () => boolean, timeoutMs: number): void {
    const seen = Atomics.load(this.#words, BLOCKED_COUNT);
    Atomics.add(this.#words, BLOCKED, 1);
    try {
      if (hasWork()) return;
      const outcome = Atomics.wait(this.#words, BLOCKED_COUNT, seen, Math.min(timeoutMs, SLEEP_MS_MAX));
      if (outcome === "timed-out" && hasWork()) judge(this.#words, BLOCKED_COUNT, seen);
    } finally {
      Atomics.sub(this.#words, BLOCKED, 1);
    }
  }

  /**
   * For a loop that sleeps often and leaves the event loop of its thread free.
   *
   * @param tickMs longest sleep
   */
  sleeper(tickMs: number): BellSleeper {
    return new BellSleeper(this, this.#words, tickMs);
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
      if (outcome === "timed-out" && hasWork()) judge(this.#words, COUNT, seen);
    } finally {
      Atomics.sub(this.#words, SLEEPERS, 1);
    }
  }
}

/** The wait is over and work is there. The order of the two looks matters: a thread that rings in between is seen by the second. */
function judge(words: Int32Array, count: number, seen: number): void {
  if (Atomics.load(words, RINGERS) > 0) return;
  if (Atomics.load(words, count) === seen) Atomics.add(words, MISSED, 1);
}

/**
 * Sleeps of one loop on one bell, whose thread keeps its event loop free.
 *
 * A wait with a time limit of its own leaves a timer behind that wakes the event loop when the limit is over, though the wait ended long before: who
 * sleeps a thousand times a second is woken a thousand times more. So one wait without a limit serves all sleeps until the bell rings, and one timer all
 * until it fires.
 */
export class BellSleeper {
  readonly #bell: Doorbell;
  readonly #words: Int32Array;
  readonly #tickMs: number;
  readonly #never = new Int32Array(new SharedArrayBuffer(4));
  #isListening = false;
  #isTicking = false;
  #wake: ((byTime: boolean) => void) | undefined;

  /**
   * @param bell on which it sleeps, and its words
   * @param words of the bell
   * @param tickMs longest sleep, at most {@link SLEEP_ASYNC_MS_MAX}; sleeps may end earlier
   */
  constructor(bell: Doorbell, words: Int32Array, tickMs: number) {
    this.#bell = bell;
    this.#words = words;
    this.#tickMs = Math.min(tickMs, SLEEP_ASYNC_MS_MAX);
  }

  /**
   * Sleeps until the bell rings, work is there, or the time is over. One sleep at a time.
   *
   * @param hasWork looked at after the sleeper registered
   */
  async sleep(hasWork: () => boolean): Promise<void> {
    const seen = Atomics.load(this.#words, COUNT);
    Atomics.add(this.#words, SLEEPERS, 1);
    try {
      if (hasWork() || !this.#listen(seen)) return;
      this.#tick();
      const byTime = await new Promise<boolean>((resolve) => this.#wake = resolve);
      if (byTime && hasWork()) judge(this.#words, COUNT, seen);
    } finally {
      this.#wake = undefined;
      Atomics.sub(this.#words, SLEEPERS, 1);
    }
  }

  /** Ends the sleep of the loop, for a reason that nobody rings for. */
  wake(): void {
    this.#wake?.(false);
  }

  /**
   * Blocks the thread as {@link Doorbell.sleep} does, whether or not its loop sleeps here. Rings meanwhile are for this sleep alone: who called it has to look
   * for all that there is to do afterwards, and to {@link wake} the loop for what is the loop's.
   */
  block(hasWork: () => boolean, timeoutMs: number): void {
    const sleeps = this.#wake === undefined ? 0 : 1;
    Atomics.sub(this.#words, SLEEPERS, sleeps);
    try {
      this.#bell.sleep(hasWork, timeoutMs);
    } finally {
      Atomics.add(this.#words, SLEEPERS, sleeps);
    }
  }

  /** @returns false when the bell rang since `seen` was read */
  #listen(seen: number): boolean {
    // A wait that is still open when the count has moved was rung with it and ends at once.
    if (this.#isListening) return true;
    const ring = Atomics.waitAsync(this.#words, COUNT, seen);
    if (!ring.async) return false;
    this.#isListening = true;
    void ring.value.then(() => {
      this.#isListening = false;
      this.#wake?.(false);
    });
    return true;
  }

  #tick(): void {
    if (this.#isTicking) return;
    const tick = Atomics.waitAsync(this.#never, 0, 0, this.#tickMs);
    if (!tick.async) return;
    this.#isTicking = true;
    void tick.value.then(() => {
      this.#isTicking = false;
      this.#wake?.(true);
    });
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
