/**
 * One queue this member owns: its cache, its pull, the work running on it.
 *
 * Owns: that state. Never does: IO.
 */

import type { MessageQueue } from "./message_queue.ts";
import { ProcessQueue } from "./process_queue.ts";
import type { PullProgress, PullThresholds } from "./pull_contract.ts";

/** A queue this member owns. */
export class OwnedQueue {
  /** The queue. */
  readonly queue: MessageQueue;
  /** Its cache. */
  readonly process: ProcessQueue;
  /** Number of its pull. */
  readonly pullId: number;
  /** Where the next pull begins, as far as known here. */
  nextOffset: number;
  /** Bounds on what is cached of it. */
  thresholds: PullThresholds = { count: -1, bytes: -1, span: -1 };
  #toldCount = 0;
  #toldBytes = 0;
  #running = 0;
  readonly #quiet: (() => void)[] = [];

  /**
   * @param queue the queue
   * @param pullId number of its pull
   * @param start offset of the first pull, and the wall clock
   */
  constructor(queue: MessageQueue, pullId: number, start: { offset: number; nowMs: number }) {
    this.queue = queue;
    this.pullId = pullId;
    this.nextOffset = start.offset;
    this.process = new ProcessQueue(start.nowMs);
  }

  /**
   * Whether much was finished since progress was last told.
   *
   * @param part of any bound
   */
  untold(part: number): boolean {
    const { count, bytes, span } = this.thresholds;
    const doneCount = this.process.releasedCount - this.#toldCount;
    const doneBytes = this.process.releasedBytes - this.#toldBytes;
    return (count >= 0 && doneCount >= count * part) || (bytes >= 0 && doneBytes >= bytes * part) ||
      (span >= 0 && doneCount >= span * part);
  }

  /**
   * Progress, which counts as told from now on.
   *
   * @param commitOffset offset to send along with pulls, 0 for none
   */
  progress(commitOffset: number): PullProgress {
    const { releasedCount, releasedBytes, minOffset } = this.process;
    this.#toldCount = releasedCount;
    this.#toldBytes = releasedBytes;
    return { id: this.pullId, releasedCount, releasedBytes, minOffset, commitOffset };
  }

  /** Listener calls that run on it. */
  get running(): number {
    return this.#running;
  }

  /** A listener call begins. */
  enter(): void {
    this.#running++;
  }

  /** A listener call has ended. */
  leave(): void {
    if (--this.#running === 0) { for (const settle of this.#quiet.splice(0)) settle(); }
  }

  /** Settles when no listener call runs on it. */
  quiet(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => this.#quiet.push(resolve));
  }
}
