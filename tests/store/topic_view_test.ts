import { assertEquals } from "@std/assert";
import { createQueueChunk } from "../../store/queue_table.ts";
import { type TopicUpdate, TopicView } from "../../store/topic_view.ts";
import { topicEntry as entry } from "./topic_entry.ts";

const chunk = createQueueChunk();

function update(version: number, change: Partial<TopicUpdate>): TopicUpdate {
  return { version, chunks: [chunk], changed: [], removed: [], whole: false, ...change };
}

Deno.test("TopicView.apply() knows topics by name and queues by slot", () => {
  const view = new TopicView();
  assertEquals(view.apply(update(3, { whole: true, changed: [entry("A", [0, 1]), entry("B", [2])] })), 3);
  assertEquals(view.size, 2);
  assertEquals(view.get("A")?.slots, [0, 1]);
  assertEquals(view.queueOf(1)?.entry.topic, "A");
  assertEquals(view.queueOf(1)?.queueId, 1);
  assertEquals(view.queueOf(9), undefined);
  assertEquals([...view.entries()].map(({ topic }) => topic), ["A", "B"]);
  view.queues.setMaxOffset(2, 8);
  assertEquals(view.queues.maxOffset(2), 8);
});

Deno.test("TopicView.apply() replaces what changed and forgets what is gone, slots too", () => {
  const view = new TopicView();
  view.apply(update(1, { whole: true, changed: [entry("A", [0, 1]), entry("B", [2])] }));
  assertEquals(view.apply(update(2, { changed: [entry("A", [0, 5])], removed: ["B", "unknown"] })), 2);
  assertEquals(view.get("B"), undefined);
  assertEquals([0, 1, 2, 5].map((slot) => view.queueOf(slot)?.entry.topic), ["A", undefined, undefined, "A"]);
});

Deno.test("TopicView.apply() of a whole table drops everything that it does not hold", () => {
  const view = new TopicView();
  view.apply(update(1, { whole: true, changed: [entry("A", [0])] }));
  view.apply(update(7, { whole: true, changed: [entry("C", [0])] }));
  assertEquals(view.get("A"), undefined);
  assertEquals(view.queueOf(0)?.entry.topic, "C");
  assertEquals(view.version, 7);
});

Deno.test("TopicView.apply() gives a slot that changes hands in one update to its new owner", () => {
  const view = new TopicView();
  view.apply(update(1, { whole: true, changed: [entry("A", [0])] }));
  view.apply(update(2, { removed: ["A"], changed: [entry("B", [0])] }));
  assertEquals(view.queueOf(0)?.entry.topic, "B");
});
