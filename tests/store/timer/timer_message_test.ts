import { assert, assertEquals } from "@std/assert";
import { encodeHost } from "../../../protocol/host.ts";
import { decodeRecord } from "../../../protocol/record.ts";
import { encodeNewMessage, type NewMessage, redirectDelayed } from "../../../store/new_message.ts";
import {
  isRecalled,
  readTimer,
  redirectTimer,
  slotTime,
  TIMER_TOPIC,
  toDequeued,
  toRecall,
} from "../../../store/timer/timer_message.ts";

const NOW = 1_795_254_802_345;
const HOST = encodeHost("127.0.0.1:10911");
const RULES = { timerWheelEnable: true, timerMaxDelaySec: 259_200, timerPrecisionMs: 1000 };

function message(...properties: [string, string][]): NewMessage {
  return {
    topic: "Orders",
    queueId: 3,
    body: new TextEncoder().encode("body"),
    flag: 9,
    sysFlag: 1,
    properties: new Map([["UNIQ_KEY", "U1"], ...properties]),
    bornTimestamp: NOW - 5,
    bornHost: HOST,
    storeHost: HOST,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
  };
}

function outOf(...properties: [string, string][]): string | undefined {
  const redirected = redirectTimer(message(...properties), RULES, NOW);
  if ("refused" in redirected) return redirected.refused;
  return redirected.topic === TIMER_TOPIC ? redirected.properties.get("TIMER_OUT_MS") : "stored";
}

Deno.test("redirectTimer() files a message under the slot that is over at its time", () => {
  const cases: [property: string, value: string, out: string | undefined][] = [
    ["TIMER_DELAY_SEC", "2", "1795254804000"],
    ["TIMER_DELAY_MS", "655", "1795254802000"],
    ["TIMER_DELAY_MS", "656", "1795254803000"],
    ["TIMER_DELIVER_MS", "1795254805000", "1795254804000"],
    ["TIMER_DELIVER_MS", "1795254805001", "1795254805000"],
    ["TIMER_DELIVER_MS", String(NOW), "stored"],
    ["TIMER_DELIVER_MS", "0", "stored"],
    ["TIMER_DELAY_SEC", "-1", "stored"],
    ["TIMER_DELAY_SEC", "259200", "1795514002000"],
    ["TIMER_DELAY_SEC", "259201", "illegal"],
    ["TIMER_DELAY_SEC", "soon", "illegal"],
    ["TIMER_DELIVER_MS", "", "illegal"],
  ];
  for (const [name, value, out] of cases) assertEquals(outOf([name, value]), out, `${name}=${value}`);
  assertEquals(slotTime(1000, 100), 900);
});

Deno.test("redirectTimer() keeps where the message belongs, and leaves alone what asks for no time", () => {
  const redirected = redirectTimer(message(["TIMER_DELAY_SEC", "9"]), RULES, NOW);
  assert(!("refused" in redirected));
  assertEquals([redirected.topic, redirected.queueId], [TIMER_TOPIC, 0]);
  assertEquals([redirected.properties.get("REAL_TOPIC"), redirected.properties.get("REAL_QID")], ["Orders", "3"]);
  assertEquals(outOf(), "stored");
  assertEquals(outOf(["TIMER_DELAY_SEC", "9"], ["TIMER_OUT_MS", "1"]), "stored");
  assertEquals(outOf(["TIMER_DELAY_SEC", "9"], ["DELAY", "3"]), "stored");
  assertEquals(outOf(["TIMER_DELIVER_MS", "1"], ["TIMER_DEL_UNIQKEY", "U"]), "illegal");
  const off = { ...RULES, timerWheelEnable: false };
  assertEquals(redirectTimer(message(["TIMER_DELAY_SEC", "9"]), off, NOW), { refused: "disabled" });
});

Deno.test("redirectDelayed() takes the exact time off a message that has a level too", () => {
  const delayed = redirectDelayed(message(["TIMER_DELAY_SEC", "9"], ["DELAY", "3"]), 18);
  assertEquals([delayed.topic, delayed.properties.has("TIMER_DELAY_SEC")], ["SCHEDULE_TOPIC_XXXX", false]);
});

Deno.test("toDequeued() gives a message back to its queue, or rolls it on", () => {
  const redirected = redirectTimer(message(["TIMER_DELAY_SEC", "9"]), RULES, NOW);
  assert(!("refused" in redirected));
  const timer = readTimer(decodeRecord(encodeNewMessage(redirected)))!;
  assertEquals([timer.outMs, timer.realTopic, timer.recalls], [1_795_254_811_000, "Orders", undefined]);
  const { message: out, text } = toDequeued(timer, "17", false, NOW + 9000);
  assertEquals([out.topic, out.queueId, out.flag, out.sysFlag, out.bornTimestamp], ["Orders", 3, 9, 1, NOW - 5]);
  assert(text.includes("TIMER_ENQUEUE_MS\u000117\u0002"));
  assert(text.includes(`TIMER_DEQUEUE_MS\u0001${NOW + 9000}\u0002`));
  assert(!text.includes("TIMER_ROLL_TIMES"));
  const once = toDequeued(timer, "17", true, NOW);
  assertEquals([once.message.topic, once.message.queueId], [TIMER_TOPIC, 0]);
  const twice = toDequeued(readTimer(decodeRecord(encodeNewMessage(once.message)))!, "17", true, NOW);
  assert(twice.text.includes("TIMER_ROLL_TIMES\u00012\u0002"));
});

Deno.test("toRecall() names a message in both spellings", () => {
  const redirected = redirectTimer(message(["TIMER_DELAY_SEC", "9"]), RULES, NOW);
  assert(!("refused" in redirected));
  const timer = readTimer(decodeRecord(encodeNewMessage(redirected)))!;
  for (const key of ["U1", "Orders+U1"]) {
    const parts = { topic: "Orders", uniqueId: "U1", key, deliverMs: timer.outMs + 1, producerGroup: "pg" };
    const recall = redirectTimer(toRecall({ ...parts, bornHost: HOST, storeHost: HOST }, NOW), RULES, NOW);
    assert(!("refused" in recall));
    assertEquals(recall.properties.get("TIMER_OUT_MS"), String(timer.outMs));
    const recalls = readTimer(decodeRecord(encodeNewMessage(recall)))!.recalls!;
    assertEquals(isRecalled(timer, new Set([recalls])), key);
  }
  assertEquals(isRecalled(timer, new Set(["U2"])), undefined);
});

Deno.test("readTimer() refuses what is no timer message", () => {
  assertEquals(readTimer(decodeRecord(encodeNewMessage({ ...message(), topic: TIMER_TOPIC }))), undefined);
  assertEquals(readTimer(decodeRecord(encodeNewMessage(message(["TIMER_OUT_MS", "5"])))), undefined);
});
