/**
 * The record: a message as it lies in the commit log, and, byte for byte, in the body of a pull answer.
 * Big-endian throughout.
 *
 * ```
 *   0 i32 total size          │  28 i64 physical offset
 *   4 i32 magic               │  36 i32 sysFlag
 *   8 i32 body CRC, 31 bits   │  40 i64 born time, ms
 *  12 i32 queue id            │  48     born host, 8 or 20 bytes by sysFlag 0x10
 *  16 i32 user flag           │   +     i64 store time, ms
 *  20 i64 queue offset        │   +     store host, 8 or 20 bytes by sysFlag 0x20
 *                             │   +     i32 reconsume times
 *                             │   +     i64 prepared transaction offset
 *                             │   +     i32 body length, body
 *                             │   +     u8 (v1) or u16 (v2) topic length, topic, UTF-8
 *                             │   +     i16 properties length, properties, UTF-8
 * ```
 *
 * Owns this layout and the blank record that fills the end of a commit-log file: only its total size and magic mean
 * something. It never decompresses and never looks into the properties.
 *
 * Source: apache/rocketmq common/message/MessageDecoder.java decode, store/MessageExtEncoder.java encode.
 *
 * @module
 */
import { bodyCrc } from "./crc32.ts";
import { ProtocolError } from "./errors.ts";
import { HOST_V4_BYTES, HOST_V6_BYTES } from "./host.ts";
import { readInt, readLong, readShort, writeInt, writeLong, writeShort } from "./java_number.ts";
import { PROPERTIES_BYTES_MAX } from "./limits.ts";
import { SysFlag } from "./sys_flag.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** Magic of a record whose topic length has 8 bits. Source: apache/rocketmq common/message/MessageDecoder.java MESSAGE_MAGIC_CODE. */
export const MAGIC_V1: number = 0xdaa320a7 | 0;

/** Magic of a record whose topic length has 16 bits. Source: apache/rocketmq common/message/MessageDecoder.java MESSAGE_MAGIC_CODE_V2. */
export const MAGIC_V2: number = 0xdaa320ab | 0;

/** Magic of the blank record at the end of a file. Source: apache/rocketmq store/CommitLog.java BLANK_MAGIC_CODE. */
export const MAGIC_BLANK: number = 0xcbd43194 | 0;

/** Bytes of a blank record that mean something. Source: apache/rocketmq store/CommitLog.java END_FILE_MIN_BLANK_LENGTH. */
export const BLANK_RECORD_BYTES_MIN = 8;

/** Bytes of a v1 record with IPv4 hosts and nothing else. Source: apache/rocketmq store/MessageExtEncoder.java calMsgLength. */
export const RECORD_BYTES_MIN = 91;

/** Longest topic of a v1 record, bytes. Source: apache/rocketmq common/message/MessageVersion.java MESSAGE_VERSION_V1. */
export const TOPIC_BYTES_MAX_V1 = 127;

/** Longest topic of a v2 record, bytes. Source: apache/rocketmq common/message/MessageVersion.java MESSAGE_VERSION_V2. */
export const TOPIC_BYTES_MAX_V2 = 32_767;

/** Where the fields before the first host stand, bytes from the start. Source: apache/rocketmq common/message/MessageDecoder.java decode. */
export const RecordOffset = {
  /** i32 size of the whole record. */
  TOTAL_SIZE: 0,
  /** i32 magic. */
  MAGIC: 4,
  /** i32 CRC of the body. */
  BODY_CRC: 8,
  /** i32 queue id. */
  QUEUE_ID: 12,
  /** i32 user flag. */
  FLAG: 16,
  /** i64 offset in the queue. */
  QUEUE_OFFSET: 20,
  /** i64 position in the commit log. */
  PHYSICAL_OFFSET: 28,
  /** i32 system flag. */
  SYS_FLAG: 36,
  /** i64 born time. */
  BORN_TIMESTAMP: 40,
  /** Born host; what follows it depends on its size. */
  BORN_HOST: 48,
} as const;

