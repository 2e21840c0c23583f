/**
 * What HAService does more for the master of a failover set: speaks with epochs, and watches who is in step.
 *
 * Owns: the tracker, and what was wanted last. Reads: the epochs of the log, the sync-state set, the clock. Never: changes the set.
 */
import type { Clock } from "../../../store/clock.ts";
import { EpochFile } from "../../../store/epoch_table.ts";
import { DenoDisk } from "../../../store/file/deno_disk.ts";
import type { LogMemory } from "../../../store/memory/log_memory.ts";
import { SyncStateRegion } from "../../../store/memory/sync_state.ts";
import { type BrokerActorInit, storeShape } from "../broker_init.ts";
import type { HaConnection } from "../ha/ha_connection.ts";
import { ReplicationRules } from "../ha/replication_rules.ts";
import type { ReplicaRole } from "./replica_role.ts";
import { SwitchSlave, type SwitchSlaveParts } from "./switch_slave.ts";
import { SyncStateTracker } from "./sync_state_tracker.ts";

/** Shortest time between two wishes for the same set. Milliseconds. */
const SAME_WISH_MS = 1000;

/** What this works with. */
export interface SwitchServiceParts {
  readonly init: BrokerActorInit;
  readonly role: ReplicaRole;
  readonly memory: LogMemory;
  readonly clock: Clock;
  /** The sync-state set should be another one. */
  readonly wish: (wanted: readonly number[]) => void;
}

/** The master's side of the switch protocol. */
export class SwitchService {
  readonly #parts: SwitchServiceParts;
  readonly #slaveParts: SwitchSlaveParts;
  readonly #syncState: SyncStateRegion;
  readonly #tracker: SyncStateTracker;
  #wished = "";
  #wishedMs = 0;

  /**
   * @param parts what it works with
   * @throws {StoreError} `FILE_FORMAT` when the epochs cannot be read
   */
  constructor(parts: SwitchServiceParts) {
    const { init: { values, memory: { syncState } }, role, memory, clock } = parts;
    const { table: epochs } = EpochFile.open(new DenoDisk(), storeShape(values).epochs);
    const { awaitsSet } = new ReplicationRules(values, true);
    const end = (): number => memory.written.load();
    this.#parts = parts;
    this.#syncState = new SyncStateRegion(syncState);
    this.#slaveParts = {
      ownId: role.brokerId,
      epoch: role.masterEpoch,
      epochs,
      end,
      confirmOffset: awaitsSet ? (): number => memory.replicated.load() : end,
    };
    this.#tracker = new SyncStateTracker({
      ownId: role.brokerId,
      epochStart: epochs.last?.start ?? 0,
      staleMs: values.haMaxTimeSlaveNotCatchup,
      nowMs: clock.monotonicMs(),
    });
  }

  /** The dialect of one connection. */
  dialect(): SwitchSlave {
    return new SwitchSlave(this.#slaveParts);
  }

  /** Whether a follower is in the sync-state set. */
  isMember(brokerId: number): boolean {
    return this.#syncState.read().members.includes(brokerId);
  }

  /**
   * A follower has come, has confirmed more, or is gone.
   *
   * @param all connections; an older one of the same follower is closed, since what was confirmed on it may not be there any more
   */
  changed(connection: HaConnection, change: "came" | "more" | "gone", all: Iterable<HaConnection>): void {
    const { dialect, confirmed } = connection;
    const id = dialect.brokerId;
    if (id === 0) return;
    const nowMs = this.#parts.clock.monotonicMs();
    const end = this.#slaveParts.end();
    if (change === "more") {
      this.#tracker.confirmed(id, confirmed, end, nowMs);
      // A member that confirms changes nothing.
      if (this.isMember(id)) return;
    } else {
      const others = [...all].filter((other) => other !== connection && other.dialect.brokerId === id);
      if (change === "came") {
        for (const other of others) other.close();
        this.#tracker.connected(id, dialect instanceof SwitchSlave && dialect.isLearner, end, nowMs);
        this.#tracker.confirmed(id, confirmed, end, nowMs);
      } else if (others.length === 0) this.#tracker.gone(id);
    }
    this.look();
  }

  /** Says which set is wanted, when it is another one. */
  look(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const wanted = this.#tracker.wanted(this.#syncState.read().members, nowMs);
    const wish = wanted?.join() ?? "";
    if (wish === this.#wished && nowMs - this.#wishedMs < SAME_WISH_MS) return;
    this.#wished = wish;
    this.#wishedMs = nowMs;
    if (wanted !== undefined) this.#parts.wish(wanted);
  }
}
