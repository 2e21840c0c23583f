/**
 * Requests that reset a group's offsets, or ask its clients for theirs.
 *
 * Owns: the answers to 222 and 223.
 * Reads: queue bounds; times through the cold-read service.
 * Never: resets on a slave.
 *
 * Two ways to reset. Server-side (default): the broker keeps the new offsets, the next pulls are answered with them. By the
 * clients (`useServerSideResetOffset=false`, RocketMQ before 5.2): the offsets are pushed to every member (220).
 *
 * Source: apache/rocketmq broker AdminBrokerProcessor.resetOffsetInner, Broker2Client.resetOffset, getConsumeStatus
 */
import { decodeConsumerStatusBody, encodeConsumerStatusBody } from "../../../protocol/bodies/consumer_status.ts";
import { encodeResetOffsetBody, encodeResetOffsetBodyForC } from "../../../protocol/bodies/reset_offset.ts";
import {
  decodeGetConsumerStatusRequestHeader,
  decodeResetOffsetRequestHeader,
  encodeGetConsumerStatusRequestHeader,
  encodeResetOffsetRequestHeader,
  type ResetOffsetRequestHeader,
} from "../../../protocol/commands/reset_offset.ts";
import { createRequest, markOneway, type RemotingCommand } from "../../../protocol/command.ts";
import { LanguageCode } from "../../../protocol/language_code.ts";
import type { MessageQueue } from "../../../protocol/message_queue.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { callFailure } from "./call_failure.ts";
import { messageQueuesOf } from "./queue_requests.ts";
import { accept, acceptUnset, type Call, type HandlerTable, refuse, type Room } from "./request_desk.ts";

/** How long one client may take to tell its offsets, milliseconds. Source: apache/rocketmq broker Broker2Client.getConsumeStatus */
const STATUS_TIMEOUT_MS = 5_000;

/** Oldest client that takes 220 and 221: ordinal of V3_0_7_SNAPSHOT. Source: apache/rocketmq common MQVersion */
const RESET_VERSION_MIN = 28;

/** Handlers of this family. */
export function resetRequests(room: Room): HandlerTable {
  return {
    [RequestCode.INVOKE_BROKER_TO_RESET_OFFSET]: async (call) => {
      const header = decodeResetOffsetRequestHeader(call.command.ext);
      await room.outputs.flushOffsets(call.channel.gateway);
      return room.state.values.useServerSideResetOffset
        ? await resetOnServer(room, call, header)
        : await resetByClients(room, call, header);
    },

    [RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS]: (call) => consumerStatus(room, call),
  };
}

