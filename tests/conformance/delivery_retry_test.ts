/**
 * What a broker does with messages that were not consumed, and with the locks of orderly queues. Each expectation holds for
 * Apache RocketMQ 5.4.0.
 */
import { assert, assertEquals } from "@std/assert";
import { decodeProperties } from "../../protocol/properties.ts";
import { decodeRecords, type StoredRecord } from "../../protocol/record.ts";
import { until } from "../helpers/until.ts";
import { createTopic, heartbeat, pull, pullStored, send } from "./broker_requests.ts";
import type { ClientProcess } from "./client_process.ts";
import { fresh } from "./client_kit.ts";
import { kept, type KeptMessage, lockQueue, messagesOf, sendBack, unlockQueue } from "./delivery_kit.ts";
import { expectAnswer } from "./expect_answer.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { RawClient } from "./raw_client.ts";
import { type ClientName, conformanceSuite, type SuiteContext } from "./suite.ts";
import type { Target } from "./target.ts";

/** Seconds of the delay levels; a retry begins at level 3, the sixteenth has level 18. */
const LEVEL_SECONDS = [1, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1];

/** Times that a message is tried again when nobody says otherwise. Source: apache/rocketmq client DefaultMQPushConsumerImpl.getMaxReconsumeTimes */
const RETRIES = 16;

/** How late a busy machine may be. */
const LATE_MS_MAX = 60_000;

const test = conformanceSuite({
  clients: ["java54", "java49"],
  broker: { messageDelayLevel: LEVEL_SECONDS.map((seconds) => `${seconds}s`).join(" "), timerWheelEnable: "true" },
});

interface Refused {
  readonly topic: string;
  readonly group: string;
  readonly sent: { readonly msgId: string; readonly offsetMsgId: string };
}

const refused = new Map<ClientName, Promise<Refused>>();

/** A message that a consumer refuses each time; it takes half a minute, so it is begun early and looked at last. */
function refuse(context: SuiteContext, name: ClientName): Promise<Refused> {
  let begun = refused.get(name);
  if (begun === undefined) refused.set(name, begun = beginRefusing(context, name));
  return begun;
}

async function beginRefusing({ target, client: clientOf }: SuiteContext, name: ClientName): Promise<Refused> {
  const client = await clientOf(name);
  const topic = fresh("Refused");
  const group = fresh("CG_refusing");
  const namesrv = target.nameServer;
  await createTopic(target, topic, { queues: 1 });
  await client.call("consumer.start", { name: group, group, topic, namesrv, failTimes: 99, keep: true });
  await client.call("producer.start", { name: topic, group: `pg_${topic}`, namesrv });
  const sent = await client.call<Refused["sent"]>("send", {
    producer: topic,
    topic,
    seq: 0,
    tags: "TagA",
    keys: "dlq-key",
    properties: { own: "kept" },
  });
  return { topic, group, sent };
}

test("java54, java49: messages that are refused each time are sent", ["java54", "java49"], async (context) => {
  await Promise.all([refuse(context, "java54"), refuse(context, "java49")]);
});

/** Stores one message with a group's topic. @returns its record */
async function stored(broker: RawClient, target: Target, topic: string): Promise<StoredRecord> {
  await createTopic(target, topic, { queues: 1 });
  const answer = await send(broker, topic, "to be sent back", { properties: "TAGS\x01TagA\x02WAIT\x01true\x02" });
  assertEquals(answer.code, 0, answer.remark);
  const [record] = await pullStored(broker, topic);
  return record!;
}

async function updateGroup(
  client: ClientProcess,
  target: Target,
  config: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  return await client.call("admin.group", {
    namesrv: target.nameServer,
    broker: target.broker,
    config: JSON.stringify(config),
  });
}

