/**
 * Requests about consumer groups.
 *
 * Owns: the answers to 200, 201, 207, 225, 352 and 353.
 * Reads: the group table.
 * Never: changes the table itself.
 *
 * Source: apache/rocketmq broker AdminBrokerProcessor
 */
import { encodeGroupForbidden } from "../../../protocol/bodies/group_forbidden.ts";
import {
  decodeDeleteSubscriptionGroupRequestHeader,
  decodeGetAllSubscriptionGroupRequestHeader,
  decodeGroupRequestHeader,
  decodeUpdateGroupForbiddenRequestHeader,
  encodeGetAllSubscriptionGroupResponseHeader,
} from "../../../protocol/commands/group.ts";
import { createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import {
  decodeSubscriptionGroupConfig,
  decodeSubscriptionGroupList,
  encodeSubscriptionGroupConfig,
  encodeSubscriptionGroupTable,
  type SubscriptionGroupConfig,
} from "../../../protocol/subscription_group.ts";
import { groupNameFault } from "../../../store/topic_names.ts";
import { pageOf } from "./metadata_page.ts";
import { accept, type Call, type HandlerTable, refuse, type Room } from "./request_desk.ts";

/** Handlers of this family. */
export function groupRequests(room: Room): HandlerTable {
  const { state, groups } = room;
  return {
    [RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP]: (call) =>
      update(room, call, [decodeSubscriptionGroupConfig(call.command.body)]),

    [RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST]: (call) =>
      update(room, call, decodeSubscriptionGroupList(call.command.body).groupConfigList),

    [RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG]: (call) => {
      const { groupSeq, dataVersion, maxGroupNum } = decodeGetAllSubscriptionGroupRequestHeader(call.command.ext);
      const every = [...state.groups.configs()].map((config) => config.groupName);
      const request = { begin: groupSeq, version: dataVersion, count: maxGroupNum };
      const names = new Set(pageOf(every, state.groups.version, request, state.values));
      const body = encodeSubscriptionGroupTable({
        dataVersion: state.groups.version,
        forbiddenTable: new Map([...state.groups.forbidden()].filter(([group]) => names.has(group))),
        subscriptionGroupTable: new Map(
          [...state.groups.configs()].filter((config) => names.has(config.groupName))
            .map((config) => [config.groupName, config]),
        ),
      });
      return accept(call, encodeGetAllSubscriptionGroupResponseHeader({ totalGroupNum: state.groups.size }), body);
    },

    [RequestCode.DELETE_SUBSCRIPTIONGROUP]: async (call) => {
      const { groupName, cleanOffset } = decodeDeleteSubscriptionGroupRequestHeader(call.command.ext);
      await groups.remove(groupName, cleanOffset);
      return accept(call);
    },

    [RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG]: async (call) => {
      const { group } = decodeGroupRequestHeader(call.command.ext);
      const config = await groups.find(group);
      if (config !== undefined) return accept(call, {}, encodeSubscriptionGroupConfig(config));
      return refuse(call, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, "No group in this broker");
    },

    [RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN]: async (call) => {
      const { group, topic, readable } = decodeUpdateGroupForbiddenRequestHeader(call.command.ext);
      if (readable !== undefined) await groups.setReadable(group, topic, readable);
      const body = encodeGroupForbidden({ group, topic, readable: state.groups.mayRead(group, topic) });
      return createResponse(call.command, ResponseCode.SUCCESS, "", {}, body);
    },
  };
}

async function update(
  { groups }: Room,
  call: Call,
  configs: readonly SubscriptionGroupConfig[],
): Promise<RemotingCommand> {
  for (const config of configs) {
    const fault = groupNameFault(config.groupName);
    if (fault !== undefined) return refuse(call, ResponseCode.INVALID_PARAMETER, fault);
  }
  await groups.update(configs);
  return accept(call);
}
