/**
 * GroupTransferService: says up to where enough replicas have the log.
 *
 * It owns the replicated cursor, which only rises: what enough slaves have confirmed once, they have. It wakes the gateways whose acknowledgements wait for it.
 * How many slaves are enough may change with those that are in step (`enableAutoInSyncReplicas`); fewer count only after `slaveTimeout`, so that no message is
 * acknowledged for less than was asked for when it was taken.
 *
 * While confirmations are near it lends its turn for the time that it blocks: HAService then moves the cursor by the same rule ({@link ReplicatedStep}) instead
 * of waking this thread. It does not lend what it alone can do, counting and joining, and while it is paused or stuck nobody has its turn.
 *
 * In a failover set with `allAckInSyncStateSet` every required member must have it. A follower joins the set in a turn in which it is required and has all
 * that was ever acknowledged: from then on it keeps having it.
 *
 * Source: apache/rocketmq store/ha/GroupTransferService.java
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import type { Doorbell } from "../../../store/memory/doorbell.ts";
import { ReplicationTable } from "../../../store/memory/replication_table.ts";
import { SyncStateRegion } from "../../../store/memory/sync_state.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import { WaiterBell } from "../broker_memory.ts";
import { NearSleep } from "../near_sleep.ts";
import type { GroupTransferContract } from "./ha_contract.ts";
import { ReplicatedStep } from "./replicated_step.ts";
import { ReplicationRules } from "./replication_rules.ts";

/** Longest sleep. Milliseconds. */
const IDLE_MS = 1000;

/** Longest wait that blocks: with its turn lent there is nothing for it to wake for. Milliseconds. */
const LENT_MS = 10;

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
  readonly #step: ReplicatedStep;
  /** Who is about to join the sync-state set. They come one after the other; who asks for another one has given the one before up. */
  #joining: (PromiseWithResolvers<null> & { readonly brokerId: number }) | undefined;
  readonly #bell: Doorbell;
  readonly #sleep: NearSleep;
  readonly #fewerAfterMs: number;
  #fewerSinceMs: number | undefined;
  #inSync = 1;
  #advances = 0;
  #lentSeen: number;
  #stopping = false;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<GroupTransferContract>) {
    this.#context = context;
    this.#memory = new LogMemory(init.memory.log);
    this.#table = new ReplicationTable(init.memory.replication);
    this.#rules = new ReplicationRules(init.values, init.replicaRole !== undefined);
    this.#syncState = new SyncStateRegion(init.memory.syncState);
    this.#step = new ReplicatedStep(init, this.#memory);
    this.#bell = this.#memory.waiterBell(WaiterBell.GroupTransfer);
    this.#sleep = new NearSleep(context, this.#bell, LENT_MS);
    this.#fewerAfterMs = init.values.slaveTimeout;
    // An incarnation before this one may have ended while it slept.
    this.#table.loan.takeBack();
    this.#lentSeen = this.#table.loan.uses;
  }

  /** What was done so far. */
  get counters(): GroupTransferContract["asks"]["counters"]["reply"] {
    return {
      replicated: this.#memory.replicated.load(),
      required: this.#step.required,
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
      this.#stopping || this.#step.held() > this.#memory.replicated.load() ||
      this.#hasJoined();
    try {
      while (!this.#stopping) {
        if (this.turn()) await this.#sleep.worked();
        await this.#sleep.rest(hasWork, IDLE_MS, this.#lending);
        if (!this.#context.gate()) return;
      }
    } catch (error) {
      this.#context.fail(error);
    }
  }

  /** Counts the replicas that are in step and moves the cursor. @returns whether it moved, by this turn or by those that were lent */
  turn(): boolean {
    if (this.#rules.isCounted) this.#count();
    this.#join();
    const lent = this.#table.loan.uses;
    const moves = (lent - this.#lentSeen | 0) + (this.#step.take() ? 1 : 0);
    this.#lentSeen = lent;
    this.#advances += moves;
    if (moves > 0) this.#context.countWork(moves);
    return moves > 0;
  }

  /** The turn is another one's while this thread blocks. */
  readonly #lending = (sleep: () => void): void => {
    if (this.#rules.isCounted || this.#joining !== undefined) return sleep();
    this.#table.loan.lend();
    try {
      sleep();
    } finally {
      this.#table.loan.takeBack();
    }
  };

  /** The cursor rises in this service's turns alone: a member that is required now, and has all below the cursor, has all that is ever acknowledged. */
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
    if (wanted >= this.#step.required) {
      this.#step.required = wanted;
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
    this.#step.required = wanted;
    this.#fewerSinceMs = undefined;
  }
}
