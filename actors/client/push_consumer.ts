/**
 * The push consumer: the class applications consume with.
 *
 * Owns: its options and life cycle. Reads: the runtime. Never does: talk to sockets.
 * Source: apache/rocketmq client/impl/consumer/DefaultMQPushConsumerImpl.java
 */

import { type Clock, systemClock } from "../../store/clock.ts";
import type { ClientActors } from "./actor_set.ts";
import { BrokerAccess } from "./broker_access.ts";
import type { ClientInstance } from "./client_instance.ts";
import { ABANDONED, ConsumeConcurrently } from "./consume_concurrently.ts";
import { ConsumeOrderly } from "./consume_orderly.ts";
import { ConsumeStats, type ConsumeStatus } from "./consume_stats.ts";
import { functionOrNone } from "./option_checks.ts";
import { type ConsumerSettings, consumerSettings, type PushConsumerOptions } from "./consumer_options.ts";
import { ConsumerRuntime, type HostPart } from "./consumer_runtime.ts";
import type { Consumption } from "./consumption.ts";
import { ClientError } from "./errors.ts";
import { joinInstance, leaveInstance } from "./instance_registry.ts";
import type { MessageListenerConcurrently, MessageListenerOrderly } from "./listeners.ts";
import { LocalFileOffsetStore } from "./local_offset_store.ts";
import type { MessageExt } from "./message_ext.ts";
import type { MessageQueue } from "./message_queue.ts";
import { MessageStream } from "./message_stream.ts";
import { wrapNamespace } from "./names.ts";
import { type OffsetStore, RemoteBrokerOffsetStore } from "./offset_store.ts";
import type { OwnedQueue } from "./owned_queue.ts";
import { environment, homeDirectory } from "./platform.ts";
import { computeStartOffset } from "./start_offset.ts";
import type { MessageSelector } from "./subscription.ts";
import { SubscriptionTable } from "./subscription_table.ts";
import type { TraceDispatcher } from "./trace/dispatcher.ts";
import { producerTrace } from "./trace/hooks.ts";

/** Retries by default. Source: DefaultMQPushConsumerImpl.java getMaxReconsumeTimes */
const RECONSUME_TIMES_DEFAULT = 16;

/** A running consumer. */
interface Running {
  readonly instance: ClientInstance;
  readonly access: BrokerAccess;
  readonly runtime: ConsumerRuntime;
  readonly consumption: Consumption;
  readonly trace: TraceDispatcher | undefined;
}

/**
 * Consumes messages as they come.
 *
 * @example
 * ```ts
 * import { PushConsumer } from "@ringmq/ringmq/client";
 *
 * await using consumer = new PushConsumer({ consumerGroup: "billing" }); // the name server comes from NAMESRV_ADDR
 * consumer.subscribe("Orders", "TagA || TagB");
 * consumer.registerMessageListener((messages) => {
 *   for (const message of messages) console.log(message.bodyText);
 *   return "CONSUME_SUCCESS";
 * });
 * await consumer.start();
 * ```
 *
 * @example
 * ```ts
 * import { Producer, PushConsumer } from "@ringmq/ringmq/client";
 *
 * await using producer = new Producer();
 * await producer.start();
 * await producer.send({ topic: "Orders", body: "one coffee" });
 *
 * await using consumer = new PushConsumer({ consumerGroup: "shipping", consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET" });
 * consumer.subscribe("Orders", "*");
 * await consumer.start();
 * for await (const message of consumer) {
 *   console.log(message.bodyText); // finished when the next one is asked for
 *   if (message.bodyText === "one coffee") break; // leaving the loop releases the one in hand
 * }
 * ```
 */
export class PushConsumer {
  readonly #options: PushConsumerOptions;
  readonly #settings: ConsumerSettings;
  readonly #group: string;
  readonly #subscriptions: SubscriptionTable;
  readonly #stream = new MessageStream();
  readonly #clock: Clock;
  #listener: MessageListenerConcurrently | undefined;
  #orderlyListener: MessageListenerOrderly | undefined;
  #state: "created" | "started" | "stopped" = "created";
  #parts: Running | undefined;

