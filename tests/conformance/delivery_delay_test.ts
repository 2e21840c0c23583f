/**
 * Delays by level and to exact times, over restarts and a change of the levels. Each expectation holds for Apache RocketMQ 5.4.0.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createTopic, pullStored, queueNumber, send } from "./broker_requests.ts";
import { ClientError, type ClientProcess } from "./client_process.ts";
import { fresh } from "./client_kit.ts";
import { kept, type KeptMessage } from "./delivery_kit.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { RawClient } from "./raw_client.ts";
import { type ClientName, conformanceSuite, type SuiteContext } from "./suite.ts";
import type { Target } from "./target.ts";

/** Seconds of the first 17 levels; the last is an hour. */
const LEVEL_SECONDS = Array.from({ length: 17 }, (_, i) => 1 + i % 3);

/** Messages that wait at the last level. */
const WAITING = 300;

/** Topic of what waits. */
const WAITING_TOPIC = "WaitingAtLevel18";

/** Milliseconds that clocks of one machine may be apart. */
const EARLY_MS_MAX = 5;

const levelsOf = (last: string): string => [...LEVEL_SECONDS.map((seconds) => `${seconds}s`), last].join(" ");

const test = conformanceSuite({
  clients: ["java54", "java49"],
  broker: {
    messageDelayLevel: levelsOf("1h"),
    flushDelayOffsetInterval: "1000",
    timerWheelEnable: "true",
    recallMessageEnable: "true",
  },
});

/** Starts a producer and a consumer of a new topic. */
async function begin(
  { target, client: clientOf }: SuiteContext,
  name: ClientName,
  options: { readonly failTimes?: number } = {},
): Promise<{ client: ClientProcess; topic: string; group: string; end: () => Promise<void> }> {
  const client = await clientOf(name);
  const topic = fresh("Delayed");
  const group = fresh("CG_delayed");
  const namesrv = target.nameServer;
  await createTopic(target, topic, { queues: 2 });
  await client.call("consumer.start", { name: group, group, topic, namesrv, keep: true, ...options });
  await client.call("producer.start", { name: topic, group: `pg_${topic}`, namesrv });
  const end = async (): Promise<void> => {
    await client.call("consumer.stop", { name: group });
    await client.call("producer.stop", { name: topic });
  };
  return { client, topic, group, end };
}

/** Body of a message: its level and when it was sent. */
const bodyOf = (level: number): string => `${level} ${Date.now()}`;

function assertNotEarly(message: KeptMessage): void {
  const [level, sentMs] = (message.body ?? "").split(" ").map(Number);
  const earlyMs = sentMs! + LEVEL_SECONDS[level! - 1]! * 1000 - message.storeMs;
  assert(earlyMs <= EARLY_MS_MAX, `a message of level ${level} came ${earlyMs} ms early`);
}

test("Messages that wait for an hour are stored at level 18, with larger levels among them", [], async ({ target }) => {
  await createTopic(target, WAITING_TOPIC, { queues: 1 });
  using broker = await RawClient.connect(target.broker);
  const before = await queueNumber(broker, RequestCode.GET_MAX_OFFSET, "SCHEDULE_TOPIC_XXXX", 17);
  for (let i = 0; i < WAITING; i++) {
    const properties = `WAIT\x01true\x02DELAY\x01${i % 2 === 0 ? 18 : 99}\x02`;
    assertEquals((await send(broker, WAITING_TOPIC, `${i}`, { properties })).code, 0);
  }
  await until(
    async () => await queueNumber(broker, RequestCode.GET_MAX_OFFSET, "SCHEDULE_TOPIC_XXXX", 17) === before + WAITING,
    { timeoutMs: 60_000, what: "the queue of level 18" },
  );
});

test("java54, java49: a message of each level comes after its time, whatever waits at other levels", [
  "java54",
  "java49",
], async (context) => {
  const names: readonly ClientName[] = ["java54", "java49"];
  await Promise.all(names.map((name) => sendToEachLevel(context, name)));
  const { target } = context;
  const client = await context.client("java54");
  const shown = await until(async () => {
    const args = { namesrv: target.nameServer, broker: target.broker };
    const table = await client.call<Record<string, string>>("admin.runtime", args);
    return table["scheduleMessageOffset_1"] === "2,2" ? table : undefined;
  }, { timeoutMs: 60_000, what: "the delivered offset of level 1" });
  assertEquals(shown["scheduleMessageOffset_18"] ?? `0,${WAITING}`, `0,${WAITING}`);
});

async function sendToEachLevel(context: SuiteContext, name: ClientName): Promise<void> {
  const { client, topic, group, end } = await begin(context, name);
  for (const level of LEVEL_SECONDS.keys()) {
    await client.call("send", { producer: topic, topic, body: bodyOf(1 + level), delayLevel: 1 + level, tags: "T" });
  }
  const all = await kept(client, group, LEVEL_SECONDS.length);
  assertEquals(all.length, LEVEL_SECONDS.length);
  for (const message of all) {
    assertNotEarly(message);
    const level = message.body!.split(" ")[0]!;
    assertEquals([message.properties.DELAY, message.properties.REAL_TOPIC, message.tags], [level, topic, "T"]);
  }
  await end();
}

