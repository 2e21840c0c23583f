/**
 * The lite pull consumer: the application polls, seeks, pauses and commits.
 *
 * Owns: assignments, seeks, what was polled. Reads: the runtime. Never does: call listeners.
 * Source: apache/rocketmq client/impl/consumer/DefaultLitePullConsumerImpl.java
 */

import { type Clock, systemClock } from "../../store/clock.ts";
import { BrokerAccess } from "./broker_access.ts";
import type { ClientInstance } from "./client_instance.ts";
import { ConsumeStats } from "./consume_stats.ts";
import { ConsumerRuntime } from "./consumer_runtime.ts";
import { restoreTopics } from "./consumption.ts";
import { ClientError } from "./errors.ts";
import { joinInstance, leaveInstance } from "./instance_registry.ts";
import { type LitePullConsumerOptions, type LiteSettings, liteSettings } from "./lite_pull_options.ts";
import { LocalFileOffsetStore } from "./local_offset_store.ts";
import type { MessageExt } from "./message_ext.ts";
import { type MessageQueue, queueKey } from "./message_queue.ts";
import { checkTopic, wrapNamespace } from "./names.ts";
import { RemoteBrokerOffsetStore } from "./offset_store.ts";
import type { OwnedQueue } from "./owned_queue.ts";
import { environment, homeDirectory } from "./platform.ts";
import { PollBuffer } from "./poll_buffer.ts";
import { subscribeQueues } from "./publish_route.ts";
import { computeStartOffset } from "./start_offset.ts";
import type { MessageSelector } from "./subscription.ts";
import { SubscriptionTable } from "./subscription_table.ts";

/** How one poll differs. */
export interface PollOptions {
  /** Milliseconds to wait. */
  readonly timeoutMs?: number;
  /** Ends the wait. */
  readonly signal?: AbortSignal;
}

interface Running {
  readonly instance: ClientInstance;
  readonly access: BrokerAccess;
  readonly runtime: ConsumerRuntime;
  readonly buffer: PollBuffer;
}

/**
 * Consumes by polling.
 *
 * @example
 * ```ts
 * import { LitePullConsumer } from "@ringmq/ringmq/client";
 *
 * await using consumer = new LitePullConsumer({ consumerGroup: "audit", autoCommit: false });
 * consumer.subscribe("Orders");
 * await consumer.start();
 * const messages = await consumer.poll({ timeoutMs: 1_000 });
 * console.log(messages.map((message) => message.bodyText));
 * await consumer.commit();
 * ```
 */
export class LitePullConsumer {
  readonly #options: LitePullConsumerOptions;
  readonly #settings: LiteSettings;
  readonly #group: string;
  readonly #clock: Clock;
  readonly #subscriptions: SubscriptionTable;
  readonly #polled = new Map<string, { queue: MessageQueue; offset: number }>();
  readonly #seeks = new Map<string, number>();
  readonly #paused = new Set<string>();
  #assigned: readonly MessageQueue[] = [];
  #mode: "none" | "subscribe" | "assign" = "none";
  #state: "created" | "started" | "stopped" = "created";
  #parts: Running | undefined;
  #held = false;
  #autoCommit: boolean;

