/**
 * CONFIG: the queues the application names, whoever else is in the group.
 */

import type { MessageQueue } from "../message_queue.ts";
import type { AllocateMessageQueueStrategy, StrategyPlan } from "./strategy.ts";

/** A fixed list. */
export class AllocateMessageQueueByConfig implements AllocateMessageQueueStrategy {
  /** "CONFIG". */
  readonly name = "CONFIG";
  /** Description for a worker. */
  readonly plan: StrategyPlan;
  readonly #queues: readonly MessageQueue[];

  /**
   * Makes the strategy.
   *
   * @param messageQueueList the queues of this member
   */
  constructor(messageQueueList: readonly MessageQueue[]) {
    this.#queues = messageQueueList.map(({ topic, brokerName, queueId }) => ({ topic, brokerName, queueId }));
    this.plan = { kind: "CONFIG", messageQueueList: this.#queues };
  }

  /**
   * Source: apache/rocketmq client/consumer/rebalance/AllocateMessageQueueByConfig.java allocate
   *
   * @returns the fixed list, whatever was asked
   */
  allocate(): MessageQueue[] {
    return [...this.#queues];
  }
}
