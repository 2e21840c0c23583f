/**
 * Two orderly consumers of Java's client and one of ours on one group, killed and replaced under load: the order of every key holds and nothing is lost.
 *
 *     deno task torture orderly --cycles 5                   fifty kills
 *
 * A killed member's queues stay locked for as long as a broker keeps a lock that nobody renews (60 s); until then its messages wait, and the kills go on.
 *
 * Owns: the servers, the members, the load. Reads: a log of each member, in which every line is written before the message counts as consumed.
 * Never: ends a member in order before the judgement.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { systemClock } from "../../store/clock.ts";
import type { TortureOptions } from "../../tools/torture.ts";
import { plainProperties } from "../broker/broker_calls.ts";
import { createTopic, send } from "../conformance/broker_requests.ts";
import { ClientProcess } from "../conformance/client_process.ts";
import { type Delivery, orderOffences, readDeliveries, shardOffences, summarize } from "../conformance/delivery_log.ts";
import { buildBody } from "../conformance/numbered_body.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { Target } from "../conformance/target.ts";
import { java54Client } from "../conformance/toolbox.ts";
import { until } from "../helpers/until.ts";
import { SeededRandom } from "./seeded_random.ts";
import { printTable } from "./table.ts";

/** Kills that a cycle stands for. */
const KILLS_OF_CYCLE = 10;

const TOPIC = "Orderly";
const GROUP = "cg_orderly_kills";
const QUEUES = 8;
/** Keys; each goes to one queue. */
const KEYS = 24;
/** Between two messages. Milliseconds. */
const PACE_MS = 4;
/** Starts of one member of Java's client. */
const JOIN_TRIES = 5;

/** Longest wait for the last message: a lock that expires, a rebalance, and a slow machine. */
const PATIENCE_MS = 300_000;

/** How a run goes. */
export interface OrderlyOptions {
  readonly kills: number;
  readonly seed: number;
  /** Shortest and longest time between two kills, milliseconds. */
  readonly gapMs: { readonly from: number; readonly to: number };
}

/** What a run came to. */
export interface OrderlyReport {
  readonly kills: number;
  readonly sent: number;
  readonly deliveries: number;
  readonly duplicates: number;
  /** Members that were given messages. */
  readonly members: number;
  readonly missing: number;
  readonly damaged: number;
  /** Deliveries out of order, as text. */
  readonly offences: readonly string[];
  readonly seconds: number;
}

/** A member that can be killed. */
interface Member {
  readonly name: string;
  readonly isJava: boolean;
  kill(): Promise<void>;
}

/** Runs the members through their kills. */
export async function orderlyKills(options: OrderlyOptions): Promise<OrderlyReport> {
  const target = await Target.up();
  try {
    return await new OrderlyTrial(target, options).run();
  } finally {
    await target.down();
  }
}

/** One run. */
class OrderlyTrial {
  readonly #target: Target;
  readonly #options: OrderlyOptions;
  readonly #random: SeededRandom;
  readonly #members: Member[] = [];
  readonly #logs: string[] = [];
  #sent = 0;

  constructor(target: Target, options: OrderlyOptions) {
    this.#target = target;
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
  }

