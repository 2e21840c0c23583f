/**
 * Messages pulled and waiting for a poll.
 *
 * Owns: the buffer and who waits on it. Reads: the clock. Never does: pull, commit.
 */

import type { Clock } from "../../store/clock.ts";
import { ClientError } from "./errors.ts";
import type { MessageExt } from "./message_ext.ts";
import type { OwnedQueue } from "./owned_queue.ts";

interface Batch {
  readonly owned: OwnedQueue;
  readonly messages: readonly MessageExt[];
}

/** A buffer between pulls and polls. */
export class PollBuffer {
  readonly #clock: Clock;
  readonly #batches: Batch[] = [];
  readonly #waiting: (() => void)[] = [];
  #count = 0;
  #closed = false;

  /** @param clock deadlines of polls */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Messages waiting. */
  get count(): number {
    return this.#count;
  }

  /**
   * @param owned queue
   * @param messages pulled messages
   */
  put(owned: OwnedQueue, messages: readonly MessageExt[]): void {
    this.#batches.push({ owned, messages });
    this.#count += messages.length;
    this.#waiting.shift()?.();
  }

  /**
   * Takes one batch of a queue that is still ours.
   *
   * @param timeoutMs longest wait, in milliseconds
   * @param signal ends the wait
   * @returns the batch; undefined when none came
   * @throws {ClientError} ABORTED
   */
  async take(timeoutMs: number, signal: AbortSignal | undefined): Promise<Batch | undefined> {
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    while (true) {
      if (signal?.aborted) throw new ClientError("ABORTED", "The poll was aborted", { cause: signal.reason });
      const batch = this.#batches.shift();
      if (batch !== undefined) {
        this.#count -= batch.messages.length;
        if (!batch.owned.process.dropped) return batch;
        continue;
      }
      const leftMs = deadlineMs - this.#clock.monotonicMs();
      if (leftMs <= 0 || this.#closed) return undefined;
      await this.#wait(leftMs, signal);
    }
  }

  /** Ends all polls. */
  close(): void {
    this.#closed = true;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        signal?.removeEventListener("abort", wake);
        const at = this.#waiting.indexOf(wake);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve();
      };
      const timer = this.#clock.setTimer(ms, wake);
      signal?.addEventListener("abort", wake, { once: true });
      this.#waiting.push(wake);
    });
  }
}
