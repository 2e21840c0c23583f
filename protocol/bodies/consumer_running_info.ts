/**
 * What a consumer tells of itself. Owns the answer to request 307.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  double,
  encodeBody,
  flag,
  type JsonCodec,
  list,
  objectTable,
  optional,
  type Pair,
  table,
  text,
  whole,
} from "../json_codec.ts";
import { type MessageQueue, messageQueueJson } from "../message_queue.ts";
import { type SubscriptionData, subscriptionDataJson } from "../subscription.ts";

/** State of a pulled queue. Source: apache/rocketmq remoting/protocol/body/ProcessQueueInfo.java ProcessQueueInfo. */
export interface ProcessQueueInfo {
  /** Messages held. */
  readonly cachedMsgCount: number;
  /** Largest offset held. */
  readonly cachedMsgMaxOffset: number;
  /** Smallest offset held. */
  readonly cachedMsgMinOffset: number;
  /** Bytes held, MiB. */
  readonly cachedMsgSizeInMiB: number;
  /** Offset committed. */
  readonly commitOffset: number;
  /** Whether the queue was given up. */
  readonly droped: boolean;
  /** Last consumption, ms. */
  readonly lastConsumeTimestamp: number;
  /** Last lock, ms. */
  readonly lastLockTimestamp: number;
  /** Last pull, ms. */
  readonly lastPullTimestamp: number;
  /** Whether the queue is locked. */
  readonly locked: boolean;
  /** Messages being consumed in order. */
  readonly transactionMsgCount: number;
  /** Largest offset of them. */
  readonly transactionMsgMaxOffset: number;
  /** Smallest offset of them. */
  readonly transactionMsgMinOffset: number;
  /** How often unlocking was tried. */
  readonly tryUnlockTimes: number;
}

/** JSON codec of {@linkcode ProcessQueueInfo}. */
export const processQueueInfoJson: JsonCodec<ProcessQueueInfo> = bean<ProcessQueueInfo>({
  cachedMsgCount: whole(),
  cachedMsgMaxOffset: whole(),
  cachedMsgMinOffset: whole(),
  cachedMsgSizeInMiB: whole(),
  commitOffset: whole(),
  droped: flag(),
  lastConsumeTimestamp: whole(),
  lastLockTimestamp: whole(),
  lastPullTimestamp: whole(),
  locked: flag(),
  transactionMsgCount: whole(),
  transactionMsgMaxOffset: whole(),
  transactionMsgMinOffset: whole(),
  tryUnlockTimes: whole(),
});

/** State of a popped queue. Source: apache/rocketmq remoting/protocol/body/PopProcessQueueInfo.java PopProcessQueueInfo. */
export interface PopProcessQueueInfo {
  /** Whether the queue was given up. */
  readonly droped: boolean;
  /** Last pop, ms. */
  readonly lastPopTimestamp: number;
  /** Messages not acknowledged. */
  readonly waitAckCount: number;
}

/** JSON codec of {@linkcode PopProcessQueueInfo}. */
export const popProcessQueueInfoJson: JsonCodec<PopProcessQueueInfo> = bean<PopProcessQueueInfo>({
  droped: flag(),
  lastPopTimestamp: whole(),
  waitAckCount: whole(),
});

/** Rates on a topic. Source: apache/rocketmq remoting/protocol/body/ConsumeStatus.java ConsumeStatus. */
export interface ConsumeStatus {
  /** Messages that failed within an hour. */
  readonly consumeFailedMsgs: number;
  /** Failed a second. */
  readonly consumeFailedTPS: number;
  /** Consumed a second. */
  readonly consumeOKTPS: number;
  /** Time a message takes, ms. */
  readonly consumeRT: number;
  /** Time a pull takes, ms. */
  readonly pullRT: number;
  /** Messages pulled a second. */
  readonly pullTPS: number;
}

/** JSON codec of {@linkcode ConsumeStatus}. */
export const consumeStatusJson: JsonCodec<ConsumeStatus> = bean<ConsumeStatus>({
  consumeFailedMsgs: whole(),
  consumeFailedTPS: double(),
  consumeOKTPS: double(),
  consumeRT: double(),
  pullRT: double(),
  pullTPS: double(),
});

/** State of a consumer. Source: apache/rocketmq remoting/protocol/body/ConsumerRunningInfo.java ConsumerRunningInfo. */
export interface ConsumerRunningInfo {
  /** Thread dump, when it was asked for. */
  readonly jstack?: string | undefined;
  /** Popped queues. */
  readonly mqPopTable: readonly Pair<MessageQueue, PopProcessQueueInfo>[];
  /** Pulled queues. */
  readonly mqTable: readonly Pair<MessageQueue, ProcessQueueInfo>[];
  /** Configuration. */
  readonly properties: ReadonlyMap<string, string>;
  /** Rates by topic. */
  readonly statusTable: ReadonlyMap<string, ConsumeStatus>;
  /** Subscriptions. */
  readonly subscriptionSet: readonly SubscriptionData[];
  /** What the application adds. */
  readonly userConsumerInfo: ReadonlyMap<string, string>;
}

/** JSON codec of {@linkcode ConsumerRunningInfo}. */
export const consumerRunningInfoJson: JsonCodec<ConsumerRunningInfo> = bean<ConsumerRunningInfo>({
  jstack: optional(text()),
  mqPopTable: objectTable(messageQueueJson, popProcessQueueInfoJson),
  mqTable: objectTable(messageQueueJson, processQueueInfoJson),
  properties: table(text()),
  statusTable: table(consumeStatusJson),
  subscriptionSet: list(subscriptionDataJson),
  userConsumerInfo: table(text()),
});

/**
 * Decodes the answer to request 307.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeConsumerRunningInfo(body: BodyInput): ConsumerRunningInfo {
  return decodeBody(consumerRunningInfoJson, body);
}

/**
 * Encodes the answer to request 307.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeConsumerRunningInfo(value: ConsumerRunningInfo, dialect?: FastDialect): Uint8Array {
  return encodeBody(consumerRunningInfoJson, value, dialect);
}
