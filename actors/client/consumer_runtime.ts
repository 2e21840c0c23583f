/**
 * A running consumer: its place in the group, its queues, its offsets. Push and lite pull consumers are made of it.
 *
 * Owns: the queues and the timers of one group member. Reads: actors, routes, offsets. Never does: call listeners.
 * Source: apache/rocketmq client/impl/consumer/DefaultMQPushConsumerImpl.java, DefaultLitePullConsumerImpl.java
 */

import type { FastInput } from "../../protocol/fast_json.ts";
import type { Clock, Timer } from "../../store/clock.ts";
import type { ActorSet } from "./actor_set.ts";
import type { AllocateMessageQueueStrategy } from "./allocation/strategy.ts";
import type { ConsumerData } from "./bodies.ts";
import type { BrokerAccess } from "./broker_access.ts";
import type { ClientInstance } from "./client_instance.ts";
import type { ConsumeStats } from "./consume_stats.ts";
import type { ConsumeFromWhere, MessageModel } from "./consumer_options.ts";
import type { DirectResult } from "./consumption.ts";
import { sendChannel } from "./diagnostics.ts";
import type { MessageQueueListener } from "./listeners.ts";
import type { InstanceConsumer, ResetTable } from "./members.ts";
import type { MessageExt } from "./message_ext.ts";
import { queueKey } from "./message_queue.ts";
import type { OffsetStore } from "./offset_store.ts";
import type { OwnedQueue } from "./owned_queue.ts";
import { OwnedQueues, type QueueHost } from "./owned_queues.ts";
import { MASTER_ID, subscribeQueues, type TopicRoute } from "./publish_route.ts";
import type { Allocation } from "./rebalance_contract.ts";
import { runningInfoBody } from "./running_info.ts";
import type { SubscriptionTable } from "./subscription_table.ts";

/** Longest wait for listeners when offsets are reset, in milliseconds. Source: DefaultMQPushConsumerImpl.java resetOffsetByTimeStamp */
const RESET_WAIT_MS = 10_000;
/** First wait and interval of lock renewal, in milliseconds. Source: ConsumeMessageOrderlyService.java start; ProcessQueue.java REBALANCE_LOCK_INTERVAL */
const LOCK_MS = { first: 1_000, interval: 20_000 } as const;
/** First wait for a topic without route, in milliseconds; it doubles up to the interval of route refreshes. */
const SEEK_ROUTE_MS = { first: 100 } as const;
/** Answers after which the broker wants a heartbeat: subscription or group unknown or old. Source: remoting/protocol/ResponseCode.java */
const HEARTBEAT_CODES: ReadonlySet<number> = new Set([24, 25, 26]);

/** How a runtime behaves. */
export interface RuntimeConfig {
  readonly group: string;
  readonly consumeType: "CONSUME_PASSIVELY" | "CONSUME_ACTIVELY";
  readonly messageModel: MessageModel;
  readonly consumeFromWhere: ConsumeFromWhere;
  readonly unitMode: boolean;
  readonly orderly: boolean;
  readonly threads: number;
  readonly strategy: AllocateMessageQueueStrategy;
  readonly messageQueueListener: MessageQueueListener | undefined;
  /** Consumes one message out of turn; undefined where there is no listener. */
  readonly consumeDirectly: ((message: MessageExt) => Promise<DirectResult>) | undefined;
}

/** What a runtime works with. */
export interface RuntimeParts {
  readonly instance: ClientInstance;
  readonly actors: ActorSet;
  readonly access: BrokerAccess;
  readonly offsets: OffsetStore;
  readonly stats: ConsumeStats;
  readonly subscriptions: SubscriptionTable;
}

/** What the consumer class adds to make a host of queues. */
export type HostPart = Omit<
  QueueHost,
  | "subscriptionOf"
  | "pullTrouble"
  | "lock"
  | "unlock"
  | "released"
  | "group"
  | "orderly"
  | "clock"
  | "logger"
  | "namespace"
  | "stats"
  | "offsets"
>;

