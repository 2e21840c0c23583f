/**
 * How long a broker takes from its start to accepting after kill -9, with a large log and many queues, and in how much memory.
 *
 *     deno task torture large_store --cycles 3 8 1000        GiB of log, topics with four queues each; a cycle is a kill and a start
 *
 * The log is written here, records of 16 KiB; queues, indexes and checkpoint are the broker's own. Between two starts it gets messages for every queue and is killed.
 *
 * Owns: a temporary folder. Reads: nothing. Never: drops the page cache; the figures are for a warm one.
 *
 * @module
 */
import { encodeRecord } from "../../protocol/record.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { systemClock } from "../../store/clock.ts";
import { BLANK_MAGIC } from "../../store/log_appender.ts";
import { DenoDisk } from "../../store/file/deno_disk.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import { send, topicFields } from "../conformance/broker_requests.ts";
import { freeBrokerPort } from "../../tools/free_ports.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { ServerProcess } from "../conformance/server_process.ts";
import { ringmqPlan } from "../conformance/ringmq.ts";
import { printTable } from "./table.ts";

const GIB = 1024 ** 3;
/** Queues of each topic. */
export const QUEUES = 4;
/** Body of a record when nothing else is said. */
const BODY_BYTES = 16_000;
const BLOCK_BYTES = 8 * 1024 * 1024;
/** Connections that send to all queues. */
const CLIENTS = 16;
/** Connections that make topics: those that wait for the same write of topics.json share it. */
const MAKERS = 128;

/** Longest start: the first one makes every queue. Milliseconds. */
const PATIENCE_MS = 600_000;

/** One start after a kill. */
export interface LargeStart {
  readonly cycle: number;
  /** From the start of the process to `boot success` and an open port. Milliseconds. */
  readonly acceptingMs: number;
  /** From the start of the process to the first acknowledged message. Milliseconds. */
  readonly firstAckMs: number;
  /** Processor time until then, which a busy machine leaves as it is, nearly. Milliseconds. */
  readonly cpuMs: number;
  readonly residentMiB: number;
  /** What the broker says about its start. */
  readonly store: string;
}

/** How large a store is. */
export interface LargeStoreOptions {
  readonly logBytes: number;
  readonly topics: number;
  readonly cycles: number;
  readonly bodyBytes?: number;
  readonly progress?: (text: string) => void;
}

/** Builds a store and measures starts on it. */
export async function largeStore(options: LargeStoreOptions): Promise<LargeStart[]> {
  const dir = await Deno.makeTempDir({ prefix: "ringmq-large-" });
  const port = freeBrokerPort();
  const conf = `${dir}/broker.conf`;
  let running: ServerProcess | undefined;
  try {
    await Deno.mkdir(`${dir}/broker`);
    await Deno.writeTextFile(
      conf,
      `listenPort=${port}\nbrokerIP1=127.0.0.1\nstorePathRootDir=${dir}/store\nstorePathCommitLog=${dir}/store/commitlog\n` +
        `waitTimeMillsInSendQueue=20000\ndiskMaxUsedSpaceRatio=95\nfileReservedTime=1000\n`,
    );
    const plan = ringmqPlan({ dir, nameServerPort: 1, brokerPort: port, brokerConf: conf, nameServerConf: {} }).broker;
    const command = plan.command.filter((word, at, all) => word !== "-n" && all[at - 1] !== "-n");
    const start = async (): Promise<ServerProcess> =>
      running = await ServerProcess.start(`${dir}/broker`, { ...plan, command, patienceMs: PATIENCE_MS });
    options.progress?.("writing the log");
    writeLog(`${dir}/store/commitlog`, options);
    const first = await start();
    options.progress?.(`first start, all queues made from the log: ${Math.round(first.startMs)} ms`);
    await makeTopics(port, options.topics);
    const starts: LargeStart[] = [];
    for (let cycle = 1; cycle <= options.cycles; cycle++) {
      await sendToAll(port, options.topics);
      await running!.kill();
      const began = systemClock.monotonicMs();
      const server = await start();
      const { cpuMs } = server;
      using client = await RawClient.connect(`127.0.0.1:${port}`);
      const answer = await send(client, topicName(0), "first", { queueId: 0 });
      if (answer.code !== 0) throw new Error(`First send: ${answer.code} ${answer.remark}`);
      starts.push({
        cycle,
        acceptingMs: Math.round(server.startMs),
        cpuMs,
        firstAckMs: Math.round(systemClock.monotonicMs() - began),
        residentMiB: Math.round(residentKiB(server.group) / 1024),
        store: /^Store .*$/m.exec(server.output)?.[0].replace(/^Store \S+ /, "") ?? "",
      });
      options.progress?.(JSON.stringify(starts.at(-1)));
    }
    return starts;
  } finally {
    if (running !== undefined && !running.ended) await running.kill();
    await Deno.remove(dir, { recursive: true });
  }
}

