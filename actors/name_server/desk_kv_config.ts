/**
 * Requests about key-value configuration: 100, 101, 102 and 219.
 *
 * Owns: their answers. Reads and changes: `KvConfig`. Never: routes, but it tells when the queue order of a topic changed.
 */

import { encodeKvTable } from "../../protocol/kv_table.ts";
import {
  decodeGetKvListRequestHeader,
  decodeKvConfigRequestHeader,
  decodePutKvConfigRequestHeader,
  encodeGetKvConfigResponseHeader,
} from "../../protocol/commands/kv_config.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { NameServerReply, NameServerRequest } from "./contracts.ts";
import { done, type NameServerState, refuse } from "./desk_reply.ts";
import { ORDER_TOPIC_NAMESPACE } from "./kv_config.ts";

/**
 * Answers the codes of this family.
 *
 * @param state Tables and settings.
 * @param request Any request.
 * @returns The answer, or undefined when the code is of another family.
 */
export function answerKvConfig(state: NameServerState, request: NameServerRequest): NameServerReply | undefined {
  switch (request.code) {
    case RequestCode.PUT_KV_CONFIG:
      return put(state, request);
    case RequestCode.GET_KV_CONFIG:
      return get(state, request);
    case RequestCode.DELETE_KV_CONFIG:
      return remove(state, request);
    case RequestCode.GET_KVLIST_BY_NAMESPACE:
      return list(state, request);
    default:
      return undefined;
  }
}

function put(state: NameServerState, request: NameServerRequest): NameServerReply {
  if (request.ext["namespace"] === undefined || request.ext["key"] === undefined) {
    return refuse(ResponseCode.SYSTEM_ERROR, "namespace or key is null");
  }
  const { namespace, key, value } = decodePutKvConfigRequestHeader(request.ext);
  state.kvConfig.put(namespace, key, value);
  if (namespace === ORDER_TOPIC_NAMESPACE) state.orderChanged(key);
  return done();
}

function get(state: NameServerState, request: NameServerRequest): NameServerReply {
  const { namespace, key } = decodeKvConfigRequestHeader(request.ext);
  const value = state.kvConfig.get(namespace, key);
  if (value !== undefined) return done({ ext: encodeGetKvConfigResponseHeader({ value }) });
  return refuse(ResponseCode.QUERY_NOT_FOUND, `No config item, Namespace: ${namespace} Key: ${key}`);
}

function remove(state: NameServerState, request: NameServerRequest): NameServerReply {
  const { namespace, key } = decodeKvConfigRequestHeader(request.ext);
  state.kvConfig.delete(namespace, key);
  if (namespace === ORDER_TOPIC_NAMESPACE) state.orderChanged(key);
  return done();
}

function list(state: NameServerState, request: NameServerRequest): NameServerReply {
  const { namespace } = decodeGetKvListRequestHeader(request.ext);
  const table = state.kvConfig.list(namespace);
  if (table !== undefined) return done({ body: encodeKvTable({ table }) });
  return refuse(ResponseCode.QUERY_NOT_FOUND, `No config item, Namespace: ${namespace}`);
}