/** A stored message. `body`, `bornHost` and `storeHost` are views of the decoded bytes. */
export interface StoredRecord {
  /** Size of the whole record, bytes. */
  readonly totalSize: number;
  /** {@linkcode MAGIC_V1} or {@linkcode MAGIC_V2}. */
  readonly magic: number;
  /** CRC-32 of the body, 31 bits. */
  readonly bodyCrc: number;
  /** Queue id. */
  readonly queueId: number;
  /** User flag. */
  readonly flag: number;
  /** Offset in the queue. */
  readonly queueOffset: number;
  /** Position in the commit log. */
  readonly physicalOffset: number;
  /** System flag. */
  readonly sysFlag: number;
  /** When the producer made the message, ms. */
  readonly bornTimestamp: number;
  /** Producer, 8 or 20 bytes; `decodeHost` makes text of it. */
  readonly bornHost: Uint8Array;
  /** When the broker stored the message, ms. */
  readonly storeTimestamp: number;
  /** Broker, 8 or 20 bytes. */
  readonly storeHost: Uint8Array;
  /** How often the message was sent back. */
  readonly reconsumeTimes: number;
  /** Position of the half message that this one resolves. */
  readonly preparedTransactionOffset: number;
  /** Body as stored, maybe compressed. */
  readonly body: Uint8Array;
  /** Topic. */
  readonly topic: string;
  /** Properties string as stored. */
  readonly properties: string;
}

/** What a record is made of: sizes, CRC and IPv6 bits are worked out, the magic is v1 unless the topic needs v2. */
export interface RecordFields extends Omit<StoredRecord, "totalSize" | "magic" | "bodyCrc"> {
  /** {@linkcode MAGIC_V1} or {@linkcode MAGIC_V2}; chosen by the topic's length when left out. */
  readonly magic?: number;
  /** CRC-32 of the body, 31 bits; worked out when left out. */
  readonly bodyCrc?: number;
}

/**
 * Where the store time stands.
 *
 * @param sysFlag System flag of the record
 * @returns Bytes from the start of the record
 */
export function storeTimestampOffset(sysFlag: number): number {
  return RecordOffset.BORN_HOST + ((sysFlag & SysFlag.BORN_HOST_V6) !== 0 ? HOST_V6_BYTES : HOST_V4_BYTES);
}

/**
 * Where the body length stands.
 *
 * @param sysFlag System flag of the record
 * @returns Bytes from the start of the record
 */
export function bodyLengthOffset(sysFlag: number): number {
  return storeTimestampOffset(sysFlag) + 8 +
    ((sysFlag & SysFlag.STORE_HOST_V6) !== 0 ? HOST_V6_BYTES : HOST_V4_BYTES) + 12;
}

/**
 * Decodes one record.
 *
 * @param bytes Bytes that hold the record
 * @param start First byte of the record
 * @param end Byte behind what may be read; the record may end before
 * @returns The record; it ends at `start + totalSize`
 * @throws {ProtocolError} RECORD_MAGIC when it does not start like a record, RECORD_MALFORMED when a length does not fit
 */
export function decodeRecord(bytes: Uint8Array, start = 0, end: number = bytes.length): StoredRecord {
  if (end - start < RECORD_BYTES_MIN) throw doesNotFit("record", start, RECORD_BYTES_MIN, end - start);
  const magic = readInt(bytes, start + RecordOffset.MAGIC);
  if (magic !== MAGIC_V1 && magic !== MAGIC_V2) throw badMagic(magic, start);
  const totalSize = readInt(bytes, start);
  if (totalSize < RECORD_BYTES_MIN || totalSize > end - start) {
    throw doesNotFit("record", start, totalSize, end - start);
  }
  return decodeWhole(bytes, start, start + totalSize, magic);
}

