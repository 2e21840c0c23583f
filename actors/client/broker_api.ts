/**
 * The calls a client makes, typed: one method for each request code it uses on the normal course.
 *
 * Owns: building the requests and reading the answers. Reads: a {@linkcode Link}. Never does: choose addresses, retry.
 */

import { createRequest, type ExtFields, markOneway, type RemotingCommand } from "../../protocol/command.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { FastInput } from "../../protocol/fast_json.ts";
import { items, lockBody, readObject, readQueue, readRoute, subscriptionBody, textOf, writeBody } from "./bodies.ts";
import { ClientError } from "./errors.ts";
import { type CallOptions, type Link, refusal } from "./link.ts";
import type { MessageQueue } from "./message_queue.ts";
import type { TopicRoute } from "./publish_route.ts";
import type { Subscription } from "./subscription.ts";

/** What the send-back of a message needs. */
export interface SendBack {
  /** Group that could not consume it. */
  readonly group: string;
  /** Position in the commit log. */
  readonly offset: number;
  /** 0: the broker's table; negative: straight to the dead-letter topic. */
  readonly delayLevel: number;
  /** Unique id. */
  readonly originMsgId: string;
  /** Topic before retries. */
  readonly originTopic: string;
  /** Retries before the dead-letter topic. */
  readonly maxReconsumeTimes: number;
  /** Broker name. */
  readonly brokerName: string;
}

/** What ends a transaction. */
export interface EndTransaction {
  /** Topic of the message. */
  readonly topic: string;
  /** Producer group. */
  readonly producerGroup: string;
  /** Queue offset of the half message. */
  readonly tranStateTableOffset: number;
  /** Log position of the half message. */
  readonly commitLogOffset: number;
  /** 8 commit, 12 rollback, 0 unknown. */
  readonly commitOrRollback: number;
  /** Whether the broker asked. */
  readonly fromTransactionCheck: boolean;
  /** Unique id. */
  readonly msgId: string;
  /** Transaction id. */
  readonly transactionId: string;
  /** Broker name. */
  readonly brokerName: string;
  /** Reason, when there was an exception. */
  readonly remark: string | undefined;
}

/** Typed calls over a link. */
export class BrokerApi {
  /** The link underneath, for calls not listed here. */
  readonly link: Link;

  /** @param link way to the peers */
  constructor(link: Link) {
    this.link = link;
  }

