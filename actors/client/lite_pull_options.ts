/**
 * Options of a lite pull consumer, with Java's names and defaults.
 * Source: apache/rocketmq client/consumer/DefaultLitePullConsumer.java
 */

import { AllocateMessageQueueAveragely } from "./allocation/averagely.ts";
import type { AllocateMessageQueueStrategy } from "./allocation/strategy.ts";
import {
  CONSUME_FROM_WHERES,
  type ConsumeFromWhere,
  type ConsumerSettings,
  MESSAGE_MODELS,
  type MessageModel,
  parseTimestamp,
} from "./consumer_options.ts";
import type { MessageQueueListener } from "./listeners.ts";
import { checkGroup } from "./names.ts";
import { oneOf, positive, within } from "./option_checks.ts";
import type { ClientOptions } from "./options.ts";

/** Options of a {@linkcode LitePullConsumer}. */
export interface LitePullConsumerOptions extends ClientOptions {
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
  /** Messages asked for in a pull, and given by a poll; 10. */
  readonly pullBatchSize?: number;
  /** Messages cached of a queue; 1,000. */
  readonly pullThresholdForQueue?: number;
  /** MiB cached of a queue; 100. */
  readonly pullThresholdSizeForQueue?: number;
  /** Messages cached of all queues; 10,000. */
  readonly pullThresholdForAll?: number;
  /** Largest difference of offsets cached of a queue; 2,000. */
  readonly consumeMaxSpan?: number;
  /** Milliseconds a poll waits; 5,000. */
  readonly pollTimeoutMillis?: number;
  /** Commit what was polled by itself; true. */
  readonly autoCommit?: boolean;
  /** Milliseconds between commits; 5,000, at least 1,000. */
  readonly autoCommitIntervalMillis?: number;
  /** Milliseconds between looks for new queues; 30,000. */
  readonly topicMetadataCheckIntervalMillis?: number;
  /** Milliseconds until a pull that failed is tried again; 1,000. */
  readonly pullTimeDelayMillsWhenException?: number;
  /** Told of changes of the queues owned. */
  readonly messageQueueListener?: MessageQueueListener;
  /** Directory of broadcasting offsets; `~/.rocketmq_offsets`. */
  readonly localOffsetStoreDir?: string;
}

/** Settings only lite pull has. */
export interface LiteSettings {
  readonly consumer: ConsumerSettings;
  readonly pollTimeoutMillis: number;
  readonly autoCommit: boolean;
  readonly autoCommitIntervalMillis: number;
  readonly pullThresholdForAll: number;
  readonly topicMetadataCheckIntervalMillis: number;
}

const MIB = 1024 * 1024;

/**
 * Fills in the defaults.
 * Source: apache/rocketmq client/impl/consumer/DefaultLitePullConsumerImpl.java checkConfig
 *
 * @param options as given
 * @returns all settings
 * @throws {ClientError} NAME_ILLEGAL or OPTION_ILLEGAL
 */
export function liteSettings(options: LitePullConsumerOptions): LiteSettings {
  checkGroup(options.consumerGroup);
  const bound = (name: keyof LitePullConsumerOptions, otherwise: number, min: number, max: number): number =>
    within(name, options[name] as number | undefined, { otherwise, min, max });
  return {
    consumer: {
      messageModel: oneOf("messageModel", options.messageModel, MESSAGE_MODELS),
      consumeFromWhere: oneOf("consumeFromWhere", options.consumeFromWhere, CONSUME_FROM_WHERES),
      consumeTimestampMs: parseTimestamp(options.consumeTimestamp),
      strategy: options.allocateMessageQueueStrategy ?? new AllocateMessageQueueAveragely(),
      consumeThreadMax: 1,
      consumeMessageBatchMaxSize: 1,
      pullBatchSize: bound("pullBatchSize", 10, 1, 1_024),
      pullBatchSizeInBytes: 256 * 1024,
      pullInterval: 0,
      pullThresholdForQueue: bound("pullThresholdForQueue", 1_000, 1, 65_535),
      pullThresholdBytesForQueue: bound("pullThresholdSizeForQueue", 100, 1, 1_024) * MIB,
      pullThresholdForTopic: -1,
      pullThresholdBytesForTopic: -1,
      consumeConcurrentlyMaxSpan: bound("consumeMaxSpan", 2_000, 1, 65_535),
      postSubscriptionWhenPull: false,
      maxReconsumeTimes: -1,
      suspendCurrentQueueTimeMillis: 1_000,
      consumeTimeoutMs: 15 * 60_000,
      pullTimeDelayMillsWhenException: positive(
        "pullTimeDelayMillsWhenException",
        options.pullTimeDelayMillsWhenException,
        1_000,
      ),
      awaitTerminationMillisWhenShutdown: 0,
      unitMode: false,
    },
    pollTimeoutMillis: bound("pollTimeoutMillis", 5_000, 0, 3_600_000),
    autoCommit: options.autoCommit ?? true,
    autoCommitIntervalMillis: bound("autoCommitIntervalMillis", 5_000, 1_000, 3_600_000),
    pullThresholdForAll: bound("pullThresholdForAll", 10_000, 1, 6_553_500),
    topicMetadataCheckIntervalMillis: bound("topicMetadataCheckIntervalMillis", 30_000, 100, 3_600_000),
  };
}
