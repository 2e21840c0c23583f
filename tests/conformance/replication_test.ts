/**
 * Masters and slaves of RingMQ and Apache in all pairings: the same log, a Java consumer that goes on at the slave when the master is killed, what comes back with the master, and what mqadmin shows of each.
 */
import { assert, assertEquals } from "@std/assert";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { logBytes } from "../broker/replication_kit.ts";
import { createTopic } from "./broker_requests.ts";
import { ClientProcess } from "./client_process.ts";
import { Group, produce } from "./consumers.ts";
import { RawClient } from "./raw_client.ts";
import { PAIR_CONF, SlaveBroker } from "./slave_broker.ts";
import { Target, type TargetName } from "./target.ts";
import { conformanceRequired, java54Client, missingPrograms } from "./toolbox.ts";

const MESSAGES = 600;
/** As many as a Java producer takes for granted while the name server has not answered it yet. */
const QUEUES = 4;
const TOPIC = "Pair";
const GROUP = "cg_pair";
const PATIENCE_MS = 60_000;
const missing = missingPrograms(["java", "javac", "mvn", "setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;

/** Apache's slave takes its master's tables over after a minute; with `RINGMQ_PAIR_TABLES` that is waited for. */
const TABLES_WITHIN_MS = 120_000;

/** What mqadmin printed of one pair. */
interface Shown {
  readonly masterStatus: string[];
  readonly slaveStatus: string[];
  readonly masterHa: string[];
  readonly slaveHa: string[];
  readonly list: string[];
}

/** One pair from its start to the end of its consumers. @returns what mqadmin showed of it */
async function pairing(master: TargetName, slave: TargetName): Promise<Shown> {
  const target = await Target.up({ name: master, broker: PAIR_CONF });
  let client: ClientProcess | undefined;
  try {
    client = await ClientProcess.start(await java54Client(), target.dir);
    await createTopic(target, TOPIC, { queues: QUEUES });
    await client.call("producer.start", { name: "p", group: "pg_pair", namesrv: target.nameServer, timeoutMs: 30_000 });
    const half = MESSAGES / 2;
    await produce(client, target, "p", { topic: TOPIC, mode: "sync", from: 0, count: half, threads: 4 });
    await using follower = await SlaveBroker.up(target, { name: slave });
    await produce(client, target, "p", { topic: TOPIC, mode: "async", from: half, count: half, window: 64 });
    const end = await follower.caughtUp();
    await follower.routed(TOPIC, TABLES_WITHIN_MS);
    const shown = await show(target, follower, client);
    await target.kill9Broker();
    const [left, right] = [target.storeDir, follower.storeDir].map((dir) => logBytes(`${dir}/commitlog`, 0, end));
    assert(left!.every((byte, index) => byte === right![index]), "the logs differ");
    const group = new Group(client, target, GROUP, TOPIC);
    await group.join("c");
    await group.complete(MESSAGES, PATIENCE_MS);
    if (master === "ringmq") await comesBack(target, client, group);
    await client.call("producer.stop", { name: "p" });
    await group.end();
    return shown;
  } finally {
    await client?.stop();
    await target.down();
  }
}

/** The master comes back: what was consumed at the slave is known to it, and what is sent then comes too. */
async function comesBack(target: Target, client: ClientProcess, group: Group): Promise<void> {
  await target.startBroker();
  using master = await RawClient.connect(target.broker);
  await until(async () => {
    let sum = 0;
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const fields = { consumerGroup: GROUP, topic: TOPIC, queueId: String(queueId), setZeroIfNotFound: "false" };
      const { code, ext } = await master.call(RequestCode.QUERY_CONSUMER_OFFSET, fields);
      sum += code === 0 ? Number(ext["offset"]) : 0;
    }
    return sum === MESSAGES;
  }, { timeoutMs: PATIENCE_MS, what: "the progress that was made at the slave" });
  await produce(client, target, "p", { topic: TOPIC, mode: "sync", from: MESSAGES, count: 100, threads: 4 });
  await group.complete(MESSAGES + 100, PATIENCE_MS);
}

async function show(target: Target, follower: SlaveBroker, client: ClientProcess): Promise<Shown> {
  const mqadmin = async (...args: string[]): Promise<string[]> => {
    const { text } = await client.call<{ text: string }>("mqadmin", { args: [...args, "-n", target.nameServer] });
    return linesOf(text);
  };
  return {
    masterStatus: await mqadmin("brokerStatus", "-b", target.broker),
    slaveStatus: await mqadmin("brokerStatus", "-b", follower.address),
    masterHa: await mqadmin("haStatus", "-b", target.broker),
    slaveHa: await mqadmin("haStatus", "-b", follower.address),
    list: await mqadmin("clusterList"),
  };
}

/** Lines without what no two runs have in common: addresses, folders, times, and the width of columns. */
function linesOf(text: string): string[] {
  return text.split("\n").map((line) =>
    line.replaceAll(/\/?127\.0\.0\.1:\d+/g, "<address>").replaceAll(/\/tmp\/\S+/g, "<folder>")
      .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "<time>").replaceAll(/\d+(\.\d+)?/g, "<n>")
      .replaceAll(/\s+/g, " ").trim()
  ).filter((line) => line !== "");
}

/** Keys of brokerStatus. */
function keysOf(lines: readonly string[]): string[] {
  return lines.map((line) => line.split(/\s*:(?:\s|$)/)[0]!).sort();
}

Deno.test({
  name: `A slave follows its master, RingMQ's and Apache's in all pairings, and serves when that is killed${
    ignore ? ` (skipped: no ${missing.join(", ")})` : ""
  }`,
  ignore,
  fn: async (t) => {
    const shown = new Map<string, Shown>();
    const step = async (name: string, master: TargetName, slave: TargetName): Promise<void> => {
      await t.step(name, async () => {
        shown.set(`${master} ${slave}`, await pairing(master, slave));
      });
    };
    await step("a slave of RingMQ's follows RingMQ's master", "ringmq", "ringmq");
    await step("a slave of Apache's follows RingMQ's master", "ringmq", "apache");
    await step("a slave of RingMQ's follows Apache's master", "apache", "ringmq");
    if (shown.size < 3) return; // The steps say why.
    const [ours, ofApaches, ofOurs] = ["ringmq ringmq", "ringmq apache", "apache ringmq"].map((key) => shown.get(key)!);
    await t.step("mqadmin haStatus prints of RingMQ's master and slave what it prints of Apache's", () => {
      assertEquals(ours!.masterHa, ofOurs!.masterHa);
      assertEquals(ours!.slaveHa, ofApaches!.slaveHa);
    });
    await t.step("mqadmin clusterList prints of RingMQ's pair what it prints of Apache's brokers", () => {
      assertEquals([ours!.list, ofApaches!.list], [ofOurs!.list, ofOurs!.list]);
    });
    await t.step("mqadmin brokerStatus has Apache's keys of master and slave", () => {
      assertEquals(keysOf(ours!.masterStatus), keysOf(ofOurs!.masterStatus));
      assertEquals(keysOf(ours!.slaveStatus), keysOf(ofApaches!.slaveStatus));
    });
  },
});
