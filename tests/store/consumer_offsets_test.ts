import { assertEquals } from "@std/assert";
import { COMMITS_PER_VERSION, ConsumerOffsets, splitOffsetKey } from "../../store/consumer_offsets.ts";

function offsets(): ConsumerOffsets {
  return new ConsumerOffsets({ stateVersion: 0, timestamp: 1, counter: 0 });
}

Deno.test("ConsumerOffsets.query() returns the last commit, also one that went back, and -1 for none", () => {
  const table = offsets();
  assertEquals(table.query("g", "T", 0), -1);
  table.commit("g", "T", 0, 9, 5);
  table.commit("g", "T", 0, 4, 6);
  assertEquals(table.query("g", "T", 0), 4);
  assertEquals(table.query("g", "T", 1), -1);
});

Deno.test("ConsumerOffsets.version moves every 500 commits", () => {
  const table = offsets();
  for (let i = 0; i < COMMITS_PER_VERSION - 1; i++) table.commit("g", "T", 0, i, 5);
  assertEquals(table.version.counter, 0);
  table.commit("g", "T", 0, 1, 7);
  assertEquals(table.version, { stateVersion: 0, timestamp: 7, counter: 1 });
});

Deno.test("ConsumerOffsets.reset() answers queries and stays until it is taken", () => {
  const table = offsets();
  table.commit("g", "T", 0, 9, 5);
  assertEquals(table.reset("g", "T", 0, 2), true);
  table.commit("g", "T", 0, 10, 6);
  assertEquals(table.query("g", "T", 0), 2);
  assertEquals(table.hasReset("g", "T", 0), true);
  assertEquals(table.resets(), [{ group: "g", topic: "T", queueId: 0, offset: 2 }]);
  assertEquals(table.takeReset("g", "T", 0), 2);
  assertEquals(table.takeReset("g", "T", 0), undefined);
  assertEquals(table.query("g", "T", 0), 10);
});

Deno.test("ConsumerOffsets.reset() refuses negative queues and offsets and empty names", () => {
  const table = offsets();
  assertEquals(
    [
      table.reset("g", "T", -1, 0),
      table.reset("g", "T", 0, -1),
      table.reset("", "T", 0, 0),
      table.reset("g", "", 0, 0),
    ],
    [false, false, false, false],
  );
  assertEquals(table.dirty, false);
});

Deno.test("ConsumerOffsets.queryPulled() falls back to the commit", () => {
  const table = offsets();
  table.commit("g", "T", 0, 3, 5);
  assertEquals(table.queryPulled("g", "T", 0), 3);
  table.commitPulled("g", "T", 0, 7);
  assertEquals([table.queryPulled("g", "T", 0), table.query("g", "T", 0)], [7, 3]);
});

Deno.test("ConsumerOffsets.topicsOf() and groupsOf() do not mix up names that contain each other", () => {
  const table = offsets();
  table.commit("g", "T", 0, 1, 5);
  table.commit("gg", "TT", 0, 1, 5);
  table.commit("g", "TT", 0, 1, 5);
  assertEquals(table.topicsOf("g"), ["T", "TT"]);
  assertEquals(table.groupsOf("TT"), ["gg", "g"]);
  table.removeGroup("g");
  assertEquals([table.topicsOf("g"), table.topicsOf("gg")], [[], ["TT"]]);
  table.removeTopic("T");
  assertEquals(table.groupsOf("TT"), ["gg"]);
});

Deno.test("ConsumerOffsets.clone() copies offsets so that they move apart", () => {
  const table = offsets();
  table.commit("a", "T", 0, 3, 5);
  table.clone("a", "b", "T");
  table.clone("nobody", "b", "T");
  table.commit("a", "T", 0, 8, 6);
  assertEquals(table.query("b", "T", 0), 3);
});

Deno.test("ConsumerOffsets.dirty tells of every change since the last save", () => {
  const table = offsets();
  table.commit("g", "T", 0, 1, 5);
  assertEquals(table.dirty, true);
  table.markSaved();
  assertEquals(table.dirty, false);
  table.removeTopic("Nobody");
  assertEquals(table.dirty, false);
  table.removeTopic("T");
  assertEquals(table.dirty, true);
});

Deno.test("splitOffsetKey() takes exactly one separator", () => {
  assertEquals(splitOffsetKey("T@g"), { topic: "T", group: "g" });
  for (const key of ["T", "@g", "T@", "T@g@h", ""]) assertEquals(splitOffsetKey(key), undefined, key);
});