  async run(): Promise<OrderlyReport> {
    const { kills, gapMs } = this.#options;
    const began = systemClock.monotonicMs();
    await createTopic(this.#target, TOPIC, { queues: QUEUES });
    const stop = new AbortController();
    let load: Promise<void> | undefined;
    try {
      for (const isJava of [true, true, false]) await this.#join(isJava);
      load = this.#load(stop.signal);
      await until(async () => (await this.#deliveries()).length > 100, { timeoutMs: PATIENCE_MS, what: "messages" });
      for (let kill = 0; kill < kills; kill++) {
        const victim = this.#members.splice(this.#random.between(0, this.#members.length), 1)[0]!;
        await victim.kill();
        await this.#join(victim.isJava);
        await systemClock.sleep(this.#random.between(gapMs.from, gapMs.to));
      }
      stop.abort();
      await load;
      const all = await this.#complete();
      return this.#report(all, (systemClock.monotonicMs() - began) / 1000);
    } finally {
      stop.abort();
      await load?.catch(() => {});
      for (const member of this.#members) await member.kill();
    }
  }

  async #join(isJava: boolean): Promise<void> {
    const name = `${isJava ? "java" : "ours"}${this.#logs.length}`;
    const log = `${this.#target.dir}/${name}.deliveries`;
    this.#logs.push(log);
    this.#members.push(isJava ? await this.#joinJava(name, log) : await this.#joinOurs(name, log));
  }

  /** Java's client gives up when a name server of a busy machine does not answer at once: then it is started again. */
  async #joinJava(name: string, log: string): Promise<Member> {
    const args = { name, group: GROUP, topic: TOPIC, namesrv: this.#target.nameServer, log };
    for (let tries = 1;; tries++) {
      const client = await ClientProcess.start(await java54Client(), this.#target.dir);
      try {
        await client.call("consumer.start", { ...args, listener: "orderly", flushLog: true });
        return { name, isJava: true, kill: () => client.kill() };
      } catch (error) {
        await client.kill();
        if (tries === JOIN_TRIES) throw error;
      }
    }
  }

  async #joinOurs(name: string, log: string): Promise<Member> {
    const program = new URL("./orderly_member.ts", import.meta.url).pathname;
    const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", ...permissions, program, this.#target.nameServer, GROUP, TOPIC, name, log],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.getReader();
    const { done } = await reader.read();
    if (done) throw new Error(`Member "${name}" ended before it began`);
    return {
      name,
      isJava: false,
      kill: async () => {
        child.kill("SIGKILL");
        await child.status;
        await reader.cancel();
      },
    };
  }

  /** Sends message after message, each key in order to its queue. */
  async #load(signal: AbortSignal): Promise<void> {
    using client = await RawClient.connect(this.#target.broker);
    while (!signal.aborted) {
      const key = this.#sent % KEYS;
      const body = buildBody(this.#sent, 7, 100);
      const answer = await send(client, TOPIC, body, { queueId: key % QUEUES, properties: plainProperties() });
      assertEquals(answer.code, 0, answer.remark);
      this.#sent++;
      await systemClock.sleep(PACE_MS);
    }
  }

  /** All deliveries in the order of their times; those of one member in the order of its log. */
  async #deliveries(): Promise<Delivery[]> {
    const all = await Promise.all(this.#logs.map((log) => readDeliveries(log)));
    return all.flat().sort((a, b) => a.receivedMs - b.receivedMs);
  }

  async #complete(): Promise<Delivery[]> {
    let all: Delivery[] = [];
    await until(async () => {
      await systemClock.sleep(200);
      all = await this.#deliveries();
      return summarize(all, this.#sent).missingCount === 0;
    }, { timeoutMs: PATIENCE_MS, what: "every message" }).catch(() => undefined);
    return all;
  }

  #report(all: readonly Delivery[], seconds: number): OrderlyReport {
    const { deliveries, duplicates, missingCount, damaged, byMember } = summarize(all, this.#sent);
    return {
      kills: this.#options.kills,
      sent: this.#sent,
      deliveries,
      duplicates,
      members: Object.keys(byMember).length,
      missing: missingCount,
      damaged,
      offences: [...orderOffences(all), ...shardOffences(all, { from: 0, to: this.#sent, shards: KEYS })],
      seconds: Math.round(seconds),
    };
  }
}

/**
 * The trial that `deno task torture orderly` runs.
 *
 * @param options `cycles` of ten kills each; the seed.
 * @returns False when a message was lost or a key was consumed out of order.
 */
export async function torture({ cycles, seed }: TortureOptions): Promise<boolean> {
  const report = await orderlyKills({ kills: cycles * KILLS_OF_CYCLE, seed, gapMs: { from: 2000, to: 20_000 } });
  const { offences, ...row } = report;
  printTable([{ ...row, offences: offences.length }]);
  for (const offence of offences) console.log(offence);
  return report.missing + report.damaged + offences.length === 0;
}
