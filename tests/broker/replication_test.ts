/** A master and its slave in one process: the stream, the log, what is refused. */
import { assert, assertEquals } from "@std/assert";
import { decodeHaRuntimeInfo } from "../../protocol/bodies/ha_runtime_info.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { type BrokerBench, PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { sendOk } from "./broker_calls.ts";
import { assertSameLog, haAddressOf, RawSlave, untilCaughtUp, withSlave } from "./replication_kit.ts";

/** Bodies that fill some files and leave blank records between them. */
async function fill(bench: BrokerBench, files: number): Promise<void> {
  const client = await bench.client();
  const body = new Uint8Array(100_003);
  const goal = bench.broker.memory.written.load() + files * bench.broker.values.mappedFileSizeCommitLog;
  for (let i = 0; bench.broker.memory.written.load() < goal; i++) await sendOk(client, "T", body.fill(i));
}

/** Waits for a line in a broker's log. */
function untilLogged(bench: BrokerBench, text: string): Promise<boolean> {
  return until(() => bench.logs.some((line) => line.includes(text)), { timeoutMs: PATIENCE_MS, what: `"${text}"` });
}

Deno.test("replication: a slave follows from the last file on, resumes after a restart, and has the master's bytes", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-slave-" });
  try {
    await withBroker({}, async (master) => {
      await master.topic("T", { queues: 1 });
      await fill(master, 2);
      assertEquals(master.incarnation("ha-service").epoch, 0);
      let before = 0;
      await withSlave(master, { root }, async (slave) => {
        await untilCaughtUp(master, slave);
        const { logStart, written, dispatched } = slave.broker.memory;
        assertEquals(logStart.load(), 8 * 1024 * 1024);
        await fill(master, 1);
        await untilCaughtUp(master, slave);
        await until(() => dispatched.load() === written.load(), { timeoutMs: PATIENCE_MS, what: "all dispatched" });
        assertSameLog(master, slave);
        before = written.load();
      });
      await fill(master, 0.2);
      await withSlave(master, { root }, async (slave) => {
        assertEquals(slave.broker.recovery.logEnd, before);
        assertEquals(slave.broker.recovery.row, "clean");
        await untilCaughtUp(master, slave);
        assertSameLog(master, slave);
      });
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("replication: what a slave reports decides where it is sent from, and request 907 shows it", async () => {
  await withBroker({ settings: { haSendHeartbeatInterval: 100 } }, async (master) => {
    const client = await master.client();
    await master.topic("T", { queues: 1 });
    for (let i = 0; i < 3; i++) await sendOk(client, "T", new Uint8Array(50_000).fill(i));
    const end = master.broker.memory.written.load();
    using slave = await RawSlave.connect(haAddressOf(master));
    await slave.report(0);
    const first = await slave.upTo(end);
    assertEquals(first.from, 0);
    await slave.report(end);
    assertEquals(await slave.next(), { offset: end, data: new Uint8Array(0) });
    const status = await until(async () => {
      const info = decodeHaRuntimeInfo((await client.call(RequestCode.GET_BROKER_HA_STATUS)).body);
      return info.haConnectionInfo[0]?.slaveAckOffset === end ? info : undefined;
    }, { timeoutMs: PATIENCE_MS, what: "the confirmation in request 907" });
    const [connection] = status.haConnectionInfo;
    assertEquals([connection!.addr, connection!.diff, connection!.inSync], [slave.address, 0, true]);
    assertEquals([status.master, status.inSyncSlaveNums], [true, 1]);
    using resumed = await RawSlave.connect(haAddressOf(master));
    await resumed.report(50_100);
    const rest = await resumed.upTo(end);
    assertEquals([rest.from, rest.bytes], [50_100, first.bytes.subarray(50_100)]);
  });
});

Deno.test("replication: a slave that is ahead, or confirms what it was not sent, is refused with the reason", async () => {
  await withBroker({ settings: { haSendHeartbeatInterval: 100 } }, async (master) => {
    const client = await master.client();
    await master.topic("T", { queues: 1 });
    await sendOk(client, "T", "m");
    const end = master.broker.memory.written.load();
    using ahead = await RawSlave.connect(haAddressOf(master));
    await ahead.report(end + 1);
    assertEquals(await ahead.next(), undefined);
    await untilLogged(master, "it is ahead of this master");
    using boaster = await RawSlave.connect(haAddressOf(master));
    await boaster.report(end);
    assertEquals((await boaster.next())?.offset, end);
    await boaster.report(end + 1000);
    while (await boaster.next() !== undefined);
    await untilLogged(master, `it confirmed ${end + 1000}, and was sent the log up to ${end}`);
    assert(master.broker.memory.replicated.load() <= end);
  });
});

Deno.test("replication: a slave that says nothing for too long is given up", async () => {
  await withBroker({ settings: { haHousekeepingInterval: 300 } }, async (master) => {
    using slave = await RawSlave.connect(haAddressOf(master));
    await slave.report(0);
    assertEquals(await slave.next(), undefined);
    await untilLogged(master, "was silent for");
  });
});

Deno.test("replication: HAService and HAClient that crash go on where they were", async () => {
  await withBroker({}, async (master) => {
    const client = await master.client();
    await master.topic("T", { queues: 1 });
    await sendOk(client, "T", "a");
    await withSlave(master, {}, async (slave) => {
      await untilCaughtUp(master, slave);
      for (const [bench, actor] of [[master, "ha-service"], [slave, "ha-client"]] as const) {
        bench.actor(actor).crash("on purpose");
        await sendOk(client, "T", "b");
        await untilCaughtUp(master, slave);
      }
      assertSameLog(master, slave);
    });
  });
});

Deno.test("replication: with flow control a slave gets so many bytes a second", async () => {
  const settings = { haFlowControlEnable: true, maxHaTransferByteInSecond: 100_000, haSendHeartbeatInterval: 100 };
  await withBroker({ settings }, async (master) => {
    const client = await master.client();
    await master.topic("T", { queues: 1 });
    for (let i = 0; i < 5; i++) await sendOk(client, "T", new Uint8Array(50_000).fill(i));
    const end = master.broker.memory.written.load();
    const beganMs = performance.now();
    using slave = await RawSlave.connect(haAddressOf(master));
    await slave.report(0);
    const { bytes } = await slave.upTo(end);
    assertEquals(bytes.length, end);
    // The third share comes in the third second.
    assert(performance.now() - beganMs > 1900);
  });
});

Deno.test("replication: HAService paused: sends of an ASYNC_MASTER go on; resumed: the slave catches up", async () => {
  await withBroker({}, async (master) => {
    const client = await master.client();
    await master.topic("T", { queues: 1 });
    await withSlave(master, {}, async (slave) => {
      await sendOk(client, "T", "before");
      await untilCaughtUp(master, slave);
      const before = slave.broker.memory.written.load();
      await master.whilePaused("ha-service", async () => {
        for (let i = 0; i < 50; i++) await sendOk(client, "T", `m${i}`);
        assert(master.broker.memory.written.load() > before);
        assertEquals(slave.broker.memory.written.load(), before);
      });
      await untilCaughtUp(master, slave);
      assertSameLog(master, slave);
    });
  });
});
