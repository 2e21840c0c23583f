/** TimerMessageService in a broker: exact times of delivery, rolls, recalls, crashes and kills. */
import { assert, assertEquals } from "@std/assert";
import type { TimerCounters } from "../../actors/broker/timer/timer_contract.ts";
import { decodeKvTable } from "../../protocol/kv_table.ts";
import { decodeOffsetMessageId } from "../../protocol/message_id.ts";
import { decodeProperties } from "../../protocol/properties.ts";
import { decodeRecords, type StoredRecord } from "../../protocol/record.ts";
import { decodeRecallHandle } from "../../protocol/recall_handle.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { decodeTimerCheckpoint } from "../../store/timer/timer_checkpoint.ts";
import { TIMER_TOPIC } from "../../store/timer/timer_message.ts";
import { pull, queueNumber, send } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { type BrokerBench, PATIENCE_MS, untilRestarted, withBroker } from "./broker_bench.ts";
import { plainProperties } from "./broker_calls.ts";
import { BrokerProcess } from "./broker_process.ts";

/** Slots of a tenth of a second, so that tests need not wait long. */
const QUICK = { timerPrecisionMs: 100, timerFlushIntervalMs: 100 } as const;

const timed = (deliverMs: number): string => plainProperties(`TIMER_DELIVER_MS\u0001${deliverMs}\u0002`);

const textOf = ({ body }: StoredRecord): string => new TextDecoder().decode(body);

/** Sends a message for a time; its body is the time. @returns the recall handle */
async function sendFor(client: RawClient, deliverMs: number, body = String(deliverMs)): Promise<string> {
  const answer = await send(client, "T", body, { properties: timed(deliverMs) });
  assertEquals(answer.code, 0, answer.remark);
  return answer.ext["recallHandle"]!;
}

/** Records of the topic as soon as there are so many that differ. */
async function records(client: RawClient, count: number): Promise<StoredRecord[]> {
  const found: StoredRecord[] = [];
  const bodies = new Set<string>();
  await until(async () => {
    const answer = await pull(client, "T", { offset: found.length });
    const read = answer.code === 0 ? decodeRecords(answer.body) : [];
    found.push(...read);
    for (const record of read) bodies.add(textOf(record));
    return bodies.size >= count;
  }, { timeoutMs: PATIENCE_MS, what: `${count} messages` });
  return found;
}

/** No message lies in the log before its time, which is its body. */
function assertNoneEarly(found: readonly StoredRecord[]): void {
  for (const record of found) {
    const earlyMs = Number(textOf(record)) - record.storeTimestamp;
    assert(earlyMs <= 0, `a message came ${earlyMs} ms early`);
  }
}

function counters({ broker: { supervisor, children } }: BrokerBench): Promise<TimerCounters> {
  return supervisor.ref(children.timer!).ask("counters", null, { timeoutMs: PATIENCE_MS });
}

Deno.test("timer messages come in the order of their times, none early, with the topic and queue they were sent to", async () => {
  await withBroker({ settings: QUICK }, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const nowMs = Date.now();
    const times = [3500, 2400, 2900, 3200, 2600, 2650, 2100, 2003].map((ms) => nowMs + ms);
    for (const time of times) await sendFor(client, time);
    const found = await records(client, times.length);
    assertNoneEarly(found);
    const slots = found.map((record) => Math.ceil(Number(textOf(record)) / 100));
    assertEquals(slots, [...slots].sort((a, b) => a - b));
    const { delivered, lateMsMax, dropped } = await counters(bench);
    assertEquals([delivered, dropped], [times.length, 0]);
    assert(lateMsMax >= 0);
    const properties = decodeProperties(found[0]!.properties);
    assertEquals([properties.get("REAL_TOPIC"), properties.get("REAL_QID")], ["T", "0"]);
  });
});

