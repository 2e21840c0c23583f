/** Each actor of a broker paused by itself: what stops, what goes on, and that everything catches up afterwards. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { decodeKvTable } from "../../protocol/kv_table.ts";
import { decodeRecords } from "../../protocol/record.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { pull, send } from "../conformance/broker_requests.ts";
import type { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { type BrokerBench, PATIENCE_MS, SMALL_RING_BYTES, withBroker } from "./broker_bench.ts";
import { bodiesOf, plainProperties, pulled, sendOk, type UnderWay, underWay } from "./broker_calls.ts";

/** Level 1: one second. */
const DELAYED = plainProperties("DELAY\u00011\u0002");

const untilDispatched = (bench: BrokerBench): Promise<boolean> => {
  const { dispatched, written } = bench.broker.memory;
  const isDone = (): boolean => dispatched.load() === written.load();
  return until(isDone, { timeoutMs: PATIENCE_MS, what: "everything dispatched" });
};

/** What a broker says of itself. */
async function statusOf(client: RawClient): Promise<ReadonlyMap<string, string>> {
  const answer = await client.call(RequestCode.GET_BROKER_RUNTIME_INFO, {}, "", { timeoutMs: PATIENCE_MS });
  return decodeKvTable(answer.body).table;
}

/** Parks a pull at the end of a queue and waits until PullRequestHoldService has it. */
async function park(bench: BrokerBench, topic: string, offset: number): Promise<UnderWay> {
  const held = bench.broker.memory.parkedPulls;
  const parked = underWay(pull(await bench.client(), topic, { offset, suspendMs: 2 * PATIENCE_MS }));
  await until(() => bench.broker.memory.parkedPulls > held, { timeoutMs: PATIENCE_MS, what: "the pull parked" });
  return parked;
}

Deno.test("gateway paused: nothing is answered, while dispatch and delayed messages go on; resumed: it answers", async () => {
  await withBroker({}, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    await sendOk(client, "T", "soon", { properties: DELAYED });
    await bench.wake("schedule");
    const schedule = bench.broker.supervisor.ref(bench.broker.children.schedule);
    let waiting: UnderWay | undefined;
    await bench.whilePaused("gateway-0", async () => {
      waiting = underWay(send(await bench.client(), "T", "later", { properties: plainProperties() }));
      const hasDelivered = async (): Promise<boolean> =>
        (await schedule.ask("counters", null, { timeoutMs: PATIENCE_MS })).delivered === 1;
      await until(hasDelivered, { timeoutMs: PATIENCE_MS, what: "the delayed message delivered" });
      await untilDispatched(bench);
      assert(!waiting.isAnswered());
    });
    assertEquals((await waiting!.answer).code, 0);
    assertEquals(await bodiesOf(client, "T", { count: 2 }), ["soon", "later"]);
  });
});

Deno.test("reput paused: sends are acknowledged and what was dispatched is consumed, new messages are not; resumed: it catches up", async () => {
  await withBroker({}, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    for (const body of ["a", "b"]) await sendOk(client, "T", body);
    assertEquals(await bodiesOf(client, "T", { count: 2 }), ["a", "b"]);
    await bench.whilePaused("reput", async () => {
      const { memory } = bench.broker;
      const dispatched = memory.dispatched.load();
      for (let i = 0; i < 500; i++) assertEquals(await sendOk(client, "T", `m${i}`), 2 + i);
      assertEquals((await pulled(client, "T")).length, 2);
      const answer = await pull(client, "T", { offset: 2 });
      assertEquals([answer.code, answer.ext["maxOffset"]], [ResponseCode.PULL_NOT_FOUND, "2"]);
      assertEquals(memory.dispatched.load(), dispatched);
      assert(memory.written.load() > dispatched);
    });
    const bodies = await bodiesOf(client, "T", { offset: 2, count: 500 });
    assertEquals(bodies, Array.from({ length: 500 }, (_, i) => `m${i}`));
  });
});