function decodeWhole(bytes: Uint8Array, start: number, end: number, magic: number): StoredRecord {
  const sysFlag = readInt(bytes, start + RecordOffset.SYS_FLAG);
  const storeTime = start + storeTimestampOffset(sysFlag);
  const bodyLength = start + bodyLengthOffset(sysFlag);
  const lengthBytes = magic === MAGIC_V1 ? 1 : 2;
  const body = field("body length", bytes, bodyLength, 4, end);
  const topic = field("topic length", bytes, body.end, lengthBytes, end);
  const properties = field("properties length", bytes, topic.end, 2, end);
  if (properties.end !== end) throw doesNotFit("record content", start, properties.end - start, end - start);
  return {
    totalSize: end - start,
    magic,
    bodyCrc: readInt(bytes, start + RecordOffset.BODY_CRC),
    queueId: readInt(bytes, start + RecordOffset.QUEUE_ID),
    flag: readInt(bytes, start + RecordOffset.FLAG),
    queueOffset: readLong(bytes, start + RecordOffset.QUEUE_OFFSET),
    physicalOffset: readLong(bytes, start + RecordOffset.PHYSICAL_OFFSET),
    sysFlag,
    bornTimestamp: readLong(bytes, start + RecordOffset.BORN_TIMESTAMP),
    bornHost: bytes.subarray(start + RecordOffset.BORN_HOST, storeTime),
    storeTimestamp: readLong(bytes, storeTime),
    storeHost: bytes.subarray(storeTime + 8, bodyLength - 12),
    reconsumeTimes: readInt(bytes, bodyLength - 12),
    preparedTransactionOffset: readLong(bytes, bodyLength - 8),
    body: bytes.subarray(body.start, body.end),
    topic: decodeUtf8(bytes, topic.start, topic.end),
    properties: decodeUtf8(bytes, properties.start, properties.end),
  };
}

/** Range of a field whose length of 1, 2 or 4 bytes stands at `position`. */
function field(
  name: string,
  bytes: Uint8Array,
  position: number,
  lengthBytes: number,
  end: number,
): { start: number; end: number } {
  const have = end - position - lengthBytes;
  if (have < 0) throw doesNotFit(name, position, lengthBytes, end - position);
  const length = lengthBytes === 4
    ? readInt(bytes, position)
    : lengthBytes === 2
    ? readShort(bytes, position)
    : (bytes[position]! << 24) >> 24;
  if (length < 0 || length > have) throw doesNotFit(name, position, length, have);
  return { start: position + lengthBytes, end: position + lengthBytes + length };
}

/**
 * Decodes records that stand one behind the other, as in the body of a pull answer.
 *
 * @param bytes The records and nothing else
 * @returns The records
 * @throws {ProtocolError} as {@linkcode decodeRecord}
 */
export function decodeRecords(bytes: Uint8Array): StoredRecord[] {
  const records: StoredRecord[] = [];
  for (let position = 0; position < bytes.length;) {
    const record = decodeRecord(bytes, position, bytes.length);
    records.push(record);
    position += record.totalSize;
  }
  return records;
}

/**
 * Compares the body with its CRC.
 *
 * @param record A decoded record
 * @returns Whether they agree
 */
export function isBodyIntact(record: StoredRecord): boolean {
  return bodyCrc(record.body) === record.bodyCrc;
}

/**
 * Encodes a record.
 *
 * @example A record and back
 * ```ts
 * import { decodeRecord, encodeHost, encodeProperties, encodeRecord } from "./mod.ts";
 *
 * const host = encodeHost("127.0.0.1:10911");
 * const bytes = encodeRecord({
 *   topic: "Orders",
 *   queueId: 0,
 *   queueOffset: 7,
 *   physicalOffset: 4096,
 *   flag: 0,
 *   sysFlag: 0,
 *   bornTimestamp: 1_700_000_000_000,
 *   bornHost: host,
 *   storeTimestamp: 1_700_000_000_001,
 *   storeHost: host,
 *   reconsumeTimes: 0,
 *   preparedTransactionOffset: 0,
 *   body: new TextEncoder().encode("hello"),
 *   properties: encodeProperties(new Map([["TAGS", "A"]])),
 * });
 * console.log(decodeRecord(bytes).topic); // Orders
 * ```
 *
 * @param fields What it is made of; hosts of 20 bytes set the IPv6 bits of the system flag
 * @returns Fresh bytes
 * @throws {ProtocolError} RECORD_MALFORMED when the topic or the properties are too long, or a host has a wrong size
 */
