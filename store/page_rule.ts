/**
 * When the log is brought further by time and dirty pages: to the device by FlushCommitLogService, to its file by CommitRealTimeService.
 *
 * Owns: when it was brought further without counting pages.
 * Reads: nothing; time and positions are handed in.
 * Never: decides how often it is asked; the interval is its caller's.
 *
 * Pages are counted as RocketMQ counts them, by the pages in which the two positions lie, not by the bytes between them; a file that is full is always due.
 * Source: apache/rocketmq store DefaultMappedFile.isAbleToFlush, isAbleToCommit; CommitLog.FlushRealTimeService, CommitRealTimeService
 */

/** Bytes of a page. Source: apache/rocketmq store DefaultMappedFile.OS_PAGE_SIZE */
export const PAGE_BYTES = 4096;

/** Options of {@link PageRule}. */
export interface PageRuleOptions {
  /** Pages that have to be dirty; 0 for any byte. */
  readonly leastPages: number;
  /** After this time any byte is enough. Milliseconds. */
  readonly thoroughMs: number;
  /** Bytes of one commit-log file. */
  readonly fileBytes: number;
}

/** Decides whether there is enough to do. */
export class PageRule {
  readonly #options: PageRuleOptions;
  #thoroughAtMs = -Infinity;

  /** @param options pages, time and file size */
  constructor(options: PageRuleOptions) {
    this.#options = options;
  }

  /**
   * Whether there is enough between two positions, or enough time has passed. Asking when it has passed begins the time anew, as in RocketMQ.
   *
   * @param nowMs milliseconds of a clock that only rises
   * @param from position that was reached
   * @param to position that can be reached
   */
  isDue(nowMs: number, from: number, to: number): boolean {
    const isThorough = nowMs >= this.#thoroughAtMs + this.#options.thoroughMs;
    if (isThorough) this.#thoroughAtMs = nowMs;
    if (to <= from) return false;
    return isThorough || this.hasPages(from, to);
  }

  /** Whether the dirty pages alone are enough. */
  hasPages(from: number, to: number): boolean {
    const { leastPages, fileBytes } = this.#options;
    if (to <= from) return false;
    if (leastPages <= 0 || Math.floor(to / fileBytes) > Math.floor(from / fileBytes)) return true;
    return Math.floor(to / PAGE_BYTES) - Math.floor(from / PAGE_BYTES) >= leastPages;
  }

  /** Begins the time anew, because everything there was has been done. */
  restart(nowMs: number): void {
    this.#thoroughAtMs = nowMs;
  }
}