Deno.test("reput paused until the ring has been written over: resumed, it goes on from the files", async () => {
  await withBroker({}, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const body = new Uint8Array(64 * 1024);
    const count = 3 * SMALL_RING_BYTES / body.length;
    await bench.whilePaused("reput", async () => {
      for (let i = 0; i < count; i++) await sendOk(client, "T", body.fill(i));
    });
    let offset = 0;
    await until(async () => {
      for (const record of await pulled(client, "T", { offset })) {
        assertEquals(record.queueOffset, offset);
        assert(record.body.every((byte) => byte === offset % 256), `message ${offset} is not as it was sent`);
        offset++;
      }
      return offset === count;
    }, { timeoutMs: PATIENCE_MS, what: `${count} messages` });
    const { fromFile } = await bench.broker.supervisor.ref(bench.broker.children.reput)
      .ask("counters", null, { timeoutMs: PATIENCE_MS });
    assert(fromFile > 0);
  });
});

Deno.test("hold paused: parked pulls stay parked while other pulls get data; resumed: they are answered", async () => {
  await withBroker({}, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const parked = await park(bench, "T", 0);
    let late: UnderWay | undefined;
    await bench.whilePaused("hold", async () => {
      await sendOk(client, "T", "arrival");
      assertEquals(await bodiesOf(client, "T", { count: 1 }), ["arrival"]);
      const empty = await pull(client, "T", { offset: 1 });
      assertEquals(empty.code, ResponseCode.PULL_NOT_FOUND);
      late = underWay(pull(await bench.client(), "T", { offset: 1, suspendMs: 2 * PATIENCE_MS }));
      await sendOk(client, "T", "second");
      assertEquals(await bodiesOf(client, "T", { offset: 1, count: 1 }), ["second"]);
      assert(!parked.isAnswered());
    });
    for (const waiting of [parked, late!]) assertEquals((await waiting.answer).code, 0);
  });
});

Deno.test("hold paused: a pull whose time is over waits, and is answered when hold goes on", async () => {
  await withBroker({}, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    await bench.topic("Other", { queues: 1 });
    const parked = underWay(pull(await bench.client(), "T", { suspendMs: 3000 }));
    await until(() => bench.broker.memory.parkedPulls > 0, { timeoutMs: PATIENCE_MS, what: "the pull parked" });
    await bench.whilePaused("hold", async () => {
      const overMs = performance.now() + 3500;
      await until(async () => {
        await sendOk(client, "Other", "x");
        return performance.now() > overMs;
      }, { timeoutMs: PATIENCE_MS, what: "sends for longer than the pull's time" });
      assert(!parked.isAnswered());
    });
    assertEquals((await parked.answer).code, ResponseCode.PULL_NOT_FOUND);
  });
});

Deno.test("schedule paused: delayed messages do not come, others do; resumed: they come", async () => {
  await withBroker({}, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    await bench.whilePaused("schedule", async () => {
      await sendOk(client, "T", "delayed", { properties: DELAYED });
      // The delay is over for sure when the broker stored a message that much later.
      const first = await sendOk(client, "T", "mark");
      const [mark] = await until(async () => {
        const records = await pulled(client, "T", { offset: first });
        return records.length > 0 ? records : undefined;
      }, { timeoutMs: PATIENCE_MS, what: "the mark" });
      let sent = 1;
      await until(async () => {
        const offset = await sendOk(client, "T", "mark");
        sent++;
        await untilDispatched(bench);
        const last = (await pulled(client, "T", { offset })).at(-1);
        return last !== undefined && last.storeTimestamp > mark!.storeTimestamp + 1500;
      }, { timeoutMs: PATIENCE_MS, what: "a message stored 1.5 s later" });
      assertEquals(new Set(await bodiesOf(client, "T", { count: sent })), new Set(["mark"]));
    });
    await until(async () => {
      const end = Number((await client.call(RequestCode.GET_MAX_OFFSET, { topic: "T", queueId: "0" })).ext["offset"]);
      const last = (await pulled(client, "T", { offset: end - 1 })).at(-1);
      return last !== undefined && new TextDecoder().decode(last.body) === "delayed";
    }, { timeoutMs: PATIENCE_MS, what: "the delayed message" });
  });
});

