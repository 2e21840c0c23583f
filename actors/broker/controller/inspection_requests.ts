/**
 * Requests that look at clients: connections, groups, subscriptions, and what a client says of itself.
 *
 * Owns: the answers to 203, 204, 300, 307, 309, 328, 343 and 345.
 * Reads: client tables; the running client through its gateway.
 * Never: waits for a client longer than RocketMQ does.
 *
 * Source: apache/rocketmq broker AdminBrokerProcessor
 */
import {
  type ClientConnection,
  encodeConsumerConnection,
  encodeProducerConnection,
  encodeProducerTable,
} from "../../../protocol/bodies/connections.ts";
import { encodeGroupList, encodeTopicList } from "../../../protocol/bodies/name_lists.ts";
import { encodeQuerySubscriptionResponse } from "../../../protocol/bodies/query_subscription.ts";
import { decodeConsumerGroupRequestHeader } from "../../../protocol/commands/client.ts";
import {
  decodeConsumeMessageDirectlyRequestHeader,
  decodeGetConsumerRunningInfoRequestHeader,
  decodeGetProducerConnectionListRequestHeader,
} from "../../../protocol/commands/consumer_inspection.ts";
import { decodeGroupRequestHeader } from "../../../protocol/commands/group.ts";
import { decodeTopicRequestHeader } from "../../../protocol/commands/topic.ts";
import { createRequest, createResponse, type ExtFields, type RemotingCommand } from "../../../protocol/command.ts";
import { consumeFromWhereJson, consumeTypeJson, messageModelJson } from "../../../protocol/heartbeat.ts";
import { languageName } from "../../../protocol/language_code.ts";
import { decodeOffsetMessageId } from "../../../protocol/message_id.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { ClientEntry } from "../../../store/client_channel.ts";
import { callFailure } from "./call_failure.ts";
import { subscriptionDataOf } from "./client_changes.ts";
import { accept, type Call, type HandlerTable, refuse, type Room } from "./request_desk.ts";

/** How long a client may take to answer, milliseconds. Source: apache/rocketmq broker Broker2Client.callClient */
const CALL_CLIENT_TIMEOUT_MS = 10_000;

/** Oldest client that answers such requests: ordinal of V3_1_8_SNAPSHOT. Source: apache/rocketmq common MQVersion */
const CALL_VERSION_MIN = 62;

/** Handlers of this family. */
export function inspectionRequests(room: Room): HandlerTable {
  return { ...connectionRequests(room), ...subscriptionRequests(room), ...runningClientRequests(room) };
}

function connectionRequests({ state }: Room): HandlerTable {
  return {
    [RequestCode.GET_CONSUMER_CONNECTION_LIST]: (call) => {
      const { consumerGroup } = decodeConsumerGroupRequestHeader(call.command.ext);
      const group = state.consumers.get(consumerGroup);
      if (group === undefined) {
        const remark = `the consumer group[${consumerGroup}] not online`;
        return refuse(call, ResponseCode.CONSUMER_NOT_ONLINE, remark);
      }
      const body = encodeConsumerConnection({
        connectionSet: group.clients.map(connectionOf),
        subscriptionTable: new Map(group.subscriptions.map((live) => [live.topic, subscriptionDataOf(live)])),
        consumeType: consumeTypeJson.read(group.consumeType, "consumeType"),
        messageModel: messageModelJson.read(group.messageModel, "messageModel"),
        consumeFromWhere: consumeFromWhereJson.read(group.consumeFromWhere, "consumeFromWhere"),
      });
      return accept(call, {}, body);
    },

    [RequestCode.GET_PRODUCER_CONNECTION_LIST]: (call) => {
      const { producerGroup } = decodeGetProducerConnectionListRequestHeader(call.command.ext);
      const clients = state.producers.clientsOf(producerGroup);
      if (clients === undefined) {
        return refuse(call, ResponseCode.SYSTEM_ERROR, `the producer group[${producerGroup}] not exist`);
      }
      return accept(call, {}, encodeProducerConnection({ connectionSet: clients.map(connectionOf) }));
    },

    [RequestCode.GET_ALL_PRODUCER_INFO]: (call) => {
      const data = new Map([...state.producers.groups()].map(([group, clients]) => [
        group,
        clients.map((client) => ({
          clientId: client.clientId,
          language: languageName(client.language),
          lastUpdateTimestamp: client.lastHeartbeatMs,
          remoteIP: `/${client.remoteAddress}`,
          version: client.version,
        })),
      ]));
      return accept(call, {}, encodeProducerTable({ data }));
    },
  };
}

