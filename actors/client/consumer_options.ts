/**
 * Options of a push consumer, with Java's names and defaults.
 * Source: apache/rocketmq client/consumer/DefaultMQPushConsumer.java
 */

import { AllocateMessageQueueAveragely } from "./allocation/averagely.ts";
import type { AllocateMessageQueueStrategy } from "./allocation/strategy.ts";
import type { ConsumeMessageHook, FilterMessageHook } from "./hooks.ts";
import type { MessageListenerConcurrently, MessageListenerOrderly, MessageQueueListener } from "./listeners.ts";
import { checkGroup } from "./names.ts";
import { functionOrNone, oneOf, positive, within } from "./option_checks.ts";
import type { ClientOptions } from "./options.ts";
import { ClientError } from "./errors.ts";

/** Who gets a message: one member of the group, or every one. */
export type MessageModel = "CLUSTERING" | "BROADCASTING";
/** Where a group begins that has no offsets. */
export type ConsumeFromWhere = "CONSUME_FROM_LAST_OFFSET" | "CONSUME_FROM_FIRST_OFFSET" | "CONSUME_FROM_TIMESTAMP";

/** Options of a {@linkcode PushConsumer}. */
export interface PushConsumerOptions extends ClientOptions {
  /** Group. */
  readonly consumerGroup: string;
  /** CLUSTERING. */
  readonly messageModel?: MessageModel;
  /** CONSUME_FROM_LAST_OFFSET. */
  readonly consumeFromWhere?: ConsumeFromWhere;
  /** `yyyyMMddHHmmss` in local time, or milliseconds since 1970; half an hour ago. */
  readonly consumeTimestamp?: string | number;
  /** Shares of the members; AVG. */
  readonly allocateMessageQueueStrategy?: AllocateMessageQueueStrategy;
  /** Listener calls at a time; 20. */
  readonly consumeThreadMax?: number;
  /** Messages handed out together; 1. */
  readonly consumeMessageBatchMaxSize?: number;
  /** Messages asked for in a pull; 32. */
  readonly pullBatchSize?: number;
  /** Bytes asked for in a pull; 256 KiB. */
  readonly pullBatchSizeInBytes?: number;
  /** Milliseconds between pulls that found something; 0. */
  readonly pullInterval?: number;
  /** Messages cached of a queue; 1,000. */
  readonly pullThresholdForQueue?: number;
  /** MiB cached of a queue; 100. */
  readonly pullThresholdSizeForQueue?: number;
  /** Messages cached of all queues together, shared out over those held; −1 for no such bound. */
  readonly pullThresholdForTopic?: number;
  /** MiB cached of all queues together, shared out over those held; −1 for no such bound. */
  readonly pullThresholdSizeForTopic?: number;
  /** Largest difference of offsets cached of a queue, for concurrent listeners; 2,000. */
  readonly consumeConcurrentlyMaxSpan?: number;
  /** Send the subscription with each pull; false. */
  readonly postSubscriptionWhenPull?: boolean;
  /** Retries before the dead-letter topic; −1: 16, without end for orderly listeners. */
  readonly maxReconsumeTimes?: number;
  /** Milliseconds an orderly queue is held after a suspension; 1,000. */
  readonly suspendCurrentQueueTimeMillis?: number;
  /** Minutes after which a message being consumed is sent back; 15. */
  readonly consumeTimeout?: number;
  /** Milliseconds until a pull that failed is tried again; 1,000. */
  readonly pullTimeDelayMillsWhenException?: number;
  /** Milliseconds a shutdown waits for listeners; 5,000. */
  readonly awaitTerminationMillisWhenShutdown?: number;
  /** Concurrent listener. */
  readonly messageListener?: MessageListenerConcurrently;
  /** Orderly listener. */
  readonly messageListenerOrderly?: MessageListenerOrderly;
  /** Topic → expression. */
  readonly subscription?: Readonly<Record<string, string>>;
  /** Told of changes of the queues owned. */
  readonly messageQueueListener?: MessageQueueListener;
  /** Look on consumption. */
  readonly consumeMessageHooks?: readonly ConsumeMessageHook[];
  /** Take messages away before consumption. */
  readonly filterMessageHooks?: readonly FilterMessageHook[];
  /** Send traces; true or the name of the trace topic. */
  readonly enableTrace?: boolean | string;
  /** Directory of broadcasting offsets; `~/.rocketmq_offsets`. */
  readonly localOffsetStoreDir?: string;
  /** Unit mode of old deployments; false. */
  readonly unitMode?: boolean;
}

/** Options with defaults filled in. */
export interface ConsumerSettings {
  readonly messageModel: MessageModel;
  readonly consumeFromWhere: ConsumeFromWhere;
  readonly consumeTimestampMs: number | undefined;
  readonly strategy: AllocateMessageQueueStrategy;
  readonly consumeThreadMax: number;
  readonly consumeMessageBatchMaxSize: number;
  readonly pullBatchSize: number;
  readonly pullBatchSizeInBytes: number;
  readonly pullInterval: number;
  readonly pullThresholdForQueue: number;
  readonly pullThresholdBytesForQueue: number;
  readonly pullThresholdForTopic: number;
  readonly pullThresholdBytesForTopic: number;
  readonly consumeConcurrentlyMaxSpan: number;
  readonly postSubscriptionWhenPull: boolean;
  readonly maxReconsumeTimes: number;
  readonly suspendCurrentQueueTimeMillis: number;
  readonly consumeTimeoutMs: number;
  readonly pullTimeDelayMillsWhenException: number;
  readonly awaitTerminationMillisWhenShutdown: number;
  readonly unitMode: boolean;
}

