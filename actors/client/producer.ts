/**
 * The producer: the class applications send with.
 *
 * Owns: its options, its place in the client instance, its life cycle. Reads: the send pipeline. Never does: talk to sockets.
 * Source: apache/rocketmq client/impl/producer/DefaultMQProducerImpl.java
 */

import { createRequest } from "../../protocol/command.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import type { Timer } from "../../store/clock.ts";
import { brokerUnknown, success } from "./broker_api.ts";
import type { ClientInstance } from "./client_instance.ts";
import { type DirectSends, directSends, isOrdinary } from "./direct_send.ts";
import { ClientError, messageOf } from "./errors.ts";
import { joinInstance, leaveInstance } from "./instance_registry.ts";
import { LatencyFaultTable } from "./latency_fault.ts";
import type { InstanceProducer, TransactionCheck } from "./members.ts";
import { type Message, type PreparedMessage, prepareMessage } from "./message.ts";
import type { MessageQueue } from "./message_queue.ts";
import { checkGroup, checkTopic, wrapNamespace } from "./names.ts";
import { positive } from "./option_checks.ts";
import { type ProducerOptions, type ProducerSettings, producerSettings } from "./producer_options.ts";
import { PropertyName } from "./property_names.ts";
import { publishQueues } from "./publish_route.ts";
import type { MessageQueueSelector } from "./queue_selectors.ts";
import { parseRecallHandle } from "./recall.ts";
import { createReplyMessage, RequestTable } from "./request_reply.ts";
import { type SendCall, SendPipeline } from "./send_pipeline.ts";
import { batchUnit, type SendUnit } from "./send_request.ts";
import type { SendResult } from "./send_result.ts";
import type { TraceDispatcher } from "./trace/dispatcher.ts";
import { producerTrace } from "./trace/hooks.ts";
import {
  commitLogOffsetOf,
  commitOrRollback,
  type LocalTransactionState,
  type TransactionSendResult,
} from "./transaction.ts";
import type { MessageExt } from "./message_ext.ts";
import { uniqueIds } from "./unique_ids.ts";

/** How one send differs from the producer's options. */
export interface SendOptions {
  /** Milliseconds for this send with all its tries. */
  readonly timeoutMs?: number;
  /** Gives up early; the outcome is then unknown unless nothing was sent. */
  readonly signal?: AbortSignal;
  /** Fixed queue; nothing is retried. */
  readonly queue?: MessageQueue;
  /** Chooses the queue; nothing is retried. */
  readonly selector?: MessageQueueSelector<never> | MessageQueueSelector;
  /** Handed to the selector; defaults to the message's sharding key. */
  readonly arg?: unknown;
}

/** Milliseconds between rounds of the fault detector. Source: client/latency/LatencyFaultToleranceImpl.java startDetector */
const DETECTOR_ROUND_MS = 3_000;

