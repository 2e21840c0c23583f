/**
 * The cycles of the failover trial, run inside a network namespace of their own by failover.ts.
 *
 * Owns: the order of events in a cycle and what is looked at. Reads: etcd, logs, stores. Never: believes a broker about itself where etcd or a client can be asked.
 *
 * A lease of etcd lasts its time after its last renewal, which a broker sends every fifth of that. So the lease of a master that is struck at a moment ends between four fifths of it and the whole of it later.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { systemClock } from "../../store/clock.ts";
import { logBytes } from "../broker/replication_kit.ts";
import { topicFields } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { type Cut, FailoverLab, type LabBroker } from "./failover_lab.ts";
import { type Ack, FailoverLoad } from "./failover_load.ts";
import { SeededRandom } from "./seeded_random.ts";

const QUEUES = 6;
const PATIENCE_MS = 60_000;
const LOAD_MS_MAX = 500;
/** Load goes on so long at the new master, and so long after the old one is back. */
const AFTER_MS = 400;
/** How long etcd is away, longer than any lease. */
const ETCD_AWAY_MS = 5000;

/** What is done to a set. */
export type Fault = "kill" | "stop" | Cut | "etcd-kill" | "etcd-stop";

/** One cycle. Times in milliseconds. */
export interface FailoverCycle {
  readonly cycle: number;
  readonly fault: Fault;
  /** From the fault until the master's key was gone from etcd; 0 where etcd itself was struck. */
  readonly keyGoneMs: number;
  /** From the fault to the first acknowledgement of the new master; of the old one again, where etcd was struck: from its return. */
  readonly firstAckMs: number;
  /** The same from the earliest moment at which the lease may have ended. */
  readonly afterLeaseMs: number;
  /** From the return of the old master until all are in step again. */
  readonly inStepMs: number;
  readonly acked: number;
  readonly refused: number;
  readonly unknown: number;
  /** Acknowledgements of the old master after its lease had ended. */
  readonly late: number;
  /** What it had decided when it was stopped, and said when it went on; looked for at the new master like all others. */
  readonly decided: number;
  /** What was found; empty when everything held. */
  readonly finding: string;
}

/** Runs one cycle after the other. */
class Cycles {
  readonly #lab: FailoverLab;
  readonly #leaseMs: number;
  readonly #random: SeededRandom;
  #cycle = 0;

  constructor(lab: FailoverLab, leaseMs: number, seed: number) {
    this.#lab = lab;
    this.#leaseMs = leaseMs;
    this.#random = new SeededRandom(seed);
  }

