/**
 * Runs tasks in order of their arrival, so many at a time.
 *
 * Owns: what waits. Never does: drop tasks by itself; what is pushed is bounded by flow control.
 */

/** A queue of tasks with a bound on how many run. */
export class TaskQueue<T> {
  readonly #runningMax: number;
  readonly #run: (task: T) => Promise<void>;
  #tasks: T[] = [];
  #head = 0;
  #running = 0;

  /**
   * @param runningMax tasks that run at a time
   * @param run does a task; must not reject
   */
  constructor(runningMax: number, run: (task: T) => Promise<void>) {
    this.#runningMax = runningMax;
    this.#run = run;
  }

  /** Tasks that wait. */
  get waiting(): number {
    return this.#tasks.length - this.#head;
  }

  /** @param task runs at once when there is room */
  push(task: T): void {
    this.#tasks.push(task);
    if (this.#running < this.#runningMax) {
      this.#running++;
      void this.#loop();
    }
  }

  /** Forgets all that wait. */
  clear(): void {
    this.#tasks = [];
    this.#head = 0;
  }

  async #loop(): Promise<void> {
    try {
      while (this.#head < this.#tasks.length) {
        const task = this.#tasks[this.#head++]!;
        if (this.#head === this.#tasks.length) this.clear();
        else if (this.#head > 1_024 && this.#head * 2 > this.#tasks.length) {
          this.#tasks = this.#tasks.slice(this.#head);
          this.#head = 0;
        }
        await this.#run(task);
      }
    } finally {
      this.#running--;
    }
  }
}
