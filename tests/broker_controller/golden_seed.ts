/**
 * Puts a bench into the state that a recorded answer was given from.
 *
 * Owns: which part of the state an answer tells.
 * Reads: the recorded answer.
 * Never: touches what the answer is computed by: lists, names, codes and remarks come from the code under test.
 */
import { decodeConsumeStats, decodeConsumeStatsList, type OffsetWrapper } from "../../protocol/bodies/consume_stats.ts";
import { decodeConsumeQueueDump } from "../../protocol/bodies/consume_queue_dump.ts";
import { decodeGroupList } from "../../protocol/bodies/name_lists.ts";
import { decodeResetOffsetBody } from "../../protocol/bodies/reset_offset.ts";
import { decodeTopicStatsTable } from "../../protocol/bodies/topic_stats.ts";
import { createResponse, type RemotingCommand } from "../../protocol/command.ts";
import { decodeHeartbeatData } from "../../protocol/heartbeat.ts";
import { decodeKvTable } from "../../protocol/kv_table.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import type { DelayOffsets } from "../../actors/broker/controller/outputs.ts";
import type { QueueUnit } from "../../actors/broker/broker_controller_contract.ts";
import type { GoldenExchange } from "./golden_exchanges.ts";
import { type BenchOptions, PlaneBench } from "./plane_bench.ts";

/** Ports of the two clients that were online while mqadmin worked. */
export const ONLINE_PRODUCER_ADDRESS = "127.0.0.1:36270";
/** See {@linkcode ONLINE_PRODUCER_ADDRESS}. */
export const ONLINE_CONSUMER_ADDRESS = "127.0.0.1:36260";

/** What the world answers until the next exchange. */
class World {
  readonly times = new Map<string, number>();
  answer: RemotingCommand | undefined;
  byTime = new Map<number, number>();
  units: QueueUnit[] = [];
  bounds = { minOffset: 0, maxOffset: 0 };
}

/** A bench whose state follows recorded answers. */
export class SeededBench {
  readonly bench: PlaneBench;
  readonly #world = new World();
  /** Requests that were passed on to clients. */
  readonly passedOn: RemotingCommand[] = [];
  readonly #connections = new Map<string, number>();
  readonly #clientAnswers = new Map<number, RemotingCommand[]>();

  /** @param options as for a bench; what clients and cold reads answer comes from the recording */
  constructor(options: BenchOptions) {
    const world = this.#world;
    this.bench = new PlaneBench({
      ...options,
      storeTime: ({ topic, queueId, offset }) => world.times.get(`${topic} ${queueId} ${offset}`) ?? -1,
      client: (_channel, request) => {
        this.passedOn.push(request);
        const { code, remark, ext, body } = this.#clientAnswers.get(request.code)?.shift() ?? world.answer!;
        return createResponse(request, code, remark, ext, body);
      },
      coldReads: {
        offsetByTime: ({ queueId }) => Promise.resolve(world.byTime.get(queueId) ?? 0),
        queueUnits: () => Promise.resolve({ units: world.units, ...world.bounds }),
        readMessage: () => Promise.resolve(new Uint8Array([1, 2, 3])),
      },
    });
  }

  /** Sets the state for one exchange. */
  seed({ request, answer }: GoldenExchange): void {
    if (answer === undefined || answer.code !== 0) return;
    const { state } = this.bench.plane;
    const { ext } = request;
    const { topic = "", consumerGroup = "" } = ext;
    const queueId = Number(ext.queueId ?? -1);
    this.#world.answer = answer;
    switch (request.code) {
      case RequestCode.GET_CONSUME_STATS:
        for (const [queue, offsets] of decodeConsumeStats(answer.body).offsetTable) {
          this.#progress(consumerGroup, queue, offsets);
        }
        break;
      case RequestCode.GET_BROKER_CONSUME_STATS:
        for (const groups of decodeConsumeStatsList(answer.body).consumeStatsList) {
          for (const [group, stats] of groups) {
            for (const [queue, offsets] of stats.flatMap(({ offsetTable }) => offsetTable)) {
              this.#progress(group, queue, offsets);
            }
          }
        }
        break;
      case RequestCode.GET_TOPIC_STATS_INFO:
        for (const [queue, stats] of decodeTopicStatsTable(answer.body).offsetTable) {
          this.#bounds(queue, stats.minOffset, stats.maxOffset);
          this.#time(queue, stats.maxOffset - 1, stats.lastUpdateTimestamp);
        }
        break;
      case RequestCode.INVOKE_BROKER_TO_RESET_OFFSET:
        this.#world.byTime.clear();
        for (const [queue, offset] of decodeResetOffsetBody(answer.body).offsetTable) {
          this.#bounds(queue, 0, Math.max(offset, state.maxOffset(queue.topic, queue.queueId)));
          this.#world.byTime.set(queue.queueId, offset);
        }
        break;
      case RequestCode.QUERY_TOPIC_CONSUME_BY_WHO:
        for (const group of decodeGroupList(answer.body).groupList) {
          if (state.offsets.queuesOf(group, topic) === undefined) state.offsets.commit(group, topic, 0, 0, 0);
        }
        break;
      case RequestCode.QUERY_CONSUMER_OFFSET:
        if (!state.groups.has(consumerGroup)) break;
        if (state.offsets.query(consumerGroup, topic, queueId) === -1) {
          state.offsets.commit(consumerGroup, topic, queueId, Number(answer.ext.offset), 0);
        }
        break;
      case RequestCode.VIEW_BROKER_STATS_DATA:
        this.#traffic(ext.statsName ?? "", ext.statsKey ?? "");
        break;
      default:
        this.#seedQueue(request.code, { topic, queueId }, answer);
    }
  }