test("java54: exact times, relative and absolute, are kept, recalled and limited", ["java54"], async (context) => {
  const { client, topic, group, end } = await begin(context, "java54");
  const timed = (args: Record<string, string | number>): Promise<{ msgId: string; recallHandle: string | null }> =>
    client.call("timed.send", { producer: topic, topic, ...args });
  const sentMs = Date.now();
  const dueMs = new Map([["sec", sentMs + 2_000], ["ms", sentMs + 1_500], ["at", sentMs + 3_000], ["past", 0]]);
  await timed({ body: "sec", delaySec: 2 });
  await timed({ body: "ms", delayMs: 1_500 });
  await timed({ body: "at", deliverMs: dueMs.get("at")! });
  const past = await timed({ body: "past", deliverMs: sentMs - 10_000 });
  assertEquals(past.recallHandle, null);
  const recalled = await timed({ body: "recalled", deliverMs: Date.now() + 5_000 });
  assertEquals(
    await client.call("timed.recall", { producer: topic, topic, handle: recalled.recallHandle }),
    recalled.msgId,
  );
  dueMs.set("last", Date.now() + 6_000);
  await timed({ body: "last", deliverMs: dueMs.get("last")! });
  const tooFar = await assertRejects(() => timed({ body: "too far", delaySec: 3 * 86_400 + 10 }), ClientError);
  assertEquals([tooFar.type, tooFar.code], ["MQBrokerException", 13]);
  const bad = await assertRejects(
    () => client.call("timed.recall", { producer: topic, topic, handle: "rubbish" }),
    ClientError,
  );
  assert(bad.message.includes("recall handle is invalid"), bad.message);
  const all = await kept(client, group, 5);
  assertEquals(all.map(({ body }) => body).sort(), ["at", "last", "ms", "past", "sec"]);
  for (const message of all) {
    const earlyMs = dueMs.get(message.body!)! - message.storeMs;
    assert(earlyMs <= EARLY_MS_MAX, `"${message.body}" came ${earlyMs} ms early`);
  }
  await end();
});

test("java54: a killed broker delivers what waited, by level and by time, and nothing early", ["java54"], async (
  context,
) => {
  const { target } = context;
  const { client, topic, group, end } = await begin(context, "java54");
  const dueMs = Date.now() + 3_000;
  for (let i = 0; i < 10; i++) {
    await client.call("send", { producer: topic, topic, body: bodyOf(3), delayLevel: 3 });
    await client.call("timed.send", { producer: topic, topic, body: `timed ${i}`, deliverMs: dueMs });
  }
  await target.kill9Broker();
  await target.startBroker();
  await until(async () => new Set((await kept(client, group, 0)).map(({ body, msgId }) => body! + msgId)).size >= 20, {
    timeoutMs: 90_000,
    what: "20 delayed messages",
  });
  for (const message of await kept(client, group, 20)) {
    if (!message.body!.startsWith("timed")) assertNotEarly(message);
    else assert(dueMs - message.storeMs <= EARLY_MS_MAX, `came ${dueMs - message.storeMs} ms early`);
  }
  await end();
});

// It goes on from what the tests before it delivered.
test(
  "A level that was made shorter while the broker was down lets out what waited for longer",
  ["java54"],
  async (context) => {
    const { target } = context;
    assertEquals(await target.stopBroker(), target.name === "ringmq" ? 0 : 143);
    const { offsetTable } = await readDelayOffsets(target);
    assert(offsetTable[1]! >= 1 && offsetTable[3]! >= 1, JSON.stringify(offsetTable));
    assertEquals(offsetTable[18] ?? 0, 0);
    const conf = await Deno.readTextFile(`${target.dir}/broker.conf`);
    await Deno.writeTextFile(`${target.dir}/broker.conf`, conf.replace(levelsOf("1h"), levelsOf("2s")));
    await target.startBroker();
    using broker = await RawClient.connect(target.broker);
    await until(
      async () => await queueNumber(broker, RequestCode.GET_MAX_OFFSET, WAITING_TOPIC, 0) === WAITING,
      { timeoutMs: 60_000, what: "everything that waited for an hour" },
    );
    const records = await pullStored(broker, WAITING_TOPIC, { count: 10 });
    assertEquals(records.map(({ body }) => Number(new TextDecoder().decode(body))), records.map((_, i) => i));
  },
);

/** Level → next offset, as the file has it. Its keys have no quotes. */
async function readDelayOffsets(target: Target): Promise<{ offsetTable: Record<number, number> }> {
  const text = await Deno.readTextFile(`${target.storeDir}/config/delayOffset.json`);
  return JSON.parse(text.replaceAll(/([{,]\s*)(\d+):/g, '$1"$2":'));
}
