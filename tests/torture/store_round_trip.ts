/**
 * RingMQ and Apache RocketMQ 5.4.0 take turns on one store directory; after each change of hands a Java client reads all that either of
 * them has acknowledged.
 *
 * A turn: RingMQ reads back, writes, ends (killed under load in odd turns, in order in even ones); Apache reads back, writes, is killed
 * under load. At the end RingMQ reads back once more and its store is checked record by record, unit by unit, entry by entry.
 *
 * Owns: the turns and their table. Reads: acknowledgement logs of the Java client. Never: reads back with our own decoder.
 *
 * @module
 */
import { systemClock } from "../../store/clock.ts";
import { createTopic } from "../conformance/broker_requests.ts";
import { ClientProcess } from "../conformance/client_process.ts";
import type { LoadResult } from "../conformance/consumers.ts";
import { RawClient } from "../conformance/raw_client.ts";
import type { TargetName } from "../conformance/target.ts";
import { java54Client } from "../conformance/toolbox.ts";
import { until } from "../helpers/until.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { runStoreCommand } from "../../tools/store/mod.ts";
import type { ReadBack } from "./kill_broker.ts";
import { MixedStore } from "./mixed_store.ts";
import { SeededRandom } from "./seeded_random.ts";
import { printTable } from "./table.ts";

/**
 * Longest wait for a message from the retry topic. Milliseconds: that topic may come to be after Java's client has asked for its route, which it does every
 * 30 s; then it rebalances, every 20 s.
 */
const RETRY_MS_MAX = 90_000;

const TOPIC = "RoundTrip";
const RETRY_TOPIC = "RoundRetry";
const INDEX_SLOTS = 2000;
const INDEX_ENTRIES = 6000;
/** Sequence numbers that one write phase may use. */
const SEQUENCES = 1_000_000;

/** One stay of a broker on the store. */
export interface Stay {
  readonly turn: number;
  readonly broker: TargetName;
  readonly ended: "killed" | "stopped";
  readonly startMs: number;
  /** Acknowledged messages of all stays before, found again at the start of this one. */
  readonly readBack: number;
  readonly missing: number;
  readonly damaged: number;
  readonly gaps: number;
  /** Acknowledged during this stay. */
  readonly acked: number;
  readonly findings: readonly string[];
}

/** What a run came to. */
export interface RoundTripReport {
  readonly stays: readonly Stay[];
  /** What the check of the store found at the end. */
  readonly check: readonly string[];
  readonly held: boolean;
}

/**
 * Runs the turns.
 *
 * @param options How many turns, and the seed of the moments of kills.
 */
export async function storeRoundTrip(
  options: { readonly turns: number; readonly seed: number; readonly progress?: (stay: Stay) => void },
): Promise<RoundTripReport> {
  const store = await MixedStore.up({
    mappedFileSizeCommitLog: String(1024 * 1024),
    mappedFileSizeConsumeQueue: "6000",
    maxHashSlotNum: String(INDEX_SLOTS),
    maxIndexNum: String(INDEX_ENTRIES),
    maxMessageSize: String(128 * 1024),
  });
  let client: ClientProcess | undefined;
  try {
    client = await ClientProcess.start(await java54Client(), store.dir);
    const trip = new Trip(store, client, new SeededRandom(options.seed));
    const stays: Stay[] = [];
    const stay = async (turn: number, broker: TargetName, ended: Stay["ended"]): Promise<void> => {
      const done = await trip.stay(turn, broker, ended);
      stays.push(done);
      options.progress?.(done);
    };
    for (let turn = 1; turn <= options.turns; turn++) {
      await stay(turn, "ringmq", turn % 2 === 1 ? "killed" : "stopped");
      await stay(turn, "apache", "killed");
    }
    await stay(options.turns + 1, "ringmq", "stopped");
    await client.stop();
    client = undefined;
    const check = checkOf(`${store.dir}/store`);
    const held = check.length === 0 && stays.every((s) => s.missing + s.damaged + s.gaps + s.findings.length === 0);
    return { stays, check, held };
  } finally {
    await client?.stop();
    await store.down();
  }
}

