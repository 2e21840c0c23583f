import { assertEquals, assertThrows } from "@std/assert";
import { defaultSubscriptionGroup } from "../../protocol/subscription_group.ts";
import { SubscriptionGroups } from "../../store/subscription_groups.ts";
import { AttributeError } from "../../store/topic_attributes.ts";

const VERSION = { stateVersion: 0, timestamp: 1, counter: 0 };
const ON = { autoCreate: true, createSystemGroups: true };
const OFF = { autoCreate: false, createSystemGroups: false };

Deno.test("SubscriptionGroups.find() creates a group with RocketMQ's defaults when it may", () => {
  const groups = new SubscriptionGroups(VERSION);
  const { config, created } = groups.find("g", ON, 5);
  assertEquals(created, true);
  assertEquals([config?.retryMaxTimes, config?.retryQueueNums, config?.consumeEnable, config?.brokerId], [
    16,
    1,
    true,
    0,
  ]);
  assertEquals(groups.find("g", OFF, 6), { config, created: false });
  assertEquals(groups.version, { stateVersion: 0, timestamp: 5, counter: 1 });
});

Deno.test("SubscriptionGroups.find() creates nothing when it may not or the name is bad", () => {
  const groups = new SubscriptionGroups(VERSION);
  assertEquals(groups.find("g", OFF, 5).config, undefined);
  assertEquals(groups.find("bad name", ON, 5).config, undefined);
  assertEquals(groups.find("CID_RMQ_SYS_x", { ...OFF, createSystemGroups: true }, 5).created, true);
  assertEquals(groups.find("g", { ...OFF, createSystemGroups: true }, 5).created, false);
});

Deno.test("SubscriptionGroups.update() refuses attributes, which groups do not have", () => {
  const groups = new SubscriptionGroups(VERSION);
  const config = { ...defaultSubscriptionGroup("g"), attributes: new Map([["+x", "y"]]) };
  assertThrows(() => groups.update(config, 5), AttributeError);
  assertEquals(groups.has("g"), false);
});

Deno.test("SubscriptionGroups.remove() also forgets what the group must not read", () => {
  const groups = new SubscriptionGroups(VERSION);
  groups.update(defaultSubscriptionGroup("g"), 5);
  groups.setReadable("g", "T", false, 6);
  assertEquals([groups.remove("g", 7), groups.remove("g", 8)], [true, false]);
  assertEquals(groups.mayRead("g", "T"), true);
  assertEquals(groups.version.counter, 3);
});

Deno.test("SubscriptionGroups.setReadable() sets and clears the read bit", () => {
  const groups = new SubscriptionGroups(VERSION);
  groups.setReadable("g", "T", false, 5);
  groups.setReadable("g", "U", false, 5);
  assertEquals([groups.mayRead("g", "T"), groups.forbiddenTopicsOf("g")], [false, ["T", "U"]]);
  assertEquals(groups.forbidden().get("g")?.get("T"), 4);
  // RocketMQ drops the whole group with the last bit of one topic.
  groups.setReadable("g", "T", true, 6);
  assertEquals([groups.mayRead("g", "T"), groups.mayRead("g", "U")], [true, true]);
});

Deno.test("SubscriptionGroups.replace() leaves nothing of the table before", () => {
  const groups = new SubscriptionGroups(VERSION);
  groups.update(defaultSubscriptionGroup("old"), 5);
  groups.replace([defaultSubscriptionGroup("new")], [["new", new Map([["T", 4]])]], { ...VERSION, counter: 9 });
  assertEquals([groups.has("old"), groups.has("new"), groups.mayRead("new", "T"), groups.version.counter], [
    false,
    true,
    false,
    9,
  ]);
});
