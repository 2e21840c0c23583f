/**
 * One process of a `2m-2s-sync` cluster after the other is killed and started again, under Java producers and consumers: sends go on, and everything that was acknowledged is consumed.
 *
 * Owns: the rounds and their table. Reads: what the Java clients count and log. Never: kills a second process before the cluster is whole again.
 *
 * @module
 */
import { NAME_SERVER, serverOf, startAgain, startCluster, stopCluster } from "../../tools/cluster/cluster.ts";
import { type ClusterState, readCluster, signal } from "../../tools/cluster/state.ts";
import { statusOf } from "../../tools/cluster/status.ts";
import { systemClock } from "../../store/clock.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { decodeTopicRouteData } from "../../protocol/route.ts";
import { topicFields } from "../conformance/broker_requests.ts";
import { ClientProcess } from "../conformance/client_process.ts";
import type { LoadResult } from "../conformance/consumers.ts";
import { readDeliveries } from "../conformance/delivery_log.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { java54Client } from "../conformance/toolbox.ts";
import { until } from "../helpers/until.ts";
import { SeededRandom } from "./seeded_random.ts";
import { printTable } from "./table.ts";

const TOPIC = "Cluster";
/** Queues on each master. */
const QUEUES = 4;
/** Senders of each producer. */
const THREADS = 4;
const CONSUMERS = 2;
/** Two Java producers, and how many messages a second each sends at most. */
const PRODUCERS = [{ name: "many", perSecond: 400 }, { name: "few", perSecond: 100 }] as const;
/** How often the clients ask for routes, instead of every half minute. */
const ROUTE_MS = 1000;
/** Small files, tables that slaves follow soon, and brokers that come back to a name server as soon as they may. */
const SETTINGS = [
  "mappedFileSizeCommitLog=67108864",
  "slaveSynchronizeInterval=1000",
  "registerNameServerPeriod=10000",
] as const;
/** Longest wait for the cluster to be whole again, and for consumers to have everything. */
const PATIENCE_MS = 120_000;
/** How often it is looked how far the producers are. */
const LOOK_EVERY_MS = 100;
/** A process stays away so long: into and over the time after which a send without its slave is answered. */
const AWAY_MS = [500, 5_000] as const;
/** Longest pause of the senders together. Each of them may be waiting for the slave that was killed, until `slaveTimeout` (3 s) is over, and then asks another master. */
const PAUSE_MS_MAX = 6_000;
/** In an outage that is longer than such a pause something must be acknowledged. */
const IDLE_OUTAGE_MS_MAX = 4_500;
/** Load between two kills. */
const CALM_MS = [500, 2_000] as const;

/** How long a run is: so many kills, or kills for so long. */
export interface ClusterTortureOptions {
  readonly seed: number;
  readonly cycles?: number;
  readonly minutes?: number;
  /** Told after each round. */
  readonly progress?: (round: ClusterRound) => void;
}

/** One process killed and started again. */
export interface ClusterRound {
  readonly round: number;
  /** Name of the process within the cluster. */
  readonly killed: string;
  /** Milliseconds from the kill until it accepted again. */
  readonly awayMs: number;
  /** Milliseconds from then on until its routes and its slave were there, and the producers knew it. */
  readonly wholeMs: number;
  /** Acknowledgements from the kill until it accepted again. */
  readonly ackedAway: number;
  /** Longest time without any acknowledgement, from the kill until the cluster was whole. */
  readonly pauseMs: number;
  /** Deliveries from the kill until it accepted again. */
  readonly consumedAway: number;
}

/** What a run came to. */
export interface ClusterReport {
  readonly rounds: readonly ClusterRound[];
  readonly acked: number;
  /** Sends that were given up, with the outcome unknown or a slave that did not confirm. */
  readonly failed: number;
  readonly errors: readonly string[];
  readonly consumed: number;
  /** Deliveries beyond the first of a message. */
  readonly again: number;
  /** Acknowledged messages that were never delivered. */
  readonly missing: number;
  readonly damaged: number;
}

