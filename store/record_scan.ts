// hot
/**
 * Finds the fields of a stored record in its bytes, without making an object for it.
 *
 * Owns: the numbers of the record it looked at last. One instance is reused for every record of a thread.
 * Reads: bytes of the commit log, from the ring or from a file.
 * Never: trusts a length: whatever does not add up is `Invalid`, and the caller decides what that means.
 *
 * ```
 *   0 size   4 magic   8 body CRC   12 queue id   16 flag   20 queue offset   28 position   36 system flags   40 born time
 *   48 born host (8 or 20)   store time   store host (8 or 20)   reconsume times 4   prepared offset 8
 *   body length 4, body   topic length 1 or 2, topic   properties length 2, properties
 * ```
 * Source: apache/rocketmq store CommitLog checkMessageAndReturnSize
 */

import {
  BLANK_RECORD_BYTES_MIN,
  bodyLengthOffset,
  MAGIC_BLANK,
  MAGIC_V1,
  MAGIC_V2,
  RECORD_BYTES_MIN,
  RecordOffset,
  storeTimestampOffset,
} from "../protocol/record.ts";

/** What lies at a position of the log. */
export const ScanKind = {
  /** A record; its fields are set. */
  Record: 0,
  /** The rest of the file is blank; the log goes on in the next file. */
  Blank: 1,
  /** No record: zeros, another magic, or lengths that do not add up. */
  Invalid: 2,
  /** It may be a record, but its bytes go on behind what the caller gave. */
  Short: 3,
} as const;

/** One of {@link ScanKind}. */
export type ScanKindValue = (typeof ScanKind)[keyof typeof ScanKind];

const HIGH = 0x1_0000_0000;
/** Finds the fields of stored records. */
export class RecordScan {
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  /** Bytes of the record, or of the blank. */
  size = 0;
  /** 31-bit CRC of the body. */
  bodyCrc = 0;
  /** Queue id. */
  queueId = 0;
  /** Offset in the queue. */
  queueOffset = 0;
  /** Position in the log that the record says it has. */
  position = 0;
  /** System flags. */
  sysFlag = 0;
  /** Store time in ms. */
  storeTimestampMs = 0;
  /** First byte of the body. */
  bodyStart = 0;
  /** Byte behind the body. */
  bodyEnd = 0;
  /** First byte of the topic. */
  topicStart = 0;
  /** Byte behind the topic. */
  topicEnd = 0;
  /** First byte of the properties. */
  propertiesStart = 0;
  /** Byte behind the properties. */
  propertiesEnd = 0;

  /** The bytes that are scanned. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** A view of the same bytes. */
  get view(): DataView {
    return this.#view;
  }

  /** Sets the bytes that the next calls of `scan` look at; once a batch. */
  attach(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Looks at what begins at `at`.
   *
   * @param at first byte of a record
   * @param end byte behind the last that may be looked at
   * @returns one of {@link ScanKind}
   */
  scan(at: number, end: number): ScanKindValue {
    if (end - at < BLANK_RECORD_BYTES_MIN) return ScanKind.Short;
    const view = this.#view;
    const size = view.getInt32(at);
    const magic = view.getInt32(at + 4);
    this.size = size;
    if (magic === MAGIC_BLANK) return size >= BLANK_RECORD_BYTES_MIN ? ScanKind.Blank : ScanKind.Invalid;
    if ((magic !== MAGIC_V1 && magic !== MAGIC_V2) || size < RECORD_BYTES_MIN) return ScanKind.Invalid;
    if (size > end - at) return ScanKind.Short;
    this.bodyCrc = view.getInt32(at + RecordOffset.BODY_CRC);
    this.queueId = view.getInt32(at + RecordOffset.QUEUE_ID);
    const queueOffset = at + RecordOffset.QUEUE_OFFSET;
    this.queueOffset = view.getInt32(queueOffset) * HIGH + view.getUint32(queueOffset + 4);
    const position = at + RecordOffset.PHYSICAL_OFFSET;
    this.position = view.getInt32(position) * HIGH + view.getUint32(position + 4);
    const sysFlag = view.getInt32(at + RecordOffset.SYS_FLAG);
    this.sysFlag = sysFlag;
    const storeTime = at + storeTimestampOffset(sysFlag);
    this.storeTimestampMs = view.getInt32(storeTime) * HIGH + view.getUint32(storeTime + 4);
    return this.#tail(at + bodyLengthOffset(sysFlag), at + size, magic);
  }

  #tail(bodyAt: number, end: number, magic: number): ScanKindValue {
    const view = this.#view;
    if (end - bodyAt < 4) return ScanKind.Invalid;
    const bodyBytes = view.getInt32(bodyAt);
    const topicWidth = magic === MAGIC_V2 ? 2 : 1;
    if (bodyBytes < 0 || bodyBytes > end - bodyAt - 4 - topicWidth - 2) return ScanKind.Invalid;
    this.bodyStart = bodyAt + 4;
    this.bodyEnd = this.bodyStart + bodyBytes;
    const topicBytes = topicWidth === 2 ? view.getInt16(this.bodyEnd) : view.getInt8(this.bodyEnd);
    this.topicStart = this.bodyEnd + topicWidth;
    this.topicEnd = this.topicStart + topicBytes;
    if (topicBytes < 0 || this.topicEnd + 2 > end) return ScanKind.Invalid;
    const propertiesBytes = view.getInt16(this.topicEnd);
    this.propertiesStart = this.topicEnd + 2;
    this.propertiesEnd = this.propertiesStart + propertiesBytes;
    return propertiesBytes < 0 || this.propertiesEnd !== end ? ScanKind.Invalid : ScanKind.Record;
  }
}
