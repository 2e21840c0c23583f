/**
 * Delayed messages by the hundred thousand fall due while the broker is killed: none comes early, none is lost, and few come twice.
 *
 *     deno task torture delayed_delivery                     a million on 18 levels, then a million exact times
 *     deno task torture delayed_delivery --cycles 1          200,000 of each
 *
 * Messages of a kind are stored first, at a steady pace, the levels with such delays that all of them fall due within one window, exact times at random within it. When half
 * of them are delivered the broker is killed and started again. Afterwards the commit log says what was stored and delivered when. At the end a backlog of both kinds falls
 * due while no broker runs: from its first delivery to its last is what the broker can do.
 *
 * Owns: the broker, its folder. Reads: the commit log, when the broker has ended. Never: judges by the clock of a client.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { decodeKvTable } from "../../protocol/kv_table.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { SCHEDULE_TOPIC } from "../../store/dispatch_files.ts";
import { systemClock } from "../../store/clock.ts";
import type { TortureOptions } from "../../tools/torture.ts";
import { BrokerProcess } from "../broker/broker_process.ts";
import { queueNumber, topicFields } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import {
  DELAY_KINDS,
  delayedBody,
  type DelayKind,
  DelayLedger,
  type DelayReport,
  LATE_LIMIT_MS,
  readDelayedBody,
} from "./delayed_ledger.ts";
import { forEachRecord } from "./log_records.ts";
import { type PlannedSend, sendPipelined } from "./pipelined_sends.ts";
import { SeededRandom } from "./seeded_random.ts";
import { printTable } from "./table.ts";

const LEVELS = 18;
/** Queues of the topic: so many for each kind. */
const QUEUES_OF_KIND = 2;
const QUEUES = DELAY_KINDS.length * QUEUES_OF_KIND;
const TOPIC = "Delayed";

/** Messages of each kind that a cycle stands for: `--cycles 5`, the default, are the million. */
const MESSAGES_OF_CYCLE = 200_000;

/** Time within which the messages of a kind fall due. Milliseconds. */
const WINDOW_MS = 60_000;

/** Messages a second while the broker is filled. */
const FILL_PER_SECOND = 10_000;

/** From the end of the fill to the first that falls due. Milliseconds. */
const MARGIN_MS = 5000;

/** Between two looks whether all is delivered, and how many must say so: gauges are as old as a second. */
const LOOK_MS = 500;
const LOOKS = 4;

/** How old a saved offset may be, and a turn of a busy machine. Source: apache/rocketmq store MessageStoreConfig.flushDelayOffsetInterval */
const REPEATED_MS_MAX = 10_000 + 2000;

/** Deliveries a second that a backlog must reach. */
const BACKLOG_PER_SECOND_MIN = 30_000;

/** What a run is given. */
export interface DelayedOptions {
  /** Messages of each kind. */
  readonly count: number;
  readonly seed: number;
  /** What falls due in the same window. */
  readonly kinds: readonly DelayKind[];
  readonly windowMs: number;
  /** From the end of the fill to the first that falls due, milliseconds. */
  readonly marginMs: number;
  /** Messages a second while the broker is filled. */
  readonly fillPerSecond: number;
  /** When the broker goes down: with half delivered, or before anything is due, until everything is. */
  readonly outage: "half delivered" | "until due";
}

/** What a run came to. */
export interface DelayedReport {
  readonly kinds: readonly DelayReport[];
  /** Seconds that the broker was filled for. */
  readonly fillS: number;
  /** Deliveries a second of all kinds, from the first after the outage to the last. */
  readonly perSecond: number;
}

