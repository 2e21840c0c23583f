/**
 * kill -9 of the broker at a random moment under load from eight Java producers, again and again: every acknowledged message
 * must be read back exactly as it was sent, and nothing else but sends whose outcome the producer never learned, once at most.
 *
 * Owns: the cycles, their table, the comparison of queues and indexes with those of a rebuild from the log.
 * Reads: acknowledgement logs of the Java client. Never: believes our own decoder; the Java client reads back.
 *
 * @module
 */
import { systemClock } from "../../store/clock.ts";
import { createTopic } from "../conformance/broker_requests.ts";
import { ClientProcess } from "../conformance/client_process.ts";
import type { LoadResult } from "../conformance/consumers.ts";
import { Target, type TargetName, targetName } from "../conformance/target.ts";
import { java54Client } from "../conformance/toolbox.ts";
import { until } from "../helpers/until.ts";
import { compareWithRebuild } from "./rebuild.ts";
import { SeededRandom } from "./seeded_random.ts";
import { printTable } from "./table.ts";

/** What a run is given. */
export interface KillBrokerOptions {
  readonly cycles: number;
  /** Everything that is left to chance follows from it. */
  readonly seed: number;
  /** Whose broker; the one that `RINGMQ_TARGET` names when left out. */
  readonly name?: TargetName;
  /** The broker's `flushDiskType`; its default, ASYNC_FLUSH, when left out. */
  readonly flushDiskType?: "ASYNC_FLUSH" | "SYNC_FLUSH";
  /** Told after each cycle. */
  readonly progress?: (cycle: KillCycle) => void;
}

/** One kill and what was found after it. */
export interface KillCycle {
  readonly cycle: number;
  /** Milliseconds of load before the kill. */
  readonly loadMs: number;
  readonly acked: number;
  /** Sends whose outcome the producer never learned. */
  readonly unknown: number;
  /** Messages in the queues, acknowledged or not. */
  readonly stored: number;
  readonly missing: number;
  readonly damaged: number;
  /** Offsets that the queues skip. */
  readonly gaps: number;
  /** Messages that are there and were never sent, or are there again: nobody retries. */
  readonly invented: number;
  /** Milliseconds from the start of the broker to accepting. */
  readonly restartMs: number;
  /** First findings, as text. */
  readonly findings: readonly string[];
}

/** What a run came to. */
export interface KillBrokerReport {
  readonly seed: number;
  readonly cycles: readonly KillCycle[];
  /** Differences between the queues and indexes as they were and those of a rebuild. */
  readonly rebuildDifferences: readonly string[];
  readonly held: boolean;
}

/** What the Java client found when it read a topic back. */
export interface ReadBack {
  readonly acked: number;
  readonly missing: number;
  readonly missingFirst: readonly string[];
  readonly wrong: readonly string[];
  readonly total: number;
  readonly damaged: number;
  readonly gaps: number;
  /** Different messages among all that are there. */
  readonly distinct: number;
}

/** Producers with connections of their own. */
const PRODUCERS = 8;
const THREADS = 2 * PRODUCERS;
const PRODUCER_NAMES: readonly string[] = Array.from({ length: PRODUCERS }, (_, at) => `load${at}`);
/** The random wait before a kill begins when so many messages were acknowledged, so that a cold start is not all there is. */
const ACKED_BEFORE_KILL_MIN = 100;
const LOAD_MS_MIN = 0;
const LOAD_MS_MAX = 2_000;

/**
 * Runs the cycles.
 *
 * @param options How many, from which seed.
 * @returns The table as data.
 */
export async function killBroker(options: KillBrokerOptions): Promise<KillBrokerReport> {
  const random = new SeededRandom(options.seed);
  const target = await Target.up({
    name: options.name ?? targetName(),
    broker: {
      mappedFileSizeCommitLog: String(16 * 1024 * 1024),
      mappedFileSizeConsumeQueue: "200000",
      maxHashSlotNum: "20000",
      maxIndexNum: "80000",
      flushDiskType: options.flushDiskType ?? "ASYNC_FLUSH",
    },
  });
  let client: ClientProcess | undefined;
  try {
    client = await ClientProcess.start(await java54Client(), target.dir);
    for (const name of PRODUCER_NAMES) {
      await client.call("producer.start", {
        name,
        group: "pg_kill",
        namesrv: target.nameServer,
        timeoutMs: 1_000,
        retries: 0,
      });
    }
    const cycles: KillCycle[] = [];
    for (let cycle = 1; cycle <= options.cycles; cycle++) {
      const done = await oneCycle(target, client, cycle, random);
      cycles.push(done);
      options.progress?.(done);
    }
    for (const { cycle } of cycles) await recheck(target, client, cycles, cycle);
    await client.stop();
    client = undefined;
    const rebuildDifferences = await compareWithRebuild(target);
    const held = rebuildDifferences.length === 0 &&
      cycles.every((c) => c.missing + c.damaged + c.gaps + c.invented + c.findings.length === 0);
    return { seed: options.seed, cycles, rebuildDifferences, held };
  } finally {
    await client?.stop();
    await target.down();
  }
}