test("java54: a group's limit, retry queues and retry policy are kept; its limit ends retries of old clients", [
  "java54",
], async (context) => {
  const { target } = context;
  const client = await context.client("java54");
  const group = fresh("CG_limit");
  const policy = { type: "EXPONENTIAL", exponentialRetryPolicy: { initial: 5000, max: 60_000, multiplier: 3 } };
  const config = await updateGroup(client, target, {
    groupName: group,
    retryMaxTimes: 1,
    retryQueueNums: 2,
    consumeMessageOrderly: true,
    groupRetryPolicy: policy,
  });
  assertEquals([config.retryMaxTimes, config.retryQueueNums, config.consumeMessageOrderly], [1, 2, true]);
  assertEquals(config.groupRetryPolicy, policy);

  using broker = await RawClient.connect(target.broker);
  const topic = fresh("Limit");
  const record = await stored(broker, target, topic);
  const position = record.physicalOffset;
  const retry = `%RETRY%${group}`;
  const dead = `%DLQ%${group}`;
  // What an old client says of a limit does not count; the group's own is 1.
  expectAnswer("first", await sendBack(broker, { position, group, topic, maxReconsumeTimes: 0 }, { version: 100 }), {
    code: 0,
  });
  const retried = await until(async () => {
    for (const queueId of [0, 1]) {
      const answer = await pull(broker, retry, { queueId });
      if (answer.code === 0) return decodeRecords(answer.body)[0];
    }
  }, { timeoutMs: 60_000, what: "the retry" });
  assertEquals([retried.reconsumeTimes, decodeProperties(retried.properties).get("DELAY")], [1, "3"]);
  expectAnswer("second", await sendBack(broker, { position: retried.physicalOffset, group, topic }), { code: 0 });
  const [letter] = await pullStored(broker, dead);
  assertEquals([letter!.reconsumeTimes, decodeProperties(letter!.properties).get("DELAY")], [2, "0"]);
  // The request's own limit, or a negative level, sends it there at once.
  expectAnswer("own limit", await sendBack(broker, { position, group, topic, maxReconsumeTimes: 0 }), { code: 0 });
  expectAnswer("level -1", await sendBack(broker, { position, group, topic, delayLevel: -1 }), { code: 0 });
  assertEquals((await pullStored(broker, dead, { count: 3 })).map(({ reconsumeTimes }) => reconsumeTimes), [2, 1, 1]);
  expectAnswer("no record", await sendBack(broker, { position: 1_000_000_000, group, topic }), {
    code: 1,
    remark: "look message by offset failed, 1000000000",
  });
  await updateGroup(client, target, { groupName: group, retryQueueNums: 0 });
  expectAnswer("no retry queue", await sendBack(broker, { position, group, topic, delayLevel: -1 }), { code: 0 });
  assertEquals((await pullStored(broker, dead)).length, 3);
  const stats = { namesrv: target.nameServer, broker: target.broker, name: "SNDBCK_PUT_NUMS" };
  await until(() => client.call("admin.stats", { ...stats, key: `${topic}@${group}` }).then(() => true, () => false), {
    timeoutMs: 60_000,
    what: "the count of messages sent back",
  });
});

test("A send to a retry topic is dead beyond its limit, or while the group holds a lock", [], async ({ target }) => {
  using broker = await RawClient.connect(target.broker);
  const group = fresh("CG_fallback");
  const topic = fresh("Fallback");
  await createTopic(target, topic, { queues: 1 });
  await broker.call(RequestCode.HEART_BEAT, {}, heartbeat("fallback", { consumerGroup: group, topic }));
  const retry = `%RETRY%${group}`;
  const dead = `%DLQ%${group}`;
  const fallBack = async (reconsumeTimes: number, maxReconsumeTimes?: number): Promise<void> => {
    const properties = `RETRY_TOPIC\x01${topic}\x02WAIT\x01true\x02`;
    const limit = maxReconsumeTimes === undefined ? {} : { maxReconsumeTimes };
    expectAnswer("fallback", await send(broker, retry, "again", { properties, reconsumeTimes, ...limit }), { code: 0 });
  };
  await fallBack(16);
  await fallBack(2, 2);
  assertEquals((await pullStored(broker, retry, { count: 2 })).map((record) => record.reconsumeTimes), [16, 2]);
  await fallBack(17);
  await fallBack(3, 2);
  const letters = await pullStored(broker, dead, { count: 2 });
  assertEquals(letters.map(({ reconsumeTimes }) => reconsumeTimes), [17, 3]);
  assertEquals(letters.map(({ properties }) => decodeProperties(properties).get("RETRY_TOPIC")), [topic, topic]);
  const lock = { group, clientId: "orderly", topic };
  assert(await lockQueue(broker, target, lock));
  await fallBack(1);
  assertEquals((await pullStored(broker, dead, { count: 3 }))[2]!.reconsumeTimes, 1);
  await unlockQueue(broker, target, lock);
  await fallBack(1);
  assertEquals((await pullStored(broker, retry, { count: 3 }))[2]!.reconsumeTimes, 1);
});

test("java54: a retry is put off by its level, also one of a message that had a time of delivery", [
  "java54",
], async (context) => {
  const { target } = context;
  const client = await context.client("java54");
  const namesrv = target.nameServer;
  const topic = fresh("RetryTimed");
  const group = fresh("CG_timed");
  await createTopic(target, topic, { queues: 1 });
  await client.call("consumer.start", { name: group, group, topic, namesrv, failTimes: 1, retryLevel: 4, keep: true });
  await client.call("producer.start", { name: topic, group: `pg_${topic}`, namesrv });
  await client.call("timed.send", { producer: topic, topic, body: "timed", delaySec: 1 });
  await client.call("send", { producer: topic, topic, body: "plain" });
  const all = await kept(client, group, 4);
  for (const body of ["timed", "plain"]) {
    const [first, second] = all.filter((message) => message.body === body);
    assertEquals([first!.reconsumeTimes, second!.reconsumeTimes], [0, 1], body);
    const gapMs = second!.receivedMs - first!.receivedMs;
    assert(gapMs >= 1_950 && gapMs < 2_000 + LATE_MS_MAX, `the retry of "${body}" came after ${gapMs} ms`);
    assertEquals(second!.properties.DELAY, "4");
  }
  await client.call("consumer.stop", { name: group });
  await client.call("producer.stop", { name: topic });
});

