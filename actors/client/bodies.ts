/**
 * JSON bodies of the calls a client makes and answers: routes, heartbeats, locks, offset tables.
 *
 * Owns: reading and writing them, in both dialects RocketMQ knows. Never does: IO.
 */

import { type FastInput, FastMap, type FastValue, parseFastJson, stringifyFastJson } from "../../protocol/fast_json.ts";
import { decodeUtf8, encodeUtf8 } from "../../protocol/utf8.ts";
import type { MessageQueue } from "./message_queue.ts";
import type { RouteBroker, RouteQueues, TopicRoute } from "./publish_route.ts";
import type { Subscription } from "./subscription.ts";

/**
 * @param bytes body
 * @returns its fields; empty when the body is no object
 */
export function readObject(bytes: Uint8Array): Record<string, FastValue> {
  return fields(bytes.length === 0 ? null : parseFastJson(decodeUtf8(bytes)));
}

/**
 * @param value any JSON value
 * @returns its fields; empty when it is no object
 */
export function fields(value: FastValue | undefined): Record<string, FastValue> {
  if (value === null || value === undefined || typeof value !== "object" || Array.isArray(value)) return {};
  if (value instanceof FastMap || value instanceof Map) return {};
  return value;
}

/**
 * @param value a JSON value
 * @returns its items; empty when it is no list
 */
export function items(value: FastValue | undefined): readonly FastValue[] {
  return Array.isArray(value) ? value : [];
}

/**
 * @param value a JSON value
 * @returns it as a number; 0 when it is none
 */
export function numberOf(value: FastValue | undefined): number {
  return typeof value === "number" || typeof value === "bigint" || typeof value === "string" ? Number(value) : 0;
}

/**
 * @param value a JSON value
 * @returns it as a text; empty when it is none
 */
export function textOf(value: FastValue | undefined): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/**
 * @param value what to write
 * @returns fastjson's text as bytes
 */
export function writeBody(value: FastInput): Uint8Array {
  return encodeUtf8(stringifyFastJson(value, { dialect: "fastjson" }));
}

/**
 * Entries of a map with numbers as keys, quoted or not.
 *
 * @param value the JSON value
 * @returns number → value
 */
export function numberEntries(value: FastValue | undefined): [number, FastValue][] {
  if (value instanceof Map) return [...value];
  return Object.entries(fields(value)).map(([key, item]) => [Number(key), item]);
}

/**
 * @param body answer to 105
 * @returns the route
 */
export function readRoute(body: Uint8Array): TopicRoute {
  const route = readObject(body);
  const brokers: RouteBroker[] = items(route["brokerDatas"]).map((item) => {
    const broker = fields(item);
    return {
      brokerName: textOf(broker["brokerName"]),
      cluster: textOf(broker["cluster"]),
      brokerAddrs: new Map(numberEntries(broker["brokerAddrs"]).map(([id, address]) => [id, textOf(address)])),
    };
  });
  const queues: RouteQueues[] = items(route["queueDatas"]).map((item) => {
    const data = fields(item);
    return {
      brokerName: textOf(data["brokerName"]),
      readQueueNums: numberOf(data["readQueueNums"]),
      writeQueueNums: numberOf(data["writeQueueNums"]),
      perm: numberOf(data["perm"]),
    };
  });
  const order = textOf(route["orderTopicConf"]);
  return { brokers, queues, orderTopicConf: order.length > 0 ? order : undefined };
}

/** One consumer group in a heartbeat. */
export interface ConsumerData {
  /** Group. */
  readonly groupName: string;
  /** How it gets its messages. */
  readonly consumeType: "CONSUME_PASSIVELY" | "CONSUME_ACTIVELY";
  /** Who gets a message. */
  readonly messageModel: "CLUSTERING" | "BROADCASTING";
  /** Where a new group begins. */
  readonly consumeFromWhere: string;
  /** Subscriptions. */
  readonly subscriptionDataSet: readonly Subscription[];
  /** Unit mode of old deployments. */
  readonly unitMode: boolean;
}

/**
 * @param subscription what to write
 * @returns its JSON shape
 */
export function subscriptionBody(subscription: Subscription): FastInput {
  return {
    classFilterMode: false,
    codeSet: [...subscription.codeSet],
    expressionType: subscription.expressionType,
    subString: subscription.subString,
    subVersion: subscription.subVersion,
    tagsSet: [...subscription.tagsSet],
    topic: subscription.topic,
  };
}

/**
 * @param clientId client id
 * @param producers producer groups
 * @param consumers consumer groups
 * @returns body of a heartbeat
 */
export function heartbeatBody(
  clientId: string,
  producers: readonly string[],
  consumers: readonly ConsumerData[],
): Uint8Array {
  return writeBody({
    clientID: clientId,
    consumerDataSet: consumers.map((consumer) => ({
      consumeFromWhere: consumer.consumeFromWhere,
      consumeType: consumer.consumeType,
      groupName: consumer.groupName,
      messageModel: consumer.messageModel,
      subscriptionDataSet: consumer.subscriptionDataSet.map(subscriptionBody),
      unitMode: consumer.unitMode,
    })),
    heartbeatFingerprint: 0,
    producerDataSet: producers.map((groupName) => ({ groupName })),
    withoutSub: false,
  });
}

/**
 * @param queue a queue
 * @returns its JSON shape
 */
export function queueBody(queue: MessageQueue): FastInput {
  return { brokerName: queue.brokerName, queueId: queue.queueId, topic: queue.topic };
}

/**
 * @param value JSON of a queue
 * @returns the queue
 */
export function readQueue(value: FastValue | FastInput | undefined): MessageQueue {
  const queue = value as { [key: string]: FastValue } | null | undefined;
  return {
    topic: textOf(queue?.["topic"]),
    brokerName: textOf(queue?.["brokerName"]),
    queueId: numberOf(queue?.["queueId"]),
  };
}

/**
 * A table whose keys are queues, in the dialect only fastjson writes.
 *
 * @param table queue → offset
 * @returns its JSON shape
 */
export function queueTable(table: Iterable<readonly [MessageQueue, FastInput]>): FastMap {
  return new FastMap([...table].map(([queue, value]) => [queueBody(queue), value] as const));
}

/**
 * @param value JSON of a table whose keys are queues
 * @returns queue and value of each entry
 */
export function readQueueTable(value: FastValue | undefined): [MessageQueue, FastInput][] {
  if (!(value instanceof FastMap)) return [];
  return value.entries.map(([queue, item]) => [readQueue(queue), item]);
}

/**
 * @param clientId client id
 * @param consumerGroup group
 * @param queues queues to lock or release
 * @returns body of 41 and 42
 */
export function lockBody(clientId: string, consumerGroup: string, queues: readonly MessageQueue[]): Uint8Array {
  return writeBody({ clientId, consumerGroup, mqSet: queues.map(queueBody), onlyThisBroker: false });
}
