/**
 * Selectors: which queue of a topic a message goes to.
 *
 * Owns: the built-in choices. Never does: IO.
 */

import type { Message } from "./message.ts";
import type { MessageQueue } from "./message_queue.ts";
import { javaHash } from "./subscription.ts";

/** Picks the queue of a message. */
export type MessageQueueSelector<A = unknown> = (
  queues: readonly MessageQueue[],
  message: Message,
  arg: A,
) => MessageQueue;

/**
 * By hash: equal arguments always meet the same queue as long as the queues stay.
 * Source: apache/rocketmq client/producer/selector/SelectMessageQueueByHash.java select
 *
 * @example
 * ```ts
 * import { selectMessageQueueByHash } from "@ringmq/ringmq/client";
 *
 * const queues = [0, 1, 2, 3].map((queueId) => ({ topic: "Orders", brokerName: "broker-a", queueId }));
 * const message = { topic: "Orders", body: "one coffee" };
 * console.log(selectMessageQueueByHash(queues, message, 4711).queueId); // 3
 * ```
 *
 * @param queues queues of the topic
 * @param _message not looked at
 * @param arg text or number; its Java hash code decides
 * @returns the queue
 */
export function selectMessageQueueByHash(
  queues: readonly MessageQueue[],
  _message: Message,
  arg: string | number,
): MessageQueue {
  const hash = typeof arg === "string" ? javaHash(arg) : javaNumberHash(arg);
  let at = hash % queues.length;
  if (at < 0) at = Math.abs(at);
  return queueAt(queues, at);
}

/** Source: java.lang.Integer.hashCode and Long.hashCode */
function javaNumberHash(value: number): number {
  if (Number.isInteger(value) && value === (value | 0)) return value;
  const big = BigInt.asIntN(64, BigInt(Math.trunc(value)));
  return Number(BigInt.asIntN(32, big ^ (BigInt.asUintN(64, big) >> 32n)));
}

/**
 * By chance.
 * Source: apache/rocketmq client/producer/selector/SelectMessageQueueByRandom.java select
 *
 * @param queues queues of the topic
 * @returns any queue
 */
export function selectMessageQueueByRandom(queues: readonly MessageQueue[]): MessageQueue {
  return queueAt(queues, (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % queues.length);
}

/**
 * By machine room: any queue whose broker is named `room@name` with one of the given rooms; any queue when there is none.
 *
 * @param rooms wanted rooms
 * @returns a selector
 */
export function selectMessageQueueByMachineRoom(rooms: Iterable<string>): MessageQueueSelector {
  const wanted = new Set(rooms);
  return (queues) => {
    const near = queues.filter((queue) =>
      wanted.has(queue.brokerName.split("@")[0] ?? "") && queue.brokerName.includes("@")
    );
    return selectMessageQueueByRandom(near.length > 0 ? near : queues);
  };
}

function queueAt(queues: readonly MessageQueue[], index: number): MessageQueue {
  const queue = queues[index];
  if (queue === undefined) throw new RangeError(`Cannot select queue ${index} of ${queues.length}`);
  return queue;
}
