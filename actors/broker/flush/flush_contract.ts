/** The contracts of CommitRealTimeService, FlushCommitLogService and FlushConsumeQueueService. */
import type { BrokerActorInit } from "../broker_init.ts";
import type { ReputContract } from "../reput/reput_contract.ts";
import { defineRole, type Role } from "../../kernel/contract.ts";

/** Contract of the FlushCommitLogService actor. */
export type FlushCommitLogContract = {
  init: BrokerActorInit;
  asks: {
    /** Syncs everything that is written now. */
    flush: { request: null; reply: { flushed: number } };
    /** What it did so far. */
    counters: { request: null; reply: { syncs: number; flushed: number; slowestMs: number; missed: number } };
  };
  tells: Record<never, never>;
  signals: {
    /** The device failed; nothing may be acknowledged any more. */
    failed: { text: string };
    log: { level: "info" | "warn" | "error"; text: string };
  };
};

/** Contract of the FlushConsumeQueueService actor. */
export type FlushConsumeQueueContract = {
  init: BrokerActorInit & {
    /** How often the actor was started, from 1. */
    incarnation: number;
  };
  asks: {
    /** Syncs queues and indexes, then the checkpoint. */
    flush: { request: null; reply: { position: number } };
    /** What it did so far. */
    counters: { request: null; reply: { checkpoints: number; files: number } };
  };
  tells: Record<never, never>;
  signals: {
    /** The device failed. */
    failed: { text: string };
    log: { level: "info" | "warn" | "error"; text: string };
  };
  peers: { "reput": ReputContract };
};

/** Contract of the CommitRealTimeService actor. */
export type CommitRealTimeContract = {
  init: BrokerActorInit;
  asks: {
    /** Writes everything that is in memory now; false when the disk is full. */
    commit: { request: null; reply: { isWhole: boolean } };
    /** What it did so far. */
    counters: { request: null; reply: { commits: number; written: number; missed: number } };
  };
  tells: Record<never, never>;
  signals: {
    /** The device failed; what was not written is lost. */
    failed: { text: string };
    log: { level: "info" | "warn" | "error"; text: string };
  };
};

/** The role of CommitRealTimeService. */
export const commitRealTimeRole: Role<CommitRealTimeContract> = defineRole(
  "commit-log",
  new URL("./commit_real_time_worker.ts", import.meta.url),
);

/** The role of FlushCommitLogService. */
export const flushCommitLogRole: Role<FlushCommitLogContract> = defineRole(
  "flush-log",
  new URL("./flush_commit_log_worker.ts", import.meta.url),
);

/** The role of FlushConsumeQueueService. */
export const flushConsumeQueueRole: Role<FlushConsumeQueueContract> = defineRole(
  "flush-queues",
  new URL("./flush_consume_queue_worker.ts", import.meta.url),
);
