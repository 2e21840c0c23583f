/** The contract of a gateway actor. */
import type { WakeSignal } from "../awake.ts";
import type { TimerContract } from "../timer/timer_contract.ts";
import type { TransactionsContract } from "../transactions/transactions_contract.ts";
import type { BrokerControllerContract, GatewayPeerContract } from "../broker_controller_contract.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import type { ColdReadContract } from "../cold_read_contract.ts";
import type { HoldContract } from "../hold/hold_contract.ts";
import { defineRole, type Role } from "../../kernel/contract.ts";
import type { GatewayCounters } from "./gateway.ts";

/** Init payload of a gateway. */
export interface GatewayInit extends BrokerActorInit {
  /** Number of this gateway, from 0. */
  readonly index: number;
  /** Number of this incarnation, so that channel numbers are never used again. */
  readonly incarnation: number;
  /** Several gateways share the ports. */
  readonly reusePort: boolean;
}

/** Counters of one gateway. */
export interface GatewayReport extends GatewayCounters {
  connections: number;
  parked: number;
  ringPulls: number;
  warmPulls: number;
  coldPulls: number;
  writes: number;
  writtenBytes: number;
  /** Syncs of the log that it made itself. */
  syncs: number;
  unmatched: number;
  malformed: number;
  missedBells: number;
}

/** Contract of a gateway actor. */
export type GatewayContract = {
  init: GatewayInit;
  asks: GatewayPeerContract["asks"] & {
    /** Opens the ports. */
    listen: { request: null; reply: { port: number; fastPort: number } };
    /** Stops taking requests, answers what is parked and writes what is appended. */
    drain: { request: null; reply: null };
    /** What it did so far. */
    counters: { request: null; reply: GatewayReport };
  };
  tells: GatewayPeerContract["tells"] & {
    /** PullRequestHoldService was started again: parked pulls have to be offered anew. */
    holdRestarted: null;
  };
  signals: WakeSignal & {
    /** The log failed for good. */
    failed: { text: string };
    log: { level: "info" | "warn" | "error"; text: string };
    /** Connections are closed at once, because the process has about as many open files as it may. */
    outOfFiles: null;
  };
  peers: {
    "controller": BrokerControllerContract;
    "cold-read": ColdReadContract;
    "hold": HoldContract;
    "transactions": TransactionsContract;
    "timer": TimerContract;
  };
};

/** The role of a gateway. */
export const gatewayRole: Role<GatewayContract> = defineRole(
  "gateway",
  new URL("./gateway_worker.ts", import.meta.url),
);
