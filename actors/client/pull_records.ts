/**
 * What is done to the answer of a pull before it is handed over: find the records, check tags, decompress.
 *
 * Owns: that work. Reads: stored records. Never does: decode fields nobody asked for.
 */

import { COMPRESSED_BIT, decompressBody } from "./compression/body.ts";
import { recordRanges } from "./message_ext.ts";
import { ClientError } from "./errors.ts";

/** Least size of a record that is worth looking at, in bytes. Source: store/CommitLog.java, fixed fields with IPv4 hosts */
const RECORD_BYTES_MIN = 91;

/** The records of an answer that passed. */
export interface Indexed {
  /** Where they begin. */
  readonly starts: Int32Array<ArrayBuffer>;
  /** Decompressed bodies by index in `starts`. */
  readonly bodies: (readonly [number, Uint8Array<ArrayBuffer>])[];
  /** Bytes of bodies, decompressed. */
  readonly bodyBytes: number;
  /** Largest queue offset, −1 for none. */
  readonly lastOffset: number;
  /** Smallest queue offset, −1 for none. */
  readonly firstOffset: number;
}

const encoder = new TextEncoder();
const TAGS_FIELD = encoder.encode("TAGS\u0001");

/**
 * @param bytes records, one after the other
 * @param tags tags that pass; empty for all
 * @returns the records that pass
 * @throws {ClientError} PROTOCOL when a length makes no sense
 */
export function indexRecords(bytes: Uint8Array, tags: readonly string[]): Indexed {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = tags.map((tag) => encoder.encode(tag));
  const starts: number[] = [];
  const bodies: (readonly [number, Uint8Array<ArrayBuffer>])[] = [];
  let bodyBytes = 0;
  let firstOffset = -1;
  let lastOffset = -1;
  for (let at = 0; at < bytes.length;) {
    const size = at + 4 <= bytes.length ? view.getInt32(at) : 0;
    if (size < RECORD_BYTES_MIN || at + size > bytes.length) {
      throw new ClientError("PROTOCOL", `Cannot read pulled records: length at ${at} of ${bytes.length} is ${size}`);
    }
    const ranges = recordRanges(view, at);
    if (wanted.length === 0 || hasTag(bytes, ranges.properties, ranges.propertiesEnd, wanted)) {
      if ((ranges.sysFlag & COMPRESSED_BIT) !== 0) {
        const body = ownBytes(decompressBody(bytes.subarray(ranges.body, ranges.bodyEnd), ranges.sysFlag));
        bodies.push([starts.length, body]);
        bodyBytes += body.length;
      } else bodyBytes += ranges.bodyEnd - ranges.body;
      const offset = view.getInt32(at + 20) * 0x1_0000_0000 + view.getUint32(at + 24);
      if (firstOffset < 0) firstOffset = offset;
      lastOffset = offset;
      starts.push(at);
    }
    at += size;
  }
  return { starts: Int32Array.from(starts), bodies, bodyBytes, firstOffset, lastOffset };
}

/** Whether the properties hold TAGS with one of the wanted values, without making texts of them. */
function hasTag(bytes: Uint8Array, start: number, end: number, wanted: readonly Uint8Array[]): boolean {
  for (let at = start; at < end;) {
    let stop = bytes.indexOf(2, at);
    if (stop < 0 || stop > end) stop = end;
    if (startsWith(bytes, at, TAGS_FIELD)) {
      const value = at + TAGS_FIELD.length;
      return wanted.some((tag) => tag.length === stop - value && startsWith(bytes, value, tag));
    }
    at = stop + 1;
  }
  return false;
}

function startsWith(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}

/** Bytes that may lie beside the records of an answer and are moved with them: the rest of its frame. */
const BESIDE_BYTES_MAX = 1_024;

/**
 * @param bytes body of an answer, in memory that nobody else uses
 * @returns the same bytes in an ArrayBuffer that can be moved to another thread and holds little else
 */
export function answerBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const little = buffer instanceof ArrayBuffer && buffer.byteLength - bytes.length <= BESIDE_BYTES_MAX;
  return little ? bytes as Uint8Array<ArrayBuffer> : bytes.slice() as Uint8Array<ArrayBuffer>;
}

/**
 * @param bytes any bytes
 * @returns the same bytes alone in an ArrayBuffer, so that it can be moved to another thread
 */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const alone = bytes.buffer instanceof ArrayBuffer && bytes.byteOffset === 0 &&
    bytes.buffer.byteLength === bytes.length;
  return alone ? new Uint8Array(bytes.buffer as ArrayBuffer) : bytes.slice() as Uint8Array<ArrayBuffer>;
}
