/** Masters and slaves of RingMQ and Apache in all pairings: the same log, and a Java consumer that goes on at the slave when the master is killed. */
import { assert, assertMatch } from "@std/assert";
import { logBytes } from "../broker/replication_kit.ts";
import { createTopic } from "./broker_requests.ts";
import { ClientProcess } from "./client_process.ts";
import { Group, produce } from "./consumers.ts";
import { PAIR_CONF, SlaveBroker } from "./slave_broker.ts";
import { Target, type TargetName } from "./target.ts";
import { conformanceRequired, java54Client, missingPrograms } from "./toolbox.ts";

const MESSAGES = 600;
/** As many as a Java producer takes for granted while the name server has not answered it yet. */
const QUEUES = 4;
const missing = missingPrograms(["java", "javac", "mvn", "setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;

/** Apache's slave takes its master's tables over after a minute; with `RINGMQ_PAIR_TABLES` that is waited for. */
const TABLES_WITHIN_MS = 120_000;

async function pairing(
  master: TargetName,
  slave: TargetName,
  more: (target: Target, follower: SlaveBroker, client: ClientProcess) => Promise<void> = async () => {},
): Promise<void> {
  const target = await Target.up({ name: master, broker: PAIR_CONF });
  let client: ClientProcess | undefined;
  try {
    client = await ClientProcess.start(await java54Client(), target.dir);
    const topic = "Pair";
    await createTopic(target, topic, { queues: QUEUES });
    await client.call("producer.start", { name: "p", group: "pg_pair", namesrv: target.nameServer, timeoutMs: 30_000 });
    await produce(client, target, "p", { topic, mode: "sync", from: 0, count: MESSAGES / 2, threads: 4 });
    await using follower = await SlaveBroker.up(target, { name: slave });
    await produce(client, target, "p", { topic, mode: "async", from: MESSAGES / 2, count: MESSAGES / 2, window: 64 });
    const end = await follower.caughtUp();
    await follower.routed(topic, TABLES_WITHIN_MS);
    await more(target, follower, client);
    await client.call("producer.stop", { name: "p" });
    await target.kill9Broker();
    const [left, right] = [target.storeDir, follower.storeDir].map((dir) => logBytes(`${dir}/commitlog`, 0, end));
    assert(left!.every((byte, index) => byte === right![index]), "the logs differ");
    const group = new Group(client, target, "cg_pair", topic);
    await group.join("c");
    await group.complete(MESSAGES, 60_000);
    await group.end();
  } finally {
    await client?.stop();
    await target.down();
  }
}

function declare(name: string, body: () => Promise<void>): void {
  Deno.test({ name: ignore ? `${name} (skipped: no ${missing.join(", ")})` : name, ignore, fn: body });
}

declare(
  "A slave of RingMQ's has its master's log, serves a Java consumer when the master is killed, and mqadmin shows it",
  async () => {
    await pairing("ringmq", "ringmq", async (target, follower, client) => {
      const mqadmin = async (...args: string[]): Promise<string> =>
        (await client.call<{ text: string }>("mqadmin", { args: [...args, "-n", target.nameServer] })).text;
      const status = await mqadmin("haStatus", "-b", target.broker);
      assertMatch(status, /#InSyncSlaveNum\s+1/);
      assertMatch(status, /127\.0\.0\.1:\d+\s+\d+\s+0\s+\d+\.\d+\s+OK/);
      assertMatch(await mqadmin("haStatus", "-b", follower.address), /127\.0\.0\.1:\d+/);
      const list = await mqadmin("clusterList");
      for (const [id, address] of [["0", target.broker], ["1", follower.address]]) {
        assertMatch(list, new RegExp(`broker-a\\s+${id}\\s+${address}`));
      }
      for (const address of [target.broker, follower.address]) {
        assertMatch(await mqadmin("brokerStatus", "-b", address), /commitLogMaxOffset\s+: \d+/);
      }
    });
  },
);

declare("Apache's slave follows RingMQ's master, and serves a Java consumer when that is killed", async () => {
  await pairing("ringmq", "apache");
});

declare("RingMQ's slave follows Apache's master, and serves a Java consumer when that is killed", async () => {
  await pairing("apache", "ringmq");
});
