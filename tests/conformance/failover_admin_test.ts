/** A failover set of three as its operator sees it: `deno task cluster`, and Apache's mqadmin, unmodified. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startCluster, stopCluster } from "../../tools/cluster/cluster.ts";
import { type ClusterState, readCluster } from "../../tools/cluster/state.ts";
import { statusOf } from "../../tools/cluster/status.ts";
import { until } from "../helpers/until.ts";
import { createTopic, send } from "./broker_requests.ts";
import { plainProperties } from "../broker/broker_calls.ts";
import { ClientProcess } from "./client_process.ts";
import { RawClient } from "./raw_client.ts";
import { conformanceRequired, java54Client, missingPrograms } from "./toolbox.ts";

const PATIENCE_MS = 60_000;
const missing = missingPrograms(["etcd", "java", "javac", "mvn", "setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;

/** A cluster under test with a JVM for mqadmin. */
interface Kit {
  readonly state: ClusterState;
  readonly nameServer: string;
  readonly jvm: ClientProcess;
}

async function mqadmin({ jvm, nameServer }: Kit, ...args: string[]): Promise<string> {
  return (await jvm.call<{ text: string }>("mqadmin", { args: [...args, "-n", nameServer] })).text;
}

/** Waits until a broker is master and all three are in step. @returns its name and address */
async function whole(kit: Kit, isWanted = (_: string): boolean => true): Promise<{ name: string; address: string }> {
  return await until(async () => {
    const rows = await statusOf(kit.state);
    const master = rows.find(({ role }) => role === "MASTER");
    const isWhole = master?.failover?.includes("syncStateSet [1,2,3]") === true && isWanted(master.name);
    return isWhole && rows.every(({ state }) => state === "up") ? master : undefined;
  }, { timeoutMs: PATIENCE_MS, what: "a master with all in step" });
}

async function controllerCommands(kit: Kit): Promise<void> {
  const master = await whole(kit);
  const metadata = await mqadmin(kit, "getControllerMetaData", "-a", kit.nameServer);
  assertMatch(metadata, new RegExp(`#ControllerLeaderAddress\\s+${kit.nameServer}`));
  assertMatch(metadata, new RegExp(`#Peer:\\s+127.0.0.1:${kit.state.etcd!.port}`));
  for (const which of [["-b", "broker-f"], ["-c", "DefaultCluster"]]) {
    const set = await mqadmin(kit, "getSyncStateSet", "-a", kit.nameServer, ...which);
    assertMatch(set, new RegExp(`#MasterAddr\\s+${master.address}\\s+#MasterEpoch\\s+1\\s`));
    assertMatch(set, /#SyncStateSetNums\s+3\s/);
    assertEquals(set.match(/InSyncReplica:.*alive=true/g)?.length, 3, set);
  }
}

async function elects(kit: Kit): Promise<void> {
  const elect = (id: number): Promise<string> =>
    mqadmin(kit, "electMaster", "-a", kit.nameServer, "-b", String(id), "-bn", "broker-f", "-c", "DefaultCluster");
  assertMatch(await elect(1), /CODE: 2011/);
  assertMatch(await elect(9), /CODE: 2012/);
  const two = kit.state.brokers[1]!;
  const answer = await elect(2);
  assertMatch(answer, new RegExp(`#BrokerMasterAddr\\s+127.0.0.1:${two.port}\\s+#MasterEpoch\\s+2\\s`));
  const master = await whole(kit, (name) => name === two.name);
  using client = await RawClient.connect(master.address);
  await until(
    async () => (await send(client, "Elected", "after", { properties: plainProperties() })).code === 0,
    { timeoutMs: PATIENCE_MS, what: "the new master to acknowledge" },
  );
}

async function otherCommands(kit: Kit): Promise<void> {
  const master = await whole(kit);
  const list = await mqadmin(kit, "clusterList");
  assertMatch(list, new RegExp(`broker-f\\s+0\\s+${master.address}\\s`));
  for (const id of [1, 3]) assertMatch(list, new RegExp(`broker-f\\s+${id}\\s+127.0.0.1:\\d+\\s`));
  const status = await mqadmin(kit, "brokerStatus", "-b", master.address);
  assertMatch(status, /failoverState\s*:\s*master of epoch 2, syncStateSet \[1,2,3\]/);
  assertMatch(status, /failoverEtcd\s*:\s*reachable/);
  const ha = await mqadmin(kit, "haStatus", "-b", master.address);
  assertMatch(ha, /#MasterAddr|#SlaveNum/i);
  const epochs = await mqadmin(kit, "getBrokerEpoch", "-b", "broker-f");
  assert(epochs.includes("2"), epochs);
}

Deno.test({
  name: `mqadmin sees a failover set and elects its master${ignore ? ` (skipped: no ${missing.join(", ")})` : ""}`,
  ignore,
  fn: async (test) => {
    const dir = await Deno.makeTempDir({ prefix: "ringmq-failover-admin-" });
    let jvm: ClientProcess | undefined;
    try {
      const state = await startCluster(dir, "1m-2s-failover", ["slaveSynchronizeInterval=500"]);
      const nameServer = `127.0.0.1:${state.nameServer.port}`;
      jvm = await ClientProcess.start(await java54Client(), dir);
      const kit = { state, nameServer, jvm };
      const { address } = await whole(kit);
      await createTopic({ broker: address, nameServer }, "Elected");
      await test.step("getControllerMetaData, getSyncStateSet", () => controllerCommands(kit));
      await test.step("electMaster", () => elects(kit));
      await test.step("clusterList, brokerStatus, haStatus, getBrokerEpoch", () => otherCommands(kit));
    } finally {
      await jvm?.stop();
      const started = readCluster(dir);
      if (started !== undefined) await stopCluster(dir, started);
      await Deno.remove(dir, { recursive: true });
    }
  },
});
