/**
 * Our client beside Apache's Java client 5.4.0 and ali-ons 3.12.0, against the same broker in one run.
 *
 *     deno task bench:client [--rounds 3] [--seconds 10] [--warm-up 5] [--backlog 1000000] [--only paces] …
 *
 * The clients alternate, medians are compared: messages a second of 1 KiB with 64 concurrent sends (64 threads for Java),
 * push consumption of a backlog (ali-ons is left out: it takes minutes), processor seconds for a million messages, resident
 * memory at the end. Then the time from the send in one process to the listener in another, at 2,000 messages a second.
 *
 * Owns: the broker, a temporary folder. Never: reaches beyond loopback.
 */
import { Admin } from "../../actors/client/mod.ts";
import { java54Client, nodeClient } from "../../tests/conformance/toolbox.ts";
import { refuse } from "../help.ts";
import { inBenchFolder } from "./bench_folder.ts";
import type { Contender } from "./contender.ts";
import { STARTS } from "./extras.ts";
import { median } from "./load.ts";
import { benchOptions, caption, out } from "./options.ts";

/** What a load program prints. */
interface Measured {
  readonly count: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
}

type Command = readonly string[];

const BODY_BYTES = 1024;
const CONCURRENT = 64;
const QUEUES = 8;
const PACE = { perSecond: 2_000, seconds: 10 } as const;
/** What is between the broker and the listener: a worker and a message between threads, or neither. */
const PACED_KINDS = ["workers", "inline"] as const;

type PacedKind = typeof PACED_KINDS[number];

const HELP = `
deno task bench:client       our client beside Apache's Java client 5.4.0 and ali-ons 3.12.0, against the same broker in one run
  --rounds <n>               how often each client is measured; medians are compared           3
  --seconds <s>              how long each send is measured                                    10
  --warm-up <s>              sends that are not counted, before                                5
  --backlog <messages>       messages that are push-consumed                                   1000000
  --broker ringmq|apache     the broker that all of them use                                   ringmq
  --only sends,takes,paces   these parts alone                                                 all
  -h  --help                 print this, and end

It needs java, javac and node; what it lacks of the clients it takes from Maven and npm.`;
const args = benchOptions(HELP, {
  numbers: { rounds: 3, seconds: 10, "warm-up": 5, backlog: 1_000_000 },
  texts: ["broker"],
  parts: ["sends", "takes", "paces"],
});
const { rounds, broker = "ringmq" } = args;
const backlog = String(args.backlog);
if (!Object.hasOwn(STARTS, broker)) refuse(`--broker is "${broker}", expected ringmq or apache`);

async function run(command: Command): Promise<Measured> {
  const [program = "", ...rest] = command;
  const { success, stdout, stderr } = await new Deno.Command(program, { args: rest, stdin: "null" }).output();
  const text = new TextDecoder().decode(stdout).trim();
  if (!success) throw new Error(`${command.join(" ")}: ${text}${new TextDecoder().decode(stderr)}`);
  return JSON.parse(text.split("\n").at(-1) ?? "");
}

async function programs(folder: string): Promise<{ ours: Command; java: Command; aliOns: Command }> {
  const here = new URL("./client/", import.meta.url).pathname;
  const java = (await java54Client()).command;
  const classPath = java[java.indexOf("-cp") + 1] ?? "";
  const javac = new Deno.Command("javac", { args: ["-cp", classPath, "-d", folder, `${here}ClientLoad.java`] });
  const { success, stderr } = await javac.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const aliOns = (await nodeClient()).command.at(-1) ?? "";
  return {
    ours: [
      Deno.execPath(),
      "run",
      "--quiet",
      "--no-check",
      "--allow-net",
      "--allow-env",
      "--allow-sys",
      "--allow-read",
      `${here}load.ts`,
    ],
    java: [
      "java",
      "-Xms512m",
      "-Xmx1g",
      "-Drocketmq.client.logLevel=ERROR",
      `-Duser.home=${folder}`,
      "-cp",
      `${folder}:${classPath}`,
      "ClientLoad",
    ],
    aliOns: ["node", `${here}ali_ons.cjs`, aliOns],
  };
}

function perSecond({ count, seconds }: Measured): number {
  return count / seconds;
}

function cpuOfMillion({ count, cpuSeconds }: Measured): number {
  return cpuSeconds / count * 1e6;
}

function line(name: string, runs: readonly Measured[]): string {
  const of = (value: (one: Measured) => number): number => median(runs.map(value));
  return [
    name.padEnd(10),
    `${Math.round(of(perSecond)).toLocaleString("en")} msgs/s`.padStart(18),
    `${of(cpuOfMillion).toFixed(1)} CPU s per million`.padStart(26),
    `${Math.round(of((one) => one.rssBytes) / 2 ** 20)} MiB`.padStart(10),
  ].join("");
}

function ratio(ours: readonly Measured[], other: readonly Measured[], value: (one: Measured) => number): string {
  return (median(ours.map(value)) / median(other.map(value))).toFixed(2);
}