/** One running group member. */
export class ConsumerRuntime {
  /** Its queues. */
  readonly queues: OwnedQueues;
  /** The host its consumption works with. */
  readonly host: QueueHost;
  /** What it works with. */
  readonly parts: RuntimeParts;
  readonly #config: RuntimeConfig;
  readonly #clock: Clock;
  readonly #timers = new Map<string, Timer>();
  readonly #startMs: number;
  #running = false;

  /**
   * @param config how
   * @param parts with what
   * @param hostPart the consumer class's share of the host
   */
  constructor(config: RuntimeConfig, parts: RuntimeParts, hostPart: HostPart) {
    this.#config = config;
    this.parts = parts;
    const { clock, logger, namespace } = parts.instance.options;
    this.#clock = clock;
    this.#startMs = clock.nowMs();
    this.host = {
      ...hostPart,
      group: config.group,
      orderly: config.orderly,
      clock,
      logger,
      namespace,
      stats: parts.stats,
      offsets: parts.offsets,
      subscriptionOf: (topic) => parts.subscriptions.of(topic),
      pullTrouble: (owned, report) => this.#pullTrouble(owned, report),
      lock: async (queue) => {
        const { locked } = await parts.access.lock([queue]);
        const owned = this.queues.get(queue);
        if (owned !== undefined && locked.length > 0) this.#setLocked(owned, true);
        return locked.length > 0;
      },
      unlock: (queue) => parts.access.unlock([queue]),
      released: (owned) => this.queues.released(owned),
    };
    this.queues = new OwnedQueues(this.host, parts.actors);
  }

  /** Whether it has been started and not stopped. */
  get running(): boolean {
    return this.#running;
  }