export function encodeRecord(fields: RecordFields): Uint8Array {
  const topic = encodeUtf8(fields.topic);
  const properties = encodeUtf8(fields.properties);
  const magic = fields.magic ?? (topic.length > TOPIC_BYTES_MAX_V1 ? MAGIC_V2 : MAGIC_V1);
  checkFields(fields, magic, topic, properties);
  const sysFlag = hostBits(fields);
  const bodyLength = bodyLengthOffset(sysFlag);
  const lengthBytes = magic === MAGIC_V1 ? 1 : 2;
  const totalSize = bodyLength + 4 + fields.body.length + lengthBytes + topic.length + 2 + properties.length;
  const bytes = new Uint8Array(totalSize);
  writeInt(bytes, RecordOffset.TOTAL_SIZE, totalSize);
  writeInt(bytes, RecordOffset.MAGIC, magic);
  writeInt(bytes, RecordOffset.BODY_CRC, fields.bodyCrc ?? bodyCrc(fields.body));
  writeInt(bytes, RecordOffset.QUEUE_ID, fields.queueId);
  writeInt(bytes, RecordOffset.FLAG, fields.flag);
  writeLong(bytes, RecordOffset.QUEUE_OFFSET, fields.queueOffset);
  writeLong(bytes, RecordOffset.PHYSICAL_OFFSET, fields.physicalOffset);
  writeInt(bytes, RecordOffset.SYS_FLAG, sysFlag);
  writeLong(bytes, RecordOffset.BORN_TIMESTAMP, fields.bornTimestamp);
  bytes.set(fields.bornHost, RecordOffset.BORN_HOST);
  const storeTime = storeTimestampOffset(sysFlag);
  writeLong(bytes, storeTime, fields.storeTimestamp);
  bytes.set(fields.storeHost, storeTime + 8);
  writeInt(bytes, bodyLength - 12, fields.reconsumeTimes);
  writeLong(bytes, bodyLength - 8, fields.preparedTransactionOffset);
  writeInt(bytes, bodyLength, fields.body.length);
  bytes.set(fields.body, bodyLength + 4);
  writeTail(bytes, bodyLength + 4 + fields.body.length, lengthBytes, topic, properties);
  return bytes;
}

function writeTail(
  bytes: Uint8Array,
  position: number,
  lengthBytes: number,
  topic: Uint8Array,
  properties: Uint8Array,
): void {
  if (lengthBytes === 1) bytes[position] = topic.length;
  else writeShort(bytes, position, topic.length);
  bytes.set(topic, position + lengthBytes);
  const propertiesLength = position + lengthBytes + topic.length;
  writeShort(bytes, propertiesLength, properties.length);
  bytes.set(properties, propertiesLength + 2);
}

function hostBits(fields: RecordFields): number {
  const clear = fields.sysFlag & ~(SysFlag.BORN_HOST_V6 | SysFlag.STORE_HOST_V6);
  return clear |
    (fields.bornHost.length === HOST_V6_BYTES ? SysFlag.BORN_HOST_V6 : 0) |
    (fields.storeHost.length === HOST_V6_BYTES ? SysFlag.STORE_HOST_V6 : 0);
}

function checkFields(fields: RecordFields, magic: number, topic: Uint8Array, properties: Uint8Array): void {
  if (magic !== MAGIC_V1 && magic !== MAGIC_V2) throw badMagic(magic, 0);
  const topicBytesMax = magic === MAGIC_V1 ? TOPIC_BYTES_MAX_V1 : TOPIC_BYTES_MAX_V2;
  if (topic.length > topicBytesMax) throw tooLong("topic", topic.length, topicBytesMax);
  if (properties.length > PROPERTIES_BYTES_MAX) throw tooLong("properties", properties.length, PROPERTIES_BYTES_MAX);
  for (const host of [fields.bornHost, fields.storeHost]) {
    if (host.length !== HOST_V4_BYTES && host.length !== HOST_V6_BYTES) {
      throw tooLong("host", host.length, HOST_V6_BYTES);
    }
  }
}

function tooLong(part: string, need: number, have: number): ProtocolError {
  return new ProtocolError("RECORD_MALFORMED", `Cannot encode record: ${part} has ${need} bytes, limit is ${have}`, {
    need,
    have,
  });
}

function doesNotFit(part: string, position: number, need: number, have: number): ProtocolError {
  return new ProtocolError(
    "RECORD_MALFORMED",
    `Cannot decode record: ${part} at ${position} needs ${need} bytes, there are ${have}`,
    { position, need, have },
  );
}

function badMagic(magic: number, position: number): ProtocolError {
  const hex = `0x${(magic >>> 0).toString(16)}`;
  return new ProtocolError("RECORD_MAGIC", `Cannot decode record: magic at ${position + 4} is ${hex}`, {
    position: position + 4,
  });
}