  /** Requests about one queue. */
  #seedQueue(code: number, queue: { topic: string; queueId: number }, answer: RemotingCommand): void {
    const { ext } = answer;
    switch (code) {
      case RequestCode.GET_MAX_OFFSET:
        this.#bounds(queue, 0, Number(ext.offset));
        break;
      case RequestCode.GET_MIN_OFFSET:
        this.#bounds(queue, Number(ext.offset), this.bench.plane.state.maxOffset(queue.topic, queue.queueId));
        break;
      case RequestCode.GET_EARLIEST_MSG_STORETIME:
        this.#time(queue, 0, Number(ext.timestamp));
        break;
      case RequestCode.SEARCH_OFFSET_BY_TIMESTAMP:
        this.#world.byTime.set(queue.queueId, Number(ext.offset));
        break;
      case RequestCode.QUERY_CONSUME_QUEUE: {
        const dump = decodeConsumeQueueDump(answer.body);
        this.#world.bounds = { minOffset: dump.minQueueIndex, maxOffset: dump.maxQueueIndex };
        this.#world.units = (dump.queueData ?? []).map(({ physicOffset, physicSize, tagsCode }) => ({
          physicalOffset: physicOffset,
          bytes: physicSize,
          tagsCode,
        }));
      }
    }
  }

  /** Lets clients answer as they did in a recording. */
  clientAnswers(exchanges: readonly GoldenExchange[]): void {
    for (const { from, request, answer } of exchanges) {
      if (from !== "server" || answer === undefined) continue;
      const answers = this.#clientAnswers.get(request.code) ?? [];
      answers.push(answer);
      this.#clientAnswers.set(request.code, answers);
    }
  }

  /** Does what a gateway does with the commit that rides on a pull. */
  commitOfPull({ ext }: RemotingCommand): void {
    if ((Number(ext.sysFlag) & 1) === 0) return;
    const { consumerGroup: group = "", topic = "" } = ext;
    const commit = { group, topic, queueId: Number(ext.queueId), offset: Number(ext.commitOffset), clientHost: "" };
    this.bench.plane.commitOffsets([commit]);
  }

  /**
   * Sends a recorded request on its connection. A client has one connection; recordings do not show that it closes one, so
   * the first heartbeat on another stands for that.
   */
  async send({ request, connection }: GoldenExchange): Promise<RemotingCommand | null> {
    if (request.code === RequestCode.HEART_BEAT) {
      const { clientID } = decodeHeartbeatData(request.body);
      const before = this.#connections.get(clientID);
      if (before !== undefined && before !== connection) {
        this.bench.plane.channelClosed({ gateway: 0, channel: before });
      }
      this.#connections.set(clientID, connection);
    }
    return await this.bench.ask(request, connection);
  }

  /** Brings the clients of a recording online by their heartbeats. */
  async heartbeats(exchanges: readonly GoldenExchange[], addressOf: (clientId: string) => string): Promise<void> {
    for (const { request, connection } of exchanges) {
      if (request.code !== RequestCode.HEART_BEAT) continue;
      const { clientID } = decodeHeartbeatData(request.body);
      await this.bench.ask(request, 1_000_000 + connection, addressOf(clientID));
    }
  }

  #progress(
    group: string,
    queue: { topic: string; queueId: number },
    offsets: OffsetWrapper,
  ): void {
    this.#bounds(queue, 0, offsets.brokerOffset);
    const { offsets: table } = this.bench.plane.state;
    table.commit(group, queue.topic, queue.queueId, offsets.consumerOffset, 0);
    if (offsets.pullOffset !== undefined) table.commitPulled(group, queue.topic, queue.queueId, offsets.pullOffset);
    if (offsets.lastTimestamp > 0) this.#time(queue, offsets.consumerOffset - 1, offsets.lastTimestamp);
  }

  #bounds({ topic, queueId }: { topic: string; queueId: number }, min: number, max: number): void {
    const { slots } = this.bench.plane.state;
    const slot = slots.slotOf(topic, queueId);
    if (slot === undefined) throw new TypeError(`No queue ${queueId} of "${topic}"`);
    slots.table.resetSlot(slot, { min, max, next: max });
  }

  #time({ topic, queueId }: { topic: string; queueId: number }, offset: number, time: number): void {
    this.#world.times.set(`${topic} ${queueId} ${offset}`, time);
  }

  #traffic(name: string, key: string): void {
    const counts = { queueId: 0, count: 1, times: 1, bytes: 1, latencyMs: 0 };
    const [topic = "", group = ""] = key.split("@");
    const { plane } = this.bench;
    if (name === "TOPIC_PUT_NUMS") plane.countTraffic({ puts: [{ topic, ...counts }], gets: [], sendBacks: [] });
    else {
      const get = { topic, group, ...counts, fromDiskCount: 0, fromDiskBytes: 0 };
      plane.countTraffic({ puts: [], gets: [get], sendBacks: [] });
    }
  }
}

/** Delay levels as an answer to request 28 tells them. */
export function delayOffsetsOf(answer: RemotingCommand): DelayOffsets {
  const levels = [...decodeKvTable(answer.body).table].flatMap(([key, value]) => {
    const level = /^scheduleMessageOffset_(\d+)$/.exec(key)?.[1];
    return level === undefined ? [] : [{ level: Number(level), delivered: Number(value.split(",")[0]) }];
  });
  return { text: "", levels };
}
