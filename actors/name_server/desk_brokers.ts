/**
 * Requests about brokers: 103, 104, 106, 205, 322, 327, 901 and 904.
 *
 * Owns: their answers. Reads and changes: `RouteTables`. Never: the layout of a registration; `registration_body.ts` reads it.
 */

import { encodeBrokerMemberGroupResponse } from "../../protocol/bodies/controller_bodies.ts";
import { encodeClusterInfo } from "../../protocol/cluster_info.ts";
import {
  decodeBrokerHeartbeatRequestHeader,
  decodeBrokerIdentityRequestHeader,
  decodeBrokerNameRequestHeader,
  decodeGetBrokerMemberGroupRequestHeader,
  decodeRegisterBrokerRequestHeader,
  encodeAddWritePermResponseHeader,
  encodeQueryDataVersionResponseHeader,
  encodeRegisterBrokerResponseHeader,
  encodeWipeWritePermResponseHeader,
} from "../../protocol/commands/broker_registration.ts";
import { bodyCrc } from "../../protocol/crc32.ts";
import { decodeDataVersion, encodeDataVersion, isSameDataVersion } from "../../protocol/data_version.ts";
import { encodeKvTable } from "../../protocol/kv_table.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { NameServerReply, NameServerRequest } from "./contracts.ts";
import { done, type NameServerState, refuse } from "./desk_reply.ts";
import { ORDER_TOPIC_NAMESPACE } from "./kv_config.ts";
import { decodeRegistration } from "./registration_body.ts";
import { brokerDataOf } from "./route_answer.ts";

/**
 * Answers the codes of this family.
 *
 * @param state Tables and settings.
 * @param request Any request.
 * @returns The answer, or undefined when the code is of another family.
 */
export function answerBroker(state: NameServerState, request: NameServerRequest): NameServerReply | undefined {
  switch (request.code) {
    case RequestCode.REGISTER_BROKER:
      return register(state, request);
    case RequestCode.UNREGISTER_BROKER:
      return unregister(state, request);
    case RequestCode.QUERY_DATA_VERSION:
      return queryDataVersion(state, request);
    case RequestCode.BROKER_HEARTBEAT:
      return heartbeat(state, request);
    case RequestCode.GET_BROKER_CLUSTER_INFO:
      return clusterInfo(state);
    case RequestCode.GET_BROKER_MEMBER_GROUP:
      return memberGroup(state, request);
    case RequestCode.WIPE_WRITE_PERM_OF_BROKER:
      return wipeWritePermission(state, request);
    case RequestCode.ADD_WRITE_PERM_OF_BROKER:
      return addWritePermission(state, request);
    default:
      return undefined;
  }
}

function register(state: NameServerState, request: NameServerRequest): NameServerReply {
  const header = decodeRegisterBrokerRequestHeader(request.ext);
  if (header.bodyCrc32 !== 0 && header.bodyCrc32 !== bodyCrc(request.body)) {
    return refuse(ResponseCode.SYSTEM_ERROR, "crc32 not match");
  }
  const outcome = state.tables.register(decodeRegistration(header, request));
  if (outcome.kind === "refused") return refuse(ResponseCode.SYSTEM_ERROR, "register broker failed");
  state.heardOf(header.clusterName, header.brokerAddr);
  const { masterAddress, masterHaAddress } = outcome.kind === "accepted" ? outcome : {};
  const ext = encodeRegisterBrokerResponseHeader({ haServerAddr: masterHaAddress, masterAddr: masterAddress });
  const isWanted = state.configuration().values.returnOrderTopicConfigToBroker;
  const table = isWanted ? state.kvConfig.list(ORDER_TOPIC_NAMESPACE) : undefined;
  return done(table === undefined ? { ext } : { ext, body: encodeKvTable({ table }) });
}

function unregister(state: NameServerState, request: NameServerRequest): NameServerReply {
  const { clusterName, brokerName, brokerId, brokerAddr } = decodeBrokerIdentityRequestHeader(request.ext);
  state.tables.unregister([{ cluster: clusterName, brokerName, brokerId, address: brokerAddr }]);
  state.heardOf(clusterName, brokerAddr);
  return done();
}

/** A broker asks whether it must register; asking is a sign of life. */
function queryDataVersion(state: NameServerState, request: NameServerRequest): NameServerReply {
  const { clusterName, brokerAddr } = decodeBrokerIdentityRequestHeader(request.ext);
  const asked = request.body.length === 0 ? undefined : decodeDataVersion(request.body);
  const known = state.tables.dataVersionOf(clusterName, brokerAddr);
  state.tables.touch(clusterName, brokerAddr);
  const changed = known === undefined || asked === undefined || !isSameDataVersion(known, asked);
  const ext = encodeQueryDataVersionResponseHeader({ changed });
  return done(known === undefined ? { ext } : { ext, body: encodeDataVersion(known) });
}

function heartbeat(state: NameServerState, request: NameServerRequest): NameServerReply {
  const { clusterName, brokerAddr } = decodeBrokerHeartbeatRequestHeader(request.ext);
  state.tables.touch(clusterName, brokerAddr);
  return done();
}

function clusterInfo(state: NameServerState): NameServerReply {
  const { groups, clusters } = state.tables.brokers;
  const brokerAddrTable = new Map([...groups].map(([name, group]) => [name, brokerDataOf(group)]));
  const clusterAddrTable = new Map([...clusters].map(([cluster, names]) => [cluster, [...names]]));
  return done({ body: encodeClusterInfo({ brokerAddrTable, clusterAddrTable }) });
}

/** An unknown broker name has no members. */
function memberGroup(state: NameServerState, request: NameServerRequest): NameServerReply {
  const { clusterName, brokerName } = decodeGetBrokerMemberGroupRequestHeader(request.ext);
  const addresses = state.tables.brokers.group(brokerName)?.addresses ?? new Map<number, string>();
  const brokerAddrs = new Map([...addresses].sort(([left], [right]) => left - right));
  const brokerMemberGroup = { brokerAddrs, brokerName, cluster: clusterName };
  // RocketMQ leaves its default remark in this answer, which succeeds.
  return {
    ...done({ body: encodeBrokerMemberGroupResponse({ brokerMemberGroup }) }),
    remark: "not set any response code",
  };
}

function wipeWritePermission(state: NameServerState, request: NameServerRequest): NameServerReply {
  const { brokerName } = decodeBrokerNameRequestHeader(request.ext);
  const wipeTopicCount = state.tables.wipeWritePermission(brokerName);
  return done({ ext: encodeWipeWritePermResponseHeader({ wipeTopicCount }) });
}

function addWritePermission(state: NameServerState, request: NameServerRequest): NameServerReply {
  const { brokerName } = decodeBrokerNameRequestHeader(request.ext);
  const addTopicCount = state.tables.addWritePermission(brokerName);
  return done({ ext: encodeAddWritePermResponseHeader({ addTopicCount }) });
}