  /**
   * Asks a name server for a route.
   *
   * @param address name server
   * @param topic topic
   * @param call deadline
   * @returns the route; undefined when the name server does not know the topic
   * @throws {ClientError} REFUSED on other codes
   */
  async route(address: string, topic: string, call: CallOptions): Promise<TopicRoute | undefined> {
    const answer = await this.#ask(address, RequestCode.GET_ROUTEINFO_BY_TOPIC, {
      topic,
      acceptStandardJsonOnly: "true",
    }, call);
    if (answer.code === ResponseCode.TOPIC_NOT_EXIST) return undefined;
    return readRoute(success("Route query", answer, address).body);
  }

  /**
   * Registers this client at a broker.
   *
   * @param address broker
   * @param body see {@linkcode heartbeatBody}
   * @param call deadline
   */
  async heartbeat(address: string, body: Uint8Array, call: CallOptions): Promise<void> {
    success("Heartbeat", await this.#ask(address, RequestCode.HEART_BEAT, {}, call, body), address);
  }

  /**
   * Takes a group of this client away from a broker.
   *
   * @param address broker
   * @param ext clientID and group
   * @param call deadline
   */
  async unregister(
    address: string,
    ext: { clientID: string; producerGroup?: string; consumerGroup?: string },
    call: CallOptions,
  ): Promise<void> {
    success("Unregistering", await this.#ask(address, RequestCode.UNREGISTER_CLIENT, { ...ext }, call), address);
  }

  /**
   * @param address broker
   * @param consumerGroup group
   * @param call deadline
   * @returns client ids of the group's members; undefined when the broker has none or does not answer
   */
  async consumerIds(address: string, consumerGroup: string, call: CallOptions): Promise<string[] | undefined> {
    const answer = await this.#ask(address, RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup }, call);
    if (answer.code !== ResponseCode.SUCCESS) return undefined;
    return items(readObject(answer.body)["consumerIdList"]).map(textOf);
  }

  /**
   * @param address broker
   * @param group consumer group
   * @param queue queue
   * @param call deadline
   * @returns the stored offset; undefined when there is none
   * @throws {ClientError} REFUSED on other codes
   */
  async consumerOffset(
    address: string,
    group: string,
    queue: MessageQueue,
    call: CallOptions,
  ): Promise<number | undefined> {
    const answer = await this.#ask(address, RequestCode.QUERY_CONSUMER_OFFSET, {
      consumerGroup: group,
      ...queueExt(queue),
    }, call);
    if (answer.code === ResponseCode.QUERY_NOT_FOUND) return undefined;
    return Number(success("Offset query", answer, address).ext["offset"]);
  }

  /**
   * Commits an offset.
   *
   * @param address broker
   * @param group consumer group
   * @param queue queue
   * @param offset next offset to consume
   * @param call deadline; `oneway` sends it without waiting
   */
  async updateConsumerOffset(
    address: string,
    group: string,
    queue: MessageQueue,
    offset: number,
    call: CallOptions & { oneway: boolean },
  ): Promise<void> {
    const request = createRequest(RequestCode.UPDATE_CONSUMER_OFFSET, {
      consumerGroup: group,
      commitOffset: String(offset),
      ...queueExt(queue),
    });
    if (call.oneway) await this.link.oneway(address, markOneway(request), call);
    else success("Offset commit", await this.link.invoke(address, request, call), address);
  }

  /**
   * @param address broker
   * @param queue queue
   * @param which "max": next offset to be written; "min": first one kept
   * @param call deadline
   * @returns the offset
   */
  async boundOffset(address: string, queue: MessageQueue, which: "max" | "min", call: CallOptions): Promise<number> {
    const code = which === "max" ? RequestCode.GET_MAX_OFFSET : RequestCode.GET_MIN_OFFSET;
    const answer = await this.#ask(address, code, queueExt(queue), call);
    return Number(success("Offset query", answer, address).ext["offset"]);
  }

  /**
   * @param address broker
   * @param queue queue
   * @param timestampMs store time, in milliseconds since 1970
   * @param call deadline
   * @returns offset of the first message stored at that time or later
   */
  async searchOffset(address: string, queue: MessageQueue, timestampMs: number, call: CallOptions): Promise<number> {
    const answer = await this.#ask(address, RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, {
      ...queueExt(queue),
      timestamp: String(timestampMs),
    }, call);
    return Number(success("Offset search", answer, address).ext["offset"]);
  }

  /**
   * @param address broker
   * @param queue queue
   * @param call deadline
   * @returns store time of the first message kept, in milliseconds since 1970
   */
  async earliestStoreTime(address: string, queue: MessageQueue, call: CallOptions): Promise<number> {
    const answer = await this.#ask(address, RequestCode.GET_EARLIEST_MSG_STORETIME, queueExt(queue), call);
    return Number(success("Store time query", answer, address).ext["timestamp"]);
  }

  /**
   * Gives a message back to be delivered later.
   *
   * @param address broker
   * @param what the message
   * @param call deadline
   */
  async sendBack(address: string, what: SendBack, call: CallOptions): Promise<void> {
    const answer = await this.#ask(address, RequestCode.CONSUMER_SEND_MSG_BACK, {
      group: what.group,
      offset: String(what.offset),
      delayLevel: String(what.delayLevel),
      originMsgId: what.originMsgId,
      originTopic: what.originTopic,
      maxReconsumeTimes: String(what.maxReconsumeTimes),
      unitMode: "false",
      bname: what.brokerName,
    }, call);
    success("Sending back", answer, address);
  }

  /**
   * Locks queues for orderly consumption.
   *
   * @param address broker
   * @param clientId client id
   * @param group consumer group
   * @param queues queues of that broker
   * @param call deadline
   * @returns those now locked for this client
   */
  async lock(
    address: string,
    clientId: string,
    group: string,
    queues: readonly MessageQueue[],
    call: CallOptions,
  ): Promise<MessageQueue[]> {
    const answer = await this.#ask(address, RequestCode.LOCK_BATCH_MQ, {}, call, lockBody(clientId, group, queues));
    return items(readObject(success("Queue lock", answer, address).body)["lockOKMQSet"]).map(readQueue);
  }

  /**
   * Releases queue locks.
   *
   * @param address broker
   * @param clientId client id
   * @param group consumer group
   * @param queues queues of that broker
   * @param call deadline; `oneway` sends it without waiting
   */
  async unlock(
    address: string,
    clientId: string,
    group: string,
    queues: readonly MessageQueue[],
    call: CallOptions & { oneway: boolean },
  ): Promise<void> {
    const request = createRequest(RequestCode.UNLOCK_BATCH_MQ, {}, lockBody(clientId, group, queues));
    if (call.oneway) await this.link.oneway(address, markOneway(request), call);
    else success("Queue unlock", await this.link.invoke(address, request, call), address);
  }

  /**
   * Ends a transaction, one-way as in Java.
   *
   * @param address broker
   * @param end decision
   * @param call deadline
   */
  async endTransaction(address: string, end: EndTransaction, call: CallOptions): Promise<void> {
    const request = createRequest(RequestCode.END_TRANSACTION, {
      topic: end.topic,
      producerGroup: end.producerGroup,
      tranStateTableOffset: String(end.tranStateTableOffset),
      commitLogOffset: String(end.commitLogOffset),
      commitOrRollback: String(end.commitOrRollback),
      fromTransactionCheck: String(end.fromTransactionCheck),
      msgId: end.msgId,
      transactionId: end.transactionId,
      bname: end.brokerName,
    });
    request.remark = end.remark;
    await this.link.oneway(address, markOneway(request), call);
  }

  /**
   * Has a broker check a SQL92 expression.
   *
   * @param address broker
   * @param clientId client id
   * @param group consumer group
   * @param subscription the subscription
   * @param call deadline
   * @throws {ClientError} REFUSED when the broker does not take it
   */
  async checkSubscription(
    address: string,
    clientId: string,
    group: string,
    subscription: Subscription,
    call: CallOptions,
  ): Promise<void> {
    const body: FastInput = { clientId, group, subscriptionData: subscriptionBody(subscription) };
    success(
      "Subscription check",
      await this.#ask(address, RequestCode.CHECK_CLIENT_CONFIG, {}, call, writeBody(body)),
      address,
    );
  }

  #ask(address: string, code: number, ext: ExtFields, call: CallOptions, body?: Uint8Array): Promise<RemotingCommand> {
    return this.link.invoke(address, createRequest(code, ext, body), call);
  }
}

function queueExt(queue: MessageQueue): ExtFields {
  return { topic: queue.topic, queueId: String(queue.queueId), bname: queue.brokerName };
}

/**
 * @param what the call, for the error
 * @param answer the answer
 * @param address peer
 * @returns the answer when its code is SUCCESS
 * @throws {ClientError} REFUSED otherwise
 */
export function success(what: string, answer: RemotingCommand, address: string): RemotingCommand {
  if (answer.code !== ResponseCode.SUCCESS) throw refusal(what, answer, address);
  return answer;
}

/**
 * @param brokerName broker without a known address
 * @returns the error for it
 */
export function brokerUnknown(brokerName: string): ClientError {
  return new ClientError("BROKER_UNKNOWN", `Cannot reach broker "${brokerName}": no address is known`, {
    retryable: true,
  });
}