  /**
   * Makes a consumer; nothing is opened before `start`.
   *
   * @param options group, addresses, limits
   * @throws {ClientError} NAME_ILLEGAL or OPTION_ILLEGAL
   */
  constructor(options: PushConsumerOptions) {
    const namespace = options.namespace ?? "";
    this.#options = options;
    this.#settings = consumerSettings(options);
    this.#clock = options.clock ?? systemClock;
    this.#group = wrapNamespace(namespace, options.consumerGroup);
    const withRetry = this.#settings.messageModel === "CLUSTERING";
    this.#subscriptions = new SubscriptionTable({ name: this.#group, namespace, withRetry }, this.#clock);
    this.#listener = options.messageListener;
    this.#orderlyListener = options.messageListenerOrderly;
    for (const [topic, expression] of Object.entries(options.subscription ?? {})) this.subscribe(topic, expression);
  }

  /** Client id. @throws {ClientError} STATE before start */
  get clientId(): string {
    return this.#running().instance.clientId;
  }

  /** Consumer group, with the namespace. */
  get consumerGroup(): string {
    return this.#group;
  }

  /**
   * Counts what was pulled and is not finished.
   *
   * @param queue a queue
   * @returns messages of it that this client holds; 0 when it is not owned
   */
  cachedMessageCount(queue: MessageQueue): number {
    return this.#parts?.runtime.queues.get(queue)?.process.count ?? 0;
  }

