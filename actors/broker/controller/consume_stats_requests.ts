/**
 * Requests about progress and traffic.
 *
 * Owns: the answers to 208, 315 and 317.
 * Reads: offsets, queue bounds, statistics, store times through the cold-read service.
 * Never: counts anything itself.
 *
 * Source: apache/rocketmq broker AdminBrokerProcessor.getConsumeStats, fetchAllConsumeStatsInBroker, ViewBrokerStatsData
 */
import { encodeBrokerStatsData } from "../../../protocol/bodies/broker_stats.ts";
import {
  type ConsumeStats,
  encodeConsumeStats,
  encodeConsumeStatsList,
  type OffsetWrapper,
} from "../../../protocol/bodies/consume_stats.ts";
import { decodeViewBrokerStatsDataRequestHeader } from "../../../protocol/commands/broker_admin.ts";
import {
  decodeGetConsumeStatsInBrokerHeader,
  decodeGetConsumeStatsRequestHeader,
} from "../../../protocol/commands/group.ts";
import type { MessageQueue } from "../../../protocol/message_queue.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { isConsumedTopic } from "./consumed_topics.ts";
import { messageQueuesOf } from "./queue_requests.ts";
import { accept, type HandlerTable, refuse, type Room } from "./request_desk.ts";

/** Separator of the topics of request 208. Source: apache/rocketmq remoting GetConsumeStatsRequestHeader TOPIC_NAME_SEPARATOR */
const TOPIC_LIST_SEPARATOR = ";";

/** Handlers of this family. */
export function consumeStatsRequests(room: Room): HandlerTable {
  const { state, outputs } = room;
  return {
    [RequestCode.GET_CONSUME_STATS]: async (call) => {
      const { consumerGroup, topic, topicList } = decodeGetConsumeStatsRequestHeader(call.command.ext);
      await outputs.flushOffsets(call.channel.gateway);
      const listed = (topicList ?? "").split(TOPIC_LIST_SEPARATOR).filter((name) => name.trim() !== "");
      const topics = listed.length > 0 ? listed : topicsOf(room, consumerGroup, topic);
      const queues = topics.flatMap((name) => {
        const config = state.topics.get(name);
        return config === undefined ? [] : messageQueuesOf(room, name, config.readQueueNums);
      });
      const served = topics.filter((name) => state.topics.has(name));
      const body = encodeConsumeStats({
        offsetTable: await progressOf(room, queues, consumerGroup, true),
        consumeTps: served.reduce((sum, name) => sum + state.stats.groupGetTps(consumerGroup, name), 0),
      });
      return accept(call, {}, body);
    },

    [RequestCode.GET_BROKER_CONSUME_STATS]: async (call) => {
      const { isOrder } = decodeGetConsumeStatsInBrokerHeader(call.command.ext);
      await outputs.flushOffsets(call.channel.gateway);
      const consumeStatsList: ReadonlyMap<string, readonly ConsumeStats[]>[] = [];
      for (const { groupName } of state.groups.configs()) {
        consumeStatsList.push(new Map([[groupName, await statsOfGroup(room, groupName, isOrder)]]));
      }
      const every = consumeStatsList.flatMap((groups) => [...groups.values()].flat())
        .flatMap(({ offsetTable }) => offsetTable.map(([, offsets]) => offsets));
      const body = encodeConsumeStatsList({
        brokerAddr: state.brokerAddress,
        consumeStatsList,
        totalDiff: every.reduce((sum, { brokerOffset, consumerOffset }) => sum + brokerOffset - consumerOffset, 0),
        totalInflightDiff: every.reduce(
          (sum, { pullOffset = 0, consumerOffset }) => sum + pullOffset - consumerOffset,
          0,
        ),
      });
      return accept(call, {}, body);
    },

    [RequestCode.VIEW_BROKER_STATS_DATA]: (call) => {
      const { statsName, statsKey } = decodeViewBrokerStatsDataRequestHeader(call.command.ext);
      const item = state.stats.get(statsName, statsKey);
      if (item === undefined) {
        return refuse(call, ResponseCode.SYSTEM_ERROR, `The stats <${statsName}> <${statsKey}> not exist`);
      }
      const body = encodeBrokerStatsData({
        statsMinute: item.minute(),
        statsHour: item.hour(),
        statsDay: item.day(),
      });
      return accept(call, {}, body);
    },
  };
}

function topicsOf({ state }: Room, group: string, topic: string | undefined): string[] {
  const topics = topic === undefined || topic.trim() === "" ? state.offsets.topicsOf(group) : [topic];
  return topics.filter((name) => isConsumedTopic(state.consumers, group, name));
}

async function statsOfGroup(room: Room, group: string, orderOnly: boolean): Promise<ConsumeStats[]> {
  const stats: ConsumeStats[] = [];
  for (const topic of topicsOf(room, group, undefined)) {
    const config = room.state.topics.get(topic);
    if (config === undefined || (orderOnly && !config.order)) continue;
    const queues = messageQueuesOf(room, topic, config.writeQueueNums);
    stats.push({
      consumeTps: room.state.stats.groupGetTps(group, topic),
      offsetTable: await progressOf(room, queues, group, false),
    });
  }
  return stats;
}

/** Offsets of a group in each queue; the time is that of the last message consumed. */
async function progressOf(
  { state, outputs }: Room,
  queues: readonly MessageQueue[],
  group: string,
  withPulled: boolean,
): Promise<(readonly [MessageQueue, OffsetWrapper])[]> {
  const consumed = queues.map(({ topic, queueId }) => Math.max(0, state.offsets.query(group, topic, queueId)));
  const points = queues.map(({ topic, queueId }, i) => ({ topic, queueId, offset: consumed[i]! - 1 }));
  const known = points.filter(({ offset }) => offset >= 0);
  const times = known.length === 0 ? [] : await outputs.coldReads.storeTimes(known);
  const timeOf = new Map(known.map((point, i) => [point, times[i]!]));
  return queues.map((queue, i) => {
    const { topic, queueId } = queue;
    const consumerOffset = consumed[i]!;
    const pulled = withPulled ? Math.max(consumerOffset, state.offsets.queryPulled(group, topic, queueId)) : 0;
    const lastTimestamp = Math.max(0, timeOf.get(points[i]!) ?? 0);
    return [queue, {
      brokerOffset: state.maxOffset(topic, queueId),
      consumerOffset,
      pullOffset: pulled,
      lastTimestamp,
    }] as const;
  });
}
