/**
 * GroupTransferService: says up to where enough replicas have the log.
 *
 * It owns the replicated cursor, which only rises: what enough slaves have confirmed once, they have. It wakes the gateways whose acknowledgements wait for it. How many slaves are enough may change with those that are
 * in step (`enableAutoInSyncReplicas`); fewer count only after `slaveTimeout`, so that no message is acknowledged for less than was asked for when it was taken.
 *
 * In a failover set with `allAckInSyncStateSet` every required member must have it. A follower joins the set in a turn in which it is required and has all that was ever acknowledged: from then on it keeps having it.
 *
 * Source: apache/rocketmq store/ha/GroupTransferService.java
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import type { Doorbell } from "../../../store/memory/doorbell.ts";
import { ReplicationTable } from "../../../store/memory/replication_table.ts";
import { SyncStateRegion } from "../../../store/memory/sync_state.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import { GATEWAYS_MAX, WaiterBell } from "../broker_memory.ts";
import { NearSleep } from "../near_sleep.ts";
import type { GroupTransferContract } from "./ha_contract.ts";
import { ReplicationRules } from "./replication_rules.ts";

/** Longest sleep. Milliseconds. */
const IDLE_MS = 1000;

/** Starts the behaviour. */
export function startGroupTransferService(
  init: BrokerActorInit,
  context: ActorContext<GroupTransferContract>,
): Behaviour<GroupTransferContract> {
  const service = new GroupTransferService(init, context);
  const loop = service.run();
  return {
    asks: { counters: () => service.counters, join: ({ brokerId }) => service.join(brokerId) },
    tells: {},
    stop: async () => {
      service.stop();
      await loop;
    },
  };
}

/** The behaviour's state and loop. */
export class GroupTransferService {
  readonly #context: ActorContext<GroupTransferContract>;
  readonly #memory: LogMemory;
  readonly #table: ReplicationTable;
  readonly #rules: ReplicationRules;
  readonly #syncState: SyncStateRegion;
  readonly #ownId: number;
  /** Who is about to join the sync-state set. They come one after the other; who asks for another one has given the one before up. */
  #joining: (PromiseWithResolvers<null> & { readonly brokerId: number }) | undefined;
  readonly #bell: Doorbell;
  readonly #sleep: NearSleep;
  readonly #gateways: readonly Doorbell[];
  readonly #fewerAfterMs: number;
  #required: number;
  #fewerSinceMs: number | undefined;
  #inSync = 1;
  #advances = 0;
  #stopping = false;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<GroupTransferContract>) {
    this.#context = context;
    this.#memory = new LogMemory(init.memory.log);
    this.#table = new ReplicationTable(init.memory.replication);
    this.#rules = new ReplicationRules(init.values, init.replicaRole !== undefined);
    this.#syncState = new SyncStateRegion(init.memory.syncState);
    this.#ownId = init.replicaRole?.brokerId ?? 0;
    this.#bell = this.#memory.waiterBell(WaiterBell.GroupTransfer);
    this.#sleep = new NearSleep(context, this.#bell);
    this.#gateways = Array.from({ length: GATEWAYS_MAX }, (_, index) => this.#memory.waiterBell(index));
    this.#fewerAfterMs = init.values.slaveTimeout;
    this.#required = this.#rules.required(Infinity);
  }

  /** What was done so far. */
  get counters(): GroupTransferContract["asks"]["counters"]["reply"] {
    return {
      replicated: this.#memory.replicated.load(),
      required: this.#required,
      inSync: this.#inSync,
      advances: this.#advances,
    };
  }

  /** Resolves when acknowledgements wait for a follower, and it has all that was acknowledged until now. Who asks gives up by itself. */
  join(brokerId: number): Promise<null> {
    const joining = { brokerId, ...Promise.withResolvers<null>() };
    this.#joining = joining;
    this.#bell.ring();
    return joining.promise;
  }

  /** Ends the loop at its next turn: the cursor stays where it is. */
  stop(): void {
    this.#stopping = true;
    this.#bell.ring();
  }

  /** Takes turns until {@link stop}. */
  async run(): Promise<void> {
    const hasWork = (): boolean =>
      this.#stopping || this.#held() > this.#memory.replicated.load() ||
      this.#hasJoined();
    try {
      while (!this.#stopping) {
        if (this.turn()) await this.#sleep.worked();
        await this.#sleep.rest(hasWork, IDLE_MS);
        if (!this.#context.gate()) return;
      }
    } catch (error) {
      this.#context.fail(error);
    }
  }

  /** Counts the replicas that are in step and moves the cursor. @returns whether it moved */
  turn(): boolean {
    if (this.#rules.isCounted) this.#count();
    this.#join();
    const held = this.#held();
    if (held <= this.#memory.replicated.load()) return false;
    // What the set has may be dispatched, and followers are told so.
    const bells = this.#rules.awaitsSet ? [...this.#gateways, this.#memory.writtenBell] : this.#gateways;
    for (const bell of bells) bell.willRing();
    this.#memory.replicated.store(held);
    for (const bell of bells) bell.ringAsSaid();
    this.#advances++;
    this.#context.countWork(1);
    return true;
  }

  /** Position that enough replicas have. */
  #held(): number {
    const written = this.#memory.written.load();
    if (this.#rules.awaitsSet) return this.#heldBySet(written);
    return this.#required <= 1 ? written : Math.min(written, this.#table.confirmedBy(this.#required - 1));
  }

  /** Position that every required member has; one that is not connected has nothing. */
  #heldBySet(written: number): number {
    let held = written;
    for (const id of this.#syncState.read().required) {
      if (id !== this.#ownId) held = Math.min(held, this.#table.confirmedOf(id));
    }
    return held;
  }

  /** This thread alone raises the cursor: a member that is required now, and has all below the cursor, has all that is ever acknowledged. */
  #hasJoined(): boolean {
    if (this.#joining === undefined) return false;
    const { brokerId } = this.#joining;
    return this.#syncState.read().required.includes(brokerId) &&
      this.#table.confirmedOf(brokerId) >= this.#memory.replicated.load();
  }

  #join(): void {
    if (!this.#hasJoined()) return;
    this.#joining?.resolve(null);
    this.#joining = undefined;
  }

  #count(): void {
    this.#inSync = this.#rules.inSync(this.#table, this.#memory.written.load());
    const wanted = this.#rules.required(this.#inSync);
    if (wanted >= this.#required) {
      this.#required = wanted;
      this.#fewerSinceMs = undefined;
      return;
    }
    const nowMs = this.#context.clock.monotonicMs();
    this.#fewerSinceMs ??= nowMs;
    if (nowMs - this.#fewerSinceMs < this.#fewerAfterMs) return;
    this.#context.signal("log", {
      level: "warn",
      text: `Replication: ${this.#inSync} replicas are in step, acknowledgements wait for ${wanted}`,
    });
    this.#required = wanted;
    this.#fewerSinceMs = undefined;
  }
}
