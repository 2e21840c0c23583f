/**
 * RebalanceService: decides which queues belong to this client, in a worker or inline.
 *
 * Owns: the timers of groups. Reads: queues it is told, members it asks brokers for. Never does: lock, pull, commit.
 * Source: apache/rocketmq client/impl/consumer/RebalanceService.java run; RebalanceImpl.java rebalanceByTopic
 */

import { type ActorContext, type Behaviour, defineRole, type Role, type Start } from "../kernel/contract.ts";
import type { Transport } from "../net/transport.ts";
import type { Timer } from "../../store/clock.ts";
import { strategyOf } from "./allocation/plan.ts";
import { BrokerApi } from "./broker_api.ts";
import { messageOf } from "./errors.ts";
import type { RPCHook } from "./hooks.ts";
import { workerLink } from "./net_link.ts";
import { RETRY_PREFIX } from "./names.ts";
import { random32 } from "./platform.ts";
import type { Allocation, RebalanceContract, RebalanceGroup, RebalanceTopic } from "./rebalance_contract.ts";

/** Least time between two looks at a group, in milliseconds. Source: client/impl/consumer/RebalanceService.java minInterval */
const INTERVAL_MS_MIN = 1_000;

/** Role of the rebalance actor. */
export const rebalanceRole: Role<RebalanceContract> = defineRole<RebalanceContract>(
  "RebalanceService",
  new URL("./rebalance_service_worker.ts", import.meta.url),
);

/**
 * @param given what only an inline actor can be given
 * @returns how the actor is started
 */
export function rebalanceStart(
  given: { transport?: Transport | undefined; rpcHooks?: readonly RPCHook[] } = {},
): Start<RebalanceContract> {
  return (init, context) => {
    const link = workerLink(init.link, context.clock, given);
    const service = new RebalanceBehaviour(init, context, new BrokerApi(link));
    return {
      asks: service.asks,
      tells: service.tells,
      stop: () => {
        service.stop();
        link.close();
      },
    };
  };
}

class RebalanceBehaviour {
  readonly #init: RebalanceContract["init"];
  readonly #context: ActorContext<RebalanceContract>;
  readonly #api: BrokerApi;
  readonly #groups = new Map<string, RebalanceGroup>();
  readonly #topics = new Map<string, RebalanceTopic>();
  readonly #timers = new Map<string, Timer>();
  readonly #lastMs = new Map<string, number>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(init: RebalanceContract["init"], context: ActorContext<RebalanceContract>, api: BrokerApi) {
    this.#init = init;
    this.#context = context;
    this.#api = api;
  }

  readonly asks: Behaviour<RebalanceContract>["asks"] = {
    balance: async ({ group }) => {
      await this.#balance(group);
      return null;
    },
  };

  readonly tells: Behaviour<RebalanceContract>["tells"] = {
    group: (group) => {
      this.#groups.set(group.group, group);
      if (!this.#timers.has(group.group)) this.#arm(group.group, this.#init.intervalMs);
    },
    forget: ({ group }) => {
      this.#groups.delete(group);
      this.#timers.get(group)?.cancel();
      this.#timers.delete(group);
      this.#lastMs.delete(group);
    },
    topic: (topic) => {
      this.#topics.set(topic.topic, topic);
    },
    wake: ({ group }) => this.#soon(group, 0),
    unbalanced: ({ group }) => this.#soon(group, INTERVAL_MS_MIN),
  };

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#groups.clear();
  }

  /** Looks after so long, but not sooner than a second after the last look began. */
  #soon(group: string, ms: number): void {
    if (!this.#groups.has(group)) return;
    const sinceMs = this.#context.clock.monotonicMs() - (this.#lastMs.get(group) ?? -INTERVAL_MS_MIN);
    this.#arm(group, Math.max(ms, INTERVAL_MS_MIN - sinceMs, 0));
  }

  #arm(group: string, ms: number): void {
    this.#timers.get(group)?.cancel();
    this.#timers.set(group, this.#context.clock.setTimer(ms, () => void this.#balance(group)));
  }

  /** One look at all topics of a group; looks at one group do not overlap. */
  async #balance(group: string): Promise<void> {
    if (!this.#groups.has(group)) return;
    const before = this.#running.get(group);
    const look = (async () => {
      await before;
      const settings = this.#groups.get(group);
      if (settings === undefined) return;
      this.#arm(group, this.#init.intervalMs);
      this.#lastMs.set(group, this.#context.clock.monotonicMs());
      for (const topic of settings.topics) await this.#topic(settings, topic);
      this.#context.countWork(1);
    })();
    this.#running.set(group, look);
    await look;
    if (this.#running.get(group) === look) this.#running.delete(group);
  }

  async #topic(settings: RebalanceGroup, topic: string): Promise<void> {
    const { group } = settings;
    const known = this.#topics.get(topic);
    if (known === undefined || known.queues.length === 0) {
      if (!topic.startsWith(RETRY_PREFIX)) this.#trouble(group, topic, "the topic has no queue to read");
      return;
    }
    try {
      const cidAll = settings.messageModel === "BROADCASTING" ? [] : await this.#members(group, known);
      if (cidAll === undefined) return this.#trouble(group, topic, "the members of the group are not known");
      this.#context.signal("allocation", this.#allocate(settings, known, cidAll));
    } catch (thrown) {
      this.#trouble(group, topic, messageOf(thrown));
    }
  }

  #allocate(settings: RebalanceGroup, known: RebalanceTopic, cidAll: readonly string[]): Allocation {
    const { group } = settings;
    const { topic, queues: mqAll } = known;
    const base = { group, topic, mqAll, cidAll };
    if (settings.messageModel === "BROADCASTING") return { ...base, owned: mqAll };
    if (settings.strategy === undefined) return { ...base, owned: undefined };
    const owned = strategyOf(settings.strategy).allocate({
      consumerGroup: group,
      currentCid: this.#init.clientId,
      mqAll,
      cidAll,
    });
    return { ...base, owned };
  }

  /** Sorted members as one of the topic's brokers knows them: any broker, the next one when it does not answer. */
  async #members(group: string, known: RebalanceTopic): Promise<string[] | undefined> {
    const first = random32();
    let last: unknown;
    for (let i = 0; i < known.addresses.length; i++) {
      const address = known.addresses[(first + i) % known.addresses.length] ?? "";
      try {
        const ids = await this.#api.consumerIds(address, group, { timeoutMs: this.#init.timeoutMs });
        if (ids !== undefined) return ids.sort();
      } catch (thrown) {
        last = thrown;
      }
    }
    if (last !== undefined) throw last;
    return undefined;
  }

  #trouble(group: string, topic: string, message: string): void {
    this.#context.signal("trouble", { group, topic, message });
    this.#soon(group, INTERVAL_MS_MIN);
  }
}