Deno.test("a broker without timer messages has no timer files; one that is switched off refuses them", async () => {
  await withBroker({ settings: QUICK }, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const past = await send(client, "T", "past", { properties: timed(Date.now() - 5) });
    assertEquals([past.code, past.ext["recallHandle"]], [0, undefined]);
    assertEquals((await records(client, 1)).map(textOf), ["past"]);
    const far = await send(client, "T", "far", { properties: timed(Date.now() + 4 * 86_400_000) });
    assertEquals(far.code, ResponseCode.MESSAGE_ILLEGAL);
    const names = [...Deno.readDirSync(`${bench.root}/store`)].map(({ name }) => name);
    assertEquals(names.filter((name) => name.startsWith("timer")), []);
    const answer = await client.call(RequestCode.GET_TIMER_CHECK_POINT, {});
    assertEquals([answer.code, answer.body.length], [0, 56]);
  });
  await withBroker({ settings: { timerWheelEnable: false } }, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const answer = await send(client, "T", "timed", { properties: timed(Date.now() + 5000) });
    const remark = "accurate timer message is not enabled, timerWheelEnable is false";
    assertEquals([answer.code, answer.remark], [ResponseCode.SYSTEM_ERROR, remark]);
    assertEquals(bench.broker.children.timer, undefined);
    assertEquals((await client.call(RequestCode.GET_TIMER_METRICS, {})).code, ResponseCode.SYSTEM_ERROR);
  });
});

Deno.test("a message beyond the roll window is rolled until its time, and comes once", async () => {
  await withBroker({ settings: { ...QUICK, timerRollWindowSlot: 5 } }, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const time = Date.now() + 2500;
    await sendFor(client, time);
    const found = await records(client, 1);
    assertNoneEarly(found);
    const times = Number(decodeProperties(found[0]!.properties).get("TIMER_ROLL_TIMES"));
    const { rolled, delivered } = await counters(bench);
    // Five times on a machine that has time for it.
    assert(times >= 1, `rolled ${times} times`);
    assertEquals([rolled, delivered], [times, 1]);
  });
});

Deno.test("a recalled message does not come, the others of its slot do", async () => {
  await withBroker({ settings: { ...QUICK, recallMessageEnable: true } }, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const time = Math.ceil(Date.now() / 100) * 100 + 4050;
    const handles: string[] = [];
    for (const body of ["a", "b", "c", "d"]) handles.push(await sendFor(client, time, body));
    const recall = (recallHandle: string, topic = "T"): ReturnType<RawClient["call"]> =>
      client.call(RequestCode.RECALL_MESSAGE, { topic, recallHandle, producerGroup: "pg" });
    for (const handle of [handles[1]!, handles[3]!]) {
      const answer = await recall(handle);
      assertEquals([answer.code, answer.ext["msgId"]], [0, decodeRecallHandle(handle).messageId]);
    }
    assertEquals((await recall("rubbish")).code, ResponseCode.ILLEGAL_OPERATION);
    assertEquals((await recall(handles[0]!, "U")).code, ResponseCode.TOPIC_NOT_EXIST);
    await sendFor(client, time + 300, "end");
    assertEquals((await records(client, 3)).map(textOf), ["a", "c", "end"]);
    const { recalled, delivered } = await counters(bench);
    assertEquals([recalled, delivered], [2, 3]);
    const metrics = await client.call(RequestCode.GET_TIMER_METRICS, {});
    assertEquals(JSON.parse(new TextDecoder().decode(metrics.body)).timingCount.T.count, 0);
    assertEquals((await recall(handles[0]!)).remark, "recall failed, timestamp invalid");
  });
  await withBroker({}, async (bench) => {
    const client = await bench.client();
    const answer = await client.call(RequestCode.RECALL_MESSAGE, { topic: "T", recallHandle: "x" });
    assertEquals([answer.code, answer.remark], [16, "recall failed, operation is forbidden"]);
  });
});

Deno.test("a slot that is over its limit takes no more; a committed transaction waits for its time", async () => {
  await withBroker({ settings: { ...QUICK, timerCongestNumEachSlot: 2 } }, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const time = Math.ceil(Date.now() / 100) * 100 + 6050;
    for (const body of ["a", "b", "c", "d"]) await sendFor(client, time, body).catch(() => undefined);
    await until(async () => (await send(client, "T", "x", { properties: timed(time) })).code === 1, {
      timeoutMs: 60_000,
      what: "the slot is full",
    });
    const properties = plainProperties("TRAN_MSG\u0001true\u0002PGROUP\u0001pg\u0002TIMER_DELAY_MS\u00012500\u0002");
    const half = await send(client, "T", "tx", { properties, sysFlag: 4, group: "pg" });
    assertEquals(half.code, 0, half.remark);
    const committedMs = Date.now();
    const ended = await client.call(RequestCode.END_TRANSACTION, {
      topic: "T",
      producerGroup: "pg",
      tranStateTableOffset: half.ext["queueOffset"]!,
      commitLogOffset: String(decodeOffsetMessageId(half.ext["msgId"]!).offset),
      fromTransactionCheck: "false",
      commitOrRollback: "8",
      msgId: "m",
      transactionId: "t",
    });
    assertEquals(ended.code, 0, ended.remark);
    const all = await until(async () => {
      const found = await records(client, 1);
      return found.some((record) => textOf(record) === "tx") ? found : undefined;
    }, { timeoutMs: PATIENCE_MS, what: "the transaction's message" });
    const last = all.find((record) => textOf(record) === "tx")!;
    assert(last.storeTimestamp >= committedMs + 2500);
  });
});

