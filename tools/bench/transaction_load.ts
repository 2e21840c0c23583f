/**
 * Transactions of Apache's Java client as load: half messages that are committed at once.
 *
 * Each run waits until every committed message is in the topic, and asserts that there is none more: the end of a transaction is one-way, and a broker that
 * put it off would look fast.
 *
 * Owns: nothing. Never: starts or stops a broker.
 */
import { Admin } from "../../actors/client/mod.ts";
import { java54Client } from "../../tests/conformance/toolbox.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import type { Contender } from "./contender.ts";
import { cpuSeconds } from "./measures.ts";
import { RawClient } from "./raw_client.ts";

/** What TransactionLoad.java prints. */
interface Measured {
  /** Transactions with those of the warm-up. */
  readonly all: number;
  readonly count: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly checks: number;
}

/** What a run gave. */
export interface TransactionRun extends Measured {
  /** Seconds of the broker's processor time for a million transactions. */
  readonly cpuOfMillion: number;
  /** Milliseconds from the last answer until everything committed was in the topic. */
  readonly behindMs: number;
}

const QUEUES = 4;
const BEHIND_MS_MAX = 60_000;

/** Compiles the program. @returns how it begins */
export async function buildTransactionLoad(folder: string): Promise<readonly string[]> {
  const source = new URL("./transactions/TransactionLoad.java", import.meta.url).pathname;
  const java = (await java54Client()).command;
  const classPath = java[java.indexOf("-cp") + 1] ?? "";
  const { success, stderr } = await new Deno.Command("javac", { args: ["-cp", classPath, "-d", folder, source] })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const options = ["-Xms512m", "-Xmx1g", "-Drocketmq.client.logLevel=ERROR", `-Duser.home=${folder}`];
  return ["java", ...options, "-cp", `${folder}:${classPath}`, "TransactionLoad"];
}

async function createTopic(contender: Contender, topic: string): Promise<void> {
  await using admin = new Admin({ namesrvAddr: `127.0.0.1:${contender.nameServerPort}` });
  await admin.start();
  const attributes = "+message.type=TRANSACTION";
  await admin.createTopic({ topic, readQueueNums: QUEUES, writeQueueNums: QUEUES, attributes }, {
    brokerAddr: `127.0.0.1:${contender.brokerPort}`,
  });
  while (!(await admin.topicList()).includes(topic)) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function stored(contender: Contender, topic: string): Promise<number> {
  using client = await RawClient.connect(contender.brokerPort);
  let sum = 0;
  for (let queueId = 0; queueId < QUEUES; queueId++) {
    const { ext } = await client.ask(RequestCode.GET_MAX_OFFSET, { topic, queueId: String(queueId) });
    sum += Number(ext["offset"]);
  }
  return sum;
}

/** Waits until a topic holds so many messages. @returns milliseconds */
async function untilStored(contender: Contender, topic: string, count: number): Promise<number> {
  const began = performance.now();
  for (;;) {
    const now = await stored(contender, topic);
    if (now === count) return performance.now() - began;
    if (now > count || performance.now() - began > BEHIND_MS_MAX) {
      throw new Error(`${contender.name}: ${count} transactions were committed, ${now} messages are in the topic`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** How much is asked for; numbers as texts. */
export interface TransactionShape {
  readonly threads: string;
  readonly bytes: string;
  readonly warmUpSeconds: string;
  readonly seconds: string;
}

/**
 * Runs the load once.
 *
 * @param load how the program begins
 * @param contender a broker that runs
 * @param topic a topic that is not there yet
 * @throws {Error} when a committed message is missing, or one is there twice
 */
export async function runTransactions(
  load: readonly string[],
  contender: Contender,
  topic: string,
  of: TransactionShape,
): Promise<TransactionRun> {
  const [program = "", ...rest] = load;
  const name = `127.0.0.1:${contender.nameServerPort}`;
  const shape = [of.threads, of.bytes, of.warmUpSeconds, of.seconds];
  await createTopic(contender, topic);
  const cpu = cpuSeconds(contender.pids[0]!);
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...rest, name, topic, ...shape] })
    .output();
  const text = new TextDecoder().decode(stdout).trim();
  if (!success) throw new Error(`${contender.name}: ${new TextDecoder().decode(stderr).slice(-2000)}`);
  const measured: Measured = JSON.parse(text.split("\n").at(-1) ?? "");
  const behindMs = await untilStored(contender, topic, measured.all);
  return { ...measured, behindMs, cpuOfMillion: (cpuSeconds(contender.pids[0]!) - cpu) / measured.all * 1e6 };
}
