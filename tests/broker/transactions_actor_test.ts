/** TransactionalMessageService paused and killed: no transaction that was ended is lost, and none is seen that was not committed. */
import { assert, assertEquals } from "@std/assert";
import { until } from "../helpers/until.ts";
import { PATIENCE_MS, untilRestarted, withBroker } from "./broker_bench.ts";
import { bodiesOf, pulled, sendOk, type UnderWay, underWay } from "./broker_calls.ts";
import { COMMIT, endTransaction, type Half, ROLLBACK, sendHalf } from "./half_messages.ts";

Deno.test("transactions paused: half messages are taken, ends wait, ordinary messages go on; resumed: the committed is seen", async () => {
  await withBroker({}, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    let ending: UnderWay | undefined;
    await bench.whilePaused("transactions", async () => {
      const half = await sendHalf(client, "T", "half");
      ending = underWay(endTransaction(await bench.client(), half, COMMIT));
      for (let i = 0; i < 50; i++) await sendOk(client, "T", `m${i}`);
      assertEquals(await bodiesOf(client, "T", { count: 50 }), Array.from({ length: 50 }, (_, i) => `m${i}`));
      assert(!ending.isAnswered());
    });
    assertEquals((await ending!.answer).code, 0);
    assertEquals(await bodiesOf(client, "T", { offset: 50, count: 1 }), ["half"]);
  });
});

Deno.test("transactions killed between the halves and their ends: every commit that is acknowledged is seen, no rollback is", async () => {
  await withBroker({}, async (bench) => {
    const client = await bench.client();
    await bench.topic("T", { queues: 1 });
    const committed: string[] = [];
    for (let round = 1; round <= 3; round++) {
      const halves: Half[] = [];
      for (let i = 0; i < 40; i++) halves.push(await sendHalf(client, "T", `${round}/${i}`));
      // Half of them are ended by the incarnation that took them, the others by the next one.
      for (const [i, half] of halves.entries()) {
        if (i === 20) {
          await bench.wake("transactions");
          bench.actor("transactions").crash("by the test");
          await untilRestarted(bench, "transactions", round + 1);
        }
        const how = i % 4 === 3 ? ROLLBACK : COMMIT;
        const answer = await endTransaction(client, half, how);
        assertEquals(answer.code, 0, answer.remark);
        if (how === COMMIT) committed.push(half.body);
      }
    }
    assertEquals(await bodiesOf(client, "T", { count: committed.length }), committed);
    assertEquals(await pulled(client, "T", { offset: committed.length }), []);
  });
});

Deno.test("transactions outlast a controller that does not answer, and go on when it does", async () => {
  await withBroker({ settings: { transactionCheckInterval: 20, transactionTimeOut: 1 } }, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    await bench.wake("transactions");
    await bench.whilePaused("controller", async () => {
      // It was born long ago, so it is given up at the first look, for which a topic has to be made.
      await sendHalf(client, "T", "half");
      await until(() => bench.logs.some((line) => line.includes("a round ended early")), {
        timeoutMs: PATIENCE_MS,
        what: "a round that gets no answer",
      });
    });
    const isDiscarded = async (): Promise<boolean> => {
      const { discarded } = await bench.broker.supervisor.ref(bench.broker.children.transactions)
        .ask("counters", null, { timeoutMs: PATIENCE_MS });
      return discarded === 1;
    };
    await until(isDiscarded, { timeoutMs: PATIENCE_MS, what: "the old half message to be given up" });
    assertEquals(bench.incarnation("transactions").epoch, 1);
  });
});
