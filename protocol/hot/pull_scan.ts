// hot
/**
 * The fields of a PULL_MESSAGE request out of a {@link HeaderScan}.
 *
 * Source: apache/rocketmq remoting PullMessageRequestHeader
 */
import { asciiText, isText } from "./ascii_text.ts";
import { decimalAt, type HeaderScan, intAt } from "./header_scan.ts";

const TOPIC = asciiText("topic");
const QUEUE_ID = asciiText("queueId");
const SYS_FLAG = asciiText("sysFlag");
const MAX_MSG_NUMS = asciiText("maxMsgNums");
const SUB_VERSION = asciiText("subVersion");
const QUEUE_OFFSET = asciiText("queueOffset");
const MAX_MSG_BYTES = asciiText("maxMsgBytes");
const COMMIT_OFFSET = asciiText("commitOffset");
const SUBSCRIPTION = asciiText("subscription");
const CONSUMER_GROUP = asciiText("consumerGroup");
const EXPRESSION_TYPE = asciiText("expressionType");
const SUSPEND_TIMEOUT = asciiText("suspendTimeoutMillis");

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
    const keyEnd = scan.keyEnd[i]!;
    switch (keyEnd - key) {
      case 5:
        if (!isText(bytes, key, keyEnd, TOPIC)) return true;
        this.topic = i;
        return scan.escaped[i] === 0;
      case 7:
        if (isText(bytes, key, keyEnd, QUEUE_ID)) this.queueId = intAt(bytes, start, end);
        else if (isText(bytes, key, keyEnd, SYS_FLAG)) this.sysFlag = intAt(bytes, start, end);
        return true;
      case 10:
        if (isText(bytes, key, keyEnd, MAX_MSG_NUMS)) this.maxMsgNums = intAt(bytes, start, end);
        else if (isText(bytes, key, keyEnd, SUB_VERSION)) this.subVersion = decimalAt(bytes, start, end);
        return true;
      case 11:
        if (isText(bytes, key, keyEnd, QUEUE_OFFSET)) this.queueOffset = decimalAt(bytes, start, end);
        else if (isText(bytes, key, keyEnd, MAX_MSG_BYTES)) this.maxMsgBytes = intAt(bytes, start, end);
        return true;
      case 12:
        if (isText(bytes, key, keyEnd, COMMIT_OFFSET)) this.commitOffset = decimalAt(bytes, start, end);
        else if (isText(bytes, key, keyEnd, SUBSCRIPTION)) {
          this.subscription = i;
          return scan.escaped[i] === 0;
        }
        return true;
      case 13:
        if (!isText(bytes, key, keyEnd, CONSUMER_GROUP)) return true;
        this.group = i;
        return scan.escaped[i] === 0;
      case 14:
        if (!isText(bytes, key, keyEnd, EXPRESSION_TYPE)) return true;
        this.expressionType = i;
        return scan.escaped[i] === 0;
      case 20:
        if (isText(bytes, key, keyEnd, SUSPEND_TIMEOUT)) this.suspendTimeoutMs = decimalAt(bytes, start, end);
        return true;
      default:
        return true;
    }
  }
}
