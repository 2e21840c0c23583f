// hot
/**
 * The fields of an END_TRANSACTION request out of a {@link HeaderScan}.
 *
 * Source: apache/rocketmq remoting EndTransactionRequestHeader
 */
import { asciiText, isText } from "./ascii_text.ts";
import { decimalAt, type HeaderScan, intAt } from "./header_scan.ts";

const MSG_ID = asciiText("msgId");
const PRODUCER_GROUP = asciiText("producerGroup");
const COMMIT_LOG_OFFSET = asciiText("commitLogOffset");
const COMMIT_OR_ROLLBACK = asciiText("commitOrRollback");
const TRAN_STATE_TABLE_OFFSET = asciiText("tranStateTableOffset");
const FROM_TRANSACTION_CHECK = asciiText("fromTransactionCheck");
const TRUE = asciiText("true");
const FALSE = asciiText("false");

/** One end of a transaction. One instance is reused for every frame of a thread. */
export class EndScan {
  /** Index of the ext field that holds the producer group. */
  group = -1;
  /** Position of the half message. */
  commitLogOffset = 0;
  /** Queue offset of the half message. */
  tranStateTableOffset = 0;
  /** Transaction bits: 0, 8 commit, 12 roll back. */
  commitOrRollback = 0;
  /** Whether the broker had asked. */
  fromTransactionCheck = false;
  #hasMsgId = false;

  /**
   * Takes the fields out of a scanned header.
   *
   * @returns false when the general path has to take it
   */
  read(bytes: Uint8Array, scan: HeaderScan): boolean {
    this.group = -1;
    this.commitLogOffset = NaN;
    this.tranStateTableOffset = NaN;
    this.commitOrRollback = NaN;
    this.fromTransactionCheck = false;
    this.#hasMsgId = false;
    for (let i = 0; i < scan.count; i++) if (!this.#field(bytes, scan, i)) return false;
    return this.group >= 0 && this.#hasMsgId && this.commitLogOffset === this.commitLogOffset &&
      this.tranStateTableOffset === this.tranStateTableOffset && this.commitOrRollback === this.commitOrRollback;
  }

  #field(bytes: Uint8Array, scan: HeaderScan, i: number): boolean {
    const key = scan.keyStart[i]!;
    const keyEnd = scan.keyEnd[i]!;
    const start = scan.valueStart[i]!;
    const end = scan.valueEnd[i]!;
    switch (keyEnd - key) {
      case 5:
        if (isText(bytes, key, keyEnd, MSG_ID)) this.#hasMsgId = true;
        return true;
      case 13:
        if (!isText(bytes, key, keyEnd, PRODUCER_GROUP)) return true;
        this.group = i;
        return scan.escaped[i] === 0;
      case 15:
        if (isText(bytes, key, keyEnd, COMMIT_LOG_OFFSET)) this.commitLogOffset = decimalAt(bytes, start, end);
        return true;
      case 16:
        if (isText(bytes, key, keyEnd, COMMIT_OR_ROLLBACK)) this.commitOrRollback = intAt(bytes, start, end);
        return true;
      case 20:
        if (isText(bytes, key, keyEnd, TRAN_STATE_TABLE_OFFSET)) {
          this.tranStateTableOffset = decimalAt(bytes, start, end);
        } else if (isText(bytes, key, keyEnd, FROM_TRANSACTION_CHECK)) {
          this.fromTransactionCheck = isText(bytes, start, end, TRUE);
          return this.fromTransactionCheck || isText(bytes, start, end, FALSE);
        }
        return true;
      default:
        return true;
    }
  }
}
