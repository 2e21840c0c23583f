/** The contract of CleanCommitLogService. */
import type {
  BrokerControllerContract,
  ControlSubscriber,
  HousekeepingPeerContract,
} from "../broker_controller_contract.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import type { ReputContract } from "../reput/reput_contract.ts";
import { defineRole, type Role } from "../../kernel/contract.ts";

/** What was removed since the start. */
export interface RemovalCounters {
  readonly rounds: number;
  readonly logFiles: number;
  readonly queueFiles: number;
  readonly indexFiles: number;
  /** Self-checks made. */
  readonly checks: number;
}

/** Contract of the CleanCommitLogService actor. */
export type HousekeepingContract = {
  init: BrokerActorInit;
  asks: HousekeepingPeerContract["asks"] & Pick<ControlSubscriber, "topics" | "configuration"> & {
    /** What it did so far. */
    counters: { request: null; reply: RemovalCounters };
    /** Takes a round now and waits for its end. */
    round: { request: null; reply: RemovalCounters };
  };
  tells: Record<never, never>;
  signals: { log: { level: "info" | "warn" | "error"; text: string } };
  peers: { "controller": BrokerControllerContract; "reput": ReputContract };
};

/** The role of CleanCommitLogService. */
export const housekeepingRole: Role<HousekeepingContract> = defineRole(
  "housekeeping",
  new URL("./housekeeping_worker.ts", import.meta.url),
);
