/**
 * Bounds on what is in flight: requests and bytes, with a queue of those that wait.
 *
 * Owns: the counts. Reads: the clock. Never does: IO.
 */

import type { Clock } from "../../store/clock.ts";
import { ClientError } from "./errors.ts";

interface Waiter {
  readonly bytes: number;
  admit(): void;
}

/** Admits while there is room. */
export class InFlight {
  readonly #countMax: number;
  readonly #bytesMax: number;
  readonly #clock: Clock;
  readonly #waiters: Waiter[] = [];
  readonly #quiet: (() => void)[] = [];
  #count = 0;
  #bytes = 0;

  /**
   * @param bounds countMax and bytesMax
   * @param clock for deadlines of waiting
   */
  constructor(bounds: { countMax: number; bytesMax: number }, clock: Clock) {
    this.#countMax = bounds.countMax;
    this.#bytesMax = bounds.bytesMax;
    this.#clock = clock;
  }

  /** Requests in flight. */
  get count(): number {
    return this.#count;
  }

  /** Bytes in flight. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Enters at once when there is room and nobody waits.
   *
   * @param bytes size of the request
   * @returns whether it entered
   */
  tryEnter(bytes: number): boolean {
    if (this.#waiters.length > 0 || !this.#fits(bytes)) return false;
    this.#count++;
    this.#bytes += bytes;
    return true;
  }

  /**
   * Waits for room, first come, first served.
   *
   * @param bytes size of the request
   * @param wait timeoutMs and abort signal
   * @throws {ClientError} TOO_MANY_REQUESTS when no room comes in time, ABORTED
   */
  enter(bytes: number, wait: { timeoutMs: number; signal?: AbortSignal }): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (error: ClientError): void => {
        const at = this.#waiters.indexOf(waiter);
        if (at >= 0) this.#waiters.splice(at, 1);
        timer.cancel();
        wait.signal?.removeEventListener("abort", abort);
        reject(error);
      };
      const abort = (): void =>
        leave(new ClientError("ABORTED", "The call was aborted", { cause: wait.signal?.reason }));
      const timer = this.#clock.setTimer(wait.timeoutMs, () =>
        leave(
          new ClientError(
            "TOO_MANY_REQUESTS",
            `No room for the request within ${wait.timeoutMs} ms: ${this.#count} requests with ${this.#bytes} bytes are in flight`,
            { retryable: true },
          ),
        ));
      const waiter: Waiter = {
        bytes,
        admit: () => {
          timer.cancel();
          wait.signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      if (wait.signal?.aborted) return abort();
      wait.signal?.addEventListener("abort", abort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  /**
   * Leaves, and lets those in that now fit.
   *
   * @param bytes size given on entering
   */
  leave(bytes: number): void {
    this.#count--;
    this.#bytes -= bytes;
    for (let next = this.#waiters[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiters[0]) {
      this.#waiters.shift();
      this.#count++;
      this.#bytes += next.bytes;
      next.admit();
    }
    if (this.#count === 0) { for (const settle of this.#quiet.splice(0)) settle(); }
  }

  /** Settles when nothing is in flight. */
  quiet(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#quiet.push(resolve));
  }

  #fits(bytes: number): boolean {
    return this.#count < this.#countMax && (this.#count === 0 || this.#bytes + bytes <= this.#bytesMax);
  }
}
