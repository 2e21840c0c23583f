/** What a SYNC_MASTER answers with each setting while its slave follows, is held still, and is gone: RingMQ's and Apache's, side by side. */
import { assertEquals } from "@std/assert";
import { encodeBatchBody } from "../../protocol/batch_body.ts";
import type { RemotingCommand } from "../../protocol/command.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { createTopic, sendFields } from "./broker_requests.ts";
import { RawClient } from "./raw_client.ts";
import { PAIR_CONF, SlaveBroker } from "./slave_broker.ts";
import { Target, type TargetOptions } from "./target.ts";
import { conformanceRequired, missingPrograms } from "./toolbox.ts";

const missing = missingPrograms(["java", "javac", "mvn", "setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;

const TOPIC = "Answers";
const PATIENCE_MS = 60_000;
const SLAVE_TIMEOUT_MS = 1500;

/** Settings without a slave, one after the other, each over those before. */
const SETTINGS: readonly Readonly<Record<string, string>>[] = [
  { inSyncReplicas: "2" },
  { enableSlaveActingMaster: "true" },
  { enableAutoInSyncReplicas: "true" },
  { minInSyncReplicas: "2" },
  { inSyncReplicas: "1", minInSyncReplicas: "1", enableAutoInSyncReplicas: "false" },
  { enableSlaveActingMaster: "false" },
];

/** Kinds of sends. */
const KINDS: Readonly<Record<string, (client: RawClient) => Promise<RemotingCommand>>> = {
  plain: (client) => one(client, "WAIT\u0001true\u0002"),
  "WAIT=false": (client) => one(client, "WAIT\u0001false\u0002"),
  delayed: (client) => one(client, "WAIT\u0001true\u0002DELAY\u00011\u0002"),
  batch: (client) => {
    const body = encodeBatchBody([1, 2].map((n) => ({ flag: 0, body: new Uint8Array([n]), properties: "" })));
    return client.call(RequestCode.SEND_BATCH_MESSAGE, { ...sendFields(TOPIC), m: "true" }, body);
  },
};

function one(client: RawClient, properties: string): Promise<RemotingCommand> {
  return client.call(RequestCode.SEND_MESSAGE_V2, sendFields(TOPIC, { properties }), "body");
}

/** What each kind of send is answered with, as one line each. */
async function answers(target: Target): Promise<string[]> {
  using client = await RawClient.connect(target.broker);
  const lines: string[] = [];
  for (const [name, make] of Object.entries(KINDS)) {
    const beganMs = performance.now();
    const { code, remark, ext } = await make(client);
    const waited = performance.now() - beganMs >= 0.9 * SLAVE_TIMEOUT_MS;
    const place = ext["queueOffset"] !== undefined && ext["msgId"] !== undefined;
    // The text of a success is nobody's business; the one of a refusal is.
    const text = code === 0 ? "" : remark ?? "";
    const isLate = code === 0 ? "" : waited ? "after slaveTimeout" : "at once";
    lines.push(`${name}: ${code} ${text} ${isLate} ${place ? "with" : "without"} its place`);
  }
  return lines;
}

async function apply(target: Target, keys: Readonly<Record<string, string>>): Promise<void> {
  if (target.name === "ringmq") {
    await target.configure(keys);
    await target.restartBroker();
  } else {
    using broker = await RawClient.connect(target.broker);
    const text = Object.entries(keys).map(([key, value]) => `${key}=${value}\n`).join("");
    const answer = await broker.call(RequestCode.UPDATE_BROKER_CONFIG, {}, text);
    assertEquals(answer.code, 0, answer.remark);
  }
  using client = await RawClient.connect(target.broker);
  // RingMQ goes over to fewer replicas when those that were asked for have had their time.
  await one(client, "WAIT\u0001true\u0002");
  if (keys["enableAutoInSyncReplicas"] !== "true") return;
  await until(async () => (await one(client, "WAIT\u0001true\u0002")).code === 0, {
    timeoutMs: PATIENCE_MS,
    what: "sends of a master that may go on alone",
  });
}

/** Answers with a slave that follows, is held still, and is gone with each of some settings. */
async function transcript(options: TargetOptions, settings: typeof SETTINGS): Promise<string[]> {
  const broker = {
    ...PAIR_CONF,
    brokerRole: "SYNC_MASTER",
    inSyncReplicas: "2",
    slaveTimeout: String(SLAVE_TIMEOUT_MS),
    syncFlushTimeout: String(SLAVE_TIMEOUT_MS),
    ...options.broker,
  };
  const target = await Target.up({ ...options, broker });
  try {
    await createTopic(target, TOPIC, { queues: 1 });
    const lines: string[] = [];
    const note = async (state: string): Promise<void> => {
      lines.push(...(await answers(target)).map((line) => `${state}, ${line}`));
    };
    {
      await using slave = await SlaveBroker.up(target, { name: "ringmq" });
      using client = await RawClient.connect(target.broker);
      await until(async () => (await one(client, "WAIT\u0001true\u0002")).code === 0, {
        timeoutMs: PATIENCE_MS,
        what: "a send that the slave has",
      });
      await note("slave follows");
      slave.run(false);
      // A process that is told to stop may take what is on its way.
      await until(async () => (await one(client, "WAIT\u0001true\u0002")).code === 12, {
        timeoutMs: PATIENCE_MS,
        what: "the slave to stand still",
      });
      await note("slave held still");
      slave.run(true);
      await slave.kill9();
    }
    using client = await RawClient.connect(target.broker);
    const alone = settings.length === 0 ? 11 : 12;
    await until(async () => (await one(client, "WAIT\u0001true\u0002")).code === alone, {
      timeoutMs: PATIENCE_MS,
      what: "the slave to be missed",
    });
    if (settings.length === 0) await note("slave gone");
    for (const keys of settings) {
      await apply(target, keys);
      await note(`slave gone, ${Object.entries(keys).map((pair) => pair.join("=")).join(" ")}`);
    }
    return lines;
  } finally {
    await target.down();
  }
}

function test(
  name: string,
  [ringmq, apache]: readonly [TargetOptions, TargetOptions],
  settings: typeof SETTINGS,
): void {
  Deno.test({
    name: ignore ? `${name} (skipped: no ${missing.join(", ")})` : name,
    ignore,
    fn: async () => {
      const expected = await transcript(apache, settings);
      const actual = await transcript(ringmq, settings);
      assertEquals(actual, expected);
    },
  });
}

test(
  "SYNC_MASTER answers as Apache's 5.4.0 with each setting, whatever becomes of the slave",
  [{ name: "ringmq" }, { name: "apache" }],
  SETTINGS,
);

test(
  "SYNC_MASTER with syncMasterVersion=4.9 answers as Apache's 4.9.7, whatever becomes of the slave",
  [{ name: "ringmq", broker: { syncMasterVersion: "4.9" } }, { name: "apache", release: "4.9" }],
  [],
);
