/** The contract of PullRequestHoldService. */
import type { BrokerControllerContract, TopicSubscriber } from "../broker_controller_contract.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import { defineRole, type Role } from "../../kernel/contract.ts";

/** Contract of the PullRequestHoldService actor. */
export type HoldContract = {
  init: BrokerActorInit;
  asks: TopicSubscriber & {
    /** What it did so far. */
    counters: { request: null; reply: { held: number; parked: number; woken: number; missed: number } };
  };
  tells: Record<never, never>;
  signals: Record<never, never>;
  peers: { "controller": BrokerControllerContract };
};

/** The role of PullRequestHoldService. */
export const holdRole: Role<HoldContract> = defineRole("hold", new URL("./hold_worker.ts", import.meta.url));
