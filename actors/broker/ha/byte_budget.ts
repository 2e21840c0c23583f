/**
 * How many bytes may still go to a slave in the running second (`haFlowControlEnable`).
 *
 * Owns: the count of that second. Reads: times that it is given. Never: a timer.
 *
 * Source: apache/rocketmq store/ha/FlowMonitor.java canTransferMaxByteNum
 */

/** Length of a window. Milliseconds. */
const WINDOW_MS = 1000;

/** A bound of bytes for each second. */
export class ByteBudget {
  readonly #bytesMax: number;
  #left: number;
  #sinceMs: number;

  /** @param bytesMax of a second; Infinity for no bound; @param nowMs of the monotonic clock */
  constructor(bytesMax: number, nowMs: number) {
    this.#bytesMax = bytesMax;
    this.#left = bytesMax;
    this.#sinceMs = nowMs;
  }

  /** Bytes that may go now. */
  left(nowMs: number): number {
    if (nowMs - this.#sinceMs >= WINDOW_MS) {
      this.#sinceMs = nowMs;
      this.#left = this.#bytesMax;
    }
    return this.#left;
  }

  /** Milliseconds until there is more. */
  waitMs(nowMs: number): number {
    return Math.max(1, this.#sinceMs + WINDOW_MS - nowMs);
  }

  /** Counts bytes that go. */
  spend(bytes: number): void {
    this.#left = Math.max(0, this.#left - bytes);
  }
}