  async run(fault: Fault): Promise<FailoverCycle> {
    const lab = this.#lab;
    const cycle = ++this.#cycle;
    const topic = topicOf(cycle);
    const old = await lab.whole();
    const load = new FailoverLoad({ nameServer: lab.nameServer, topic, queues: QUEUES });
    await load.more(50);
    load.stay(old.address);
    await systemClock.sleep(this.#random.between(0, LOAD_MS_MAX));
    const times = fault.startsWith("etcd-")
      ? await this.#strikeEtcd(load, old, fault)
      : await this.#strike(load, old, fault);
    const returnedMs = systemClock.monotonicMs();
    await systemClock.sleep(AFTER_MS);
    await load.stop();
    const master = await lab.whole();
    const inStepMs = systemClock.monotonicMs() - returnedMs - AFTER_MS;
    const belated = load.acks.filter((ack) => ack.address === old.address && times.isLate(ack));
    const decided = belated.filter((ack) => times.isDecided(ack)).length;
    const late = belated.length - decided;
    const findings = [
      times.finding,
      late > 0 ? "the old master acknowledged after its lease" : "",
      ...await this.#look(load, master),
    ];
    const { keyGoneMs, firstAckMs, afterLeaseMs } = times;
    if (!fault.startsWith("etcd-") && afterLeaseMs > 3000) findings.push("no new master within 3 s of the lease's end");
    return {
      cycle,
      fault,
      keyGoneMs: Math.round(keyGoneMs),
      firstAckMs: Math.round(firstAckMs),
      afterLeaseMs: Math.round(afterLeaseMs),
      inStepMs: Math.round(inStepMs),
      acked: load.acks.length,
      refused: [...load.refusals.values()].reduce((sum, count) => sum + count, 0),
      unknown: load.unknown,
      late,
      decided,
      finding: findings.filter((each) => each !== "").join("; "),
    };
  }

  /** Strikes the master, waits for another one, and brings the old one back. */
  async #strike(load: FailoverLoad, old: LabBroker, fault: Fault): Promise<Struck> {
    const lab = this.#lab;
    const name = `b${old.number}`;
    const struckMs = systemClock.monotonicMs();
    if (fault === "kill") await lab.kill(name);
    else if (fault === "stop") lab.signal(name, "SIGSTOP");
    else await lab.cut(old, fault as Cut);
    const epoch = await this.#goneFrom(old);
    const keyGoneMs = systemClock.monotonicMs() - struckMs;
    const first = await until(() => load.firstElsewhere(old.address, struckMs), {
      timeoutMs: PATIENCE_MS,
      what: `a new master after ${fault}: ${lab.brokers.map((broker) => lab.tail(broker)).join("\n---\n")}`,
    });
    await systemClock.sleep(AFTER_MS);
    const backMs = systemClock.monotonicMs();
    if (fault === "kill") await lab.start(old);
    else if (fault === "stop") lab.signal(name, "SIGCONT");
    else await lab.heal(old);
    await systemClock.sleep(AFTER_MS);
    await load.leave();
    const firstAckMs = first.atMs - struckMs;
    return {
      keyGoneMs,
      firstAckMs,
      afterLeaseMs: firstAckMs - this.#leaseMs * 4 / 5,
      // What was decided before a cut may arrive when it is healed; nobody else may speak late.
      isLate: ({ atMs }) => fault === "stop" ? atMs > backMs : fault === "cut-etcd" && atMs > struckMs + this.#leaseMs,
      // A stop may fall between the look at the lease and the write to the socket. A sender has one message under way, so this is one of each at most:
      // a master that answered on without a lease would answer what comes after it too.
      isDecided: ({ sentMs }) => fault === "stop" && sentMs < struckMs,
      finding: epoch === undefined ? "the master's key never went" : "",
    };
  }

