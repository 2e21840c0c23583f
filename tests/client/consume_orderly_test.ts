/** Orderly consumption without a broker: what a missing or lost lock does. */
import { assertEquals } from "@std/assert";
import { ConsumeOrderly } from "../../actors/client/consume_orderly.ts";
import { ConsumeStats } from "../../actors/client/consume_stats.ts";
import { consumerSettings } from "../../actors/client/consumer_options.ts";
import { silentLogger } from "../../actors/client/logger.ts";
import { MessageExt } from "../../actors/client/message_ext.ts";
import { RemoteBrokerOffsetStore } from "../../actors/client/offset_store.ts";
import { OwnedQueue } from "../../actors/client/owned_queue.ts";
import { LOCK_LIVE_MS } from "../../actors/client/process_queue.ts";
import { encodeRecord } from "../../protocol/record.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";

const QUEUE = { topic: "T", brokerName: "a", queueId: 0 };

function message(offset: number): MessageExt {
  const record = encodeRecord({
    topic: "T",
    queueId: 0,
    queueOffset: offset,
    physicalOffset: offset * 100,
    body: new Uint8Array(1),
    properties: "",
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 0,
    bornHost: new Uint8Array(8),
    storeTimestamp: 0,
    storeHost: new Uint8Array(8),
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
  });
  return new MessageExt(QUEUE, new DataView(record.buffer, record.byteOffset, record.byteLength), 0);
}

interface Bench {
  readonly clock: SimulatedClock;
  readonly owned: OwnedQueue;
  readonly consumption: ConsumeOrderly;
  /** Offsets given to the listener. */
  readonly seen: number[];
  /** When the lock was asked for, in milliseconds. */
  readonly locks: number[];
}

/** A queue whose lock is given when `lock` says so; `consumed` sees each listener call. */
function bench(lock: () => boolean, consumed: (owned: OwnedQueue) => void = () => undefined): Bench {
  const clock = new SimulatedClock();
  const seen: number[] = [];
  const locks: number[] = [];
  const owned = new OwnedQueue(QUEUE, 1, { offset: 0, nowMs: clock.nowMs() });
  const consumption = new ConsumeOrderly({
    group: "G",
    namespace: "",
    settings: consumerSettings({ consumerGroup: "G" }),
    clock,
    logger: silentLogger,
    stats: new ConsumeStats(clock),
    offsets: new RemoteBrokerOffsetStore({
      fetch: () => Promise.resolve(0),
      commit: () => Promise.resolve(),
      failed: () => undefined,
    }),
    consumeHooks: [],
    sendBack: () => Promise.resolve(true),
    sendToRetry: () => Promise.resolve(true),
    released: () => undefined,
    lock: () => {
      locks.push(clock.monotonicMs());
      const locked = lock();
      if (locked) holdLock(owned, clock);
      return Promise.resolve(locked);
    },
  }, (messages) => {
    for (const one of messages) seen.push(one.queueOffset);
    consumed(owned);
    return "SUCCESS";
  });
  return { clock, owned, consumption, seen, locks };
}

function holdLock(owned: OwnedQueue, clock: SimulatedClock): void {
  owned.process.locked = true;
  owned.process.lastLockMs = clock.nowMs();
}

Deno.test("An orderly queue without a lock asks for it after 100 ms, then consumes", async () => {
  const { clock, owned, consumption, seen, locks } = bench(() => true);
  owned.process.put([message(0), message(1)]);
  consumption.submit(owned);
  await clock.run(99);
  assertEquals([locks, seen], [[], []]);
  await clock.run(50);
  assertEquals([locks, seen], [[100], [0, 1]]);
  consumption.stop();
});

Deno.test("An orderly queue whose lock is refused asks again after three seconds", async () => {
  let free = false;
  const { clock, owned, consumption, seen, locks } = bench(() => free);
  owned.process.put([message(0)]);
  consumption.submit(owned);
  await clock.run(1_000);
  free = true;
  await clock.run(5_000);
  assertEquals([seen, locks.length, locks[0]], [[0], 2, 100]);
  consumption.stop();
});

Deno.test("An orderly queue that loses its lock between two messages asks for it after 10 ms", async () => {
  const { clock, owned, consumption, seen, locks } = bench(() => true, (queue) => {
    if (locks.length === 0) queue.process.locked = false;
  });
  holdLock(owned, clock);
  owned.process.put([message(0), message(1)]);
  consumption.submit(owned);
  await clock.run(200);
  assertEquals([locks, seen], [[10], [0, 1]]);
  consumption.stop();
});

Deno.test("A lock that was not renewed for 30 s counts as lost", () => {
  const { clock, owned, consumption } = bench(() => true);
  owned.process.lastLockMs = clock.nowMs();
  assertEquals(owned.process.lockExpired(clock.nowMs() + LOCK_LIVE_MS), false);
  assertEquals(owned.process.lockExpired(clock.nowMs() + LOCK_LIVE_MS + 1), true);
  consumption.stop();
});
