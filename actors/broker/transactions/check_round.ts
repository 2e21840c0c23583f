/**
 * One round of checks over the half queue.
 *
 * Owns: the walk. Reads: half messages that are not passed. Never: waits for a producer; its answer is the end of a transaction like any other.
 *
 * Source: apache/rocketmq broker TransactionalMessageServiceImpl.check, AbstractTransactionalMessageCheckListener.sendCheckMessage
 */
import { createRequest, markOneway, type RemotingCommand } from "../../../protocol/command.ts";
import { encodeCheckTransactionStateRequestHeader } from "../../../protocol/commands/transaction.ts";
import { encodeOffsetMessageId } from "../../../protocol/message_id.ts";
import { decodeProperties } from "../../../protocol/properties.ts";
import { PropertyName } from "../../../protocol/property_name.ts";
import type { StoredRecord } from "../../../protocol/record.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import type { Clock } from "../../../store/clock.ts";
import {
  DISCARD_TOPIC,
  encodeForCheck,
  HALF_TOPIC,
  type MessageWithText,
  toDiscarded,
  toRenewed,
} from "../../../store/half_message.ts";
import type { OutgoingRecord } from "../log_outlet.ts";
import { type CheckDecision, type CheckLimits, decideCheck } from "./check_decision.ts";
import type { HalfLedger } from "./half_ledger.ts";
import type { QueuedRecord } from "./system_queue.ts";

/** A round takes no longer. Milliseconds. Source: apache/rocketmq broker TransactionalMessageServiceImpl.MAX_PROCESS_TIME_LIMIT */
const ROUND_MS_MAX = 60_000;

/** Half messages between two looks at messages that wait. */
const BREATHE_EVERY = 32;

/** What a round works with. */
export interface CheckRoundParts {
  readonly ledger: HalfLedger;
  readonly halves: {
    readonly range: { readonly min: number; readonly max: number };
    read(offset: number): QueuedRecord;
  };
  readonly limits: CheckLimits;
  readonly brokerName: string;
  readonly clock: Clock;
  /** undefined when there is no such queue. */
  readonly encode: (message: MessageWithText) => OutgoingRecord | undefined;
  /** Where the records lie; fewer when the log refused. */
  readonly deliver: (
    records: readonly OutgoingRecord[],
    nowMs: number,
  ) => readonly { readonly position: number; readonly queueOffset: number }[];
  /** Lets others have a turn. @returns false when a stop is asked for */
  readonly breathe: () => Promise<boolean>;
  readonly ensureDiscardTopic: (topic: string) => Promise<void>;
  /** Sends a request to any live producer of a group; nothing when there is none. */
  readonly ask: (group: string, command: RemotingCommand) => Promise<void>;
}

/** What a round did. */
export interface RoundResult {
  readonly checked: number;
  readonly discarded: number;
}

/** One round. */
export class CheckRound {
  readonly #parts: CheckRoundParts;
  readonly #beganMs: number;
  #checked = 0;
  #discarded = 0;

  /** @param parts what it works with */
  constructor(parts: CheckRoundParts) {
    this.#parts = parts;
    this.#beganMs = parts.clock.nowMs();
  }

  /** Walks until a message is too young, the queue or the time ends, or the log refuses. */
  async run(): Promise<RoundResult> {
    const { ledger, halves, clock, breathe } = this.#parts;
    const { min, max } = halves.range;
    const endMs = clock.monotonicMs() + ROUND_MS_MAX;
    ledger.skipHalves(min);
    for (let looked = 1; ledger.halfOffset < max && clock.monotonicMs() < endMs; looked++) {
      if (!await this.#look(ledger.halfOffset)) break;
      if (looked % BREATHE_EVERY === 0 && !await breathe()) break;
    }
    return { checked: this.#checked, discarded: this.#discarded };
  }

  /** @returns whether the message is passed */
  async #look(offset: number): Promise<boolean> {
    const { ledger, halves, limits, clock } = this.#parts;
    if (ledger.isSettled(offset)) {
      ledger.pass();
      return true;
    }
    const { record } = halves.read(offset);
    if (record === undefined) {
      ledger.pass();
      return true;
    }
    const half = { ...record, queueOffset: offset, properties: decodeProperties(record.properties) };
    const decision = decideCheck(half, limits, this.#beganMs, clock.nowMs());
    return await this.#act(record, decision);
  }

  async #act(record: StoredRecord, decision: CheckDecision): Promise<boolean> {
    switch (decision.kind) {
      case "wait":
        return false;
      case "discard":
        return await this.#discard(record);
      case "postpone":
        return this.#renew(record, {
          [PropertyName.TRANSACTION_PREPARED_QUEUE_OFFSET]: String(decision.preparedOffset),
        }) !== undefined;
      case "check":
        return await this.#check(record, decision.checkTimes);
    }
  }

  async #discard(record: StoredRecord): Promise<boolean> {
    const { ledger, encode, deliver, clock, ensureDiscardTopic } = this.#parts;
    await ensureDiscardTopic(DISCARD_TOPIC);
    // While this waited the producer may have ended it.
    if (ledger.isResolved(record.queueOffset)) {
      ledger.pass();
      return true;
    }
    const outgoing = encode(toDiscarded(record));
    if (outgoing === undefined || deliver([outgoing], clock.nowMs()).length === 0) return false;
    ledger.discarded();
    this.#discarded++;
    return true;
  }

  async #check(record: StoredRecord, checkTimes: number): Promise<boolean> {
    const renewed = this.#renew(record, { [PropertyName.TRANSACTION_CHECK_TIMES]: String(checkTimes) });
    if (renewed === undefined) return false;
    this.#checked++;
    const { message, place } = renewed;
    const { properties, storeHost } = message.message;
    const uniqueId = properties.get(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
    const ext = encodeCheckTransactionStateRequestHeader({
      topic: HALF_TOPIC,
      commitLogOffset: place.position,
      offsetMsgId: encodeOffsetMessageId(storeHost, place.position),
      msgId: uniqueId,
      transactionId: uniqueId,
      tranStateTableOffset: place.queueOffset,
      brokerName: this.#parts.brokerName,
    });
    const request = createRequest(RequestCode.CHECK_TRANSACTION_STATE, ext, encodeForCheck(message, place));
    await this.#parts.ask(properties.get(PropertyName.PRODUCER_GROUP) ?? "", markOneway(request));
    return true;
  }

  /** Puts a copy at the end of the queue. */
  #renew(
    record: StoredRecord,
    set: Readonly<Record<string, string>>,
  ): { message: MessageWithText; place: Parameters<typeof encodeForCheck>[1] } | undefined {
    const { ledger, encode, deliver, clock } = this.#parts;
    const message = toRenewed(record, set);
    const outgoing = encode(message);
    const nowMs = clock.nowMs();
    const [at] = outgoing === undefined ? [] : deliver([outgoing], nowMs);
    if (at === undefined) return undefined;
    ledger.moved(at.queueOffset);
    return { message, place: { ...at, storeTimestampMs: nowMs } };
  }
}