class Trip {
  readonly #store: MixedStore;
  readonly #client: ClientProcess;
  readonly #random: SeededRandom;
  readonly #log: string;
  #sequence = 0;
  #committed = -1;
  #stays = 0;

  constructor(store: MixedStore, client: ClientProcess, random: SeededRandom) {
    this.#store = store;
    this.#client = client;
    this.#random = random;
    this.#log = `${store.dir}/acked`;
  }

  async stay(turn: number, broker: TargetName, ended: Stay["ended"]): Promise<Stay> {
    await this.#store.start(broker);
    const { startMs } = this.#store.brokerProcess;
    const findings: string[] = [];
    const isFirst = this.#stays === 0;
    if (isFirst) await this.#prepare();
    const found = isFirst ? undefined : await this.#readBack();
    findings.push(...found?.missingFirst ?? [], ...found?.wrong ?? [], ...await this.#checkOffset());
    const acked = await this.#write(findings, ended);
    this.#stays++;
    return {
      turn,
      broker,
      ended,
      startMs: Math.round(startMs),
      readBack: found === undefined ? 0 : found.acked - found.missing,
      missing: found?.missing ?? 0,
      damaged: found?.damaged ?? 0,
      gaps: found?.gaps ?? 0,
      acked,
      findings,
    };
  }

  async #prepare(): Promise<void> {
    await createTopic(this.#store, TOPIC);
    await createTopic(this.#store, RETRY_TOPIC, { queues: 1 });
    await this.#client.call("producer.start", {
      name: "load",
      group: "pg_round",
      namesrv: this.#store.nameServer,
      timeoutMs: 3_000,
      retries: 0,
    });
  }

  /** Writes all that a producer can make, then ends the broker. */
  async #write(findings: string[], ended: Stay["ended"]): Promise<number> {
    let acked = 0;
    const kinds = [
      { mode: "sync", threads: 4, count: 200, size: 700 },
      { mode: "sync", threads: 2, count: 10, size: 20_000 },
      { mode: "batch", count: 96, size: 300, window: 32 },
      { mode: "async", threads: 2, count: 200, size: 100, window: 32 },
      { mode: "ordered", threads: 2, count: 50, size: 50 },
    ];
    await this.#untilRouted();
    for (const kind of kinds) {
      const load = await this.#load(kind);
      acked += load.acked;
      if (load.failed > 0) findings.push(`${kind.mode}: ${load.failed} failed: ${load.errors.join("; ")}`);
    }
    findings.push(...await this.#retry());
    await this.#commitOffset();
    if (ended === "stopped") {
      const status = await this.#store.stop();
      if (status !== 0) findings.push(`stopped with status ${status}`);
      return acked;
    }
    return acked + await this.#killUnderLoad();
  }

