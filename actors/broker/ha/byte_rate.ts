/**
 * A rate of bytes: what came or went over the last second or more.
 *
 * Owns: two counts and their times. Reads: times that it is given. Never: a timer.
 */

/** Shortest time that a rate is taken over. Milliseconds. */
const WINDOW_MS = 1000;

/** Counts bytes. */
export class ByteRate {
  #bytes = 0;
  #sinceMs: number;
  #perSecond = 0;

  /** @param nowMs of the monotonic clock */
  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** Counts bytes. */
  add(bytes: number, nowMs: number): void {
    this.#roll(nowMs);
    this.#bytes += bytes;
  }

  /** Bytes a second. */
  at(nowMs: number): number {
    this.#roll(nowMs);
    return this.#perSecond;
  }

  #roll(nowMs: number): void {
    const elapsedMs = nowMs - this.#sinceMs;
    if (elapsedMs < WINDOW_MS) return;
    this.#perSecond = Math.round(this.#bytes * 1000 / elapsedMs);
    this.#bytes = 0;
    this.#sinceMs = nowMs;
  }
}
