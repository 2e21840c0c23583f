/**
 * One step of the replicated cursor: up to where enough replicas have the log, and who is told.
 *
 * Owns: the rule. Reads: the table of confirmations, the sync-state set. Never: decides how many are enough, waits, or runs in two threads at a time: it
 * belongs to GroupTransferService's turn, which HAService takes while that one sleeps.
 *
 * Source: apache/rocketmq store/ha/GroupTransferService.java doWaitTransfer
 */
import type { Doorbell } from "../../../store/memory/doorbell.ts";
import type { LogMemory } from "../../../store/memory/log_memory.ts";
import { ReplicationTable } from "../../../store/memory/replication_table.ts";
import { SyncStateRegion } from "../../../store/memory/sync_state.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import { ReplicationRules } from "./replication_rules.ts";

/** Takes steps. */
export class ReplicatedStep {
  /** Replicas that must have a message, the master included; without meaning where the whole sync-state set must. */
  required: number;
  readonly #memory: LogMemory;
  readonly #table: ReplicationTable;
  readonly #syncState: SyncStateRegion;
  readonly #ownId: number;
  readonly #awaitsSet: boolean;
  readonly #bells: readonly Doorbell[];

  /** @param init shared memory and configuration; @param memory the log */
  constructor(init: BrokerActorInit, memory: LogMemory) {
    const rules = new ReplicationRules(init.values, init.replicaRole !== undefined);
    this.#memory = memory;
    this.#table = new ReplicationTable(init.memory.replication);
    this.#syncState = new SyncStateRegion(init.memory.syncState);
    this.#ownId = init.replicaRole?.brokerId ?? 0;
    this.#awaitsSet = rules.awaitsSet;
    this.required = rules.required(Infinity);
    // What the set has may be dispatched, and followers are told so.
    const gateways = init.memory.wakes.map((_, index) => memory.waiterBell(index));
    this.#bells = rules.awaitsSet ? [...gateways, memory.writtenBell] : gateways;
  }

  /** Position that enough replicas have. */
  held(): number {
    const written = this.#memory.written.load();
    if (this.#awaitsSet) return this.#heldBySet(written);
    return this.required <= 1 ? written : Math.min(written, this.#table.confirmedBy(this.required - 1));
  }

  /** Moves the cursor there. @returns whether it moved */
  take(): boolean {
    const held = this.held();
    if (held <= this.#memory.replicated.load()) return false;
    for (const bell of this.#bells) bell.willRing();
    // One that was terminated in its turn may still be on its way here.
    const isRaised = this.#memory.replicated.raise(held);
    for (const bell of this.#bells) bell.ringAsSaid();
    return isRaised;
  }

  /** Position that every required member has; one that is not connected has nothing. */
  #heldBySet(written: number): number {
    let held = written;
    for (const id of this.#syncState.read().required) {
      if (id !== this.#ownId) held = Math.min(held, this.#table.confirmedOf(id));
    }
    return held;
  }
}