test("A queue lock has one owner at a time, who may ask again and give it back", [], async ({ target }) => {
  using broker = await RawClient.connect(target.broker);
  const lock = (clientId: string, group = "CG_locks"): { group: string; clientId: string; topic: string } => ({
    group,
    clientId,
    topic: "Locked",
  });
  assert(await lockQueue(broker, target, lock("a")));
  assert(await lockQueue(broker, target, lock("a")));
  assert(!await lockQueue(broker, target, lock("b")));
  assert(await lockQueue(broker, target, lock("b", "CG_other")));
  await unlockQueue(broker, target, lock("b"));
  assert(!await lockQueue(broker, target, lock("b")));
  await unlockQueue(broker, target, lock("a"));
  assert(await lockQueue(broker, target, lock("b")));
});

test("java54: an orderly member that stops gives its lock back at once, one that dies keeps it", ["java54"], async (
  context,
) => {
  const { target } = context;
  const client = await context.client("java54");
  const topic = fresh("OrderlyStop");
  const group = fresh("CG_stop");
  await createTopic(target, topic, { queues: 1 });
  await client.call("consumer.start", {
    name: group,
    group,
    topic,
    namesrv: target.nameServer,
    listener: "orderly",
    keep: true,
  });
  await client.call("producer.start", { name: topic, group: `pg_${topic}`, namesrv: target.nameServer });
  await client.call("send", { producer: topic, topic, body: "in order" });
  // It consumes only what it has locked.
  await kept(client, group, 1);
  using broker = await RawClient.connect(target.broker);
  const other = { group, clientId: "other", topic };
  assert(!await lockQueue(broker, target, other));
  await client.call("consumer.stop", { name: group });
  await until(() => lockQueue(broker, target, other), { timeoutMs: 60_000, what: "the lock that was given back" });
  await unlockQueue(broker, target, other);

  const dying = await RawClient.connect(target.broker);
  await dying.call(RequestCode.HEART_BEAT, {}, heartbeat("dying", { consumerGroup: group, topic }));
  assert(await lockQueue(dying, target, { ...other, clientId: "dying" }));
  dying[Symbol.dispose]();
  await until(
    async () => (await broker.call(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup: group })).code !== 0,
    { timeoutMs: 60_000, what: "the group without members" },
  );
  assert(!await lockQueue(broker, target, other), "the lock of the dead member still holds");
  await client.call("producer.stop", { name: topic });
});

for (const name of ["java54", "java49"] satisfies ClientName[]) {
  test(`${name}: a message that fails ${RETRIES} times is tried again by level and then dead`, [name], async (
    context,
  ) => {
    const { target } = context;
    const client = await context.client(name);
    const { topic, group, sent } = await refuse(context, name);
    const all = await kept(client, group, 1 + RETRIES, 400_000);
    const dead = await messagesOf(client, target, `%DLQ%${group}`);
    assertEquals(all.map(({ reconsumeTimes }) => reconsumeTimes), Array.from({ length: 1 + RETRIES }, (_, i) => i));
    assertEquals(all.map(({ fromTopic }) => fromTopic), [topic, ...Array(RETRIES).fill(`%RETRY%${group}`)]);
    for (let retry = 1; retry <= RETRIES; retry++) {
      const gapMs = all[retry]!.receivedMs - all[retry - 1]!.receivedMs;
      const wantedMs = LEVEL_SECONDS[1 + retry]! * 1000;
      const isInTime = gapMs >= wantedMs - 50 && gapMs < wantedMs + LATE_MS_MAX;
      assert(isInTime, `retry ${retry} came after ${gapMs} ms, its level says ${wantedMs} ms`);
    }
    assertDead(dead, { topic, group, sent });
    await client.call("consumer.stop", { name: group });
    await client.call("producer.stop", { name: topic });
  });
}

/** Properties that the client adds when it reads, not the broker. */
const READ_PROPERTIES: ReadonlySet<string> = new Set(["MIN_OFFSET", "MAX_OFFSET"]);

function assertDead(dead: readonly KeptMessage[], { topic, group, sent }: Refused): void {
  assertEquals(dead.length, 1);
  const [letter] = dead;
  assertEquals([letter!.seq, letter!.reconsumeTimes], [0, RETRIES + 1]);
  const stored = Object.entries(letter!.properties).filter(([name]) => !READ_PROPERTIES.has(name));
  assertEquals(
    Object.fromEntries(stored),
    {
      CLUSTER: "DefaultCluster",
      DELAY: "0",
      KEYS: "dlq-key",
      MSG_REGION: "DefaultRegion",
      ORIGIN_MESSAGE_ID: sent.offsetMsgId,
      REAL_QID: "0",
      REAL_TOPIC: `%RETRY%${group}`,
      RETRY_TOPIC: topic,
      TAGS: "TagA",
      TRACE_ON: "true",
      UNIQ_KEY: sent.msgId,
      WAIT: "false",
      own: "kept",
    },
  );
}
