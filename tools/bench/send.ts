/**
 * Sends against RingMQ and Apache RocketMQ 5.4.0 side by side, in one run.
 *
 *     deno task bench:send [--rounds 3] [--seconds 10] [--warm-up 30] [--set key=value]…
 *
 * Each is warmed up with the other held still (SIGSTOP), then they alternate on each shape; medians are compared. Afterwards it looks how far dispatch was behind
 * and reads 1,000 random messages back, by offset and by key. Only the ratio within one run means something.
 *
 * Owns: the two brokers and a temporary folder. Never: reaches beyond loopback.
 */
import { parseArgs } from "@std/cli/parse-args";
import { decodeProperties } from "../../protocol/properties.ts";
import { decodeRecords, isBodyIntact } from "../../protocol/record.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { endOnHelp } from "../help.ts";
import { type Contender, startApache, startRingMq } from "./contender.ts";
import { buildLoad, type LoadResult, median, runLoad } from "./load.ts";
import { RawClient } from "./raw_client.ts";

const TOPIC = "LoadTopic";
const QUEUES = 4;
const SHAPES = [
  { name: "64 x 1", args: ["-c", "64", "-w", "1"] },
  { name: "1 x 1", args: ["-c", "1", "-w", "1"] },
  { name: "4 x 256", args: ["-c", "4", "-w", "256"] },
] as const;

endOnHelp(`
deno task bench:send         sends against RingMQ and Apache RocketMQ 5.4.0 side by side, in one run
  --rounds <n>               how often each broker is measured at each shape; medians are compared     3
  --seconds <s>              how long each round is                                                    10
  --warm-up <s>              before the first round, for each broker                                   30
  --body <bytes>             size of the payload                                                       1024
  --set <key=value>          a setting of both brokers; may be given several times
  -h  --help                 print this, and end
`);
const args = parseArgs(Deno.args, {
  string: ["rounds", "seconds", "warm-up", "set", "body"],
  collect: ["set"],
  default: { rounds: "3", seconds: "10", "warm-up": "30", body: "1024" },
});
const out = (text: string): void => {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
};
const rounds = Number(args.rounds);
const seconds = String(args.seconds);
const sets = args.set as string[];
const body = String(args.body);
const warmUp = String(args["warm-up"]);

async function runtime(contender: Contender): Promise<Record<string, string>> {
  using client = await RawClient.connect(contender.brokerPort);
  const answer = await client.ask(RequestCode.GET_BROKER_RUNTIME_INFO);
  return JSON.parse(new TextDecoder().decode(answer.body)).table;
}

/** Milliseconds until everything stored is dispatched. */
async function untilDispatched(contender: Contender): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < 60_000) {
    if (Number((await runtime(contender)).dispatchBehindBytes) <= 0) return performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Infinity;
}

/** Reads random messages back by offset and by unique key. @returns how many were not as they should be */
async function readBack(contender: Contender, count: number): Promise<number> {
  using client = await RawClient.connect(contender.brokerPort);
  let bad = 0;
  for (let i = 0; i < count; i++) {
    const queueId = String(i % QUEUES);
    const { ext } = await client.ask(RequestCode.GET_MAX_OFFSET, { topic: TOPIC, queueId });
    const offset = Math.floor(Math.random() * Number(ext.offset));
    const pulled = await client.ask(RequestCode.PULL_MESSAGE, {
      consumerGroup: "bench_reader",
      topic: TOPIC,
      queueId,
      queueOffset: String(offset),
      maxMsgNums: "1",
      sysFlag: "4",
      commitOffset: "0",
      suspendTimeoutMillis: "0",
      subscription: "*",
      subVersion: "0",
      expressionType: "TAG",
    });
    const record = pulled.code === 0 ? decodeRecords(pulled.body)[0] : undefined;
    if (record === undefined || record.queueOffset !== offset || !isBodyIntact(record)) {
      bad++;
      continue;
    }
    const key = decodeProperties(record.properties).get("UNIQ_KEY")!;
    const found = await client.ask(RequestCode.QUERY_MESSAGE, {
      topic: TOPIC,
      key,
      maxNum: "32",
      beginTimestamp: "0",
      endTimestamp: String(Number.MAX_SAFE_INTEGER),
      _UNIQUE_KEY_QUERY: "true",
    });
    const same = found.code === 0 &&
      decodeRecords(found.body).some((other) => other.physicalOffset === record.physicalOffset);
    if (!same) bad++;
  }
  return bad;
}

