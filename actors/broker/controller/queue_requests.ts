/**
 * Requests about queues: their bounds, times and units.
 *
 * Owns: the answers to 29, 30, 31, 32, 202, 303 and 321.
 * Reads: queue bounds from shared memory, times and units through the cold-read service.
 * Never: reads a file.
 *
 * Source: apache/rocketmq broker AdminBrokerProcessor
 */
import { type ConsumeQueueDump, encodeConsumeQueueDump } from "../../../protocol/bodies/consume_queue_dump.ts";
import { encodeConsumeTimeSpanBody, type QueueTimeSpan } from "../../../protocol/bodies/consume_time_span.ts";
import { encodeTopicStatsTable } from "../../../protocol/bodies/topic_stats.ts";
import { decodeQueryConsumeQueueRequestHeader } from "../../../protocol/commands/consumer_inspection.ts";
import { decodeGroupRequestHeader } from "../../../protocol/commands/group.ts";
import {
  decodeGetMaxOffsetRequestHeader,
  decodeQueueRequestHeader,
  decodeSearchOffsetRequestHeader,
  encodeEarliestStoreTimeResponseHeader,
  encodeOffsetResponseHeader,
} from "../../../protocol/commands/offsets.ts";
import { decodeTopicRequestHeader } from "../../../protocol/commands/topic.ts";
import { createResponse } from "../../../protocol/command.ts";
import type { MessageQueue } from "../../../protocol/message_queue.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { subscriptionDataOf } from "./client_changes.ts";
import { accept, acceptUnset, type HandlerTable, refuse, type Room } from "./request_desk.ts";

/** Units of one dump at most. Ours: an answer of a few hundred kilobytes. */
const DUMP_UNITS_MAX = 4_096;

/** Handlers of this family. */
export function queueRequests(room: Room): HandlerTable {
  return { ...boundRequests(room), ...topicRequests(room), ...dumpRequest(room) };
}

function boundRequests({ state, outputs }: Room): HandlerTable {
  return {
    [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP]: async (call) => {
      const { topic, queueId, timestamp, boundaryType } = decodeSearchOffsetRequestHeader(call.command.ext);
      const boundary = boundaryType?.toLowerCase() === "upper" ? "upper" : "lower";
      if (state.slots.slotOf(topic, queueId) === undefined) {
        return accept(call, encodeOffsetResponseHeader({ offset: 0 }));
      }
      const offset = await outputs.coldReads.offsetByTime({ topic, queueId, timestamp, boundary });
      return accept(call, encodeOffsetResponseHeader({ offset }));
    },

    [RequestCode.GET_MAX_OFFSET]: (call) => {
      const { topic, queueId } = decodeGetMaxOffsetRequestHeader(call.command.ext);
      return accept(call, encodeOffsetResponseHeader({ offset: state.maxOffset(topic, queueId) }));
    },

    [RequestCode.GET_MIN_OFFSET]: (call) => {
      const { topic, queueId } = decodeQueueRequestHeader(call.command.ext);
      const ext = encodeOffsetResponseHeader({ offset: state.minOffset(topic, queueId) });
      return createResponse(call.command, ResponseCode.SUCCESS, "", ext);
    },

    [RequestCode.GET_EARLIEST_MSG_STORETIME]: async (call) => {
      const { topic, queueId } = decodeQueueRequestHeader(call.command.ext);
      const [timestamp = -1] = state.slots.slotOf(topic, queueId) === undefined
        ? []
        : await outputs.coldReads.storeTimes([{ topic, queueId, offset: state.minOffset(topic, queueId) }]);
      return accept(call, encodeEarliestStoreTimeResponseHeader({ timestamp }));
    },
  };
}

