/**
 * Requests about brokers: 103, 104, 106, 205, 322, 327, 901 and 904.
 *
 * Owns: their answers. Reads and changes: `RouteTables`. Never: the layout of a registration; `registration_body.ts` reads it.
 */

import { encodeBrokerMemberGroup } from "../../protocol/broker_member_group.ts";
import { encodeClusterInfo } from "../../protocol/cluster_info.ts";
import { bodyCrc } from "../../protocol/crc32.ts";
import { decodeDataVersion, encodeDataVersion } from "../../protocol/data_version.ts";
import { encodeKvTable } from "../../protocol/kv_table.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { NameServerReply, NameServerRequest } from "./contracts.ts";
import { done, type NameServerState, refuse } from "./desk_reply.ts";
import { ORDER_TOPIC_NAMESPACE } from "./kv_config.ts";
import { sameDataVersion } from "./route_tables.ts";
import { decodeRegistration } from "./registration_body.ts";

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
