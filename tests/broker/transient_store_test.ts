/** transientStorePoolEnable: what is acknowledged in memory, who writes it when, what a kill may take, and what it may not. */
import { assert, assertEquals } from "@std/assert";
import type { BrokerValues } from "../../actors/broker/broker_configuration.ts";
import { isWrittenLater, unwrittenBytesMax } from "../../actors/broker/write_mode.ts";
import { decodeOffsetMessageId } from "../../protocol/message_id.ts";
import { decodeKvTable } from "../../protocol/kv_table.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { pull, queueNumber, send } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { type BrokerBench, PATIENCE_MS, SMALL_RING_BYTES, withBroker } from "./broker_bench.ts";
import { bodiesOf, plainProperties, sendOk } from "./broker_calls.ts";
import { BrokerProcess } from "./broker_process.ts";
import { makeTopic, straceTest } from "./strace_test_kit.ts";
import { injectedCalls } from "./unsynced_writes.ts";

/** Longer than any test runs. Milliseconds. */
const NEVER_MS = 3_600_000;

/** Only pages and a full memory make it write. */
const LAZY = {
  transientStorePoolEnable: true,
  commitIntervalCommitLog: NEVER_MS,
  commitCommitLogThoroughInterval: NEVER_MS,
} as const;

const LARGE = "x".repeat(5 * 4096);

const unwritten = ({ broker: { memory } }: BrokerBench): number => memory.appended.load() - memory.written.load();

function withPool(settings: Partial<BrokerValues>, body: (bench: BrokerBench) => Promise<void>): Promise<void> {
  return withBroker({ settings: { transientStorePoolEnable: true, ...settings } }, async (bench) => {
    await bench.topic("T", { queues: 1 });
    await body(bench);
  });
}

Deno.test("isWrittenLater() is true where RocketMQ has a pool, except where sends wait for the device", () => {
  const base = {
    transientStorePoolEnable: true,
    flushDiskType: "ASYNC_FLUSH",
    brokerRole: "ASYNC_MASTER",
    enableControllerMode: false,
    writeWithoutMmap: false,
  };
  const rows: [change: Partial<BrokerValues>, expected: boolean][] = [
    [{}, true],
    [{ brokerRole: "SYNC_MASTER" }, true],
    [{ transientStorePoolEnable: false }, false],
    [{ flushDiskType: "SYNC_FLUSH" }, false],
    [{ brokerRole: "SLAVE" }, false],
    [{ brokerRole: "SLAVE", enableControllerMode: true }, true],
    [{ writeWithoutMmap: true }, false],
  ];
  for (const [change, expected] of rows) {
    assertEquals(isWrittenLater({ ...base, ...change } as BrokerValues), expected, JSON.stringify(change));
  }
  const sizes = { ...base, transientStorePoolSize: 2, mappedFileSizeCommitLog: 1000 } as BrokerValues;
  assertEquals([unwrittenBytesMax(sizes, 5000), unwrittenBytesMax(sizes, 1500)], [2000, 1500]);
  assertEquals(unwrittenBytesMax({ ...sizes, transientStorePoolEnable: false }, 5000), 5000);
});

Deno.test("with the pool a send is acknowledged in memory; nobody reads it before it is written, and then everybody", async () => {
  await withPool(LAZY, async (bench) => {
    const client = await bench.client();
    const { written } = bench.broker.memory;
    const before = written.load();
    const first = await send(client, "T", "m0", { properties: plainProperties() });
    assertEquals(first.code, 0);
    for (let i = 1; i < 5; i++) assertEquals(await sendOk(client, "T", `m${i}`), i);
    assertEquals(written.load(), before, "nothing is written");
    assertEquals((await pull(client, "T")).code, ResponseCode.PULL_NOT_FOUND);
    assertEquals(await queueNumber(client, RequestCode.GET_MAX_OFFSET, "T", 0), 0);
    const position = decodeOffsetMessageId(first.ext["msgId"]!).offset;
    const view = (): Promise<{ code: number }> =>
      client.call(RequestCode.VIEW_MESSAGE_BY_ID, { offset: String(position) });
    assert((await view()).code !== 0, "not in the file yet");
    const info = decodeKvTable((await client.call(RequestCode.GET_BROKER_RUNTIME_INFO)).body).table;
    assertEquals(info.has("remainHowManyDataToCommit"), true);
    await sendOk(client, "T", LARGE);
    assertEquals((await bodiesOf(client, "T", { count: 6 })).slice(0, 5), ["m0", "m1", "m2", "m3", "m4"]);
    assertEquals((await view()).code, 0);
  });
});

