/**
 * Requests about topics.
 *
 * Owns: the answers to 17, 18, 21, 215, 305, 351 and the refusal of 513.
 * Reads: the topic table.
 * Never: changes the table itself.
 *
 * Source: apache/rocketmq broker AdminBrokerProcessor.updateAndCreateTopic, updateAndCreateTopicList, getAllTopicConfig,
 * deleteTopic, getTopicConfig, getSystemTopicListFromBroker
 */
import { encodeTopicList } from "../../../protocol/bodies/name_lists.ts";
import {
  decodeCreateTopicRequestHeader,
  decodeGetAllTopicConfigRequestHeader,
  decodeTopicRequestHeader,
  encodeGetAllTopicConfigResponseHeader,
} from "../../../protocol/commands/topic.ts";
import type { RemotingCommand } from "../../../protocol/command.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import {
  decodeTopicConfigList,
  encodeTopicConfig,
  encodeTopicConfigAndMappingTable,
  type TopicConfig,
} from "../../../protocol/topic_config.ts";
import { MESSAGE_TYPE_ATTRIBUTE, parseAttributeChange } from "../../../store/topic_attributes.ts";
import { topicNameFault } from "../../../store/topic_names.ts";
import { pageOf } from "./metadata_page.ts";
import { accept, acceptUnset, type Call, type HandlerTable, refuse, type Room } from "./request_desk.ts";

/** Separator of topic and group in the newer names of pop retry topics. Source: apache/rocketmq common KeyBuilder POP_RETRY_SEPARATOR_V2 */
const POP_RETRY_SEPARATOR_V2 = "+";
/** Separator of topic and group in the older names of pop retry topics. Source: apache/rocketmq common KeyBuilder POP_RETRY_SEPARATOR_V1 */
const POP_RETRY_SEPARATOR_V1 = "_";

/** Handlers of this family. */
export function topicRequests(room: Room): HandlerTable {
  const { state } = room;
  return {
    [RequestCode.UPDATE_AND_CREATE_TOPIC]: (call) => {
      const header = decodeCreateTopicRequestHeader(call.command.ext);
      const attributes = parseAttributeChange(header.attributes);
      return update(room, call, [{
        topicName: header.topic,
        readQueueNums: header.readQueueNums,
        writeQueueNums: header.writeQueueNums,
        perm: header.perm,
        topicFilterType: header.topicFilterType,
        topicSysFlag: header.topicSysFlag ?? 0,
        order: header.order,
        attributes,
      }]);
    },

    [RequestCode.UPDATE_AND_CREATE_TOPIC_LIST]: (call) =>
      update(room, call, decodeTopicConfigList(call.command.body).topicConfigList),

    [RequestCode.DELETE_TOPIC_IN_BROKER]: async (call) => {
      const { topic } = decodeTopicRequestHeader(call.command.ext);
      if (topic.trim() === "") return refuse(call, ResponseCode.INVALID_PARAMETER, "The specified topic is blank.");
      const conflict = systemConflict(room, topic);
      if (conflict !== undefined) return refuse(call, ResponseCode.INVALID_PARAMETER, conflict);
      await room.topics.remove([topic, ...popRetryTopicsOf(room, topic)]);
      return accept(call);
    },

    [RequestCode.GET_ALL_TOPIC_CONFIG]: (call) => {
      const { topicSeq, dataVersion, maxTopicNum } = decodeGetAllTopicConfigRequestHeader(call.command.ext);
      const request = { begin: topicSeq, version: dataVersion, count: maxTopicNum };
      const names = pageOf(state.topics.names(), state.topics.version, request, state.values);
      const topicConfigTable = new Map(names.flatMap((name) => {
        const config = state.topics.get(name);
        return config === undefined ? [] : [[name, config] as const];
      }));
      const body = encodeTopicConfigAndMappingTable({
        dataVersion: state.topics.version,
        mappingDataVersion: { stateVersion: 0, timestamp: state.bootTimestamp, counter: 0 },
        topicConfigTable,
        topicQueueMappingDetailMap: new Map(),
        topicQueueMappingInfoMap: new Map(),
      });
      return accept(call, encodeGetAllTopicConfigResponseHeader({ totalTopicNum: state.topics.size }), body);
    },

    [RequestCode.GET_TOPIC_CONFIG]: (call) => {
      const { topic } = decodeTopicRequestHeader(call.command.ext);
      const config = state.topics.get(topic);
      if (config !== undefined) return accept(call, {}, encodeTopicConfig(config));
      return refuse(call, ResponseCode.TOPIC_NOT_EXIST, `No topic in this broker. topic: ${topic}`);
    },

    [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER]: (call) =>
      accept(call, {}, encodeTopicList({ topicList: state.systemTopics.names() })),

    [RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC]: (call) =>
      refuse(call, ResponseCode.SYSTEM_ERROR, "Static topics are not supported by this broker"),
  };
}

async function update(room: Room, call: Call, configs: readonly TopicConfig[]): Promise<RemotingCommand> {
  for (const config of configs) {
    const fault = topicNameFault(config.topicName) ?? systemConflict(room, config.topicName) ??
      messageTypeFault(room, config);
    if (fault !== undefined) return refuse(call, ResponseCode.INVALID_PARAMETER, fault);
  }
  const changed = configs.filter((config) => !room.state.topics.isUnchanged(config));
  if (changed.length > 0) await room.topics.update(changed);
  return acceptUnset(call);
}

function systemConflict({ state }: Room, topic: string): string | undefined {
  if (!state.values.validateSystemTopicWhenUpdateTopic || !state.systemTopics.has(topic)) return undefined;
  return `The topic[${topic}] is conflict with system topic.`;
}

function messageTypeFault({ state }: Room, config: TopicConfig): string | undefined {
  if (state.values.enableMixedMessageType) return undefined;
  return config.attributes.get(`+${MESSAGE_TYPE_ATTRIBUTE}`) === "MIXED"
    ? "MIXED message type is not supported."
    : undefined;
}

function popRetryTopicsOf({ state }: Room, topic: string): string[] {
  if (!state.values.clearRetryTopicWhenDeleteTopic) return [];
  return state.offsets.groupsOf(topic).flatMap((group) =>
    [POP_RETRY_SEPARATOR_V2, POP_RETRY_SEPARATOR_V1].map((separator) => `%RETRY%${group}${separator}${topic}`)
  ).filter((name) => state.topics.has(name));
}
