/**
 * How often something may be restarted within a time.
 *
 * Owns: the moments of the restarts that still count.
 * Reads: nothing; the time is given.
 * Never: waits.
 *
 * @module
 */

/** The budget. */
export class RestartBudget {
  readonly #restartsMax: number;
  readonly #withinMs: number;
  readonly #atMs: number[] = [];

  /**
   * Makes a RestartBudget.
   *
   * @param restartsMax Restarts allowed.
   * @param withinMs Milliseconds within which they count.
   */
  constructor(restartsMax: number, withinMs: number) {
    this.#restartsMax = restartsMax;
    this.#withinMs = withinMs;
  }

  /**
   * Takes one restart from the budget.
   *
   * @param nowMs Monotonic time in milliseconds.
   * @returns False when the budget is used up.
   */
  take(nowMs: number): boolean {
    while (this.#atMs.length > 0 && nowMs - (this.#atMs[0] ?? nowMs) >= this.#withinMs) this.#atMs.shift();
    if (this.#atMs.length >= this.#restartsMax) return false;
    this.#atMs.push(nowMs);
    return true;
  }
}
