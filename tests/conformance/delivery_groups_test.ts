/**
 * What a broker does for consumer groups beyond handing out messages: filters, offsets, switches, inspection, requests and
 * traces. Each expectation holds for Apache RocketMQ 5.4.0.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { RequestCode } from "../../protocol/request_code.ts";
import { bloomDataOf, bloomShape } from "../../store/filter/bloom_filter.ts";
import { systemClock } from "../../store/clock.ts";
import { until } from "../helpers/until.ts";
import { createTopic, heartbeat, pull, send } from "./broker_requests.ts";
import { ClientError, type ClientProcess, type Json } from "./client_process.ts";
import { fresh } from "./client_kit.ts";
import { kept, messagesOf, type QueueRead, readQueue } from "./delivery_kit.ts";
import { expectAnswer } from "./expect_answer.ts";
import { bodyText, RawClient } from "./raw_client.ts";
import { type ClientName, conformanceSuite, type SuiteContext } from "./suite.ts";
import type { Target } from "./target.ts";

const FILE_BYTES = 1024 * 1024;

/** Files are removed when a test asks for it, and not by the hour. */
const NEVER_NOW = String((new Date().getHours() + 12) % 24).padStart(2, "0");

const test = conformanceSuite({
  clients: ["java54", "java49"],
  broker: {
    traceTopicEnable: "true",
    mappedFileSizeCommitLog: String(FILE_BYTES),
    maxMessageSize: String(FILE_BYTES / 4),
    cleanResourceInterval: "500",
    fileReservedTime: "0",
    deleteWhen: NEVER_NOW,
  },
});

/** A started producer of a new topic. */
async function produceTo(context: SuiteContext, name: ClientName, queues = 1): Promise<{
  readonly client: ClientProcess;
  readonly topic: string;
  readonly namesrv: string;
  send(body: string, more?: Record<string, Json>): Promise<{ readonly msgId: string; readonly offsetMsgId: string }>;
}> {
  const client = await context.client(name);
  const topic = fresh("Group");
  const namesrv = context.target.nameServer;
  await createTopic(context.target, topic, { queues });
  await client.call("producer.start", { name: topic, group: `pg_${topic}`, namesrv });
  return {
    client,
    topic,
    namesrv,
    send: (body, more = {}) => client.call("send", { producer: topic, topic, body, ...more }),
  };
}

const NAMES: readonly ClientName[] = ["java54", "java49"];

test("java54, java49: an SQL92 subscription delivers what it selects and is kept in consumerFilter.json", [
  "java54",
  "java49",
], async (context) => {
  await Promise.all(NAMES.map((name) => consumeSql(context, name)));
});

async function consumeSql(context: SuiteContext, name: ClientName): Promise<void> {
  const { target } = context;
  const { client, topic, namesrv, send } = await produceTo(context, name);
  const group = fresh("CG_sql");
  const sql = "price BETWEEN 10 AND 20 AND TAGS <> 'TagC' OR colour IN ('red')";
  const start = { name: group, group, topic, namesrv, keep: true };
  await client.call("consumer.start", { ...start, sql });
  for (const [i, tags] of ["TagA", "TagB", "TagB", "TagA", "TagC"].entries()) {
    const properties = { price: String(i * 7), ...(i === 4 ? { colour: "red" } : {}) };
    await send(`m${i}`, { tags, properties });
  }
  await send("end", { properties: { colour: "red" } });
  assertEquals((await kept(client, group, 3)).map(({ body }) => body).sort(), ["end", "m2", "m4"]);
  await client.call("consumer.stop", { name: group });
  const dead = await until(async () => {
    const left = await storedFilter(target, topic, group);
    return left?.dead === true ? left : undefined;
  }, { timeoutMs: 90_000, what: "the dead filter in the file" });
  assertEquals([dead.expression, dead.expressionType, dead.topic, dead.consumerGroup], [sql, "SQL92", topic, group]);
  assert(dead.deadTime > dead.bornTime && dead.clientVersion > 0, JSON.stringify(dead));
  assertEquals(dead.bloomFilterData, bloomDataOf(bloomShape(20, 32), `${group}#${topic}`));
  const wrong = await assertRejects(() => client.call("consumer.start", { ...start, sql: "price > " }), ClientError);
  assertEquals([wrong.type, wrong.code], ["MQClientException", 23]);
}

