/** What a master of a failover set writes down as done rests on messages that the set has: where its tail is cut, and it is master again before it took the other master's offsets over, what the tail had done is done again. */
import { assert, assertEquals } from "@std/assert";
import type { BrokerValues } from "../../actors/broker/broker_configuration.ts";
import { until } from "../helpers/until.ts";
import { PATIENCE_MS } from "./broker_bench.ts";
import { bodiesOf, plainProperties, sendOk } from "./broker_calls.ts";
import { killedStore, type Replica, untilWanted, withReplica } from "./failover_kit.ts";
import { sendHalf } from "./half_messages.ts";
import { untilCaughtUp } from "./replication_kit.ts";

/** Work of a master that the tail of its log holds. */
interface Work {
  readonly actor: "schedule" | "timer" | "transactions";
  readonly settings: Partial<BrokerValues>;
  /** Brings the actor something, for which it appends a record once it may. */
  readonly bring: (master: Replica) => Promise<void>;
}

/** Stores of a master whose tail has what the work appended, and nobody else has it: as a kill leaves it, and as an orderly stop does. */
async function cutStores({ actor, bring, ...work }: Work): Promise<{ fork: number; roots: string[] }> {
  const settings = { ...work.settings, flushCommitLogThoroughInterval: 100 };
  const root = await Deno.makeTempDir({ prefix: "ringmq-progress-" });
  const roots = [root];
  let fork = 0;
  await withReplica({ id: 1, epoch: 1, root, settings }, async (master) => {
    const { written, flushed, replicated, dispatched } = master.broker.memory;
    await master.topic("T", { queues: 1 });
    await master.whilePaused(actor, async () => {
      await withReplica({ id: 2, epoch: 1, master }, async (follower) => {
        await untilWanted(master, [1, 2], 2);
        await bring(master);
        await untilCaughtUp(master, follower);
        await until(() => dispatched.load() === written.load(), { timeoutMs: PATIENCE_MS, what: "all dispatched" });
      });
      fork = written.load();
    });
    await until(() => written.load() > fork, { timeoutMs: PATIENCE_MS, what: "a record of the work" });
    // What says that it is done would be on its way by now.
    const end = written.load();
    await until(() => flushed.load() >= end, { timeoutMs: PATIENCE_MS, what: "the record on the device" });
    assertEquals(replicated.load(), fork);
    roots.push(await killedStore(master));
  });
  return { fork, roots };
}

/** Runs a body with each of the stores, as the master that it is again. */
async function afterCut(work: Work, body: (master: Replica) => Promise<void>): Promise<void> {
  const { fork, roots } = await cutStores(work);
  try {
    for (const root of roots) {
      await withReplica({ id: 1, epoch: 2, root, truncateTo: fork, settings: work.settings }, async (master) => {
        assertEquals(master.broker.recovery.logEnd, fork);
        await body(master);
      });
    }
  } finally {
    for (const root of roots) await Deno.remove(root, { recursive: true });
  }
}

Deno.test("failover: a delayed message is delivered again when its delivery was cut", async () => {
  await afterCut({
    actor: "schedule",
    settings: { flushDelayOffsetInterval: 20 },
    bring: async (master) => {
      const properties = plainProperties("DELAY\u00011\u0002");
      await sendOk(await master.client(), "T", "delayed", { properties });
    },
  }, async (master) => {
    assertEquals(await bodiesOf(await master.client(), "T", { count: 1 }), ["delayed"]);
  });
});

Deno.test("failover: a message with an exact time is delivered again when its delivery was cut", async () => {
  await afterCut({
    actor: "timer",
    settings: { timerPrecisionMs: 100, timerFlushIntervalMs: 20 },
    bring: async (master) => {
      const properties = plainProperties(`TIMER_DELIVER_MS\u0001${Date.now() + 1000}\u0002`);
      await sendOk(await master.client(), "T", "timed", { properties });
    },
  }, async (master) => {
    assertEquals(await bodiesOf(await master.client(), "T", { count: 1 }), ["timed"]);
  });
});

Deno.test("failover: a half message is asked about again when its copy was cut", async () => {
  await afterCut({
    actor: "transactions",
    // The half message was born long ago, by what its frame says.
    settings: { transactionTimeOut: 1, transactionCheckInterval: 20, fileReservedTime: 1_000_000 },
    bring: async (master) => void await sendHalf(await master.client(), "T", "half"),
  }, async (master) => {
    await master.wake("transactions");
    const { supervisor, children } = master.broker;
    await until(async () => {
      const { checked } = await supervisor.ref(children.transactions).ask("counters", null, { timeoutMs: PATIENCE_MS });
      return checked > 0;
    }, { timeoutMs: PATIENCE_MS, what: "a check of the half message" });
    assert(master.broker.memory.written.load() > master.broker.recovery.logEnd);
  });
});
