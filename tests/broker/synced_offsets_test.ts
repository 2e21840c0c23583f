/** What says that messages were delivered never reaches the device before the messages: after a loss of power nothing would bring them back. */
import { assert, assertEquals } from "@std/assert";
import { DelayOffsets } from "../../store/delay_offsets.ts";
import { HALF_TOPIC, OP_TOPIC, TRANSACTION_GROUP } from "../../store/half_message.ts";
import { until } from "../helpers/until.ts";
import { type BrokerBench, PATIENCE_MS, untilRestarted, withBroker } from "./broker_bench.ts";
import { bodiesOf, plainProperties, pulled, sendOk, type UnderWay, underWay } from "./broker_calls.ts";
import { COMMIT, endTransaction, ROLLBACK, sendHalf } from "./half_messages.ts";

async function savedOffset(root: string): Promise<number> {
  try {
    return DelayOffsets.decode(await Deno.readTextFile(`${root}/store/config/delayOffset.json`)).get(1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return 0;
    throw error;
  }
}

async function toldOffsets({ broker }: BrokerBench): Promise<readonly number[]> {
  const items = [HALF_TOPIC, OP_TOPIC].map((topic) => ({ group: TRANSACTION_GROUP, topic, queueId: 0 }));
  const { offsets } = await broker.supervisor.ref(broker.children.controller).ask("consumerOffsets", { items }, {
    timeoutMs: PATIENCE_MS,
  });
  return offsets;
}

async function roundsOf({ broker }: BrokerBench): Promise<number> {
  const { rounds } = await broker.supervisor.ref(broker.children.transactions).ask("counters", null, {
    timeoutMs: PATIENCE_MS,
  });
  return rounds;
}

Deno.test("delay offsets are written when what they call delivered is on the device", async () => {
  await withBroker({ settings: { flushDelayOffsetInterval: 20 } }, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    // An actor that starts is introduced to its peers, which a paused one does not answer.
    await bench.wake("schedule");
    await bench.whilePaused("flush-log", async () => {
      // From the first delivery to the second there is time for many saves.
      for (const [index, body] of ["first", "second"].entries()) {
        await sendOk(client, "T", body, { properties: plainProperties("DELAY\u00011\u0002") });
        assertEquals(await bodiesOf(client, "T", { offset: index, count: 1 }), [body]);
      }
      assert(bench.broker.memory.flushed.load() < bench.broker.memory.written.load());
      assertEquals(await savedOffset(bench.root), 0);
    });
    await until(async () => await savedOffset(bench.root) === 2, {
      timeoutMs: PATIENCE_MS,
      what: "the offset of level 1 to be saved",
    });
  });
});

Deno.test("the offsets of transactions are told when what they call done is on the device", async () => {
  await withBroker({ settings: { transactionCheckInterval: 20 } }, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    await bench.wake("transactions");
    await bench.whilePaused("flush-log", async () => {
      const half = await sendHalf(client, "T", "half");
      assertEquals((await endTransaction(client, half, COMMIT)).code, 0);
      assertEquals(await bodiesOf(client, "T", { count: 1 }), ["half"]);
      const before = await roundsOf(bench);
      await until(async () => await roundsOf(bench) > before + 3, {
        timeoutMs: PATIENCE_MS,
        what: "some rounds of checks",
      });
      assertEquals(await toldOffsets(bench), [-1, -1]);
    });
    await until(async () => (await toldOffsets(bench)).join() === "1,1", {
      timeoutMs: PATIENCE_MS,
      what: "the offsets to be told",
    });
  });
});

Deno.test("with SYNC_FLUSH the end of a transaction is acknowledged when it is on the device", async () => {
  await withBroker({ settings: { flushDiskType: "SYNC_FLUSH" } }, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    const half = await sendHalf(client, "T", "half");
    await bench.wake("transactions");
    let ending: UnderWay | undefined;
    await bench.whilePaused("flush-log", async () => {
      ending = underWay(endTransaction(await bench.client(), half, COMMIT));
      assertEquals(await bodiesOf(client, "T", { count: 1 }), ["half"]);
      // Time for an answer that waits for nothing.
      for (let look = 0; look < 50; look++) await pulled(client, "T");
      assert(!ending.isAnswered());
    });
    assertEquals((await ending!.answer).code, 0);
    const { flushed, written } = bench.broker.memory;
    assertEquals(flushed.load(), written.load());
  });
});

Deno.test("a restarted actor knows before its first round what is ended: nothing comes twice, nothing rolled back comes", async () => {
  await withBroker({ settings: { transactionCheckInterval: 3_600_000 } }, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    const committed = await sendHalf(client, "T", "committed");
    const rolledBack = await sendHalf(client, "T", "rolled back");
    const open = await sendHalf(client, "T", "open");
    assertEquals((await endTransaction(client, committed, COMMIT)).code, 0);
    assertEquals((await endTransaction(client, rolledBack, ROLLBACK)).code, 0);
    await bench.wake("transactions");
    bench.actor("transactions").crash("by the test");
    await untilRestarted(bench, "transactions", 2);
    for (const half of [committed, rolledBack, open]) {
      assertEquals((await endTransaction(client, half, COMMIT)).code, 0);
    }
    assertEquals(await bodiesOf(client, "T", { count: 2 }), ["committed", "open"]);
    assertEquals(await pulled(client, "T", { offset: 2 }), []);
  });
});
