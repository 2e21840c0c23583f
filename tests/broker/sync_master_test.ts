/** SYNC_MASTER: what an acknowledgement waits for, with RocketMQ 5's settings and with the meaning that it had before. */
import { assert, assertEquals } from "@std/assert";
import type { BrokerValues } from "../../actors/broker/broker_configuration.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { send, sendFields } from "../conformance/broker_requests.ts";
import { until } from "../helpers/until.ts";
import { type BrokerBench, PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { bodiesOf, plainProperties, pulled, sendOk, type UnderWay, underWay } from "./broker_calls.ts";
import { assertSameLog, haAddressOf, RawSlave, untilCaughtUp, withSlave } from "./replication_kit.ts";

/** One slave is waited for; long enough for a slow machine. */
const ONE_SLAVE = { brokerRole: "SYNC_MASTER", inSyncReplicas: 2, slaveTimeout: 2 * PATIENCE_MS } as const;

/** No slave comes in time. */
const IMPATIENT = { ...ONE_SLAVE, slaveTimeout: 200 } as const;

const unwaited = (): string => plainProperties().replace("true", "false");

async function withMaster(
  settings: Partial<BrokerValues>,
  body: (master: BrokerBench) => Promise<void>,
): Promise<void> {
  await withBroker({ settings }, async (master) => {
    await master.topic("T", { queues: 1 });
    await body(master);
  });
}

Deno.test("SYNC_MASTER with inSyncReplicas=2: a send is acknowledged when a slave has it, WAIT=false at once", async () => {
  await withMaster(ONE_SLAVE, async (master) => {
    const client = await master.client();
    const waiting = underWay(send(await master.client(), "T", "first", { properties: plainProperties() }));
    await sendOk(client, "T", "unwaited", { properties: unwaited() });
    await bodiesOf(client, "T", { count: 2 });
    assert(!waiting.isAnswered());
    await withSlave(master, {}, async (slave) => {
      assertEquals((await waiting.answer).code, 0);
      for (let i = 0; i < 50; i++) {
        const { code, ext } = await send(client, "T", `m${i}`, { properties: plainProperties() });
        assertEquals(code, 0);
        assert(slave.broker.memory.written.load() > Number.parseInt(ext["msgId"]!.slice(16), 16));
      }
      const delayed = await client.call(
        RequestCode.SEND_MESSAGE_V2,
        sendFields("T", { properties: plainProperties("DELAY\u00011\u0002") }),
        "general path",
      );
      assertEquals(delayed.code, 0, delayed.remark);
      await untilCaughtUp(master, slave);
      assertSameLog(master, slave);
    });
  });
});

Deno.test("SYNC_MASTER without a slave: FLUSH_SLAVE_TIMEOUT names the place of the message, which is stored", async () => {
  await withMaster(IMPATIENT, async (master) => {
    const client = await master.client();
    const answer = await send(client, "T", "late", { properties: plainProperties() });
    assertEquals([answer.code, answer.ext["queueOffset"]], [ResponseCode.FLUSH_SLAVE_TIMEOUT, "0"]);
    assertEquals(answer.ext["msgId"]?.length, 32);
    assertEquals(await bodiesOf(client, "T", { count: 1 }), ["late"]);
    await sendOk(client, "T", "unwaited", { properties: unwaited() });
  });
});

Deno.test("SYNC_MASTER with RocketMQ 5's defaults waits for nobody and starts no thread for it", async () => {
  await withMaster({ brokerRole: "SYNC_MASTER", slaveTimeout: 2 * PATIENCE_MS }, async (master) => {
    await sendOk(await master.client(), "T", "m");
    assertEquals(master.broker.children.groupTransfer, undefined);
    assertEquals(master.incarnation("ha-service").isUp, false);
  });
});

Deno.test("SYNC_MASTER as before 5.0: SLAVE_NOT_AVAILABLE at once without a slave, else one slave is waited for", async () => {
  const settings = { ...ONE_SLAVE, inSyncReplicas: 1, syncMasterVersion: "4.9" } as const;
  await withMaster(settings, async (master) => {
    const client = await master.client();
    const answer = await send(client, "T", "alone", { properties: plainProperties() });
    assertEquals([answer.code, answer.ext["queueOffset"]], [ResponseCode.SLAVE_NOT_AVAILABLE, "0"]);
    assertEquals(await bodiesOf(client, "T", { count: 1 }), ["alone"]);
    await withSlave(master, {}, async (slave) => {
      await untilCaughtUp(master, slave);
      await until(async () => (await send(client, "T", "both", { properties: plainProperties() })).code === 0, {
        timeoutMs: PATIENCE_MS,
        what: "a send that the slave has",
      });
    });
  });
});

Deno.test("SYNC_MASTER as before 5.0: a slave that has fallen too far behind is as none", async () => {
  const settings = { ...ONE_SLAVE, syncMasterVersion: "4.9", haMaxGapNotInSync: 100_000 } as const;
  await withMaster(settings, async (master) => {
    const client = await master.client();
    using slave = await RawSlave.connect(haAddressOf(master));
    await slave.report(0);
    await slave.upTo(master.broker.memory.written.load());
    for (let i = 0; i < 2; i++) await sendOk(client, "T", new Uint8Array(60_000), { properties: unwaited() });
    const answer = await send(client, "T", "alone", { properties: plainProperties() });
    assertEquals(answer.code, ResponseCode.SLAVE_NOT_AVAILABLE);
  });
});

Deno.test("SYNC_MASTER with enableSlaveActingMaster refuses what too few replicas in step would have", async () => {
  await withMaster({ ...ONE_SLAVE, enableSlaveActingMaster: true }, async (master) => {
    const client = await master.client();
    for (const more of ["", "DELAY\u00011\u0002"]) {
      const answer = await send(client, "T", "m", { properties: plainProperties(more) });
      assertEquals([answer.code, answer.remark], [ResponseCode.SYSTEM_ERROR, "in-sync replicas not enough"]);
    }
    assertEquals((await pulled(client, "T")).length, 0);
    await sendOk(client, "T", "unwaited", { properties: unwaited() });
    await withSlave(master, {}, async (slave) => {
      await untilCaughtUp(master, slave);
      await sendOk(client, "T", "waited");
    });
  });
});

Deno.test("SYNC_MASTER with enableAutoInSyncReplicas goes on alone, as minInSyncReplicas allows", async () => {
  const settings = { ...ONE_SLAVE, enableSlaveActingMaster: true, enableAutoInSyncReplicas: true, slaveTimeout: 300 };
  await withMaster(settings, async (master) => {
    const client = await master.client();
    await until(async () => (await send(client, "T", "m", { properties: plainProperties() })).code === 0, {
      timeoutMs: PATIENCE_MS,
      what: "a send of a master that is alone",
    });
  });
});

Deno.test("SYNC_MASTER with SYNC_FLUSH: an acknowledgement waits for both", async () => {
  const settings = { ...ONE_SLAVE, flushDiskType: "SYNC_FLUSH" } as const;
  await withMaster(settings, async (master) => {
    await withSlave(master, {}, async () => {
      const client = await master.client();
      await sendOk(client, "T", "first");
      for (const actor of ["flush-log", "group-transfer"] as const) {
        let waiting: UnderWay | undefined;
        await master.whilePaused(actor, async () => {
          waiting = underWay(send(await master.client(), "T", actor, { properties: plainProperties() }));
          const offset = await sendOk(client, "T", "unwaited", { properties: unwaited() });
          await bodiesOf(client, "T", { offset, count: 1 });
          assert(!waiting.isAnswered());
        });
        assertEquals((await waiting!.answer).code, 0);
      }
    });
  });
});

for (const actor of ["ha-service", "group-transfer"] as const) {
  Deno.test(`${actor} paused: waited sends of a SYNC_MASTER time out, others go on; resumed: they are acknowledged`, async () => {
    await withMaster({ ...ONE_SLAVE, slaveTimeout: 1000 }, async (master) => {
      await withSlave(master, {}, async (slave) => {
        const client = await master.client();
        await untilCaughtUp(master, slave);
        await until(async () => (await send(client, "T", "m", { properties: plainProperties() })).code === 0, {
          timeoutMs: PATIENCE_MS,
          what: "a send that the slave has",
        });
        // So many in a row that the threads on the way block for each other, and one may take the other's turn.
        for (let i = 0; i < 50; i++) await sendOk(client, "T", `near${i}`);
        await master.whilePaused(actor, async () => {
          const answer = await send(client, "T", "waited", { properties: plainProperties() });
          assertEquals(answer.code, ResponseCode.FLUSH_SLAVE_TIMEOUT);
          const offset = await sendOk(client, "T", "unwaited", { properties: unwaited() });
          assertEquals(await bodiesOf(client, "T", { offset, count: 1 }), ["unwaited"]);
        });
        await until(async () => (await send(client, "T", "m", { properties: plainProperties() })).code === 0, {
          timeoutMs: PATIENCE_MS,
          what: "an acknowledged send",
        });
        await untilCaughtUp(master, slave);
        assertSameLog(master, slave);
      });
    });
  });
}

Deno.test("a slave takes no sends, ends no transactions, and is pulled from only with slaveReadEnable", async () => {
  await withMaster({}, async (master) => {
    await sendOk(await master.client(), "T", "m");
    await withSlave(master, {}, async (slave) => {
      const client = await slave.client();
      const rejected = "[REJECTREQUEST]system busy, start flow control for a while";
      for (const code of [RequestCode.SEND_MESSAGE_V2, RequestCode.PULL_MESSAGE]) {
        const answer = code === RequestCode.PULL_MESSAGE
          ? await client.call(code, {
            consumerGroup: "G",
            topic: "TBW102",
            queueId: "0",
            queueOffset: "0",
            maxMsgNums: "1",
            sysFlag: "4",
            commitOffset: "0",
            suspendTimeoutMillis: "0",
            subscription: "*",
            subVersion: "0",
          })
          : await send(client, "T", "m", { properties: plainProperties() });
        assertEquals([answer.code, answer.remark], [ResponseCode.SYSTEM_BUSY, rejected]);
      }
      await untilCaughtUp(master, slave);
      assertSameLog(master, slave);
    });
  });
});
