// hot
/**
 * The fields of a SEND_MESSAGE_V2 or SEND_BATCH_MESSAGE request that an append needs, out of a {@link HeaderScan}.
 *
 * Source: apache/rocketmq remoting SendMessageRequestHeaderV2 (the one-letter names)
 */
import { decimalAt, type HeaderScan } from "./header_scan.ts";

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

  /**
   * Takes the fields out of a scanned header.
   *
   * @returns false when the general path has to take it: a field is missing, is no number, or has escapes where none are expected
   */
  read(bytes: Uint8Array, scan: HeaderScan): boolean {
    this.topic = -1;
    this.properties = -1;
    this.queueId = NaN;
    this.sysFlag = 0;
    this.userFlag = 0;
    this.bornTimestampMs = NaN;
    this.reconsumeTimes = 0;
    this.batch = false;
    for (let i = 0; i < scan.count; i++) {
      const key = scan.keyStart[i]!;
      if (scan.keyEnd[i]! - key !== 1) continue;
      const start = scan.valueStart[i]!;
      const end = scan.valueEnd[i]!;
      switch (bytes[key]) {
        case 0x62: // b
          if (scan.escaped[i] === 1) return false;
          this.topic = i;
          break;
        case 0x65: // e
          this.queueId = decimalAt(bytes, start, end);
          break;
        case 0x66: // f
          this.sysFlag = decimalAt(bytes, start, end);
          break;
        case 0x67: // g
          this.bornTimestampMs = decimalAt(bytes, start, end);
          break;
        case 0x68: // h
          this.userFlag = decimalAt(bytes, start, end);
          break;
        case 0x69: // i
          this.properties = i;
          break;
        case 0x6a: // j
          this.reconsumeTimes = decimalAt(bytes, start, end);
          break;
        case 0x6d: // m
          this.batch = end - start === 4;
          break;
      }
    }
    return this.topic >= 0 && this.queueId >= 0 && this.bornTimestampMs >= 0 &&
      this.sysFlag === this.sysFlag && this.userFlag === this.userFlag && this.reconsumeTimes === this.reconsumeTimes;
  }
}
