/** Counts of puts: each taken once, by the topic that it was put into. */
import { assertEquals } from "@std/assert";
import { PutCounts } from "../../../actors/broker/gateway/put_counts.ts";
import { ServedTopic } from "../../../actors/broker/gateway/served_topic.ts";
import type { TopicEntry } from "../../../store/topic_view.ts";

const topicOf = (topic: string, slots: number[]): ServedTopic => {
  const queues = { readQueueNums: slots.length, writeQueueNums: slots.length, slots };
  const entry: TopicEntry = {
    ...{ topic, ...queues, perm: 6, topicSysFlag: 0, order: false },
    ...{ topicFilterType: "SINGLE_TAG", attributes: {} },
  };
  return new ServedTopic(entry, true);
};

Deno.test("ServedTopic.slot() knows slots that follow each other and such as do not", () => {
  const row = topicOf("Row", [7, 8, 9]);
  const scattered = topicOf("Scattered", [7, 8, 3]);
  assertEquals([0, 1, 2].map((queueId) => row.slot(queueId)), [7, 8, 9]);
  assertEquals([0, 1, 2].map((queueId) => scattered.slot(queueId)), [7, 8, 3]);
});

Deno.test("PutCounts adds up what was put into each queue, and gives it once", () => {
  const counts = new PutCounts();
  const [a, b] = [topicOf("A", [0, 1]), topicOf("B", [500_000])];
  counts.count(a, 1, 1, 1, 100);
  counts.count(b, 0, 500_000, 32, 3200);
  counts.count(a, 1, 1, 1, 50);
  assertEquals(counts.take(), [
    { topic: "A", queueId: 1, count: 2, times: 2, bytes: 150, latencyMs: 0 },
    { topic: "B", queueId: 0, count: 32, times: 32, bytes: 3200, latencyMs: 0 },
  ]);
  assertEquals(counts.take(), []);
  counts.count(a, 1, 1, 1, 7);
  assertEquals(counts.take(), [{ topic: "A", queueId: 1, count: 1, times: 1, bytes: 7, latencyMs: 0 }]);
});

Deno.test("PutCounts.cut() keeps what was put into a topic whose slot another one gets", () => {
  const counts = new PutCounts();
  counts.count(topicOf("Old", [4]), 0, 4, 1, 10);
  counts.cut();
  counts.count(topicOf("New", [4]), 0, 4, 1, 20);
  assertEquals(counts.take().map(({ topic, count, bytes }) => [topic, count, bytes]), [["Old", 1, 10], ["New", 1, 20]]);
});