  /**
   * Makes a consumer; nothing is opened before `start`.
   *
   * @param options group, addresses, limits
   * @throws {ClientError} NAME_ILLEGAL or OPTION_ILLEGAL
   */
  constructor(options: LitePullConsumerOptions) {
    this.#options = options;
    this.#settings = liteSettings(options);
    this.#clock = options.clock ?? systemClock;
    this.#group = wrapNamespace(options.namespace ?? "", options.consumerGroup);
    this.#autoCommit = this.#settings.autoCommit;
    const group = { name: this.#group, namespace: options.namespace ?? "", withRetry: false };
    this.#subscriptions = new SubscriptionTable(group, this.#clock);
  }

  /** Client id. @throws {ClientError} STATE before start */
  get clientId(): string {
    return this.#running().instance.clientId;
  }

  /** Whether what was polled is committed by itself. */
  get autoCommit(): boolean {
    return this.#autoCommit;
  }

  /** Switches committing by itself. */
  set autoCommit(on: boolean) {
    this.#autoCommit = on;
  }

  /** Queues owned or assigned now. */
  get assignment(): MessageQueue[] {
    return (this.#parts?.runtime.queues.all ?? []).map((owned) => owned.queue);
  }

  /**
   * Subscribes; the queues come by rebalance.
   *
   * @param topic topic
   * @param selector tag expression, `{ tag }` or `{ sql }`
   * @throws {ClientError} STATE with assigned queues
   */
  subscribe(topic: string, selector: MessageSelector = "*"): void {
    this.#setMode("subscribe");
    const name = this.#subscriptions.add(topic, selector);
    if (this.#parts !== undefined) void this.#parts.runtime.subscribed(name);
  }

  /**
   * Takes a subscription away.
   *
   * @param topic topic
   */
  unsubscribe(topic: string): void {
    const name = this.#subscriptions.remove(topic);
    if (this.#parts !== undefined) void this.#parts.runtime.unsubscribed(name);
  }

  /**
   * Consumes exactly these queues, whatever others of the group do.
   *
   * @param queues queues; those left out are let go
   * @throws {ClientError} STATE with subscriptions
   */
  async assign(queues: readonly MessageQueue[]): Promise<void> {
    this.#setMode("assign");
    this.#assigned = queues.map((queue) => ({ ...queue, topic: this.#subscriptions.nameOf(queue.topic) }));
    for (const topic of new Set(queues.map((queue) => queue.topic))) {
      if (this.#subscriptions.of(this.#subscriptions.nameOf(topic)) === undefined) this.#subscriptions.add(topic, "*");
    }
    if (this.#parts !== undefined) await this.#applyAssigned(this.#parts);
  }

  /**
   * Sets the expression for the queues of a topic that are assigned.
   *
   * @param topic topic
   * @param selector expression
   */
  setSubExpressionForAssign(topic: string, selector: MessageSelector): void {
    this.#subscriptions.add(topic, selector);
  }

  /**
   * Joins the group.
   *
   * @throws {ClientError} STATE when started before, NO_NAME_SERVER
   */
  async start(): Promise<void> {
    if (this.#state !== "created") throw new ClientError("STATE", `Cannot start consumer: it is ${this.#state}`);
    this.#state = "started";
    const instance = await joinInstance(this.#options);
    try {
      const parts = await this.#build(instance);
      this.#parts = parts;
      await parts.runtime.start(this.#mode === "subscribe");
      await this.#applyAssigned(parts);
      const { autoCommitIntervalMillis } = this.#settings;
      parts.runtime.every("commit", autoCommitIntervalMillis, autoCommitIntervalMillis, () => {
        if (this.#autoCommit) this.#notePolled(parts);
        return Promise.resolve();
      });
    } catch (error) {
      this.#state = "stopped";
      this.#parts = undefined;
      await leaveInstance(instance);
      throw error;
    }
  }

  /** Commits what was polled when committing by itself, and leaves the group. */
  async shutdown(): Promise<void> {
    const parts = this.#parts;
    this.#state = "stopped";
    if (parts === undefined) return;
    if (this.#autoCommit) this.#notePolled(parts);
    this.#parts = undefined;
    parts.buffer.close();
    await parts.runtime.stop({ timeoutMs: 0, quieten: () => undefined });
    await leaveInstance(parts.instance);
  }

  /** Same as {@linkcode shutdown}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /**
   * Messages of one queue, in order; empty when none came in time.
   *
   * @param options how long to wait
   * @returns at most `pullBatchSize` messages
   * @throws {ClientError} STATE when not running, ABORTED
   */
  async poll(options: PollOptions = {}): Promise<MessageExt[]> {
    const parts = this.#running();
    const batch = await parts.buffer.take(options.timeoutMs ?? this.#settings.pollTimeoutMillis, options.signal);
    if (batch === undefined) return [];
    const { owned, messages } = batch;
    const offset = owned.process.remove(messages, this.#clock.nowMs());
    if (offset >= 0) this.#polled.set(queueKey(owned.queue), { queue: owned.queue, offset });
    parts.runtime.queues.released(owned);
    this.#throttle(parts);
    restoreTopics(parts.runtime.host, messages);
    return [...messages];
  }

  /**
   * Messages one after the other; those yielded count as polled.
   *
   * @param signal ends the loop
   * @returns an iterator
   */
  async *messages(signal?: AbortSignal): AsyncGenerator<MessageExt, void, void> {
    while (this.#parts !== undefined && signal?.aborted !== true) {
      try {
        yield* await this.poll(signal === undefined ? {} : { signal });
      } catch (error) {
        if (error instanceof ClientError && error.code === "ABORTED") return;
        throw error;
      }
    }
  }

  /** Messages one after the other; see {@linkcode messages}. */
  [Symbol.asyncIterator](): AsyncGenerator<MessageExt, void, void> {
    return this.messages();
  }

  /**
   * Goes to an offset; what is cached of the queue is dropped.
   *
   * @param queue an owned queue
   * @param offset next offset to poll
   * @throws {ClientError} STATE when it is not ours, OPTION_ILLEGAL when the broker has not got the offset
   */
  async seek(queue: MessageQueue, offset: number): Promise<void> {
    const parts = this.#running();
    const named = { ...queue, topic: this.#subscriptions.nameOf(queue.topic) };
    const owned = parts.runtime.queues.get(named);
    if (owned === undefined) throw new ClientError("STATE", "Cannot seek: the queue is not assigned to this consumer");
    const [min, max] = await Promise.all([this.minOffset(queue), this.maxOffset(queue)]);
    if (offset < min || offset > max) {
      throw new ClientError("OPTION_ILLEGAL", `Cannot seek to ${offset}: the broker has ${min} to ${max}`);
    }
    this.#seeks.set(queueKey(named), offset);
    this.#polled.delete(queueKey(named));
    const queues = parts.runtime.queues.all.map((one) => one.queue).filter((one) => one.topic === named.topic);
    await parts.runtime.queues.drop([owned]);
    await parts.runtime.queues.apply(named.topic, queues);
  }

  /** Goes to the first offset the broker keeps. @param queue an owned queue */
  async seekToBegin(queue: MessageQueue): Promise<void> {
    await this.seek(queue, await this.minOffset(queue));
  }

  /** Goes behind the last message. @param queue an owned queue */
  async seekToEnd(queue: MessageQueue): Promise<void> {
    await this.seek(queue, await this.maxOffset(queue));
  }

  /**
   * Holds the pulls of queues.
   *
   * @param queues queues that are no longer pulled; what is cached is still polled
   */
  pause(queues: readonly MessageQueue[]): void {
    this.#pause(queues, true);
  }

  /**
   * Lets the pulls of queues go on.
   *
   * @param queues queues that are pulled again
   */
  resume(queues: readonly MessageQueue[]): void {
    this.#pause(queues, false);
  }

  /**
   * Commits offsets and waits for the broker.
   *
   * @param offsets queue and next offset; what was polled when not given
   * @throws {ClientError} when a broker does not take them
   */
  async commit(offsets?: readonly (readonly [MessageQueue, number])[]): Promise<void> {
    const parts = this.#running();
    const table = offsets?.map(([queue, offset]) => ({
      queue: { ...queue, topic: this.#subscriptions.nameOf(queue.topic) },
      offset,
    })) ?? [...this.#polled.values()];
    for (const { queue, offset } of table) parts.runtime.parts.offsets.update(queue, offset, false);
    await Promise.all(table.map(({ queue }) => parts.runtime.parts.offsets.persist(queue)));
  }

  /**
   * Reads how far the group has come with a queue.
   *
   * @param queue a queue
   * @returns its committed offset; undefined when there is none
   */
  async committed(queue: MessageQueue): Promise<number | undefined> {
    const named = { ...queue, topic: this.#subscriptions.nameOf(queue.topic) };
    const { offsets } = this.#running().runtime.parts;
    return offsets.readMemory(named) ?? await offsets.readStored(named);
  }

  /**
   * Asks the name server for the queues of a topic.
   *
   * @param topic topic
   * @returns its queues
   * @throws {ClientError} TOPIC_NOT_FOUND
   */
  async fetchMessageQueues(topic: string): Promise<MessageQueue[]> {
    checkTopic(topic);
    const { instance } = this.#running();
    const name = this.#subscriptions.nameOf(topic);
    const route = await instance.routes.refresh(name) ?? instance.routes.cached(name);
    if (route === undefined) throw new ClientError("TOPIC_NOT_FOUND", `Cannot find a route of topic "${topic}"`);
    return subscribeQueues(name, route);
  }

  /**
   * Finds the offset that belongs to a time.
   *
   * @param queue a queue
   * @param timestampMs store time, in milliseconds since 1970
   * @returns offset of the first message stored then or later
   */
  offsetForTimestamp(queue: MessageQueue, timestampMs: number): Promise<number> {
    return this.#running().access.searchOffset(
      { ...queue, topic: this.#subscriptions.nameOf(queue.topic) },
      timestampMs,
    );
  }

  /**
   * Asks the broker where a queue begins.
   *
   * @param queue a queue
   * @returns first offset the broker keeps
   */
  minOffset(queue: MessageQueue): Promise<number> {
    return this.#running().access.boundOffset({ ...queue, topic: this.#subscriptions.nameOf(queue.topic) }, "min");
  }

  /**
   * Asks the broker where a queue ends.
   *
   * @param queue a queue
   * @returns next offset the broker will write
   */
  maxOffset(queue: MessageQueue): Promise<number> {
    return this.#running().access.boundOffset({ ...queue, topic: this.#subscriptions.nameOf(queue.topic) }, "max");
  }

  async #build(instance: ClientInstance): Promise<Running> {
    const { consumer } = this.#settings;
    const { clock, stableClientId } = instance.options;
    const access = new BrokerAccess(instance, this.#group);
    const directory = this.#options.localOffsetStoreDir ?? environment("ROCKETMQ_CLIENT_LOCAL_OFFSET_STORE_DIR") ??
      `${homeDirectory()}/.rocketmq_offsets`;
    const offsets = consumer.messageModel === "BROADCASTING"
      ? new LocalFileOffsetStore({ directory, clientId: stableClientId, group: this.#group })
      : new RemoteBrokerOffsetStore(access);
    const buffer = new PollBuffer(clock);
    const from = { where: consumer.consumeFromWhere, timestampMs: consumer.consumeTimestampMs };
    const runtime: ConsumerRuntime = new ConsumerRuntime({
      group: this.#group,
      consumeType: "CONSUME_ACTIVELY",
      messageModel: consumer.messageModel,
      consumeFromWhere: consumer.consumeFromWhere,
      unitMode: false,
      orderly: false,
      threads: 1,
      strategy: consumer.strategy,
      messageQueueListener: this.#options.messageQueueListener,
      consumeDirectly: undefined,
    }, {
      instance,
      actors: await instance.actors(),
      access,
      offsets,
      stats: new ConsumeStats(clock),
      subscriptions: this.#subscriptions,
    }, {
      settings: consumer,
      lite: true,
      consumeHooks: [],
      startOffset: (queue) => {
        const sought = this.#seeks.get(queueKey(queue));
        this.#seeks.delete(queueKey(queue));
        if (sought !== undefined) return Promise.resolve(sought);
        return computeStartOffset(queue, { ...from, nowMs: clock.nowMs() }, { offsets, access });
      },
      pulled: (owned, messages) => this.#pulled(owned, messages),
      sendBack: (message, delayLevel) => access.sendBack(message, delayLevel, 16),
      sendToRetry: (message) => access.sendToRetry(message, 16, undefined),
    });
    return { instance, access, runtime, buffer };
  }

  #pulled(owned: OwnedQueue, messages: MessageExt[]): void {
    const parts = this.#parts;
    if (parts === undefined) return;
    owned.process.put(messages);
    parts.buffer.put(owned, messages);
    this.#throttle(parts);
  }

  /** Holds all pulls while too much is cached. */
  #throttle(parts: Running): void {
    const full = parts.buffer.count > this.#settings.pullThresholdForAll;
    if (full === this.#held) return;
    this.#held = full;
    parts.runtime.queues.pauseAll(full);
    if (!full) {
      this.#pause(
        [...parts.runtime.queues.all].map((one) => one.queue).filter((one) => this.#paused.has(queueKey(one))),
        true,
      );
    }
  }

  #pause(queues: readonly MessageQueue[], paused: boolean): void {
    const { runtime } = this.#running();
    const ids: number[] = [];
    for (const queue of queues) {
      const named = { ...queue, topic: this.#subscriptions.nameOf(queue.topic) };
      if (paused) this.#paused.add(queueKey(named));
      else this.#paused.delete(queueKey(named));
      const owned = runtime.queues.get(named);
      if (owned !== undefined) ids.push(owned.pullId);
    }
    runtime.parts.actors.pause(ids, paused);
  }

  #notePolled(parts: Running): void {
    for (const { queue, offset } of this.#polled.values()) {
      if (parts.runtime.queues.get(queue) !== undefined) parts.runtime.parts.offsets.update(queue, offset, false);
    }
  }

  async #applyAssigned(parts: Running): Promise<void> {
    if (this.#mode !== "assign") return;
    const topics = new Set(this.#assigned.map((queue) => queue.topic));
    await Promise.all([...topics].map((topic) => parts.instance.refreshRoute(topic)));
    for (const owned of parts.runtime.queues.all) topics.add(owned.queue.topic);
    for (const topic of topics) {
      await parts.runtime.queues.apply(topic, this.#assigned.filter((queue) => queue.topic === topic));
    }
  }

  #setMode(mode: "subscribe" | "assign"): void {
    if (this.#mode !== "none" && this.#mode !== mode) {
      throw new ClientError("STATE", "Cannot mix subscribe and assign in one consumer");
    }
    this.#mode = mode;
  }

  #running(): Running {
    if (this.#parts === undefined) throw new ClientError("STATE", `The consumer is ${this.#state}`);
    return this.#parts;
  }
}
