/**
 * The admin class: topics, groups, offsets and queries from a program.
 *
 * Owns: its place in a client instance. Reads: name servers and brokers. Never does: consume.
 * Source: apache/rocketmq tools/admin/DefaultMQAdminExtImpl.java
 */

import { createRequest, type ExtFields, type RemotingCommand } from "../../protocol/command.ts";
import type { FastValue } from "../../protocol/fast_json.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { decodeUtf8, encodeUtf8 } from "../../protocol/utf8.ts";
import type {
  AdminOptions,
  AdminTarget,
  ClientConnection,
  ClusterInfo,
  ConsumeProgress,
  GroupSettings,
  QueueStats,
  TopicSettings,
} from "./admin_types.ts";
import { fields, items, numberEntries, numberOf, readObject, readQueueTable, textOf, writeBody } from "./bodies.ts";
import { success } from "./broker_api.ts";
import type { ClientInstance } from "./client_instance.ts";
import { decompressBody } from "./compression/body.ts";
import { ClientError } from "./errors.ts";
import { joinInstance, leaveInstance } from "./instance_registry.ts";
import { MessageExt, recordRanges } from "./message_ext.ts";
import type { MessageQueue } from "./message_queue.ts";
import { checkGroup, checkTopic, wrapNamespace } from "./names.ts";
import { MASTER_ID, type TopicRoute } from "./publish_route.ts";

/** Messages a query gives at most by default. */
const QUERY_MAX = 32;

/**
 * Manages a cluster.
 *
 * @example
 * ```ts
 * import { Admin } from "@ringmq/ringmq/client";
 *
 * await using admin = new Admin(); // the name server's address comes from NAMESRV_ADDR
 * await admin.start();
 * await admin.createTopic({ topic: "Orders", writeQueueNums: 4, readQueueNums: 4 }, { clusterName: "DefaultCluster" });
 * ```
 */
export class Admin {
  readonly #options: AdminOptions;
  readonly #call: { readonly timeoutMs: number };
  #instance: ClientInstance | undefined;

  /**
   * Makes an admin; nothing is opened before `start`.
   *
   * @param options addresses and deadline
   */
  constructor(options: AdminOptions = {}) {
    this.#options = options;
    this.#call = { timeoutMs: options.timeoutMillis ?? 5_000 };
  }

