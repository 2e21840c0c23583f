/**
 * What an allocation strategy is: which of a topic's queues belong to one member of a group.
 *
 * Owns: the interface and the checks every strategy makes first. Never does: IO; a strategy is a pure function of its input.
 */

import type { MessageQueue } from "../message_queue.ts";

/** Everything a strategy may look at. */
export interface AllocationInput {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Client id of the member that asks. */
  readonly currentCid: string;
  /** All queues of the topic, sorted. */
  readonly mqAll: readonly MessageQueue[];
  /** All member ids, sorted. */
  readonly cidAll: readonly string[];
}

/** Decides which queues a member owns; every member computes the same table. */
export interface AllocateMessageQueueStrategy {
  /** Name, as Java's strategies report it. */
  readonly name: string;
  /** Queues of `input.currentCid`. @throws {RangeError} when the input is unusable */
  allocate(input: AllocationInput): MessageQueue[];
  /** Plain description with which a worker can rebuild the strategy; absent for a strategy of the application. */
  readonly plan?: StrategyPlan;
}

/** A built-in strategy as data: it crosses to the rebalance worker. */
export type StrategyPlan =
  | { readonly kind: "AVG" }
  | { readonly kind: "AVG_BY_CIRCLE" }
  | { readonly kind: "CONFIG"; readonly messageQueueList: readonly MessageQueue[] }
  | { readonly kind: "MACHINE_ROOM"; readonly consumeridcs: readonly string[] }
  | { readonly kind: "CONSISTENT_HASH"; readonly virtualNodeCount: number };

/**
 * The checks all strategies of RocketMQ make before they look further.
 * Source: apache/rocketmq client/consumer/rebalance/AbstractAllocateMessageQueueStrategy.java check
 *
 * @param input what was asked
 * @returns false when this member is not in the list, which gives it nothing
 * @throws {RangeError} when the id is blank or a list is empty
 */
export function checkAllocationInput(input: AllocationInput): boolean {
  if (input.currentCid.length === 0) throw new RangeError("Cannot allocate queues: currentCid is empty");
  if (input.mqAll.length === 0) throw new RangeError("Cannot allocate queues: mqAll is empty");
  if (input.cidAll.length === 0) throw new RangeError("Cannot allocate queues: cidAll is empty");
  return input.cidAll.includes(input.currentCid);
}
