/**
 * What is compared once and not shape by shape: the start until the first message, memory at rest and after the load, and pulls of data that
 * the page cache has forgotten.
 *
 * Owns: the brokers that it starts. Never: leaves one behind.
 */
import { RequestCode } from "../../protocol/request_code.ts";
import { type Contender, startApache, startRingMq } from "./contender.ts";
import { type LoadResult, runLoad } from "./load.ts";
import { anonymousMiB, pullSome } from "./measures.ts";
import { RawClient } from "./raw_client.ts";
import { type RoundOptions, warmUp } from "./rounds.ts";
import { createTopics, type Tools } from "./shape.ts";
import { fillTopic } from "./shapes.ts";

type Start = (folder: string, sets?: readonly string[]) => Promise<Contender>;

/** How each is started. */
export const STARTS: Readonly<Record<"apache" | "ringmq", Start>> = { apache: startApache, ringmq: startRingMq };

const SEND_64_X_1 = ["-m", "send", "-c", "64", "-w", "1", "-s", "1024", "-W", "1"];

/** Longest wait for a first message. Milliseconds. */
const FIRST_MESSAGE_MS_MAX = 60_000;

/** Sends one message to a new topic and reads it. @returns false while the broker does not take or give it yet */
async function passesMessage(contender: Contender): Promise<boolean> {
  using names = await RawClient.connect(contender.nameServerPort);
  if ((await names.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: "TBW102" })).code !== 0) return false;
  await createTopics(contender, ["FirstTopic"]);
  using client = await RawClient.connect(contender.brokerPort);
  const ext = {
    ...{ a: "first", b: "FirstTopic", c: "TBW102", d: "4", e: "0", f: "0", g: String(Date.now()), h: "0" },
    ...{ i: "", j: "0", k: "false", l: "0", m: "false" },
  };
  const sent = await client.ask(RequestCode.SEND_MESSAGE_V2, ext, new TextEncoder().encode("first"));
  if (sent.code !== 0) return false;
  const offset = Number(sent.ext["queueOffset"]);
  while ((await pullSome(client, { topic: "FirstTopic", queueId: 0, offset, count: 1 })).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return true;
}

/** Milliseconds from the start of the first process until a message was stored and read. */
export async function firstMessageMs(start: Start, folder: string): Promise<number> {
  const began = performance.now();
  await using contender = await start(folder);
  while (!await passesMessage(contender)) {
    if (performance.now() - began > FIRST_MESSAGE_MS_MAX) throw new Error(`${contender.name} takes no message`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - began;
}

/** Memory of broker and name server that is no file's, in MiB. */
export function memoryMiB(contender: Contender): number {
  return contender.pids.reduce((sum, pid) => sum + anonymousMiB(pid), 0);
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(path);
    else if (entry.isFile) yield path;
  }
}

/**
 * Pulls from a broker whose files the page cache has forgotten: it is filled, stopped, its pages are dropped, it is started again, and every
 * queue is read once.
 *
 * @returns one result for each round
 */
export async function pullOld(start: Start, folder: string, tools: Tools, rounds: number): Promise<LoadResult[]> {
  {
    await using contender = await start(folder);
    await fillTopic(contender, tools, "OldTopic");
  }
  const results: LoadResult[] = [];
  for (let round = 0; round < rounds; round++) {
    for await (const path of filesBelow(`${folder}/store`)) {
      await new Deno.Command(tools.load, { args: ["-m", "evict", "-t", path] }).output();
    }
    await using contender = await start(folder);
    const where = ["-p", String(contender.brokerPort), "-t", "OldTopic"];
    results.push(await runLoad(tools.load, [...where, "-m", "pull", "-1", "-c", "4"]));
  }
  return results;
}

/**
 * Sends of 64 connections to a broker with one gateway and to one with two, in turn.
 *
 * @returns messages a second of both, round by round
 */
export async function compareGateways(
  options: RoundOptions,
): Promise<{ readonly one: readonly number[]; readonly two: readonly number[] }> {
  await using one = await startRingMq(`${options.folder}/one_gateway`);
  await warmUp(one, options);
  await using two = await startRingMq(`${options.folder}/two_gateways`, [], 2);
  await warmUp(two, options);
  const rates: Record<"one" | "two", number[]> = { one: [], two: [] };
  for (let round = 0; round < options.rounds; round++) {
    for (const name of round % 2 === 0 ? ["one", "two"] as const : ["two", "one"] as const) {
      const contender = name === "one" ? one : two;
      contender.run(true);
      const where = ["-p", String(contender.brokerPort), "-t", "LoadTopic", "-d", String(options.tools.seconds)];
      rates[name].push((await runLoad(options.tools.load, [...where, ...SEND_64_X_1])).messagesPerSecond);
      contender.run(false);
    }
  }
  return rates;
}
