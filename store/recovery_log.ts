// hot
/**
 * Reads the commit log record by record to its end.
 *
 * Owns: the buffer that it reads blocks into.
 * Reads: the files of the log in big blocks; each record's lengths, position and body CRC.
 * Never: writes, and never decides whether the end is a torn tail or damage.
 */
import { bodyCrc } from "../protocol/crc32.ts";
import { RECORD_BYTES_MIN } from "../protocol/record.ts";
import type { SegmentSet } from "./file/segment_set.ts";
import { isPropertyCrcRight } from "./property_crc.ts";
import { RecordScan, ScanKind } from "./record_scan.ts";

const BLOCK_BYTES = 4 << 20;
/** Smallest piece that a device writes or does not. */
const SECTOR_BYTES = 512;
/** Longest record that is believed; a longer one is a bad length. */
const RECORD_BYTES_BELIEVED = 256 << 20;

/** What is done with checksums over whole records: `checked` where a record has one, `required` of every record. */
export type PropertyCrcRule = "ignored" | "checked" | "required";

/** Options of {@link walkLog}. */
export interface LogWalkOptions {
  /** Position of the first record. */
  readonly from: number;
  /** False to believe bodies without their CRC. */
  readonly checkCrc: boolean;
  /** What is done with a checksum over a whole record; `ignored` when left out. */
  readonly propertyCrc?: PropertyCrcRule;
  /**
   * The last record may be cut short from this position on: its topic and properties, which no CRC covers, must then have no sector of
   * zeros. Infinity when the log was closed in order.
   */
  readonly tornFrom: number;
  /** Told the position now and then. */
  readonly onProgress?: (position: number) => void;
}

/** What a walk found. */
export interface LogWalk {
  /** Position where it began. */
  readonly from: number;
  /** Position behind the last whole record, or the start of the next file when a blank record ended one. */
  readonly end: number;
  /** Whole records. */
  readonly records: number;
  /** Store time of the last record in ms, 0 when there is none. */
  readonly lastTimestampMs: number;
  /** True when what follows the end is not all zeros where a record would begin: bytes of a torn or damaged record. */
  readonly isTorn: boolean;
}

/**
 * Reads records until one is not whole.
 *
 * @throws {DiskError} when the disk refuses
 */
export function walkLog(files: SegmentSet, options: LogWalkOptions): LogWalk {
  const scan = new RecordScan();
  const propertyCrc = options.propertyCrc ?? "ignored";
  let bytes = new Uint8Array(Math.min(BLOCK_BYTES, files.fileBytes));
  let position = options.from;
  let records = 0;
  let lastPosition = -1;
  let lastSize = 0;
  let lastTimestampMs = 0;
  let timestampMsBefore = 0;
  let wanted = bytes.length;
  for (;;) {
    const left = files.startOf(position) + files.fileBytes - position;
    const count = files.read(bytes, 0, Math.min(wanted, left), position);
    scan.attach(bytes);
    let at = 0;
    let kind = scan.scan(at, count);
    while (kind === ScanKind.Record) {
      if (scan.position !== position) break;
      if (options.checkCrc && scan.bodyEnd > scan.bodyStart) {
        if (bodyCrc(bytes.subarray(scan.bodyStart, scan.bodyEnd)) !== scan.bodyCrc) break;
      }
      if (options.checkCrc && propertyCrc !== "ignored") {
        if (!(isPropertyCrcRight(bytes, at, at + scan.size) ?? propertyCrc === "checked")) break;
      }
      records += 1;
      lastPosition = position;
      lastSize = scan.size;
      timestampMsBefore = lastTimestampMs;
      lastTimestampMs = scan.storeTimestampMs;
      at += scan.size;
      position += scan.size;
      kind = scan.scan(at, count);
    }
    options.onProgress?.(position);
    const isRefillable = kind === ScanKind.Short && count === Math.min(wanted, left) && count < left;
    if (kind === ScanKind.Blank) position = files.startOf(position) + files.fileBytes;
    else if (isRefillable && at > 0) wanted = Math.min(BLOCK_BYTES, bytes.length);
    else if (isRefillable && scan.size >= RECORD_BYTES_MIN && scan.size <= Math.min(left, RECORD_BYTES_BELIEVED)) {
      wanted = scan.size;
      if (bytes.length < wanted) bytes = new Uint8Array(wanted);
    } else {
      if (records > 0 && lastPosition >= options.tornFrom && isCutShort(files, lastPosition, lastSize)) {
        return {
          from: options.from,
          end: lastPosition,
          records: records - 1,
          lastTimestampMs: timestampMsBefore,
          isTorn: true,
        };
      }
      return {
        from: options.from,
        end: position,
        records,
        lastTimestampMs,
        isTorn: !isZero(bytes, at, Math.min(count, at + 8)),
      };
    }
  }
}

/** The store time of the first record of a file, or −1 when no whole record is there. */
export function firstTimestampMs(files: SegmentSet, start: number): number {
  const bytes = new Uint8Array(RECORD_BYTES_MIN);
  const scan = new RecordScan();
  if (files.read(bytes, 0, bytes.length, start) < bytes.length) return -1;
  scan.attach(bytes);
  const kind = scan.scan(0, bytes.length);
  if (kind === ScanKind.Record) return scan.position === start ? scan.storeTimestampMs : -1;
  if (kind !== ScanKind.Short || scan.size > files.fileBytes) return -1;
  const record = new Uint8Array(scan.size);
  if (files.read(record, 0, record.length, start) < record.length) return -1;
  scan.attach(record);
  return scan.scan(0, record.length) === ScanKind.Record && scan.position === start ? scan.storeTimestampMs : -1;
}

/**
 * True when topic and properties of a whole record, which no CRC covers, were not all written when the machine or the process ended: one of them ends in a
 * zero, or has a sector of zeros, since devices and the page cache lose whole sectors. Any other zero was put there by a client.
 */
function isCutShort(files: SegmentSet, position: number, size: number): boolean {
  const bytes = new Uint8Array(size);
  const scan = new RecordScan();
  scan.attach(bytes);
  if (files.read(bytes, 0, size, position) < size || scan.scan(0, size) !== ScanKind.Record) return true;
  if (bytes[scan.topicEnd - 1] === 0 || (scan.propertiesEnd > scan.propertiesStart && bytes[size - 1] === 0)) {
    return true;
  }
  const base = position - files.startOf(position);
  for (let from = scan.topicStart; from < size;) {
    const to = Math.min(size, from + SECTOR_BYTES - (base + from) % SECTOR_BYTES);
    if (isZero(bytes, from, to)) return true;
    from = to;
  }
  return false;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
