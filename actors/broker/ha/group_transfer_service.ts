/**
 * GroupTransferService: says up to where enough replicas have the log.
 *
 * It owns the replicated cursor, which only rises: what enough slaves have confirmed once, they have. It wakes the gateways whose acknowledgements wait for it. How many slaves are enough may change with those that are
 * in step (`enableAutoInSyncReplicas`); fewer count only after `slaveTimeout`, so that no message is acknowledged for less than was asked for when it was taken.
 *
 * Source: apache/rocketmq store/ha/GroupTransferService.java
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import type { Doorbell } from "../../../store/memory/doorbell.ts";
import { ReplicationTable } from "../../../store/memory/replication_table.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import { GATEWAYS_MAX, WaiterBell } from "../broker_memory.ts";
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
    asks: { counters: () => service.counters },
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
  readonly #bell: Doorbell;
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
    this.#rules = new ReplicationRules(init.values);
    this.#bell = this.#memory.waiterBell(WaiterBell.GroupTransfer);
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

  /** Ends the loop at its next turn. */
  stop(): void {
    this.#stopping = true;
    this.#bell.ring();
  }

  /** Takes turns until {@link stop}. */
  async run(): Promise<void> {
    const hasWork = (): boolean => this.#held() > this.#memory.replicated.load();
    try {
      while (!this.#stopping) {
        this.turn();
        await this.#bell.sleepAsync(hasWork, IDLE_MS);
        if (!this.#context.gate()) return;
      }
    } catch (error) {
      this.#context.fail(error);
    }
  }

  /** Counts the replicas that are in step and moves the cursor. */
  turn(): void {
    if (this.#rules.isCounted) this.#count();
    const held = this.#held();
    if (held <= this.#memory.replicated.load()) return;
    this.#memory.replicated.store(held);
    for (const bell of this.#gateways) bell.ring();
    this.#advances++;
    this.#context.countWork(1);
  }

  /** Position that enough replicas have. */
  #held(): number {
    const written = this.#memory.written.load();
    return this.#required <= 1 ? written : Math.min(written, this.#table.confirmedBy(this.#required - 1));
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
