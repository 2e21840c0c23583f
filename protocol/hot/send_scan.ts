// hot
/**
 * The fields of a SEND_MESSAGE_V2 or SEND_BATCH_MESSAGE request that an append needs, out of a {@link HeaderScan}.
 *
 * Source: apache/rocketmq remoting SendMessageRequestHeaderV2 (the one-letter names)
 */
import { decimalAt, type HeaderScan, intAt } from "./header_scan.ts";
import type { HeaderShape } from "./header_shape.ts";

/** Bits of the letters a to h, without which Apache refuses a send. Source: apache/rocketmq remoting SendMessageRequestHeaderV2 (CFNotNull) */
const REQUIRED = 0xff;

/** One send request. One instance is reused for every frame of a thread. */
export class SendScan {
  /** Index of the ext field that holds the topic. */
  topic = -1;
  /** Index of the ext field that holds the properties; −1 when there are none. */
  properties = -1;
  /** Queue that the producer chose; negative: the broker chooses. */
  queueId = 0;
  /** System flags of the message. */
  sysFlag = 0;
  /** User's flag. */
  userFlag = 0;
  /** Milliseconds since 1970 at the producer. */
  bornTimestampMs = 0;
  /** How often a consumer got this message before. */
  reconsumeTimes = 0;
  /** Whether the body is a batch. */
  batch = false;
  #seen = 0;
  /** The shape of the last header that was taken: in the next of it only what varies has to be read. */
  #shape: HeaderShape | undefined = undefined;

  /**
   * Takes the fields out of a scanned header.
   *
   * @returns false when the general path has to take it: a field is missing, is no number, or has escapes where none are expected
   */
  read(bytes: Uint8Array, scan: HeaderScan): boolean {
    const shape = scan.shape;
    if (shape !== undefined && shape === this.#shape) {
      const { varying } = shape;
      for (let i = 0; i < varying.length; i++) if (!this.#take(bytes, scan, varying[i]!)) return false;
      return this.#isWhole();
    }
    this.#shape = undefined;
    this.topic = -1;
    this.properties = -1;
    this.queueId = NaN;
    this.sysFlag = 0;
    this.userFlag = 0;
    this.bornTimestampMs = NaN;
    this.reconsumeTimes = 0;
    this.batch = false;
    this.#seen = 0;
    for (let i = 0; i < scan.count; i++) if (!this.#take(bytes, scan, i)) return false;
    if (!this.#isWhole()) return false;
    this.#shape = shape;
    return true;
  }

  /** Takes one field. @returns false when it is one that the general path has to take */
  #take(bytes: Uint8Array, scan: HeaderScan, i: number): boolean {
    const key = scan.keyStart[i]!;
    if (scan.keyEnd[i]! - key !== 1) return true;
    const start = scan.valueStart[i]!;
    const end = scan.valueEnd[i]!;
    const letter = bytes[key]! - 0x61;
    if (letter < 0 || letter > 25) return true;
    this.#seen |= 1 << letter;
    switch (bytes[key]) {
      case 0x62: // b
        if (scan.escaped[i] === 1) return false;
        this.topic = i;
        break;
      case 0x64: // d
      case 0x6c: // l
        return isInt(bytes, start, end);
      case 0x65: // e
        this.queueId = intAt(bytes, start, end);
        break;
      case 0x66: // f
        this.sysFlag = intAt(bytes, start, end);
        break;
      case 0x67: // g
        this.bornTimestampMs = decimalAt(bytes, start, end);
        break;
      case 0x68: // h
        this.userFlag = intAt(bytes, start, end);
        break;
      case 0x69: // i
        this.properties = i;
        break;
      case 0x6a: // j
        this.reconsumeTimes = intAt(bytes, start, end);
        break;
      case 0x6d: // m
        this.batch = end - start === 4;
        break;
    }
    return true;
  }

  #isWhole(): boolean {
    return (this.#seen & REQUIRED) === REQUIRED && this.topic >= 0 && this.queueId >= 0 && this.bornTimestampMs >= 0 &&
      this.sysFlag === this.sysFlag && this.userFlag === this.userFlag && this.reconsumeTimes === this.reconsumeTimes;
  }
}

/** Whether a value is a Java int. */
function isInt(bytes: Uint8Array, start: number, end: number): boolean {
  const value = decimalAt(bytes, start, end);
  return (value | 0) === value;
}
