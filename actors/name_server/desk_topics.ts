/**
 * Requests about topics: 206, 216, 217, 224, 304 and 311 to 313.
 *
 * Owns: their answers. Reads and changes: `RouteTables`. Never: brokers.
 */

import { encodeTopicList } from "../../protocol/bodies/name_lists.ts";
import {
  decodeDeleteTopicInNamesrvRequestHeader,
  decodeGetTopicsByClusterRequestHeader,
  decodeRegisterTopicRequestHeader,
} from "../../protocol/commands/route.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { decodeTopicRouteData } from "../../protocol/route.ts";
import type { NameServerReply, NameServerRequest } from "./contracts.ts";
import { done, type NameServerState, refuse } from "./desk_reply.ts";
import { minBrokerId } from "./broker_table.ts";

/** The answer to lists that are switched off. */
const DISABLED = refuse(ResponseCode.SYSTEM_ERROR, "disable");

/**
 * Answers the codes of this family.
 *
 * @param state Tables and settings.
 * @param request Any request.
 * @returns The answer, or undefined when the code is of another family.
 */
export function answerTopics(state: NameServerState, request: NameServerRequest): NameServerReply | undefined {
  const { enableAllTopicList, enableTopicList } = state.configuration().values;
  const { topics } = state.tables;
  switch (request.code) {
    case RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER:
      return enableAllTopicList ? list(topics.names()) : DISABLED;
    case RequestCode.GET_TOPICS_BY_CLUSTER:
      return enableTopicList ? topicsOfCluster(state, request) : DISABLED;
    case RequestCode.GET_UNIT_TOPIC_LIST:
      return enableTopicList ? list(topics.namesByUnit("unit")) : DISABLED;
    case RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST:
      return enableTopicList ? list(topics.namesByUnit("unit-sub")) : DISABLED;
    case RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST:
      return enableTopicList ? list(topics.namesByUnit("unit-sub-only")) : DISABLED;
    case RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS:
      return systemTopics(state);
    case RequestCode.DELETE_TOPIC_IN_NAMESRV:
      return deleteTopic(state, request);
    case RequestCode.REGISTER_TOPIC_IN_NAMESRV:
      return registerTopic(state, request);
    default:
      return undefined;
  }
}

function list(topicList: readonly string[], brokerAddr?: string): NameServerReply {
  return done({ body: encodeTopicList({ topicList, brokerAddr }) });
}

/** An unknown cluster has no topics. */
function topicsOfCluster(state: NameServerState, request: NameServerRequest): NameServerReply {
  const { cluster } = decodeGetTopicsByClusterRequestHeader(request.ext);
  return list(state.tables.topics.namesOn(state.tables.brokers.clusters.get(cluster) ?? new Set()));
}

/** Names of clusters and of their brokers are topics of every cluster; the address is that of any one broker. */
function systemTopics(state: NameServerState): NameServerReply {
  const names = new Set<string>();
  for (const [cluster, brokerNames] of state.tables.brokers.clusters) {
    names.add(cluster);
    for (const brokerName of brokerNames) names.add(brokerName);
  }
  for (const { addresses } of state.tables.brokers.groups.values()) {
    const lowest = minBrokerId(addresses);
    if (lowest !== undefined) return list([...names], addresses.get(lowest));
  }
  return list([...names]);
}

function deleteTopic(state: NameServerState, request: NameServerRequest): NameServerReply {
  const { topic, clusterName } = decodeDeleteTopicInNamesrvRequestHeader(request.ext);
  if (clusterName === undefined || clusterName === "") state.tables.deleteTopic(topic);
  else state.tables.deleteTopic(topic, clusterName);
  return done();
}

function registerTopic(state: NameServerState, request: NameServerRequest): NameServerReply {
  const { topic } = decodeRegisterTopicRequestHeader(request.ext);
  if (request.body.length > 0) state.tables.registerTopic(topic, decodeTopicRouteData(request.body).queueDatas);
  return done();
}
