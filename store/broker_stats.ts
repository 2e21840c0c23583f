/**
 * Broker statistics: how much was put to each topic and got by each group.
 *
 * Owns: the items of each statistics name and when they were last sampled.
 * Reads: the wall clock that the caller hands in.
 * Never: a timer; {@linkcode BrokerStats.sample} is called about every 10 seconds.
 */
import { DAY_SAMPLE_INTERVAL_MS, HOUR_SAMPLE_INTERVAL_MS, type StatsItem, StatsTable } from "./stats_table.ts";

/** Names of statistics. Source: apache/rocketmq common Stats and store BrokerStatsManager */
export const StatsName = {
  QueuePutNums: "QUEUE_PUT_NUMS",
  QueuePutSize: "QUEUE_PUT_SIZE",
  QueueGetNums: "QUEUE_GET_NUMS",
  QueueGetSize: "QUEUE_GET_SIZE",
  TopicPutNums: "TOPIC_PUT_NUMS",
  TopicPutSize: "TOPIC_PUT_SIZE",
  TopicPutLatency: "TOPIC_PUT_LATENCY",
  GroupGetNums: "GROUP_GET_NUMS",
  GroupGetSize: "GROUP_GET_SIZE",
  GroupGetLatency: "GROUP_GET_LATENCY",
  GroupGetFromDiskNums: "GROUP_GET_FROM_DISK_NUMS",
  GroupGetFromDiskSize: "GROUP_GET_FROM_DISK_SIZE",
  SendBackPutNums: "SNDBCK_PUT_NUMS",
  BrokerPutNums: "BROKER_PUT_NUMS",
  BrokerGetNums: "BROKER_GET_NUMS",
  BrokerGetFromDiskNums: "BROKER_GET_FROM_DISK_NUMS",
  BrokerGetFromDiskSize: "BROKER_GET_FROM_DISK_SIZE",
  /** A name of ours: by how many milliseconds messages of delay levels were late. */
  BrokerScheduleLateMs: "BROKER_SCHEDULE_LATE_MS",
  /** A name of ours: by how many milliseconds messages with an exact time were later than the end of their slot. */
  BrokerTimerLateMs: "BROKER_TIMER_LATE_MS",
} as const;

/** A name of statistics. */
export type StatsName = typeof StatsName[keyof typeof StatsName];

/** Items at most, over all names; what would pass it is counted as dropped. At most 640 bytes each, after a day, and their keys. */
export const STATS_ITEMS_MAX = 400_000;

/** What was put to one queue. */
export interface PutCount {
  readonly topic: string;
  readonly queueId: number;
  /** Messages. */
  readonly count: number;
  /** Requests that carried them. */
  readonly times: number;
  readonly bytes: number;
  /** Sum over the requests, milliseconds. */
  readonly latencyMs: number;
}

/** What one group got from one queue. */
export interface GetCount {
  readonly topic: string;
  readonly group: string;
  readonly queueId: number;
  /** Messages. */
  readonly count: number;
  /** Pulls that found them. */
  readonly times: number;
  readonly bytes: number;
  /** Sum over the pulls, milliseconds. */
  readonly latencyMs: number;
  /** Messages of these that were read from a file. */
  readonly fromDiskCount: number;
  readonly fromDiskBytes: number;
  /** Offset behind the last message of the last of these pulls. */
  readonly nextOffset?: number;
  /** Bytes of the commit log from that message to the end. */
  readonly behindBytes?: number;
}

/** Deliveries of delayed messages. */
export interface LateCount {
  readonly times: number;
  /** Sum over the deliveries, milliseconds. */
  readonly lateMs: number;
}

/** In place of an item that found no room. */
const NO_ITEM = -1;

/** Rows that a put to one queue is counted in. */
interface PutItems {
  readonly topicNums: number;
  readonly topicSize: number;
  readonly queueNums: number;
  readonly queueSize: number;
  readonly latency: number;
}

/** The statistics of one broker. */
export class BrokerStats {
  readonly #cluster: string;
  readonly #table = new StatsTable();
  /** Rows of the items, by name and key. */
  readonly #items = new Map<string, Map<string, number>>();
  /** By topic and queue. With thousands of topics, making the keys and looking for the items took most of the controller's time. */
  readonly #puts = new Map<string, Map<number, PutItems>>();
  #droppedCount = 0;
  #hourSampledMs = -Infinity;
  #daySampledMs = -Infinity;

  /** @param cluster cluster name, the key of the broker's own items */
  constructor(cluster: string) {
    this.#cluster = cluster;
    for (const name of Object.values(StatsName)) this.#items.set(name, new Map());
  }

  /** Counts that found no room since the start. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** An item, or undefined when its name is unknown or nothing was counted. */
  get(name: string, key: string): StatsItem | undefined {
    const row = this.#items.get(name)?.get(key);
    return row === undefined ? undefined : this.#table.item(row);
  }

  /** Messages a second that were put to a topic in the last minute. */
  topicPutTps(topic: string): number {
    return this.get(StatsName.TopicPutNums, topic)?.minute().tps ?? 0;
  }

  /** Messages a second that a group got from a topic in the last minute. */
  groupGetTps(group: string, topic: string): number {
    return this.get(StatsName.GroupGetNums, `${topic}@${group}`)?.minute().tps ?? 0;
  }