Deno.test("the commit interval writes what is less than the least pages", async () => {
  const settings = {
    commitIntervalCommitLog: 10,
    commitCommitLogThoroughInterval: 50,
    commitCommitLogLeastPages: 1000,
  };
  await withPool(settings, async (bench) => {
    const client = await bench.client();
    for (let i = 0; i < 3; i++) await sendOk(client, "T", `m${i}`);
    await bodiesOf(client, "T", { count: 3 });
    assertEquals(unwritten(bench), 0);
  });
});

Deno.test("commitCommitLogLeastPages=0 with wake-ups writes each message at once", async () => {
  await withPool({ ...LAZY, commitCommitLogLeastPages: 0 }, async (bench) => {
    const client = await bench.client();
    for (let i = 0; i < 10; i++) await bodiesOf(client, "T", { offset: await sendOk(client, "T", "m"), count: 1 });
  });
});

Deno.test("wakeCommitWhenPutMessage=false leaves even many pages to the interval", async () => {
  await withPool({ ...LAZY, wakeCommitWhenPutMessage: false }, async (bench) => {
    const client = await bench.client();
    for (let i = 0; i < 10; i++) await sendOk(client, "T", LARGE);
    assert(unwritten(bench) > 10 * LARGE.length);
    assertEquals((await pull(client, "T")).code, ResponseCode.PULL_NOT_FOUND);
  });
});

Deno.test("memory full of what is not written: senders write it themselves, in order, with nothing refused", async () => {
  await withPool({ ...LAZY, wakeCommitWhenPutMessage: false }, async (bench) => {
    const client = await bench.client();
    const count = Math.ceil(3 * SMALL_RING_BYTES / LARGE.length);
    for (let i = 0; i < count; i++) assertEquals(await sendOk(client, "T", LARGE), i);
    assert(unwritten(bench) <= SMALL_RING_BYTES);
    assert(bench.broker.memory.written.load() > SMALL_RING_BYTES);
  });
});

Deno.test("fastFailIfNoBufferInStorePool refuses sends while memory is full of what is not written", async () => {
  const settings = { ...LAZY, wakeCommitWhenPutMessage: false, fastFailIfNoBufferInStorePool: true };
  await withPool(settings, async (bench) => {
    const client = await bench.client();
    const codes: number[] = [];
    const count = Math.ceil(2 * SMALL_RING_BYTES / LARGE.length);
    for (let i = 0; i < count; i++) {
      codes.push(
        (await send(client, "T", LARGE, { properties: i % 2 === 0 ? plainProperties() : "A\u0001b\u0002" })).code,
      );
    }
    const taken = codes.indexOf(ResponseCode.SYSTEM_BUSY);
    assert(taken > 0, codes.join(" "));
    assertEquals(new Set(codes.slice(taken)), new Set([ResponseCode.SYSTEM_BUSY]), "and no record fits any more");
    const commit = bench.broker.supervisor.ref(bench.broker.children.commitLog!);
    assertEquals((await commit.ask("commit", null, { timeoutMs: PATIENCE_MS })).isWhole, true);
    assertEquals(await sendOk(client, "T", "again"), taken);
    await commit.ask("commit", null, { timeoutMs: PATIENCE_MS });
    assertEquals(await bodiesOf(client, "T", { offset: taken, count: 1 }), ["again"]);
  });
});

Deno.test("transientStorePoolSize bounds what may be in memory only", async () => {
  const settings = {
    ...LAZY,
    wakeCommitWhenPutMessage: false,
    transientStorePoolSize: 1,
    mappedFileSizeCommitLog: SMALL_RING_BYTES / 4,
  };
  await withPool(settings, async (bench) => {
    const client = await bench.client();
    for (let i = 0; i < 40; i++) {
      await sendOk(client, "T", LARGE);
      assert(unwritten(bench) <= SMALL_RING_BYTES / 4);
    }
  });
});

Deno.test("with SYNC_FLUSH there is no pool: sends are written and synced before they are acknowledged", async () => {
  await withPool({ ...LAZY, flushDiskType: "SYNC_FLUSH" }, async (bench) => {
    assertEquals(bench.broker.children.commitLog, undefined);
    await sendOk(await bench.client(), "T", "m");
    const { appended, flushed } = bench.broker.memory;
    assertEquals(flushed.load(), appended.load());
  });
});