interface StoredFilter {
  readonly expression: string;
  readonly expressionType: string;
  readonly bornTime: number;
  readonly deadTime: number;
  readonly dead: boolean;
  readonly clientVersion: number;
  readonly topic: string;
  readonly consumerGroup: string;
  readonly bloomFilterData: { readonly bitNum: number; readonly bitPos: readonly number[] };
}

async function storedFilter(target: Target, topic: string, group: string): Promise<StoredFilter | undefined> {
  try {
    const text = await Deno.readTextFile(`${target.storeDir}/config/consumerFilter.json`);
    return JSON.parse(text).filterDataByTopic[topic]?.groupFilterData[group];
  } catch (error) {
    // It is not there yet, or in the middle of being written.
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

test("Bad expressions are refused, with the place where they go wrong", [], async ({ target }) => {
  using broker = await RawClient.connect(target.broker);
  const check = (expressionType: string, subString: string): ReturnType<RawClient["call"]> => {
    const subscriptionData = { topic: "T", subString, expressionType, subVersion: 1, classFilterMode: false };
    const body = JSON.stringify({ clientId: "c", group: "g", subscriptionData });
    return broker.call(RequestCode.CHECK_CLIENT_CONFIG, {}, body);
  };
  expectAnswer("tags", await check("TAG", "A ||| B"), { code: 0 });
  expectAnswer("good", await check("SQL92", "a > 5 AND b STARTSWITH 'x'"), { code: 0 });
  for (const expression of ["a >", "a > 5 AND", "(a = 5", "a IN (5)", "a = 'x"]) {
    const answer = await check("SQL92", expression);
    expectAnswer(expression, answer, { code: 23, remark: /(column|character) \d+/ });
  }
  expectAnswer("no such kind", await check("XPATH", "a"), { code: 23 });
});

test("A parked pull is answered with what its tags or expression select, not with what came before", [], async (
  { target },
) => {
  using sender = await RawClient.connect(target.broker);
  const filters = [["TAG", "TagA || TagB"], ["SQL92", "TAGS IN ('TagA', 'TagB') AND price > 10"]] as const;
  for (const [expressionType, expression] of filters) {
    const topic = fresh("Parked");
    await createTopic(target, topic, { queues: 1 });
    using puller = await RawClient.connect(target.broker);
    let offset = 0;
    // RocketMQ looks every 5 s whether there is anything at all, and then has the client ask again.
    const parked = until(async () => {
      const answer = await pull(puller, topic, { offset, expressionType, expression, suspendMs: 20_000 });
      assert([0, 19, 20].includes(answer.code), `answered ${answer.code} ${answer.remark}`);
      offset = Number(answer.ext.nextBeginOffset);
      return answer.code === 0 ? answer : undefined;
    }, { timeoutMs: 60_000, what: "the message that is selected" });
    const properties = (tag: string): string => `TAGS\x01${tag}\x02price\x0111\x02WAIT\x01true\x02`;
    for (let i = 0; i < 5; i++) await send(sender, topic, `other ${i}`, { properties: properties("TagC") });
    await send(sender, topic, "selected", { properties: properties("TagB") });
    const answer = await parked;
    assert(bodyText(answer).includes("selected") && !bodyText(answer).includes("other"), expressionType);
    assertEquals(answer.ext.nextBeginOffset, "6");
  }
});

test("java54: offsets are reset by time while a group is away and while it is there, and cloned", [
  "java54",
], async (context) => {
  const { target } = context;
  const { client, topic, namesrv, send } = await produceTo(context, "java54");
  const [away, there, heir] = [fresh("CG_away"), fresh("CG_there"), fresh("CG_clone")];
  const start = (group: string): Promise<unknown> =>
    client.call("consumer.start", { name: group, group, topic, namesrv, keep: true, persistMs: 1_500 });
  const bodies = async (group: string, count: number): Promise<(string | undefined)[]> =>
    (await kept(client, group, count)).map(({ body }) => body).sort();
  const progress = (group: string): Promise<Record<string, number>> =>
    client.call("admin.progress", { namesrv, group, topic });
  const reset = (group: string, timestampMs: number): Promise<unknown> =>
    client.call("admin.reset", { namesrv, topic, group, timestampMs });
  for (const group of [away, there]) await start(group);
  for (const body of ["a", "b"]) await send(body);
  for (const group of [away, there]) await kept(client, group, 2);
  const middleMs = Date.now() + 50;
  await until(() => Date.now() > middleMs + 50, { timeoutMs: 60_000, what: "a later store time" });
  await send("c");
  for (const group of [away, there]) {
    assertEquals(await bodies(group, 3), ["a", "b", "c"]);
    await until(async () => (await progress(group))["0"] === 3, { timeoutMs: 60_000, what: "the committed offset" });
  }
  await client.call("consumer.stop", { name: away });
  assertEquals(await reset(away, middleMs), { "0": 2 });
  assertEquals((await progress(away))["0"], 2);
  await client.call("admin.clone", { namesrv, from: away, to: heir, topic, offline: true });
  using broker = await RawClient.connect(target.broker);
  const fields = { consumerGroup: heir, topic, queueId: "0" };
  expectAnswer("clone", await broker.call(RequestCode.QUERY_CONSUMER_OFFSET, fields), {
    code: 0,
    ext: { offset: "2" },
  });
  await start(away);
  assertEquals(await bodies(away, 1), ["c"]);

  assertEquals(await reset(there, 0), { "0": 0 });
  // The reset is the answer to the next pull; the one that is parked ends with this message.
  await send("d");
  assertEquals(await bodies(there, 7), ["a", "a", "b", "b", "c", "c", "d"]);
  for (const group of [away, there]) await client.call("consumer.stop", { name: group });
});

test("java54: broadcasting gives each member everything, and the broker keeps no offset of it", ["java54"], async (
  context,
) => {
  const { target } = context;
  const { client, topic, namesrv, send } = await produceTo(context, "java54", 2);
  const group = fresh("CG_broadcast");
  const members = [`${group}_1`, `${group}_2`];
  for (const name of members) {
    await client.call("consumer.start", { name, group, topic, namesrv, keep: true, broadcast: true });
  }
  for (let i = 0; i < 6; i++) await send(`m${i}`);
  for (const name of members) {
    assertEquals((await kept(client, name, 6)).map(({ body }) => body).sort(), ["m0", "m1", "m2", "m3", "m4", "m5"]);
  }
  using broker = await RawClient.connect(target.broker);
  const fields = { consumerGroup: group, topic, queueId: "0", setZeroIfNotFound: "false" };
  expectAnswer("offset", await broker.call(RequestCode.QUERY_CONSUMER_OFFSET, fields), { code: 22 });
  for (const name of members) await client.call("consumer.stop", { name });
});

test("java54: a group is forbidden one topic, or all, and allowed again; a message is consumed directly", [
  "java54",
], async (context) => {
  const { target } = context;
  const { client, topic, namesrv, send } = await produceTo(context, "java54");
  const group = fresh("CG_switch");
  const clientId = await client.call<string>("consumer.start", { name: group, group, topic, namesrv, keep: true });
  const first = await send("first");
  await kept(client, group, 1);

  const info = await client.call<{ properties: Record<string, string>; subscriptions: string[]; queues: number }>(
    "admin.runningInfo",
    { namesrv, group, clientId },
  );
  assertEquals([info.properties.PROP_CONSUMEORDERLY, info.properties.PROP_CONSUME_TYPE], [
    "false",
    "CONSUME_PASSIVELY",
  ]);
  assertEquals(info.subscriptions.sort(), [`%RETRY%${group} *`, `${topic} *`]);
  const direct = await client.call("admin.direct", { namesrv, group, clientId, topic, msgId: first.offsetMsgId });
  assertEquals(direct, { result: "CR_SUCCESS", order: false, autoCommit: true });
  assertEquals((await kept(client, group, 2)).map(({ body }) => body), ["first", "first"]);

  const forbid = (readable?: boolean): Promise<boolean> =>
    client.call("admin.forbid", { namesrv, broker: target.broker, group, topic, readable });
  using broker = await RawClient.connect(target.broker);
  await broker.call(RequestCode.HEART_BEAT, {}, heartbeat("raw", { consumerGroup: `${group}_raw`, topic }));
  assertEquals([await forbid(), await forbid(false), await forbid()], [true, false, false]);
  const pulled = await pull(broker, topic, { group, sysFlag: 0 });
  expectAnswer("pull of a forbidden topic", pulled, {
    code: 16,
    remark: `the consumer group[${group}] is forbidden for topic[${topic}]`,
    ext: { forbiddenType: "5" },
  });
  assertEquals(await forbid(true), true);
  assertEquals((await pull(broker, topic, { group, sysFlag: 0 })).code, 0);

  const config = (consumeEnable: boolean): Promise<Record<string, unknown>> =>
    client.call("admin.group", {
      namesrv,
      broker: target.broker,
      config: JSON.stringify({ groupName: group, consumeEnable, consumeMessageOrderly: consumeEnable }),
    });
  const off = await config(false);
  assertEquals([off.consumeEnable, off.consumeMessageOrderly], [false, false]);
  expectAnswer("pull of a disabled group", await pull(broker, topic, { group }), {
    code: 16,
    remark: `subscription group no permission, ${group}`,
    ext: { forbiddenType: "2" },
  });
  const on = await config(true);
  assertEquals([on.consumeEnable, on.consumeMessageOrderly], [true, true]);
  await send("after");
  await until(async () => (await kept(client, group, 2)).some(({ body }) => body === "after"), {
    timeoutMs: 60_000,
    what: "the message after the group was enabled",
  });
  await client.call("consumer.stop", { name: group });
});

test("java54, java49: a reply finds its request, and a request that nobody answers runs out of time", [
  "java54",
  "java49",
], async (context) => {
  await Promise.all(NAMES.map(async (name) => {
    const { client, topic, namesrv } = await produceTo(context, name);
    const group = fresh("CG_reply");
    await client.call("replier.start", { name: group, group, topic, namesrv, producer: topic });
    const request = (body: string, timeoutMs?: number): Promise<string> =>
      client.call("request", { producer: topic, topic, body, timeoutMs });
    const first = await until(() => request("one", 5_000).catch(() => undefined), {
      timeoutMs: 60_000,
      what: "a reply",
    });
    assertEquals([first, await request("two")], ["re: one", "re: two"]);
    const late = await assertRejects(() => request("silent", 1_000), ClientError);
    assertEquals([late.type, late.code], ["RequestTimeoutException", 10006]);
    await client.call("replier.stop", { name: group });
  }));
});

test("java54: traces of a send and of its consumption lie in the trace topic", ["java54"], async (context) => {
  const { target } = context;
  const { client, topic, namesrv } = await produceTo(context, "java54");
  const group = fresh("CG_traced");
  await client.call("consumer.start", { name: group, group, topic, namesrv, keep: true, trace: true });
  await client.call("traced.start", { name: group, group: `pg_${group}`, namesrv });
  const msgId = await client.call<string>("traced.send", { name: group, topic, body: "traced", tags: "T", keys: "K" });
  await kept(client, group, 1);
  await client.call("traced.stop", { name: group });
  await client.call("consumer.stop", { name: group });
  const rows = await until(async () => {
    const texts = (await messagesOf(client, target, "RMQ_SYS_TRACE_TOPIC")).flatMap(({ body }) => body ?? []);
    const all = await client.call<Record<string, unknown>[]>("trace.decode", { texts });
    const own = all.filter((row) => row.msgId === msgId);
    return own.length >= 3 ? own : undefined;
  }, { timeoutMs: 60_000, what: "three records" });
  assertEquals(rows.map(({ type }) => type).sort(), ["Pub", "SubAfter", "SubBefore"]);
  const pub = rows.find(({ type }) => type === "Pub")!;
  assertEquals([pub.topic, pub.tags, pub.keys, pub.success], [topic, "T", "K", true]);
});

test("Ends of transactions that fit no half message are refused", [], async ({ target }) => {
  using broker = await RawClient.connect(target.broker);
  const topic = fresh("Odd");
  await createTopic(target, topic, { queues: 1 });
  const half = await send(broker, topic, "half", {
    group: "PG_odd",
    sysFlag: 4,
    properties:
      "TRAN_MSG\x01true\x02PGROUP\x01PG_odd\x02UNIQ_KEY\x01C0000202300A4E0E2F2A6915F5C20001\x02WAIT\x01true\x02",
  });
  expectAnswer("half", half, { code: 0 });
  const position = BigInt(`0x${half.ext.msgId!.slice(-16)}`);
  const end = (fields: Record<string, string>): ReturnType<RawClient["call"]> =>
    broker.call(RequestCode.END_TRANSACTION, {
      topic,
      producerGroup: "PG_odd",
      tranStateTableOffset: half.ext.queueOffset!,
      commitLogOffset: String(position),
      commitOrRollback: "8",
      fromTransactionCheck: "false",
      msgId: "C0000202300A4E0E2F2A6915F5C20001",
      transactionId: "C0000202300A4E0E2F2A6915F5C20001",
      ...fields,
    });
  expectAnswer("other group", await end({ producerGroup: "PG_other" }), {
    code: 1,
    remark: "The producer group wrong",
  });
  expectAnswer("other place", await end({ tranStateTableOffset: "7" }), {
    code: 1,
    remark: "The transaction state table offset wrong",
  });
  expectAnswer("no half message", await end({ commitLogOffset: "900000000" }), {
    code: 1,
    remark: "Find prepared transaction message failed",
  });
  expectAnswer("commit", await end({}), { code: 0 });
  expectAnswer("rollback of what is committed", await end({ commitOrRollback: "12" }), { code: 0 });
});

test("java54: offsets on both sides of what was removed are corrected, and looked up by time", ["java54"], async (
  context,
) => {
  const { target } = context;
  const { client, topic, namesrv } = await produceTo(context, "java54");
  using broker = await RawClient.connect(target.broker);
  const body = new Uint8Array(64 * 1024).fill(120);
  for (let i = 0; i < 48; i++) assertEquals((await send(broker, topic, body)).code, 0);
  const queue = { namesrv, topic, brokerName: target.brokerName };
  interface Bounds {
    readonly min: number;
    readonly max: number;
    readonly earliestMs: number;
    readonly lower: Record<string, number>;
    readonly upper: Record<string, number>;
  }
  const futureMs = Date.now() + 3_600_000;
  const bounds = (times: readonly number[]): Promise<Bounds> => client.call("admin.bounds", { ...queue, times });
  await broker.call(RequestCode.DELETE_EXPIRED_COMMITLOG, {});
  const at = (offset: number): Promise<QueueRead> => readQueue(client, target, { topic, offset });
  // Files go one after the other; what is looked at must belong together.
  const seen = await until(async () => {
    const { min, earliestMs } = await bounds([]);
    await systemClock.sleep(700);
    if (min === 0 || (await bounds([])).min !== min) return undefined;
    const found = await bounds([0, futureMs, earliestMs]);
    const reads = await Promise.all([0, 1_000, min, 48].map(at));
    return (await bounds([])).min === min ? { ...found, min, earliestMs, reads } : undefined;
  }, { timeoutMs: 180_000, what: "files to be removed" });
  const { min, max, lower, upper, earliestMs, reads } = seen;
  assert(min < max && max === 48, JSON.stringify(seen));
  assertEquals([lower["0"], upper["0"], lower[earliestMs]], [min, min, min]);
  assertEquals([lower[futureMs], upper[futureMs]], [max, max - 1]);
  assertEquals(reads.map(({ status }) => status), ["OFFSET_ILLEGAL", "OFFSET_ILLEGAL", "FOUND", "NO_NEW_MSG"]);
  const [below, beyond] = reads;
  assertEquals([below!.nextBeginOffset, below!.minOffset], [min, min]);
  assertEquals([beyond!.nextBeginOffset, beyond!.maxOffset], [48, 48]);
});
