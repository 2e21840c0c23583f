/**
 * Message queue: one queue of a topic on a broker, the unit of consumption.
 *
 * Owns the value, its order and its text key for maps; as a JSON key it is written as an object.
 *
 * @module
 */
import { bean, type JsonCodec, text, whole } from "./json_codec.ts";

/** One queue. Source: apache/rocketmq common/message/MessageQueue.java MessageQueue. */
export interface MessageQueue {
  /** Broker name. */
  readonly brokerName: string;
  /** Queue id. */
  readonly queueId: number;
  /** Topic. */
  readonly topic: string;
}

/** JSON codec of {@linkcode MessageQueue}. */
export const messageQueueJson: JsonCodec<MessageQueue> = bean<MessageQueue>({
  brokerName: text(),
  queueId: whole(),
  topic: text(),
});

/**
 * Text that is equal for equal queues, for use as a map key.
 *
 * @param queue The queue
 * @returns The key; only good for comparing
 */
export function messageQueueKey(queue: MessageQueue): string {
  return `${queue.topic}\n${queue.brokerName}\n${queue.queueId}`;
}

/**
 * Order of queues: topic, broker name, queue id.
 *
 * Source: apache/rocketmq common/message/MessageQueue.java compareTo.
 *
 * @param left One
 * @param right The other
 * @returns Negative, zero or positive
 */
export function compareMessageQueues(left: MessageQueue, right: MessageQueue): number {
  if (left.topic !== right.topic) return left.topic < right.topic ? -1 : 1;
  if (left.brokerName !== right.brokerName) return left.brokerName < right.brokerName ? -1 : 1;
  return left.queueId - right.queueId;
}

/**
 * Compares two queues.
 *
 * @param left One
 * @param right The other
 * @returns Whether they are the same queue
 */
export function isSameMessageQueue(left: MessageQueue, right: MessageQueue): boolean {
  return left.queueId === right.queueId && left.topic === right.topic && left.brokerName === right.brokerName;
}