Deno.test("cold-read paused: old messages and queries wait, while sends and pulls of new ones go on; resumed: they are answered", async () => {
  // No part of the log counts as being in memory.
  await withBroker({ settings: { accessMessageInMemoryMaxRatio: 0 } }, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const body = new Uint8Array(64 * 1024);
    const count = 2 * SMALL_RING_BYTES / body.length;
    for (let i = 0; i < count; i++) await sendOk(client, "T", body.fill(i));
    await untilDispatched(bench);
    const position = (await pulled(client, "T", { max: 1 }))[0]!.physicalOffset;
    let old: UnderWay | undefined;
    let view: UnderWay | undefined;
    await bench.whilePaused("cold-read", async () => {
      old = underWay(pull(await bench.client(), "T", { max: 1 }));
      view = underWay((await bench.client()).call(RequestCode.VIEW_MESSAGE_BY_ID, { offset: String(position) }));
      for (let i = 0; i < 20; i++) {
        const offset = await sendOk(client, "T", `new ${i}`);
        assertEquals(await bodiesOf(client, "T", { offset, count: 1 }), [`new ${i}`]);
      }
      assert(!old.isAnswered());
      assert(!view.isAnswered());
    });
    for (const answered of [old!, view!]) assertEquals((await answered.answer).code, 0);
  });
});

Deno.test("cold-read paused: messages that the ring has lost and the page cache has are served all the same", async () => {
  await withBroker({}, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const body = new Uint8Array(64 * 1024);
    const count = 2 * SMALL_RING_BYTES / body.length;
    for (let i = 0; i < count; i++) await sendOk(client, "T", body.fill(i));
    await untilDispatched(bench);
    await bench.whilePaused("cold-read", async () => {
      // A read that has to wait for a slow disk sends the pulls of the next second to ColdReadService, which is paused.
      const asked: UnderWay[] = [];
      const answered = (): UnderWay | undefined => asked.find((one) => one.isAnswered());
      await until(async () => {
        asked.push(underWay(pull(await bench.client(), "T", { max: 3 })));
        await until(answered, { timeoutMs: 1_500, what: "an answer" }).catch(() => {});
        return answered();
      }, { timeoutMs: PATIENCE_MS, what: "a pull from the page cache" });
      const records = decodeRecords((await answered()!.answer).body);
      assertEquals(records.map(({ body }) => body[0]), [0, 1, 2]);
    });
  });
});

Deno.test("a slow device with SYNC_FLUSH: sends wait for it, what is written is consumed; when it comes they are acknowledged", async () => {
  const settings = { flushDiskType: "SYNC_FLUSH", syncFlushTimeout: 2 * PATIENCE_MS } as const;
  await withBroker({ settings }, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    await sendOk(client, "T", "first");
    let waiting: UnderWay | undefined;
    await bench.whileUnsynced(async () => {
      const flushed = bench.broker.memory.flushed.load();
      waiting = underWay(send(await bench.client(), "T", "waits", { properties: plainProperties() }));
      // WAIT=false asks for no more than the write.
      const unwaited = plainProperties().replace("true", "false");
      await sendOk(client, "T", "does not wait", { properties: unwaited });
      assertEquals((await bodiesOf(client, "T", { count: 3 })).sort(), ["does not wait", "first", "waits"]);
      assertEquals(bench.broker.memory.flushed.load(), flushed);
      assert(!waiting.isAnswered());
    });
    assertEquals((await waiting!.answer).code, 0);
  });
});

Deno.test("a device that takes longer than syncFlushTimeout: the send is told FLUSH_DISK_TIMEOUT", async () => {
  const settings = { flushDiskType: "SYNC_FLUSH", syncFlushTimeout: 300 } as const;
  await withBroker({ settings }, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    await bench.whileUnsynced(async () => {
      const answer = await send(client, "T", "x", { properties: plainProperties() });
      assertEquals(answer.code, ResponseCode.FLUSH_DISK_TIMEOUT);
    });
    await bodiesOf(client, "T", { count: 1 });
  });
});

