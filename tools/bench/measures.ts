/**
 * What is looked at from outside while a broker is measured: its processor time and memory, how far its dispatch is behind, and
 * whether what was sent can be read.
 *
 * Reads: /proc, through a program: Deno itself opens it with all permissions only. Never: changes the broker.
 */
import { decodeProperties } from "../../protocol/properties.ts";
import { decodeRecords, isBodyIntact } from "../../protocol/record.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import type { Contender } from "./contender.ts";
import { RawClient } from "./raw_client.ts";

/** Longest wait for the dispatch to catch up. Milliseconds. */
const DISPATCH_MS_MAX = 60_000;

function processFile(pid: number, name: string): string {
  return new TextDecoder().decode(new Deno.Command("cat", { args: [`/proc/${pid}/${name}`] }).outputSync().stdout);
}

/** Processor time of a process so far, in seconds. */
export function cpuSeconds(pid: number): number {
  const fields = processFile(pid, "stat").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory of a process that is no file's, in MiB. */
export function anonymousMiB(pid: number): number {
  const match = /RssAnon:\s+(\d+)/.exec(processFile(pid, "status"));
  return match === null ? NaN : Number(match[1]) / 1024;
}

/** Files, connections among them, that a process may have open. */
export function openFilesMax(pid: number): number {
  return Number(/Max open files\s+(\d+)/.exec(processFile(pid, "limits"))?.[1]);
}

/** Has the machine write what it holds of earlier measurements to its disk, so that none pays for another's: a disk that is behind slows whoever writes. */
export async function untilSynced(): Promise<void> {
  const { success, stderr } = await new Deno.Command("sync", { stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`Cannot sync the disk: ${new TextDecoder().decode(stderr)}`);
}

/** What a broker tells of itself. */
export async function runtimeOf(contender: Contender): Promise<Record<string, string>> {
  using client = await RawClient.connect(contender.brokerPort);
  const answer = await client.ask(RequestCode.GET_BROKER_RUNTIME_INFO);
  return JSON.parse(new TextDecoder().decode(answer.body)).table;
}

/** Milliseconds until everything stored is dispatched; Infinity when that takes over a minute. */
export async function untilDispatched(contender: Contender): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < DISPATCH_MS_MAX) {
    if (Number((await runtimeOf(contender)).dispatchBehindBytes) <= 0) return performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Infinity;
}

/** Pulls messages of a queue. @returns the records, none when the broker has none there */
export async function pullSome(
  client: RawClient,
  where: { readonly topic: string; readonly queueId: number; readonly offset: number; readonly count: number },
): Promise<ReturnType<typeof decodeRecords>> {
  const pulled = await client.ask(RequestCode.PULL_MESSAGE, {
    consumerGroup: "bench_reader",
    topic: where.topic,
    queueId: String(where.queueId),
    queueOffset: String(where.offset),
    maxMsgNums: String(where.count),
    sysFlag: "4",
    commitOffset: "0",
    suspendTimeoutMillis: "0",
    subscription: "*",
    subVersion: "0",
    expressionType: "TAG",
  });
  return pulled.code === 0 ? decodeRecords(pulled.body) : [];
}

/**
 * What a queue holds. A long run can fill the disk so far that both brokers remove their first files.
 *
 * @returns first offset, and the one behind the last
 */
export async function queueEnds(
  client: RawClient,
  topic: string,
  queueId: number,
): Promise<{ readonly min: number; readonly max: number }> {
  const of = { topic, queueId: String(queueId) };
  const { ext: min } = await client.ask(RequestCode.GET_MIN_OFFSET, of);
  const { ext: max } = await client.ask(RequestCode.GET_MAX_OFFSET, of);
  return { min: Number(min["offset"]), max: Number(max["offset"]) };
}

/**
 * Reads random messages of a topic back, by offset and by unique key (messages of a batch have none here).
 *
 * @returns how many were not as they were sent
 */
export async function readBack(
  contender: Contender,
  where: { readonly topic: string; readonly queues: number; readonly count: number },
): Promise<number> {
  using client = await RawClient.connect(contender.brokerPort);
  const { topic } = where;
  const filled: number[] = [];
  for (let queueId = 0; queueId < where.queues; queueId++) {
    const { min, max } = await queueEnds(client, topic, queueId);
    if (max > min) filled.push(queueId);
  }
  if (filled.length === 0) return where.count;
  let bad = 0;
  for (let i = 0; i < where.count; i++) {
    const queueId = filled[i % filled.length]!;
    const { min, max } = await queueEnds(client, topic, queueId);
    const offset = min + Math.floor(Math.random() * (max - min));
    const [record] = await pullSome(client, { topic, queueId, offset, count: 1 });
    if (record === undefined || record.queueOffset !== offset || !isBodyIntact(record)) {
      bad++;
      continue;
    }
    const key = decodeProperties(record.properties).get("UNIQ_KEY");
    if (key === undefined) continue;
    const found = await client.ask(RequestCode.QUERY_MESSAGE, {
      topic,
      key,
      maxNum: "32",
      beginTimestamp: "0",
      endTimestamp: String(Number.MAX_SAFE_INTEGER),
      _UNIQUE_KEY_QUERY: "true",
    });
    const isFound = found.code === 0 &&
      decodeRecords(found.body).some((other) => other.physicalOffset === record.physicalOffset);
    if (!isFound) bad++;
  }
  return bad;
}
