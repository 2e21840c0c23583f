/**
 * A disk that is really full: a small tmpfs under the store of a broker, in the middle of load from several connections, each with many sends under way.
 *
 * The file system lives in a mount namespace of the broker's own, so no privileges are needed where user namespaces are allowed.
 */
import { assert, assertEquals } from "@std/assert";
import { decodeRecords } from "../../protocol/record.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { pull, queueNumber, send, topicFields } from "../conformance/broker_requests.ts";
import { freeBrokerPort } from "../../tools/free_ports.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until, within } from "../helpers/until.ts";
import { PATIENCE_MS } from "./broker_bench.ts";
import { plainProperties } from "./broker_calls.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const CONNECTIONS = 4;
/** Sends under way on each connection. */
const IN_FLIGHT = 8;
const QUEUES = 4;
const DISK_MIB = 24;
const BALLAST_MIB = 8;
const BODY_BYTES = 4000;
const ACKED_AFTER = 300;

/** Mounts the small disk, fills a part of it until it is told to give that back, and becomes the broker. */
const SCRIPT = `
set -e
mount -t tmpfs -o size=${DISK_MIB}m tmpfs "$STORE"
head -c ${BALLAST_MIB * 1024 * 1024} /dev/zero >"$STORE/ballast"
(while [ ! -e "$FREE" ]; do sleep 0.05; done; rm "$STORE/ballast") &
exec "$@"
`;

/** Whether a mount in a namespace of our own is possible here. */
function canMount(): boolean {
  const probe = 'unshare -rm mount -t tmpfs -o size=1m tmpfs "$0"';
  return new Deno.Command("sh", { args: ["-c", probe, Deno.cwd()], stdout: "null", stderr: "null" }).outputSync()
    .success;
}

interface Outcome {
  readonly acked: { readonly queueId: number; readonly offset: number; readonly body: string }[];
  readonly refused: Map<string, number>;
}

async function sender(client: RawClient, number: number, outcome: Outcome, isOver: () => boolean): Promise<void> {
  const queueId = number % QUEUES;
  for (let sequence = 0; !isOver(); sequence++) {
    const body = `${number}-${sequence}`.padEnd(BODY_BYTES, ".");
    const answer = await send(client, "T", body, { queueId, properties: plainProperties() });
    if (answer.code === 0) outcome.acked.push({ queueId, offset: Number(answer.ext["queueOffset"]), body });
    else outcome.refused.set(body, answer.code);
  }
}

/** Every body of a queue, in order; offsets have no gap. */
async function bodiesOfQueue(address: string, queueId: number): Promise<string[]> {
  using client = await RawClient.connect(address);
  const bodies: string[] = [];
  for (;;) {
    const answer = await pull(client, "T", { queueId, offset: bodies.length });
    if (answer.code !== 0) {
      if (Number(answer.ext["maxOffset"]) === bodies.length) return bodies;
      continue;
    }
    for (const record of decodeRecords(answer.body)) {
      assertEquals(record.queueOffset, bodies.length, `queue ${queueId}`);
      bodies.push(new TextDecoder().decode(record.body));
    }
  }
}

