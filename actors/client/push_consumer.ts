/**
 * The push consumer: the class applications consume with.
 *
 * Owns: its options, subscriptions, life cycle. Reads: actors, offsets. Never does: talk to sockets.
 * Source: apache/rocketmq client/impl/consumer/DefaultMQPushConsumerImpl.java
 */

import type { FastInput } from "../../protocol/fast_json.ts";
import { type Clock, systemClock, type Timer } from "../../store/clock.ts";
import type { ActorSet } from "./actor_set.ts";
import type { ConsumerData } from "./bodies.ts";
import { BrokerAccess } from "./broker_access.ts";
import type { ClientInstance } from "./client_instance.ts";
import { ABANDONED, ConsumeConcurrently } from "./consume_concurrently.ts";
import { ConsumeOrderly } from "./consume_orderly.ts";
import { ConsumeStats, type ConsumeStatus } from "./consume_stats.ts";
import { type ConsumerSettings, consumerSettings, type PushConsumerOptions } from "./consumer_options.ts";
import type { Consumption } from "./consumption.ts";
import { sendChannel } from "./diagnostics.ts";
import { ClientError } from "./errors.ts";
import type { ConsumeMessageHook } from "./hooks.ts";
import { joinInstance, leaveInstance } from "./instance_registry.ts";
import type { MessageListenerConcurrently, MessageListenerOrderly } from "./listeners.ts";
import { LocalFileOffsetStore } from "./local_offset_store.ts";
import type { InstanceConsumer, ResetTable } from "./members.ts";
import type { MessageExt } from "./message_ext.ts";
import { type MessageQueue, queueKey } from "./message_queue.ts";
import { MessageStream } from "./message_stream.ts";
import { checkTopic, retryTopicOf, wrapNamespace } from "./names.ts";
import { type OffsetStore, RemoteBrokerOffsetStore } from "./offset_store.ts";
import type { OwnedQueue } from "./owned_queue.ts";
import { OwnedQueues, type QueueHost } from "./owned_queues.ts";
import { environment, homeDirectory } from "./platform.ts";
import { MASTER_ID, subscribeQueues, type TopicRoute } from "./publish_route.ts";
import type { Allocation } from "./rebalance_contract.ts";
import { runningInfoBody } from "./running_info.ts";
import { computeStartOffset } from "./start_offset.ts";
import { buildSubscription, type MessageSelector, type Subscription } from "./subscription.ts";
import type { TraceDispatcher } from "./trace/dispatcher.ts";
import { producerTrace } from "./trace/hooks.ts";

/** First wait and interval of lock renewal, in milliseconds. Source: ConsumeMessageOrderlyService.java start; ProcessQueue.java REBALANCE_LOCK_INTERVAL */
const LOCK_MS = { first: 1_000, interval: 20_000 } as const;
/** Longest wait for listeners when offsets are reset, in milliseconds. Source: DefaultMQPushConsumerImpl.java resetOffsetByTimeStamp */
const RESET_WAIT_MS = 10_000;
/** Retries by default. Source: DefaultMQPushConsumerImpl.java getMaxReconsumeTimes */
const RECONSUME_TIMES_DEFAULT = 16;

/**
 * Consumes messages as they come.
 *
 * @example
 * ```ts ignore
 * await using consumer = new PushConsumer({ namesrvAddr: "127.0.0.1:9876", consumerGroup: "billing" });
 * consumer.subscribe("Orders", "TagA || TagB");
 * consumer.registerMessageListener((messages) => {
 *   for (const message of messages) console.log(message.bodyText);
 *   return "CONSUME_SUCCESS";
 * });
 * await consumer.start();
 * ```
 *
 * @example
 * ```ts ignore
 * consumer.subscribe("Orders", "*");
 * await consumer.start();
 * for await (const message of consumer) {
 *   console.log(message.bodyText); // finished when the next one is asked for
 * }
 * ```
 */
export class PushConsumer {
  readonly #options: PushConsumerOptions;
  readonly #settings: ConsumerSettings;
  readonly #group: string;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #stream = new MessageStream();
  readonly #clock: Clock;
  readonly #retryVersion: number;
  #listener: MessageListenerConcurrently | undefined;
  #orderlyListener: MessageListenerOrderly | undefined;
  #state: "created" | "started" | "stopped" = "created";
  #parts: Parts | undefined;

