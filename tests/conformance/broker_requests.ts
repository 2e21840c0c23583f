/**
 * The requests that many conformance tests make on bare frames: topics, groups, sends, pulls, offsets, heartbeats.
 *
 * Owns: the header fields as a real client fills them. Reads: nothing. Never: checks an answer, except where it says so.
 *
 * @module
 */
import type { RemotingCommand } from "../../protocol/command.ts";
import { PullSysFlag } from "../../protocol/pull_sys_flag.ts";
import { decodeRecords, type StoredRecord } from "../../protocol/record.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { RawClient } from "./raw_client.ts";
import type { Target } from "./target.ts";

/** Fields of a new topic that differ from 4 queues that may be read and written. */
export interface TopicOptions {
  readonly queues?: number;
  readonly writeQueues?: number;
  readonly perm?: number;
  readonly order?: boolean;
}

/**
 * Creates or changes a topic, and waits until the name server routes it.
 *
 * @param target Where.
 * @param topic Its name.
 * @param options How it differs from the default.
 * @throws {Error} When the broker refuses it.
 */
export async function createTopic(
  target: Pick<Target, "broker" | "nameServer">,
  topic: string,
  options: TopicOptions = {},
): Promise<void> {
  using broker = await RawClient.connect(target.broker);
  const answer = await broker.call(RequestCode.UPDATE_AND_CREATE_TOPIC, topicFields(topic, options));
  if (answer.code !== 0) throw new Error(`Cannot create topic "${topic}": ${answer.code} ${answer.remark}`);
  using nameServer = await RawClient.connect(target.nameServer);
  await until(async () => (await nameServer.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic })).code === 0, {
    timeoutMs: 60_000,
    what: `a route of "${topic}"`,
  });
}

/**
 * Header fields of request 17.
 *
 * @param topic Name of the topic.
 * @param options How it differs from the default.
 */
export function topicFields(topic: string, options: TopicOptions = {}): Record<string, string> {
  const queues = options.queues ?? 4;
  return {
    topic,
    defaultTopic: "TBW102",
    readQueueNums: String(queues),
    writeQueueNums: String(options.writeQueues ?? queues),
    perm: String(options.perm ?? 6),
    topicFilterType: "SINGLE_TAG",
    topicSysFlag: "0",
    order: String(options.order ?? false),
  };
}

/** What a send says beside its topic and body. */
export interface SendOptions {
  readonly queueId?: number;
  readonly properties?: string;
  readonly sysFlag?: number;
  readonly defaultTopic?: string;
  readonly group?: string;
  readonly reconsumeTimes?: number;
  readonly maxReconsumeTimes?: number;
}

/**
 * Sends one message with request 310.
 *
 * @param client Connection to a broker.
 * @param topic Where to.
 * @param body What.
 * @param options The rest.
 */
export function send(
  client: RawClient,
  topic: string,
  body: Uint8Array | string,
  options: SendOptions = {},
): Promise<RemotingCommand> {
  return client.call(RequestCode.SEND_MESSAGE_V2, sendFields(topic, options), body);
}

/**
 * One-letter header fields of requests 310, 320 and 325.
 *
 * @param topic Where to.
 * @param options The rest.
 */
export function sendFields(topic: string, options: SendOptions = {}): Record<string, string> {
  return {
    a: options.group ?? "conformance_raw",
    b: topic,
    c: options.defaultTopic ?? "TBW102",
    d: "4",
    e: String(options.queueId ?? 0),
    f: String(options.sysFlag ?? 0),
    g: String(Date.UTC(2026, 0, 1)),
    h: "0",
    i: options.properties ?? "",
    j: String(options.reconsumeTimes ?? 0),
    k: "false",
    ...(options.maxReconsumeTimes === undefined ? {} : { l: String(options.maxReconsumeTimes) }),
    m: "false",
  };
}

