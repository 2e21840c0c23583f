/**
 * The curves of growth as data: what grows, at which points it is looked at, and what load is put on a broker there.
 *
 * Never: knows which broker it measures.
 */
import { RequestCode } from "../../protocol/request_code.ts";
import { encodeTopicConfigList } from "../../protocol/topic_config.ts";
import type { Contender } from "./contender.ts";
import { type LoadResult, runLoad } from "./load.ts";
import { runtimeOf } from "./measures.ts";
import { RawClient } from "./raw_client.ts";
import type { Tools } from "./shape.ts";
import { fillTopic } from "./shapes.ts";

/** What grows, and how a point is measured. */
export interface Curve {
  /** Short name, for the command line and the file of the plot. */
  readonly id: string;
  readonly title: string;
  /** What the points count. */
  readonly axis: string;
  readonly unit: "msgs/s" | "MiB/s";
  readonly points: readonly number[];
  /** Up to this point at most 30% of the first point's rate may be lost; absent where nothing is promised. */
  readonly holdsUntil?: number;
  /** Brings a broker to a point. Points come in order, so what an earlier one made is there. */
  reach?(contender: Contender, point: number, tools: Tools): Promise<void>;
  /** Arguments of load.c at a point. */
  load(point: number): readonly string[];
}

const KIB = 1024;
const GIB = 2 ** 30;

/** Topics that one request makes. */
const TOPICS_OF_REQUEST = 1_000;

/** Messages a second that even a slow broker takes while it makes the files of new topics, for the length of the warm-up. */
const FIRST_SENDS_PER_SECOND = 5_000;

const TOPIC = "GrowTopic";

/** Makes the topics from `first` up to `count`, of one queue each. */
async function createTopics(contender: Contender, first: number, count: number): Promise<void> {
  using client = await RawClient.connect(contender.brokerPort);
  for (let at = first; at < count; at += TOPICS_OF_REQUEST) {
    const names = Array.from({ length: Math.min(TOPICS_OF_REQUEST, count - at) }, (_, i) => `${TOPIC}_${at + i}`);
    const topicConfigList = names.map((topicName) => ({
      ...{ topicName, readQueueNums: 1, writeQueueNums: 1, perm: 6, topicFilterType: "SINGLE_TAG", topicSysFlag: 0 },
      ...{ order: false, attributes: new Map<string, string>() },
    }));
    const body = encodeTopicConfigList({ topicConfigList });
    const { code, remark } = await client.ask(RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, {}, body);
    if (code !== 0) throw new Error(`${contender.name} does not make topics: ${remark}`);
  }
}

/** Bytes of a broker's log. */
async function logBytes(contender: Contender): Promise<number> {
  const { commitLogMaxOffset } = await runtimeOf(contender);
  return Number(commitLogMaxOffset);
}

/** Sends batches until the log has a size. */
async function growLog(contender: Contender, bytes: number, tools: Tools): Promise<void> {
  const where = ["-p", String(contender.brokerPort), "-t", "FillTopic"];
  while (await logBytes(contender) < bytes) {
    await runLoad(tools.load, [...where, ..."-m batch -c 4 -w 4 -n 32 -s 1024 -W 0 -d 2".split(" ")]);
  }
}

const SEND = ["-m", "send", "-w", "1", "-s", String(KIB)];

/** All curves. */
export const CURVES: readonly Curve[] = [
  {
    id: "connections",
    title: "connections, each with one send of 1 KiB in flight",
    axis: "connections",
    unit: "msgs/s",
    points: [1, 10, 100, 1_000, 10_000],
    holdsUntil: 1_000,
    load: (connections) => ["-t", TOPIC, ...SEND, "-c", String(connections), "-W", connections > 1_000 ? "3" : "1"],
  },
  {
    id: "topics",
    title: "topics of one queue, sends of 1 KiB over 64 connections",
    axis: "topics",
    unit: "msgs/s",
    points: [1, 10, 100, 1_000, 10_000, 100_000],
    holdsUntil: 10_000,
    // The topics of the point before are there.
    reach: (contender, topics) => createTopics(contender, topics === 1 ? 0 : topics / 10, topics),
    load: (topics) => {
      const warmUp = String(Math.ceil(1 + topics / FIRST_SENDS_PER_SECOND));
      const names = topics === 1 ? ["-t", `${TOPIC}_0`] : ["-t", TOPIC, "-k", String(topics)];
      return [...names, "-q", "1", ...SEND, "-c", "64", "-W", warmUp];
    },
  },
  {
    id: "body",
    title: "bytes of a body, sends over 16 connections",
    axis: "bytes",
    unit: "MiB/s",
    points: [16, 256, 4 * KIB, 64 * KIB, 1024 * KIB, 4096 * KIB],
    load: (bytes) => ["-t", TOPIC, "-m", "send", "-c", "16", "-w", "1", "-s", String(bytes), "-W", "1"],
  },
  {
    id: "log",
    title: "GiB of log, sends of 1 KiB over 64 connections",
    axis: "GiB",
    unit: "msgs/s",
    points: [0.25, 1, 2, 4, 8],
    reach: (contender, gib, tools) => growLog(contender, gib * GIB, tools),
    load: () => ["-t", TOPIC, ...SEND, "-c", "64", "-W", "1"],
  },
  {
    id: "groups",
    title: "consumer groups that pull 32 messages of 1 KiB and commit, over 4 connections",
    axis: "groups",
    unit: "msgs/s",
    points: [1, 10, 100, 1_000],
    reach: async (contender, groups, tools) => {
      if (groups === 1) await fillTopic(contender, tools, "GroupTopic");
    },
    load: (groups) => ["-t", "GroupTopic", "-m", "pull", "-c", "4", "-g", String(groups), "-W", "2"],
  },
];

/**
 * Measures a curve at a point.
 *
 * @returns what load.c printed
 */
export async function measurePoint(
  curve: Curve,
  contender: Contender,
  point: number,
  tools: Tools,
): Promise<LoadResult> {
  const where = ["-p", String(contender.brokerPort), "-d", String(tools.seconds)];
  return await runLoad(tools.load, [...where, ...curve.load(point)]);
}

/** The rate that a curve compares. */
export function rateOf(curve: Curve, result: LoadResult): number {
  return curve.unit === "MiB/s" ? result.mibPerSecond : result.messagesPerSecond;
}
