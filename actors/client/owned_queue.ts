/**
 * One queue this member owns: its cache, its pull, the work running on it.
 *
 * Owns: that state. Never does: IO.
 */

import type { MessageQueue } from "./message_queue.ts";
import { ProcessQueue } from "./process_queue.ts";

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
