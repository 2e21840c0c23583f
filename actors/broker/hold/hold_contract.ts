/** The contract of PullRequestHoldService. */
import type { BrokerControllerContract, TopicSubscriber } from "../broker_controller_contract.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import { defineRole, type Role } from "../../kernel/contract.ts";

/** What a gateway tells of the filters of its parked pulls. */
export interface WakeFilterChange {
  readonly gateway: number;
  /** Whether the numbers that it gave before mean nothing any more. */
  readonly forgetAll: boolean;
  /** A filter with its number; pulls that were parked before it came are woken by anything. */
  readonly filter?: {
    readonly id: number;
    readonly topic: string;
    /** Tag hashes; null where an expression decides. */
    readonly codes: readonly number[] | null;
    /** SQL92 expression, or null. */
    readonly expression: string | null;
  };
}

/** Contract of the PullRequestHoldService actor. */
export type HoldContract = {
  init: BrokerActorInit;
  asks: TopicSubscriber & {
    /** What it did so far, and the filters that it knows. */
    counters: {
      request: null;
      reply: { held: number; parked: number; woken: number; missed: number; filters: number };
    };
  };
  tells: {
    filter: WakeFilterChange;
  };
  signals: Record<never, never>;
  peers: { "controller": BrokerControllerContract };
};

/** The role of PullRequestHoldService. */
export const holdRole: Role<HoldContract> = defineRole("hold", new URL("./hold_worker.ts", import.meta.url));
