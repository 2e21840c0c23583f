/**
 * A queue of a topic as the client names it: key, order, equality.
 *
 * Owns: the text key used in maps. Reads: nothing. Never does: IO.
 */

/** One queue of a topic on one broker. */
export interface MessageQueue {
  /** Topic, with its namespace. */
  readonly topic: string;
  /** Broker name, not its address. */
  readonly brokerName: string;
  /** Queue number inside the broker. */
  readonly queueId: number;
}

/**
 * Key of a queue for maps.
 *
 * @param queue the queue
 * @returns text that is equal exactly when the queues are
 */
export function queueKey(queue: MessageQueue): string {
  return `${queue.topic}\u0001${queue.brokerName}\u0001${queue.queueId}`;
}

/**
 * Order by topic, broker name, queue number, texts by UTF-16 code unit as in Java.
 * Source: apache/rocketmq common/message/MessageQueue.java compareTo
 *
 * @param a one queue
 * @param b another queue
 * @returns negative, zero or positive
 */
export function compareQueues(a: MessageQueue, b: MessageQueue): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  if (a.brokerName !== b.brokerName) return a.brokerName < b.brokerName ? -1 : 1;
  return a.queueId - b.queueId;
}

/**
 * Whether two values name the same queue.
 *
 * @param a one queue
 * @param b another queue
 * @returns true when topic, broker and number are equal
 */
export function sameQueue(a: MessageQueue, b: MessageQueue): boolean {
  return a.queueId === b.queueId && a.topic === b.topic && a.brokerName === b.brokerName;
}

/**
 * The text that Java prints for a queue; consistent hashing hashes it.
 * Source: apache/rocketmq common/message/MessageQueue.java toString
 *
 * @param queue the queue
 * @returns Java's text
 */
export function queueText(queue: MessageQueue): string {
  return `MessageQueue [topic=${queue.topic}, brokerName=${queue.brokerName}, queueId=${queue.queueId}]`;
}
