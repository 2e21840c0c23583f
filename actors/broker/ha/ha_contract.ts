/** The contracts of HAService, HAClient and GroupTransferService. */
import { defineRole, type Role } from "../../kernel/contract.ts";
import type { BrokerActorInit } from "../broker_init.ts";

/** A slave as its master sees it. */
export interface SlaveReport {
  /** `ip:port` of the slave. */
  readonly address: string;
  /** Position that the slave has confirmed. */
  readonly confirmed: number;
  /** Position that is sent next. */
  readonly next: number;
  /** Id in the failover set; 0 without one. */
  readonly brokerId: number;
  /** Whether it is a member of the sync-state set; undefined where there is none. */
  readonly isMember?: boolean;
  /** Bytes a second, over the last second or more. */
  readonly bytesPerSecond: number;
}

/** A slave as it sees itself. */
export interface MasterReport {
  /** HA address of the master; undefined while it is not known. */
  readonly address: string | undefined;
  /** Whether the master sends. */
  readonly isConnected: boolean;
  /** Last read, ms since 1970; 0 when there was none. */
  readonly lastReadMs: number;
  /** Last report, ms since 1970; 0 when there was none. */
  readonly lastWriteMs: number;
  /** Bytes a second, over the last second or more. */
  readonly bytesPerSecond: number;
  /** Position behind what this slave has. */
  readonly end: number;
}

/** Contract of the HAService actor. */
export type HaServiceContract = {
  init: BrokerActorInit;
  asks: {
    /** The slaves that are connected and have reported, and where the log ends. */
    slaves: { request: null; reply: { slaves: SlaveReport[]; end: number } };
  };
  tells: {
    /** A connection from `from` carries that of a slave at `address`. */
    alias: { from: string; address: string };
  };
  signals: {
    /** The sync-state set should be another one. */
    syncStateSet: { wanted: readonly number[] };
    log: { level: "info" | "warn" | "error"; text: string };
  };
};

/** Contract of the HAClient actor. */
export type HaClientContract = {
  init: BrokerActorInit & {
    /** HA address of the master, when it is known already. */
    masterAddress: string | undefined;
  };
  asks: {
    /** How it stands with the master. */
    master: { request: null; reply: MasterReport };
    /** Leaves the master and appends no more: the broker stops. */
    halt: { request: null; reply: null };
  };
  tells: {
    /** Where the master is. */
    follow: { address: string };
  };
  signals: {
    /** The log failed for good. */
    failed: { text: string };
    /** The log has to be cut at a position before this master can be followed. */
    truncation: { position: number };
    log: { level: "info" | "warn" | "error"; text: string };
  };
};

/** Contract of the GroupTransferService actor. */
export type GroupTransferContract = {
  init: BrokerActorInit;
  asks: {
    /** What it did so far. */
    counters: { request: null; reply: { replicated: number; required: number; inSync: number; advances: number } };
    /** Answers when a follower is waited for and has all that was acknowledged. */
    join: { request: { brokerId: number }; reply: null };
  };
  tells: Record<never, never>;
  signals: { log: { level: "info" | "warn" | "error"; text: string } };
};

/** The role of HAService. */
export const haServiceRole: Role<HaServiceContract> = defineRole(
  "ha-service",
  new URL("./ha_service_worker.ts", import.meta.url),
);

/** The role of HAClient. */
export const haClientRole: Role<HaClientContract> = defineRole(
  "ha-client",
  new URL("./ha_client_worker.ts", import.meta.url),
);

/** The role of GroupTransferService. */
export const groupTransferRole: Role<GroupTransferContract> = defineRole(
  "group-transfer",
  new URL("./group_transfer_worker.ts", import.meta.url),
);
