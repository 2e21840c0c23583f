/** The contract of ScheduleMessageService. */
import type { BrokerControllerContract, SchedulePeerContract } from "../broker_controller_contract.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import type { FlushCommitLogContract } from "../flush/flush_contract.ts";
import { defineRole, type Role } from "../../kernel/contract.ts";

/** Contract of the ScheduleMessageService actor. */
export type ScheduleContract = {
  init: BrokerActorInit;
  asks: SchedulePeerContract["asks"] & {
    /** What it did so far. */
    counters: { request: null; reply: { delivered: number; dropped: number; lateMsMax: number } };
  };
  tells: Record<never, never>;
  signals: {
    /** The log failed for good. */
    failed: { text: string };
    log: { level: "info" | "warn" | "error"; text: string };
  };
  peers: { "controller": BrokerControllerContract; "flush-log": FlushCommitLogContract };
};

/** The role of ScheduleMessageService. */
export const scheduleRole: Role<ScheduleContract> = defineRole(
  "schedule",
  new URL("./schedule_worker.ts", import.meta.url),
);