  /** Queues this member owns now. */
  get messageQueues(): MessageQueue[] {
    return (this.#parts?.runtime.queues.all ?? []).map((owned) => owned.queue);
  }

  /** The actors, to look at their gauges or to pause them. @throws {ClientError} STATE before start */
  get actors(): ClientActors {
    return this.#running().runtime.parts.actors.refs;
  }

  /**
   * Sets the concurrent listener.
   *
   * @param listener consumes messages, many at a time
   * @throws {ClientError} STATE after start, OPTION_ILLEGAL when it is no function
   */
  registerMessageListener(listener: MessageListenerConcurrently): void {
    this.#mustBeNew();
    functionOrNone("messageListener", listener);
    this.#listener = listener;
    this.#orderlyListener = undefined;
  }

  /**
   * Sets the orderly listener.
   *
   * @param listener consumes each queue in order
   * @throws {ClientError} STATE after start, OPTION_ILLEGAL when it is no function
   */
  registerMessageListenerOrderly(listener: MessageListenerOrderly): void {
    this.#mustBeNew();
    functionOrNone("messageListenerOrderly", listener);
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
    const name = this.#subscriptions.add(topic, selector);
    if (this.#parts !== undefined) void this.#parts.runtime.subscribed(name);
  }

  /**
   * Takes a subscription away; its queues are let go.
   *
   * @param topic topic
   */
  unsubscribe(topic: string): void {
    const name = this.#subscriptions.remove(topic);
    if (this.#parts !== undefined) void this.#parts.runtime.unsubscribed(name);
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
      this.#parts = await this.#build(instance);
      await this.#parts.runtime.start(true);
    } catch (error) {
      this.#state = "stopped";
      this.#parts = undefined;
      await leaveInstance(instance);
      throw error;
    }
    this.#startSweep(this.#parts);
  }

  /**
   * Stops: no more pulls, running listener calls end within a deadline, offsets are committed, locks released, the group is left.
   */
  async shutdown(): Promise<void> {
    const parts = this.#parts;
    const started = this.#state === "started";
    this.#state = "stopped";
    this.#parts = undefined;
    this.#stream.close();
    if (!started || parts === undefined) return;
    await parts.runtime.stop({
      timeoutMs: this.#settings.awaitTerminationMillisWhenShutdown,
      quieten: () => parts.consumption.stop(),
    });
    await parts.trace?.stop();
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
    this.#running().runtime.queues.pauseAll(true);
  }

  /** Lets pulls go on. */
  resume(): void {
    this.#running().runtime.queues.pauseAll(false);
  }

  /**
   * Statistics of a topic.
   *
   * @param topic topic
   * @returns rates over the last minute
   */
  consumeStatus(topic: string): ConsumeStatus {
    return this.#running().runtime.parts.stats.status(this.#subscriptions.nameOf(topic));
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

  async #build(instance: ClientInstance): Promise<Running> {
    const access = new BrokerAccess(instance, this.#group);
    const { clock, stableClientId } = instance.options;
    const settings = this.#settings;
    const offsets = settings.messageModel === "BROADCASTING"
      ? new LocalFileOffsetStore({ directory: this.#offsetDirectory(), clientId: stableClientId, group: this.#group })
      : new RemoteBrokerOffsetStore(access);
    const trace = producerTrace(instance, this.#options);
    const runtime: ConsumerRuntime = new ConsumerRuntime({
      group: this.#group,
      consumeType: "CONSUME_PASSIVELY",
      messageModel: settings.messageModel,
      consumeFromWhere: settings.consumeFromWhere,
      unitMode: settings.unitMode,
      orderly: this.#orderlyListener !== undefined,
      threads: settings.consumeThreadMax,
      strategy: settings.strategy,
      messageQueueListener: this.#options.messageQueueListener,
      consumeDirectly: (message) => consumption.consumeDirectly(message),
    }, {
      instance,
      actors: await instance.actors(),
      access,
      offsets,
      stats: new ConsumeStats(clock),
      subscriptions: this.#subscriptions,
    }, this.#hostPart(instance, { access, offsets, trace }));
    const consumption: Consumption = this.#orderlyListener === undefined
      ? new ConsumeConcurrently(runtime.host, this.#listener ?? this.#streamListener())
      : new ConsumeOrderly(runtime.host, this.#orderlyListener);
    return { instance, access, runtime, consumption, trace };
  }

  #hostPart(
    instance: ClientInstance,
    given: { access: BrokerAccess; offsets: OffsetStore; trace: TraceDispatcher | undefined },
  ): HostPart {
    const { access, offsets, trace } = given;
    const { clock, namespace } = instance.options;
    const settings = this.#settings;
    return {
      settings,
      lite: false,
      consumeHooks: [...(this.#options.consumeMessageHooks ?? []), ...(trace === undefined ? [] : [trace.consumeHook])],
      startOffset: (queue) =>
        computeStartOffset(queue, {
          where: settings.consumeFromWhere,
          timestampMs: settings.consumeTimestampMs,
          nowMs: clock.nowMs(),
        }, { offsets, access }),
      pulled: (owned, messages) => this.#pulled(owned, messages),
      sendBack: (message, delayLevel) => access.sendBack(message, delayLevel, this.#maxReconsumeTimes()),
      sendToRetry: (message) =>
        access.sendToRetry(message, this.#maxReconsumeTimes(), wrapNamespace(namespace, message.topic)),
    };
  }

  #pulled(owned: OwnedQueue, messages: MessageExt[]): void {
    const parts = this.#parts;
    if (parts === undefined) return;
    const kept = (this.#options.filterMessageHooks ?? []).reduce(
      (list, hook) => hook.filterMessage({ consumerGroup: this.#group, mq: owned.queue, msgList: list }),
      messages,
    );
    owned.process.put(messages);
    if (kept.length < messages.length) {
      const removed = messages.filter((message) => !kept.includes(message));
      const offset = owned.process.remove(removed, this.#clock.nowMs());
      if (offset >= 0) parts.runtime.parts.offsets.update(owned.queue, offset, true);
      parts.runtime.queues.released(owned);
    }
    if (kept.length > 0) parts.consumption.submit(owned, kept);
  }

  #streamListener(): (messages: readonly MessageExt[]) => Promise<"CONSUME_SUCCESS" | typeof ABANDONED> {
    return async (messages) => {
      for (const message of messages) {
        if (await this.#stream.offer(message) === "abandoned") return ABANDONED;
      }
      return "CONSUME_SUCCESS";
    };
  }

  /** Messages whose listener call takes too long are sent back. */
  #startSweep({ consumption, runtime }: Running): void {
    const { consumeTimeoutMs, messageModel } = this.#settings;
    if (!(consumption instanceof ConsumeConcurrently) || messageModel !== "CLUSTERING") return;
    runtime.every("sweep", consumeTimeoutMs, consumeTimeoutMs, () => consumption.sweep(runtime.queues.all));
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

  #running(): Running {
    if (this.#parts === undefined) throw new ClientError("STATE", `The consumer is ${this.#state}`);
    return this.#parts;
  }
}
