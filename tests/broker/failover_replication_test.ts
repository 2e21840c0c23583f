/** Brokers of a failover set, with roles given by the test: epochs, the sync-state set, and who comes back with a tail that nobody else has. */
import { assert, assertEquals } from "@std/assert";
import { ResponseCode } from "../../protocol/response_code.ts";
import { send } from "../conformance/broker_requests.ts";
import { until } from "../helpers/until.ts";
import { PATIENCE_MS } from "./broker_bench.ts";
import { bodiesOf, plainProperties, pulled, sendOk, underWay } from "./broker_calls.ts";
import { epochsOf, killedStore, type Replica, untilWanted, withReplica } from "./failover_kit.ts";
import { assertSameLog, untilCaughtUp } from "./replication_kit.ts";

/** Acknowledgements that wait for who is gone; on a busy machine a follower that is there may take some of that. Milliseconds. */
const LATE_MS = 5_000;

const WAITED = { properties: plainProperties() } as const;

async function sendEach(replica: Replica, count: number, prefix: string): Promise<string[]> {
  const client = await replica.client();
  const bodies = Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  for (const body of bodies) await sendOk(client, "T", body);
  return bodies;
}

async function untilDispatched({ broker: { memory } }: Replica): Promise<void> {
  await until(() => memory.dispatched.load() === memory.written.load(), {
    timeoutMs: PATIENCE_MS,
    what: "all dispatched",
  });
}

Deno.test("failover: a follower joins the set, takes over, and the old master cuts the tail that nobody acknowledged", async () => {
  const roots: string[] = [];
  const follower = await Deno.makeTempDir({ prefix: "ringmq-follower-" });
  roots.push(follower);
  try {
    const acknowledged: string[] = [];
    let fork = 0;
    let killed = "";
    await withReplica({ id: 1, epoch: 1, settings: { slaveTimeout: LATE_MS } }, async (first) => {
      await first.topic("T", { queues: 1 });
      acknowledged.push(...await sendEach(first, 20, "alone"));
      await withReplica({ id: 2, epoch: 1, master: first, root: follower }, async (second) => {
        await untilWanted(first, [1, 2], 2);
        acknowledged.push(...await sendEach(first, 20, "both"));
        await untilCaughtUp(first, second);
        assertSameLog(first, second);
        await untilDispatched(second);
        assertEquals(epochsOf(second), [[1, 0]]);
      });
      fork = first.broker.memory.written.load();
      const client = await first.client();
      const tail = await Promise.all([0, 1, 2].map((i) => send(client, "T", `tail${i}`, WAITED)));
      assertEquals(new Set(tail.map(({ code }) => code)), new Set([ResponseCode.FLUSH_SLAVE_TIMEOUT]));
      assert(first.broker.memory.written.load() > fork);
      assertEquals(first.broker.memory.dispatched.load(), fork);
      assertEquals((await pulled(client, "T", { offset: 40 })).length, 0);
      killed = await killedStore(first);
      roots.push(killed);
    });
    await withReplica({ id: 2, epoch: 2, root: follower }, async (second) => {
      assertEquals(second.broker.recovery.logEnd, fork);
      acknowledged.push(...await sendEach(second, 20, "after"));
      let cut = 0;
      await withReplica({ id: 1, epoch: 2, master: second, root: killed }, async (first) => {
        assert(first.broker.memory.written.load() > fork);
        await until(() => first.cuts.length > 0, { timeoutMs: PATIENCE_MS, what: "the cut" });
        cut = first.cuts[0]!;
      });
      assertEquals(cut, fork);
      await withReplica({ id: 1, epoch: 2, master: second, root: killed, truncateTo: cut }, async (first) => {
        assertEquals(first.broker.recovery.logEnd, fork);
        await untilWanted(second, [1, 2], 2);
        acknowledged.push(...await sendEach(second, 5, "again"));
        await untilCaughtUp(second, first);
        assertSameLog(second, first);
        assertEquals(epochsOf(first), [[1, 0], [2, fork]]);
        assertEquals(epochsOf(second), epochsOf(first));
        await untilDispatched(first);
        const client = await second.client();
        assertEquals(await bodiesOf(client, "T", { count: acknowledged.length }), acknowledged);
      });
    });
  } finally {
    for (const root of roots) await Deno.remove(root, { recursive: true });
  }
});

Deno.test("failover: acknowledgements wait for a member that is gone until it is out of the set", async () => {
  await withReplica({ id: 1, epoch: 7 }, async (master) => {
    await master.topic("T", { queues: 1 });
    const client = await master.client();
    await withReplica({ id: 2, epoch: 7, master }, async () => {
      await withReplica({ id: 3, epoch: 7, master }, async () => {
        await until(() => master.wishes.some((wish) => wish.join() === "1,2,3" || wish.join() === "1,3"), {
          timeoutMs: PATIENCE_MS,
          what: "both wanted",
        });
        master.broker.setSyncStateSet([1, 2, 3], 2);
        await sendEach(master, 5, "three");
      });
      const waiting = underWay(send(await master.client(), "T", "held", WAITED));
      await until(() => master.wishes.at(-1)?.join() === "1,2", { timeoutMs: PATIENCE_MS, what: "3 unwanted" });
      await bodiesOf(client, "T", { count: 5 });
      assert(!waiting.isAnswered());
      master.broker.setSyncStateSet([1, 2], 3);
      assertEquals((await waiting.answer).code, 0);
    });
    master.broker.setSyncStateSet([1], 4);
    await sendEach(master, 5, "one");
  });
});
