/**
 * Answers the requests of a name server, one after the other.
 *
 * Owns: which table each request reads or changes, and the codes and remarks of the answers.
 * Reads: the tables it is given. Never: sockets, opaques or frames; the gateway has those.
 * Remarks are RocketMQ's wherever a client or a tool shows or compares them.
 * Source: apache/rocketmq namesrv DefaultRequestProcessor, ClientRequestProcessor.
 */

import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { NameServerReply, NameServerRequest, RouteQuery } from "./contracts.ts";
import { answerBroker } from "./desk_brokers.ts";
import { answerConfiguration } from "./desk_configuration.ts";
import { answerKvConfig } from "./desk_kv_config.ts";
import { answerTopics } from "./desk_topics.ts";
import { done, type NameServerState, NOT_READY, refuse } from "./desk_reply.ts";
import { ORDER_TOPIC_NAMESPACE } from "./kv_config.ts";
import { encodeRoute } from "./route_answer.ts";

/** Milliseconds in a second. */
const SECOND_MS = 1_000;

/** Reads that would answer from tables that are not whole yet. */
const TABLE_READS: ReadonlySet<number> = new Set([
  RequestCode.GET_BROKER_CLUSTER_INFO,
  RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
  RequestCode.GET_TOPICS_BY_CLUSTER,
  RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS,
  RequestCode.GET_UNIT_TOPIC_LIST,
  RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST,
  RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST,
  RequestCode.GET_BROKER_MEMBER_GROUP,
  RequestCode.WIPE_WRITE_PERM_OF_BROKER,
  RequestCode.ADD_WRITE_PERM_OF_BROKER,
]);

type Answer = (state: NameServerState, request: NameServerRequest) => NameServerReply | undefined;

/** Each answers the codes of its family and gives undefined for all others. */
const FAMILIES: readonly Answer[] = [answerBroker, answerTopics, answerKvConfig, answerConfiguration];

/** The desk of one name server. */
export class NameServerDesk {
  readonly #state: NameServerState;
  readonly #startedAtMs: number;

  /** @param state Tables and settings. */
  constructor(state: NameServerState) {
    this.#state = state;
    this.#startedAtMs = state.clock.monotonicMs();
  }

  /**
   * Answers any request but a route query. What a handler throws becomes an answer with code 1, so no request can end the
   * actor; broken invariants are let through, because then the tables cannot be trusted.
   *
   * @param request The request.
   * @returns The answer.
   */
  answer(request: NameServerRequest): NameServerReply {
    if (TABLE_READS.has(request.code) && this.#state.isRecovering()) return NOT_READY;
    for (const family of FAMILIES) {
      const reply = family(this.#state, request);
      if (reply !== undefined) return reply;
    }
    return refuse(ResponseCode.REQUEST_CODE_NOT_SUPPORTED, ` request type ${request.code} not supported`);
  }

  /**
   * Answers a route query (request 105).
   *
   * @param query The query.
   * @returns The encoded route, or why there is none.
   */
  route(query: RouteQuery): NameServerReply {
    const { values } = this.#state.configuration();
    const waits = values.needWaitForService && !values.clusterTest &&
      this.#state.clock.monotonicMs() - this.#startedAtMs < values.waitSecondsForService * SECOND_MS;
    if (waits || this.#state.isRecovering()) return NOT_READY;
    const route = this.#state.tables.routeOf(query.topic);
    if (route === undefined) return noRoute(query.topic);
    const isOrderWanted = values.orderMessageEnable || values.clusterTest;
    const orderTopicConf = isOrderWanted ? this.#state.kvConfig.get(ORDER_TOPIC_NAMESPACE, query.topic) : undefined;
    const isStandard = query.standardJson && !values.clusterTest && query.zoneName === undefined;
    return done({ body: encodeRoute(route, { orderTopicConf, zoneName: query.zoneName, isStandard }) });
  }
}

/**
 * The answer for a topic that no broker has.
 *
 * @param topic Its name.
 * @returns Code 17 with the remark that clients print.
 * Source: apache/rocketmq namesrv ClientRequestProcessor.getRouteInfoByTopic, common FAQUrl.suggestTodo.
 */
export function noRoute(topic: string): NameServerReply {
  return refuse(
    ResponseCode.TOPIC_NOT_EXIST,
    `No topic route info in name server for the topic: ${topic}\n` +
      "See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.",
  );
}
