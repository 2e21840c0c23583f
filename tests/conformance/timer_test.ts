/** Exact times of delivery: what a broker answers, when it delivers, what it stores. Each expectation holds for Apache RocketMQ 5.4.0. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { decodeProperties } from "../../protocol/properties.ts";
import { decodeRecallHandle } from "../../protocol/recall_handle.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { decodeTimerCheckpoint } from "../../store/timer/timer_checkpoint.ts";
import { createTopic, pullStored, send } from "./broker_requests.ts";
import { Collector, fresh, producerOn, topicOn } from "./client_kit.ts";
import { expectAnswer } from "./expect_answer.ts";
import { RawClient } from "./raw_client.ts";
import { conformanceSuite } from "./suite.ts";

const test = conformanceSuite({
  clients: [],
  broker: { timerWheelEnable: "true", recallMessageEnable: "true" },
});

let keys = 0;
const properties = (name: string, value: string): string =>
  `UNIQ_KEY\x01TIMER${++keys}\x02WAIT\x01true\x02${name}\x01${value}\x02`;

const ILLEGAL =
  "timer message illegal, the delay time should not be bigger than the max delay 259200000ms; or if set del msg, the delay time should be bigger than the current time";

test("A timer message is answered with a recall handle, a wrong one is refused", [], async ({ target }) => {
  const topic = fresh("TimerAnswers");
  await createTopic(target, topic);
  using broker = await RawClient.connect(target.broker);
  const dueMs = Date.now() + 3_600_500;
  const answer = await send(broker, topic, "timed", { properties: properties("TIMER_DELIVER_MS", String(dueMs)) });
  expectAnswer("timed", answer, { code: 0, ext: { queueId: "0" } });
  const handle = decodeRecallHandle(answer.ext.recallHandle!);
  const slotMs = (Math.ceil(dueMs / 1000) - 1) * 1000;
  assertEquals(handle, {
    topic,
    brokerName: target.brokerName,
    deliverMs: slotMs + 1,
    messageId: answer.ext.transactionId!,
  });
  for (const [name, value] of [["TIMER_DELAY_SEC", "259300"], ["TIMER_DELAY_MS", "soon"]] as const) {
    const refused = await send(broker, topic, "refused", { properties: properties(name, value) });
    expectAnswer(`${name}=${value}`, refused, { code: 13, remark: ILLEGAL });
  }
  const past = await send(broker, topic, "past", { properties: properties("TIMER_DELIVER_MS", "1700000000000") });
  assertEquals([past.code, past.ext.recallHandle], [0, undefined]);
  const [record] = await pullStored(broker, topic);
  assertEquals(new TextDecoder().decode(record!.body), "past");
});

test("Timer messages come at their time, once, with what they were sent with", [], async ({ target }) => {
  const topic = await topicOn(target, 1, "+message.type=DELAY");
  await using producer = await producerOn(target);
  await using collector = new Collector(target);
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  const sentMs = Date.now();
  const due = new Map([["at", sentMs + 4_000], ["sec", sentMs + 2_000], ["ms", sentMs + 3_300]]);
  await producer.send({ topic, body: "at", tags: "TagA", keys: ["k"], deliverTimeMs: due.get("at")! });
  await producer.send({ topic, body: "sec", delayTimeSec: 2 });
  await producer.send({ topic, body: "ms", delayTimeMs: 3_300 });
  await collector.count(3, 60_000);
  assertEquals(collector.bodies[0], "sec");
  for (const message of collector.messages) {
    const earlyMs = due.get(message.bodyText)! - message.storeTimestamp;
    assert(earlyMs <= 0, `"${message.bodyText}" came ${earlyMs} ms early`);
  }
  using broker = await RawClient.connect(target.broker);
  const records = await pullStored(broker, topic, { count: 3 });
  assertEquals(records.length, 3);
  for (const record of records) {
    const stored = decodeProperties(record.properties);
    assertEquals([stored.get("REAL_TOPIC"), stored.get("REAL_QID")], [topic, "0"]);
    for (const name of ["TIMER_OUT_MS", "TIMER_ENQUEUE_MS", "TIMER_DEQUEUE_MS"]) {
      assertMatch(stored.get(name) ?? "", /^\d{13}$/);
    }
  }
});

test("A recalled message never comes", [], async ({ target }) => {
  const topic = await topicOn(target, 1, "+message.type=DELAY");
  await using producer = await producerOn(target);
  await using collector = new Collector(target);
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  const dueMs = Math.ceil(Date.now() / 1000) * 1000 + 4_500;
  const recalled = await producer.send({ topic, body: "recalled", deliverTimeMs: dueMs });
  await producer.send({ topic, body: "kept", deliverTimeMs: dueMs });
  await producer.send({ topic, body: "last", deliverTimeMs: dueMs + 2_000 });
  assertEquals(await producer.recallMessage(topic, recalled.recallHandle!), recalled.msgId);
  await collector.count(2, 60_000);
  assertEquals(collector.bodies, ["kept", "last"]);
});

test("Recalls are refused with the same codes and texts", [], async ({ target }) => {
  const topic = fresh("TimerRecalls");
  await createTopic(target, topic);
  using broker = await RawClient.connect(target.broker);
  const recall = (recallHandle: string): ReturnType<RawClient["call"]> =>
    broker.call(RequestCode.RECALL_MESSAGE, { topic, recallHandle, producerGroup: "pg" });
  const handleOf = (words: string): string => btoa(words).replaceAll("+", "-").replaceAll("/", "_");
  const cases: [handle: string, remark: string][] = [
    ["rubbish!", "recall handle is invalid"],
    [handleOf("v2 a b 1 c"), "recall handle is invalid"],
    [handleOf(`v1 other ${target.brokerName} 1 c`), "recall failed, topic not match"],
    [handleOf(`v1 ${topic} other 1 c`), "recall failed, broker service not available"],
    [handleOf(`v1 ${topic} ${target.brokerName} 1 c`), "recall failed, timestamp invalid"],
  ];
  for (const [handle, remark] of cases) expectAnswer(remark, await recall(handle), { code: 604, remark });
});

test("The timer checkpoint and counts are given out", [], async ({ target }) => {
  using broker = await RawClient.connect(target.broker);
  const checkpoint = await broker.call(RequestCode.GET_TIMER_CHECK_POINT, {});
  assertEquals([checkpoint.code, checkpoint.body.length], [0, 56]);
  assert(decodeTimerCheckpoint(checkpoint.body).queueOffset >= 0);
  const metrics = await broker.call(RequestCode.GET_TIMER_METRICS, {});
  assertEquals(metrics.code, 0);
  assert("timingCount" in JSON.parse(new TextDecoder().decode(metrics.body)));
});