/** Runs the rounds. */
export async function clusterTorture(options: ClusterTortureOptions): Promise<ClusterReport> {
  const dir = await Deno.makeTempDir({ prefix: "ringmq-cluster-torture-" });
  try {
    await startCluster(dir, "2m-2s-sync", SETTINGS);
    await using load = await ClusterLoad.start(dir);
    const random = new SeededRandom(options.seed);
    const rounds: ClusterRound[] = [];
    const endMs = systemClock.monotonicMs() + (options.minutes ?? 0) * 60_000;
    const goesOn = (): boolean => rounds.length < (options.cycles ?? 0) || systemClock.monotonicMs() < endMs;
    for (let order: string[] = []; goesOn();) {
      if (order.length === 0) order = shuffled(namesOf(readCluster(dir)!), random);
      await systemClock.sleep(random.between(...CALM_MS));
      const done = await oneRound(dir, load, rounds.length + 1, order.shift()!, random);
      rounds.push(done);
      options.progress?.(done);
    }
    return { rounds, ...await load.finish() };
  } finally {
    const state = readCluster(dir);
    if (state !== undefined) await stopCluster(dir, state);
    if (Deno.env.get("RINGMQ_KEEP") === undefined) await Deno.remove(dir, { recursive: true });
  }
}

function namesOf(state: ClusterState): string[] {
  return [NAME_SERVER, ...state.brokers.map(({ name }) => name)];
}

function shuffled(names: readonly string[], random: SeededRandom): string[] {
  const left = [...names];
  return names.map(() => left.splice(random.between(0, left.length), 1)[0]!);
}

async function oneRound(
  dir: string,
  load: ClusterLoad,
  round: number,
  killed: string,
  random: SeededRandom,
): Promise<ClusterRound> {
  const state = readCluster(dir)!;
  const before = await load.counts();
  const beganMs = systemClock.monotonicMs();
  await using watch = load.watchPauses();
  signal(serverOf(state, killed)!.pid, "SIGKILL");
  await systemClock.sleep(random.between(...AWAY_MS));
  const next = await startAgain(dir, state, killed);
  const backMs = systemClock.monotonicMs();
  const back = await load.counts();
  await untilWhole(next);
  await load.reachesAll(next);
  const wholeMs = systemClock.monotonicMs();
  return {
    round,
    killed,
    awayMs: Math.round(backMs - beganMs),
    wholeMs: Math.round(wholeMs - backMs),
    ackedAway: back.acked - before.acked,
    pauseMs: Math.round(await watch.end()),
    consumedAway: back.consumed - before.consumed,
  };
}

/** Waits until every process answers, each master has a slave, and the name server routes to all of them. */
async function untilWhole(state: ClusterState): Promise<void> {
  const whole = async (): Promise<boolean> => {
    const rows = await statusOf(state);
    if (rows.some((row) => row.state !== "up" || (row.role !== "SLAVE" && row.slaves !== 1))) return false;
    const address = `127.0.0.1:${state.nameServer.port}`;
    using nameServer = await RawClient.connect(address);
    const route = await nameServer.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: TOPIC });
    if (route.code !== 0) return false;
    const { brokerDatas, queueDatas } = decodeTopicRouteData(route.body);
    const addresses = brokerDatas.flatMap(({ brokerAddrs }) => [...brokerAddrs.values()]);
    return addresses.length === state.brokers.length && queueDatas.length === 2;
  };
  await until(whole, { timeoutMs: PATIENCE_MS, what: "the cluster to be whole" });
}

/** Java producers and consumers, each side a program of its own. */
class ClusterLoad {
  readonly #dir: string;
  readonly #producers: ClientProcess;
  readonly #consumers: ClientProcess;
  #loading: Promise<LoadResult>[] = [];

  private constructor(dir: string, producers: ClientProcess, consumers: ClientProcess) {
    this.#dir = dir;
    this.#producers = producers;
    this.#consumers = consumers;
  }

  static async start(dir: string): Promise<ClusterLoad> {
    const state = readCluster(dir)!;
    for (const { port } of state.brokers.filter(({ brokerRole }) => brokerRole !== "SLAVE")) {
      using broker = await RawClient.connect(`127.0.0.1:${port}`);
      const fields = topicFields(TOPIC, { queues: QUEUES });
      const { code, remark } = await broker.call(RequestCode.UPDATE_AND_CREATE_TOPIC, fields);
      if (code !== 0) throw new Error(`Cannot make ${TOPIC}: ${remark}`);
    }
    await untilWhole(state);
    const program = await java54Client();
    const producers = await ClientProcess.start(program, dir);
    const consumers = await ClientProcess.start(program, dir);
    const load = new ClusterLoad(dir, producers, consumers);
    await load.#begin(`127.0.0.1:${state.nameServer.port}`);
    return load;
  }

