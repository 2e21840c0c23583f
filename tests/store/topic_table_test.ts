import { assertEquals, assertThrows } from "@std/assert";
import { AttributeError } from "../../store/topic_attributes.ts";
import { topicConfigOf, TopicTable } from "../../store/topic_table.ts";

const VERSION = { stateVersion: 0, timestamp: 1, counter: 0 };
const SEND = { topic: "T", defaultTopic: "TBW102", queueNums: 4, topicSysFlag: 0, autoCreate: true };

function table(): TopicTable {
  const topics = new TopicTable(VERSION);
  topics.place(topicConfigOf("TBW102", 8, 7));
  return topics;
}

Deno.test("TopicTable.createForSend() inherits permission and takes the smaller queue count", () => {
  const topics = table();
  const { config, created } = topics.createForSend(SEND, 5);
  assertEquals(created, true);
  assertEquals(config, topicConfigOf("T", 4, 6));
  assertEquals(topics.createForSend({ ...SEND, topic: "U", queueNums: 99 }, 6).config?.writeQueueNums, 8);
  assertEquals(topics.createForSend({ ...SEND, topic: "V", queueNums: -1 }, 6).config?.readQueueNums, 0);
  assertEquals(topics.version, { stateVersion: 0, timestamp: 6, counter: 3 });
});

Deno.test("TopicTable.createForSend() returns what is there without a new version", () => {
  const topics = table();
  topics.createForSend(SEND, 5);
  assertEquals(topics.createForSend({ ...SEND, queueNums: 8 }, 9).created, false);
  assertEquals(topics.version.counter, 1);
});

Deno.test("TopicTable.createForSend() creates nothing when the default topic is missing or not inheritable", () => {
  const topics = table();
  topics.place(topicConfigOf("NoInherit", 4, 6));
  assertEquals(topics.createForSend({ ...SEND, defaultTopic: "Nobody" }, 5).config, undefined);
  assertEquals(topics.createForSend({ ...SEND, defaultTopic: "NoInherit" }, 5).config, undefined);
  assertEquals(topics.has("T"), false);
});

Deno.test("TopicTable.createForSend() takes the inherit bit off TBW102 when auto-creation is off", () => {
  const topics = table();
  assertEquals(topics.createForSend({ ...SEND, autoCreate: false }, 5).config, undefined);
  assertEquals(topics.get("TBW102")?.perm, 6);
});

Deno.test("TopicTable.createFixed() creates once and then only corrects the order flag", () => {
  const topics = table();
  const request = { topic: "%RETRY%g", queueNums: 1, perm: 6, order: false, topicSysFlag: 2 };
  assertEquals(topics.createFixed(request, 5).changed, true);
  assertEquals(topics.createFixed(request, 6).changed, false);
  const { config, changed } = topics.createFixed({ ...request, order: true, queueNums: 9 }, 7);
  assertEquals([changed, config.order, config.readQueueNums, config.topicSysFlag], [true, true, 1, 2]);
});

Deno.test("TopicTable.update() applies signed attributes and drops none that are not named", () => {
  const topics = table();
  const config = topicConfigOf("T", 2, 6);
  topics.update({ ...config, attributes: new Map([["+message.type", "FIFO"]]) }, 5);
  topics.update({ ...config, readQueueNums: 3, attributes: new Map() }, 6);
  assertEquals(topics.get("T")?.attributes, new Map([["message.type", "FIFO"]]));
  topics.update({ ...config, attributes: new Map([["-message.type", ""]]) }, 7);
  assertEquals(topics.get("T")?.attributes.size, 0);
});

Deno.test("TopicTable.update() changes nothing when an attribute is refused", () => {
  const topics = table();
  const config = { ...topicConfigOf("T", 2, 6), attributes: new Map([["+no.such", "x"]]) };
  assertThrows(() => topics.update(config, 5), AttributeError, "unsupported key: no.such");
  assertEquals(topics.has("T"), false);
  assertEquals(topics.version, VERSION);
});

Deno.test("TopicTable.isUnchanged() compares every field and never with attributes", () => {
  const topics = table();
  const config = topicConfigOf("T", 2, 6);
  topics.update(config, 5);
  assertEquals(topics.isUnchanged(config), true);
  for (
    const other of [
      { readQueueNums: 3 },
      { writeQueueNums: 3 },
      { perm: 4 },
      { order: true },
      { topicSysFlag: 1 },
      { topicFilterType: "MULTI_TAG" },
      { attributes: new Map([["+message.type", "NORMAL"]]) },
      { topicName: "Other" },
    ]
  ) assertEquals(topics.isUnchanged({ ...config, ...other }), false, JSON.stringify(other));
});

Deno.test("TopicTable.remove() moves the version only when the topic was there", () => {
  const topics = table();
  assertEquals(topics.remove("T", 5), false);
  assertEquals(topics.remove("TBW102", 6), true);
  assertEquals(topics.version, { stateVersion: 0, timestamp: 6, counter: 1 });
});

Deno.test("TopicTable.markOrdered() marks known topics once and moves the version once", () => {
  const topics = table();
  topics.place(topicConfigOf("A", 1, 6));
  topics.place(topicConfigOf("B", 1, 6));
  assertEquals(topics.markOrdered(["A", "B", "Nobody"], 5).map(({ topicName }) => topicName), ["A", "B"]);
  assertEquals(topics.version.counter, 1);
  assertEquals(topics.markOrdered(["A"], 6), []);
});
