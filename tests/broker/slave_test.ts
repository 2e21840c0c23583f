/** A slave that finds its master through a name server: tables, reads, where pullers are sent, and what happens without the master. */
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { decodeConsumerOffsetTable } from "../../protocol/bodies/consumer_offsets.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { decodeTimerCheckpoint } from "../../store/timer/timer_checkpoint.ts";
import { pull, send } from "../conformance/broker_requests.ts";
import { until } from "../helpers/until.ts";
import { withNameServer } from "../name_server/servers.ts";
import { type BrokerBench, PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { bodiesOf, plainProperties, sendOk } from "./broker_calls.ts";
import { assertSameLog, untilCaughtUp, withSlave } from "./replication_kit.ts";

/** A slave looks at its master's tables more often than it would. */
const OFTEN = { slaveSynchronizeInterval: 200 } as const;

/** Waits until the slave has something that it takes over from time to time. */
const untilTaken = (what: string, isTaken: () => boolean | Promise<boolean>): Promise<boolean> =>
  until(isTaken, { timeoutMs: PATIENCE_MS, what: `${what} of the master taken over` });

async function commit(bench: BrokerBench, offset: number): Promise<void> {
  const answer = await (await bench.client()).call(RequestCode.UPDATE_CONSUMER_OFFSET, {
    consumerGroup: "G",
    topic: "T",
    queueId: "0",
    commitOffset: String(offset),
  });
  assertEquals(answer.code, 0, answer.remark);
}

/** Committed offset of the group at a broker. */
async function offsetOf(bench: BrokerBench): Promise<number | undefined> {
  const { body } = await (await bench.client()).call(RequestCode.GET_ALL_CONSUMER_OFFSET);
  return decodeConsumerOffsetTable(body).offsetTable.get("T@G")?.get(0);
}

Deno.test("a slave takes over topics, groups, offsets and delay offsets, and goes on serving reads without its master", async () => {
  await withNameServer({}, async (nameServer) => {
    const common = {
      namesrvAddr: `127.0.0.1:${nameServer.port}`,
      brokerName: "pair",
      slaveReadEnable: true,
      ...OFTEN,
    } as const;
    const master = { ...common, brokerIP2: "127.0.0.1", accessMessageInMemoryMaxRatio: 0 } as const;
    // The master's end is the end of the inner body; the slave outlives it.
    const slaveRoot = await Deno.makeTempDir({ prefix: "ringmq-slave-" });
    try {
      await withBroker({ settings: master }, async (first) => {
        const client = await first.client();
        await first.topic("T", { queues: 1 });
        for (const body of ["a", "b", "c"]) await sendOk(client, "T", body);
        await sendOk(client, "T", "soon", { properties: plainProperties("DELAY\u00011\u0002") });
        await first.topic("Timed", { queues: 1 });
        await sendOk(client, "Timed", "timed", { properties: plainProperties("TIMER_DELAY_SEC\u00013600\u0002") });
        assertEquals((await bodiesOf(client, "T", { count: 4, group: "G" })).at(-1), "soon");
        await commit(first, 2);
        const slow = await pull(client, "T", { group: "G" });
        assertEquals([slow.code, slow.ext["suggestWhichBrokerId"]], [0, "1"]);
        const settings = { ...common, haMasterAddress: "" } as const;
        await withSlave(first, { settings, root: slaveRoot }, async (slave) => {
          await untilCaughtUp(first, slave);
          assertSameLog(first, slave);
          await untilTaken("offsets", async () => await offsetOf(slave) === 2);
          const config = `${slaveRoot}/store/config`;
          await untilTaken(
            "delay offsets",
            () =>
              existsSync(`${config}/delayOffset.json`) &&
              Deno.readTextFileSync(`${config}/delayOffset.json`).includes("1:1"),
          );
          await untilTaken("timer checkpoint", () =>
            existsSync(`${config}/timercheck`) &&
            decodeTimerCheckpoint(Deno.readFileSync(`${config}/timercheck`)).masterQueueOffset === 1);
          await untilTaken("timer metrics", () =>
            existsSync(`${config}/timermetrics`) &&
            Deno.readTextFileSync(`${config}/timermetrics`).includes("Timed"));
          await untilTaken("groups", () =>
            existsSync(`${config}/subscriptionGroup.json`) &&
            Deno.readTextFileSync(`${config}/subscriptionGroup.json`).includes('"G"'));
          const reader = await slave.client();
          assertEquals(await bodiesOf(reader, "T", { count: 4, group: "G" }), ["a", "b", "c", "soon"]);
          // Beside its master a slave sends back whoever has read everything, and parks nobody.
          const end = await pull(reader, "T", { group: "G", offset: 4, suspendMs: 2 * PATIENCE_MS });
          assertEquals([end.code, end.ext["suggestWhichBrokerId"]], [ResponseCode.PULL_RETRY_IMMEDIATELY, "0"]);
          const refused = await send(reader, "T", "m", { properties: plainProperties() });
          assertEquals(refused.code, ResponseCode.SYSTEM_BUSY);
        });
      });
      // Without a master: what was taken over is there after a restart too.
      const alone = { ...common, brokerRole: "SLAVE", brokerId: 1, haMasterAddress: "127.0.0.1:1" } as const;
      await withBroker({ settings: alone, root: slaveRoot }, async (slave) => {
        const reader = await slave.client();
        assertEquals(slave.broker.recovery.row, "clean");
        assertEquals(await bodiesOf(reader, "T", { count: 4, group: "G" }), ["a", "b", "c", "soon"]);
        await commit(slave, 4);
        assertEquals(await offsetOf(slave), 4);
        const parked = await pull(reader, "T", { group: "G", offset: 4, suspendMs: 300 });
        assertEquals(parked.code, ResponseCode.PULL_NOT_FOUND);
        assert(slave.logs.some((line) => line.includes("cannot connect to master")));
      });
    } finally {
      await Deno.remove(slaveRoot, { recursive: true });
    }
  });
});

Deno.test("a slave whose master deletes a topic forgets it", async () => {
  await withNameServer({}, async (nameServer) => {
    const common = {
      namesrvAddr: `127.0.0.1:${nameServer.port}`,
      brokerName: "pair",
      slaveReadEnable: true,
      ...OFTEN,
    } as const;
    await withBroker({ settings: { ...common, brokerIP2: "127.0.0.1" } }, async (master) => {
      await master.topic("Gone", { queues: 1 });
      await sendOk(await master.client(), "Gone", "m");
      await withSlave(master, { settings: { ...common, haMasterAddress: "" } }, async (slave) => {
        const reader = await slave.client();
        await untilTaken("topic", async () => (await pull(reader, "Gone")).code === 0);
        await (await master.client()).call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: "Gone" });
        await untilTaken("deletion", async () => (await pull(reader, "Gone")).code === ResponseCode.TOPIC_NOT_EXIST);
        await untilTaken("end of the queues", () => !existsSync(`${slave.root}/store/consumequeue/Gone`));
      });
    });
  });
});