/** A file of /proc, which Deno itself opens only with all permissions. */
function processFile(pid: number, name: string): string {
  return new TextDecoder().decode(new Deno.Command("cat", { args: [`/proc/${pid}/${name}`] }).outputSync().stdout);
}

function cpuSeconds(pid: number): number {
  const fields = processFile(pid, "stat").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function anonymousMiB(pid: number): number {
  const match = /RssAnon:\s+(\d+)/.exec(processFile(pid, "status"));
  return match === null ? NaN : Number(match[1]) / 1024;
}

function report(results: Map<string, LoadResult[]>): void {
  out("");
  out("| shape | Apache msgs/s | RingMQ msgs/s | ratio | spread of ratio | Apache p99 us | RingMQ p99 us |");
  out("|---|---|---|---|---|---|---|");
  for (const { name } of SHAPES) {
    const apache = results.get(`Apache ${name}`)!;
    const ours = results.get(`RingMQ ${name}`)!;
    const ratios = ours.map((one, round) => one.messagesPerSecond / apache[round]!.messagesPerSecond);
    const rate = (list: LoadResult[]): string => median(list.map((one) => one.messagesPerSecond)).toFixed(0);
    const p99 = (list: LoadResult[]): string => median(list.map((one) => one.p99Us)).toFixed(0);
    out(
      `| ${name} | ${rate(apache)} | ${rate(ours)} | ${median(ratios).toFixed(2)} | ${
        Math.min(...ratios).toFixed(2)
      } – ${Math.max(...ratios).toFixed(2)} | ${p99(apache)} | ${p99(ours)} |`,
    );
  }
  out("");
}

const folder = await Deno.makeTempDir({ prefix: "ringmq-bench-" });
try {
  const load = await buildLoad(folder);
  out(
    `Body ${body} B, ${QUEUES} queues, ${rounds} rounds of ${seconds} s, warm-up ${
      args["warm-up"]
    } s, ${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}${
      sets.length > 0 ? `, ${sets.join(" ")}` : ", ASYNC_FLUSH"
    }`,
  );
  await using apache = await startApache(`${folder}/apache`, sets);
  apache.run(false);
  await using ringmq = await startRingMq(`${folder}/ringmq`, sets);
  const contenders = [apache, ringmq];
  out(
    `Start until accepting (name server, broker): Apache ${apache.startMs.map(Math.round).join(" + ")} ms, RingMQ ${
      ringmq.startMs.map(Math.round).join(" + ")
    } ms`,
  );
  ringmq.run(false);
  for (const one of contenders) {
    one.run(true);
    await runLoad(load, [
      "-p",
      String(one.brokerPort),
      "-m",
      "send",
      "-c",
      "64",
      "-w",
      "1",
      "-s",
      body,
      "-t",
      TOPIC,
      "-d",
      warmUp,
      "-W",
      "0",
    ]);
    out(`Warmed up ${one.name}`);
    one.run(false);
  }
  const results = new Map<string, LoadResult[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const shape of SHAPES) {
      for (const one of round % 2 === 0 ? [...contenders].reverse() : contenders) {
        one.run(true);
        const cpuBefore = cpuSeconds(one.pids[0]!);
        const result = await runLoad(load, [
          "-p",
          String(one.brokerPort),
          "-m",
          "send",
          ...shape.args,
          "-s",
          body,
          "-t",
          TOPIC,
          "-d",
          seconds,
          "-W",
          "1",
        ]);
        const cpu = cpuSeconds(one.pids[0]!) - cpuBefore;
        const behindMs = await untilDispatched(one);
        one.run(false);
        const key = `${one.name} ${shape.name}`;
        results.set(key, [...results.get(key) ?? [], result]);
        out(
          `round ${round}  ${key.padEnd(16)} ${
            result.messagesPerSecond.toFixed(0).padStart(7)
          } msgs/s  p50 ${result.p50Us} us  p99 ${result.p99Us} us  failed ${result.failed}  dispatched after ${
            behindMs.toFixed(0)
          } ms  broker CPU ${(cpu / Number(seconds) * 100).toFixed(0)}%`,
        );
      }
    }
  }
  report(results);
  for (const one of contenders) {
    one.run(true);
    out(
      `${one.name}: ${await readBack(
        one,
        1000,
      )} of 1,000 random messages not read back as sent; anonymous memory broker ${
        anonymousMiB(one.pids[0]!).toFixed(0)
      } MiB, name server ${anonymousMiB(one.pids[1]!).toFixed(0)} MiB`,
    );
    one.run(false);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
Deno.exit(0);