/** Fills a broker, kills it, lets it deliver, reads its log. */
export async function delayedDelivery(options: DelayedOptions): Promise<DelayedReport> {
  const dir = await Deno.makeTempDir({ prefix: "ringmq-delayed-" });
  try {
    return await new DelayedTrial(options, dir).run();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** One run. */
class DelayedTrial {
  readonly #options: DelayedOptions;
  readonly #dir: string;
  readonly #random: SeededRandom;
  readonly #fillMs: number;
  #lastDueMs = 0;

  constructor(options: DelayedOptions, dir: string) {
    this.#options = options;
    this.#dir = dir;
    this.#random = new SeededRandom(options.seed);
    this.#fillMs = options.count * options.kinds.length / options.fillPerSecond * 1000;
  }

  async run(): Promise<DelayedReport> {
    const settings = {
      messageDelayLevel: this.#levelDelaysMs().map((ms) => `${ms / 1000}s`).join(" "),
      mappedFileSizeCommitLog: String(256 * 1024 * 1024),
    };
    let fillS = 0;
    let killedMs = 0;
    await BrokerProcess.with({ dir: this.#dir, settings }, async (broker) => {
      fillS = await this.#fill(broker.address);
      if (this.#options.outage === "half delivered") await this.#untilHalf(broker);
      killedMs = systemClock.nowMs();
      broker.signal("SIGKILL");
      await broker.untilEnded();
    });
    if (this.#options.outage === "until due") {
      await systemClock.sleep(Math.max(0, this.#lastDueMs + 1000 - systemClock.nowMs()));
    }
    await BrokerProcess.with({ dir: this.#dir, settings }, async (broker) => {
      await this.#untilAll(broker).catch((error) => {
        throw new Error(`Not everything was delivered: ${broker.output}`, { cause: error });
      });
    });
    return this.#judge(killedMs, fillS);
  }

  /** Delays with which the levels, filled one after the other, share one window. Level 1 is filled last. */
  #levelDelaysMs(): number[] {
    const { windowMs, marginMs } = this.#options;
    return Array.from({ length: LEVELS }, (_, index) => {
      const filledBefore = (LEVELS - 1 - index) / LEVELS;
      const ms = this.#fillMs + marginMs + filledBefore * (windowMs - this.#fillMs);
      return Math.max(1000, Math.round(ms / 1000) * 1000);
    });
  }

  async #fill(address: string): Promise<number> {
    using client = await RawClient.connect(address);
    const made = await client.call(RequestCode.UPDATE_AND_CREATE_TOPIC, topicFields(TOPIC, { queues: QUEUES }));
    assertEquals(made.code, 0, made.remark);
    const { count, kinds, windowMs, marginMs, fillPerSecond } = this.#options;
    const delaysMs = this.#levelDelaysMs();
    const firstDueMs = systemClock.nowMs() + this.#fillMs + marginMs;
    const messageAt = (index: number): PlannedSend => {
      const kind = kinds[index % kinds.length]!;
      const sequence = Math.floor(index / kinds.length);
      const level = LEVELS - Math.floor(sequence * LEVELS / count);
      const dueMs = Math.floor(firstDueMs + this.#random.next() * windowMs);
      const key = (DELAY_KINDS.indexOf(kind) * 2 ** 32 + sequence).toString(16).toUpperCase().padStart(32, "0");
      const delay = kind === "levels" ? `DELAY\u0001${level}` : `TIMER_DELIVER_MS\u0001${dueMs}`;
      return {
        topic: TOPIC,
        queueId: DELAY_KINDS.indexOf(kind) * QUEUES_OF_KIND + sequence % QUEUES_OF_KIND,
        properties: `UNIQ_KEY\u0001${key}\u0002WAIT\u0001true\u0002${delay}\u0002`,
        body: delayedBody(kind, sequence, kind === "levels" ? delaysMs[level - 1]! : dueMs),
      };
    };
    const sent = await sendPipelined({ address, count: count * kinds.length, messageAt, perSecond: fillPerSecond });
    assertEquals(sent.refused, 0, sent.firstRefusal);
    this.#lastDueMs = systemClock.nowMs() + Math.max(...delaysMs, firstDueMs + windowMs - systemClock.nowMs());
    return sent.tookMs / 1000;
  }

  async #delivered(client: RawClient, kind: DelayKind): Promise<number> {
    let sum = 0;
    for (let queue = 0; queue < QUEUES_OF_KIND; queue++) {
      const queueId = DELAY_KINDS.indexOf(kind) * QUEUES_OF_KIND + queue;
      sum += await queueNumber(client, RequestCode.GET_MAX_OFFSET, TOPIC, queueId);
    }
    return sum;
  }

  async #untilHalf(broker: BrokerProcess): Promise<void> {
    using client = await RawClient.connect(broker.address);
    const half = this.#options.count * this.#options.kinds.length / 2;
    await until(async () => {
      await systemClock.sleep(20);
      let sum = 0;
      for (const kind of this.#options.kinds) sum += await this.#delivered(client, kind);
      return sum >= half;
    }, { timeoutMs: this.#patienceMs, what: "half of the messages" });
  }

  /** Nothing waits any more: all levels are delivered, and the wheel is empty. */
  async #untilAll(broker: BrokerProcess): Promise<void> {
    using client = await RawClient.connect(broker.address);
    const max = (topic: string, queueId: number): Promise<number> =>
      queueNumber(client, RequestCode.GET_MAX_OFFSET, topic, queueId);
    const areLevelsDone = async (): Promise<boolean> => {
      const text = new TextDecoder().decode((await client.call(RequestCode.GET_ALL_DELAY_OFFSET)).body);
      for (let level = 1; level <= LEVELS; level++) {
        const offset = Number(new RegExp(`\\b${level}"?:(\\d+)`).exec(text.replace(/\s/g, ""))?.[1] ?? 0);
        if (offset < await max(SCHEDULE_TOPIC, level - 1)) return false;
      }
      return true;
    };
    // A gauge says nothing before its actor has begun: so many deliveries mean that it has.
    const haveBegun = async (): Promise<boolean> => {
      for (const kind of kinds) if (await this.#delivered(client, kind) < this.#options.count) return false;
      return true;
    };
    const areTimersDone = async (): Promise<boolean> => {
      const { table } = decodeKvTable((await client.call(RequestCode.GET_BROKER_RUNTIME_INFO)).body);
      return table.get("timerCongestNum") === "0" && table.get("timerOffsetBehind") === "0";
    };
    const { kinds } = this.#options;
    let looks = 0;
    await until(async () => {
      await systemClock.sleep(LOOK_MS);
      const isDone = systemClock.nowMs() > this.#lastDueMs && await haveBegun() &&
        (!kinds.includes("levels") || await areLevelsDone()) && (!kinds.includes("timers") || await areTimersDone());
      looks = isDone ? looks + 1 : 0;
      return looks === LOOKS;
    }, { timeoutMs: this.#patienceMs, what: "everything delivered" });
  }

  get #patienceMs(): number {
    return 120_000 + 10 * (this.#fillMs + this.#options.windowMs);
  }

  #judge(killedMs: number, fillS: number): DelayedReport {
    const { kinds, count } = this.#options;
    const ledgers = new Map(kinds.map((kind) => [kind, new DelayLedger(kind, count)]));
    forEachRecord(`${this.#dir}/store/commitlog`, ({ topic, storedMs, body }) => {
      const read = readDelayedBody(body);
      if (read === undefined) return;
      const ledger = ledgers.get(read.kind)!;
      if (topic === TOPIC) ledger.delivered(read.sequence, storedMs);
      else ledger.due(read.sequence, read.kind === "levels" ? storedMs + read.ms : read.ms);
    });
    const after = [...ledgers.values()].map((ledger) => ledger.since(killedMs));
    const seconds = (Math.max(...after.map(({ lastMs }) => lastMs)) -
      Math.min(...after.map(({ firstMs }) => firstMs))) / 1000;
    return {
      kinds: [...ledgers.values()].map((ledger) => ledger.report(killedMs)),
      fillS: Math.round(fillS * 10) / 10,
      perSecond: Math.round(after.reduce((sum, one) => sum + one.count, 0) / seconds),
    };
  }
}

/**
 * The trial that `deno task torture delayed_delivery` runs.
 *
 * @param options `cycles` of 200,000 messages of each kind; the seed.
 * @returns False when a message was lost or early, too many came twice, or they came too late or too slowly.
 */
export async function torture({ cycles, seed, args }: TortureOptions): Promise<boolean> {
  const count = Number(args[0] ?? cycles * MESSAGES_OF_CYCLE);
  const common = { seed, marginMs: MARGIN_MS, fillPerSecond: FILL_PER_SECOND };
  const windowMs = WINDOW_MS;
  const rows: DelayReport[] = [];
  for (const kind of DELAY_KINDS) {
    const { kinds, fillS } = await delayedDelivery({
      ...common,
      count,
      windowMs,
      kinds: [kind],
      outage: "half delivered",
    });
    console.log(`${kind}: filled in ${fillS} s`, JSON.stringify(kinds));
    rows.push(...kinds);
  }
  const backlog = await delayedDelivery({
    ...common,
    count: Math.min(count, MESSAGES_OF_CYCLE),
    windowMs: 2000,
    kinds: DELAY_KINDS,
    outage: "until due",
  });
  printTable(rows.map((row) => ({ ...row })));
  console.log(`backlog of both kinds after a restart: ${backlog.perSecond} deliveries a second`);
  const isWhole = [...rows, ...backlog.kinds].every(({ missing, early }) => missing + early === 0);
  return isWhole && backlog.perSecond >= BACKLOG_PER_SECOND_MIN &&
    rows.every(({ kind, p99Ms, repeatedMsMax }) => p99Ms < LATE_LIMIT_MS[kind] && repeatedMsMax <= REPEATED_MS_MAX);
}
