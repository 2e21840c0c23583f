/** `enableSlaveActingMaster`: a slave stands in for a master that is gone, and gives back what was done meanwhile. */
import { assert, assertEquals } from "@std/assert";
import type { BrokerValues } from "../../actors/broker/broker_configuration.ts";
import { decodeConsumerOffsetTable } from "../../protocol/bodies/consumer_offsets.ts";
import { decodeLockBatchResponse, encodeLockBatchRequest } from "../../protocol/bodies/queue_lock.ts";
import { decodeKvTable } from "../../protocol/kv_table.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { decodeTopicRouteData, type TopicRouteData } from "../../protocol/route.ts";
import { send } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { withNameServer } from "../name_server/servers.ts";
import { type BrokerBench, PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { bodiesOf, plainProperties, sendOk } from "./broker_calls.ts";
import { assertSameLog, untilCaughtUp } from "./replication_kit.ts";

/** A group that notices quickly who lives. */
const OFTEN = {
  brokerName: "pair",
  brokerIP2: "127.0.0.1",
  enableSlaveActingMaster: true,
  slaveReadEnable: true,
  totalReplicas: 2,
  brokerHeartbeatInterval: 200,
  syncBrokerMemberGroupPeriod: 200,
  slaveSynchronizeInterval: 200,
} as const satisfies Partial<BrokerValues>;

const QUEUE = { topic: "T", brokerName: "pair", queueId: 0 } as const;

async function commit(bench: BrokerBench, offset: number): Promise<void> {
  const fields = { consumerGroup: "G", topic: "T", queueId: "0", commitOffset: String(offset) };
  const answer = await (await bench.client()).call(RequestCode.UPDATE_CONSUMER_OFFSET, fields);
  assertEquals(answer.code, 0, answer.remark);
}

async function offsetOf(bench: BrokerBench): Promise<number | undefined> {
  const { body } = await (await bench.client()).call(RequestCode.GET_ALL_CONSUMER_OFFSET);
  return decodeConsumerOffsetTable(body).offsetTable.get("T@G")?.get(0);
}

async function isActive(bench: BrokerBench): Promise<boolean> {
  const { body } = await (await bench.client()).call(RequestCode.GET_BROKER_RUNTIME_INFO);
  return decodeKvTable(body).table.get("brokerActive") === "true";
}

/** Waits for a route in which somebody is master, or nobody. */
async function untilMaster(nameServer: string, address: string): Promise<TopicRouteData> {
  using client = await RawClient.connect(nameServer);
  return await until(async () => {
    const { code, body } = await client.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: "T" });
    if (code !== 0) return undefined;
    const route = decodeTopicRouteData(body);
    return route.brokerDatas[0]?.brokerAddrs.get(0) === address ? route : undefined;
  }, { timeoutMs: PATIENCE_MS, what: `a route with ${address} as master` });
}

Deno.test("acting master: reads, offsets and queue locks go on at the slave, and the master takes them over when it comes back", async () => {
  await withNameServer({ supportActingMaster: true }, async ({ port }) => {
    const nameServer = `127.0.0.1:${port}`;
    const common = { ...OFTEN, namesrvAddr: nameServer } as const;
    const root = await Deno.makeTempDir({ prefix: "ringmq-master-" });
    try {
      await withBroker({ settings: { ...common, brokerRole: "SLAVE", brokerId: 1 } }, async (slave) => {
        await withBroker({ settings: common, root }, async (master) => {
          await master.topic("T", { queues: 1 });
          const client = await master.client();
          for (const body of ["a", "b", "c"]) await sendOk(client, "T", body);
          await bodiesOf(client, "T", { count: 3, group: "G" });
          await commit(master, 1);
          await untilCaughtUp(master, slave);
          await until(async () => await offsetOf(slave) === 1, { timeoutMs: PATIENCE_MS, what: "the offset" });
          assertEquals(await isActive(slave), false);
          const [data] = (await untilMaster(nameServer, master.address)).brokerDatas;
          assertEquals([data!.enableActingMaster, data!.brokerAddrs.get(1)], [true, slave.address]);
        });
        const route = await untilMaster(nameServer, slave.address);
        assertEquals(route.queueDatas[0]!.perm, 4);
        await until(() => isActive(slave), { timeoutMs: PATIENCE_MS, what: "the slave to act" });
        const reader = await slave.client();
        assertEquals(await bodiesOf(reader, "T", { count: 3, group: "G" }), ["a", "b", "c"]);
        const lock = encodeLockBatchRequest({
          clientId: "C",
          consumerGroup: "G",
          mqSet: [QUEUE],
          onlyThisBroker: false,
        });
        const locked = await reader.call(RequestCode.LOCK_BATCH_MQ, {}, lock);
        assertEquals(decodeLockBatchResponse(locked.body).lockOKMQSet.length, 1);
        const refused = await send(reader, "T", "m", { properties: plainProperties() });
        assertEquals(refused.code, ResponseCode.SERVICE_NOT_AVAILABLE);
        await commit(slave, 3);
        await withBroker({ settings: common, root }, async (master) => {
          assertEquals(await offsetOf(master), 3);
          const writable = await untilMaster(nameServer, master.address);
          assertEquals(writable.queueDatas[0]!.perm, 6);
          await until(async () => !await isActive(slave), { timeoutMs: PATIENCE_MS, what: "the slave to follow" });
          await sendOk(await master.client(), "T", "d");
          await untilCaughtUp(master, slave);
          assertSameLog(master, slave);
          await commit(master, 4);
          await until(async () => await offsetOf(slave) === 4, { timeoutMs: PATIENCE_MS, what: "the next offset" });
        });
      });
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
});

Deno.test("acting master: a broker that only gives signs of life stays in the route", async () => {
  // It registers every ten seconds at most, and would be given up after one.
  const settings = { ...OFTEN, totalReplicas: 1, brokerNotActiveTimeoutMillis: 1000 };
  await withNameServer({ scanNotActiveBrokerInterval: 100 }, async ({ port }) => {
    await withBroker({ settings: { ...settings, namesrvAddr: `127.0.0.1:${port}` } }, async (master) => {
      await master.topic("T", { queues: 1 });
      await untilMaster(`127.0.0.1:${port}`, master.address);
      using client = await RawClient.connect(`127.0.0.1:${port}`);
      const endMs = performance.now() + 3000;
      while (performance.now() < endMs) {
        const { code } = await client.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: "T" });
        assert(code === 0, "the broker was given up");
      }
    });
  });
});