  async #begin(namesrv: string): Promise<void> {
    for (let i = 0; i < CONSUMERS; i++) {
      const log = this.#deliveryLog;
      const args = { name: `c${i}`, group: "cg_cluster", topic: TOPIC, namesrv, log, routeMs: ROUTE_MS };
      await this.#consumers.call("consumer.start", args);
    }
    for (const [index, { name, perSecond }] of PRODUCERS.entries()) {
      const options = { timeoutMs: 5_000, retries: 3, retryNotStored: true, latencyFault: true, routeMs: ROUTE_MS };
      await this.#producers.call("producer.start", { name, group: `pg_${name}`, namesrv, ...options });
      const shape = { mode: "sync", threads: THREADS, size: 512, seed: 5, from: index * 1e9, perSecond };
      const args = { load: name, producer: name, topic: TOPIC, log: this.#ackLog(name), ...shape };
      this.#loading.push(this.#producers.call<LoadResult>("produce", args, { timeoutMs: 86_400_000 }));
    }
    // A group that is still sharing out its queues asks brokers at random, and would be measured instead of the cluster.
    for (let i = 0; i < CONSUMERS; i++) {
      const consumes = async (): Promise<boolean> =>
        await this.#consumers.call<number>("consumer.count", { name: `c${i}` }) > 0;
      await until(consumes, { timeoutMs: PATIENCE_MS, what: `deliveries to c${i}` });
    }
  }

