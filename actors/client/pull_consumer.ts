/**
 * The plain pull consumer: the application names queue and offset of each pull.
 *
 * Owns: its life cycle and offsets. Reads: routes, brokers. Never does: rebalance, cache.
 * Source: apache/rocketmq client/impl/consumer/DefaultMQPullConsumerImpl.java
 */

import { createRequest } from "../../protocol/command.ts";
import { pullSysFlag } from "../../protocol/pull_sys_flag.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { type Clock, systemClock } from "../../store/clock.ts";
import type { ConsumerData } from "./bodies.ts";
import { BrokerAccess } from "./broker_access.ts";
import { brokerUnknown } from "./broker_api.ts";
import type { ClientInstance } from "./client_instance.ts";
import { ConsumeStats } from "./consume_stats.ts";
import type { MessageModel } from "./consumer_options.ts";
import { restoreTopics } from "./consumption.ts";
import { ClientError } from "./errors.ts";
import { joinInstance, leaveInstance } from "./instance_registry.ts";
import { refusal } from "./link.ts";
import { LocalFileOffsetStore } from "./local_offset_store.ts";
import type { InstanceConsumer } from "./members.ts";
import { MessageExt } from "./message_ext.ts";
import type { MessageQueue } from "./message_queue.ts";
import { checkGroup, checkTopic, wrapNamespace } from "./names.ts";
import { type OffsetStore, RemoteBrokerOffsetStore } from "./offset_store.ts";
import type { ClientOptions } from "./options.ts";
import { environment, homeDirectory } from "./platform.ts";
import { MASTER_ID, subscribeQueues } from "./publish_route.ts";
import { indexRecords } from "./pull_records.ts";
import { runningInfoBody } from "./running_info.ts";
import { buildSubscription, type MessageSelector } from "./subscription.ts";

/** Milliseconds. Source: apache/rocketmq client/consumer/DefaultMQPullConsumer.java consumerPullTimeoutMillis, brokerSuspendMaxTimeMillis, consumerTimeoutMillisWhenSuspend */
const PULL_MS = { plain: 10_000, suspend: 20_000, suspended: 30_000 } as const;
/** Retries before the dead letters. Source: DefaultMQPullConsumer.java maxReconsumeTimes */
const RECONSUME_TIMES_MAX = 16;
/** Bytes asked for. Source: DefaultMQPullConsumerImpl.java pullSyncImpl, Integer.MAX_VALUE */
const PULL_BYTES_MAX = 0x7fffffff;

/** Options of a {@linkcode PullConsumer}. */
export interface PullConsumerOptions extends ClientOptions {
  /** Group. */
  readonly consumerGroup: string;
  /** CLUSTERING: offsets at the broker; BROADCASTING: in a file. */
  readonly messageModel?: MessageModel;
  /** Directory of broadcasting offsets; `~/.rocketmq_offsets`. */
  readonly localOffsetStoreDir?: string;
}

/** What a pull found. Source: apache/rocketmq client/consumer/PullStatus.java */
export type PullStatus = "FOUND" | "NO_NEW_MSG" | "NO_MATCHED_MSG" | "OFFSET_ILLEGAL";

/** Result of a pull. */
export interface PullResult {
  /** What it found. */
  readonly pullStatus: PullStatus;
  /** Offset of the next pull. */
  readonly nextBeginOffset: number;
  /** First offset the broker keeps. */
  readonly minOffset: number;
  /** Next offset the broker will write. */
  readonly maxOffset: number;
  /** Messages that passed. */
  readonly msgFoundList: readonly MessageExt[];
}

/** How a pull is done. */
export interface PullOptions {
  /** Tag expression, `{ tag }` or `{ sql }`; all by default. */
  readonly selector?: MessageSelector;
  /** Messages at most; 32. */
  readonly maxNums?: number;
  /** Have the broker hold the pull until something comes; false. */
  readonly blockIfNotFound?: boolean;
  /** Milliseconds until the pull is given up. */
  readonly timeoutMs?: number;
  /** Gives the pull up early. */
  readonly signal?: AbortSignal;
}

/** Pulls queues one request at a time. */
export class PullConsumer {
  readonly #options: PullConsumerOptions;
  readonly #group: string;
  readonly #clock: Clock;
  readonly #topics = new Set<string>();
  readonly #replicas = new Map<string, number>();
  #state: "created" | "started" | "stopped" = "created";
  #parts: { instance: ClientInstance; access: BrokerAccess; offsets: OffsetStore } | undefined;

