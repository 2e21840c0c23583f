/** What a broker answers to sends, good and bad. Each expectation was read from Apache RocketMQ 5.4.0. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { encodeBatchBody } from "../../protocol/batch_body.ts";
import { decodeProperties } from "../../protocol/properties.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { createTopic, pull, pullStored, queueNumber, send, sendFields } from "./broker_requests.ts";
import { expectAnswer } from "./expect_answer.ts";
import { RawClient } from "./raw_client.ts";
import { conformanceSuite } from "./suite.ts";

const BODY_BYTES_MAX = 65_536;
const test = conformanceSuite({ clients: [], broker: { maxMessageSize: String(BODY_BYTES_MAX) } });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("Send is answered with queue, offset and both ids", [], async ({ target }) => {
  await createTopic(target, "SendPlain");
  using broker = await RawClient.connect(target.broker);
  const first = await send(broker, "SendPlain", "one", {
    queueId: 2,
    properties: "KEYS\x01k1\x02TAGS\x01T\x02UNIQ_KEY\x01ABC\x02WAIT\x01true\x02",
  });
  expectAnswer("send", first, {
    code: 0,
    ext: { queueId: "2", queueOffset: "0", transactionId: "ABC", TRACE_ON: "true", MSG_REGION: "DefaultRegion" },
  });
  assertMatch(first.ext.msgId ?? "", /^7F000001[0-9A-F]{24}$/);
  const second = await send(broker, "SendPlain", "two", { queueId: 2 });
  expectAnswer("send without UNIQ_KEY", second, { code: 0, ext: { queueOffset: "1" } });
  const [, stored] = await pullStored(broker, "SendPlain", { queueId: 2, count: 2 });
  assertEquals(decodeProperties(stored!.properties).get("UNIQ_KEY"), second.ext.transactionId);
});

test("Send stores what it was given and adds region, trace switch and cluster", [], async ({ target }) => {
  await createTopic(target, "SendStored");
  using broker = await RawClient.connect(target.broker);
  await broker.call(RequestCode.SEND_MESSAGE_V2, {
    ...sendFields("SendStored", { properties: "TAGS\x01T\x02own\x01värde\x02UNIQ_KEY\x01U1" }),
    h: "7",
  }, "body");
  const [record] = await pullStored(broker, "SendStored");
  assertEquals(new TextDecoder().decode(record!.body), "body");
  assertEquals(record!.flag, 7);
  assertEquals(Number(record!.bornTimestamp), Date.UTC(2026, 0, 1));
  assertEquals(Object.fromEntries(decodeProperties(record!.properties)), {
    TAGS: "T",
    own: "värde",
    UNIQ_KEY: "U1",
    MSG_REGION: "DefaultRegion",
    TRACE_ON: "true",
    CLUSTER: target.clusterName,
  });
});

test("Send is served with long field names and on the fast port", [], async ({ target }) => {
  await createTopic(target, "SendNames");
  using broker = await RawClient.connect(target.broker);
  using fast = await RawClient.connect(target.brokerFast);
  const long = await broker.call(RequestCode.SEND_MESSAGE, {
    producerGroup: "g",
    topic: "SendNames",
    defaultTopic: "TBW102",
    defaultTopicQueueNums: "4",
    queueId: "1",
    sysFlag: "0",
    bornTimestamp: "1700000000000",
    flag: "7",
    properties: "",
    reconsumeTimes: "0",
    unitMode: "false",
    batch: "false",
  }, "long");
  expectAnswer("send by request 10", long, { code: 0, ext: { queueId: "1", queueOffset: "0" } });
  expectAnswer("send on the fast port", await send(fast, "SendNames", "fast", { queueId: 1 }), {
    code: 0,
    ext: { queueOffset: "1" },
  });
  expectAnswer("pull on the fast port", await pull(fast, "SendNames"), {
    code: 3,
    remark: " request type 11 not supported",
  });
});

test("Send accepts header values that are numbers and booleans, as ali-ons writes them", [], async ({ target }) => {
  await createTopic(target, "SendLoose");
  using broker = await RawClient.connect(target.broker);
  const fields: Record<string, unknown> = {
    ...sendFields("SendLoose"),
    d: 4,
    e: 0,
    f: 0,
    g: 1_700_000_000_000,
    h: 0,
    j: 0,
    k: false,
  };
  expectAnswer("loose send", await broker.call(RequestCode.SEND_MESSAGE_V2, fields as Record<string, string>, "x"), {
    code: 0,
  });
});

test("Send to a bad or long topic name is answered 29", [], async ({ target }) => {
  using broker = await RawClient.connect(target.broker);
  for (const name of ["bad name", "bad$name", "schön"]) {
    const remark = `The specified topic: ${name}, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$`;
    expectAnswer(`send to "${name}"`, await send(broker, name, "x"), { code: 29, remark });
  }
  expectAnswer("send to no name", await send(broker, "", "x"), { code: 29, remark: "The specified topic is blank." });
  const long = "a".repeat(128);
  const remark = `The specified topic: ${long}, is longer than topic max length: 127`;
  expectAnswer("send to 128 characters", await send(broker, long, "x"), { code: 29, remark });
  expectAnswer("send to 127 characters", await send(broker, "a".repeat(127), "x"), { code: 0 });
});

test("Send to a topic of the system is answered 16 where clients may not send", [], async ({ target }) => {
  using broker = await RawClient.connect(target.broker);
  for (
    const name of [
      "SCHEDULE_TOPIC_XXXX",
      "RMQ_SYS_TRANS_HALF_TOPIC",
      "RMQ_SYS_TRANS_OP_HALF_TOPIC",
      "SELF_TEST_TOPIC",
      "OFFSET_MOVED_EVENT",
      "TRANS_CHECK_MAX_TIME_TOPIC",
    ]
  ) {
    expectAnswer(`send to ${name}`, await send(broker, name, "x"), {
      code: 16,
      remark: `Sending message to topic[${name}] is forbidden.`,
    });
  }
  for (
    const name of ["TBW102", "BenchmarkTest", "broker-a", "DefaultCluster", "RMQ_SYS_TRACE_TOPIC", "%DLQ%SendSystem"]
  ) {
    expectAnswer(`send to ${name}`, await send(broker, name, "x"), { code: 0 });
  }
});

test("Send to an unknown topic creates it from the default topic, or is answered 17", [], async ({ target }) => {
  using broker = await RawClient.connect(target.broker);
  const remark = (topic: string): string =>
    `topic[${topic}] not exist, apply first please!\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.`;
  expectAnswer("unknown default topic", await send(broker, "SendAuto0", "x", { defaultTopic: "NoSuch" }), {
    code: 17,
    remark: remark("SendAuto0"),
  });
  expectAnswer("auto-created", await send(broker, "SendAuto1", "x"), { code: 0 });
  expectAnswer(
    "a default topic without the inherit permission",
    await send(broker, "SendAuto3", "x", { defaultTopic: "SendAuto1" }),
    { code: 17, remark: remark("SendAuto3") },
  );
  expectAnswer("auto-created, queue 7 of 4", await send(broker, "SendAuto2", "x", { queueId: 7 }), {
    code: 29,
    remark:
      /^request queueId\[7\] is illegal, TopicConfig \[topicName=SendAuto2, readQueueNums=4, writeQueueNums=4, perm=RW-, /,
  });
  expectAnswer("the topic is there nevertheless", await send(broker, "SendAuto2", "x", { queueId: 3 }), { code: 0 });
});

test("Send to a queue that does not exist is answered 29, to queue -1 the broker chooses", [], async ({ target }) => {
  await createTopic(target, "SendQueue");
  await createTopic(target, "SendQueue21", { queues: 2, writeQueues: 1 });
  using broker = await RawClient.connect(target.broker);
  for (const queueId of [4, 8, 2_147_483_647]) {
    const remark = new RegExp(
      `^request queueId\\[${queueId}\\] is illegal, TopicConfig \\[topicName=SendQueue, readQueueNums=4, writeQueueNums=4, perm=RW-, topicFilterType=SINGLE_TAG, topicSysFlag=0, order=false, attributes=\\{\\}\\] Producer: 127\\.0\\.0\\.1:\\d+$`,
    );
    expectAnswer(`queue ${queueId} of 4`, await send(broker, "SendQueue", "x", { queueId }), { code: 29, remark });
  }
  const chosen = await send(broker, "SendQueue", "x", { queueId: -1 });
  expectAnswer("queue -1", chosen, { code: 0 });
  assert(Number(chosen.ext.queueId) >= 0 && Number(chosen.ext.queueId) < 4);
  expectAnswer("queue 1 of 2 to read, 1 to write", await send(broker, "SendQueue21", "x", { queueId: 1 }), { code: 0 });
  expectAnswer("queue 2 of 2 to read, 1 to write", await send(broker, "SendQueue21", "x", { queueId: 2 }), {
    code: 29,
  });
});

test("Send with a body or properties over the limit is answered 13", [], async ({ target }) => {
  await createTopic(target, "SendSize");
  using broker = await RawClient.connect(target.broker);
  const remark =
    `the message is illegal, maybe msg body or properties length not matched. msg body length limit ${BODY_BYTES_MAX}B, msg properties length limit 32KB.`;
  expectAnswer("body at the limit", await send(broker, "SendSize", new Uint8Array(BODY_BYTES_MAX)), { code: 0 });
  expectAnswer("body over the limit", await send(broker, "SendSize", new Uint8Array(BODY_BYTES_MAX + 1)), {
    code: 13,
    remark,
  });
  expectAnswer("body far over the limit", await send(broker, "SendSize", new Uint8Array(3 * BODY_BYTES_MAX)), {
    code: 13,
    remark,
  });
  const properties = (length: number): string => `a\x01${"x".repeat(length - 3)}\x02`;
  expectAnswer("properties near the limit", await send(broker, "SendSize", "x", { properties: properties(32_500) }), {
    code: 0,
  });
  expectAnswer("properties over the limit", await send(broker, "SendSize", "x", { properties: properties(32_768) }), {
    code: 13,
    remark,
  });
  // The largest offset is that of the queue, which follows the log.
  await until(async () => await queueNumber(broker, RequestCode.GET_MAX_OFFSET, "SendSize", 0) === 2, {
    timeoutMs: 60_000,
    what: "both messages in the queue",
  });
});

test("Send that lacks a field or says nonsense is answered 1, and the connection lives on", [], async ({ target }) => {
  await createTopic(target, "SendBad");
  using broker = await RawClient.connect(target.broker);
  expectAnswer("no topic", await broker.call(RequestCode.SEND_MESSAGE_V2, { a: "g" }, "x"), { code: 1, remark: /./ });
  expectAnswer(
    "queue id x",
    await broker.call(RequestCode.SEND_MESSAGE_V2, { ...sendFields("SendBad"), e: "x" }, "x"),
    { code: 1, remark: /./ },
  );
  assertNotEquals((await send(broker, "SendBad", "")).code, 0, "empty body");
  expectAnswer("delay level x", await send(broker, "SendBad", "x", { properties: "DELAY\x01x\x02" }), {
    code: 1,
    remark: /./,
  });
  expectAnswer("a good one", await send(broker, "SendBad", "x"), { code: 0, ext: { queueOffset: "0" } });
});

test("Batch is answered with one id for each message and the first offset", [], async ({ target }) => {
  await createTopic(target, "SendBatch");
  using broker = await RawClient.connect(target.broker);
  const items = [1, 2, 3].map((n) => ({ flag: n, body: bytes(`b${n}`), properties: `UNIQ_KEY\x01U${n}\x02` }));
  await send(broker, "SendBatch", "before");
  const answer = await broker.call(
    RequestCode.SEND_BATCH_MESSAGE,
    { ...sendFields("SendBatch"), m: "true" },
    encodeBatchBody(items),
  );
  expectAnswer("batch", answer, { code: 0, ext: { queueId: "0", queueOffset: "1" } });
  const ids = (answer.ext.msgId ?? "").split(",");
  assertEquals(ids.length, 3);
  const records = await pullStored(broker, "SendBatch", { offset: 1, count: 3 });
  assertEquals(records.map((record) => new TextDecoder().decode(record.body)), ["b1", "b2", "b3"]);
  assertEquals(records.map((record) => record.flag), [1, 2, 3]);
  assertEquals(
    records.map((record) => Object.fromEntries(decodeProperties(record.properties))),
    ["U1", "U2", "U3"].map((key) => ({ UNIQ_KEY: key })),
  );
  assertEquals(
    records.map((record) => Number(BigInt(`0x${ids[records.indexOf(record)]!.slice(16)}`))),
    records.map((record) => Number(record.physicalOffset)),
  );
});

test("Batch to a retry topic is answered 13, a broken one 1", [], async ({ target }) => {
  await createTopic(target, "SendBatchBad");
  using broker = await RawClient.connect(target.broker);
  const body = encodeBatchBody([{ flag: 0, body: bytes("b"), properties: "" }]);
  const batch = (topic: string, content: Uint8Array | string): Promise<Parameters<typeof expectAnswer>[1]> =>
    broker.call(RequestCode.SEND_BATCH_MESSAGE, { ...sendFields(topic), m: "true" }, content);
  const group = "%RETRY%conformance_raw";
  expectAnswer("batch to a retry topic", await batch(group, body), {
    code: 13,
    remark: `batch request does not support retry group ${group}`,
  });
  expectAnswer("batch of garbage", await batch("SendBatchBad", "garbage!"), { code: 1, remark: /./ });
  assertNotEquals((await batch("SendBatchBad", "")).code, 0, "batch of nothing");
  assertEquals(await queueNumber(broker, RequestCode.GET_MAX_OFFSET, "SendBatchBad", 0), 0);
});

test(
  "Send with a delay level comes back to its topic, one with level -1 goes there at once",
  [],
  async ({ target }) => {
    await createTopic(target, "SendDelay");
    using broker = await RawClient.connect(target.broker);
    const began = performance.now();
    expectAnswer(
      "level 1",
      await send(broker, "SendDelay", "late", { queueId: 2, properties: "DELAY\x011\x02UNIQ_KEY\x01D1\x02" }),
      { code: 0 },
    );
    expectAnswer("level -1", await send(broker, "SendDelay", "now", { queueId: 2, properties: "DELAY\x01-1\x02" }), {
      code: 0,
      ext: { queueOffset: "0" },
    });
    await pullStored(broker, "SendDelay", { queueId: 2 });
    const [record] = await pullStored(broker, "SendDelay", { queueId: 2, offset: 1, suspendMs: 60_000 });
    const tookMs = performance.now() - began;
    assertEquals(new TextDecoder().decode(record!.body), "late");
    assertEquals(record!.queueId, 2);
    const properties = decodeProperties(record!.properties);
    assertEquals(properties.get("UNIQ_KEY"), "D1");
    assertEquals(properties.get("REAL_TOPIC"), "SendDelay");
    assert(tookMs >= 900 && tookMs < 60_000, `level 1 took ${tookMs} ms`);
  },
);

test(
  "Send to a topic that may only be read, or a pull from one that may only be written, is answered 16",
  [],
  async ({ target }) => {
    await createTopic(target, "PermWrite", { perm: 2 });
    using broker = await RawClient.connect(target.broker);
    expectAnswer("pull from a write-only topic", await pull(broker, "PermWrite"), {
      code: 16,
      remark: "the topic[PermWrite] pulling message is forbidden",
      ext: { forbiddenType: "3" },
    });
  },
);

test("A request code that nobody knows is answered 3, on each port", [], async ({ target }) => {
  for (const address of [target.broker, target.brokerFast, target.nameServer]) {
    using client = await RawClient.connect(address);
    expectAnswer(`code 9999 at ${address}`, await client.call(9999), {
      code: 3,
      remark: " request type 9999 not supported",
    });
  }
});

test("A binary header is understood and answered in JSON", [], async ({ target }) => {
  await createTopic(target, "SendBinary");
  using broker = await RawClient.connect(target.broker);
  const answer = await broker.call(RequestCode.SEND_MESSAGE_V2, sendFields("SendBinary"), "x", {
    change: { serializeType: 1 },
  });
  expectAnswer("binary header", answer, { code: 0, ext: { queueOffset: "0" } });
  assertEquals(answer.serializeType, 0);
});
