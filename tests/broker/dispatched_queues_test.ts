/** Which slot a dispatched queue has while topics come, change and go. */
import { assertEquals } from "@std/assert";
import { DispatchedQueues, QueueKind } from "../../actors/broker/reput/dispatched_queues.ts";
import { createQueueChunk } from "../../store/queue_table.ts";
import { type TopicUpdate, TopicView } from "../../store/topic_view.ts";
import { topicEntry as entry } from "../store/topic_entry.ts";

/** A view with one chunk, the queues over it, and steps that go through both as in the service. */
function bench(): { view: TopicView; queues: DispatchedQueues; apply(update: Partial<TopicUpdate>): number[] } {
  const view = new TopicView();
  const queues = new DispatchedQueues(view);
  const chunks = [createQueueChunk()];
  const apply = (update: Partial<TopicUpdate>): number[] => {
    const whole = { version: view.version + 1, chunks, changed: [], removed: [], whole: false, ...update };
    const behind: number[] = [];
    view.apply(whole);
    for (const topic of whole.removed) queues.forget(topic);
    queues.apply(whole, (queue) => behind.push(queue));
    return behind;
  };
  return { view, queues, apply };
}

Deno.test("a queue opened before its topic is known gets its slot with the topic, and is told of what it has", () => {
  const { view, queues, apply } = bench();
  queues.open(0, "early", 1);
  assertEquals([queues.slot(0), queues.max(0)], [-1, 0]);
  queues.setMax(0, 5);
  assertEquals(apply({ changed: [entry("other", [7])] }), []);
  assertEquals(queues.slot(0), -1);
  assertEquals(apply({ changed: [entry("early", [3, 4])] }), [0]);
  assertEquals(queues.slot(0), 4);
  view.queues.setMaxOffset(4, 5);
  assertEquals(apply({ changed: [entry("early", [3, 4, 5])] }), []);
});

Deno.test("a queue of a topic that is gone has no slot, and one of the same name is another queue", () => {
  const { queues, apply } = bench();
  apply({ changed: [entry("topic", [3])] });
  queues.open(0, "topic", 0);
  queues.setMax(0, 9);
  assertEquals(queues.slot(0), 3);
  assertEquals(apply({ removed: ["topic"], changed: [entry("topic", [8])] }), []);
  assertEquals(queues.slot(0), -1);
  queues.open(1, "topic", 0);
  assertEquals([queues.slot(1), queues.max(1)], [8, 0]);
});

Deno.test("a whole table moves every queue: slots are left before they are taken", () => {
  const { queues, apply } = bench();
  apply({ changed: [entry("a", [1]), entry("b", [2])] });
  queues.open(0, "a", 0);
  queues.open(1, "b", 0);
  queues.setMax(1, 3);
  assertEquals(apply({ whole: true, changed: [entry("b", [1])] }), [0, 1, 1]);
  assertEquals([queues.slot(0), queues.slot(1)], [-1, 1]);
});

Deno.test("queues of delays, timers and half messages are known as such", () => {
  const { queues } = bench();
  const topics = ["SCHEDULE_TOPIC_XXXX", "rmq_sys_wheel_timer", "RMQ_SYS_TRANS_HALF_TOPIC", "%RETRY%group"];
  topics.forEach((topic, queue) => queues.open(queue, topic, 0));
  assertEquals(topics.map((_, queue) => queues.kind(queue)), [
    QueueKind.Schedule,
    QueueKind.Timer,
    QueueKind.Half,
    QueueKind.Plain,
  ]);
});