  /** Strikes etcd: nobody may acknowledge when the lease is over, and the master says so. */
  async #strikeEtcd(load: FailoverLoad, old: LabBroker, fault: Fault): Promise<Struck> {
    const lab = this.#lab;
    const struckMs = systemClock.monotonicMs();
    if (fault === "etcd-kill") await lab.kill("etcd");
    else lab.signal("etcd", "SIGSTOP");
    await systemClock.sleep(ETCD_AWAY_MS);
    const info = await until(async () => {
      const seen = await lab.runtimeInfo(old);
      return seen?.get("failoverEtcd") === "unreachable" ? seen : undefined;
    }, { timeoutMs: PATIENCE_MS, what: `${old.address} to say that etcd is away: ${lab.tail(old)}` });
    const backMs = systemClock.monotonicMs();
    if (fault === "etcd-kill") lab.startEtcd();
    else lab.signal("etcd", "SIGCONT");
    await load.leave();
    const first = await until(() => load.acks.find(({ atMs }) => atMs > backMs), {
      timeoutMs: PATIENCE_MS,
      what: `service after etcd is back: ${lab.brokers.map((broker) => lab.tail(broker)).join("\n---\n")}`,
    });
    const isSaid = info.get("failoverState")?.includes("nothing is acknowledged") === true;
    return {
      keyGoneMs: 0,
      firstAckMs: first.atMs - backMs,
      afterLeaseMs: 0,
      isLate: ({ atMs }) => atMs > struckMs + this.#leaseMs && atMs < backMs,
      isDecided: () => false,
      finding: isSaid ? "" : `state is "${info.get("failoverState")}"`,
    };
  }

  /** Waits until the set has another master than this one, or none. @returns the epoch seen */
  async #goneFrom(old: LabBroker): Promise<number | undefined> {
    return await until(async () => {
      const view = await this.#lab.view();
      if (view?.record === undefined) return undefined;
      const isMaster = view.master !== undefined && this.#lab.byId(view, view.master.brokerId) === old;
      return isMaster ? undefined : view.record.masterEpoch;
    }, { timeoutMs: PATIENCE_MS, what: "the master's key to go" });
  }

  /** Reads everything back at the master, and compares the logs. */
  async #look(load: FailoverLoad, master: LabBroker): Promise<string[]> {
    const findings: string[] = [];
    const missing = await load.missing(master.address);
    if (missing.length > 0) {
      const times = missing.slice(0, 3).map(({ id, address }) => `"${id}" of ${address}`);
      findings.push(`${missing.length} acknowledged messages are missing: ${times.join(", ")}`);
    }
    const end = await until(async () => {
      const ends = await Promise.all(
        this.#lab.brokers.map(async (broker) =>
          Number((await this.#lab.runtimeInfo(broker))?.get("commitLogMaxOffset") ?? NaN)
        ),
      );
      return ends.every((each) => each === ends[0] && each > 0) ? ends[0] : undefined;
    }, { timeoutMs: PATIENCE_MS, what: "equal ends of all logs" });
    const [first, ...others] = this.#lab.brokers.map(({ storeDir }) => logBytes(`${storeDir}/commitlog`, 0, end));
    for (const [index, other] of others.entries()) {
      const at = other.findIndex((byte, position) => byte !== first![position]);
      if (at >= 0) findings.push(`the logs of brokers 1 and ${index + 2} differ at ${at}`);
    }
    return findings;
  }
}

interface Struck {
  readonly keyGoneMs: number;
  readonly firstAckMs: number;
  readonly afterLeaseMs: number;
  readonly isLate: (ack: Ack) => boolean;
  readonly isDecided: (ack: Ack) => boolean;
  readonly finding: string;
}

function topicOf(cycle: number): string {
  return `Failover${cycle}`;
}

/** Makes all topics, and waits until every broker knows them. */
async function createTopics(lab: FailoverLab, count: number): Promise<void> {
  const master = await lab.whole();
  using client = await RawClient.connect(master.address);
  for (let cycle = 1; cycle <= count; cycle++) {
    const answer = await client.call(
      RequestCode.UPDATE_AND_CREATE_TOPIC,
      topicFields(topicOf(cycle), { queues: QUEUES }),
    );
    if (answer.code !== 0) throw new Error(`Cannot create a topic: ${answer.code} ${answer.remark}`);
  }
  for (const { address } of lab.brokers) {
    using broker = await RawClient.connect(address);
    await until(async () => (await broker.call(RequestCode.GET_TOPIC_CONFIG, { topic: topicOf(count) })).code === 0, {
      timeoutMs: PATIENCE_MS,
      what: `${address} to know the topics`,
    });
  }
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, { string: ["dir", "seed", "faults", "brokers", "lease"] });
  const faults = String(args["faults"]).split(",") as Fault[];
  const leaseSeconds = Number(args["lease"]);
  const lab = await FailoverLab.up(String(args["dir"]), Number(args["brokers"]), {
    allAckInSyncStateSet: "true",
    failoverLeaseSeconds: String(leaseSeconds),
    mappedFileSizeCommitLog: String(4 * 1024 * 1024),
    slaveSynchronizeInterval: "500",
    diskMaxUsedSpaceRatio: "98",
    slaveReadEnable: "true",
  });
  try {
    await createTopics(lab, faults.length);
    const cycles = new Cycles(lab, leaseSeconds * 1000, Number(args["seed"]));
    for (const fault of faults) console.log(JSON.stringify(await cycles.run(fault)));
  } finally {
    await lab.down();
  }
}

if (import.meta.main) await main();