async function resetOnServer(room: Room, call: Call, header: ResetOffsetRequestHeader): Promise<RemotingCommand> {
  const { state } = room;
  const { topic, group, queueId, timestamp, offset } = header;
  if (state.values.brokerRole === "SLAVE") {
    return refuse(call, ResponseCode.SYSTEM_ERROR, "Can not reset offset in slave broker");
  }
  const config = state.topics.get(topic);
  if (config === undefined) return refuse(call, ResponseCode.TOPIC_NOT_EXIST, `Topic ${topic} does not exist`);
  if (!state.groups.has(group)) {
    return refuse(call, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${group} does not exist`);
  }
  const given = offset === undefined || offset === -1 ? undefined : offset;
  if (queueId >= 0 && given !== undefined) {
    const min = state.minOffset(topic, queueId);
    const max = state.maxOffset(topic, queueId);
    if (given < min || given > max + 1) {
      const remark = `Target offset ${given} not in consume queue range [${min}-${max}]`;
      return refuse(call, ResponseCode.SYSTEM_ERROR, remark);
    }
  }
  const queues = queueId >= 0
    ? [{ topic, brokerName: state.values.brokerName, queueId }]
    : messageQueuesOf(room, topic, config.readQueueNums);
  if (queues.length === 0) return refuse(call, ResponseCode.SYSTEM_ERROR, "No queues to reset.");
  const targets = await Promise.all(queues.map(async (queue): Promise<readonly [MessageQueue, number]> => [
    queue,
    queueId >= 0 && given !== undefined ? given : await offsetAt(room, queue, timestamp),
  ]));
  await room.offsets.reset(
    targets.map(([queue, target]) => ({ group, topic, queueId: queue.queueId, offset: target })),
  );
  return accept(call, {}, encodeResetOffsetBody({ offsetTable: targets }));
}

async function offsetAt({ state, outputs }: Room, queue: MessageQueue, timestamp: number): Promise<number> {
  const { topic, queueId } = queue;
  if (timestamp < 0 || state.slots.slotOf(topic, queueId) === undefined) return state.maxOffset(topic, queueId);
  return await outputs.coldReads.offsetByTime({ topic, queueId, timestamp, boundary: "lower" });
}

async function resetByClients(room: Room, call: Call, header: ResetOffsetRequestHeader): Promise<RemotingCommand> {
  const { state, outputs } = room;
  const { topic, group, timestamp, isForce } = header;
  const config = state.topics.get(topic);
  if (config === undefined) {
    const remark = `[reset-offset] reset offset failed, no topic in this broker. topic=${topic}`;
    return refuse(call, ResponseCode.TOPIC_NOT_EXIST, remark);
  }
  const offsetTable: (readonly [MessageQueue, number])[] = [];
  for (const queue of messageQueuesOf(room, topic, config.writeQueueNums)) {
    const consumed = state.offsets.query(group, topic, queue.queueId);
    if (consumed === -1) {
      return refuse(call, ResponseCode.SYSTEM_ERROR, `THe consumer group <${group}> not exist`);
    }
    const target = Math.max(0, await offsetAt(room, queue, timestamp));
    offsetTable.push([queue, isForce || target < consumed ? target : consumed]);
  }
  const clients = state.consumers.get(group)?.clients ?? [];
  if (clients.length === 0) {
    const remark = `Consumer not online, so can not reset offset, Group: ${group} Topic: ${topic} ` +
      `Timestamp: ${timestamp}`;
    return refuse(call, ResponseCode.CONSUMER_NOT_ONLINE, remark);
  }
  const ext = encodeResetOffsetRequestHeader({ topic, group, timestamp, queueId: -1, isForce: false });
  const body = call.command.language === LanguageCode.CPP
    ? encodeResetOffsetBodyForC({ offsetTable: offsetTable.map(([queue, offset]) => ({ ...queue, offset })) })
    : encodeResetOffsetBody({ offsetTable });
  for (const { channel, version } of clients) {
    if (version < RESET_VERSION_MIN) return refuseOldClient(call, version);
    outputs.push(channel, markOneway(createRequest(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, ext, body)));
  }
  return acceptUnset(call, encodeResetOffsetBody({ offsetTable }));
}

async function consumerStatus({ state, outputs }: Room, call: Call): Promise<RemotingCommand> {
  const { topic, group, clientAddr } = decodeGetConsumerStatusRequestHeader(call.command.ext);
  const clients = state.consumers.get(group)?.clients ?? [];
  if (clients.length === 0) {
    const remark = `No Any Consumer online in the consumer group: [${group}]`;
    return refuse(call, ResponseCode.SYSTEM_ERROR, remark);
  }
  const wanted = clientAddr === undefined || clientAddr.trim() === "" ? undefined : clientAddr;
  const consumerTable = new Map<string, readonly (readonly [MessageQueue, number])[]>();
  for (const { channel, clientId, version } of clients) {
    if (version < RESET_VERSION_MIN) return refuseOldClient(call, version);
    if (wanted !== undefined && wanted !== clientId) continue;
    const ext = encodeGetConsumerStatusRequestHeader({ topic, group });
    const request = createRequest(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, ext);
    try {
      const answer = await outputs.callClient(channel, request, STATUS_TIMEOUT_MS);
      if (answer.code === ResponseCode.SUCCESS && answer.body.length > 0) {
        consumerTable.set(clientId, decodeConsumerStatusBody(answer.body).messageQueueTable);
      }
    } catch (error) {
      outputs.log("warn", `Cannot get status of consumer "${clientId}" of "${group}": ${callFailure(error).text}`);
    }
  }
  return acceptUnset(call, encodeConsumerStatusBody({ consumerTable, messageQueueTable: [] }));
}

function refuseOldClient(call: Call, version: number): RemotingCommand {
  const remark = `the client does not support this feature. version=${version}`;
  return refuse(call, ResponseCode.SYSTEM_ERROR, remark);
}