  /**
   * @param options group, addresses, limits
   * @throws {ClientError} NAME_ILLEGAL or OPTION_ILLEGAL
   */
  constructor(options: PushConsumerOptions) {
    this.#options = options;
    this.#settings = consumerSettings(options);
    this.#clock = options.clock ?? systemClock;
    this.#retryVersion = this.#clock.nowMs();
    this.#group = wrapNamespace(options.namespace ?? "", options.consumerGroup);
    this.#listener = options.messageListener;
    this.#orderlyListener = options.messageListenerOrderly;
    for (const [topic, expression] of Object.entries(options.subscription ?? {})) this.subscribe(topic, expression);
  }

  /** Client id. @throws {ClientError} STATE before start */
  get clientId(): string {
    return this.#running().instance.clientId;
  }

  /** Queues this member owns now. */
  get messageQueues(): MessageQueue[] {
    return (this.#parts?.queues.all ?? []).map((owned) => owned.queue);
  }

  /** The actors, to look at their gauges or to pause them. @throws {ClientError} STATE before start */
  get actors(): ActorSet["refs"] {
    return this.#running().actors.refs;
  }

  /**
   * Sets the concurrent listener.
   *
   * @param listener consumes messages, many at a time
   * @throws {ClientError} STATE after start
   */
  registerMessageListener(listener: MessageListenerConcurrently): void {
    this.#mustBeNew();
    this.#listener = listener;
    this.#orderlyListener = undefined;
  }

  /**
   * Sets the orderly listener.
   *
   * @param listener consumes each queue in order
   * @throws {ClientError} STATE after start
   */
  registerMessageListenerOrderly(listener: MessageListenerOrderly): void {
    this.#mustBeNew();
    this.#orderlyListener = listener;
    this.#listener = undefined;
  }

  /**
   * Adds or replaces a subscription; may be called while running.
   *
   * @param topic topic
   * @param selector tag expression, `{ tag }` or `{ sql }`
   * @throws {ClientError} NAME_ILLEGAL or OPTION_ILLEGAL
   */
  subscribe(topic: string, selector: MessageSelector = "*"): void {
    checkTopic(topic);
    const name = wrapNamespace(this.#options.namespace ?? "", topic);
    this.#subscriptions.set(name, buildSubscription(name, selector, this.#clock.nowMs()));
    if (this.#parts !== undefined) void this.#subscriptionsChanged(this.#parts, name);
  }

  /**
   * Takes a subscription away; its queues are let go.
   *
   * @param topic topic
   */
  unsubscribe(topic: string): void {
    const name = wrapNamespace(this.#options.namespace ?? "", topic);
    this.#subscriptions.delete(name);
    const parts = this.#parts;
    if (parts === undefined) return;
    void parts.queues.apply(name, []);
    this.#tellGroup(parts);
    void parts.instance.heartbeatNow();
  }

  /**
   * Joins the group and begins to consume. Without a listener the messages are those of the `for await` loops.
   *
   * @throws {ClientError} STATE when started before, NO_NAME_SERVER, REFUSED when a broker does not take a SQL expression
   */
  async start(): Promise<void> {
    if (this.#state !== "created") throw new ClientError("STATE", `Cannot start consumer: it is ${this.#state}`);
    this.#state = "started";
    const instance = await joinInstance(this.#options);
    try {
      const parts = await this.#build(instance);
      await parts.offsets.load();
      await Promise.all([...parts.member.subscribeTopics()].map((topic) => instance.refreshRoute(topic)));
      await this.#checkExpressions(instance);
      instance.addConsumer(parts.member);
      this.#parts = parts;
      for (const topic of parts.member.subscribeTopics()) {
        const route = instance.routes.cached(topic);
        if (route !== undefined) this.#tellTopic(parts, topic, route);
      }
      await instance.heartbeatNow();
      this.#tellGroup(parts);
      parts.actors.wake(this.#group);
      this.#startTimers(parts);
    } catch (error) {
      this.#state = "stopped";
      this.#parts = undefined;
      instance.consumers.delete(this.#group);
      await leaveInstance(instance);
      throw error;
    }
  }

  /**
   * Stops: no more pulls, running listener calls end within a deadline, offsets are committed, locks released, the group is left.
   */
  async shutdown(): Promise<void> {
    const parts = this.#parts;
    this.#stream.close();
    if (this.#state !== "started" || parts === undefined) {
      this.#state = "stopped";
      return;
    }
    this.#state = "stopped";
    this.#parts = undefined;
    for (const timer of parts.timers.values()) timer.cancel();
    parts.actors.forget(this.#group);
    await parts.queues.settled();
    await parts.queues.closePulls();
    parts.consumption.stop();
    await within(
      parts,
      this.#settings.awaitTerminationMillisWhenShutdown,
      parts.queues.all.map((owned) => owned.quiet()),
    );
    parts.queues.stop();
    await parts.member.persistOffsets();
    await parts.queues.drop();
    await parts.trace?.stop();
    await parts.instance.remove({ consumerGroup: this.#group });
    await leaveInstance(parts.instance);
  }

  /** Same as {@linkcode shutdown}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** Messages one after the other; see {@linkcode messages}. */
  [Symbol.asyncIterator](): AsyncGenerator<MessageExt, void, void> {
    return this.messages();
  }

  /**
   * Messages one after the other. A message is finished when the next one is asked for; leaving the loop releases it.
   *
   * @param signal ends the loop
   * @returns an iterator; several may run at a time
   * @throws {ClientError} STATE with a listener
   */
  messages(signal?: AbortSignal): AsyncGenerator<MessageExt, void, void> {
    if (this.#listener !== undefined || this.#orderlyListener !== undefined) {
      throw new ClientError("STATE", "Cannot iterate over messages: the consumer has a listener");
    }
    return this.#stream.messages(signal);
  }

  /** Holds pulls; what is cached is still consumed. */
  suspend(): void {
    this.#running().queues.pauseAll(true);
  }

  /** Lets pulls go on. */
  resume(): void {
    this.#running().queues.pauseAll(false);
  }

  /**
   * Statistics of a topic.
   *
   * @param topic topic
   * @returns rates over the last minute
   */
  consumeStatus(topic: string): ConsumeStatus {
    return this.#running().stats.status(wrapNamespace(this.#options.namespace ?? "", topic));
  }

  /**
   * Gives a message back to be delivered later.
   *
   * @param message the message
   * @param delayLevel 0: the broker's table; negative: dead letters
   * @returns whether the broker has it
   */
  async sendMessageBack(message: MessageExt, delayLevel = 0): Promise<boolean> {
    return await this.#running().access.sendBack(message, delayLevel, this.#maxReconsumeTimes());
  }

  async #build(instance: ClientInstance): Promise<Parts> {
    const access = new BrokerAccess(instance, this.#group);
    const { clock, stableClientId } = instance.options;
    const offsets = this.#settings.messageModel === "BROADCASTING"
      ? new LocalFileOffsetStore({ directory: this.#offsetDirectory(), clientId: stableClientId, group: this.#group })
      : new RemoteBrokerOffsetStore(access);
    const stats = new ConsumeStats(clock);
    const actors = await instance.actors();
    const trace = producerTrace(instance, this.#options);
    const host = this.#host(instance, { access, offsets, stats, trace }, () => parts);
    const consumption = this.#orderlyListener === undefined
      ? new ConsumeConcurrently(host, this.#listener ?? this.#streamListener("CONSUME_SUCCESS"))
      : new ConsumeOrderly(host, this.#orderlyListener);
    const queues = new OwnedQueues(host, actors);
    const parts: Parts = {
      instance,
      access,
      offsets,
      stats,
      actors,
      trace,
      consumption,
      queues,
      member: this.#member(instance, () => parts),
      timers: new Map(),
      startMs: clock.nowMs(),
    };
    return parts;
  }

  #streamListener<S>(success: S): (messages: readonly MessageExt[]) => Promise<S | typeof ABANDONED> {
    return async (messages) => {
      for (const message of messages) {
        if (await this.#stream.offer(message) === "abandoned") return ABANDONED;
      }
      return success;
    };
  }

  #host(
    instance: ClientInstance,
    given: { access: BrokerAccess; offsets: OffsetStore; stats: ConsumeStats; trace: TraceDispatcher | undefined },
    parts: () => Parts,
  ): QueueHost {
    const { access, offsets, stats, trace } = given;
    const { clock, logger, namespace } = instance.options;
    const consumeHooks: ConsumeMessageHook[] = [...(this.#options.consumeMessageHooks ?? [])];
    if (trace !== undefined) consumeHooks.push(trace.consumeHook);
    const settings = this.#settings;
    return {
      group: this.#group,
      namespace,
      settings,
      clock,
      logger,
      stats,
      offsets,
      consumeHooks,
      orderly: this.#orderlyListener !== undefined,
      subscriptionOf: (topic) => this.#subscriptionOf(topic),
      startOffset: (queue) =>
        computeStartOffset(queue, {
          where: settings.consumeFromWhere,
          timestampMs: settings.consumeTimestampMs,
          nowMs: clock.nowMs(),
        }, { offsets, access }),
      pulled: (owned, messages) => this.#pulled(parts(), owned, messages),
      pullTrouble: (owned, report) => this.#pullTrouble(instance, owned, report),
      sendBack: (message, delayLevel) => access.sendBack(message, delayLevel, this.#maxReconsumeTimes()),
      sendToRetry: (message) =>
        access.sendToRetry(message, this.#maxReconsumeTimes(), wrapNamespace(namespace, message.topic)),
      released: (owned) => parts().queues.released(owned),
      lock: async (queue) => {
        const { locked } = await access.lock([queue]);
        const owned = parts().queues.get(queue);
        if (owned !== undefined && locked.length > 0) this.#setLocked(parts(), owned, true);
        return locked.length > 0;
      },
      unlock: (queue) => access.unlock([queue]),
    };
  }

  #member(instance: ClientInstance, parts: () => Parts): InstanceConsumer {
    return {
      group: this.#group,
      heartbeatData: () => this.#heartbeatData(),
      subscribeTopics: () => this.#allTopics(),
      routeChanged: (topic, route) => {
        if (this.#subscriptionOf(topic) !== undefined && this.#parts !== undefined) {
          this.#tellTopic(parts(), topic, route);
        }
      },
      persistOffsets: () => parts().offsets.persistAll(parts().queues.all.map((owned) => owned.queue)),
      rebalanceSoon: () => parts().actors.wake(this.#group),
      resetOffsets: (topic, table) => this.#resetOffsets(parts(), topic, table),
      offsetsOf: (topic) => parts().offsets.table(topic),
      runningInfo: () => this.#runningInfo(instance, parts()),
      consumeDirectly: async (message) => {
        const result = await parts().consumption.consumeDirectly(message);
        return { ...result } satisfies Readonly<Record<string, FastInput>>;
      },
    };
  }

  #runningInfo(instance: ClientInstance, parts: Parts): Readonly<Record<string, FastInput>> {
    return runningInfoBody({
      nameServers: instance.nameServers.addresses,
      consumeType: "CONSUME_PASSIVELY",
      orderly: this.#orderlyListener !== undefined,
      threads: this.#settings.consumeThreadMax,
      startMs: parts.startMs,
      subscriptions: this.#heartbeatData().subscriptionDataSet,
      queues: parts.queues.all.map(({ queue, process }) => ({
        queue,
        process,
        commitOffset: parts.offsets.readMemory(queue) ?? 0,
      })),
      statuses: new Map(this.#allTopics().map((topic) => [topic, parts.stats.status(topic)])),
    });
  }

  #pulled(parts: Parts, owned: OwnedQueue, messages: MessageExt[]): void {
    const hooks = this.#options.filterMessageHooks ?? [];
    const kept = hooks.reduce(
      (list, hook) => hook.filterMessage({ consumerGroup: this.#group, mq: owned.queue, msgList: list }),
      messages,
    );
    owned.process.put(messages);
    if (kept.length < messages.length) {
      const removed = messages.filter((message) => !kept.includes(message));
      const offset = owned.process.remove(removed, this.#clock.nowMs());
      if (offset >= 0) parts.offsets.update(owned.queue, offset, true);
      parts.queues.released(owned);
    }
    if (kept.length > 0) parts.consumption.submit(owned, kept);
  }

  #pullTrouble(
    instance: ClientInstance,
    owned: OwnedQueue,
    report: { code: string; responseCode: number; message: string },
  ): void {
    instance.options.logger.warn?.("Pull failed", { group: this.#group, queue: owned.queue, ...report });
    sendChannel("pull-failed", { group: this.#group, queue: owned.queue, ...report });
    // A broker that is away or refuses may have moved.
    void instance.refreshRoute(owned.queue.topic);
    if (report.responseCode === 24 || report.responseCode === 25 || report.responseCode === 26) {
      void instance.heartbeatNow();
    }
  }

  async #allocated(parts: Parts, allocation: Allocation): Promise<void> {
    const { topic, mqAll, cidAll } = allocation;
    if (this.#parts === undefined || this.#subscriptionOf(topic) === undefined) return;
    let owned = allocation.owned;
    try {
      owned ??= this.#settings.strategy.allocate({
        consumerGroup: this.#group,
        currentCid: parts.instance.clientId,
        mqAll,
        cidAll,
      });
      const { changed, balanced } = await parts.queues.apply(topic, owned);
      if (changed) {
        parts.instance.options.logger.info?.("Queues changed", { group: this.#group, topic, owned });
        sendChannel("rebalanced", { group: this.#group, topic, owned });
        this.#options.messageQueueListener?.(topic, mqAll, owned);
        this.#renewSubscription(topic);
        await parts.instance.heartbeatNow();
      }
      if (!balanced) parts.actors.unbalanced(this.#group);
    } catch (error) {
      parts.instance.options.logger.error?.("Allocation failed", { group: this.#group, topic, error });
      parts.actors.unbalanced(this.#group);
    }
  }

  /** A new version of the subscription makes brokers notice that the member's queues changed. */
  #renewSubscription(topic: string): void {
    const subscription = this.#subscriptions.get(topic);
    if (subscription !== undefined) this.#subscriptions.set(topic, { ...subscription, subVersion: this.#clock.nowMs() });
  }

  async #resetOffsets(parts: Parts, topic: string, table: ResetTable): Promise<void> {
    const wanted = new Map(table.map(([queue, offset]) => [queueKey(queue), offset]));
    const owned = parts.queues.all.filter(({ queue }) => queue.topic === topic && wanted.has(queueKey(queue)));
    for (const one of owned) {
      one.process.dropped = true;
      one.process.clear();
    }
    await within(parts, RESET_WAIT_MS, owned.map((one) => one.quiet()));
    for (const one of owned) parts.offsets.update(one.queue, wanted.get(queueKey(one.queue)) ?? 0, false);
    await parts.queues.drop(owned);
    parts.actors.wake(this.#group);
  }

  async #lockAll(parts: Parts): Promise<void> {
    const owned = parts.queues.all;
    const { locked, asked } = await parts.access.lock(owned.map((one) => one.queue));
    const lockedKeys = new Set(locked.map(queueKey));
    const askedKeys = new Set(asked.map(queueKey));
    for (const one of owned) {
      const key = queueKey(one.queue);
      if (askedKeys.has(key)) this.#setLocked(parts, one, lockedKeys.has(key));
    }
  }

  #setLocked(parts: Parts, owned: OwnedQueue, locked: boolean): void {
    owned.process.locked = locked;
    if (locked) owned.process.lastLockMs = parts.instance.options.clock.nowMs();
    parts.actors.pause([owned.pullId], !locked);
  }

  #startTimers(parts: Parts): void {
    const { clock } = parts.instance.options;
    const every = (name: string, firstMs: number, intervalMs: number, work: () => Promise<void>): void => {
      const round = async (): Promise<void> => {
        await work();
        if (this.#parts === parts) parts.timers.set(name, clock.setTimer(intervalMs, round));
      };
      parts.timers.set(name, clock.setTimer(firstMs, round));
    };
    if (this.#orderlyListener !== undefined && this.#settings.messageModel === "CLUSTERING") {
      every("lock", LOCK_MS.first, LOCK_MS.interval, () => this.#lockAll(parts));
    }
    const { consumption } = parts;
    if (consumption instanceof ConsumeConcurrently && this.#settings.messageModel === "CLUSTERING") {
      const { consumeTimeoutMs } = this.#settings;
      every("sweep", consumeTimeoutMs, consumeTimeoutMs, () => consumption.sweep(parts.queues.all));
    }
  }

  async #subscriptionsChanged(parts: Parts, topic: string): Promise<void> {
    await parts.instance.refreshRoute(topic);
    const route = parts.instance.routes.cached(topic);
    if (route !== undefined) this.#tellTopic(parts, topic, route);
    await parts.instance.heartbeatNow();
    this.#tellGroup(parts);
    parts.actors.wake(this.#group);
  }

  #tellGroup(parts: Parts): void {
    parts.actors.group({
      group: this.#group,
      topics: this.#allTopics(),
      messageModel: this.#settings.messageModel,
      strategy: this.#settings.strategy.plan,
    }, {
      allocation: (allocation) => void this.#allocated(parts, allocation),
      trouble: (topic, message) =>
        parts.instance.options.logger.warn?.("Rebalance failed", { group: this.#group, topic, message }),
    });
  }

  #tellTopic(parts: Parts, topic: string, route: TopicRoute): void {
    const addresses = route.brokers.flatMap((broker) => {
      const address = broker.brokerAddrs.get(MASTER_ID) ?? [...broker.brokerAddrs.values()][0];
      return address === undefined ? [] : [address];
    });
    parts.actors.topic({ topic, queues: subscribeQueues(topic, route), addresses });
    parts.actors.wake(this.#group);
  }

  async #checkExpressions(instance: ClientInstance): Promise<void> {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.expressionType === "TAG") continue;
      const route = instance.routes.cached(subscription.topic);
      const address = route?.brokers[0]?.brokerAddrs.values().next().value;
      if (address === undefined) continue;
      await instance.api.checkSubscription(address, instance.clientId, this.#group, subscription, {
        timeoutMs: instance.options.mqClientApiTimeout,
      });
    }
  }

  #heartbeatData(): ConsumerData {
    return {
      groupName: this.#group,
      consumeType: "CONSUME_PASSIVELY",
      messageModel: this.#settings.messageModel,
      consumeFromWhere: this.#settings.consumeFromWhere,
      subscriptionDataSet: this.#allTopics().map((topic) => this.#subscriptionOf(topic)).filter((one) =>
        one !== undefined
      ),
      unitMode: this.#settings.unitMode,
    };
  }

  #allTopics(): string[] {
    const topics = [...this.#subscriptions.keys()];
    return this.#settings.messageModel === "CLUSTERING" ? [...topics, retryTopicOf(this.#group)] : topics;
  }

  #subscriptionOf(topic: string): Subscription | undefined {
    const known = this.#subscriptions.get(topic);
    if (known !== undefined || topic !== retryTopicOf(this.#group)) return known;
    return buildSubscription(topic, "*", this.#retryVersion);
  }

  #maxReconsumeTimes(): number {
    const { maxReconsumeTimes } = this.#settings;
    if (maxReconsumeTimes !== -1) return maxReconsumeTimes;
    return this.#orderlyListener === undefined ? RECONSUME_TIMES_DEFAULT : 0x7fffffff;
  }

  #offsetDirectory(): string {
    return this.#options.localOffsetStoreDir ?? environment("ROCKETMQ_CLIENT_LOCAL_OFFSET_STORE_DIR") ??
      `${homeDirectory()}/.rocketmq_offsets`;
  }

  #mustBeNew(): void {
    if (this.#state !== "created") {
      throw new ClientError("STATE", `Cannot set the listener: the consumer is ${this.#state}`);
    }
  }

  #running(): Parts {
    if (this.#parts === undefined) throw new ClientError("STATE", `The consumer is ${this.#state}`);
    return this.#parts;
  }
}

/** What a running consumer is made of. */
interface Parts {
  readonly instance: ClientInstance;
  readonly access: BrokerAccess;
  readonly offsets: OffsetStore;
  readonly stats: ConsumeStats;
  readonly actors: ActorSet;
  readonly trace: TraceDispatcher | undefined;
  readonly consumption: Consumption;
  readonly queues: OwnedQueues;
  readonly member: InstanceConsumer;
  readonly timers: Map<string, Timer>;
  readonly startMs: number;
}

/** Waits for all, but not longer than so many milliseconds. */
async function within(parts: Parts, ms: number, work: readonly Promise<void>[]): Promise<void> {
  if (work.length === 0) return;
  const limit = new AbortController();
  const late = parts.instance.options.clock.sleep(ms, limit.signal).catch(() => undefined);
  await Promise.race([Promise.all(work), late]);
  limit.abort();
}