  /** Joins a client instance. @throws {ClientError} STATE when started before, NO_NAME_SERVER */
  async start(): Promise<void> {
    if (this.#instance !== undefined) throw new ClientError("STATE", "Cannot start admin: it is started");
    this.#instance = await joinInstance(this.#options);
  }

  /** Leaves the client instance. */
  async shutdown(): Promise<void> {
    const instance = this.#instance;
    this.#instance = undefined;
    if (instance !== undefined) await leaveInstance(instance);
  }

  /** Same as {@linkcode shutdown}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /**
   * Asks the name server for clusters and brokers.
   *
   * @returns brokers and clusters the name server knows
   */
  async clusterInfo(): Promise<ClusterInfo> {
    const answer = await this.#askNameServer(RequestCode.GET_BROKER_CLUSTER_INFO, {});
    const info = readObject(answer.body);
    return {
      brokers: new Map(
        Object.entries(fields(info["brokerAddrTable"])).map(([name, broker]) => [
          name,
          new Map(numberEntries(fields(broker)["brokerAddrs"]).map(([id, address]) => [id, textOf(address)])),
        ]),
      ),
      clusters: new Map(
        Object.entries(fields(info["clusterAddrTable"])).map(([name, brokers]) => [name, items(brokers).map(textOf)]),
      ),
    };
  }

  /**
   * Creates a topic or changes its settings.
   *
   * @param settings the topic
   * @param target broker or cluster
   * @throws {ClientError} REFUSED
   */
  async createTopic(settings: TopicSettings, target: AdminTarget): Promise<void> {
    checkTopic(settings.topic);
    await this.#onMasters(target, "Topic update", RequestCode.UPDATE_AND_CREATE_TOPIC, {
      topic: this.#name(settings.topic),
      defaultTopic: "TBW102",
      readQueueNums: String(settings.readQueueNums ?? 8),
      writeQueueNums: String(settings.writeQueueNums ?? 8),
      perm: String(settings.perm ?? 6),
      topicFilterType: "SINGLE_TAG",
      topicSysFlag: "0",
      order: String(settings.order ?? false),
      ...(settings.attributes === undefined ? {} : { attributes: settings.attributes }),
    });
  }

  /**
   * Deletes a topic at brokers and name servers.
   *
   * @param topic topic
   * @param target its cluster, or the one broker that is to forget it
   */
  async deleteTopic(topic: string, target: string | AdminTarget): Promise<void> {
    const name = this.#name(topic);
    const where = typeof target === "string" ? { clusterName: target } : target;
    await this.#onMasters(where, "Topic deletion", RequestCode.DELETE_TOPIC_IN_BROKER, { topic: name });
    if (!("clusterName" in where)) return;
    const { clusterName } = where;
    const { nameServers } = this.#running();
    for (const address of nameServers.addresses) {
      await this.#ask(address, "Topic deletion", RequestCode.DELETE_TOPIC_IN_NAMESRV, { topic: name, clusterName });
    }
  }

  /**
   * Asks the name server for the topics.
   *
   * @returns all topics the name server knows
   */
  async topicList(): Promise<string[]> {
    const answer = await this.#askNameServer(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, {});
    return items(readObject(answer.body)["topicList"]).map(textOf);
  }

  /**
   * Asks the name server where a topic lives.
   *
   * @param topic topic
   * @returns its route
   * @throws {ClientError} TOPIC_NOT_FOUND
   */
  async topicRoute(topic: string): Promise<TopicRoute> {
    const route = await this.#running().routes.refresh(this.#name(topic));
    if (route === undefined) throw new ClientError("TOPIC_NOT_FOUND", `Cannot find a route of topic "${topic}"`);
    return route;
  }

  /**
   * Asks the brokers of a topic how far its queues reach.
   *
   * @param topic topic
   * @returns bounds of all its queues
   */
  async topicStats(topic: string): Promise<QueueStats[]> {
    const bodies = await this.#ofTopic(topic, "Topic statistics", RequestCode.GET_TOPIC_STATS_INFO, {
      topic: this.#name(topic),
    });
    return bodies.flatMap((body) =>
      readQueueTable(body["offsetTable"]).map(([queue, value]) => {
        const stats = fields(value as FastValue);
        return {
          queue,
          minOffset: numberOf(stats["minOffset"]),
          maxOffset: numberOf(stats["maxOffset"]),
          lastUpdateTimestamp: numberOf(stats["lastUpdateTimestamp"]),
        };
      })
    );
  }

  /**
   * Creates a consumer group or changes its settings.
   *
   * @param settings the group
   * @param target broker or cluster
   */
  async createSubscriptionGroup(settings: GroupSettings, target: AdminTarget): Promise<void> {
    checkGroup(settings.groupName);
    const body = writeBody({
      brokerId: settings.brokerId ?? 0,
      consumeBroadcastEnable: settings.consumeBroadcastEnable ?? true,
      consumeEnable: settings.consumeEnable ?? true,
      consumeFromMinEnable: true,
      groupName: this.#name(settings.groupName),
      notifyConsumerIdsChangedEnable: true,
      retryMaxTimes: settings.retryMaxTimes ?? 16,
      retryQueueNums: settings.retryQueueNums ?? 1,
      whichBrokerWhenConsumeSlowly: settings.whichBrokerWhenConsumeSlowly ?? 1,
    });
    await this.#onMasters(target, "Group update", RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {}, body);
  }

  /**
   * Deletes a consumer group.
   *
   * @param groupName group
   * @param target broker or cluster, and whether its offsets go too
   */
  async deleteSubscriptionGroup(
    groupName: string,
    target: AdminTarget & { readonly cleanOffset?: boolean },
  ): Promise<void> {
    await this.#onMasters(target, "Group deletion", RequestCode.DELETE_SUBSCRIPTIONGROUP, {
      groupName: this.#name(groupName),
      cleanOffset: String(target.cleanOffset ?? false),
    });
  }

  /**
   * Asks the brokers of a topic how far a group has come.
   *
   * @param consumerGroup group
   * @param topic a topic it consumes
   * @returns its progress on each queue
   */
  async consumeStats(consumerGroup: string, topic: string): Promise<ConsumeProgress[]> {
    const bodies = await this.#ofTopic(topic, "Consume statistics", RequestCode.GET_CONSUME_STATS, {
      consumerGroup: this.#name(consumerGroup),
      topic: this.#name(topic),
    });
    return bodies.flatMap((body) =>
      readQueueTable(body["offsetTable"]).map(([queue, value]) => {
        const stats = fields(value as FastValue);
        return {
          queue,
          brokerOffset: numberOf(stats["brokerOffset"]),
          consumerOffset: numberOf(stats["consumerOffset"]),
          lastTimestamp: numberOf(stats["lastTimestamp"]),
        };
      })
    );
  }

  /**
   * Asks a broker who is connected as a member of a group.
   *
   * @param consumerGroup group
   * @param brokerAddr broker
   * @returns its members there
   * @throws {ClientError} REFUSED when none is online
   */
  async consumerConnections(consumerGroup: string, brokerAddr: string): Promise<ClientConnection[]> {
    const answer = await this.#ask(brokerAddr, "Connection query", RequestCode.GET_CONSUMER_CONNECTION_LIST, {
      consumerGroup: this.#name(consumerGroup),
    });
    return items(readObject(answer.body)["connectionSet"]).map((item) => {
      const one = fields(item);
      return {
        clientId: textOf(one["clientId"]),
        clientAddr: textOf(one["clientAddr"]),
        language: textOf(one["language"]),
        version: numberOf(one["version"]),
      };
    });
  }

  /**
   * Sends a group back or forward in time.
   *
   * @param consumerGroup group
   * @param topic topic
   * @param timestampMs store time, in milliseconds since 1970; −1 for the end
   * @returns queue and new offset
   */
  async resetOffsetByTimestamp(
    consumerGroup: string,
    topic: string,
    timestampMs: number,
  ): Promise<[MessageQueue, number][]> {
    const bodies = await this.#ofTopic(topic, "Offset reset", RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, {
      group: this.#name(consumerGroup),
      topic: this.#name(topic),
      timestamp: String(timestampMs),
      isForce: "true",
    });
    return bodies.flatMap((body) =>
      readQueueTable(body["offsetTable"]).map(([queue, offset]) => [queue, Number(offset)] as [MessageQueue, number])
    );
  }

  /**
   * Finds one message by its offset id, which names broker and position.
   *
   * @param offsetMsgId 32 hexadecimal digits
   * @returns the message
   * @throws {ClientError} REFUSED when the broker has not got it
   */
  async viewMessage(offsetMsgId: string): Promise<MessageExt> {
    const ip = [0, 2, 4, 6].map((at) => Number.parseInt(offsetMsgId.slice(at, at + 2), 16)).join(".");
    const port = Number.parseInt(offsetMsgId.slice(8, 16), 16);
    const offset = Number.parseInt(offsetMsgId.slice(16), 16);
    if (offsetMsgId.length !== 32 || Number.isNaN(offset)) {
      throw new ClientError("OPTION_ILLEGAL", `Cannot view message: "${offsetMsgId}" is no offset id`);
    }
    const answer = await this.#ask(`${ip}:${port}`, "Message view", RequestCode.VIEW_MESSAGE_BY_ID, {
      offset: String(offset),
    });
    const [message] = readMessages(answer.body, "");
    if (message === undefined) throw new ClientError("PROTOCOL", "Cannot view message: the answer is empty");
    return message;
  }

  /**
   * Finds messages by a key.
   *
   * @param topic topic
   * @param key one of their keys, or a unique id with `uniqueKey`
   * @param options time range in milliseconds since 1970, how many, kind of key
   * @returns messages of all brokers, older ones first
   */
  async queryMessage(
    topic: string,
    key: string,
    options: { maxNum?: number; beginMs?: number; endMs?: number; uniqueKey?: boolean } = {},
  ): Promise<MessageExt[]> {
    const route = await this.topicRoute(topic);
    const found = await Promise.all(route.brokers.map(async (broker) => {
      const address = broker.brokerAddrs.get(MASTER_ID) ?? [...broker.brokerAddrs.values()][0];
      if (address === undefined) return [];
      const request = createRequest(RequestCode.QUERY_MESSAGE, {
        topic: this.#name(topic),
        key,
        maxNum: String(options.maxNum ?? QUERY_MAX),
        beginTimestamp: String(options.beginMs ?? 0),
        endTimestamp: String(options.endMs ?? Number.MAX_SAFE_INTEGER),
        ...(options.uniqueKey ? { _UNIQUE_KEY_QUERY: "true" } : {}),
      });
      const answer = await this.#running().link.invoke(address, request, this.#call);
      return answer.code === 0 ? readMessages(answer.body, broker.brokerName) : [];
    }));
    return found.flat().filter((message) => hasKey(message, key, options.uniqueKey ?? false))
      .sort((a, b) => a.storeTimestamp - b.storeTimestamp);
  }

  /**
   * Asks the broker where a queue begins.
   *
   * @param queue queue
   * @returns first offset the broker keeps
   */
  async minOffset(queue: MessageQueue): Promise<number> {
    return await this.#running().api.boundOffset(await this.#masterOf(queue), queue, "min", this.#call);
  }

  /**
   * Asks the broker where a queue ends.
   *
   * @param queue queue
   * @returns next offset the broker will write
   */
  async maxOffset(queue: MessageQueue): Promise<number> {
    return await this.#running().api.boundOffset(await this.#masterOf(queue), queue, "max", this.#call);
  }

  /**
   * Finds the offset that belongs to a time.
   *
   * @param queue queue
   * @param timestampMs store time, in milliseconds since 1970
   * @returns offset of the first message stored then or later
   */
  async searchOffset(queue: MessageQueue, timestampMs: number): Promise<number> {
    return await this.#running().api.searchOffset(await this.#masterOf(queue), queue, timestampMs, this.#call);
  }

  /**
   * Asks the broker since when a queue has messages.
   *
   * @param queue queue
   * @returns store time of its first message, in milliseconds since 1970
   */
  async earliestMsgStoreTime(queue: MessageQueue): Promise<number> {
    return await this.#running().api.earliestStoreTime(await this.#masterOf(queue), queue, this.#call);
  }

  /**
   * Asks a broker for its state and statistics.
   *
   * @param brokerAddr broker
   * @returns its run-time figures
   */
  async brokerRuntimeInfo(brokerAddr: string): Promise<ReadonlyMap<string, string>> {
    const answer = await this.#ask(brokerAddr, "Runtime query", RequestCode.GET_BROKER_RUNTIME_INFO, {});
    return new Map(
      Object.entries(fields(readObject(answer.body)["table"])).map(([key, value]) => [key, textOf(value)]),
    );
  }

  /**
   * Asks a broker for its configuration.
   *
   * @param brokerAddr broker
   * @returns its configuration as properties text
   */
  async brokerConfig(brokerAddr: string): Promise<string> {
    return decodeUtf8((await this.#ask(brokerAddr, "Configuration query", RequestCode.GET_BROKER_CONFIG, {})).body);
  }

  /**
   * Changes configuration while the broker runs.
   *
   * @param brokerAddr broker
   * @param config keys and values
   */
  async updateBrokerConfig(brokerAddr: string, config: Readonly<Record<string, string>>): Promise<void> {
    const text = Object.entries(config).map(([key, value]) => `${key}=${value}`).join("\n");
    await this.#ask(brokerAddr, "Configuration update", RequestCode.UPDATE_BROKER_CONFIG, {}, encodeUtf8(text));
  }

  async #onMasters(target: AdminTarget, what: string, code: number, ext: ExtFields, body?: Uint8Array): Promise<void> {
    for (const address of await this.#masters(target)) await this.#ask(address, what, code, { ...ext }, body);
  }

  async #masters(target: AdminTarget): Promise<string[]> {
    if ("brokerAddr" in target) return [target.brokerAddr];
    const info = await this.clusterInfo();
    const names = info.clusters.get(target.clusterName);
    if (names === undefined) {
      throw new ClientError(
        "OPTION_ILLEGAL",
        `Cannot find cluster "${target.clusterName}": the name server has no such cluster`,
      );
    }
    return names.map((name) => info.brokers.get(name)?.get(MASTER_ID)).filter((address) => address !== undefined);
  }

  async #ofTopic(topic: string, what: string, code: number, ext: ExtFields): Promise<Record<string, FastValue>[]> {
    const route = await this.topicRoute(topic);
    const masters = route.brokers.map((broker) => broker.brokerAddrs.get(MASTER_ID)).filter((one) => one !== undefined);
    return await Promise.all(
      masters.map(async (address) => readObject((await this.#ask(address, what, code, { ...ext })).body)),
    );
  }

  async #masterOf(queue: MessageQueue): Promise<string> {
    const { routes } = this.#running();
    if (routes.masterAddress(queue.brokerName) === undefined) await routes.refresh(this.#name(queue.topic));
    const address = routes.masterAddress(queue.brokerName);
    if (address === undefined) {
      throw new ClientError("BROKER_UNKNOWN", `Cannot reach broker "${queue.brokerName}": no address is known`, {
        retryable: true,
      });
    }
    return address;
  }

  #askNameServer(code: number, ext: ExtFields): Promise<RemotingCommand> {
    return this.#running().nameServers.ask((address) => this.#ask(address, "Name server query", code, ext));
  }

  async #ask(address: string, what: string, code: number, ext: ExtFields, body?: Uint8Array): Promise<RemotingCommand> {
    const request = createRequest(code, ext, body);
    return success(what, await this.#running().link.invoke(address, request, this.#call), address);
  }

  #name(name: string): string {
    return wrapNamespace(this.#options.namespace ?? "", name);
  }

  #running(): ClientInstance {
    if (this.#instance === undefined) throw new ClientError("STATE", "The admin is not started");
    return this.#instance;
  }
}

function hasKey(message: MessageExt, key: string, unique: boolean): boolean {
  return unique ? message.msgId === key : (message.keys ?? "").split(" ").includes(key);
}

function readMessages(body: Uint8Array, brokerName: string): MessageExt[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const messages: MessageExt[] = [];
  for (let at = 0; at + 4 <= body.length;) {
    const ranges = recordRanges(view, at);
    const plain = decompressBody(body.subarray(ranges.body, ranges.bodyEnd), ranges.sysFlag);
    const probe = new MessageExt({ topic: "", brokerName, queueId: 0 }, view, at, plain);
    messages.push(new MessageExt({ topic: probe.topic, brokerName, queueId: probe.queueId }, view, at, plain));
    at += probe.storeSize;
  }
  return messages;
}
