/** ASYNC_FLUSH by its settings: the interval, who wakes the flush, least pages and the thorough interval. */
import { assertEquals } from "@std/assert";
import type { BrokerValues } from "../../actors/broker/broker_configuration.ts";
import { wakesFlush } from "../../actors/broker/write_mode.ts";
import { until } from "../helpers/until.ts";
import { type BrokerBench, PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { bodiesOf, sendOk } from "./broker_calls.ts";

/** Longer than any test runs. Milliseconds. */
const NEVER_MS = 3_600_000;

/** Larger than four pages. */
const LARGE = "x".repeat(5 * 4096);

const syncs = async ({ broker: { supervisor, children } }: BrokerBench): Promise<number> =>
  (await supervisor.ref(children.flushLog).ask("counters", null, { timeoutMs: PATIENCE_MS })).syncs;

const untilFlushed = ({ broker: { memory } }: BrokerBench): Promise<boolean> => {
  const isDone = (): boolean => memory.flushed.load() === memory.written.load();
  return until(isDone, { timeoutMs: PATIENCE_MS, what: "everything flushed" });
};

/** Sends small messages one after the other, each consumed before the next is sent. */
async function sendSmall(bench: BrokerBench, count: number): Promise<void> {
  const client = await bench.client();
  for (let i = 0; i < count; i++) await bodiesOf(client, "T", { offset: await sendOk(client, "T", `m${i}`), count: 1 });
}

function withFlush(settings: Partial<BrokerValues>, body: (bench: BrokerBench) => Promise<void>): Promise<void> {
  return withBroker({ settings: { flushCommitLogLeastPages: 0, ...settings } }, async (bench) => {
    await bench.topic("T", { queues: 1 });
    await body(bench);
  });
}

Deno.test("wakesFlush() follows flush mode, flushCommitLogTimed and wakeFlushWhenPutMessage", () => {
  const rows: [flushDiskType: string, timed: boolean, wakes: boolean, later: boolean, expected: boolean][] = [
    ["SYNC_FLUSH", true, false, false, true],
    ["SYNC_FLUSH", false, false, false, true],
    ["ASYNC_FLUSH", true, false, false, false],
    ["ASYNC_FLUSH", true, true, false, false],
    ["ASYNC_FLUSH", true, true, true, false],
    ["ASYNC_FLUSH", false, false, false, false],
    ["ASYNC_FLUSH", false, true, false, true],
    // CommitRealTimeService wakes the flush whenever it wrote something.
    ["ASYNC_FLUSH", false, false, true, true],
  ];
  for (
    const [flushDiskType, flushCommitLogTimed, wakeFlushWhenPutMessage, transientStorePoolEnable, expected] of rows
  ) {
    const values = { flushDiskType, flushCommitLogTimed, wakeFlushWhenPutMessage, transientStorePoolEnable };
    const text = JSON.stringify(values);
    assertEquals(wakesFlush({ brokerRole: "ASYNC_MASTER", ...values } as BrokerValues), expected, text);
  }
});

Deno.test("flushCommitLogTimed=true sleeps the interval, whatever is written", async () => {
  const settings = { flushCommitLogTimed: true, wakeFlushWhenPutMessage: true, flushIntervalCommitLog: NEVER_MS };
  await withFlush(settings, async (bench) => {
    const before = await syncs(bench);
    await sendSmall(bench, 20);
    await sendOk(await bench.client(), "T", LARGE);
    assertEquals(await syncs(bench), before);
  });
});

Deno.test("flushCommitLogTimed=false is woken by each write when wakeFlushWhenPutMessage says so", async () => {
  const settings = { flushCommitLogTimed: false, wakeFlushWhenPutMessage: true, flushIntervalCommitLog: NEVER_MS };
  await withFlush(settings, async (bench) => {
    for (let i = 0; i < 5; i++) {
      await sendSmall(bench, 1);
      await untilFlushed(bench);
    }
  });
});

Deno.test("flushCommitLogTimed=false sleeps the interval when nobody wakes it", async () => {
  const settings = { flushCommitLogTimed: false, wakeFlushWhenPutMessage: false, flushIntervalCommitLog: NEVER_MS };
  await withFlush(settings, async (bench) => {
    const before = await syncs(bench);
    await sendSmall(bench, 20);
    assertEquals(await syncs(bench), before);
  });
});

Deno.test("flushIntervalCommitLog brings what is written to the device", async () => {
  await withFlush({ flushIntervalCommitLog: 5 }, async (bench) => {
    await sendSmall(bench, 3);
    await untilFlushed(bench);
  });
});

Deno.test("flushCommitLogLeastPages waits until so many pages are dirty", async () => {
  const settings = {
    flushIntervalCommitLog: 1,
    flushCommitLogLeastPages: 4,
    flushCommitLogThoroughInterval: NEVER_MS,
  };
  await withFlush(settings, async (bench) => {
    const before = await syncs(bench);
    await sendSmall(bench, 20);
    assertEquals(await syncs(bench), before, "less than four pages");
    await sendOk(await bench.client(), "T", LARGE);
    await untilFlushed(bench);
    assertEquals(await syncs(bench), before + 1);
  });
});

Deno.test("flushCommitLogThoroughInterval brings less than the least pages to the device", async () => {
  const settings = {
    flushIntervalCommitLog: 1,
    flushCommitLogLeastPages: 1000,
    flushCommitLogThoroughInterval: 100,
  };
  await withFlush(settings, async (bench) => {
    await sendSmall(bench, 3);
    await untilFlushed(bench);
  });
});
