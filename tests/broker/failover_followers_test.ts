/** Followers of a failover set: where they begin, what they show, what acknowledgements wait for when a part stands still. */
import { assert, assertEquals } from "@std/assert";
import { decodeHaRuntimeInfo } from "../../protocol/bodies/ha_runtime_info.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { send } from "../conformance/broker_requests.ts";
import { until } from "../helpers/until.ts";
import { PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { bodiesOf, plainProperties, sendOk, underWay } from "./broker_calls.ts";
import { epochsOf, type Replica, untilWanted, withReplica } from "./failover_kit.ts";
import { assertSameLog, untilCaughtUp } from "./replication_kit.ts";

const WAITED = { properties: plainProperties() } as const;
const UNWAITED = { properties: plainProperties().replace("true", "false") } as const;

async function fill(replica: Replica, bytes: number): Promise<void> {
  const client = await replica.client();
  const body = new Uint8Array(100_003);
  for (let sent = 0, index = 0; sent < bytes; sent += body.length) await sendOk(client, "T", body.fill(index++));
}

for (const syncFromLastFile of [false, true]) {
  const where = syncFromLastFile ? "the last file with syncFromLastFile" : "the first position";
  Deno.test(`failover: an empty follower begins with ${where} and learns every epoch`, async () => {
    const root = await Deno.makeTempDir({ prefix: "ringmq-master-" });
    try {
      await withReplica({ id: 1, epoch: 4, root }, async (master) => {
        await master.topic("T", { queues: 1 });
        await fill(master, 5_000_000);
      });
      await withReplica({ id: 1, epoch: 6, root }, async (master) => {
        await fill(master, 5_000_000);
        await withReplica({ id: 3, epoch: 6, master, settings: { syncFromLastFile } }, async (follower) => {
          await untilCaughtUp(master, follower);
          assertSameLog(master, follower);
          const { logStart } = follower.broker.memory;
          assertEquals(logStart.load(), syncFromLastFile ? 8 * 1024 * 1024 : 0);
          assertEquals(epochsOf(follower), syncFromLastFile ? epochsOf(master).slice(1) : epochsOf(master));
          assertEquals(epochsOf(master).map(([epoch]) => epoch), [4, 6]);
          await untilWanted(master, [1, 3], 2);
          await fill(master, 200_000);
          const { written, dispatched } = follower.broker.memory;
          await until(() => dispatched.load() === written.load(), { timeoutMs: PATIENCE_MS, what: "all dispatched" });
        });
      });
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
}

Deno.test("failover: what not every member has is shown neither by the master nor by a follower", async () => {
  await withReplica({ id: 1, epoch: 1 }, async (master) => {
    await master.topic("T", { queues: 1 });
    const client = await master.client();
    await withReplica({ id: 2, epoch: 1, master, settings: { slaveReadEnable: true } }, async (follower) => {
      await untilWanted(master, [1, 2], 2);
      await sendOk(client, "T", "shown", WAITED);
      const shown = master.broker.memory.written.load();
      const isShown = ({ broker }: Replica): boolean => broker.memory.dispatched.load() === shown;
      await until(() => isShown(master) && isShown(follower), { timeoutMs: PATIENCE_MS, what: "the first one shown" });
      master.broker.setSyncStateSet([1, 2, 3], 3);
      const waiting = underWay(send(await master.client(), "T", "hidden", WAITED));
      await until(() => master.broker.memory.written.load() > shown, { timeoutMs: PATIENCE_MS, what: "the write" });
      await untilCaughtUp(master, follower);
      const info = decodeHaRuntimeInfo((await client.call(RequestCode.GET_BROKER_HA_STATUS)).body);
      assertEquals([info.haConnectionInfo[0]?.inSync, info.inSyncSlaveNums], [true, 1]);
      assert(isShown(master) && isShown(follower));
      assert(!waiting.isAnswered());
      master.broker.setSyncStateSet([1, 2], 4);
      assertEquals((await waiting.answer).code, 0);
      for (const bench of [master, follower]) {
        assertEquals(await bodiesOf(await bench.client(), "T", { count: 2 }), ["shown", "hidden"]);
      }
    });
    master.broker.setSyncStateSet([1], 5);
  });
});

Deno.test("failover: a follower that is to become a member under load has all that was ever acknowledged", async () => {
  await withReplica({ id: 1, epoch: 1 }, async (master) => {
    await master.topic("T", { queues: 1 });
    await withReplica({ id: 2, epoch: 1, master }, async (follower) => {
      const { replicated } = master.broker.memory;
      const { written } = follower.broker.memory;
      let isLoaded = true;
      const load = Array.from({ length: 8 }, async () => {
        const client = await master.client();
        for (let count = 0; isLoaded; count++) await sendOk(client, "T", `m${count}`, WAITED);
        return client;
      });
      for (let cycle = 1; cycle <= 5; cycle++) {
        const before = replicated.load();
        // Wishes of the cycle before may come late; the set is wanted again as long as the follower is not in it.
        const known = master.wishes.length;
        await until(() => master.wishes.length > known && master.wishes.at(-1)!.includes(2), {
          timeoutMs: PATIENCE_MS,
          what: `wish ${cycle}`,
        });
        const acknowledged = replicated.load();
        assert(written.load() >= acknowledged, `${acknowledged} was acknowledged, the follower has ${written.load()}`);
        master.broker.setSyncStateSet([1, 2], 2 * cycle);
        await until(() => replicated.load() > before, { timeoutMs: PATIENCE_MS, what: "acknowledgements" });
        const later = replicated.load();
        assert(written.load() >= later, `${later} was acknowledged, the follower has ${written.load()}`);
        master.broker.setSyncStateSet([1], 2 * cycle + 1);
      }
      isLoaded = false;
      await Promise.all(load);
    });
  });
});

Deno.test("failover: fewer members than minInSyncReplicas take no message that wants to be waited for", async () => {
  await withReplica({ id: 1, epoch: 1, settings: { minInSyncReplicas: 2 } }, async (master) => {
    await master.topic("T", { queues: 1 });
    const client = await master.client();
    const answer = await send(client, "T", "m", WAITED);
    assertEquals([answer.code, answer.remark], [ResponseCode.SYSTEM_ERROR, "in-sync replicas not enough"]);
    await sendOk(client, "T", "unwaited", UNWAITED);
    await withReplica({ id: 2, epoch: 1, master }, async () => {
      await untilWanted(master, [1, 2], 2);
      await sendOk(client, "T", "waited", WAITED);
    });
    master.broker.setSyncStateSet([1], 3);
  });
});

for (const name of ["ha-service", "group-transfer"] as const) {
  Deno.test(`failover: ${name} paused, waited sends time out and others go on; resumed, they are acknowledged`, async () => {
    await withReplica({ id: 1, epoch: 1, settings: { slaveTimeout: 5_000 } }, async (master) => {
      await master.topic("T", { queues: 1 });
      const client = await master.client();
      await withReplica({ id: 2, epoch: 1, master }, async () => {
        await untilWanted(master, [1, 2], 2);
        await sendOk(client, "T", "before", WAITED);
        await master.whilePaused(name, async () => {
          assertEquals((await send(client, "T", "late", WAITED)).code, ResponseCode.FLUSH_SLAVE_TIMEOUT);
          await sendOk(client, "T", "unwaited", UNWAITED);
        });
        await until(async () => (await send(client, "T", "after", WAITED)).code === 0, {
          timeoutMs: PATIENCE_MS,
          what: "an acknowledgement",
        });
      });
      master.broker.setSyncStateSet([1], 3);
    });
  });
}

Deno.test("failover: nobody joins the set while GroupTransferService stands still", async () => {
  await withReplica({ id: 1, epoch: 1 }, async (master) => {
    await master.topic("T", { queues: 1 });
    await master.whilePaused("group-transfer", async () => {
      await withReplica({ id: 2, epoch: 1, master }, async () => {
        await until(() => master.logs.some((line) => line.includes("Members [2] cannot join")), {
          timeoutMs: PATIENCE_MS,
          what: "the reason",
        });
        assertEquals(master.wishes, []);
      });
    });
    await sendOk(await master.client(), "T", "alone", WAITED);
  });
});

Deno.test("failover: without allAckInSyncStateSet inSyncReplicas counts, and the master shows what it has", async () => {
  const settings = { allAckInSyncStateSet: false, inSyncReplicas: 2, slaveTimeout: 1000 } as const;
  await withReplica({ id: 1, epoch: 1, settings }, async (master) => {
    await master.topic("T", { queues: 1 });
    const client = await master.client();
    assertEquals((await send(client, "T", "alone", WAITED)).code, ResponseCode.FLUSH_SLAVE_TIMEOUT);
    assertEquals(await bodiesOf(client, "T", { count: 1 }), ["alone"]);
    await withReplica({ id: 2, epoch: 1, master, settings }, async (follower) => {
      await untilWanted(master, [1, 2], 2);
      await until(async () => (await send(client, "T", "both", WAITED)).code === 0, {
        timeoutMs: PATIENCE_MS,
        what: "an acknowledgement",
      });
      await untilCaughtUp(master, follower);
      assertSameLog(master, follower);
    });
  });
});

Deno.test("failover: a log of before there were epochs does not follow, and a broker outside the set is not served", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-old-" });
  try {
    await withBroker({ root }, async (old) => {
      await old.topic("T", { queues: 1 });
      await sendOk(await old.client(), "T", "old");
    });
    await withReplica({ id: 1, epoch: 1 }, async (master) => {
      await withReplica({ id: 2, epoch: 1, master, root }, async (follower) => {
        await until(() => follower.logs.some((line) => line.includes("empty the store to follow")), {
          timeoutMs: PATIENCE_MS,
          what: "the reason",
        });
        assertEquals([follower.cuts, master.wishes], [[], []]);
      });
      const slave = {
        brokerRole: "SLAVE",
        brokerId: 1,
        haMasterAddress: `127.0.0.1:${master.broker.values.haListenPort}`,
      };
      await withBroker({ settings: slave }, async () => {
        await until(() => master.logs.some((line) => line.includes("is lost: Cannot decode frame of a follower")), {
          timeoutMs: PATIENCE_MS,
          what: "the refusal",
        });
      });
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