  /**
   * Makes a consumer; nothing is opened before `start`.
   *
   * @param options group and addresses
   * @throws {ClientError} NAME_ILLEGAL
   */
  constructor(options: PullConsumerOptions) {
    checkGroup(options.consumerGroup);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#group = wrapNamespace(options.namespace ?? "", options.consumerGroup);
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
      const access = new BrokerAccess(instance, this.#group);
      const directory = this.#options.localOffsetStoreDir ?? environment("ROCKETMQ_CLIENT_LOCAL_OFFSET_STORE_DIR") ??
        `${homeDirectory()}/.rocketmq_offsets`;
      const offsets = this.#options.messageModel === "BROADCASTING"
        ? new LocalFileOffsetStore({ directory, clientId: instance.options.stableClientId, group: this.#group })
        : new RemoteBrokerOffsetStore(access);
      await offsets.load();
      this.#parts = { instance, access, offsets };
      instance.addConsumer(this.#member(instance, offsets));
      await instance.heartbeatNow();
    } catch (error) {
      this.#state = "stopped";
      this.#parts = undefined;
      await leaveInstance(instance);
      throw error;
    }
  }

  /** Commits noted offsets and leaves the group. */
  async shutdown(): Promise<void> {
    const parts = this.#parts;
    this.#state = "stopped";
    this.#parts = undefined;
    if (parts === undefined) return;
    await parts.offsets.persistAll(parts.offsets.table().map(([queue]) => queue));
    await parts.instance.remove({ consumerGroup: this.#group });
    await leaveInstance(parts.instance);
  }

  /** Same as {@linkcode shutdown}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /**
   * Asks the name server for the queues of a topic.
   *
   * @param topic topic
   * @returns its queues
   * @throws {ClientError} TOPIC_NOT_FOUND
   */
  async fetchSubscribeMessageQueues(topic: string): Promise<MessageQueue[]> {
    const { instance } = this.#running();
    checkTopic(topic);
    const name = this.#name(topic);
    this.#topics.add(name);
    const route = await instance.routes.refresh(name) ?? instance.routes.cached(name);
    if (route === undefined) throw new ClientError("TOPIC_NOT_FOUND", `Cannot find a route of topic "${topic}"`);
    return subscribeQueues(name, route);
  }

  /**
   * Pulls once.
   *
   * @param queue queue
   * @param offset first offset wanted
   * @param options filter, count, blocking
   * @returns what the broker has
   * @throws {ClientError} REFUSED, TIMEOUT, CONNECTION_LOST
   */
  async pull(queue: MessageQueue, offset: number, options: PullOptions = {}): Promise<PullResult> {
    const { instance } = this.#running();
    const named = { ...queue, topic: this.#name(queue.topic) };
    this.#topics.add(named.topic);
    const block = options.blockIfNotFound ?? false;
    const subscription = buildSubscription(named.topic, options.selector ?? "*", this.#clock.nowMs());
    const replica = this.#replicas.get(queue.brokerName) ?? MASTER_ID;
    if (instance.routes.readAddress(queue.brokerName, replica) === undefined) {
      await instance.routes.refresh(named.topic);
    }
    const where = instance.routes.readAddress(queue.brokerName, replica);
    if (where === undefined) throw brokerUnknown(queue.brokerName);
    const request = createRequest(RequestCode.PULL_MESSAGE, {
      consumerGroup: this.#group,
      topic: named.topic,
      queueId: String(queue.queueId),
      queueOffset: String(offset),
      maxMsgNums: String(options.maxNums ?? 32),
      maxMsgBytes: String(PULL_BYTES_MAX),
      sysFlag: String(pullSysFlag({ commitOffset: false, suspend: block, subscription: true, classFilter: false })),
      commitOffset: "0",
      suspendTimeoutMillis: String(PULL_MS.suspend),
      subscription: subscription.subString,
      subVersion: String(subscription.subVersion),
      expressionType: subscription.expressionType,
      bname: queue.brokerName,
    });
    const answer = await instance.link.invoke(where.address, request, {
      timeoutMs: options.timeoutMs ?? (block ? PULL_MS.suspended : PULL_MS.plain),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    if (answer.ext["suggestWhichBrokerId"] !== undefined) {
      this.#replicas.set(queue.brokerName, Number(answer.ext["suggestWhichBrokerId"]));
    }
    const pullStatus = STATUS_OF_CODE.get(answer.code);
    if (pullStatus === undefined) throw refusal("Pull", answer, where.address);
    const tags = subscription.expressionType === "TAG" ? subscription.tagsSet : [];
    return {
      pullStatus,
      nextBeginOffset: Number(answer.ext["nextBeginOffset"] ?? offset),
      minOffset: Number(answer.ext["minOffset"] ?? 0),
      maxOffset: Number(answer.ext["maxOffset"] ?? 0),
      msgFoundList: pullStatus === "FOUND" ? this.#messages(named, answer.body, tags) : [],
    };
  }

  /**
   * Notes the next offset to consume; it is committed every few seconds.
   *
   * @param queue queue
   * @param offset next offset
   */
  updateConsumeOffset(queue: MessageQueue, offset: number): void {
    this.#running().offsets.update({ ...queue, topic: this.#name(queue.topic) }, offset, false);
  }

  /**
   * Reads how far the group has come with a queue.
   *
   * @param queue queue
   * @param fromStore ask the broker even when an offset is noted here
   * @returns the offset; undefined when there is none
   */
  async fetchConsumeOffset(queue: MessageQueue, fromStore = false): Promise<number | undefined> {
    const { offsets } = this.#running();
    const named = { ...queue, topic: this.#name(queue.topic) };
    return fromStore ? await offsets.readStored(named) : await offsets.read(named);
  }

  /**
   * Asks the broker where a queue begins.
   *
   * @param queue queue
   * @returns first offset the broker keeps
   */
  minOffset(queue: MessageQueue): Promise<number> {
    return this.#running().access.boundOffset({ ...queue, topic: this.#name(queue.topic) }, "min");
  }

  /**
   * Asks the broker where a queue ends.
   *
   * @param queue queue
   * @returns next offset the broker will write
   */
  maxOffset(queue: MessageQueue): Promise<number> {
    return this.#running().access.boundOffset({ ...queue, topic: this.#name(queue.topic) }, "max");
  }

  /**
   * Finds the offset that belongs to a time.
   *
   * @param queue queue
   * @param timestampMs store time, in milliseconds since 1970
   * @returns offset of the first message stored then or later
   */
  searchOffset(queue: MessageQueue, timestampMs: number): Promise<number> {
    return this.#running().access.searchOffset({ ...queue, topic: this.#name(queue.topic) }, timestampMs);
  }

  /**
   * Gives a message back to be delivered later.
   *
   * @param message the message
   * @param delayLevel 0: the broker's table; negative: dead letters
   * @returns whether the broker has it
   */
  sendMessageBack(message: MessageExt, delayLevel = 0): Promise<boolean> {
    return this.#running().access.sendBack(message, delayLevel, RECONSUME_TIMES_MAX);
  }

  #messages(queue: MessageQueue, body: Uint8Array, tags: readonly string[]): MessageExt[] {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const indexed = indexRecords(body, tags);
    const bodies = new Map(indexed.bodies);
    const messages = [...indexed.starts].map((start, i) => new MessageExt(queue, view, start, bodies.get(i)));
    restoreTopics({ group: this.#group, namespace: this.#options.namespace ?? "" }, messages);
    return messages;
  }

  #member(instance: ClientInstance, offsets: OffsetStore): InstanceConsumer {
    const subscriptions = (): ConsumerData["subscriptionDataSet"] =>
      [...this.#topics].map((topic) => buildSubscription(topic, "*", this.#clock.nowMs()));
    const startMs = this.#clock.nowMs();
    const stats = new ConsumeStats(this.#clock);
    return {
      group: this.#group,
      heartbeatData: () => ({
        groupName: this.#group,
        consumeType: "CONSUME_ACTIVELY",
        messageModel: this.#options.messageModel ?? "CLUSTERING",
        consumeFromWhere: "CONSUME_FROM_LAST_OFFSET",
        subscriptionDataSet: subscriptions(),
        unitMode: false,
      }),
      subscribeTopics: () => this.#topics,
      routeChanged: () => undefined,
      persistOffsets: () => offsets.persistAll(offsets.table().map(([queue]) => queue)),
      rebalanceSoon: () => undefined,
      resetOffsets: (_topic, table) => {
        for (const [queue, offset] of table) offsets.update(queue, offset, false);
        return Promise.resolve();
      },
      offsetsOf: (topic) => offsets.table(topic),
      runningInfo: () =>
        runningInfoBody({
          nameServers: instance.nameServers.addresses,
          consumeType: "CONSUME_ACTIVELY",
          orderly: false,
          threads: 1,
          startMs,
          subscriptions: subscriptions(),
          queues: [],
          statuses: new Map([...this.#topics].map((topic) => [topic, stats.status(topic)])),
        }),
      consumeDirectly: () => Promise.reject(new TypeError(`Group "${this.#group}" has no listener`)),
    };
  }

  #name(topic: string): string {
    return wrapNamespace(this.#options.namespace ?? "", topic);
  }

  #running(): { instance: ClientInstance; access: BrokerAccess; offsets: OffsetStore } {
    if (this.#parts === undefined) throw new ClientError("STATE", `The consumer is ${this.#state}`);
    return this.#parts;
  }
}

/** Source: apache/rocketmq client/impl/MQClientAPIImpl.java processPullResponse */
const STATUS_OF_CODE: ReadonlyMap<number, PullStatus> = new Map([
  [ResponseCode.SUCCESS, "FOUND"],
  [ResponseCode.PULL_NOT_FOUND, "NO_NEW_MSG"],
  [ResponseCode.PULL_RETRY_IMMEDIATELY, "NO_MATCHED_MSG"],
  [ResponseCode.PULL_OFFSET_MOVED, "OFFSET_ILLEGAL"],
]);