async function oneCycle(
  target: Target,
  client: ClientProcess,
  cycle: number,
  random: SeededRandom,
): Promise<KillCycle> {
  const topic = `Kill${cycle}`;
  await createTopic(target, topic);
  const loadMs = random.between(LOAD_MS_MIN, LOAD_MS_MAX);
  const seed = random.between(0, 1_000_000);
  const loading = client.call<LoadResult>("produce", {
    load: topic,
    producer: PRODUCER_NAMES.join(","),
    topic,
    mode: "sync",
    threads: THREADS,
    size: 1024,
    seed,
    tags: "TagK",
    keyPrefix: `k${cycle}-`,
    log: ackLog(target, cycle),
  }, { timeoutMs: 60_000 });
  await until(async () => await client.call<number>("produce.acked", { load: topic }) >= ACKED_BEFORE_KILL_MIN, {
    timeoutMs: 60_000,
    what: "the load to run",
  });
  await systemClock.sleep(loadMs);
  await target.kill9Broker();
  await client.call("produce.stop", { load: topic });
  const load = await loading;
  await target.startBroker();
  const found = await readBack(target, client, cycle);
  return {
    cycle,
    loadMs,
    acked: load.acked,
    unknown: load.failed,
    stored: found.total,
    missing: found.missing,
    damaged: found.damaged,
    gaps: found.gaps,
    invented: found.total - found.damaged - found.distinct + Math.max(0, found.distinct - load.acked - load.failed),
    restartMs: Math.round(target.brokerProcess.startMs),
    findings: [...found.missingFirst, ...found.wrong],
  };
}

/** What a later crash took from an earlier cycle is a finding of that cycle. */
async function recheck(target: Target, client: ClientProcess, cycles: KillCycle[], cycle: number): Promise<void> {
  const found = await readBack(target, client, cycle);
  const before = cycles[cycle - 1]!;
  if (found.missing === before.missing && found.total === before.stored) return;
  const finding =
    `at the end ${found.missing} missing and ${found.total} stored, after the kill ${before.missing} and ${before.stored}`;
  cycles[cycle - 1] = { ...before, findings: [...before.findings, finding] };
}

async function readBack(target: Target, client: ClientProcess, cycle: number): Promise<ReadBack> {
  const topic = `Kill${cycle}`;
  // The name server may need a moment to route the topic again after the broker came back.
  return await until(async () => {
    try {
      return await client.call<ReadBack>("readBack", {
        namesrv: target.nameServer,
        topic,
        log: ackLog(target, cycle),
        keyPrefix: `k${cycle}-`,
        tags: "TagK",
      }, { timeoutMs: 120_000 });
    } catch (error) {
      if (String(error).includes("No topic route info") || String(error).includes("Can not find Message Queue")) {
        return undefined;
      }
      throw error;
    }
  }, { timeoutMs: 20_000, what: `a route of ${topic}` });
}

function ackLog(target: Target, cycle: number): string {
  return `${target.dir}/kill-${cycle}.acked`;
}

/** Modes of acknowledgement. */
const MODES = ["ASYNC_FLUSH", "SYNC_FLUSH"] as const;

/**
 * The trial that `deno task torture kill_broker [ASYNC_FLUSH] [SYNC_FLUSH]` runs: so many cycles in each mode that is named, in both when none is.
 *
 * @param options Cycles and seed, and modes as the rest of the command line.
 * @returns False when anything was lost.
 */
export async function torture(
  options: { readonly cycles: number; readonly seed: number; readonly args: readonly string[] },
): Promise<boolean> {
  const { cycles, seed, args } = options;
  const named = MODES.filter((mode) => args.includes(mode));
  const rows: Readonly<Record<string, string | number>>[] = [];
  let held = true;
  for (const flushDiskType of named.length === 0 ? MODES : named) {
    const report = await killBroker({
      cycles,
      seed,
      flushDiskType,
      progress: (cycle) => console.log(JSON.stringify({ flushDiskType, ...cycle })),
    });
    rows.push(...report.cycles.map(({ findings, ...row }) => ({ flushDiskType, ...row, findings: findings.length })));
    for (const difference of report.rebuildDifferences) console.log(difference);
    held &&= report.held;
  }
  printTable(rows);
  return held;
}
