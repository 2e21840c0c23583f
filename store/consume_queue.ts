/**
 * Consume queue: where the records of one queue are in the commit log, one unit for each record, in queue order.
 *
 * Owns: the layout of a unit, the name of a queue's directory, the default sizes.
 * Reads: nothing.
 * Never: holds a file; writers and readers do (`dispatch_queue.ts`, `consume_queue_reader.ts`).
 *
 * ```
 *   <root>/consumequeue/<topic>/<queueId>/<20-digit position>     files of 6,000,000 bytes = 300,000 units
 *
 *   unit, 20 bytes, big-endian:
 *   0            8      12           20
 *   | position   | size | tags code  |
 *   | of record  |      |            |
 * ```
 *
 * The unit of queue offset n lies at byte n × 20 of the queue. Units before the first record of a queue that does not
 * start at the start of a file are blank: position 0, size 0x7fffffff, tags code 0. Bytes not written yet are zeros,
 * which no unit can be, since a record is never empty.
 * Source: apache/rocketmq store/src/main/java/org/apache/rocketmq/store/ConsumeQueue.java
 */

/** Bytes of one unit. Source: apache/rocketmq store ConsumeQueue CQ_STORE_UNIT_SIZE */
export const UNIT_BYTES = 20;

/** Bytes of one file when nothing else is configured. Source: apache/rocketmq store MessageStoreConfig mappedFileSizeConsumeQueue */
export const QUEUE_FILE_BYTES = 300_000 * UNIT_BYTES;

/** Size that marks a blank unit. Source: apache/rocketmq store ConsumeQueue fillPreBlank */
export const BLANK_UNIT_SIZE = 0x7fff_ffff;

const HIGH = 0x1_0000_0000;

/** One unit, decoded. */
export interface QueueUnit {
  /** Position of the record in the commit log. */
  readonly position: number;
  /** Size of the record in bytes. */
  readonly size: number;
  /** Hash of the tags, or the time of delivery in ms in the schedule topic. */
  readonly tagsCode: number;
}

/** File size that a configured one stands for: rounded up to whole units. */
export function queueFileBytes(configuredBytes: number): number {
  return Math.ceil(configuredBytes / UNIT_BYTES) * UNIT_BYTES;
}

/**
 * The directory of a topic below the directory of all queues.
 *
 * @throws {RangeError} when the name could lead out of it
 */
export function queueTopicDirectory(root: string, topic: string): string {
  if (topic === "" || topic === "." || topic === ".." || /[/\0]/.test(topic)) {
    throw new RangeError(`Cannot name a directory after topic "${topic}"`);
  }
  return `${root}/${topic}`;
}

/** The directory of a queue below the directory of all queues. */
export function queueDirectory(root: string, topic: string, queueId: number): string {
  return `${root}/${topic}/${queueId}`;
}

/** Writes a unit at byte `at`; the tags code in two halves. */
export function putUnit(
  view: DataView,
  at: number,
  position: number,
  size: number,
  tagsHigh: number,
  tagsLow: number,
): void {
  view.setInt32(at, Math.floor(position / HIGH));
  view.setInt32(at + 4, position | 0);
  view.setInt32(at + 8, size);
  view.setInt32(at + 12, tagsHigh);
  view.setInt32(at + 16, tagsLow);
}

/** Position of the record that the unit at byte `at` points at. */
export function unitPosition(view: DataView, at: number): number {
  return view.getInt32(at) * HIGH + view.getUint32(at + 4);
}

/** Size of the record that the unit at byte `at` points at. */
export function unitSize(view: DataView, at: number): number {
  return view.getInt32(at + 8);
}

/** Tags code of the unit at byte `at`. */
export function unitTagsCode(view: DataView, at: number): number {
  return view.getInt32(at + 12) * HIGH + view.getUint32(at + 16);
}

/** True when a record or a blank is there, false where the queue ends. */
export function isUnit(view: DataView, at: number): boolean {
  return view.getInt32(at) >= 0 && view.getInt32(at + 8) > 0;
}

/** True for a unit that stands for no record. */
export function isBlankUnit(view: DataView, at: number): boolean {
  return view.getInt32(at + 8) === BLANK_UNIT_SIZE && view.getInt32(at) === 0 && view.getInt32(at + 4) === 0;
}

/** Decodes the unit at byte `at`. */
export function decodeUnit(view: DataView, at: number): QueueUnit {
  return { position: unitPosition(view, at), size: unitSize(view, at), tagsCode: unitTagsCode(view, at) };
}

/** Encodes a unit at byte `at`. */
export function encodeUnit(view: DataView, at: number, position: number, size: number, tagsCode: number): void {
  putUnit(view, at, position, size, Math.floor(tagsCode / HIGH), tagsCode % HIGH);
}
