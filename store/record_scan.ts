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

/** Magic of a record whose topic has a length of one byte. Source: apache/rocketmq common MessageDecoder MESSAGE_MAGIC_CODE */
export const MAGIC_V1 = 0xDAA320A7 | 0;
/** Magic of a record whose topic has a length of two bytes. Source: apache/rocketmq common MessageDecoder MESSAGE_MAGIC_CODE_V2 */
export const MAGIC_V2 = 0xDAA320AB | 0;
/** Magic of the blank rest of a file. Source: apache/rocketmq store CommitLog BLANK_MAGIC_CODE */
export const MAGIC_BLANK = 0xCBD43194 | 0;

/** Bytes of a blank record that mean anything: size and magic. Source: apache/rocketmq store CommitLog END_FILE_MIN_BLANK_LENGTH */
export const BLANK_BYTES_MIN = 8;

/** Bytes of the smallest record: IPv4 hosts, no body, no topic, no properties. */
export const RECORD_BYTES_MIN = 91;

const HIGH = 0x1_0000_0000;
const HOST_BYTES_V4 = 8;
const HOST_BYTES_V6 = 20;
const BORN_HOST_V6 = 0x10;
const STORE_HOST_V6 = 0x20;

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
    if (end - at < BLANK_BYTES_MIN) return ScanKind.Short;
    const view = this.#view;
    const size = view.getInt32(at);
    const magic = view.getInt32(at + 4);
    this.size = size;
    if (magic === MAGIC_BLANK) return size >= BLANK_BYTES_MIN ? ScanKind.Blank : ScanKind.Invalid;
    if ((magic !== MAGIC_V1 && magic !== MAGIC_V2) || size < RECORD_BYTES_MIN) return ScanKind.Invalid;
    if (size > end - at) return ScanKind.Short;
    this.bodyCrc = view.getInt32(at + 8);
    this.queueId = view.getInt32(at + 12);
    this.queueOffset = view.getInt32(at + 20) * HIGH + view.getUint32(at + 24);
    this.position = view.getInt32(at + 28) * HIGH + view.getUint32(at + 32);
    const sysFlag = view.getInt32(at + 36);
    this.sysFlag = sysFlag;
    let next = at + 48 + ((sysFlag & BORN_HOST_V6) === 0 ? HOST_BYTES_V4 : HOST_BYTES_V6);
    this.storeTimestampMs = view.getInt32(next) * HIGH + view.getUint32(next + 4);
    next += 8 + ((sysFlag & STORE_HOST_V6) === 0 ? HOST_BYTES_V4 : HOST_BYTES_V6) + 12;
    return this.#tail(next, at + size, magic);
  }

  #tail(bodyAt: number, end: number, magic: number): ScanKindValue {
    const view = this.#view;
    if (end - bodyAt < 4) return ScanKind.Invalid;
    const bodyBytes = view.getInt32(bodyAt);
    const topicWidth = magic === MAGIC_V2 ? 2 : 1;
    if (bodyBytes < 0 || bodyBytes > end - bodyAt - 4 - topicWidth - 2) return ScanKind.Invalid;
    this.bodyStart = bodyAt + 4;
    this.bodyEnd = this.bodyStart + bodyBytes;
    const topicBytes = topicWidth === 2 ? view.getInt16(this.bodyEnd) : view.getUint8(this.bodyEnd);
    this.topicStart = this.bodyEnd + topicWidth;
    this.topicEnd = this.topicStart + topicBytes;
    if (topicBytes < 0 || this.topicEnd + 2 > end) return ScanKind.Invalid;
    const propertiesBytes = view.getInt16(this.topicEnd);
    this.propertiesStart = this.topicEnd + 2;
    this.propertiesEnd = this.propertiesStart + propertiesBytes;
    return propertiesBytes < 0 || this.propertiesEnd !== end ? ScanKind.Invalid : ScanKind.Record;
  }
}

/** Byte of the store time in a record, from its system flags. */
export function storeTimeAt(sysFlag: number): number {
  return 48 + ((sysFlag & BORN_HOST_V6) === 0 ? HOST_BYTES_V4 : HOST_BYTES_V6);
}
