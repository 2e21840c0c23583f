/**
 * Appends encoded records: one, or a batch that must lie in one file.
 *
 * It fills in what is known only under the append lock: queue offset, position and store time. A batch of the appender has to be open.
 */
import { storeTimestampOffset } from "../protocol/record.ts";
import { sealPropertyCrc } from "./property_crc.ts";
import type { LogAppender } from "./log_appender.ts";
import type { LogMemory } from "./memory/log_memory.ts";
import type { QueueTable } from "./queue_table.ts";

/** Where a record came to lie. */
export interface Appended {
  /** Physical offset of the first record. */
  readonly position: number;
  /** Byte behind the last record. */
  readonly end: number;
  /** Queue offset of the first record. */
  readonly queueOffset: number;
}

/** Appends encoded records for one thread. */
export class RecordAppender {
  readonly #memory: LogMemory;
  readonly #appender: LogAppender;
  readonly #queues: QueueTable;
  readonly #hasPropertyCrc: boolean;

  /**
   * @param memory the log; @param appender of this thread; @param queues this thread's queue table
   * @param hasPropertyCrc records have room for a checksum of their own, which is filled in last
   */
  constructor(memory: LogMemory, appender: LogAppender, queues: QueueTable, hasPropertyCrc = false) {
    this.#memory = memory;
    this.#appender = appender;
    this.#queues = queues;
    this.#hasPropertyCrc = hasPropertyCrc;
  }

  /**
   * Appends records to one queue, behind each other.
   *
   * @param records encoded, each an array of its own; they are changed
   * @param slot of the queue
   * @param storeTimestampMs milliseconds since 1970
   * @returns where they lie, or one of `PlaceRefusal`
   */
  append(records: readonly Uint8Array[], slot: number, storeTimestampMs: number): Appended | number {
    let bytes = 0;
    for (const record of records) bytes += record.length;
    const index = this.#appender.place(bytes);
    if (index < 0) return index;
    const position = this.#appender.position;
    const queueOffset = this.#queues.nextOffset(slot);
    let at = 0;
    records.forEach((record, i) => {
      fill(record, queueOffset + i, position + at, storeTimestampMs);
      if (this.#hasPropertyCrc) sealPropertyCrc(record);
      this.#memory.ring.set(record, index + at);
      at += record.length;
    });
    this.#queues.setNextOffset(slot, queueOffset + records.length);
    this.#appender.advance(bytes);
    return { position, end: position + bytes, queueOffset };
  }
}

function fill(record: Uint8Array, queueOffset: number, position: number, storeTimestampMs: number): void {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  view.setBigInt64(20, BigInt(queueOffset));
  view.setBigInt64(28, BigInt(position));
  view.setBigInt64(storeTimestampOffset(view.getInt32(36)), BigInt(storeTimestampMs));
}
