import { assertEquals, assertStrictEquals } from "@std/assert";
import { decodeProperties } from "../../protocol/properties.ts";
import { decodeRecord } from "../../protocol/record.ts";
import {
  delayLevelOfMessage,
  encodeNewMessage,
  isTimerMessage,
  type NewMessage,
  redirectDelayed,
} from "../../store/new_message.ts";

function message(properties: Record<string, string>): NewMessage {
  return {
    topic: "TopicTest",
    queueId: 3,
    body: new Uint8Array([1, 2, 3]),
    flag: 9,
    sysFlag: 1,
    properties: new Map(Object.entries(properties)),
    bornTimestamp: 5,
    bornHost: new Uint8Array(8),
    storeHost: new Uint8Array(8),
    reconsumeTimes: 2,
    preparedTransactionOffset: 0,
  };
}

Deno.test("redirectDelayed() leaves a message without a delay level as it is", () => {
  for (const properties of [{}, { DELAY: "0" }, { DELAY: "-1" }, { DELAY: "x" }, { DELAY: "1.5" }]) {
    const asked = message(properties as Record<string, string>);
    assertStrictEquals(redirectDelayed(asked, 18), asked);
  }
});

Deno.test("redirectDelayed() stores topic and queue in properties, and takes the queue of the level", () => {
  const delayed = redirectDelayed(message({ TAGS: "a", DELAY: "3" }), 18);
  assertEquals([delayed.topic, delayed.queueId], ["SCHEDULE_TOPIC_XXXX", 2]);
  assertEquals([...delayed.properties], [
    ["TAGS", "a"],
    ["DELAY", "3"],
    ["REAL_TOPIC", "TopicTest"],
    ["REAL_QID", "3"],
  ]);
});

Deno.test("redirectDelayed() clips a level to the largest", () => {
  const delayed = redirectDelayed(message({ DELAY: "99" }), 18);
  assertEquals(delayed.queueId, 17);
  assertEquals(delayed.properties.get("DELAY"), "18");
});

Deno.test("isTimerMessage() sees each timer property, unless a delay level wins", () => {
  for (const name of ["TIMER_DELIVER_MS", "TIMER_DELAY_MS", "TIMER_DELAY_SEC"]) {
    assertEquals(isTimerMessage(new Map([[name, "5"]])), true, name);
    assertEquals(isTimerMessage(new Map([[name, "5"], ["DELAY", "1"]])), false, name);
  }
  assertEquals(isTimerMessage(new Map([["KEYS", "5"]])), false);
  assertEquals(delayLevelOfMessage(new Map([["DELAY", "4"]])), 4);
});

Deno.test("encodeNewMessage() makes a record of everything that the message says", () => {
  const record = decodeRecord(encodeNewMessage(message({ TAGS: "a", KEYS: "k1 k2" })));
  assertEquals([record.topic, record.queueId, record.flag, record.sysFlag], ["TopicTest", 3, 9, 1]);
  assertEquals([record.bornTimestamp, record.reconsumeTimes, record.preparedTransactionOffset], [5, 2, 0]);
  assertEquals([...record.body], [1, 2, 3]);
  assertEquals([...decodeProperties(record.properties)], [["TAGS", "a"], ["KEYS", "k1 k2"]]);
  assertEquals([record.queueOffset, record.physicalOffset, record.storeTimestamp], [0, 0, 0]);
  assertEquals(decodeRecord(encodeNewMessage(message({}), "X\x01Y\x02")).properties, "X\x01Y\x02");
});
