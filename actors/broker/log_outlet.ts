/**
 * Appends and writes records for an actor that is no gateway: all of a list, or up to where the log refused.
 *
 * Owns: this thread's appender and writer. Reads: the queue table. Never: acknowledges anything; what it returns is written, and flushed when the flush
 * service comes by.
 */
import type { LogAppender } from "../../store/log_appender.ts";
import { type LogWriter, WriteOutcome } from "../../store/log_writer.ts";
import type { LogMemory } from "../../store/memory/log_memory.ts";
import { encodeNewMessage } from "../../store/new_message.ts";
import type { MessageWithText } from "../../store/half_message.ts";
import { withCrcRoom } from "../../store/property_crc.ts";
import { type Appended, RecordAppender } from "../../store/record_appender.ts";
import type { TopicView } from "../../store/topic_view.ts";
import { logAppenderOf, logWriterOf, type LogWriterParts } from "./log_writer_of.ts";

/** A record for a queue. */
export interface OutgoingRecord {
  readonly record: Uint8Array;
  /** Slot of the queue. */
  readonly slot: number;
}

/** What an outlet works with. */
export type LogOutletParts = LogWriterParts;

/** The log could not be written; the broker must not go on. */
export class LogWriteError extends Error {
  override readonly name = "LogWriteError";
  /** Closed code of this error. */
  readonly code = "LOG_WRITE_FAILED";
}

/** Appends and writes for one thread. */
export class LogOutlet {
  readonly #parts: LogOutletParts;
  readonly #memory: LogMemory;
  readonly #view: TopicView;
  readonly #appender: LogAppender;
  readonly #placer: RecordAppender;
  readonly #writer: LogWriter;
  readonly #hasPropertyCrc: boolean;

  /** @param parts what it works with */
  constructor(parts: LogOutletParts) {
    const { values, memory, view } = parts;
    this.#parts = parts;
    this.#memory = memory;
    this.#view = view;
    this.#hasPropertyCrc = values.enabledAppendPropCRC;
    this.#appender = logAppenderOf(parts);
    this.#placer = new RecordAppender(memory, this.#appender, view.queues, this.#hasPropertyCrc);
    this.#writer = logWriterOf(parts);
  }

  /**
   * Encodes a message for its queue.
   *
   * @returns undefined when this broker has no such queue, or when its limits were made smaller than the message, which is logged
   */
  encode({ message, text }: MessageWithText): OutgoingRecord | undefined {
    const slot = this.#view.get(message.topic)?.slots[message.queueId];
    if (slot === undefined || slot < 0) return undefined;
    const record = encodeNewMessage(message, this.#hasPropertyCrc ? withCrcRoom(text, true) : text);
    const limit = this.#appender.appendBytesMax;
    if (record.length <= limit) return { record, slot };
    this.#parts.warn(
      `${this.#parts.name}: a message of topic "${message.topic}" has ${record.length} bytes, the limit is ${limit}`,
    );
    return undefined;
  }

  /**
   * Appends and writes records in their order.
   *
   * @param records of any queues
   * @param nowMs store time, milliseconds since 1970
   * @returns where they lie; fewer than were given when the log refused the rest
   * @throws {LogWriteError} when the disk failed
   */
  deliver(records: readonly OutgoingRecord[], nowMs: number): Appended[] {
    const placed: Appended[] = [];
    while (placed.length < records.length) {
      if (!this.#appender.begin()) break;
      const epoch = this.#memory.epoch;
      const first = placed.length;
      try {
        for (let next = first; next < records.length; next++) {
          const { record, slot } = records[next]!;
          const at = this.#placer.append([record], slot, nowMs);
          if (typeof at === "number") break;
          placed.push(at);
        }
      } finally {
        this.#appender.end(nowMs);
      }
      const outcome = this.#writer.write();
      if (outcome === WriteOutcome.Failed) {
        throw new LogWriteError(`Cannot write the commit log: ${String(this.#writer.lastError)}`);
      }
      if (outcome === WriteOutcome.Refused || this.#memory.epoch !== epoch) {
        placed.length = first;
        break;
      }
      if (placed.length === first) break;
    }
    return placed;
  }
}
