/**
 * Waiting on a condition of another process, with a deadline.
 *
 * Owns: the poll loop for things that no event tells us (a port that opens, a line in a log, a counter of a client).
 * Reads: the system clock.
 * Never: waits for time alone.
 *
 * @module
 */
import { systemClock } from "../../store/clock.ts";

/** How long to wait and for what. */
export interface Deadline {
  /** Longest wait, in milliseconds. */
  readonly timeoutMs: number;
  /** What is waited for, for the message of the error. */
  readonly what: string;
  /** Time between two looks, in milliseconds; 20 when left out. */
  readonly everyMs?: number;
}

/** A condition did not come true in time. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/**
 * Looks at a condition until it gives a value that is neither `undefined` nor `false`.
 *
 * @param look The condition.
 * @param deadline How long, and for what.
 * @returns The value that the condition gave.
 * @throws {DeadlineError} When the deadline passes.
 */
export async function waitFor<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  deadline: Deadline,
): Promise<T> {
  const end = systemClock.monotonicMs() + deadline.timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (systemClock.monotonicMs() > end) {
      throw new DeadlineError(`Waited ${deadline.timeoutMs} ms for ${deadline.what}`);
    }
    await systemClock.sleep(deadline.everyMs ?? 20);
  }
}