Deno.test("flush-log paused with ASYNC_FLUSH: sends and pulls go on; resumed: the flushed cursor catches up", async () => {
  const settings = { flushIntervalCommitLog: 20, flushCommitLogLeastPages: 0 } as const;
  await withBroker({ settings }, async (bench) => {
    const client = await bench.client();
    const { flushed, written } = bench.broker.memory;
    await bench.topic("T", { queues: 1 });
    await bench.whilePaused("flush-log", async () => {
      const before = flushed.load();
      for (let i = 0; i < 100; i++) await sendOk(client, "T", `m${i}`);
      assertEquals((await bodiesOf(client, "T", { count: 100 })).length, 100);
      assertEquals(flushed.load(), before);
    });
    await until(() => flushed.load() === written.load(), { timeoutMs: PATIENCE_MS, what: "everything flushed" });
  });
});

Deno.test("flush-queues paused: sends and pulls go on, the checkpoint stays; resumed: it advances", async () => {
  const settings = {
    flushIntervalConsumeQueue: 20,
    flushIntervalCommitLog: 20,
    flushCommitLogLeastPages: 0,
  } as const;
  await withBroker({ settings }, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const path = `${bench.root}/store/checkpoint`;
    await sendOk(client, "T", "first");
    await until(() => existsSync(path), { timeoutMs: PATIENCE_MS, what: "the first checkpoint" });
    const checkpoint = (): string => Deno.readFileSync(path).toHex();
    let before = "";
    await bench.whilePaused("flush-queues", async () => {
      before = checkpoint();
      for (let i = 0; i < 100; i++) await sendOk(client, "T", `m${i}`);
      assertEquals((await bodiesOf(client, "T", { offset: 1, count: 100 })).length, 100);
      const { flushed, written } = bench.broker.memory;
      await until(() => flushed.load() === written.load(), { timeoutMs: PATIENCE_MS, what: "the log flushed" });
      assertEquals(checkpoint(), before);
    });
    await until(() => checkpoint() !== before, { timeoutMs: PATIENCE_MS, what: "a later checkpoint" });
    assertNotEquals(checkpoint(), before);
  });
});

Deno.test("controller paused: sends and pulls go on, topics and offsets wait; resumed: they are answered", async () => {
  await withBroker({}, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    await sendOk(client, "T", "m");
    // A group that is pulled for the first time is made by the controller.
    assertEquals((await bodiesOf(client, "T", { count: 1 })).length, 1);
    // The first parked pull starts it, and then it asks the controller for the topics.
    await bench.wake("hold");
    let created: Promise<void> | undefined;
    let asked: UnderWay | undefined;
    await bench.whilePaused("controller", async () => {
      created = bench.topic("New", { queues: 1 });
      asked = underWay(
        (await bench.client()).call(
          RequestCode.QUERY_CONSUMER_OFFSET,
          { consumerGroup: "conformance_raw", topic: "T", queueId: "0" },
          "",
          { timeoutMs: PATIENCE_MS },
        ),
      );
      const parked = await park(bench, "T", 1);
      for (let i = 0; i < 100; i++) await sendOk(client, "T", `m${i}`);
      assertEquals((await bodiesOf(client, "T", { offset: 1, count: 100 })).length, 100);
      assertEquals((await parked.answer).code, 0);
      assert(!asked.isAnswered());
    });
    await created;
    assert([0, ResponseCode.QUERY_NOT_FOUND].includes((await asked!.answer).code as 0));
    await sendOk(client, "New", "m");
  });
});

Deno.test("housekeeping paused: sends, pulls and the control plane go on", async () => {
  await withBroker({ settings: { cleanResourceInterval: 10 } }, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    await bench.whilePaused("housekeeping", async () => {
      for (let i = 0; i < 50; i++) await sendOk(client, "T", `m${i}`);
      assertEquals((await bodiesOf(client, "T", { count: 50 })).length, 50);
      const max = await client.call(RequestCode.GET_MAX_OFFSET, { topic: "T", queueId: "0" });
      assertEquals([max.code, max.ext["offset"]], [0, "50"]);
      const blind = await statusOf(client);
      assertEquals([blind.get("commitLogDiskRatio"), blind.get("commitLogMaxOffset") !== "0"], ["-1.0", true]);
    });
    const seen = await statusOf(client);
    const share = Number(seen.get("commitLogDiskRatio"));
    assert(share > 0 && share <= 1, `used share of the disk: ${share}`);
    assertMatch(seen.get("commitLogDirCapacity")!, /^Total : [\d.]+ [GT]iB, Free : [\d.]+ [MGT]iB\.$/);
  });
});