async function whileDiskIsSmall(body: (address: string, free: () => void) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "ringmq-full-" });
  await Deno.mkdir(`${dir}/store`);
  const port = freeBrokerPort();
  const settings = {
    listenPort: String(port),
    brokerIP1: "127.0.0.1",
    storePathRootDir: `${dir}/store`,
    storePathCommitLog: `${dir}/store/commitlog`,
    mappedFileSizeCommitLog: String(1024 * 1024),
    mappedFileSizeConsumeQueue: "20000",
    maxHashSlotNum: "1000",
    maxIndexNum: "4000",
    maxMessageSize: "131072",
    waitTimeMillsInSendQueue: "60000",
  };
  const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
  const sets = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const broker = [Deno.execPath(), "run", "--quiet", "--no-check", ...permissions, "actors/broker/mod.ts", ...sets];
  const out = `${dir}/out`;
  await Deno.writeTextFile(out, "");
  const child = new Deno.Command("sh", {
    args: ["-c", 'out=$1; shift; exec unshare -rm sh -c "$0" sh "$@" >"$out" 2>&1', SCRIPT, out, ...broker],
    cwd: ROOT,
    env: { STORE: `${dir}/store`, FREE: `${dir}/free` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let isOver = false;
  const status = child.status.finally(() => isOver = true);
  try {
    await until(() => {
      assert(!isOver, Deno.readTextFileSync(out));
      return Deno.readTextFileSync(out).includes("boot success");
    }, { timeoutMs: PATIENCE_MS, what: "the broker" });
    await body(`127.0.0.1:${port}`, () => Deno.writeTextFileSync(`${dir}/free`, ""));
    assert(!isOver, Deno.readTextFileSync(out));
    child.kill("SIGTERM");
    const { code } = await within(status, { timeoutMs: PATIENCE_MS, what: "the end of the broker" });
    assertEquals(code, 0, Deno.readTextFileSync(out));
  } catch (error) {
    throw new Error(Deno.readTextFileSync(out), { cause: error });
  } finally {
    if (!isOver) child.kill("SIGKILL");
    await status;
    Deno.writeTextFileSync(`${dir}/free`, "");
    await Deno.remove(dir, { recursive: true });
  }
}

const name =
  "a tmpfs that fills up under load: clear refusals, reads go on, and sends are taken again when there is room";
const ignore = !canMount();

Deno.test({
  name: ignore ? `${name} (skipped: no mount in a namespace)` : name,
  ignore,
  fn: async () => {
    await whileDiskIsSmall(async (address, free) => {
      using client = await RawClient.connect(address);
      const made = await client.call(RequestCode.UPDATE_AND_CREATE_TOPIC, topicFields("T", { queues: QUEUES }));
      assertEquals(made.code, 0, made.remark);
      const outcome: Outcome = { acked: [], refused: new Map() };
      let isOver = false;
      const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => RawClient.connect(address)));
      const senders = Array.from(
        { length: CONNECTIONS * IN_FLIGHT },
        (_, number) => sender(connections[Math.floor(number / IN_FLIGHT)]!, number, outcome, () => isOver),
      );
      try {
        await until(() => outcome.refused.size >= 50, { timeoutMs: PATIENCE_MS, what: "refusals" });
        const acked = outcome.acked.length;
        assertEquals((await pull(client, "T", { queueId: 0, max: 1 })).code, 0);
        free();
        await until(() => outcome.acked.length >= acked + ACKED_AFTER, { timeoutMs: PATIENCE_MS, what: "sends again" });
      } finally {
        isOver = true;
        await Promise.all(senders);
        for (const connection of connections) connection[Symbol.dispose]();
      }
      assertEquals([...new Set(outcome.refused.values())], [ResponseCode.SERVICE_NOT_AVAILABLE]);
      // What is acknowledged is dispatched a moment later, and longer where the queues' files had no room either.
      const isDispatched = async (): Promise<boolean> => {
        let dispatched = 0;
        for (let queueId = 0; queueId < QUEUES; queueId++) {
          dispatched += await queueNumber(client, RequestCode.GET_MAX_OFFSET, "T", queueId);
        }
        return dispatched >= outcome.acked.length;
      };
      await until(isDispatched, { timeoutMs: PATIENCE_MS, what: "the dispatch of all that is acknowledged" });
      const queues = [];
      for (let queueId = 0; queueId < QUEUES; queueId++) queues.push(await bodiesOfQueue(address, queueId));
      for (const { queueId, offset, body } of outcome.acked) assertEquals(queues[queueId]![offset] === body, true);
      assertEquals(queues.reduce((sum, bodies) => sum + bodies.length, 0), outcome.acked.length);
      assertEquals(queues.flat().filter((body) => outcome.refused.has(body)), []);
    });
  },
});