/** All message models, the default first. */
export const MESSAGE_MODELS: readonly [MessageModel, ...MessageModel[]] = ["CLUSTERING", "BROADCASTING"];
/** All places to begin at, the default first. */
export const CONSUME_FROM_WHERES: readonly [ConsumeFromWhere, ...ConsumeFromWhere[]] = [
  "CONSUME_FROM_LAST_OFFSET",
  "CONSUME_FROM_FIRST_OFFSET",
  "CONSUME_FROM_TIMESTAMP",
];

const MIB = 1024 * 1024;

/**
 * Fills in the defaults; bounds are Java's.
 * Source: apache/rocketmq client/impl/consumer/DefaultMQPushConsumerImpl.java checkConfig
 *
 * @param options as given
 * @returns all settings
 * @throws {ClientError} NAME_ILLEGAL or OPTION_ILLEGAL
 */
export function consumerSettings(options: PushConsumerOptions): ConsumerSettings {
  checkGroup(options.consumerGroup);
  if (options.consumerGroup === "DEFAULT_CONSUMER") {
    throw new ClientError("NAME_ILLEGAL", 'Cannot use group "DEFAULT_CONSUMER": it is RocketMQ\'s own');
  }
  const bound = (name: keyof PushConsumerOptions, otherwise: number, min: number, max: number): number =>
    within(name, options[name] as number | undefined, { otherwise, min, max });
  const ofTopic = (name: "pullThresholdForTopic" | "pullThresholdSizeForTopic", max: number): number =>
    options[name] === undefined || options[name] === -1 ? -1 : bound(name, -1, 1, max);
  functionOrNone("messageListener", options.messageListener);
  functionOrNone("messageListenerOrderly", options.messageListenerOrderly);
  if (options.messageListener !== undefined && options.messageListenerOrderly !== undefined) {
    throw new ClientError(
      "OPTION_ILLEGAL",
      "Cannot use options messageListener and messageListenerOrderly: a consumer has one listener",
    );
  }
  const topicMib = ofTopic("pullThresholdSizeForTopic", 102_400);
  return {
    messageModel: oneOf("messageModel", options.messageModel, MESSAGE_MODELS),
    consumeFromWhere: oneOf("consumeFromWhere", options.consumeFromWhere, CONSUME_FROM_WHERES),
    consumeTimestampMs: parseTimestamp(options.consumeTimestamp),
    strategy: options.allocateMessageQueueStrategy ?? new AllocateMessageQueueAveragely(),
    consumeThreadMax: bound("consumeThreadMax", 20, 1, 1_000),
    consumeMessageBatchMaxSize: bound("consumeMessageBatchMaxSize", 1, 1, 1_024),
    pullBatchSize: bound("pullBatchSize", 32, 1, 1_024),
    pullBatchSizeInBytes: bound("pullBatchSizeInBytes", 256 * 1024, 1, 0x7fffffff),
    pullInterval: bound("pullInterval", 0, 0, 65_535),
    pullThresholdForQueue: bound("pullThresholdForQueue", 1_000, 1, 65_535),
    pullThresholdBytesForQueue: bound("pullThresholdSizeForQueue", 100, 1, 1_024) * MIB,
    pullThresholdForTopic: ofTopic("pullThresholdForTopic", 6_553_500),
    pullThresholdBytesForTopic: topicMib < 0 ? -1 : topicMib * MIB,
    consumeConcurrentlyMaxSpan: bound("consumeConcurrentlyMaxSpan", 2_000, 1, 65_535),
    postSubscriptionWhenPull: options.postSubscriptionWhenPull ?? false,
    maxReconsumeTimes: bound("maxReconsumeTimes", -1, -1, 0x7fffffff),
    suspendCurrentQueueTimeMillis: bound("suspendCurrentQueueTimeMillis", 1_000, 0, 0x7fffffff),
    consumeTimeoutMs: bound("consumeTimeout", 15, 0.001, 1_000_000) * 60_000,
    pullTimeDelayMillsWhenException: positive(
      "pullTimeDelayMillsWhenException",
      options.pullTimeDelayMillsWhenException,
      1_000,
    ),
    awaitTerminationMillisWhenShutdown: bound("awaitTerminationMillisWhenShutdown", 5_000, 0, 0x7fffffff),
    unitMode: options.unitMode ?? false,
  };
}

/**
 * @param value `yyyyMMddHHmmss` in local time, or milliseconds since 1970
 * @returns milliseconds since 1970; undefined when not given
 * @throws {ClientError} OPTION_ILLEGAL when it is neither
 */
export function parseTimestamp(value: string | number | undefined): number | undefined {
  if (value === undefined || typeof value === "number") return value;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(value);
  if (parts === null) {
    throw new ClientError("OPTION_ILLEGAL", `Cannot use option consumeTimestamp: "${value}" is not yyyyMMddHHmmss`);
  }
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}