/** Resident memory of the largest process of a group: the broker, not the task runner that started it. Deno itself may not read /proc. */
function residentKiB(group: readonly number[]): number {
  const script = 'for pid; do sed -n "s/^VmRSS:[^0-9]*\\([0-9]*\\).*/\\1/p" "/proc/$pid/status"; done';
  const { stdout } = new Deno.Command("sh", { args: ["-c", script, "sh", ...group.map(String)] }).outputSync();
  return Math.max(...new TextDecoder().decode(stdout).trim().split("\n").map(Number));
}

function topicName(index: number): string {
  return `Large${String(index).padStart(6, "0")}`;
}

/** Fills log files of the default size with records, the queues in turn. */
function writeLog(directory: string, { logBytes, topics, bodyBytes = BODY_BYTES }: LargeStoreOptions): void {
  const handles = new HandleCache({ disk: new DenoDisk(), mode: "write" });
  const log = SegmentSet.open({ directory, fileBytes: GIB, handles });
  const body = new Uint8Array(bodyBytes).map((_, index) => index * 31);
  const template = encodeTemplate(body);
  const topicAt = template.length - 2 - PROPERTIES.length - topicName(0).length;
  const block = new Uint8Array(BLOCK_BYTES);
  const encoder = new TextEncoder();
  let filled = 0;
  let position = 0;
  for (let index = 0; position + filled < logBytes;) {
    const at = position + filled;
    const left = GIB - at % GIB;
    if (left < template.length + 8) {
      log.write(block, 0, filled, position);
      const blank = new DataView(new ArrayBuffer(8));
      blank.setInt32(0, left);
      blank.setInt32(4, BLANK_MAGIC);
      log.write(new Uint8Array(blank.buffer), 0, 8, at);
      position = at + left;
      filled = 0;
      continue;
    }
    if (filled + template.length > block.length) {
      log.write(block, 0, filled, position);
      position += filled;
      filled = 0;
      continue;
    }
    block.set(template, filled);
    const view = new DataView(block.buffer, filled, template.length);
    view.setInt32(12, Math.floor(index / topics) % QUEUES);
    view.setBigInt64(20, BigInt(Math.floor(index / topics / QUEUES)));
    view.setBigInt64(28, BigInt(at));
    view.setBigInt64(56, BigInt(systemClock.nowMs()));
    encoder.encodeInto(topicName(index % topics), block.subarray(filled + topicAt));
    filled += template.length;
    index++;
  }
  log.write(block, 0, filled, position);
  handles.close();
}

const PROPERTIES = "UNIQ_KEY\u0001AC00000000000000000000000000000F\u0002WAIT\u0001true\u0002";

function encodeTemplate(body: Uint8Array): Uint8Array {
  return encodeRecord({
    queueId: 0,
    flag: 0,
    queueOffset: 0,
    physicalOffset: 0,
    sysFlag: 0,
    bornTimestamp: systemClock.nowMs(),
    bornHost: new Uint8Array([127, 0, 0, 1, 0, 0, 0, 1]),
    storeTimestamp: 0,
    storeHost: new Uint8Array([127, 0, 0, 1, 0, 0, 0, 2]),
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body,
    topic: topicName(0),
    properties: PROPERTIES,
  });
}

async function inParallel(
  port: number,
  clients: number,
  count: number,
  work: (client: RawClient, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: clients }, async () => {
    using client = await RawClient.connect(`127.0.0.1:${port}`);
    for (let index = next++; index < count; index = next++) await work(client, index);
  }));
}

async function makeTopics(port: number, topics: number): Promise<void> {
  await inParallel(port, MAKERS, topics, async (client, index) => {
    const fields = topicFields(topicName(index), { queues: QUEUES });
    const answer = await client.call(RequestCode.UPDATE_AND_CREATE_TOPIC, fields, "", { timeoutMs: 60_000 });
    if (answer.code !== 0) throw new Error(`Cannot make topic ${index}: ${answer.code} ${answer.remark}`);
  });
}

async function sendToAll(port: number, topics: number): Promise<void> {
  await inParallel(port, CLIENTS, topics * QUEUES, async (client, index) => {
    const answer = await send(client, topicName(index % topics), "x".repeat(200), {
      queueId: Math.floor(index / topics),
    });
    if (answer.code !== 0) throw new Error(`Cannot send to ${index}: ${answer.code} ${answer.remark}`);
  });
}

/**
 * The trial that `deno task torture large_store` runs: 8 GiB and 1,000 topics unless the command line says otherwise.
 *
 * @param options Cycles, and GiB and topics as the rest of the command line.
 * @returns False when a start took 5 s or more, or more than 300 MiB.
 */
export async function torture(
  options: { readonly cycles: number; readonly args: readonly string[] },
): Promise<boolean> {
  const [gib = 8, topics = 1000] = options.args.map(Number);
  const starts = await largeStore({
    logBytes: Math.floor(gib * GIB),
    topics,
    cycles: options.cycles,
    progress: (text) => console.log(text),
  });
  printTable(starts.map(({ store: _, ...row }) => ({ gib, topics, ...row })));
  return starts.every(({ acceptingMs, residentMiB }) => acceptingMs < 5000 && residentMiB <= 300);
}
