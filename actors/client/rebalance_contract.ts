/**
 * Contract of the RebalanceService actor: which groups it balances, what it decides.
 *
 * Owns: the types of its messages. Never does: anything.
 */

import type { Contract } from "../kernel/contract.ts";
import type { StrategyPlan } from "./allocation/strategy.ts";
import type { LinkSettings } from "./link_settings.ts";
import type { MessageQueue } from "./message_queue.ts";

/** A group to balance. */
export interface RebalanceGroup {
  /** Consumer group, with the namespace. */
  readonly group: string;
  /** Topics, with the namespace. */
  readonly topics: readonly string[];
  /** In broadcasting every member owns every queue. */
  readonly messageModel: "CLUSTERING" | "BROADCASTING";
  /** Built-in strategy; undefined when the application's own decides. */
  readonly strategy: StrategyPlan | undefined;
}

/** Where a topic's queues are, and whom to ask for the members of a group. */
export interface RebalanceTopic {
  /** Topic, with the namespace. */
  readonly topic: string;
  /** All readable queues, sorted. */
  readonly queues: readonly MessageQueue[];
  /** One address of each of its brokers. */
  readonly addresses: readonly string[];
}

/** What one member should own of a topic. */
export interface Allocation {
  /** Group. */
  readonly group: string;
  /** Topic. */
  readonly topic: string;
  /** All readable queues, sorted. */
  readonly mqAll: readonly MessageQueue[];
  /** All members, sorted; empty in broadcasting. */
  readonly cidAll: readonly string[];
  /** The member's queues; undefined when the application's strategy must decide. */
  readonly owned: readonly MessageQueue[] | undefined;
}

/** Tells and signals of the rebalance actor. */
export interface RebalanceContract extends Contract {
  /** Identity and settings of its connections. */
  init: { clientId: string; link: LinkSettings; timeoutMs: number; intervalMs: number };
  /** Requests. */
  asks: {
    /** Balances one group now; answers when its allocations have been signalled. */
    balance: { request: { group: string }; reply: null };
  };
  /** Messages not answered. */
  tells: {
    /** A group is new or has changed. */
    group: RebalanceGroup;
    /** A group is gone. */
    forget: { group: string };
    /** A topic is new or has changed. */
    topic: RebalanceTopic;
    /** Balance a group soon: its members changed. */
    wake: { group: string };
    /** A group's allocation could not be carried out wholly: balance again in a second. */
    unbalanced: { group: string };
  };
  /** Messages to the owner. */
  signals: {
    /** What a member should own, after each look. */
    allocation: Allocation;
    /** A look failed. */
    trouble: { group: string; topic: string; message: string };
  };
}
