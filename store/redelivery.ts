// hot
/**
 * Makes the record that goes to a message's own queue out of the record that waited in the schedule topic, by copying bytes: only topic, queue and prepared position differ.
 *
 * Owns: the scan of the record it looked at last. Reads: REAL_TOPIC and REAL_QID in the property bytes. Never: handles what is unusual (a long topic, a queue that is no plain number):
 * it says so, and the caller decodes and encodes.
 */
import { MAGIC_V1, RecordOffset, TOPIC_BYTES_MAX_V1 } from "../protocol/record.ts";
import { PropertyName } from "../protocol/property_name.ts";
import { RecordScan, ScanKind } from "./record_scan.ts";

const SEPARATOR = 0x02;
const DIGIT_0 = 0x30;
/** Digits of a queue id at most. */
const DIGITS_MAX = 9;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const TOPIC_KEY: Uint8Array = encoder.encode(`${PropertyName.REAL_TOPIC}\u0001`);
const QUEUE_KEY: Uint8Array = encoder.encode(`${PropertyName.REAL_QUEUE_ID}\u0001`);

/** Rewrites records of the schedule topic. One for each thread. */
export class Redelivery {
  readonly #scan = new RecordScan();
  #bytes: Uint8Array = new Uint8Array(0);
  #topicStart = 0;
  #topicEnd = 0;
  /** Name of the topic that the record is for. */
  topic = "";
  /** Number of the queue that it is for. */
  queueId = 0;

  /** Looks at a record. @returns false when it has to be decoded; nothing else is of use then */
  read(bytes: Uint8Array): boolean {
    const scan = this.#scan;
    scan.attach(bytes);
    if (scan.scan(0, bytes.length) !== ScanKind.Record || scan.size !== bytes.length) return false;
    this.#bytes = bytes;
    let start = scan.propertiesStart;
    let hasTopic = false;
    let hasQueue = false;
    while (start < scan.propertiesEnd) {
      const found = bytes.indexOf(SEPARATOR, start);
      const end = found < 0 || found > scan.propertiesEnd ? scan.propertiesEnd : found;
      if (isKey(bytes, start, end, TOPIC_KEY)) {
        if (hasTopic) return false;
        hasTopic = true;
        this.#topicStart = start + TOPIC_KEY.length;
        this.#topicEnd = end;
      } else if (isKey(bytes, start, end, QUEUE_KEY)) {
        if (hasQueue || !this.#readQueue(start + QUEUE_KEY.length, end)) return false;
        hasQueue = true;
      }
      start = end + 1;
    }
    const topicBytes = this.#topicEnd - this.#topicStart;
    if (!hasTopic || !hasQueue || topicBytes === 0 || topicBytes > TOPIC_BYTES_MAX_V1) return false;
    const magic = (bytes[4]! << 24) | (bytes[5]! << 16) | (bytes[6]! << 8) | bytes[7]!;
    if (magic !== MAGIC_V1) return false;
    this.topic = decoder.decode(bytes.subarray(this.#topicStart, this.#topicEnd));
    return true;
  }

  /** The record for the real topic; queue offset, position and store time are filled in when it is placed. */
  make(): Uint8Array {
    const scan = this.#scan;
    const from = this.#bytes;
    const topicBytes = this.#topicEnd - this.#topicStart;
    const shift = topicBytes - (scan.topicEnd - scan.topicStart);
    const record = new Uint8Array(from.length + shift);
    record.set(from.subarray(0, scan.bodyEnd));
    record[scan.bodyEnd] = topicBytes;
    record.set(from.subarray(this.#topicStart, this.#topicEnd), scan.topicStart);
    record.set(from.subarray(scan.topicEnd), scan.topicEnd + shift);
    const view = new DataView(record.buffer);
    view.setInt32(0, record.length);
    view.setInt32(RecordOffset.QUEUE_ID, this.queueId);
    const prepared = scan.bodyStart - 4 - 8;
    view.setInt32(prepared, 0);
    view.setInt32(prepared + 4, 0);
    return record;
  }

  #readQueue(start: number, end: number): boolean {
    if (end === start || end - start > DIGITS_MAX) return false;
    let value = 0;
    for (let at = start; at < end; at++) {
      const digit = this.#bytes[at]! - DIGIT_0;
      if (digit < 0 || digit > 9) return false;
      value = value * 10 + digit;
    }
    this.queueId = value;
    return true;
  }
}

function isKey(bytes: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
  if (end - start <= key.length || bytes[start] !== key[0]) return false;
  for (let i = 1; i < key.length; i++) if (bytes[start + i] !== key[i]) return false;
  return true;
}