function topicRequests(room: Room): HandlerTable {
  const { state, outputs } = room;
  return {
    [RequestCode.GET_TOPIC_STATS_INFO]: async (call) => {
      const { topic } = decodeTopicRequestHeader(call.command.ext);
      const config = state.topics.get(topic);
      if (config === undefined) return refuse(call, ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist`);
      const queues = messageQueuesOf(room, topic, Math.max(config.writeQueueNums, config.readQueueNums));
      const maxOffsets = queues.map(({ queueId }) => state.maxOffset(topic, queueId));
      const times = await outputs.coldReads.storeTimes(
        queues.map(({ queueId }, i) => ({ topic, queueId, offset: maxOffsets[i]! - 1 })),
      );
      const body = encodeTopicStatsTable({
        offsetTable: queues.map((queue, i) => [queue, {
          minOffset: state.minOffset(topic, queue.queueId),
          maxOffset: maxOffsets[i]!,
          lastUpdateTimestamp: maxOffsets[i]! > 0 ? times[i]! : 0,
        }]),
        topicPutTps: state.stats.topicPutTps(topic),
      });
      return accept(call, {}, body);
    },

    [RequestCode.QUERY_CONSUME_TIME_SPAN]: async (call) => {
      const { topic = "", group } = decodeGroupRequestHeader(call.command.ext);
      const config = state.topics.get(topic);
      if (config === undefined) return refuse(call, ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist`);
      await outputs.flushOffsets(call.channel.gateway);
      const consumeTimeSpanSet = await timeSpansOf(room, messageQueuesOf(room, topic, config.writeQueueNums), group);
      return accept(call, {}, encodeConsumeTimeSpanBody({ consumeTimeSpanSet }));
    },
  };
}

/** The queues 0 … queueNums − 1 of a topic on this broker. */
export function messageQueuesOf({ state }: Room, topic: string, queueNums: number): MessageQueue[] {
  const { brokerName } = state.values;
  return Array.from({ length: queueNums }, (_, queueId) => ({ topic, brokerName, queueId }));
}

/** Source: apache/rocketmq broker AdminBrokerProcessor.queryConsumeTimeSpan */
async function timeSpansOf(
  { state, outputs }: Room,
  queues: readonly MessageQueue[],
  group: string,
): Promise<QueueTimeSpan[]> {
  const spans = queues.map((queue) => {
    const { topic, queueId } = queue;
    const consumed = state.offsets.query(group, topic, queueId);
    return { queue, min: state.minOffset(topic, queueId), max: state.maxOffset(topic, queueId), consumed };
  });
  const times = await outputs.coldReads.storeTimes(
    spans.flatMap(({ queue: { topic, queueId }, min, max, consumed }) =>
      [min, max - 1, consumed - 1, Math.max(consumed, 0)].map((offset) => ({ topic, queueId, offset }))
    ),
  );
  const nowMs = state.nowMs();
  return spans.map(({ queue, max, consumed }, i) => {
    const [minTime, maxTime, consumedTime, nextTime] = times.slice(i * 4, i * 4 + 4) as [
      number,
      number,
      number,
      number,
    ];
    return {
      messageQueue: queue,
      minTimeStamp: minTime,
      maxTimeStamp: maxTime,
      consumeTimeStamp: consumed > 0 ? consumedTime : minTime,
      delayTime: consumed < max ? nowMs - nextTime : 0,
    };
  });
}

function dumpRequest({ state, outputs }: Room): HandlerTable {
  return {
    [RequestCode.QUERY_CONSUME_QUEUE]: async (call) => {
      const { topic, queueId, index, count, consumerGroup } = decodeQueryConsumeQueueRequestHeader(call.command.ext);
      if (state.slots.slotOf(topic, queueId) === undefined) {
        return refuse(call, ResponseCode.SYSTEM_ERROR, `${queueId}@${topic} is not exist!`);
      }
      const wanted = Math.min(count, DUMP_UNITS_MAX);
      const dump = await outputs.coldReads.queueUnits({ topic, queueId, index, count: wanted });
      if (dump.units.length === 0 && (index < dump.minOffset || index >= dump.maxOffset)) {
        const remark = `Index ${index} of ${queueId}@${topic} is not exist!`;
        return createResponse(call.command, ResponseCode.SUCCESS, remark);
      }
      const subscription = consumerGroup === undefined
        ? undefined
        : state.consumers.subscriptionOf(consumerGroup, topic);
      const body: ConsumeQueueDump = {
        maxQueueIndex: dump.maxOffset,
        minQueueIndex: dump.minOffset,
        queueData: dump.units.map(({ physicalOffset, bytes, tagsCode }) => ({
          physicOffset: physicalOffset,
          physicSize: bytes,
          tagsCode: Number(tagsCode),
          eval: false,
        })),
        subscriptionData: subscription === undefined ? undefined : subscriptionDataOf(subscription),
        filterData: consumerGroup === undefined
          ? undefined
          : subscription === undefined
          ? `${consumerGroup}@${topic} is not online!`
          : "null",
      };
      return acceptUnset(call, encodeConsumeQueueDump(body));
    },
  };
}
