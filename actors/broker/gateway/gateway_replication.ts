/**
 * Replication as a gateway sees it: what acknowledgements wait for, and which broker a puller is sent to.
 *
 * Owns: nothing. Reads: the replication table, the cursors of the log. Never: waits.
 */
import type { Doorbell } from "../../../store/memory/doorbell.ts";
import type { LogMemory } from "../../../store/memory/log_memory.ts";
import { ReplicationTable } from "../../../store/memory/replication_table.ts";
import { SyncStateRegion } from "../../../store/memory/sync_state.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import { WaiterBell } from "../broker_memory.ts";
import { isSlave, ReplicationRules } from "../ha/replication_rules.ts";

/** Which broker a puller should turn to next. */
export interface PullSuggestion {
  /** Whether slaves may be read; without it everybody is sent to the master. */
  readonly mayReadSlaves: boolean;
  /** Bytes behind the end of the log from which on a reader counts as slow. */
  readonly slowBytes: number;
  /** Whether this broker is a slave whose master is there: who reads near the end is sent back to it. */
  readonly isBesideMaster: () => boolean;
}

/** A gateway's view of replication. */
export class GatewayReplication {
  /** Whether acknowledgements wait for slaves. */
  readonly waits: boolean;
  /** Whether they wait for the whole sync-state set. */
  readonly awaitsSet: boolean;
  /** Which broker pullers are sent to. */
  readonly suggestion: PullSuggestion;
  readonly #rules: ReplicationRules;
  readonly #table: ReplicationTable;
  readonly #syncState: SyncStateRegion;
  readonly #memory: LogMemory;
  readonly #bell: Doorbell;
  readonly #gapBytes: number;

  /** @param init of the gateway; @param memory the log */
  constructor(init: BrokerActorInit, memory: LogMemory) {
    const { values, machineMemoryBytes } = init;
    this.#rules = new ReplicationRules(values, init.replicaRole !== undefined);
    this.#syncState = new SyncStateRegion(init.memory.syncState);
    this.#table = new ReplicationTable(init.memory.replication);
    this.#memory = memory;
    this.#bell = memory.waiterBell(WaiterBell.GroupTransfer);
    this.#gapBytes = values.haMaxGapNotInSync;
    this.waits = this.#rules.waits;
    this.awaitsSet = this.#rules.awaitsSet;
    const follows = isSlave(values);
    this.suggestion = {
      mayReadSlaves: values.slaveReadEnable,
      slowBytes: machineMemoryBytes * values.accessMessageInMemoryMaxRatio / 100,
      isBesideMaster: () => follows && this.#table.isMasterConnected,
    };
  }

  /** Whether a message that waits for slaves has to be refused. */
  get isShort(): boolean {
    const { membersMin } = this.#rules;
    if (membersMin > 1 && this.#syncState.read().members.length < membersMin) return true;
    return this.#rules.isCounted && this.#rules.isShort(this.#table, this.#memory.written.load());
  }

  /** Whether what was written is answered at once, because no slave is near enough. */
  get isLonely(): boolean {
    return this.#rules.answersAtOnce && this.#table.inSync(this.#memory.written.load(), this.#gapBytes) === 0;
  }

  /** Something was written: where one replica may be enough, GroupTransferService looks. */
  written(): void {
    if (this.#rules.isCounted || (this.#rules.awaitsSet && this.#syncState.read().required.length <= 1)) {
      this.#bell.ring();
    }
  }
}