function subscriptionRequests({ state, outputs }: Room): HandlerTable {
  return {
    [RequestCode.QUERY_TOPIC_CONSUME_BY_WHO]: async (call) => {
      const { topic } = decodeTopicRequestHeader(call.command.ext);
      await outputs.flushOffsets(call.channel.gateway);
      const groupList = [...new Set([...state.consumers.groupsOf(topic), ...state.offsets.groupsOf(topic)])];
      return accept(call, {}, encodeGroupList({ groupList }));
    },

    [RequestCode.QUERY_TOPICS_BY_CONSUMER]: async (call) => {
      const { group } = decodeGroupRequestHeader(call.command.ext);
      await outputs.flushOffsets(call.channel.gateway);
      const body = { topicList: state.offsets.topicsOf(group), brokerAddr: state.brokerAddress };
      return accept(call, {}, encodeTopicList(body));
    },

    [RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER]: (call) => {
      const { group, topic = "" } = decodeGroupRequestHeader(call.command.ext);
      const live = state.consumers.subscriptionOf(group, topic);
      const subscriptionData = live === undefined ? undefined : subscriptionDataOf(live);
      return accept(call, {}, encodeQuerySubscriptionResponse({ group, topic, subscriptionData }));
    },
  };
}

function runningClientRequests(room: Room): HandlerTable {
  const { state, outputs, groups } = room;
  return {
    [RequestCode.GET_CONSUMER_RUNNING_INFO]: (call) => {
      const { consumerGroup, clientId } = decodeGetConsumerRunningInfoRequestHeader(call.command.ext);
      const request = createRequest(call.command.code, call.command.ext, call.command.body);
      return callConsumer(room, call, consumerGroup, clientId, request);
    },

    [RequestCode.CONSUME_MESSAGE_DIRECTLY]: async (call) => {
      const { consumerGroup, clientId = "", msgId = "", topic } = decodeConsumeMessageDirectlyRequestHeader(
        call.command.ext,
      );
      const ext: ExtFields = { ...call.command.ext, brokerName: state.values.brokerName };
      const config = topic === undefined || topic === "" ? undefined : state.topics.get(topic);
      if (config !== undefined) ext.topicSysFlag = String(config.topicSysFlag);
      const group = consumerGroup === "" ? undefined : await groups.find(consumerGroup);
      if (group !== undefined) ext.groupSysFlag = String(group.groupSysFlag);
      const { offset } = decodeOffsetMessageId(msgId);
      const record = await outputs.coldReads.readMessage(offset);
      if (record === null) {
        return refuse(call, ResponseCode.SYSTEM_ERROR, `can not find message by the offset, ${offset}`);
      }
      return await callConsumer(room, call, consumerGroup, clientId, createRequest(call.command.code, ext, record));
    },
  };
}

/** Passes a request on to one client and its answer back. Source: apache/rocketmq broker AdminBrokerProcessor.callConsumer */
async function callConsumer(
  { state, outputs }: Room,
  call: Call,
  group: string,
  clientId: string,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const client = state.consumers.clientOf(group, clientId);
  if (client === undefined) {
    return refuse(call, ResponseCode.SYSTEM_ERROR, `The Consumer <${group}> <${clientId}> not online`);
  }
  if (client.version < CALL_VERSION_MIN) {
    const remark = `The Consumer <${clientId}> Version <${client.version}> too low to finish, ` +
      "please upgrade it to V3_1_8_SNAPSHOT";
    return refuse(call, ResponseCode.SYSTEM_ERROR, remark);
  }
  try {
    const answer = await outputs.callClient(client.channel, request, CALL_CLIENT_TIMEOUT_MS);
    return createResponse(call.command, answer.code, answer.remark, answer.ext, answer.body);
  } catch (error) {
    const { late, text } = callFailure(error);
    return late
      ? refuse(call, ResponseCode.CONSUME_MSG_TIMEOUT, `consumer <${group}> <${clientId}> Timeout: ${text}`)
      : refuse(call, ResponseCode.SYSTEM_ERROR, `invoke consumer <${group}> <${clientId}> Exception: ${text}`);
  }
}

function connectionOf(client: ClientEntry): ClientConnection {
  return {
    clientId: client.clientId,
    clientAddr: client.remoteAddress,
    language: languageName(client.language),
    version: client.version,
  };
}