  /** Counts what was put. */
  put(count: PutCount): void {
    const { topic, queueId, times } = count;
    const items = this.#puts.get(topic)?.get(queueId) ?? this.#putItems(topic, queueId);
    this.#count(items.topicNums, count.count, times);
    this.#count(items.topicSize, count.bytes, times);
    this.#count(items.queueNums, count.count, times);
    this.#count(items.queueSize, count.bytes, times);
    this.#count(items.latency, count.latencyMs, times);
    this.#add(StatsName.BrokerPutNums, this.#cluster, count.count, 0);
  }

  /** Counts what a group got. */
  got(count: GetCount): void {
    const { topic, group, queueId } = count;
    this.#add(StatsName.GroupGetNums, `${topic}@${group}`, count.count, count.times);
    this.#add(StatsName.GroupGetSize, `${topic}@${group}`, count.bytes, count.times);
    this.#add(StatsName.QueueGetNums, `${topic}@${queueId}@${group}`, count.count, count.times);
    this.#add(StatsName.QueueGetSize, `${topic}@${queueId}@${group}`, count.bytes, count.times);
    this.#add(StatsName.GroupGetLatency, `${queueId}@${topic}@${group}`, count.latencyMs, count.times);
    this.#add(StatsName.BrokerGetNums, this.#cluster, count.count, 0);
    if (count.fromDiskCount === 0) return;
    this.#add(StatsName.GroupGetFromDiskNums, `${topic}@${group}`, count.fromDiskCount, 1);
    this.#add(StatsName.GroupGetFromDiskSize, `${topic}@${group}`, count.fromDiskBytes, 1);
    this.#add(StatsName.BrokerGetFromDiskNums, this.#cluster, count.fromDiskCount, 1);
    this.#add(StatsName.BrokerGetFromDiskSize, this.#cluster, count.fromDiskBytes, 1);
  }

  /** Counts messages that a group sent back. */
  sendBack(topic: string, group: string, count: number): void {
    this.#add(StatsName.SendBackPutNums, `${topic}@${group}`, count, count);
  }

  /** Counts deliveries of delayed messages with the sum of the times by which they were late, milliseconds. */
  late(name: typeof StatsName.BrokerScheduleLateMs | typeof StatsName.BrokerTimerLateMs, count: LateCount): void {
    if (count.times > 0) this.#add(name, this.#cluster, count.lateMs, count.times);
  }

  /** Takes the samples that are due. */
  sample(nowMs: number): void {
    const hour = nowMs - this.#hourSampledMs >= HOUR_SAMPLE_INTERVAL_MS;
    const day = nowMs - this.#daySampledMs >= DAY_SAMPLE_INTERVAL_MS;
    if (hour) this.#hourSampledMs = nowMs;
    if (day) this.#daySampledMs = nowMs;
    this.#table.sampleSeconds(nowMs);
    if (hour) this.#table.sampleMinutes(nowMs);
    if (day) this.#table.sampleHours(nowMs);
  }

  /** Forgets the items of a topic. Source: apache/rocketmq store BrokerStatsManager.onTopicDeleted */
  removeTopic(topic: string): void {
    this.#remove((parts) => parts.includes(topic));
  }

  /** Forgets the items of a group. Source: apache/rocketmq store BrokerStatsManager.onGroupDeleted */
  removeGroup(group: string): void {
    this.#remove((parts) => parts.length > 1 && parts.at(-1) === group);
  }

  #putItems(topic: string, queueId: number): PutItems {
    const key = `${topic}@${queueId}`;
    const items: PutItems = {
      topicNums: this.#item(StatsName.TopicPutNums, topic),
      topicSize: this.#item(StatsName.TopicPutSize, topic),
      queueNums: this.#item(StatsName.QueuePutNums, key),
      queueSize: this.#item(StatsName.QueuePutSize, key),
      latency: this.#item(StatsName.TopicPutLatency, `${queueId}@${topic}`),
    };
    if (Object.values(items).includes(NO_ITEM)) return items;
    const queues = this.#puts.get(topic);
    if (queues === undefined) this.#puts.set(topic, new Map([[queueId, items]]));
    else queues.set(queueId, items);
    return items;
  }

  #add(name: StatsName, key: string, value: number, times: number): void {
    this.#count(this.#item(name, key), value, times);
  }

  #count(row: number, value: number, times: number): void {
    if (row === NO_ITEM) this.#droppedCount++;
    else this.#table.add(row, value, times);
  }

  /** Row of an item, made when there is none; {@link NO_ITEM} when there is no room for it. */
  #item(name: StatsName, key: string): number {
    const items = this.#items.get(name)!;
    const row = items.get(key);
    if (row !== undefined) return row;
    if (this.#table.size >= STATS_ITEMS_MAX) return NO_ITEM;
    const made = this.#table.make();
    items.set(key, made);
    return made;
  }

  #remove(matches: (parts: readonly string[]) => boolean): void {
    this.#puts.clear();
    for (const [name, items] of this.#items) {
      if (name.startsWith("BROKER_")) continue;
      for (const [key, row] of items) {
        if (!matches(key.split("@"))) continue;
        items.delete(key);
        this.#table.release(row);
      }
    }
  }
}
