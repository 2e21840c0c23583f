/** Each actor of a broker killed under load: it is started again within a second, and nothing that was acknowledged is lost. */
import { assert, assertEquals } from "@std/assert";
import { spawn } from "../../actors/kernel/spawn.ts";
import { threadRole } from "../store/memory/threads.ts";
import { ExitCode } from "../../actors/kernel/exit_code.ts";
import type { BrokerValues } from "../../actors/broker/broker_configuration.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { pull } from "../conformance/broker_requests.ts";
import { until, within } from "../helpers/until.ts";
import { AckedLoad } from "./acked_load.ts";
import {
  type ActorName,
  type BrokerBench,
  PATIENCE_MS,
  SMALL_RING_BYTES,
  untilRestarted,
  withBroker,
} from "./broker_bench.ts";
import { bodiesOf, plainProperties, pulled, sendOk, underWay } from "./broker_calls.ts";

const QUEUES = 4;

/** Longest time from a crash to the next incarnation. Milliseconds. */
const RESTART_MS_MAX = 1000;

/** On a machine that is busy with something else a restart may take as long as so many starts of the smallest actor. */
const SMALLEST_STARTS = 10;

/** Crashes of one actor in a test; the supervisor allows three in 30 s. */
const CRASHES = 3;

/** Kills an actor and waits until it is back. @returns milliseconds that took */
async function crash(bench: BrokerBench, name: ActorName): Promise<number> {
  await bench.wake(name);
  const { epoch } = bench.incarnation(name);
  const actor = bench.actor(name);
  const began = performance.now();
  actor.crash("by the test");
  assertEquals((await within(actor.ended, { timeoutMs: PATIENCE_MS, what: `the end of "${name}"` })).kind, "crashed");
  await untilRestarted(bench, name, epoch + 1);
  return performance.now() - began;
}

/** How long the smallest actor takes to start now. Milliseconds. */
async function smallestStartMs(): Promise<number> {
  const began = performance.now();
  const actor = await spawn(threadRole, null, { name: "smallest", initTimeoutMs: PATIENCE_MS });
  const tookMs = performance.now() - began;
  await actor.stop({ timeoutMs: PATIENCE_MS });
  return tookMs;
}

const SYNC = { flushDiskType: "SYNC_FLUSH" } as const;
const CASES: readonly [name: ActorName, mode: string, settings: Partial<BrokerValues>][] = [
  ["gateway-0", "ASYNC_FLUSH", {}],
  ["gateway-0", "SYNC_FLUSH", SYNC],
  ["reput", "ASYNC_FLUSH", {}],
  ["hold", "ASYNC_FLUSH", {}],
  ["schedule", "ASYNC_FLUSH", {}],
  ["cold-read", "ASYNC_FLUSH", {}],
  ["flush-log", "ASYNC_FLUSH", {}],
  ["flush-log", "SYNC_FLUSH", SYNC],
  ["commit-log", "transient pool", { transientStorePoolEnable: true }],
  ["flush-queues", "ASYNC_FLUSH", { flushIntervalConsumeQueue: 10 }],
  ["transactions", "ASYNC_FLUSH", {}],
  ["timer", "ASYNC_FLUSH", { timerFlushIntervalMs: 100 }],
  ["housekeeping", "ASYNC_FLUSH", { cleanResourceInterval: 10 }],
];

CASES.forEach(([name, mode, settings], at) =>
  Deno.test(`${name} killed under load (${mode}) is back within a second and nothing acknowledged is lost`, async () => {
    await withBroker({ settings }, async (bench) => {
      await bench.topic("T", { queues: QUEUES });
      const load = new AckedLoad({ address: bench.address, topic: "T", queues: QUEUES, seed: at + 1 });
      const tookMs: number[] = [];
      let smallestMs = 0;
      try {
        for (let round = 0; round < CRASHES; round++) {
          await load.more(150);
          tookMs.push(await crash(bench, name));
          smallestMs = Math.max(smallestMs, await smallestStartMs());
        }
        await load.more(150);
      } finally {
        await load.stop();
      }
      await load.readBack(bench.address);
      const limitMs = Math.max(RESTART_MS_MAX, SMALLEST_STARTS * smallestMs);
      assert(Math.min(...tookMs) < limitMs, `started again after ${tookMs.map(Math.round)} ms, limit is ${limitMs}`);
      if (name !== "gateway-0") assertEquals(load.misses, { refused: 0, lost: 0 });
    });
  })
);

