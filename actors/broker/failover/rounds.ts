/**
 * Jobs one after the other, as long as there is one.
 *
 * Owns: whether one runs. Reads: what is next, each time anew. Never: overlaps two, or ends while there is one more: who looks in the very moment in which the last one ends is served too.
 */

/** What rounds are made of. */
export interface RoundsParts {
  /** What is to be done now; undefined when nothing is. */
  readonly next: () => (() => Promise<void>) | undefined;
  /** Told when a job fails; the next look goes on. */
  readonly failed: (error: unknown) => void;
}

/** Runs jobs. */
export class Rounds {
  readonly #parts: RoundsParts;
  #isRunning = false;
  #ended: Promise<void> = Promise.resolve();

  /** @param parts what they are made of */
  constructor(parts: RoundsParts) {
    this.#parts = parts;
  }

  /** Resolves when nothing runs. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** There may be something to do. */
  look(): void {
    if (!this.#isRunning) this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    const { next, failed } = this.#parts;
    this.#isRunning = true;
    try {
      for (let job = next(); job !== undefined; job = next()) await job();
    } catch (error) {
      failed(error);
    } finally {
      // In the same step in which there was nothing more: a look between the two would be lost.
      this.#isRunning = false;
    }
  }
}
