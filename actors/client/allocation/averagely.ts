/**
 * AVG and AVG_BY_CIRCLE: equal shares in blocks, or dealt like cards.
 */

import type { MessageQueue } from "../message_queue.ts";
import {
  type AllocateMessageQueueStrategy,
  type AllocationInput,
  checkAllocationInput,
  type StrategyPlan,
} from "./strategy.ts";

/**
 * Contiguous blocks, the first members taking one more; the default.
 *
 * @example
 * ```ts
 * import { AllocateMessageQueueAveragely } from "@ringmq/ringmq/client";
 *
 * const mqAll = [0, 1, 2, 3, 4].map((queueId) => ({ topic: "Orders", brokerName: "broker-a", queueId }));
 * const strategy = new AllocateMessageQueueAveragely();
 * const mine = strategy.allocate({ consumerGroup: "billing", currentCid: "one", mqAll, cidAll: ["one", "two"] });
 * console.log(mine.map((queue) => queue.queueId)); // [ 0, 1, 2 ]
 * ```
 */
export class AllocateMessageQueueAveragely implements AllocateMessageQueueStrategy {
  /** "AVG". */
  readonly name = "AVG";
  /** Description for a worker. */
  readonly plan: StrategyPlan = { kind: "AVG" };

  /**
   * Source: apache/rocketmq client/consumer/rebalance/AllocateMessageQueueAveragely.java allocate
   *
   * @param input group, member, queues, members
   * @returns the member's block
   * @throws {RangeError} when the input is unusable
   */
  allocate(input: AllocationInput): MessageQueue[] {
    if (!checkAllocationInput(input)) return [];
    const { mqAll, cidAll } = input;
    const index = cidAll.indexOf(input.currentCid);
    const mod = mqAll.length % cidAll.length;
    const share = Math.floor(mqAll.length / cidAll.length);
    const size = mqAll.length <= cidAll.length ? 1 : mod > 0 && index < mod ? share + 1 : share;
    const start = mod > 0 && index < mod ? index * size : index * size + mod;
    return mqAll.slice(start, start + Math.max(0, Math.min(size, mqAll.length - start)));
  }
}

/** Every n-th queue, starting at the member's index. */
export class AllocateMessageQueueAveragelyByCircle implements AllocateMessageQueueStrategy {
  /** "AVG_BY_CIRCLE". */
  readonly name = "AVG_BY_CIRCLE";
  /** Description for a worker. */
  readonly plan: StrategyPlan = { kind: "AVG_BY_CIRCLE" };

  /**
   * Source: apache/rocketmq client/consumer/rebalance/AllocateMessageQueueAveragelyByCircle.java allocate
   *
   * @param input group, member, queues, members
   * @returns the member's queues
   * @throws {RangeError} when the input is unusable
   */
  allocate(input: AllocationInput): MessageQueue[] {
    if (!checkAllocationInput(input)) return [];
    const index = input.cidAll.indexOf(input.currentCid);
    return input.mqAll.filter((_, i) => i >= index && i % input.cidAll.length === index);
  }
}
