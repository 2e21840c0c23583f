/**
 * Rebuilds a built-in strategy from its description, on the other side of a worker boundary.
 */

import { AllocateMessageQueueAveragely, AllocateMessageQueueAveragelyByCircle } from "./averagely.ts";
import { AllocateMessageQueueByConfig } from "./by_config.ts";
import { AllocateMessageQueueByMachineRoom } from "./by_machine_room.ts";
import { AllocateMessageQueueConsistentHash } from "./consistent_hash.ts";
import type { AllocateMessageQueueStrategy, StrategyPlan } from "./strategy.ts";

/**
 * @param plan description of a built-in strategy
 * @returns the strategy it describes
 */
export function strategyOf(plan: StrategyPlan): AllocateMessageQueueStrategy {
  switch (plan.kind) {
    case "AVG":
      return new AllocateMessageQueueAveragely();
    case "AVG_BY_CIRCLE":
      return new AllocateMessageQueueAveragelyByCircle();
    case "CONFIG":
      return new AllocateMessageQueueByConfig(plan.messageQueueList);
    case "MACHINE_ROOM":
      return new AllocateMessageQueueByMachineRoom(plan.consumeridcs);
    case "CONSISTENT_HASH":
      return new AllocateMessageQueueConsistentHash(plan.virtualNodeCount);
  }
}
