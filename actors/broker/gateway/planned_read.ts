// hot
/**
 * Reads the records of a plan from the files with few system calls, and tells when a gateway may do so itself.
 *
 * Records of one queue lie behind each other or between those of a few others: one read that takes what is between along, and copies, is
 * cheaper than a read for each record.
 */
import type { Clock } from "../../../store/clock.ts";
import type { LogReader } from "../../../store/log_reader.ts";
import type { PullPlan } from "./pull_plan.ts";

/** Bytes that one read takes at most, records of other queues included. */
const SPAN_BYTES_MAX = 1024 * 1024;

/** One read for all is made while it takes at most so many times the bytes that are wanted. */
const SPAN_SHARE_MAX = 8;

/** A read that took longer waited for the disk. Milliseconds. */
const SLOW_READ_MS = 3;

/** So long a gateway leaves reads to ColdReadService after it waited for the disk. Milliseconds. */
const COLD_MS = 1_000;

/** Reads the log's files; may block. */
export type FileReader = Pick<LogReader, "readFromFile">;

/** Reads planned records; its buffer is made when it is needed first. */
export class PlannedRead {
  readonly #reader: FileReader;
  #scratch: Uint8Array | undefined;

  /** @param reader of the log */
  constructor(reader: FileReader) {
    this.#reader = reader;
  }

  /**
   * Reads all records of a plan, one behind the other. Blocks while the kernel fetches what is not in the page cache.
   *
   * @param plan what is read; one record at least
   * @param into where they go
   * @param start first byte there
   * @returns false when one of them cannot be read; what was written into `into` is void then
   */
  read(plan: PullPlan, into: Uint8Array, start: number): boolean {
    const reader = this.#reader;
    const { positions, sizes, count, bytes } = plan;
    const first = positions[0]!;
    const span = positions[count - 1]! + sizes[count - 1]! - first;
    if (span === bytes) return reader.readFromFile(first, span, into, start) === span;
    let at = start;
    if (span > bytes && span <= SPAN_BYTES_MAX && span <= bytes * SPAN_SHARE_MAX) {
      const scratch = this.#scratch ??= new Uint8Array(SPAN_BYTES_MAX);
      if (reader.readFromFile(first, span, scratch, 0) === span) {
        for (let i = 0; i < count; i++) {
          const from = positions[i]! - first;
          into.set(scratch.subarray(from, from + sizes[i]!), at);
          at += sizes[i]!;
        }
        return true;
      }
    }
    for (let i = 0; i < count; i++) {
      if (reader.readFromFile(positions[i]!, sizes[i]!, into, at) !== sizes[i]!) return false;
      at += sizes[i]!;
    }
    return true;
  }
}

/**
 * Tells whether the page cache is likely to have a part of the log, so that a gateway may read it without stalling its sockets: what was written since
 * this process began, as far back as RocketMQ takes for being in memory. A read that had to wait shows that the guess was wrong, and
 * closes the gate for a while.
 *
 * Source: apache/rocketmq store DefaultMessageStore.checkInMemByCommitOffset
 */
export class WarmGate {
  readonly #clock: Clock;
  readonly #floor: number;
  readonly #bytes: number;
  #closedUntilMs = -Infinity;
  #beganMs = 0;

  /**
   * @param clock measures reads
   * @param floor end of the log when this process began
   * @param bytes of the log's end that the page cache is taken to hold
   */
  constructor(clock: Clock, floor: number, bytes: number) {
    this.#clock = clock;
    this.#floor = floor;
    this.#bytes = bytes;
  }

  /** Whether a read at `position` may be tried, while the log ends at `end`. {@link leave} follows. */
  enter(position: number, end: number): boolean {
    if (position < this.#floor || end - position > this.#bytes) return false;
    this.#beganMs = this.#clock.monotonicMs();
    return this.#beganMs >= this.#closedUntilMs;
  }

  /** The read is over. */
  leave(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#beganMs > SLOW_READ_MS) this.#closedUntilMs = nowMs + COLD_MS;
  }
}
