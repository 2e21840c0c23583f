// hot
/**
 * Counts of what a gateway put and gave, gathered without an object for each message and told to BrokerController about once a second.
 */
import type { GaugeBatch } from "../../../store/gauges.ts";
import { SystemTopics } from "../../../store/topic_names.ts";
import type { TrafficCounts } from "../broker_controller_contract.ts";
import type { PullRequest } from "./pull_request.ts";
import type { ServedGroup } from "./control_view.ts";
import { PutCounts } from "./put_counts.ts";
import type { ServedTopic } from "./served_topic.ts";

/** Topics whose messages are not counted as users'. */
const SYSTEM_TOPICS = new SystemTopics();

/** What one group read from one queue since the last tick. */
interface Gets {
  readonly group: ServedGroup;
  readonly topic: ServedTopic;
  readonly queueId: number;
  count: number;
  times: number;
  bytes: number;
  fromDiskCount: number;
  fromDiskBytes: number;
  nextOffset: number;
  behindBytes: number;
}

/** Counts pulls. */
export interface PullMeter {
  /** A pull was answered with messages; `nextOffset` is behind the last, which lies `behindBytes` before the end of the log. */
  found(
    request: PullRequest,
    messages: number,
    bytes: number,
    fromDisk: boolean,
    nextOffset: number,
    behindBytes: number,
  ): void;
  /** A pull was answered without. */
  missed(): void;
}

/** Counts of one gateway. */
export class TrafficMeter implements PullMeter {
  /** What was put. */
  readonly puts: PutCounts = new PutCounts();
  readonly #gets = new Map<ServedGroup, Map<number, Gets>>();
  readonly #gauges: GaugeBatch;

  /** @param gauges shared totals */
  constructor(gauges: GaugeBatch) {
    this.#gauges = gauges;
  }

  /** Shared totals of this thread, flushed by the tick. */
  get gauges(): GaugeBatch {
    return this.#gauges;
  }

  /** A pull was answered with messages. */
  found(
    request: PullRequest,
    messages: number,
    bytes: number,
    fromDisk: boolean,
    nextOffset: number,
    behindBytes: number,
  ): void {
    let bySlot = this.#gets.get(request.group);
    if (bySlot === undefined) this.#gets.set(request.group, bySlot = new Map());
    let gets = bySlot.get(request.slot);
    if (gets === undefined) {
      gets = {
        group: request.group,
        topic: request.topic,
        queueId: request.queueId,
        count: 0,
        times: 0,
        bytes: 0,
        fromDiskCount: 0,
        fromDiskBytes: 0,
        nextOffset: 0,
        behindBytes: 0,
      };
      bySlot.set(request.slot, gets);
    }
    gets.count += messages;
    gets.times++;
    gets.bytes += bytes;
    gets.nextOffset = nextOffset;
    gets.behindBytes = behindBytes;
    if (fromDisk) {
      gets.fromDiskCount += messages;
      gets.fromDiskBytes += bytes;
    }
    this.#gauges.get(messages, 0, !SYSTEM_TOPICS.has(request.topic.entry.topic));
  }

  /** A pull was answered without messages. */
  missed(): void {
    this.#gauges.get(0, 0, true);
  }

  /** Takes what was counted since the last call. @returns undefined when nothing was */
  take(sendBacks: TrafficCounts["sendBacks"]): TrafficCounts | undefined {
    const puts = this.puts.take();
    for (const { topic, count, bytes } of puts) this.#gauges.put(count, bytes, 0, !SYSTEM_TOPICS.has(topic), count);
    const gets: TrafficCounts["gets"][number][] = [];
    for (const bySlot of this.#gets.values()) {
      for (const { group, topic, ...counts } of bySlot.values()) {
        gets.push({ topic: topic.entry.topic, group: group.name, latencyMs: 0, ...counts });
      }
    }
    this.#gets.clear();
    return puts.length + gets.length + sendBacks.length === 0 ? undefined : { puts, gets, sendBacks };
  }
}
