/**
 * Keeps a line that anybody can cause from filling the log.
 *
 * Owns: how many lines went out lately and how many were held back. Reads: the clock. Never: loses the fact that something was held back.
 */
import type { Clock } from "../../../store/clock.ts";

/** Lines of one interval at most. */
const LINES_MAX = 10;

/** Milliseconds. */
const INTERVAL_MS = 1_000;

/** A bounded way to the log. */
export class LogLimit {
  readonly #clock: Clock;
  readonly #write: (text: string) => void;
  #intervalEndMs = 0;
  #lines = 0;
  #heldBack = 0;

  /** @param clock of the actor; @param write the way to the log */
  constructor(clock: Clock, write: (text: string) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Writes a line, or counts it when there were too many; the next line that goes out says how many were not. */
  write(text: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#intervalEndMs) {
      this.#intervalEndMs = nowMs + INTERVAL_MS;
      this.#lines = 0;
    }
    if (this.#lines === LINES_MAX) {
      this.#heldBack++;
      return;
    }
    this.#lines++;
    const before = this.#heldBack === 0 ? "" : ` (${this.#heldBack} lines like this were held back)`;
    this.#heldBack = 0;
    this.#write(text + before);
  }
}
