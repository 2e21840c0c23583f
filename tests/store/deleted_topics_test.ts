import { assertEquals, assertThrows } from "@std/assert";
import { DeletedTopics } from "../../store/deleted_topics.ts";
import { FaultyDisk } from "../../store/file/faulty_disk.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";
import { recoverStore, type RecoveryResult } from "../../store/recovery.ts";
import { testOnDisks } from "./file/disks.ts";
import { buildStore, recoveryOptions } from "./store_builder.ts";

function boundsOf(result: RecoveryResult): string[] {
  return result.queues.map(({ topic, queueId, minOffset, maxOffset }) =>
    `${topic}/${queueId} ${minOffset} ${maxOffset}`
  ).sort();
}

testOnDisks("DeletedTopics.add() is remembered by the next start", ({ disk, root }) => {
  const path = `${root}/ringmq.deleted`;
  DeletedTopics.open(disk, path).add(["A", "__proto__"], 700);
  DeletedTopics.open(disk, path).add(["A"], 900);
  const again = DeletedTopics.open(disk, path);
  assertEquals([again.below("A"), again.below("__proto__"), again.below("B"), again.size], [900, 700, 0, 2]);
});

Deno.test("DeletedTopics.fit() drops what has left the log and lowers what lies behind its end", () => {
  const disk = new MemoryDisk();
  const topics = DeletedTopics.open(disk, "/d");
  for (const [topic, position] of [["old", 100], ["kept", 200], ["ahead", 900]] as const) topics.add([topic], position);
  assertEquals(topics.fit({ min: 100, end: 500 }), true);
  assertEquals([topics.below("old"), topics.below("kept"), topics.below("ahead")], [0, 200, 500]);
  assertEquals(topics.fit({ min: 100, end: 500 }), false);
});

Deno.test("DeletedTopics.add() remembers nothing when the disk refuses", () => {
  const disk = new FaultyDisk();
  const topics = DeletedTopics.open(disk, "/d");
  topics.add(["A"], 1);
  disk.plan = ({ kind }) => kind === "write" ? { code: "NO_SPACE" } : undefined;
  assertThrows(() => topics.add(["A", "B"], 2));
  assertEquals([topics.below("A"), topics.below("B")], [1, 0]);
});

Deno.test("DeletedTopics.open() refuses what it does not understand", () => {
  const disk = new MemoryDisk();
  for (const text of ["{", "7", '{"topics":{"A":-1}}', '{"topics":{"A":"x"}}', '{"version":1}']) {
    disk.writeFile("/d", new TextEncoder().encode(text));
    assertThrows(() => DeletedTopics.open(disk, "/d"), Error, "Cannot read deleted topics", text);
  }
});

testOnDisks("recoverStore() makes no queue for records of a deleted topic", ({ disk, root }) => {
  const store = buildStore(disk, root, { count: 40, isDispatched: false });
  const position = store.records[30]!.position;
  DeletedTopics.open(disk, store.paths.deletedTopics).add(["TopicA"], position);
  assertEquals(boundsOf(recoverStore(recoveryOptions(disk, store.paths))), [
    "TopicA/0 8 10",
    "TopicA/1 8 10",
    "TopicB/0 0 10",
    "TopicB/1 0 10",
  ]);
});

testOnDisks("recoverStore() finishes the removal of a deleted topic's queues", ({ disk, root }) => {
  const store = buildStore(disk, root, { count: 40 });
  DeletedTopics.open(disk, store.paths.deletedTopics).add(["TopicA"], store.logEnd);
  assertEquals(boundsOf(recoverStore(recoveryOptions(disk, store.paths))), ["TopicB/0 0 10", "TopicB/1 0 10"]);
  assertEquals(disk.list(store.paths.consumeQueue), ["TopicB"]);
  assertEquals(boundsOf(recoverStore(recoveryOptions(disk, store.paths))), ["TopicB/0 0 10", "TopicB/1 0 10"]);
});
