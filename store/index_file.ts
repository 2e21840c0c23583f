/**
 * Index file: finds records by topic and key.
 *
 * Owns: the layout, the hash of a key, the name of a file.
 * Reads: nothing.
 * Never: holds a file; `index_file_writer.ts` and `index_file_reader.ts` do.
 *
 * ```
 *   <root>/index/<local time yyyyMMddHHmmssSSS>                420,000,040 bytes, sparse
 *
 *   header, 40 bytes:
 *   0              8            16               24             32           36
 *   | begin time   | end time   | begin position | end position | used slots | count, from 1 |
 *
 *   slots, 5,000,000 × 4 bytes: number of the last entry whose key hashes here, 0 for none
 *
 *   entries, 20,000,000 × 20 bytes, entry 0 is not used:
 *   0            4          12                            16                 20
 *   | key hash   | position | seconds since begin time    | entry before it  |
 * ```
 *
 * A record has an entry for its unique key, one for each of its keys, and one for its tags, in this order. The first two are
 * stored as `topic#key`, the last as `topic#T#tags` (RocketMQ 5.4; older brokers do not index tags). The hash is the
 * absolute value of Java's, at least 0. A new file starts with the end
 * time and end position of the one before; its first entry sets begin time and begin position.
 * Source: apache/rocketmq store/src/main/java/org/apache/rocketmq/store/index/IndexFile.java, IndexHeader.java
 */

/** Bytes of the header. Source: apache/rocketmq store IndexHeader INDEX_HEADER_SIZE */
export const INDEX_HEADER_BYTES = 40;
/** Bytes of a slot. Source: apache/rocketmq store IndexFile hashSlotSize */
export const INDEX_SLOT_BYTES = 4;
/** Bytes of an entry. Source: apache/rocketmq store IndexFile indexSize */
export const INDEX_ENTRY_BYTES = 20;
/** Slots of a file. Source: apache/rocketmq store MessageStoreConfig maxHashSlotNum */
export const INDEX_SLOTS = 5_000_000;
/** Entries of a file, the unused one counted. Source: apache/rocketmq store MessageStoreConfig maxIndexNum */
export const INDEX_ENTRIES = 20_000_000;

const HIGH = 0x1_0000_0000;

/** Numbers that all index files of a store share. */
export interface IndexShape {
  /** Slots of a file. */
  readonly slots: number;
  /** Entries of a file, the unused one counted. */
  readonly entries: number;
}

/** The shape of RocketMQ's default configuration. */
export const INDEX_SHAPE: IndexShape = { slots: INDEX_SLOTS, entries: INDEX_ENTRIES };

/** What the header of a file says. */
export interface IndexHeader {
  /** Store time of the first record, ms. */
  beginTimestampMs: number;
  /** Store time of the last record, ms. */
  endTimestampMs: number;
  /** Position of the first record. */
  beginPosition: number;
  /** Position of the last record. */
  endPosition: number;
  /** Slots that are not empty. */
  usedSlots: number;
  /** Number of the next entry, so one more than there are. */
  count: number;
}

/** Bytes of an index file. */
export function indexFileBytes(shape: IndexShape): number {
  return INDEX_HEADER_BYTES + shape.slots * INDEX_SLOT_BYTES + shape.entries * INDEX_ENTRY_BYTES;
}

/** First byte of a slot. */
export function slotAt(slot: number): number {
  return INDEX_HEADER_BYTES + slot * INDEX_SLOT_BYTES;
}

/** First byte of an entry. */
export function entryAt(shape: IndexShape, entry: number): number {
  return INDEX_HEADER_BYTES + shape.slots * INDEX_SLOT_BYTES + entry * INDEX_ENTRY_BYTES;
}

/** The hash under which a key is stored, from Java's hash of `topic#key`. */
export function indexKeyHash(javaHash: number): number {
  const positive = Math.abs(javaHash);
  return positive > 0x7fff_ffff ? 0 : positive;
}

/** Seconds that an entry stores for a store time, in a file that begins at `beginTimestampMs`. */
export function indexSeconds(storeTimestampMs: number, beginTimestampMs: number): number {
  if (beginTimestampMs <= 0) return 0;
  return Math.min(Math.max(Math.trunc((storeTimestampMs - beginTimestampMs) / 1000), 0), 0x7fff_ffff);
}

/** Decodes a header. An index of fewer than one entry counts as one. */
export function decodeIndexHeader(bytes: Uint8Array): IndexHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    beginTimestampMs: long(view, 0),
    endTimestampMs: long(view, 8),
    beginPosition: long(view, 16),
    endPosition: long(view, 24),
    usedSlots: view.getInt32(32),
    count: Math.max(view.getInt32(36), 1),
  };
}

/** Encodes a header into 40 bytes. */
export function encodeIndexHeader(header: IndexHeader, into: DataView): void {
  setLong(into, 0, header.beginTimestampMs);
  setLong(into, 8, header.endTimestampMs);
  setLong(into, 16, header.beginPosition);
  setLong(into, 24, header.endPosition);
  into.setInt32(32, header.usedSlots);
  into.setInt32(36, header.count);
}

/** Name of a file that is made now: local time, 17 digits. Source: apache/rocketmq common UtilAll timeMillisToHumanString */
export function indexFileName(nowMs: number): string {
  const now = new Date(nowMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${String(now.getFullYear()).padStart(4, "0")}${two(now.getMonth() + 1)}${two(now.getDate())}` +
    `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}` +
    String(now.getMilliseconds()).padStart(3, "0");
}

function long(view: DataView, at: number): number {
  return view.getInt32(at) * HIGH + view.getUint32(at + 4);
}

function setLong(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.floor(value / HIGH));
  view.setInt32(at + 4, value % HIGH);
}
