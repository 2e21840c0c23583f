/**
 * Requests about consumer offsets.
 *
 * Owns: the answers to 14, 15, 43, 45, 308 and 314.
 * Reads: the offset table, queue bounds.
 * Never: saves.
 *
 * Source: apache/rocketmq broker ConsumerManageProcessor, AdminBrokerProcessor.cloneGroupOffset, queryCorrectionOffset
 */
import { encodeCorrectionOffsetBody } from "../../../protocol/bodies/correction_offset.ts";
import { decodeDelayOffsetTable, encodeDelayOffsetTable } from "../../../protocol/bodies/delay_offsets.ts";
import {
  decodeQueryConsumerOffsetRequestHeader,
  decodeUpdateConsumerOffsetRequestHeader,
  encodeOffsetResponseHeader,
} from "../../../protocol/commands/offsets.ts";
import {
  decodeCloneGroupOffsetRequestHeader,
  decodeQueryCorrectionOffsetHeader,
} from "../../../protocol/commands/group.ts";
import { createResponse } from "../../../protocol/command.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { encodeUtf8 } from "../../../protocol/utf8.ts";
import { Gauge } from "../../../store/gauges.ts";
import { splitOffsetKey } from "../../../store/consumer_offsets.ts";
import { ConfigFile } from "./config_files.ts";
import { accept, type HandlerTable, refuse, type Room } from "./request_desk.ts";
import { isConsumedTopic } from "./consumed_topics.ts";

/** Largest offset of a queue that has to be skipped. Source: java.lang.Long MAX_VALUE, as AdminBrokerProcessor.queryCorrectionOffset answers it */
const SKIP_QUEUE = Number.MAX_SAFE_INTEGER;

/** Handlers of this family. */
export function offsetRequests(room: Room): HandlerTable {
  return { ...progressRequests(room), ...tableRequests(room) };
}

function progressRequests(room: Room): HandlerTable {
  const { state, outputs } = room;
  return {
    [RequestCode.QUERY_CONSUMER_OFFSET]: async (call) => {
      const { consumerGroup, topic, queueId, setZeroIfNotFound } = decodeQueryConsumerOffsetRequestHeader(
        call.command.ext,
      );
      await outputs.flushOffsets(call.channel.gateway);
      const offset = state.offsets.query(consumerGroup, topic, queueId);
      if (offset >= 0) return accept(call, encodeOffsetResponseHeader({ offset }));
      if (setZeroIfNotFound === false) {
        return refuse(
          call,
          ResponseCode.QUERY_NOT_FOUND,
          "Not found, do not set to zero, maybe this group boot first",
        );
      }
      if (await startsInMemory(room, topic, queueId)) return accept(call, encodeOffsetResponseHeader({ offset: 0 }));
      return refuse(
        call,
        ResponseCode.QUERY_NOT_FOUND,
        "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first",
      );
    },

    [RequestCode.UPDATE_CONSUMER_OFFSET]: (call) => {
      const { consumerGroup, topic, queueId, commitOffset } = decodeUpdateConsumerOffsetRequestHeader(
        call.command.ext,
      );
      if (!state.groups.has(consumerGroup)) {
        return refuse(call, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${consumerGroup} not exist!`);
      }
      if (!state.topics.has(topic)) return refuse(call, ResponseCode.TOPIC_NOT_EXIST, `Topic ${topic} not exist!`);
      if (room.offsets.commit(consumerGroup, topic, queueId, commitOffset)) return accept(call);
      return createResponse(call.command, ResponseCode.SUCCESS, "Offset has been previously reset");
    },
  };
}

function tableRequests(room: Room): HandlerTable {
  const { state, outputs } = room;
  return {
    [RequestCode.GET_ALL_CONSUMER_OFFSET]: async (call) => {
      await outputs.flushOffsets(call.channel.gateway);
      return accept(call, {}, encodeUtf8(room.files.encodeCompact(ConfigFile.Offsets)));
    },

    [RequestCode.GET_ALL_DELAY_OFFSET]: async (call) => {
      const { text } = await outputs.delayOffsets();
      return accept(call, {}, encodeDelayOffsetTable(decodeDelayOffsetTable(text)));
    },

    [RequestCode.CLONE_GROUP_OFFSET]: async (call) => {
      const { srcGroup, destGroup, topic, offline } = decodeCloneGroupOffsetRequestHeader(call.command.ext);
      await outputs.flushOffsets(call.channel.gateway);
      const topics = topic === undefined || topic.trim() === "" ? state.offsets.topicsOf(srcGroup) : [topic];
      for (const name of topics) {
        if (!state.topics.has(name) || (!offline && !isConsumedTopic(state.consumers, srcGroup, name))) continue;
        state.offsets.clone(srcGroup, destGroup, name);
      }
      return accept(call);
    },

    [RequestCode.QUERY_CORRECTION_OFFSET]: async (call) => {
      const { filterGroups, compareGroup, topic } = decodeQueryCorrectionOffsetHeader(call.command.ext);
      await outputs.flushOffsets(call.channel.gateway);
      const ignored = new Set((filterGroups ?? "").split(",").filter((group) => group !== ""));
      const correctionOffsets = smallestOffsets(room, topic, ignored);
      for (const [queueId, offset] of state.offsets.queuesOf(compareGroup, topic) ?? []) {
        const smallest = correctionOffsets.get(queueId);
        if (smallest !== undefined && smallest > offset) correctionOffsets.set(queueId, SKIP_QUEUE);
      }
      return accept(call, {}, encodeCorrectionOffsetBody({ correctionOffsets }));
    },
  };
}

/**
 * Whether the first message of a queue is still there and near enough to the end of the log to be in memory: a group that
 * is new to such a queue starts with it.
 * Source: apache/rocketmq store DefaultMessageStore.checkInMemByConsumeOffset
 */
async function startsInMemory({ state, outputs }: Room, topic: string, queueId: number): Promise<boolean> {
  if (state.minOffset(topic, queueId) > 0 || state.maxOffset(topic, queueId) === 0) return false;
  const end = state.gauges.get(Gauge.LogMaxPosition);
  const inMemoryBytes = state.memoryBytes * (state.values.accessMessageInMemoryMaxRatio / 100);
  if (end - state.gauges.get(Gauge.LogMinPosition) <= inMemoryBytes) return true;
  const { units } = await outputs.coldReads.queueUnits({ topic, queueId, index: 0, count: 1 });
  const first = units[0];
  return first !== undefined && end - first.physicalOffset <= inMemoryBytes;
}

/** Smallest committed offset of each queue over all groups but the ignored ones; offsets that have expired do not count. */
function smallestOffsets({ state }: Room, topic: string, ignored: ReadonlySet<string>): Map<number, number> {
  const smallest = new Map<number, number>();
  for (const [key, queues] of state.offsets.entries()) {
    const split = splitOffsetKey(key);
    if (split === undefined || split.topic !== topic || ignored.has(split.group)) continue;
    for (const [queueId, offset] of queues) {
      if (offset < state.minOffset(topic, queueId)) continue;
      smallest.set(queueId, Math.min(offset, smallest.get(queueId) ?? offset));
    }
  }
  return smallest;
}
