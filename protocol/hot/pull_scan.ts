// hot
/**
 * The fields of a PULL_MESSAGE request out of a {@link HeaderScan}.
 *
 * Source: apache/rocketmq remoting PullMessageRequestHeader
 */
import { decimalAt, type HeaderScan } from "./header_scan.ts";

/** One pull request. One instance is reused for every frame of a thread. */
export class PullScan {
  /** Index of the ext field that holds the consumer group. */
  group = -1;
  /** Index of the ext field that holds the topic. */
  topic = -1;
  /** Index of the ext field that holds the subscription; −1 when there is none. */
  subscription = -1;
  /** Index of the ext field that holds the expression type; −1 when there is none. */
  expressionType = -1;
  /** Queue to pull from. */
  queueId = 0;
  /** Offset to begin with. */
  queueOffset = 0;
  /** Messages at most. */
  maxMsgNums = 0;
  /** Bytes at most. */
  maxMsgBytes = 0;
  /** Bits of PullSysFlag. */
  sysFlag = 0;
  /** Offset to commit when the flag says so. */
  commitOffset = 0;
  /** How long the broker may hold the pull, milliseconds. */
  suspendTimeoutMs = 0;
  /** Version of the subscription that the client has. */
  subVersion = 0;

  /**
   * Takes the fields out of a scanned header.
   *
   * @returns false when the general path has to take it
   */
  read(bytes: Uint8Array, scan: HeaderScan): boolean {
    this.group = -1;
    this.topic = -1;
    this.subscription = -1;
    this.expressionType = -1;
    this.queueId = NaN;
    this.queueOffset = NaN;
    this.maxMsgNums = NaN;
    this.maxMsgBytes = Infinity;
    this.sysFlag = NaN;
    this.commitOffset = 0;
    this.suspendTimeoutMs = 0;
    this.subVersion = 0;
    for (let i = 0; i < scan.count; i++) {
      if (!this.#field(bytes, scan, i)) return false;
    }
    return this.group >= 0 && this.topic >= 0 && this.queueId === this.queueId &&
      this.queueOffset === this.queueOffset &&
      this.maxMsgNums === this.maxMsgNums && this.sysFlag === this.sysFlag && this.commitOffset === this.commitOffset &&
      this.suspendTimeoutMs === this.suspendTimeoutMs && this.subVersion === this.subVersion &&
      this.maxMsgBytes === this.maxMsgBytes;
  }

  #field(bytes: Uint8Array, scan: HeaderScan, i: number): boolean {
    const key = scan.keyStart[i]!;
    const start = scan.valueStart[i]!;
    const end = scan.valueEnd[i]!;
    const first = bytes[key]!;
    switch (scan.keyEnd[i]! - key) {
      case 5: // topic
        if (first === 0x74) this.topic = i;
        return scan.escaped[i] === 0;
      case 7: // queueId, sysFlag
        if (first === 0x71) this.queueId = decimalAt(bytes, start, end);
        else if (first === 0x73) this.sysFlag = decimalAt(bytes, start, end);
        return true;
      case 10: // maxMsgNums, subVersion
        if (first === 0x6d) this.maxMsgNums = decimalAt(bytes, start, end);
        else if (first === 0x73) this.subVersion = decimalAt(bytes, start, end);
        return true;
      case 11: // queueOffset, maxMsgBytes
        if (first === 0x71) this.queueOffset = decimalAt(bytes, start, end);
        else if (first === 0x6d) this.maxMsgBytes = decimalAt(bytes, start, end);
        return true;
      case 12: // commitOffset, subscription
        if (first === 0x63) this.commitOffset = decimalAt(bytes, start, end);
        else if (first === 0x73) this.subscription = i;
        return scan.escaped[i] === 0;
      case 13: // consumerGroup, requestSource
        if (first === 0x63) this.group = i;
        return scan.escaped[i] === 0;
      case 14: // expressionType
        if (first === 0x65) this.expressionType = i;
        return scan.escaped[i] === 0;
      case 20: // suspendTimeoutMillis
        if (first === 0x73) this.suspendTimeoutMs = decimalAt(bytes, start, end);
        return true;
      default:
        return true;
    }
  }
}
