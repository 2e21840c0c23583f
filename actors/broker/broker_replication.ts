/**
 * Replication as the main thread sees it: the HA port before the first slave, where the master of a slave is, and in a failover set who has to have what is acknowledged.
 *
 * It owns the door and the master's address. Everything else is done by the actors.
 */
import type { Supervisor } from "../kernel/supervisor.ts";
import type { BrokerChildren } from "./broker_children.ts";
import type { BrokerValues } from "./broker_configuration.ts";
import { systemClock } from "../../store/clock.ts";
import { LogMemory } from "../../store/memory/log_memory.ts";
import { SyncStateRegion } from "../../store/memory/sync_state.ts";
import { type BrokerMemoryBuffers, WaiterBell } from "./broker_memory.ts";
import type { FailoverListener, ReplicaRole } from "./failover/replica_role.ts";
import { SyncStateKeeper } from "./failover/sync_state_keeper.ts";
import { HaDoor } from "./ha/ha_door.ts";
import { isSlave, ReplicationRules } from "./ha/replication_rules.ts";

/** How long HAClient gets to leave its master. Milliseconds. */
const HALT_MS = 5000;

/** How long a follower gets to have what was acknowledged until it is waited for. Meanwhile acknowledgements wait. Milliseconds. */
const JOIN_MS = 1000;

/** What this works with. */
export interface BrokerReplicationParts {
  readonly values: BrokerValues;
  readonly supervisor: Supervisor;
  readonly children: BrokerChildren;
  /** Role in a failover set. */
  readonly replicaRole: ReplicaRole | undefined;
  readonly failover: FailoverListener | undefined;
  readonly memory: BrokerMemoryBuffers;
  readonly log: (level: "info" | "warn" | "error", text: string) => void;
}

/** HA address of the master of a slave, as it is known now. */
export class MasterAddress {
  readonly #isFixed: boolean;
  #now: string | undefined;

  /** @param values of the broker; an address of the configuration counts more than what name servers say */
  constructor(values: Pick<BrokerValues, "haMasterAddress">) {
    this.#isFixed = values.haMasterAddress !== "";
    this.#now = this.#isFixed ? values.haMasterAddress : undefined;
  }

  /** The address. */
  get now(): string | undefined {
    return this.#now;
  }

  /** Takes what a name server says. @returns whether the address is another one now */
  learn(address: string): boolean {
    if (this.#isFixed || address === this.#now) return false;
    this.#now = address;
    return true;
  }
}

/** Replication of one broker. */
export class BrokerReplication {
  readonly #parts: BrokerReplicationParts;
  readonly #master: MasterAddress;
  readonly #keeper: SyncStateKeeper | undefined;
  #door: HaDoor | undefined;
  #isCutAsked = false;

  /** @param parts what it works with; @param master that HAClient is started with too */
  constructor(parts: BrokerReplicationParts, master: MasterAddress) {
    const { supervisor, children, log } = parts;
    this.#parts = parts;
    this.#master = master;
    supervisor.on(children.haService, "log", ({ level, text }) => log(level, text));
    // In a failover set the agreement says who is master, not the name server.
    if (parts.replicaRole === undefined) {
      supervisor.on(children.controller, "master", ({ haAddress }) => this.#follow(haAddress));
    }
    this.#keeper = parts.replicaRole?.isMaster === true ? this.#keep(parts.replicaRole) : undefined;
    if (children.haClient !== undefined) {
      supervisor.on(children.haClient, "log", ({ level, text }) => log(level, text));
      supervisor.on(children.haClient, "truncation", ({ position }) => this.#cut(position));
    }
    if (children.groupTransfer !== undefined) {
      supervisor.on(children.groupTransfer, "log", ({ level, text }) => log(level, text));
    }
  }

  /**
   * Opens the HA port where HAService does not do it from the start.
   *
   * @throws {NetError} `LISTEN_FAILED`
   */
  start(): void {
    const { values, supervisor, children, replicaRole, log } = this.#parts;
    // The master of a failover set has HAService from the start, its followers serve nobody.
    if (replicaRole !== undefined || new ReplicationRules(values).waits) return;
    this.#door = new HaDoor({
      hostname: values.bindAddress,
      port: values.haListenPort,
      open: () => supervisor.wake(children.haService),
      alias: (from, address) => supervisor.ref(children.haService).tell("alias", { from, address }),
      failed: (error) =>
        log("error", `Cannot serve slaves: ${error instanceof Error ? error.message : error}; restart the broker`),
    });
  }

  /** Asks for a cut once in this life: an HAClient that crashed would ask again, and what follows a cut must never be cut by an older wish. */
  #cut(position: number): void {
    if (this.#isCutAsked) return;
    this.#isCutAsked = true;
    this.#parts.failover?.onTruncationWanted?.(position);
  }

  /** Takes what the agreement says of the sync-state set. A follower has no use for it. */
  setSyncStateSet(members: readonly number[], epoch: number): void {
    this.#keeper?.set(members, epoch);
  }

  /** Waits for members as they come and go. */
  #keep(role: ReplicaRole): SyncStateKeeper {
    const { supervisor, children, failover, memory, log } = this.#parts;
    const bell = new LogMemory(memory.log).waiterBell(WaiterBell.GroupTransfer);
    const { groupTransfer } = children;
    const keeper = new SyncStateKeeper({
      region: new SyncStateRegion(memory.syncState),
      clock: systemClock,
      join: async (brokerId) => {
        // Where acknowledgements wait for nobody, a member has nothing that it would have to have.
        if (groupTransfer === undefined || !this.#parts.values.allAckInSyncStateSet) return;
        await supervisor.ref(groupTransfer).ask("join", { brokerId }, { timeoutMs: JOIN_MS });
      },
      changed: () => bell.ring(),
      ask: (wish) => failover?.onSyncStateSetWanted?.(wish),
      log: (level, text) => log(level, `Replication: ${text}`),
    }, { members: role.syncStateSet, epoch: role.syncStateSetEpoch });
    supervisor.on(children.haService, "syncStateSet", ({ wanted }) => void keeper.want(wanted));
    return keeper;
  }

  /** Leaves the master, so that nothing is appended any more. @throws {AskTimeoutError} when HAClient does not come to an end */
  async halt(): Promise<void> {
    const { supervisor, children: { haClient }, values } = this.#parts;
    if (haClient === undefined || !isSlave(values) || !supervisor.isUp(haClient)) return;
    await supervisor.ref(haClient).ask("halt", null, { timeoutMs: HALT_MS });
  }

  /** Closes the port. */
  async stop(): Promise<void> {
    await this.#door?.close();
  }

  #follow(address: string): void {
    const { supervisor, children: { haClient } } = this.#parts;
    if (haClient === undefined || !this.#master.learn(address)) return;
    // One that is being started again is given the address then.
    if (supervisor.isUp(haClient)) supervisor.ref(haClient).tell("follow", { address });
  }
}