async function createTopic(contender: Contender, topic: string): Promise<void> {
  await using admin = new Admin({ namesrvAddr: `127.0.0.1:${contender.nameServerPort}` });
  await admin.start();
  const settings = { topic, readQueueNums: QUEUES, writeQueueNums: QUEUES };
  await admin.createTopic(settings, { brokerAddr: `127.0.0.1:${contender.brokerPort}` });
  while (!(await admin.topicList()).includes(topic)) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** The time from the send in one process to the listener in another, with PullMessageService in a worker or inline. */
async function pace(
  { contender, namesrv, clients: { ours } }: Bench,
  kind: PacedKind,
  round: number,
): Promise<Measured> {
  const topic = `ClientPace_${kind}_${round}`;
  await createTopic(contender, topic);
  const count = String(PACE.perSecond * (PACE.seconds - 1));
  const taking = run([...ours, "latency", namesrv, topic, `bench_pace_${kind}_${round}`, count, kind]);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await run([...ours, "pace", namesrv, topic, String(PACE.perSecond), String(PACE.seconds)]);
  return await taking;
}

interface Bench {
  readonly contender: Contender;
  readonly namesrv: string;
  readonly clients: Awaited<ReturnType<typeof programs>>;
}

async function sends({ contender, namesrv, clients: { ours, java, aliOns } }: Bench): Promise<void> {
  await createTopic(contender, "ClientSend");
  const shape = [String(CONCURRENT), String(BODY_BYTES), String(args["warm-up"]), String(args.seconds)];
  const sent: Record<"ours" | "java" | "ali-ons", Measured[]> = { ours: [], java: [], "ali-ons": [] };
  for (let round = 0; round < rounds; round++) {
    sent.ours.push(await run([...ours, "produce", namesrv, "ClientSend", ...shape]));
    sent.java.push(await run([...java, "produce", namesrv, "ClientSend", ...shape]));
    sent["ali-ons"].push(await run([...aliOns, "produce", namesrv, "ClientSend", ...shape]));
  }
  out(`\nsend, ${CONCURRENT} at a time`);
  for (const [name, runs] of Object.entries(sent)) out(line(name, runs));
  out(
    `ours to Java: ${ratio(sent.ours, sent.java, perSecond)} in speed, ${
      ratio(sent.ours, sent.java, cpuOfMillion)
    } in processor time; to ali-ons: ${ratio(sent.ours, sent["ali-ons"], perSecond)} in speed`,
  );
}

async function takes({ contender, namesrv, clients: { ours, java } }: Bench): Promise<void> {
  await createTopic(contender, "ClientBacklog");
  await run([...ours, "fill", namesrv, "ClientBacklog", backlog, String(BODY_BYTES)]);
  const taken: Record<"ours" | "java", Measured[]> = { ours: [], java: [] };
  for (let round = 0; round < rounds; round++) {
    taken.ours.push(await run([...ours, "consume", namesrv, "ClientBacklog", `bench_ours_${round}`, backlog]));
    taken.java.push(await run([...java, "consume", namesrv, "ClientBacklog", `bench_java_${round}`, backlog]));
  }
  out(`\npush-consume a backlog of ${backlog}`);
  for (const [name, runs] of Object.entries(taken)) out(line(name, runs));
  out(
    `ours to Java: ${ratio(taken.ours, taken.java, perSecond)} in speed, ${
      ratio(taken.ours, taken.java, cpuOfMillion)
    } in processor time`,
  );
}

async function paces(bench: Bench): Promise<void> {
  out(`\nfrom send to listener at ${PACE.perSecond} msgs/s, once warm, medians of ${rounds} rounds`);
  const paced: Record<PacedKind, Measured[]> = { workers: [], inline: [] };
  for (let round = 0; round < rounds; round++) {
    for (const kind of PACED_KINDS) paced[kind].push(await pace(bench, kind, round));
  }
  for (const kind of PACED_KINDS) {
    const of = (value: (one: Measured) => number | undefined): number =>
      median(paced[kind].map((one) => value(one) ?? 0));
    const all = paced[kind].map(({ p50Us }) => p50Us).join(", ");
    out(`${kind.padEnd(10)} p50 ${of((one) => one.p50Us)} us (${all}), p99 ${of((one) => one.p99Us)} us`);
  }
}

const PARTS = { sends, takes, paces };

async function main(): Promise<void> {
  await inBenchFolder("bench-client", async (folder) => {
    const clients = await programs(folder);
    await using contender = await STARTS[broker as keyof typeof STARTS](folder);
    out(`${caption(args)}; broker: ${contender.name}, body ${BODY_BYTES} bytes, asynchronous flush`);
    for (const [name, part] of Object.entries(PARTS)) {
      if (!args.only.has(name)) continue;
      await part({ contender, namesrv: `127.0.0.1:${contender.nameServerPort}`, clients });
    }
  });
}

if (import.meta.main) await main();