Deno.test("controller killed under load: the broker gives up with its exit code, and nothing acknowledged is lost", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-broker-" });
  try {
    let load: AckedLoad | undefined;
    await withBroker({ root, expectedExit: ExitCode.ACTOR_GAVE_UP }, async (bench) => {
      await bench.topic("T", { queues: QUEUES });
      load = new AckedLoad({ address: bench.address, topic: "T", queues: QUEUES, seed: 77 });
      try {
        await load.more(300);
        bench.actor("controller").crash("by the test");
        const failure = await within(bench.broker.failed, { timeoutMs: PATIENCE_MS, what: "the broker's end" });
        assertEquals(failure.exitCode, ExitCode.ACTOR_GAVE_UP);
        assert(failure.text.includes("controller"), failure.text);
      } finally {
        await load.stop();
      }
    });
    await withBroker({ root }, (bench) => load!.readBack(bench.address));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("one of two gateways killed under load: the other's clients notice nothing, and nothing acknowledged is lost", async () => {
  await withBroker({ gateways: 2 }, async (bench) => {
    await bench.topic("T", { queues: QUEUES });
    const clients = await Promise.all(Array.from({ length: 16 }, () => bench.client()));
    const load = new AckedLoad({ address: bench.address, topic: "T", queues: QUEUES, seed: 99 });
    let survivors = 0;
    try {
      await load.more(150);
      for (const client of clients) await sendOk(client, "T", "before");
      await crash(bench, "gateway-1");
      await load.more(150);
      for (const client of clients) {
        // The kernel has spread the connections over both gateways.
        survivors += await sendOk(client, "T", "after").then(() => 1, () => 0);
      }
    } finally {
      await load.stop();
    }
    assert(survivors > 0 && survivors < clients.length, `${survivors} of ${clients.length} connections are left`);
    await load.readBack(bench.address);
  });
});

Deno.test("an actor that is killed more often than its budget ends the broker", async () => {
  await withBroker({ expectedExit: ExitCode.ACTOR_GAVE_UP }, async (bench) => {
    for (let round = 0; round < CRASHES; round++) await crash(bench, "hold");
    bench.actor("hold").crash("once too often");
    const failure = await within(bench.broker.failed, { timeoutMs: PATIENCE_MS, what: "the broker's end" });
    assertEquals(failure.exitCode, ExitCode.ACTOR_GAVE_UP);
    assert(failure.text.includes("hold"), failure.text);
  });
});

Deno.test("hold killed: pulls that were parked are answered when something arrives, or when their time is over", async () => {
  await withBroker({}, async (bench) => {
    await bench.topic("T", { queues: 2 });
    const { memory } = bench.broker;
    const client = await bench.client();
    const arriving = underWay(pull(await bench.client(), "T", { suspendMs: 2 * PATIENCE_MS }));
    const expiring = underWay(pull(await bench.client(), "T", { queueId: 1, suspendMs: 5000 }));
    await until(() => memory.parkedPulls === 2, { timeoutMs: PATIENCE_MS, what: "two parked pulls" });
    await crash(bench, "hold");
    await sendOk(client, "T", "arrival", { queueId: 0 });
    assertEquals((await arriving.answer).code, 0);
    assertEquals((await expiring.answer).code, 19);
  });
});

Deno.test("reput killed: parked pulls are answered by what comes after it", async () => {
  await withBroker({}, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    const parked = underWay(pull(await bench.client(), "T", { suspendMs: 2 * PATIENCE_MS }));
    await until(() => bench.broker.memory.parkedPulls === 1, { timeoutMs: PATIENCE_MS, what: "a parked pull" });
    await crash(bench, "reput");
    await sendOk(client, "T", "arrival");
    assertEquals((await parked.answer).code, 0);
    assertEquals(await bodiesOf(client, "T", { count: 1 }), ["arrival"]);
  });
});

Deno.test("schedule killed while messages wait for their time: all of them come", async () => {
  await withBroker({}, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    const sent = Array.from({ length: 100 }, (_, i) => `delayed ${i}`);
    for (const body of sent) {
      await sendOk(client, "T", body, { properties: plainProperties("DELAY\u00011\u0002") });
    }
    await crash(bench, "schedule");
    const got = new Set<string>();
    let offset = 0;
    await until(async () => {
      for (const record of await pulled(client, "T", { offset })) {
        got.add(new TextDecoder().decode(record.body));
        offset = record.queueOffset + 1;
      }
      return got.size === sent.length;
    }, { timeoutMs: PATIENCE_MS, what: "every delayed message" });
    assertEquals(got, new Set(sent));
  });
});

Deno.test("cold-read killed while it is asked: the asker is told, and the next one gets the message", async () => {
  await withBroker({ settings: { accessMessageInMemoryMaxRatio: 0 } }, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    const body = new Uint8Array(64 * 1024);
    for (let i = 0; i < 2 * SMALL_RING_BYTES / body.length; i++) await sendOk(client, "T", body.fill(i));
    await bodiesOf(client, "T", { count: 1, max: 1 });
    const asker = await bench.client();
    const asked = underWay((async () => {
      let answer = await pull(asker, "T", { max: 1 });
      for (; answer.code !== 0; answer = await pull(asker, "T", { max: 1 })) {
        assertEquals(answer.code, 2, answer.remark);
      }
      return answer;
    })());
    await crash(bench, "cold-read");
    assertEquals((await asked.answer).code, 0);
    const view = { offset: String((await pulled(client, "T", { max: 1 }))[0]!.physicalOffset) };
    assertEquals((await client.call(RequestCode.VIEW_MESSAGE_BY_ID, view)).code, 0);
  });
});