  /**
   * Joins the group.
   *
   * @param rebalance whether queues come by rebalance
   */
  async start(rebalance: boolean): Promise<void> {
    const { instance, subscriptions, offsets } = this.parts;
    await offsets.load();
    await Promise.all(subscriptions.topics.map((topic) => instance.refreshRoute(topic)));
    await this.#checkExpressions();
    instance.addConsumer(this.#member(rebalance));
    this.#running = true;
    await instance.heartbeatNow();
    if (rebalance) this.#join();
    this.#seekRoutes(SEEK_ROUTE_MS.first);
    if (this.#config.orderly && this.#config.messageModel === "CLUSTERING") {
      this.every("lock", LOCK_MS.first, LOCK_MS.interval, () => this.#lockAll());
    }
  }

  /**
   * Leaves the group: listeners end within a deadline, offsets are kept, locks released.
   *
   * @param options timeoutMs for running listener calls; `quieten` stops new ones
   */
  async stop(options: { timeoutMs: number; quieten: () => void }): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    for (const timer of this.#timers.values()) timer.cancel();
    this.parts.actors.forget(this.#config.group);
    options.quieten();
    await this.queues.settled();
    await this.queues.closePulls();
    await this.#within(options.timeoutMs, this.queues.all.map((owned) => owned.quiet()));
    this.queues.stop();
    await this.persistOffsets();
    await this.queues.drop();
    await this.parts.instance.remove({ consumerGroup: this.#config.group });
  }

  /** Commits the offsets of all queues. */
  persistOffsets(): Promise<void> {
    return this.parts.offsets.persistAll(this.queues.committing);
  }

  /**
   * A subscription is new or has changed.
   *
   * @param topic topic as the broker knows it
   */
  async subscribed(topic: string): Promise<void> {
    await this.parts.instance.refreshRoute(topic);
    await this.parts.instance.heartbeatNow();
    this.#join();
    this.#seekRoutes(SEEK_ROUTE_MS.first);
  }

  /**
   * A subscription is gone.
   *
   * @param topic topic as the broker knows it
   */
  async unsubscribed(topic: string): Promise<void> {
    await this.queues.apply(topic, []);
    this.#join();
    await this.parts.instance.heartbeatNow();
  }

  /**
   * Repeats work until the runtime stops; one round ends before the next is timed.
   *
   * @param name name of the timer
   * @param firstMs first wait, in milliseconds
   * @param intervalMs further waits, in milliseconds
   * @param work the work
   */
  every(name: string, firstMs: number, intervalMs: number, work: () => Promise<void>): void {
    const round = async (): Promise<void> => {
      try {
        await work();
      } catch (error) {
        this.host.logger.warn?.("Periodic work failed", { name, error });
      }
      if (this.#running) this.#timers.set(name, this.#clock.setTimer(intervalMs, round));
    };
    this.#timers.set(name, this.#clock.setTimer(firstMs, round));
  }

  /** Asks for the routes that are missing, at growing intervals: the retry topic exists only after the first heartbeat. */
  #seekRoutes(waitMs: number): void {
    const { instance, subscriptions } = this.parts;
    const missing = (): string[] => subscriptions.topics.filter((topic) => instance.routes.cached(topic) === undefined);
    this.#timers.get("seek")?.cancel();
    if (!this.#running || missing().length === 0) return;
    const timer = this.#clock.setTimer(waitMs, async () => {
      await Promise.all(missing().map((topic) => instance.refreshRoute(topic)));
      this.#seekRoutes(Math.min(waitMs * 2, instance.options.pollNameServerInterval));
    });
    this.#timers.set("seek", timer);
  }

  /** Tells the rebalance service all it must know, and has it look. */
  #join(): void {
    const { actors, instance, subscriptions } = this.parts;
    for (const topic of subscriptions.topics) {
      const route = instance.routes.cached(topic);
      if (route !== undefined) this.#tellTopic(topic, route);
    }
    actors.group({
      group: this.#config.group,
      topics: subscriptions.topics,
      messageModel: this.#config.messageModel,
      strategy: this.#config.strategy.plan,
    }, {
      allocation: (allocation) => void this.#allocated(allocation),
      trouble: (topic, message) =>
        this.host.logger.warn?.("Rebalance failed", { group: this.#config.group, topic, message }),
    });
    actors.wake(this.#config.group);
  }

  #tellTopic(topic: string, route: TopicRoute): void {
    const addresses = route.brokers.flatMap((broker) => {
      const address = broker.brokerAddrs.get(MASTER_ID) ?? [...broker.brokerAddrs.values()][0];
      return address === undefined ? [] : [address];
    });
    this.parts.actors.topic({ topic, queues: subscribeQueues(topic, route), addresses });
  }

  #member(rebalance: boolean): InstanceConsumer {
    const { parts } = this;
    const { group, consumeDirectly } = this.#config;
    return {
      group,
      heartbeatData: () => this.#heartbeatData(),
      subscribeTopics: () => parts.subscriptions.topics,
      routeChanged: (topic, route) => {
        if (!rebalance || !this.#running || parts.subscriptions.of(topic) === undefined) return;
        this.#tellTopic(topic, route);
        parts.actors.wake(group);
      },
      persistOffsets: () => this.persistOffsets(),
      rebalanceSoon: () => {
        if (rebalance) parts.actors.wake(group);
      },
      resetOffsets: (topic, table) => this.#resetOffsets(topic, table),
      offsetsOf: (topic) => parts.offsets.table(topic),
      runningInfo: () => this.#runningInfo(),
      consumeDirectly: async (message) => {
        if (consumeDirectly === undefined) throw new TypeError(`Group "${group}" has no listener`);
        return { ...await consumeDirectly(message) };
      },
    };
  }

  #heartbeatData(): ConsumerData {
    const { group, consumeType, messageModel, consumeFromWhere, unitMode } = this.#config;
    return {
      groupName: group,
      consumeType,
      messageModel,
      consumeFromWhere,
      subscriptionDataSet: this.parts.subscriptions.all,
      unitMode,
    };
  }

  #runningInfo(): Readonly<Record<string, FastInput>> {
    const { instance, subscriptions, offsets, stats } = this.parts;
    return runningInfoBody({
      nameServers: instance.nameServers.addresses,
      consumeType: this.#config.consumeType,
      orderly: this.#config.orderly,
      threads: this.#config.threads,
      startMs: this.#startMs,
      subscriptions: subscriptions.all,
      queues: this.queues.all.map(({ queue, process }) => ({
        queue,
        process,
        commitOffset: offsets.readMemory(queue) ?? 0,
      })),
      statuses: new Map(subscriptions.topics.map((topic) => [topic, stats.status(topic)])),
    });
  }

  async #allocated(allocation: Allocation): Promise<void> {
    const { actors, instance, subscriptions } = this.parts;
    const { group, strategy, messageQueueListener } = this.#config;
    const { topic, mqAll, cidAll } = allocation;
    if (!this.#running || subscriptions.of(topic) === undefined) return;
    try {
      const owned = allocation.owned ??
        strategy.allocate({ consumerGroup: group, currentCid: instance.clientId, mqAll, cidAll });
      const { changed, balanced } = await this.queues.apply(topic, owned);
      if (changed) {
        this.host.logger.info?.("Queues changed", { group, topic, owned });
        sendChannel("rebalanced", { group, topic, owned });
        messageQueueListener?.(topic, mqAll, owned);
        subscriptions.renew(topic);
        await instance.heartbeatNow();
      }
      if (!balanced) actors.unbalanced(group);
    } catch (error) {
      this.host.logger.error?.("Allocation failed", { group, topic, error });
      actors.unbalanced(group);
    }
  }

  #pullTrouble(owned: OwnedQueue, report: { code: string; responseCode: number; message: string }): void {
    const { instance } = this.parts;
    const event = { group: this.#config.group, queue: owned.queue, ...report };
    this.host.logger.warn?.("Pull failed", event);
    sendChannel("pull-failed", event);
    // A broker that is away or refuses may have moved.
    void instance.refreshRoute(owned.queue.topic);
    if (HEARTBEAT_CODES.has(report.responseCode)) void instance.heartbeatNow();
  }

  async #resetOffsets(topic: string, table: ResetTable): Promise<void> {
    const wanted = new Map(table.map(([queue, offset]) => [queueKey(queue), offset]));
    const owned = this.queues.all.filter(({ queue }) => queue.topic === topic && wanted.has(queueKey(queue)));
    for (const one of owned) {
      one.process.dropped = true;
      one.process.voided = true;
      one.process.clear();
    }
    await this.#within(RESET_WAIT_MS, owned.map((one) => one.quiet()));
    for (const one of owned) this.parts.offsets.update(one.queue, wanted.get(queueKey(one.queue)) ?? 0, false);
    await this.queues.drop(owned);
    this.parts.actors.wake(this.#config.group);
  }

  async #lockAll(): Promise<void> {
    const owned = this.queues.all;
    if (owned.length === 0) return;
    const { locked, asked } = await this.parts.access.lock(owned.map((one) => one.queue));
    const lockedKeys = new Set(locked.map(queueKey));
    const askedKeys = new Set(asked.map(queueKey));
    for (const one of owned) {
      const key = queueKey(one.queue);
      if (askedKeys.has(key)) this.#setLocked(one, lockedKeys.has(key));
    }
  }

  #setLocked(owned: OwnedQueue, locked: boolean): void {
    owned.process.locked = locked;
    if (locked) owned.process.lastLockMs = this.#clock.nowMs();
    this.parts.actors.pause([owned.pullId], !locked);
  }

  async #checkExpressions(): Promise<void> {
    const { instance, subscriptions } = this.parts;
    for (const subscription of subscriptions.all) {
      if (subscription.expressionType === "TAG") continue;
      const route = instance.routes.cached(subscription.topic);
      const address = route?.brokers[0]?.brokerAddrs.values().next().value;
      if (address === undefined) continue;
      await instance.api.checkSubscription(address, instance.clientId, this.#config.group, subscription, {
        timeoutMs: instance.options.mqClientApiTimeout,
      });
    }
  }

  /** Waits for all, but not longer than so many milliseconds. */
  async #within(ms: number, work: readonly Promise<void>[]): Promise<void> {
    if (work.length === 0) return;
    const limit = new AbortController();
    const late = this.#clock.sleep(ms, limit.signal).catch(() => undefined);
    await Promise.race([Promise.all(work), late]);
    limit.abort();
  }
}
