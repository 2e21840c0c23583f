/**
 * The shapes of load that are compared, as data: what each does to a broker, and by how much RingMQ has to be ahead.
 *
 * Never: knows which broker it measures.
 */
import { RequestCode } from "../../protocol/request_code.ts";
import type { Contender } from "./contender.ts";
import { JAVA_SHAPES } from "./java_shapes.ts";
import { runLoad } from "./load.ts";
import { pullSome, queueEnds } from "./measures.ts";
import { RawClient } from "./raw_client.ts";
import { createTopics, QUEUES, type Shape, type Tools } from "./shape.ts";

/** Messages that the pull shapes read: 32 × so many batches. */
const PULL_BATCHES = 12_000;
const TOPICS = 1_000;

interface LoadShape {
  readonly id: string;
  readonly title: string;
  readonly args: readonly string[];
  readonly must: number;
  readonly goal: number;
  readonly flush?: Shape["flush"];
  readonly topic?: string;
  readonly prepare?: (contender: Contender, tools: Tools) => Promise<void>;
}

function loadShape(of: LoadShape): Shape {
  const topic = of.topic ?? "LoadTopic";
  return {
    id: of.id,
    title: of.title,
    flush: of.flush ?? "ASYNC_FLUSH",
    compares: "rate",
    must: of.must,
    goal: of.goal,
    sends: !of.args.includes("pull"),
    topic: of.args.includes("-k") ? `${topic}_0` : topic,
    ...(of.prepare === undefined ? {} : { prepare: of.prepare }),
    run: async (contender, tools) => {
      const { messagesPerSecond, ...rest } = await runLoad(tools.load, [
        ...["-p", String(contender.brokerPort), "-t", topic, "-d", String(tools.seconds), "-W", "1"],
        ...of.args,
      ]);
      return { perSecond: messagesPerSecond, ...rest };
    },
  };
}

function send(connections: number, window: number, bytes = 1024): string[] {
  return ["-m", "send", "-c", String(connections), "-w", String(window), "-s", String(bytes)];
}

/** Fills a topic with messages of 1 KiB for pulls. */
export async function fillTopic(contender: Contender, tools: Tools, topic: string): Promise<void> {
  await createTopics(contender, [topic]);
  const batch = ["-m", "batch", "-c", "4", "-w", "4", "-n", "32", "-s", "1024", "-W", "0", "-d", "1"];
  using client = await RawClient.connect(contender.brokerPort);
  for (;;) {
    await runLoad(tools.load, ["-p", String(contender.brokerPort), "-t", topic, ...batch]);
    const { ext } = await client.ask(RequestCode.GET_MAX_OFFSET, { topic, queueId: "0" });
    if (Number(ext["offset"]) >= PULL_BATCHES * 32 / QUEUES) return;
  }
}

const batch: Shape = {
  ...loadShape({
    id: "batch-4x4",
    title: "batches of 32 × 1 KiB, 4 × 4",
    args: ["-m", "batch", "-c", "4", "-w", "4", "-n", "32", "-s", "1024"],
    must: 1.3,
    goal: 1.3,
    topic: "BatchTopic",
  }),
  run: async (contender, tools) => {
    const result = await runLoad(tools.load, [
      ...["-p", String(contender.brokerPort), "-t", "BatchTopic", "-d", String(tools.seconds), "-W", "1"],
      ...["-m", "batch", "-c", "4", "-w", "4", "-n", "32", "-s", "1024"],
    ]);
    using client = await RawClient.connect(contender.brokerPort);
    const { min } = await queueEnds(client, "BatchTopic", 0);
    const [record] = await pullSome(client, { topic: "BatchTopic", queueId: 0, offset: min, count: 1 });
    if (record === undefined) throw new Error(`${contender.name} has nothing of what was sent`);
    const { messagesPerSecond: perSecond, ...rest } = result;
    return { perSecond, ...rest, logMiBPerSecond: perSecond * record.totalSize / 2 ** 20 };
  },
};

/** All shapes that need no restart of the brokers, in the order of the table. */
export const SHAPES: readonly Shape[] = [
  loadShape({ id: "send-64x1", title: "send 1 KiB, 64 × 1", args: send(64, 1), must: 2, goal: 3 }),
  loadShape({ id: "send-1x1", title: "send 1 KiB, 1 × 1", args: send(1, 1), must: 2, goal: 2.5 }),
  loadShape({ id: "send-4x256", title: "send 1 KiB, 4 × 256", args: send(4, 256), must: 2.5, goal: 4 }),
  loadShape({ id: "small-4x256", title: "send 128 B, 4 × 256", args: send(4, 256, 128), must: 3, goal: 5 }),
  loadShape({
    id: "binary-64x1",
    title: "send 1 KiB, 64 × 1, ROCKETMQ headers",
    args: [...send(64, 1), "-B"],
    must: 2,
    goal: 3,
  }),
  batch,
  loadShape({
    id: "topics-64x1",
    title: "64 × 1 over 1,000 topics × 4 queues",
    args: [...send(64, 1), "-k", String(TOPICS)],
    must: 2,
    goal: 3,
    topic: "ManyTopic",
    prepare: (contender) => createTopics(contender, Array.from({ length: TOPICS }, (_, i) => `ManyTopic_${i}`)),
  }),
  loadShape({
    id: "pull-recent",
    title: "pull 1 KiB of recent data, 4 × 1, 32 a pull",
    args: ["-m", "pull", "-c", "4"],
    must: 2,
    goal: 3,
    topic: "PullTopic",
    prepare: (contender, tools) => fillTopic(contender, tools, "PullTopic"),
  }),
  ...JAVA_SHAPES,
  ...[
    { id: "sync-64x1", title: "SYNC_FLUSH 64 × 1", args: send(64, 1), must: 3, goal: 5 },
    { id: "sync-1x1", title: "SYNC_FLUSH 1 × 1", args: send(1, 1), must: 4, goal: 8 },
    { id: "sync-4x256", title: "SYNC_FLUSH 4 × 256", args: send(4, 256), must: 3, goal: 4 },
  ].map((shape) => loadShape({ ...shape, flush: "SYNC_FLUSH" })),
];
