import { assertEquals } from "@std/assert";
import { groupNameFault, SystemTopics, topicNameFault } from "../../store/topic_names.ts";

const ILLEGAL = "contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$";

/** Rows: a topic and what is wrong with it. */
const TOPICS: readonly [string, string | undefined][] = [
  ["Topic_1-a|b%", undefined],
  ["", "The specified topic is blank."],
  ["   ", "The specified topic is blank."],
  ["bad name", `The specified topic: bad name, ${ILLEGAL}`],
  ["bäd", `The specified topic: bäd, ${ILLEGAL}`],
  ["a.b", `The specified topic: a.b, ${ILLEGAL}`],
  ["x".repeat(127), undefined],
  ["x".repeat(128), `The specified topic: ${"x".repeat(128)}, is longer than topic max length: 127`],
  [`%RETRY%${"x".repeat(248)}`, undefined],
  [
    `%DLQ%${"x".repeat(251)}`,
    `The specified topic is DLQ or Retry topic: %DLQ%${"x".repeat(251)}, and it's longer than topic max length: 255`,
  ],
];

for (const [topic, fault] of TOPICS) {
  Deno.test(`topicNameFault() ${fault === undefined ? "accepts" : "refuses"} "${topic.slice(0, 20)}" of ${topic.length} characters`, () => {
    assertEquals(topicNameFault(topic), fault);
  });
}

Deno.test("topicNameFault() calls a missing topic blank", () => {
  assertEquals(topicNameFault(undefined), "The specified topic is blank.");
});

Deno.test("groupNameFault() refuses blank, illegal and long names", () => {
  assertEquals(groupNameFault("g".repeat(120)), undefined);
  assertEquals(groupNameFault(""), "The specified group is blank.");
  assertEquals(groupNameFault("a b"), `The specified group: a b, ${ILLEGAL}`);
  assertEquals(
    groupNameFault("g".repeat(121)),
    `The specified group: ${"g".repeat(121)}, is longer than group max length: 120`,
  );
});

Deno.test("SystemTopics.has() knows fixed names, added names and the system prefix", () => {
  const topics = new SystemTopics();
  topics.add("DefaultCluster");
  for (const topic of ["TBW102", "SCHEDULE_TOPIC_XXXX", "DefaultCluster", "rmq_sys_anything"]) {
    assertEquals(topics.has(topic), true, topic);
  }
  assertEquals(topics.has("T"), false);
});