/** Where a pull begins and how it waits. */
export interface PullOptions {
  readonly queueId?: number;
  readonly offset?: number;
  readonly max?: number;
  readonly group?: string;
  readonly expression?: string;
  readonly suspendMs?: number;
  readonly commitOffset?: number;
  readonly sysFlag?: number;
  readonly expressionType?: string;
}

/**
 * Pulls with request 11; the subscription is in the request unless `sysFlag` says otherwise.
 *
 * @param client Connection to a broker.
 * @param topic Where from.
 * @param options The rest.
 */
export function pull(client: RawClient, topic: string, options: PullOptions = {}): Promise<RemotingCommand> {
  const suspend = options.suspendMs === undefined ? 0 : PullSysFlag.SUSPEND;
  const commit = options.commitOffset === undefined ? 0 : PullSysFlag.COMMIT_OFFSET;
  return client.call(
    RequestCode.PULL_MESSAGE,
    {
      consumerGroup: options.group ?? "conformance_raw",
      topic,
      queueId: String(options.queueId ?? 0),
      queueOffset: String(options.offset ?? 0),
      maxMsgNums: String(options.max ?? 32),
      sysFlag: String(options.sysFlag ?? (PullSysFlag.SUBSCRIPTION | suspend | commit)),
      commitOffset: String(options.commitOffset ?? 0),
      suspendTimeoutMillis: String(options.suspendMs ?? 0),
      subscription: options.expression ?? "*",
      subVersion: "0",
      expressionType: options.expressionType ?? "TAG",
    },
    undefined,
    { timeoutMs: (options.suspendMs ?? 0) + 10_000 },
  );
}

/**
 * Records from an offset on, as soon as a broker has dispatched what it acknowledged.
 *
 * @param client Connection to a broker.
 * @param topic Where from.
 * @param options The rest, and the number of records that must be there.
 * @throws {Error} When they are not there within 10 s.
 */
export async function pullStored(
  client: RawClient,
  topic: string,
  options: PullOptions & { readonly count?: number } = {},
): Promise<StoredRecord[]> {
  return await until(async () => {
    const answer = await pull(client, topic, options);
    const records = answer.code === 0 ? decodeRecords(answer.body) : [];
    return records.length >= (options.count ?? 1) ? records : undefined;
  }, { timeoutMs: 60_000, what: `messages of ${topic}` });
}

/**
 * Asks for a number of one queue: 30 (max offset) or 31 (min offset).
 *
 * @param client Connection to a broker.
 * @param code Request code.
 * @param topic The topic.
 * @param queueId The queue.
 */
export async function queueNumber(client: RawClient, code: number, topic: string, queueId: number): Promise<number> {
  return Number((await client.call(code, { topic, queueId: String(queueId) })).ext.offset);
}

/**
 * A heartbeat body (request 34) of one client with at most one consumer group.
 *
 * @param clientId The client.
 * @param parts Its producer group, and its consumer group with one topic.
 */
export function heartbeat(
  clientId: string,
  parts: {
    readonly producerGroup?: string;
    readonly consumerGroup?: string;
    readonly topic?: string;
    readonly expression?: string;
    readonly model?: "CLUSTERING" | "BROADCASTING";
    readonly subVersion?: number;
  },
): string {
  return JSON.stringify({
    clientID: clientId,
    producerDataSet: parts.producerGroup === undefined ? [] : [{ groupName: parts.producerGroup }],
    consumerDataSet: parts.consumerGroup === undefined ? [] : [{
      groupName: parts.consumerGroup,
      consumeType: "CONSUME_PASSIVELY",
      messageModel: parts.model ?? "CLUSTERING",
      consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
      unitMode: false,
      subscriptionDataSet: parts.topic === undefined ? [] : [{
        classFilterMode: false,
        topic: parts.topic,
        subString: parts.expression ?? "*",
        tagsSet: [],
        codeSet: [],
        subVersion: parts.subVersion ?? 1,
        expressionType: "TAG",
      }],
    }],
  });
}
