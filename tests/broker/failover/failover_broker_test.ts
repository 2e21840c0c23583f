/** A broker of a failover set that cannot start, or that finds no etcd. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { readBrokerConfiguration } from "../../../actors/broker/broker_configuration.ts";
import { thisMachine } from "../../../actors/broker/broker_options.ts";
import { isFailover, startFailoverBroker } from "../../../actors/broker/failover/failover_broker.ts";
import { decodeKvTable } from "../../../protocol/kv_table.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ConfigurationError } from "../../../store/configuration.ts";
import { StoreError } from "../../../store/errors.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import { send } from "../../conformance/broker_requests.ts";
import { freeBrokerPort, freePort } from "../../../tools/free_ports.ts";
import { RawClient } from "../../conformance/raw_client.ts";
import { until } from "../../helpers/until.ts";
import { PATIENCE_MS } from "../broker_bench.ts";

function configurationOf(root: string, sets: readonly string[] = []): ReturnType<typeof readBrokerConfiguration> {
  const own = [
    `storePathRootDir=${root}/store`,
    `storePathCommitLog=${root}/store/commitlog`,
    `listenPort=${freeBrokerPort()}`,
    "brokerIP1=127.0.0.1",
    "brokerIP2=127.0.0.1",
    "brokerName=b",
    // Nobody listens there.
    `etcdEndpoints=127.0.0.1:${freePort()}`,
  ];
  return readBrokerConfiguration({ sets: [...own, ...sets] }, thisMachine());
}

async function withRoot(body: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "ringmq-failover-" });
  try {
    await body(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("isFailover() is what etcdEndpoints says", () => {
  assert(!isFailover({ etcdEndpoints: " " }));
  assert(isFailover({ etcdEndpoints: "e:2379" }));
});

Deno.test("startFailoverBroker() refuses keys that it cannot keep to", async () => {
  await withRoot(async (root) => {
    for (
      const set of [
        "failoverLeaseSeconds=0",
        "failoverLeaseSeconds=601",
        "etcdEndpoints=e",
        "etcdEndpoints=e:1;http://",
      ]
    ) {
      const configuration = configurationOf(root, [set]);
      await assertRejects(() => startFailoverBroker({ configuration }), ConfigurationError, set.split("=")[0]!);
    }
  });
});

Deno.test("startFailoverBroker() does not agree about a store that another process has", async () => {
  await withRoot(async (root) => {
    const disk = new LightDisk();
    disk.makeDirectory(`${root}/store`);
    const lock = disk.lock(`${root}/store/lock`)!;
    const configuration = configurationOf(root);
    const error = await assertRejects(() => startFailoverBroker({ configuration }), StoreError);
    assertEquals(error.code, "STORE_LOCKED");
    lock.release();
  });
});

Deno.test("a store of a set is served without etcd: it can be read, says how it stands, and takes no sends", async () => {
  await withRoot(async (root) => {
    new LightDisk().makeDirectory(`${root}/store`);
    await Deno.writeTextFile(`${root}/store/brokerIdentity`, "DefaultCluster#b#2");
    const logs: string[] = [];
    const configuration = configurationOf(root);
    await using broker = await startFailoverBroker({ configuration, onLog: (_, text) => logs.push(text) });
    assertEquals([broker.role?.brokerId, broker.role?.isMaster, broker.values.brokerRole], [2, false, "SLAVE"]);
    using client = await RawClient.connect(`127.0.0.1:${broker.port}`);
    const info = await until(async () => {
      const { table } = decodeKvTable((await client.call(RequestCode.GET_BROKER_RUNTIME_INFO)).body);
      return table.get("failoverEtcd") === "unreachable" ? table : undefined;
    }, { timeoutMs: PATIENCE_MS, what: "the broker to say that etcd is away" });
    assert(info.get("failoverState")!.includes("nothing is acknowledged"), info.get("failoverState"));
    assert((await send(client, "T", "x")).code !== 0);
    assert(logs.some((text) => text.includes("Cannot reach etcd")), logs.join("\n"));
  });
});