/**
 * Sends messages.
 *
 * @example
 * ```ts
 * import { Producer } from "@ringmq/ringmq/client";
 *
 * await using producer = new Producer({ producerGroup: "orders" }); // the name server's address comes from NAMESRV_ADDR
 * await producer.start();
 * const result = await producer.send({ topic: "Orders", body: "one coffee", keys: "4711" });
 * console.log(result.msgId, result.messageQueue.queueId, result.queueOffset);
 * ```
 */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #group: string;
  readonly #settings: ProducerSettings;
  readonly #topics = new Set<string>();
  #state: "created" | "started" | "stopped" = "created";
  #instance: ClientInstance | undefined;
  #pipeline: SendPipeline | undefined;
  #direct: DirectSends | undefined;
  #faults: LatencyFaultTable | undefined;
  #requests: RequestTable | undefined;
  #trace: TraceDispatcher | undefined;
  #detector: Timer | undefined;
  readonly #checks = new Set<Promise<void>>();

  /**
   * Makes a producer; nothing is opened before `start`.
   *
   * @param options addresses, group, limits
   * @throws {ClientError} NAME_ILLEGAL or OPTION_ILLEGAL
   */
  constructor(options: ProducerOptions = {}) {
    const group = options.producerGroup ?? "DEFAULT_PRODUCER";
    checkGroup(group);
    this.#options = options;
    this.#group = wrapNamespace(options.namespace ?? "", group);
    this.#settings = producerSettings(options);
  }

  /** Client id. @throws {ClientError} STATE before start */
  get clientId(): string {
    return this.#running().clientId;
  }

  /**
   * Joins the client instance and registers the group.
   *
   * @throws {ClientError} STATE when started before, NO_NAME_SERVER
   */
  async start(): Promise<void> {
    if (this.#state !== "created") throw new ClientError("STATE", `Cannot start producer: it is ${this.#state}`);
    this.#state = "started";
    try {
      const instance = await joinInstance(this.#options);
      this.#instance = instance;
      instance.addProducer(this.#member());
      for (const topic of this.#options.topics ?? []) {
        this.#topics.add(this.#topic(topic));
        await instance.refreshRoute(this.#topic(topic));
      }
      this.#trace = producerTrace(instance, this.#options);
      this.#buildPipeline(instance);
      this.#requests = new RequestTable(instance);
      await instance.heartbeatNow();
    } catch (error) {
      this.#state = "stopped";
      if (this.#instance !== undefined) await this.#leave(this.#instance);
      throw error;
    }
  }

  /** Waits for transaction checks and traces, leaves the group and the instance. Harmless when not started. */
  async shutdown(): Promise<void> {
    if (this.#state !== "started") {
      this.#state = "stopped";
      return;
    }
    this.#state = "stopped";
    this.#detector?.cancel();
    this.#requests?.close();
    await Promise.all(this.#checks);
    await this.#pipeline?.quiet();
    await this.#trace?.stop();
    if (this.#instance !== undefined) await this.#leave(this.#instance);
  }

  /** Same as {@linkcode shutdown}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /**
   * Sends a message, or several of one topic as a batch, and waits until the broker has them.
   *
   * @param messages one or several
   * @param options how this send differs
   * @returns where it is stored
   * @throws {ClientError} when it is not known to be stored; see `code`, `outcome` and `retryable`
   */
  send(messages: Message | readonly Message[], options?: SendOptions): Promise<SendResult> {
    try {
      const pipeline = this.#pipelineNow();
      if (this.#direct !== undefined && !isList(messages) && isOrdinary(options)) {
        const result = this.#direct.send(messages, this.#timeoutOf(options));
        if (result !== undefined) return result;
      }
      const { unit, call } = this.#prepare(messages, options ?? {});
      return pipeline.send(unit, call);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Sends without waiting for the broker: it may be lost without notice.
   *
   * @param message the message
   * @param options how this send differs
   * @throws {ClientError} when there is no route, room or connection
   */
  async sendOneway(message: Message, options: SendOptions = {}): Promise<void> {
    const pipeline = this.#pipelineNow();
    const { unit, call } = this.#prepare(message, options);
    await pipeline.sendOneway(unit, call);
  }

  /**
   * Sends a half message, runs the local transaction, and tells the broker its outcome.
   *
   * @param message the message; delays are left out as in Java
   * @param arg handed to the listener
   * @returns where the half message is stored, and the decision
   * @throws {ClientError} OPTION_ILLEGAL without a listener; as `send` when the half message is not stored
   */
  async sendMessageInTransaction(message: Message, arg?: unknown): Promise<TransactionSendResult> {
    const listener = this.#options.transactionListener;
    if (listener === undefined) {
      throw new ClientError(
        "OPTION_ILLEGAL",
        "Cannot send in a transaction: the option transactionListener is missing",
      );
    }
    const pipeline = this.#pipelineNow();
    const { delayTimeLevel: _l, delayTimeSec: _s, delayTimeMs: _m, deliverTimeMs: _d, ...plain } = message;
    const { unit, call } = this.#prepare(plain, {});
    unit.message.properties.set(PropertyName.TRAN_MSG, "true");
    unit.message.properties.set(PropertyName.PGROUP, this.#group);
    const result = await pipeline.send(unit, { ...call });
    let state: LocalTransactionState = "UNKNOW";
    let remark: string | undefined;
    if (result.sendStatus === "SEND_OK") {
      try {
        state = await listener.executeLocalTransaction({ ...message, transactionId: result.msgId }, arg) ?? "UNKNOW";
      } catch (thrown) {
        remark = `executeLocalTransaction threw: ${messageOf(thrown)}`;
        this.#options.logger?.error?.("Local transaction threw", { error: thrown, msgId: result.msgId });
      }
    } else state = "ROLLBACK_MESSAGE";
    try {
      await this.#endTransaction({
        topic: unit.message.topic,
        brokerAddr: result.brokerAddr,
        brokerName: result.messageQueue.brokerName,
        tranStateTableOffset: result.queueOffset,
        commitLogOffset: commitLogOffsetOf(result.offsetMsgId),
        msgId: result.msgId,
        transactionId: result.transactionId ?? result.msgId,
        tags: message.tags,
        keys: unit.message.properties.get(PropertyName.KEYS),
      }, { state, remark, fromTransactionCheck: false });
    } catch (thrown) {
      // The broker asks again for a decision that did not reach it.
      this.#options.logger?.warn?.("Ending a transaction failed", { error: thrown, msgId: result.msgId });
    }
    return { ...result, localTransactionState: state };
  }

  /**
   * Sends a message and waits for the reply of whoever consumes it.
   *
   * @param message the message
   * @param options as for `send`; `timeoutMs` covers the reply too
   * @returns the reply
   * @throws {ClientError} REPLY_TIMEOUT when no reply comes; as `send` when the request is not stored
   */
  async request(message: Message, options: SendOptions = {}): Promise<MessageExt> {
    const pipeline = this.#pipelineNow();
    const requests = this.#requests;
    if (requests === undefined) throw new ClientError("STATE", "Cannot send request: the producer is not started");
    const { unit, call } = this.#prepare(message, options);
    return await requests.request(unit, call, pipeline);
  }

  /**
   * Answers a request that was consumed; the broker hands the reply to whoever asked.
   *
   * @param request the consumed request
   * @param body payload of the reply
   * @param options as for `send`
   * @returns the broker's answer
   * @throws {ClientError} MESSAGE_ILLEGAL when the message is no request, REFUSED when the asker is gone
   */
  async reply(request: MessageExt, body: Uint8Array | string, options: SendOptions = {}): Promise<SendResult> {
    const pipeline = this.#pipelineNow();
    const reply = createReplyMessage(request, body);
    const { unit, call } = this.#prepare(reply.message, options);
    for (const [name, value] of reply.properties) unit.message.properties.set(name, value);
    return await pipeline.send(unit, call);
  }

  /**
   * Takes back a timed message that has not been delivered.
   *
   * @param topic its topic
   * @param recallHandle `recallHandle` of its send result
   * @returns unique id of the recalled message
   * @throws {ClientError} REFUSED when it is too late or recalling is off
   */
  async recallMessage(topic: string, recallHandle: string): Promise<string> {
    const instance = this.#running();
    const name = this.#topic(topic);
    const { brokerName } = parseRecallHandle(recallHandle);
    if (instance.routes.masterAddress(brokerName) === undefined) await instance.routes.refresh(name);
    const address = instance.routes.masterAddress(brokerName);
    if (address === undefined) throw brokerUnknown(brokerName);
    const request = createRequest(RequestCode.RECALL_MESSAGE, {
      producerGroup: this.#group,
      topic: name,
      recallHandle,
      bname: brokerName,
    });
    const answer = await instance.link.invoke(address, request, { timeoutMs: this.#settings.timeoutMs });
    return success("Recall", answer, address).ext["msgId"] ?? "";
  }

  /**
   * Asks the name server where a topic can be published to.
   *
   * @param topic topic
   * @returns its queues that may be written
   * @throws {ClientError} TOPIC_NOT_FOUND when it has no route
   */
  async fetchPublishMessageQueues(topic: string): Promise<MessageQueue[]> {
    const instance = this.#running();
    checkTopic(topic);
    const name = this.#topic(topic);
    const route = await instance.routes.refresh(name) ?? instance.routes.cached(name);
    if (route === undefined) throw new ClientError("TOPIC_NOT_FOUND", `Cannot find a route of topic "${topic}"`);
    return publishQueues(name, route);
  }

  #buildPipeline(instance: ClientInstance): void {
    const options = this.#options;
    const clock = instance.options.clock;
    const hooks = [...(options.sendMessageHooks ?? []), ...(this.#trace === undefined ? [] : [this.#trace.sendHook])];
    if (options.sendLatencyFaultEnable) this.#faults = new LatencyFaultTable(clock);
    if (options.startDetectorEnable) this.#armDetector(instance);
    const pipeline = new SendPipeline({
      producerGroup: this.#group,
      createTopicKey: this.#settings.createTopicKey,
      ...this.#settings.send,
      vipChannelEnabled: instance.options.vipChannelEnabled,
      bornHost: instance.options.clientIP,
      sendMessageHooks: hooks,
    }, { routes: instance.routes, link: instance.link, clock, faults: this.#faults });
    this.#pipeline = pipeline;
    this.#direct = directSends(instance, options, {
      producerGroup: this.#group,
      createTopicKey: this.#settings.createTopicKey,
      bodyBytesMax: this.#settings.bodyBytesMax,
      hooks: hooks.length,
      pipeline,
      resume: ({ message, uniqueId, timeoutMs }, first) => {
        const { unit, call } = this.#prepare(message, { timeoutMs }, uniqueId);
        return pipeline.resume(unit, call, first);
      },
    });
  }

  #timeoutOf(options: SendOptions | undefined): number {
    const timeoutMs = options?.timeoutMs;
    return timeoutMs === undefined ? this.#settings.timeoutMs : positive("timeoutMs", timeoutMs, 0);
  }

  #prepare(
    messages: Message | readonly Message[],
    options: SendOptions,
    uniqueId?: string,
  ): { unit: SendUnit; call: SendCall } {
    const { bodyBytesMax } = this.#settings;
    const prepare = (message: Message): PreparedMessage => {
      const prepared = prepareMessage(message, { bodyBytesMax, topicOf: (topic) => this.#topic(topic) });
      this.#direct?.admit(prepared.topic);
      prepared.properties.set(PropertyName.UNIQ_KEY, uniqueId ?? uniqueIds().next());
      if (this.#options.namespace !== undefined) {
        prepared.properties.set(PropertyName.INSTANCE_ID, this.#options.namespace);
      }
      return prepared;
    };
    const unit: SendUnit = isList(messages)
      ? batchUnit(messages.map(prepare))
      : { message: prepare(messages), batch: undefined };
    this.#topics.add(unit.message.topic);
    const first = isList(messages) ? messages[0] : messages;
    const { selector } = options;
    return {
      unit,
      call: {
        timeoutMs: this.#timeoutOf(options),
        signal: options.signal,
        queue: options.queue === undefined ? undefined : { ...options.queue, topic: unit.message.topic },
        choose: selector === undefined || first === undefined
          ? undefined
          : (info) => (selector as MessageQueueSelector)(info.queues, first, options.arg ?? first.shardingKey),
      },
    };
  }

  #member(): InstanceProducer {
    return {
      group: this.#group,
      publishTopics: () => this.#topics,
      checkTransaction: (check) => {
        const work = this.#check(check).finally(() => this.#checks.delete(work));
        this.#checks.add(work);
      },
    };
  }

  async #check(check: TransactionCheck): Promise<void> {
    const listener = this.#options.transactionListener;
    if (listener === undefined) return;
    let state: LocalTransactionState = "UNKNOW";
    let remark: string | undefined;
    try {
      state = await listener.checkLocalTransaction(check.message) ?? "UNKNOW";
    } catch (thrown) {
      remark = `checkLocalTransaction threw: ${messageOf(thrown)}`;
      this.#options.logger?.error?.("Transaction check threw", { error: thrown, msgId: check.msgId });
    }
    try {
      const { tags, keys, topic } = check.message;
      await this.#endTransaction({ ...check, topic, tags, keys }, { state, remark, fromTransactionCheck: true });
    } catch (thrown) {
      this.#options.logger?.warn?.("Answering a transaction check failed", { error: thrown, msgId: check.msgId });
    }
  }

  async #endTransaction(
    what: Omit<TransactionCheck, "message"> & { topic: string; tags: string | undefined; keys: string | undefined },
    decision: { state: LocalTransactionState; remark: string | undefined; fromTransactionCheck: boolean },
  ): Promise<void> {
    const instance = this.#instance;
    if (instance === undefined) return;
    const hooks = [
      ...(this.#options.endTransactionHooks ?? []),
      ...(this.#trace === undefined ? [] : [this.#trace.endTransactionHook]),
    ];
    for (const hook of hooks) {
      hook.endTransaction({
        producerGroup: this.#group,
        topic: what.topic,
        tags: what.tags,
        keys: what.keys,
        msgId: what.msgId,
        transactionId: what.transactionId,
        brokerAddr: what.brokerAddr,
        transactionState: decision.state,
        fromTransactionCheck: decision.fromTransactionCheck,
      });
    }
    await instance.api.endTransaction(what.brokerAddr, {
      topic: what.topic,
      producerGroup: this.#group,
      tranStateTableOffset: what.tranStateTableOffset,
      commitLogOffset: what.commitLogOffset,
      commitOrRollback: commitOrRollback(decision.state),
      fromTransactionCheck: decision.fromTransactionCheck,
      msgId: what.msgId,
      transactionId: what.transactionId,
      brokerName: what.brokerName,
      remark: decision.remark,
    }, { timeoutMs: this.#settings.timeoutMs });
  }

  #armDetector(instance: ClientInstance): void {
    const faults = this.#faults;
    if (faults === undefined) return;
    const { clock } = instance.options;
    const round = async (): Promise<void> => {
      await faults.detectOnce({
        intervalMs: this.#settings.detect.intervalMs,
        resolve: (name) => instance.routes.masterAddress(name),
        probe: (address) => instance.link.probe(address, this.#settings.detect.timeoutMs),
      });
      if (this.#state === "started") this.#detector = clock.setTimer(DETECTOR_ROUND_MS, round);
    };
    this.#detector = clock.setTimer(DETECTOR_ROUND_MS, round);
  }

  async #leave(instance: ClientInstance): Promise<void> {
    if (instance.producers.has(this.#group)) await instance.remove({ producerGroup: this.#group });
    this.#instance = undefined;
    await leaveInstance(instance);
  }

  #topic(topic: string): string {
    return wrapNamespace(this.#options.namespace ?? "", topic);
  }

  #pipelineNow(): SendPipeline {
    if (this.#pipeline === undefined || this.#state !== "started") {
      throw new ClientError(
        "STATE",
        `Cannot send: the producer ${this.#state === "created" ? "has not been started" : "has been shut down"}`,
      );
    }
    return this.#pipeline;
  }

  #running(): ClientInstance {
    if (this.#instance === undefined) throw new ClientError("STATE", `The producer is ${this.#state}`);
    return this.#instance;
  }
}

function isList(messages: Message | readonly Message[]): messages is readonly Message[] {
  return Array.isArray(messages);
}
