/**
 * RocketMQ's broker and tools at our name server, compared with RocketMQ's own.
 *
 * What is compared is everything that is printed or answered, but for the order of lists that Java takes out of hash tables and
 * for the address of the name server itself.
 */

import { assert, assertEquals } from "@std/assert";
import { parseFastJson } from "../../protocol/fast_json.ts";
import type { RemotingCommand } from "../../protocol/command.ts";
import { until } from "../helpers/until.ts";
import { bodyText } from "./raw_client.ts";
import { conformanceRequired, missingPrograms } from "./toolbox.ts";
import { type Both, TwoNameServers } from "./two_name_servers.ts";

const missing = missingPrograms(["java", "javac", "mvn", "setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;
let servers: TwoNameServers | undefined;

Deno.test.beforeAll(async () => {
  if (!ignore) servers = await TwoNameServers.up();
});
Deno.test.afterAll(async () => await servers?.down());

function test(name: string, fn: (servers: TwoNameServers) => Promise<void>): void {
  Deno.test({
    name: ignore ? `${name} (skipped: no ${missing.join(", ")})` : name,
    ignore,
    fn: async () => {
      if (servers === undefined) throw new Error("The servers did not start");
      await fn(servers);
    },
  });
}

/** JSON with every object's keys and every list in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted).sort((left, right) => JSON.stringify(left) < JSON.stringify(right) ? -1 : 1);
  }
  if (value instanceof Map) return sorted(Object.fromEntries([...value].map(([key, item]) => [String(key), item])));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const);
  return Object.fromEntries(entries.sort(([left], [right]) => left < right ? -1 : 1));
}

function shown(answer: RemotingCommand): unknown {
  const text = bodyText(answer);
  const body = text.startsWith("{") ? sorted(parseFastJson(text)) : text;
  return { code: answer.code, remark: answer.remark, ext: answer.ext, body };
}

function assertSameAnswer(what: string, answers: Both<RemotingCommand>): void {
  assertEquals(shown(answers.ringmq), shown(answers.apache), what);
}

/** Lines in one order, without what tells the two name servers apart. */
function lines(servers: TwoNameServers, text: string): string[] {
  const masked = text.replaceAll(servers.address.apache, "(name server)")
    .replaceAll(servers.address.ringmq, "(name server)");
  return masked.split("\n").map((line) => line.trimEnd()).filter((line) => line !== "").sort();
}

/** Runs a command against both, and compares what it printed. @returns What it printed with ours. */
async function sameOutput(servers: TwoNameServers, command: string, ...args: string[]): Promise<string> {
  const { apache, ringmq } = await servers.admin(command, ...args);
  const what = `mqadmin ${command} ${args.join(" ")}`;
  assertEquals(lines(servers, ringmq), lines(servers, apache), what);
  return ringmq;
}

/** Runs a command that changes a broker once; the broker tells both name servers. */
async function once(servers: TwoNameServers, topic: string, command: string, ...args: string[]): Promise<void> {
  const { ringmq } = await servers.admin(command, ...args);
  assert(ringmq.endsWith("(exit 0)"), ringmq);
  await until(async () => {
    const { apache, ringmq } = await servers.ask(105, { topic });
    return apache.code === 0 && ringmq.code === 0;
  }, { timeoutMs: 60_000, what: `topic ${topic} at both name servers` });
}

test("name server gives the same routes of a RocketMQ broker in both dialects", async (servers) => {
  await once(servers, "Conf_Plain", "updateTopic", "-b", servers.broker, "-t", "Conf_Plain", "-r", "3", "-w", "5");
  for (
    const topic of ["TBW102", "Conf_Plain", "SELF_TEST_TOPIC", "broker-a", "DefaultCluster", "nowhere", "%RETRY%x"]
  ) {
    for (const version of [493, 409, 401, 400, 317, 121]) {
      const answers = await servers.ask(105, { topic }, undefined, version);
      assertEquals(bodyText(answers.ringmq), bodyText(answers.apache), `${topic} for version ${version}`);
      assertSameAnswer(`${topic} for version ${version}`, answers);
    }
    assertSameAnswer(topic, await servers.ask(105, { topic, acceptStandardJsonOnly: "true" }, undefined, 121));
    for (const zone of ["z", ""]) {
      assertSameAnswer(topic, await servers.ask(105, { topic, __ZONE_MODE: "true", __ZONE_NAME: zone }));
    }
  }
});

test("name server answers every read as RocketMQ's does", async (servers) => {
  const reads: readonly (readonly [number, Record<string, string>?, string?])[] = [
    [106],
    [206],
    [224, { cluster: "DefaultCluster" }],
    [224, { cluster: "nowhere" }],
    [304],
    [311],
    [312],
    [313],
    [901, { clusterName: "DefaultCluster", brokerName: "broker-a" }],
    [901, { clusterName: "DefaultCluster", brokerName: "nobody" }],
    [101, { namespace: "n", key: "k" }],
    [219, { namespace: "n" }],
    [322, identity(servers, "nobody:1"), `{"counter":1,"stateVersion":0,"timestamp":1}`],
    [322, identity(servers), `{"counter":1,"stateVersion":0,"timestamp":1}`],
    [904, { clusterName: "DefaultCluster", brokerAddr: servers.broker, brokerName: "broker-a" }],
    [205, { brokerName: "nobody" }],
    [327, { brokerName: "nobody" }],
    [104, identity(servers, "nobody:1")],
    [216, { topic: "nowhere" }],
    [217, { topic: "nowhere" }],
    [1005],
    [34],
    [99_999],
  ];
  for (const [code, ext, body] of reads) {
    assertSameAnswer(`${code} ${JSON.stringify(ext)}`, await servers.ask(code, ext, body));
  }
});

function identity(servers: TwoNameServers, brokerAddr: string = servers.broker): Record<string, string> {
  return { brokerName: "broker-a", brokerAddr, clusterName: "DefaultCluster", brokerId: "0" };
}

test("mqadmin prints the same of routes, clusters and topics", async (servers) => {
  assert((await sameOutput(servers, "topicRoute", "-t", "Conf_Plain")).includes(servers.broker));
  await sameOutput(servers, "topicRoute", "-t", "Conf_Plain", "-l");
  await sameOutput(servers, "topicRoute", "-t", "nowhere");
  assert((await sameOutput(servers, "topicList")).includes("Conf_Plain"));
  await sameOutput(servers, "topicList", "-c");
  await sameOutput(servers, "topicClusterList", "-t", "Conf_Plain");
  await sameOutput(servers, "topicStatus", "-t", "Conf_Plain");
  const { apache, ringmq } = await servers.admin("clusterList");
  // Rates, times and space change between two looks at the same broker.
  const still = (text: string): string[] =>
    lines(servers, text).map((line) => line.split(/\s+/).slice(0, 5).join(" ")).filter((line) => !line.startsWith("#"));
  assertEquals(still(ringmq), still(apache));
  assert(ringmq.includes("broker-a") && ringmq.includes(servers.broker), ringmq);
});

test("mqadmin changes values, queue orders, permissions and configuration in the same way", async (servers) => {
  await sameOutput(servers, "updateKvConfig", "-s", "NS", "-k", "key", "-v", "välue 1");
  assertSameAnswer("the value", await servers.ask(101, { namespace: "NS", key: "key" }));
  assertSameAnswer("the namespace", await servers.ask(219, { namespace: "NS" }));
  await sameOutput(servers, "deleteKvConfig", "-s", "NS", "-k", "key");
  assertSameAnswer("the value", await servers.ask(101, { namespace: "NS", key: "key" }));
  assertSameAnswer("the namespace", await servers.ask(219, { namespace: "NS" }));

  await sameOutput(servers, "updateOrderConf", "-m", "put", "-t", "Conf_Plain", "-v", "broker-a:3");
  await sameOutput(servers, "updateOrderConf", "-m", "get", "-t", "Conf_Plain");
  const ordered = await servers.ask(105, { topic: "Conf_Plain" });
  assertSameAnswer("a route with its order", ordered);
  assert(bodyText(ordered.ringmq).includes(`"orderTopicConf":"broker-a:3"`));
  await sameOutput(servers, "updateOrderConf", "-m", "delete", "-t", "Conf_Plain");
  assertSameAnswer("a route without order", await servers.ask(105, { topic: "Conf_Plain" }));

  assert(
    (await sameOutput(servers, "wipeWritePerm", "-b", "broker-a")).includes("wipe write perm of broker[broker-a]"),
  );
  assertSameAnswer("a route that is read only", await servers.ask(105, { topic: "Conf_Plain" }));
  await sameOutput(servers, "addWritePerm", "-b", "broker-a");
  assertSameAnswer("a route that can be written", await servers.ask(105, { topic: "Conf_Plain" }));

  await sameOutput(servers, "updateNamesrvConfig", "-k", "enableTopicList", "-v", "false");
  assertSameAnswer("a list that is switched off", await servers.ask(311));
  await sameOutput(servers, "updateNamesrvConfig", "-k", "enableTopicList", "-v", "true");
  assertSameAnswer("a list that is switched on", await servers.ask(311));
  await sameOutput(servers, "updateNamesrvConfig", "-k", "kvConfigPath", "-v", "elsewhere");
  assertSameAnswer("no topic list", await servers.ask(318, {}, "rocketmqHome=x"));
});

/** Values that are places of each server, and a key that only one of the two was started with. */
const PLACES = ["listenPort", "kvConfigPath", "configStorePath", "rocketmqHome", "bindAddress"];

test("mqadmin getNamesrvConfig prints the same keys and values", async (servers) => {
  const { apache, ringmq } = await servers.admin("getNamesrvConfig");
  const values = (text: string): string[] =>
    lines(servers, text).filter((line) => !PLACES.includes(line.split(/\s/)[0] ?? ""));
  assertEquals(values(ringmq), values(apache));
});

test("mqadmin deletes topics of a cluster at both name servers", async (servers) => {
  await once(servers, "Conf_Gone", "updateTopic", "-c", "DefaultCluster", "-t", "Conf_Gone");
  const { ringmq } = await servers.admin("deleteTopic", "-c", "DefaultCluster", "-t", "Conf_Gone");
  assert(ringmq.includes("delete topic [Conf_Gone] from NameServer success"), ringmq);
  const answers = await servers.ask(105, { topic: "Conf_Gone" });
  assertSameAnswer("a deleted topic", answers);
  assertEquals(answers.ringmq.code, 17);
});

test("name server forgets a RocketMQ broker that leaves or is killed, and takes it back", async (servers) => {
  for (const how of ["SIGTERM", "SIGKILL"] as const) {
    await servers.stopBroker(how);
    await until(async () => {
      const { apache, ringmq } = await servers.ask(105, { topic: "TBW102" });
      return apache.code === 17 && ringmq.code === 17;
    }, { timeoutMs: 60_000, what: `that both forget the broker after ${how}` });
    assertSameAnswer("no cluster", await servers.ask(106));
    assertSameAnswer("no topics", await servers.ask(206));
    await servers.startBroker();
    assertSameAnswer("the cluster", await servers.ask(106));
  }
});

test("name server refuses registrations as RocketMQ's does", async (servers) => {
  const header = { ...identity(servers, "9.9.9.9:9"), brokerName: "refused", haServerAddr: "9.9.9.9:8" };
  const single = `{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":1,"stateVersion":0,` +
    `"timestamp":1},"topicConfigTable":{"T":{"order":false,"perm":6,"readQueueNums":1,"topicName":"T",` +
    `"topicSysFlag":0,"writeQueueNums":1}}}}`;
  const both = await servers.ask(103, { ...header, bodyCrc32: "1" }, single);
  assertSameAnswer("a wrong sum", both);
  assertSameAnswer("a single topic", await servers.ask(103, header, single));
  assertEquals((await servers.ask(103, header, single)).ringmq.remark, "register broker failed");
  // The one difference: RocketMQ keeps the refused broker in its cluster, without an address and for ever.
  const { apache, ringmq } = await servers.ask(106);
  assert(bodyText(apache).includes("refused"));
  assert(!bodyText(ringmq).includes("refused"));
});
