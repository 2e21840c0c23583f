/**
 * What a round of checks does with one half message that is not resolved.
 *
 * Owns: the decision, as a pure function. Reads: the record. Never: writes.
 *
 * Source: apache/rocketmq broker TransactionalMessageServiceImpl.check, needDiscard, needSkip, checkPrepareQueueOffset
 */
import { PropertyName } from "../../../protocol/property_name.ts";

/** What becomes of a half message in a round. */
export type CheckDecision =
  /** Too many checks, or older than files are kept: to the discard topic. */
  | { readonly kind: "discard" }
  /** Not yet; what lies behind it is younger, so the round ends. */
  | { readonly kind: "wait" }
  /** Its own immunity has not passed: a copy goes to the end of the queue, the round goes on. */
  | { readonly kind: "postpone"; readonly preparedOffset: number }
  /** A copy with one more check goes to the end of the queue, and the producer is asked. */
  | { readonly kind: "check"; readonly checkTimes: number };

/** Limits of the checks. */
export interface CheckLimits {
  /** Age at which a message is asked about first. Milliseconds. */
  readonly transactionTimeOut: number;
  /** Checks of one message at most. */
  readonly transactionCheckMax: number;
  /** Hours that files are kept. */
  readonly fileReservedTime: number;
}

/** A half message as the decision sees it. */
export interface HalfMessage {
  readonly queueOffset: number;
  readonly bornTimestamp: number;
  readonly storeTimestamp: number;
  readonly properties: ReadonlyMap<string, string>;
}

const HOUR_MS = 3_600_000;

/**
 * Decides.
 *
 * @param half an unresolved message
 * @param limits of the broker
 * @param roundMs when the round began, milliseconds since 1970
 * @param nowMs milliseconds since 1970
 */
export function decideCheck(half: HalfMessage, limits: CheckLimits, roundMs: number, nowMs: number): CheckDecision {
  const { properties } = half;
  const done = properties.get(PropertyName.TRANSACTION_CHECK_TIMES);
  const checks = done === undefined ? 0 : intOr(done, -1);
  const ageMs = nowMs - half.bornTimestamp;
  if (checks >= limits.transactionCheckMax || ageMs > limits.fileReservedTime * HOUR_MS) return { kind: "discard" };
  if (half.storeTimestamp >= roundMs) return { kind: "wait" };
  const immunity = properties.get(PropertyName.CHECK_IMMUNITY_TIME_IN_SECONDS);
  if (immunity === undefined) {
    if (ageMs >= 0 && ageMs <= limits.transactionTimeOut) return { kind: "wait" };
  } else if (ageMs <= immunityMs(immunity, limits.transactionTimeOut)) {
    const prepared = properties.get(PropertyName.TRANSACTION_PREPARED_QUEUE_OFFSET);
    const preparedOffset = prepared === undefined ? half.queueOffset : intOr(prepared, -1);
    return preparedOffset < 0 ? { kind: "wait" } : { kind: "postpone", preparedOffset };
  }
  return { kind: "check", checkTimes: checks + 1 };
}

/**
 * Whether the end of a transaction that was not asked for comes too late: a message with an immunity of its own is then left to the checks.
 *
 * Source: apache/rocketmq broker EndTransactionProcessor.rejectCommitOrRollback
 */
export function comesTooLate(half: HalfMessage, limits: CheckLimits, nowMs: number): boolean {
  const immunity = half.properties.get(PropertyName.CHECK_IMMUNITY_TIME_IN_SECONDS);
  if (immunity === undefined || immunity === "") return false;
  return nowMs - half.bornTimestamp > immunityMs(immunity, limits.transactionTimeOut);
}

function immunityMs(text: string, defaultMs: number): number {
  const seconds = intOr(text, -1);
  return seconds === -1 ? defaultMs : seconds * 1000;
}

function intOr(text: string, otherwise: number): number {
  return /^[-+]?\d{1,15}$/.test(text) ? Number(text) : otherwise;
}