  async #killUnderLoad(): Promise<number> {
    const under = this.#load({ mode: "sync", threads: 4, count: SEQUENCES, size: 400 }, "kill");
    // When the wait below fails, its error counts and not that of the load, which ends with the client.
    under.catch(() => undefined);
    await until(async () => await this.#client.call<number>("produce.acked", { load: "kill" }) >= 50, {
      timeoutMs: 30_000,
      what: "the load to run",
    });
    await systemClock.sleep(this.#random.between(50, 800));
    await this.#store.kill();
    await this.#client.call("produce.stop", { load: "kill" });
    return (await under).acked;
  }

  #load(kind: Record<string, string | number>, name = ""): Promise<LoadResult> {
    const from = this.#sequence;
    this.#sequence += SEQUENCES;
    return this.#client.call<LoadResult>("produce", {
      load: name,
      producer: "load",
      topic: TOPIC,
      from,
      seed: 7,
      tags: "TagR",
      keyPrefix: "r-",
      log: this.#log,
      ...kind,
    }, { timeoutMs: 60_000 });
  }

  /** A message that is refused once: it goes through the delay queue into the retry topic and is consumed from there. */
  async #retry(): Promise<string[]> {
    const name = `retry${this.#stays}`;
    const log = `${this.#store.dir}/${name}`;
    await this.#client.call("consumer.start", {
      name,
      group: "cg_round",
      namesrv: this.#store.nameServer,
      topic: RETRY_TOPIC,
      failTimes: 1,
      retryLevel: 1,
      log,
    });
    try {
      const sent = { producer: "load", topic: RETRY_TOPIC, seq: this.#stays, seed: 7, keys: name, delayLevel: 1 };
      await this.#client.call("send", sent);
      await until(async () => await this.#client.call<number>("consumer.count", { name }) >= 2, {
        timeoutMs: RETRY_MS_MAX,
        what: "a delayed message to be consumed, refused and consumed again",
      });
      return [];
    } catch (error) {
      return [`retry: ${error instanceof Error ? error.message : error}`];
    } finally {
      await this.#client.call("consumer.stop", { name });
    }
  }

  async #commitOffset(): Promise<void> {
    using broker = await RawClient.connect(this.#store.broker);
    const offset = 100 + this.#stays;
    await broker.call(RequestCode.UPDATE_CONSUMER_OFFSET, {
      consumerGroup: "cg_offsets",
      topic: TOPIC,
      queueId: "0",
      commitOffset: String(offset),
    });
    this.#committed = offset;
  }

  /** After an end in order the committed offset is what it was; after a kill it may be older. */
  async #checkOffset(): Promise<string[]> {
    if (this.#committed < 0) return [];
    using broker = await RawClient.connect(this.#store.broker);
    const fields = { consumerGroup: "cg_offsets", topic: TOPIC, queueId: "0" };
    const answer = await broker.call(RequestCode.QUERY_CONSUMER_OFFSET, fields);
    const found = Number(answer.ext.offset ?? -1);
    return found > this.#committed ? [`committed offset ${this.#committed} came back as ${found}`] : [];
  }

  async #untilRouted(): Promise<void> {
    await until(async () => {
      try {
        return (await this.#client.call<number[]>("producer.queues", { producer: "load", topic: TOPIC })).length === 4;
      } catch {
        return false;
      }
    }, { timeoutMs: 20_000, what: `a route of ${TOPIC}` });
  }

  async #readBack(): Promise<ReadBack> {
    await this.#untilRouted();
    return await this.#client.call<ReadBack>("readBack", {
      namesrv: this.#store.nameServer,
      topic: TOPIC,
      log: this.#log,
      keyPrefix: "r-",
      tags: "TagR",
    }, { timeoutMs: 120_000 });
  }
}

/** Lines of `store check` when it found something. */
function checkOf(root: string): string[] {
  const lines: string[] = [];
  const sizes = ["--index-slots", String(INDEX_SLOTS), "--index-entries", String(INDEX_ENTRIES)];
  const code = runStoreCommand(["check", root, ...sizes], {
    line: (text) => void lines.push(text),
    progress: () => {},
  });
  return code === 0 ? [] : lines;
}

/**
 * The trial that `deno task torture store_round_trip` runs; a cycle is a turn.
 *
 * @param options Turns and seed.
 * @returns False when anything was lost.
 */
export async function torture(options: { readonly cycles: number; readonly seed: number }): Promise<boolean> {
  const report = await storeRoundTrip({
    turns: options.cycles,
    seed: options.seed,
    progress: (stay) => console.log(JSON.stringify(stay)),
  });
  printTable(report.stays.map(({ findings, ...row }) => ({ ...row, findings: findings.length })));
  for (const line of report.check) console.log(line);
  return report.held;
}
