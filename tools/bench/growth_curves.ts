/**
 * The curves of growth as data: what grows, at which points it is looked at, and what load is put on a broker there.
 *
 * Never: knows which broker it measures.
 */
import { RequestCode } from "../../protocol/request_code.ts";
import { encodeTopicConfigList } from "../../protocol/topic_config.ts";
import type { Contender } from "./contender.ts";
import { type LoadResult, runLoad } from "./load.ts";
import { openFilesMax, runtimeOf, untilDispatched } from "./measures.ts";
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
  /** Up to this point at most 30% of the rate may be lost; absent where nothing is promised. */
  readonly holdsUntil?: number;
  /** Brings a broker to a point. Points come in order, so what an earlier one made is there. */
  reach?(contender: Contender, point: number, tools: Tools): Promise<void> | void;
  /** Arguments of load.c at a point. */
  load(point: number): readonly string[];
}

const KIB = 1024;
const GIB = 2 ** 30;

/** Topics that one request makes. */
const TOPICS_OF_REQUEST = 1_000;

/** Messages a second that even a slow broker takes while it makes the files of new topics. */
const FIRST_SENDS_PER_SECOND = 5_000;

/** Files that a broker, and the load, have open besides connections. */
const OTHER_FILES = 500;

/** First pulls of new groups a second that even a slow broker takes while it makes the groups. */
const FIRST_PULLS_PER_SECOND = 50;

/** Pulls before the first point that are not measured: warming up a broker only sends. */
const PULL_WARM_UP_SECONDS = 5;

const TOPIC = "GrowTopic";

const SEND = ["-m", "send", "-w", "1", "-s", String(KIB)];

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

/** Sends to new topics once and until their queues are made: the load's connections go over the topics together. */
async function firstSends(contender: Contender, topics: number, tools: Tools): Promise<void> {
  const seconds = Math.ceil(topics / FIRST_SENDS_PER_SECOND);
  const where = ["-p", String(contender.brokerPort), "-d", String(seconds), "-W", "0"];
  await runLoad(tools.load, [...where, ...topicsLoad(topics)]);
  await untilDispatched(contender);
}

function topicsLoad(topics: number): string[] {
  const names = topics === 1 ? ["-t", `${TOPIC}_0`] : ["-t", TOPIC, "-k", String(topics)];
  return [...names, "-q", "1", ...SEND, "-c", "64"];
}

/** Fails where a connection more than the system allows would only be accepted late, or never, and look like a slow broker. */
function needConnections(contender: Contender, connections: number): void {
  const files = connections + OTHER_FILES;
  for (const [name, pid] of [[contender.name, contender.pids[0]!], ["the load", Deno.pid]] as const) {
    const most = openFilesMax(pid);
    if (most < files) throw new Error(`${name} may have ${most} files open and needs ${files}: raise ulimit -n`);
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

function groupsLoad(groups: number): string[] {
  return ["-t", "GroupTopic", "-m", "pull", "-c", "4", "-g", String(groups)];
}

/** All curves. */
export const CURVES: readonly Curve[] = [
  {
    id: "connections",
    title: "connections, each with one send of 1 KiB in flight",
    axis: "connections",
    unit: "msgs/s",
    points: [1, 10, 100, 1_000, 10_000],
    holdsUntil: 1_000,
    reach: needConnections,
    load: (connections) => ["-t", TOPIC, ...SEND, "-c", String(connections), "-W", connections > 1_000 ? "3" : "1"],
  },
  {
    id: "topics",
    title: "topics of one queue, sends of 1 KiB over 64 connections",
    axis: "topics",
    unit: "msgs/s",
    points: [1, 10, 100, 1_000, 10_000, 100_000],
    holdsUntil: 10_000,
    reach: async (contender, topics, tools) => {
      // The topics of the point before are there.
      await createTopics(contender, topics === 1 ? 0 : topics / 10, topics);
      await firstSends(contender, topics, tools);
    },
    load: (topics) => [...topicsLoad(topics), "-W", "1"],
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
      const seconds = PULL_WARM_UP_SECONDS + Math.ceil(groups / FIRST_PULLS_PER_SECOND);
      const where = ["-p", String(contender.brokerPort), "-d", String(seconds), "-W", "0"];
      await runLoad(tools.load, [...where, ...groupsLoad(groups)]);
    },
    load: (groups) => [...groupsLoad(groups), "-W", "1"],
  },
];

/** The rate that a curve compares. */
export function rateOf(curve: Curve, result: LoadResult): number {
  return curve.unit === "MiB/s" ? result.mibPerSecond : result.messagesPerSecond;
}
