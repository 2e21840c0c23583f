/**
 * Listeners: the application's code that consumes messages.
 *
 * Owns: their types, with Java's names, and the answers there are. Never does: anything.
 */

import type { MessageExt } from "./message_ext.ts";
import type { MessageQueue } from "./message_queue.ts";

/** Answer of a concurrent listener. */
export type ConsumeConcurrentlyStatus = "CONSUME_SUCCESS" | "RECONSUME_LATER";

/** All answers of a concurrent listener. */
export const CONCURRENT_STATUSES: readonly ConsumeConcurrentlyStatus[] = ["CONSUME_SUCCESS", "RECONSUME_LATER"];

/** What a concurrent listener may set. */
export interface ConsumeConcurrentlyContext {
  /** Queue of the messages. */
  readonly messageQueue: MessageQueue;
  /** Delay level of the retry: 0 the broker decides, negative straight to the dead-letter topic. */
  delayLevelWhenNextConsume: number;
  /** Index of the last message that was consumed; those behind it are retried. Only looked at on success. */
  ackIndex: number;
}

/**
 * Consumes messages, many at a time. Nothing returned counts as success; null, an exception, RECONSUME_LATER or anything else as a retry.
 */
export type MessageListenerConcurrently = (
  messages: readonly MessageExt[],
  context: ConsumeConcurrentlyContext,
) => ConsumeConcurrentlyStatus | null | void | Promise<ConsumeConcurrentlyStatus | null | void>;

/** Answer of an orderly listener. COMMIT and ROLLBACK are for `autoCommit = false`. */
export type ConsumeOrderlyStatus = "SUCCESS" | "SUSPEND_CURRENT_QUEUE_A_MOMENT" | "COMMIT" | "ROLLBACK";

/** All answers of an orderly listener. */
export const ORDERLY_STATUSES: readonly ConsumeOrderlyStatus[] = [
  "SUCCESS",
  "SUSPEND_CURRENT_QUEUE_A_MOMENT",
  "COMMIT",
  "ROLLBACK",
];

/** What an orderly listener may set. */
export interface ConsumeOrderlyContext {
  /** Queue of the messages. */
  readonly messageQueue: MessageQueue;
  /** false: offsets move only on COMMIT. */
  autoCommit: boolean;
  /** Milliseconds to hold the queue after a suspension; −1 for the consumer's. */
  suspendCurrentQueueTimeMillis: number;
}

/**
 * Consumes messages one batch at a time for each queue, in order. Nothing returned counts as success; null, an exception or anything else as a
 * suspension.
 */
export type MessageListenerOrderly = (
  messages: readonly MessageExt[],
  context: ConsumeOrderlyContext,
) => ConsumeOrderlyStatus | null | void | Promise<ConsumeOrderlyStatus | null | void>;

/** Told when the queues of a topic that this member owns have changed. */
export type MessageQueueListener = (
  topic: string,
  mqAll: readonly MessageQueue[],
  mqAssigned: readonly MessageQueue[],
) => void;