Deno.test("timer actor crashed between messages and their times: every message comes, none early", async () => {
  await withBroker({ settings: QUICK }, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const times: number[] = [];
    for (let round = 1; round <= 3; round++) {
      for (let i = 0; i < 30; i++) times.push(Date.now() + 300 + i * 40);
      for (const time of times.slice(-30)) await sendFor(client, time);
      await bench.wake("timer");
      bench.actor("timer").crash("by the test");
      await untilRestarted(bench, "timer", round + 1);
    }
    const found = await records(client, new Set(times).size);
    assertNoneEarly(found);
    // What was delivered since the last checkpoint comes again.
    assert(found.length - times.length <= 90, `${found.length - times.length} came twice`);
  });
});

Deno.test("timer messages survive an orderly stop without one that comes twice", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-timer-" });
  try {
    const times: number[] = [];
    await withBroker({ settings: QUICK, root }, async (bench) => {
      const client = await bench.client();
      await bench.topic("T", { queues: 1 });
      for (let i = 0; i < 40; i++) times.push(Date.now() + 200 + i * 100);
      for (const time of times) await sendFor(client, time);
      await records(client, 5);
    });
    await withBroker({ settings: QUICK, root }, async (bench) => {
      const client = await bench.client();
      const found = await records(client, times.length);
      assertNoneEarly(found);
      assertEquals(found.map(textOf).sort(), times.map(String).sort());
      await until(async () => {
        const { body } = await client.call(RequestCode.GET_TIMER_CHECK_POINT, {});
        const { readTimeMs, queueOffset } = decodeTimerCheckpoint(body);
        // On a slow machine some are sent after their time, and go straight to their topic.
        const timed = await queueNumber(client, RequestCode.GET_MAX_OFFSET, TIMER_TOPIC, 0);
        return readTimeMs > times.at(-1)! - 100 && queueOffset === timed;
      }, { timeoutMs: PATIENCE_MS, what: "a checkpoint behind the last message" });
      await until(async () => {
        const { table } = decodeKvTable((await client.call(RequestCode.GET_BROKER_RUNTIME_INFO, {})).body);
        return table.get("timerCongestNum") === "0" && table.get("timerOffsetBehind") === "0";
      }, { timeoutMs: PATIENCE_MS, what: "gauges that show nothing waiting" });
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a broker that is killed with timer messages waiting delivers all of them after its restart, overdue ones at once", async () => {
  const dir = await Deno.makeTempDir({ prefix: "ringmq-timer-" });
  const settings = { timerPrecisionMs: "100", mappedFileSizeTimerLog: "2000", flushIntervalCommitLog: "100" };
  const times: number[] = [];
  try {
    await BrokerProcess.with({ dir, settings }, async (broker) => {
      using client = await RawClient.connect(broker.address);
      for (let i = 0; i < 120; i++) times.push(Date.now() + 500 + i * 50);
      for (const time of times) await sendFor(client, time);
      await records(client, 20);
      // Deno.kill needs leave to run anything, and small systems have no program of that name: every shell can do it.
      const { success } = new Deno.Command("sh", { args: ["-c", `kill -KILL ${broker.pid}`] }).outputSync();
      assert(success, `cannot kill ${broker.pid}`);
      await broker.untilEnded();
    });
    await BrokerProcess.with({ dir, settings }, async (broker) => {
      using client = await RawClient.connect(broker.address);
      const found = await records(client, new Set(times).size);
      assertNoneEarly(found);
      // The checkpoint is at most a flush of the commit log and one of the timer log behind.
      assert(found.length - times.length <= 60, `${found.length - times.length} came twice`);
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
