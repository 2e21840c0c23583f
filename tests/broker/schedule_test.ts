/** ScheduleMessageService when it is late, and when the log takes nothing. */
import { assert, assertEquals } from "@std/assert";
import { LogStatus } from "../../store/memory/log_memory.ts";
import { until } from "../helpers/until.ts";
import { queueNumber } from "../conformance/broker_requests.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { type BrokerBench, PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { bodiesOf, plainProperties, sendOk } from "./broker_calls.ts";

async function countersOf(
  { broker, wake }: BrokerBench,
): Promise<{ delivered: number; dropped: number; lateMsMax: number }> {
  await wake("schedule");
  return await broker.supervisor.ref(broker.children.schedule).ask("counters", null, { timeoutMs: PATIENCE_MS });
}

Deno.test("schedule counts what it delivers and how late it was at most", async () => {
  await withBroker({}, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    assertEquals((await countersOf(bench)).lateMsMax, 0);
    let dueMs = 0;
    let resumedMs = 0;
    await bench.whilePaused("schedule", async () => {
      await sendOk(client, "T", "late", { properties: plainProperties("DELAY\u00011\u0002") });
      dueMs = Date.now() + 1_000;
      await until(() => Date.now() > dueMs + 500, { timeoutMs: PATIENCE_MS, what: "its time to be over" });
      resumedMs = Date.now();
    });
    assertEquals(await bodiesOf(client, "T", { count: 1 }), ["late"]);
    const { delivered, lateMsMax } = await countersOf(bench);
    assertEquals(delivered, 1);
    assert(lateMsMax >= resumedMs - dueMs - 100, `${lateMsMax} ms late, ${resumedMs - dueMs} ms at least are expected`);
    const fields = { statsName: "BROKER_SCHEDULE_LATE_MS", statsKey: "DefaultCluster" };
    const shown = await until(async () => {
      const answer = await client.call(RequestCode.VIEW_BROKER_STATS_DATA, fields);
      return answer.code === 0 ? decodeUtf8(answer.body) : undefined;
    }, { timeoutMs: PATIENCE_MS, what: "the statistics to be sampled" });
    const { sum, avgpt } = (JSON.parse(shown) as { statsMinute: { sum: number; avgpt: number } }).statsMinute;
    assertEquals([sum, avgpt], [lateMsMax, lateMsMax]);
  });
});

Deno.test("schedule backs off while the log refuses, and loses nothing", async () => {
  await withBroker({}, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    for (const level of [1, 1, 2]) {
      await sendOk(client, "T", `level ${level}`, { properties: plainProperties(`DELAY\u0001${level}\u0002`) });
    }
    const { memory } = bench.broker;
    memory.setStatus(LogStatus.DiskReserved);
    const dueMs = Date.now() + 1_000;
    await until(() => Date.now() > dueMs + 1_000, { timeoutMs: PATIENCE_MS, what: "the time of level 1 to be over" });
    const max = await queueNumber(client, RequestCode.GET_MAX_OFFSET, "T", 0);
    memory.setStatus(LogStatus.Open);
    assertEquals(max, 0, "nothing comes through a log that takes nothing");
    assertEquals((await bodiesOf(client, "T", { count: 3 })).sort(), ["level 1", "level 1", "level 2"]);
    assertEquals((await countersOf(bench)).delivered, 3);
    assertEquals(bench.incarnation("schedule").epoch, 1);
  });
});

Deno.test("schedule delivers to the first queue what was for a queue that its topic has no more", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-schedule-" });
  try {
    await withBroker({ root }, async (bench) => {
      await bench.topic("T", { queues: 4 });
      await sendOk(await bench.client(), "T", "late", {
        queueId: 3,
        properties: plainProperties("DELAY\u00012\u0002"),
      });
    });
    const path = `${root}/store/config/topics.json`;
    const text = await Deno.readTextFile(path);
    const shrunk = text.replace(
      /("T":\{[^]*?"readQueueNums":)4([^]*?"writeQueueNums":)4/,
      (_, head: string, middle: string) => `${head}1${middle}1`,
    );
    assert(shrunk !== text);
    await Deno.writeTextFile(path, shrunk);
    await withBroker({ root }, async (bench) => {
      assertEquals(await bodiesOf(await bench.client(), "T", { queueId: 0, count: 1 }), ["late"]);
      assertEquals((await countersOf(bench)).delivered, 1);
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("schedule passes over what the broker's limits do not take any more, once and not in silence", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-schedule-" });
  try {
    const bodies = ["first", "x".repeat(120 * 1024), "second"];
    await withBroker({ root }, async (bench) => {
      await bench.topic("T", { queues: 1 });
      const client = await bench.client();
      for (const body of bodies) await sendOk(client, "T", body, { properties: plainProperties("DELAY\u00012\u0002") });
    });
    await withBroker({ root, settings: { maxMessageSize: 32 * 1024 } }, async (bench) => {
      assertEquals(await bodiesOf(await bench.client(), "T", { count: 2 }), ["first", "second"]);
      const { delivered, dropped } = await countersOf(bench);
      assertEquals([delivered, dropped], [2, 1]);
      assert(bench.logs.some((line) => /the one at position \d+ of the commit log has \d+ bytes/.test(line)));
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