Deno.test("with the pool a stop writes what is in memory", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-broker-" });
  try {
    await withBroker({ settings: LAZY, root }, async (bench) => {
      await bench.topic("T", { queues: 1 });
      for (let i = 0; i < 5; i++) await sendOk(await bench.client(), "T", `unwritten ${i}`);
      assert(unwritten(bench) > 0);
    });
    await withBroker({ settings: LAZY, root }, async (bench) => {
      assertEquals(bench.broker.recovery.row, "clean");
      assertEquals((await bodiesOf(await bench.client(), "T", { count: 5 })).length, 5);
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

/** Bodies of every message of a queue. */
async function bodiesOfQueue(client: RawClient, queueId: number): Promise<string[]> {
  const max = await queueNumber(client, RequestCode.GET_MAX_OFFSET, "T", queueId);
  return max === 0 ? [] : await bodiesOf(client, "T", { queueId, count: max });
}

const QUEUES = 4;
const KILLS = 3;
const SENDS = 400;

Deno.test("kill -9 with the pool takes a suffix of what was acknowledged, never one in the middle, and offsets go on without a gap", async () => {
  const dir = await Deno.makeTempDir({ prefix: "ringmq-broker-" });
  const settings = {
    transientStorePoolEnable: "true",
    commitIntervalCommitLog: "50",
    commitCommitLogThoroughInterval: "50",
    mappedFileSizeCommitLog: String(1024 * 1024),
  };
  /** Messages in the order of their acknowledgement, those that a kill took left out. */
  let acked: { readonly queueId: number; readonly body: string }[] = [];
  let lost = 0;
  try {
    for (let life = 0; life <= KILLS; life++) {
      await BrokerProcess.with({ dir, settings }, async (broker) => {
        using client = await RawClient.connect(broker.address);
        if (life === 0) await makeTopic(client, "T", QUEUES);
        const stored: string[][] = [];
        for (let queueId = 0; queueId < QUEUES; queueId++) stored.push(await bodiesOfQueue(client, queueId));
        const kept = acked.slice(0, stored.flat().length);
        stored.forEach((bodies, queueId) => {
          const expected = kept.filter((each) => each.queueId === queueId).map(({ body }) => body);
          assertEquals(bodies, expected, `life ${life}, queue ${queueId}: what is left is what was acknowledged first`);
        });
        lost += acked.length - kept.length;
        acked = kept;
        if (life === KILLS) return;
        for (let i = 0; i < SENDS; i++) {
          const queueId = i % QUEUES;
          const body = `${life}-${i}-`.padEnd(100 + i, ".");
          const offset = await sendOk(client, "T", body, { queueId });
          assertEquals(offset, acked.filter((each) => each.queueId === queueId).length, "offsets have no gap");
          acked.push({ queueId, body });
        }
        broker.signal("SIGKILL");
        await broker.untilEnded();
      });
    }
    console.log(`kill -9 with the pool took ${lost} of ${KILLS * SENDS} acknowledged messages`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

straceTest(
  "a full disk with the pool: what is acknowledged stays in memory and is written when there is room; nothing of it is lost",
  async () => {
    const settings = { transientStorePoolEnable: "true" };
    const fail = { call: "write", error: "ENOSPC", when: "5..12" } as const;
    await BrokerProcess.with({ settings, fail }, async (broker) => {
      using client = await RawClient.connect(broker.address);
      await makeTopic(client, "T");
      const stored: string[] = [];
      const refused = new Set<number>();
      await until(async () => {
        const body = `m${stored.length}`.padEnd(1000, ".");
        const answer = await send(client, "T", body, { properties: plainProperties() });
        if (answer.code === 0) {
          assertEquals(Number(answer.ext["queueOffset"]), stored.length, "offsets have no gap");
          stored.push(body);
        } else refused.add(answer.code);
        return refused.size > 0 && stored.length >= 300;
      }, { timeoutMs: PATIENCE_MS, what: "refusals, and 300 messages acknowledged" });
      assertEquals([...refused], [ResponseCode.SERVICE_NOT_AVAILABLE]);
      assert(injectedCalls(broker.trace()).length > 0, "strace made a write fail");
      assertEquals(await bodiesOf(client, "T", { count: stored.length }), stored);
      assert(broker.output.includes("acknowledged bytes are in memory only"), broker.output);
    });
  },
);