  /** Acknowledgements and deliveries so far. */
  async counts(): Promise<{ acked: number; consumed: number }> {
    const acked = await Promise.all(
      PRODUCERS.map(({ name: load }) => this.#producers.call<number>("produce.acked", { load })),
    );
    const names = Array.from({ length: CONSUMERS }, (_, i) => `c${i}`);
    const consumed = await this.#consumers.call<number>("consumer.count", { names });
    return { acked: acked.reduce((sum, one) => sum + one, 0), consumed };
  }

  /** Waits until each producer sends to each master: a route that it read while brokers came back may lack one. */
  async reachesAll(state: ClusterState): Promise<void> {
    const masters = state.brokers.filter(({ brokerRole }) => brokerRole !== "SLAVE").map(({ port }) => port);
    for (const { name } of PRODUCERS) {
      const from = (await Deno.stat(this.#ackLog(name))).size;
      await until(async () => {
        await systemClock.sleep(LOOK_EVERY_MS);
        const ports = new Set((await this.#acked(name, from)).split("\n").map(portOf));
        return masters.every((port) => ports.has(port));
      }, { timeoutMs: PATIENCE_MS, what: `acknowledgements of all masters to producer ${name}` });
    }
  }

  /** Looks at acknowledgements until it is ended, which gives the longest time without any. */
  watchPauses(): { end(): Promise<number> } & AsyncDisposable {
    let isOver = false;
    let longestMs = 0;
    const looking = (async (): Promise<void> => {
      let { acked } = await this.counts();
      let sinceMs = systemClock.monotonicMs();
      while (!isOver) {
        await systemClock.sleep(LOOK_EVERY_MS);
        const now = (await this.counts()).acked;
        const nowMs = systemClock.monotonicMs();
        longestMs = Math.max(longestMs, nowMs - sinceMs);
        if (now > acked) [acked, sinceMs] = [now, nowMs];
      }
    })();
    const end = async (): Promise<number> => {
      isOver = true;
      await looking;
      return longestMs;
    };
    return {
      end,
      [Symbol.asyncDispose]: async () => {
        await end();
      },
    };
  }

  /** Ends the producers, waits until consumers have everything that was acknowledged, and compares. */
  async finish(): Promise<Omit<ClusterReport, "rounds">> {
    for (const { name: load } of PRODUCERS) await this.#producers.call("produce.stop", { load });
    const results = await Promise.all(this.#loading);
    this.#loading = [];
    const acked = new Set<number>();
    for (const { name } of PRODUCERS) {
      for (const line of (await this.#acked(name)).trim().split("\n")) acked.add(Number.parseInt(line));
    }
    let judged = await this.#judge(acked);
    const deadlineMs = systemClock.monotonicMs() + PATIENCE_MS;
    while (judged.missing > 0 && systemClock.monotonicMs() < deadlineMs) {
      await systemClock.sleep(1000);
      judged = await this.#judge(acked);
    }
    const failed = results.reduce((sum, one) => sum + one.failed, 0);
    const errors = [...new Set(results.flatMap((one) => one.errors))];
    return { acked: acked.size, failed, errors, ...judged };
  }

  async #judge(
    acked: ReadonlySet<number>,
  ): Promise<{ consumed: number; again: number; missing: number; damaged: number }> {
    await this.counts(); // Writes out what was logged.
    const deliveries = await readDeliveries(this.#deliveryLog);
    const seen = new Set(deliveries.map(({ seq }) => seq));
    const damaged = deliveries.filter(({ seq }) => seq < 0).length;
    const missing = [...acked].filter((seq) => !seen.has(seq)).length;
    return { consumed: seen.size, again: deliveries.length - seen.size, missing, damaged };
  }

  /** Lines of what was acknowledged to a producer so far, from a byte of the log on. */
  async #acked(name: string, from = 0): Promise<string> {
    await this.counts(); // Writes out what was logged.
    using file = await Deno.open(this.#ackLog(name));
    await file.seek(from, Deno.SeekMode.Start);
    return await new Response(file.readable).text();
  }

  get #deliveryLog(): string {
    return `${this.#dir}/deliveries`;
  }

  #ackLog(name: string): string {
    return `${this.#dir}/${name}.acked`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const load of this.#loading) load.catch(() => undefined); // Its end is the end of the program.
    await this.#producers.stop();
    await this.#consumers.stop();
  }
}

/** Port of the broker that has an acknowledged message. */
function portOf(line: string): number {
  const offsetMsgId = line.split(" ")[3] ?? "";
  return Number.parseInt(offsetMsgId.slice(8, 16), 16);
}

/** What is wrong with a run, one line each. */
export function findingsOf(report: ClusterReport): string[] {
  const findings = report.rounds.filter(({ pauseMs }) => pauseMs > PAUSE_MS_MAX)
    .map(({ round, killed, pauseMs }) =>
      `round ${round}: ${pauseMs} ms without an acknowledgement, ${killed} was away`
    );
  findings.push(
    ...report.rounds.filter(({ ackedAway, awayMs }) => ackedAway === 0 && awayMs > IDLE_OUTAGE_MS_MAX)
      .map(({ round, killed }) => `round ${round}: nothing was acknowledged while ${killed} was away`),
  );
  if (report.missing > 0) findings.push(`${report.missing} acknowledged messages were not consumed`);
  if (report.damaged > 0) findings.push(`${report.damaged} damaged messages`);
  return findings;
}

/** Prints the table of what happened and what it came to. */
export function printReport(report: ClusterReport): void {
  printTable(report.rounds.map((round) => ({ ...round })));
  const { rounds: _, errors, ...sums } = report;
  printTable([{ ...sums }]);
  for (const error of errors) console.log(`a send said: ${error}`);
}

/**
 * The trial that `deno task torture cluster --cycles N` runs; `--minutes N` goes on for so long instead.
 *
 * @param options Cycles and seed; minutes as the rest of the command line.
 * @returns False when sends stopped, or something acknowledged was not consumed.
 */
export async function torture(
  options: {
    readonly cycles: number;
    readonly seed: number;
    readonly minutes: number | undefined;
  },
): Promise<boolean> {
  const { cycles, seed, minutes } = options;
  const length = minutes === undefined ? { cycles } : { minutes };
  const progress = (round: ClusterRound): void => console.log(JSON.stringify(round));
  const report = await clusterTorture({ seed, ...length, progress });
  printReport(report);
  const findings = findingsOf(report);
  for (const finding of findings) console.log(finding);
  return findings.length === 0;
}
