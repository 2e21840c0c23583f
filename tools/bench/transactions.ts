/**
 * Transactions a second of Apache's Java client against RingMQ and Apache RocketMQ 5.4.0, in one run.
 *
 *     deno task bench:transactions [--rounds 3] [--seconds 8] [--warm-up 4] [--threads 32] [--body 1024]
 *
 * Each transaction is a half message and its commit. The brokers alternate, the other one is held still (SIGSTOP); medians are compared. After each run it waits until every
 * committed message is in the topic, and asserts that there is none more: the end of a transaction is one-way, and a broker that put it off would look fast.
 *
 * Owns: the two brokers and a temporary folder. Never: reaches beyond loopback.
 */
import { parseArgs } from "@std/cli/parse-args";
import { Admin } from "../../actors/client/mod.ts";
import { java54Client } from "../../tests/conformance/toolbox.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { type Contender, startApache, startRingMq } from "./contender.ts";
import { median } from "./load.ts";
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

interface Run extends Measured {
  /** Seconds of the broker's processor time for a million transactions. */
  readonly cpuOfMillion: number;
  /** Milliseconds from the last answer until everything committed was in the topic. */
  readonly behindMs: number;
}

const QUEUES = 4;
const BEHIND_MS_MAX = 60_000;

const args = parseArgs(Deno.args, {
  string: ["rounds", "seconds", "warm-up", "threads", "body"],
  default: { rounds: "3", seconds: "8", "warm-up": "4", threads: "32", body: "1024" },
});

function out(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

async function buildLoad(folder: string): Promise<readonly string[]> {
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

function cpuSeconds(pid: number): number {
  const stat = new TextDecoder().decode(new Deno.Command("cat", { args: [`/proc/${pid}/stat`] }).outputSync().stdout);
  const fields = stat.split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function run(load: readonly string[], contender: Contender, topic: string): Promise<Run> {
  const [program = "", ...rest] = load;
  const name = `127.0.0.1:${contender.nameServerPort}`;
  const shape = [args.threads, args.body, args["warm-up"], args.seconds].map(String);
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

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ringmq-bench-transactions-" });
  try {
    const load = await buildLoad(folder);
    await using apache = await startApache(`${folder}/apache`);
    apache.run(false);
    await using ringmq = await startRingMq(`${folder}/ringmq`);
    ringmq.run(false);
    const runs: Record<Contender["name"], Run[]> = { RingMQ: [], Apache: [] };
    for (let round = 0; round <= Number(args.rounds); round++) {
      for (const contender of round % 2 === 0 ? [apache, ringmq] : [ringmq, apache]) {
        contender.run(true);
        const result = await run(load, contender, `BenchTransactions${round}`);
        contender.run(false);
        // The first round warms up.
        if (round > 0) runs[contender.name].push(result);
        out(
          `${round === 0 ? "warm-up" : `round ${round}`}  ${contender.name.padEnd(6)} ${
            (result.count / result.seconds).toFixed(0).padStart(6)
          } transactions/s  p50 ${result.p50Us} us  p99 ${result.p99Us} us  checks ${result.checks}  all committed after ${
            result.behindMs.toFixed(0)
          } ms  broker ${result.cpuOfMillion.toFixed(0)} CPU s per million`,
        );
      }
    }
    const rate = ({ count, seconds }: Run): number => count / seconds;
    const ratios = runs.RingMQ.map((one, index) => rate(one) / rate(runs.Apache[index]!));
    out(
      `${args.threads} threads, ${args.body} bytes: Apache ${median(runs.Apache.map(rate)).toFixed(0)}, RingMQ ${
        median(runs.RingMQ.map(rate)).toFixed(0)
      } transactions/s, ratio ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} – ${
        Math.max(...ratios).toFixed(2)
      })`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await main();
