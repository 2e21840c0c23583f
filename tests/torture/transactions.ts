/**
 * Transactions whose producer, and whose broker, is killed at each step of the protocol.
 *
 *     deno task torture transactions --cycles 50
 *
 * A cycle kills the producer once and the broker once, each with transactions at every step:
 *
 * | step | what the kill meets |
 * |---|---|
 * | half not answered | the half message is written, its answer not read |
 * | before the end | the half message is acknowledged, the local transaction done |
 * | end cut off | the first part of the end is written (producer) |
 * | end not answered | the end is written, its answer not waited for |
 * | asked | the check has come, and is not answered |
 * | check answered | the answer to the check is written |
 * | half not read | the half message is in the broker's socket (broker, stopped before) |
 * | end not read | the end is in the broker's socket (broker, stopped before) |
 * | operation lost | the committed message is in the log, the record that says so is not: it is cut off the log (broker) |
 * | ended | acknowledged before the kill |
 *
 * The broker goes with SIGKILL. A killed producer process is a connection that ends; here it ends at the byte that the step says. Besides there are transactions that nobody ever decides.
 *
 * Owns: the broker, its folder. Reads: the topic, the discard topic, the commit log when no broker runs. Never: looks at a decision of the broker but through what consumers see.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { decodeProperties } from "../../protocol/properties.ts";
import { decodeRecords, type StoredRecord } from "../../protocol/record.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { systemClock } from "../../store/clock.ts";
import { DISCARD_TOPIC, HALF_TOPIC, OP_TOPIC, TRANSACTION_GROUP } from "../../store/half_message.ts";
import type { TortureOptions } from "../../tools/torture.ts";
import { BrokerProcess } from "../broker/broker_process.ts";
import { pull, queueNumber, topicFields } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { cutLastRecord } from "./log_records.ts";
import { SeededRandom } from "./seeded_random.ts";
import { printTable } from "./table.ts";
import { type Planned, type StepReport, TransactionLedger } from "./transaction_ledger.ts";
import { type EndingValue, type Half, TransactionProducer } from "./transaction_producer.ts";

const TOPIC = "Transactional";
const GROUP = "tx_producers";
const UNDECIDED = "never decided";

/** Transactions of a step in a cycle: commits and rollbacks in turn. */
const OF_STEP = 4;
const UNDECIDED_COUNT = 3;

/** Checks of one message. More than come while a producer is away; what nobody decides is given up after them. */
const CHECKS_MAX = 150;

const PATIENCE_MS = 120_000;

const SETTINGS = {
  transactionCheckInterval: "60",
  transactionTimeOut: "200",
  transactionCheckMax: String(CHECKS_MAX),
  mappedFileSizeCommitLog: String(4 * 1024 * 1024),
  // What a power loss may take must not be on the device yet when the broker is killed.
  flushIntervalCommitLog: "600000",
  flushCommitLogThoroughInterval: "600000",
};

/** What a run came to. */
export interface TransactionsReport {
  readonly steps: readonly StepReport[];
  /** Operation records that were cut off. */
  readonly operationsLost: number;
  /** Undecided transactions that were given up and kept aside, of so many. */
  readonly discarded: number;
  readonly undecided: number;
  /** Half messages that are not worked off at the end. */
  readonly unresolved: number;
  readonly held: boolean;
}

/** Runs cycles on one store. */
export async function transactionKills(
  options: { readonly cycles: number; readonly seed: number },
): Promise<TransactionsReport> {
  const dir = await Deno.makeTempDir({ prefix: "ringmq-transactions-" });
  try {
    return await new TransactionsTrial(dir, options.seed).run(options.cycles);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** One run. */
class TransactionsTrial {
  readonly #dir: string;
  readonly #random: SeededRandom;
  readonly #ledger = new TransactionLedger();
  /** Bodies whose check is not answered now. */
  readonly #silent = new Set<string>();
  #operationsLost = 0;

  constructor(dir: string, seed: number) {
    this.#dir = dir;
    this.#random = new SeededRandom(seed);
  }

  async run(cycles: number): Promise<TransactionsReport> {
    for (let cycle = 0; cycle < cycles; cycle++) {
      await BrokerProcess.with({ dir: this.#dir, settings: SETTINGS }, async (broker) => {
        if (cycle === 0) await this.#prepare(broker);
        await this.#killProducer(broker, cycle);
        await this.#killBroker(broker, cycle);
      });
      if (cycle % 2 === 0 && cutLastRecord(`${this.#dir}/store/commitlog`, OP_TOPIC)) this.#operationsLost++;
    }
    let report: TransactionsReport | undefined;
    await BrokerProcess.with({ dir: this.#dir, settings: SETTINGS }, async (broker) => {
      const producer = await this.#connect(broker);
      try {
        report = await this.#judge(broker);
      } finally {
        await producer.kill();
      }
    });
    return report!;
  }

  #connect(broker: BrokerProcess): Promise<TransactionProducer> {
    const onCheck = (body: string): EndingValue | undefined =>
      this.#silent.has(body) ? undefined : this.#ledger.endingOf(body);
    return TransactionProducer.connect(broker.address, GROUP, onCheck);
  }

  async #prepare(broker: BrokerProcess): Promise<void> {
    using client = await RawClient.connect(broker.address);
    const made = await client.call(RequestCode.UPDATE_AND_CREATE_TOPIC, topicFields(TOPIC, { queues: 1 }));
    assertEquals(made.code, 0, made.remark);
    const producer = await this.#connect(broker);
    await this.#halves(producer, this.#ledger.planUndecided(UNDECIDED, UNDECIDED_COUNT));
    await producer.kill();
  }

  async #killProducer(broker: BrokerProcess, cycle: number): Promise<void> {
    const plan = (step: string): Planned[] => this.#ledger.plan(`producer: ${step}`, cycle, OF_STEP);
    const producer = await this.#connect(broker);
    await this.#upToChecks(producer, plan);
    const notAnswered = await this.#halves(producer, plan("end not answered"));
    const [cutOff] = await this.#halves(producer, plan("end cut off").slice(0, 1));
    for (const { body } of plan("half not answered")) await producer.writeHalf(TOPIC, body);
    for (const { half, planned } of notAnswered) await producer.writeEnd(half, planned.ending);
    await producer.writeEnd(cutOff!.half, cutOff!.planned.ending, 0.1 + 0.8 * this.#random.next());
    await producer.kill();
    this.#silent.clear();
  }

  async #killBroker(broker: BrokerProcess, cycle: number): Promise<void> {
    const plan = (step: string): Planned[] => this.#ledger.plan(`broker: ${step}`, cycle, OF_STEP);
    const producer = await this.#connect(broker);
    for (const { half, planned } of await this.#halves(producer, plan("ended"))) {
      await producer.end(half, planned.ending);
    }
    await this.#upToChecks(producer, plan);
    const notRead = await this.#halves(producer, plan("end not read"));
    const notAnswered = await this.#halves(producer, plan("end not answered"));
    const lost = await this.#halves(producer, plan("operation lost"));
    await this.#writeUntilStored(broker, producer, plan("half not answered"));
    if (cycle % 2 === 0) {
      // The last record of the log is the one that calls the last of these done: a commit.
      for (const { half, planned } of lost.toReversed()) await producer.end(half, planned.ending);
    } else {
      for (const { half, planned } of notAnswered) await producer.writeEnd(half, planned.ending);
      await systemClock.sleep(3 * this.#random.next());
    }
    broker.signal("SIGSTOP");
    for (const { body } of plan("half not read")) await producer.writeHalf(TOPIC, body);
    for (const { half, planned } of notRead) await producer.writeEnd(half, planned.ending);
    broker.signal("SIGKILL");
    await broker.untilEnded();
    await producer.kill();
    this.#silent.clear();
  }

  /** The steps that both kills have in common. */
  async #upToChecks(producer: TransactionProducer, plan: (step: string) => Planned[]): Promise<void> {
    const asked = plan("asked");
    const answered = plan("check answered");
    for (const { body } of asked) this.#silent.add(body);
    await this.#halves(producer, [...asked, ...answered]);
    await producer.untilChecked([...asked, ...answered].map(({ body }) => body));
    const before = plan("before the end");
    for (const { body } of before) this.#silent.add(body);
    await this.#halves(producer, before);
  }

  async #halves(
    producer: TransactionProducer,
    planned: readonly Planned[],
  ): Promise<{ readonly half: Half; readonly planned: Planned }[]> {
    return await Promise.all(planned.map(async (one) => {
      const half = await producer.half(TOPIC, one.body);
      one.isStored = true;
      return { half, planned: one };
    }));
  }

  /** Writes half messages, and sees on another connection that the broker has them. */
  async #writeUntilStored(
    broker: BrokerProcess,
    producer: TransactionProducer,
    planned: readonly Planned[],
  ): Promise<void> {
    using client = await RawClient.connect(broker.address);
    const stored = (): Promise<number> => queueNumber(client, RequestCode.GET_MAX_OFFSET, HALF_TOPIC, 0);
    const before = await stored();
    for (const { body } of planned) await producer.writeHalf(TOPIC, body);
    await until(async () => await stored() >= before + planned.length, {
      timeoutMs: PATIENCE_MS,
      what: "half messages that are stored",
    });
  }

  async #judge(broker: BrokerProcess): Promise<TransactionsReport> {
    using client = await RawClient.connect(broker.address);
    const unresolved = async (): Promise<number> => {
      const fields = { consumerGroup: TRANSACTION_GROUP, topic: HALF_TOPIC, queueId: "0" };
      const passed = Number((await client.call(RequestCode.QUERY_CONSUMER_OFFSET, fields)).ext["offset"] ?? 0);
      return await queueNumber(client, RequestCode.GET_MAX_OFFSET, HALF_TOPIC, 0) - passed;
    };
    // Copies that are not dispatched yet are not counted as unresolved: what nobody decides must have been given up as well.
    const isOver = async (): Promise<boolean> =>
      await queueNumber(client, RequestCode.GET_MAX_OFFSET, DISCARD_TOPIC, 0) >= UNDECIDED_COUNT &&
      await unresolved() === 0;
    await until(isOver, { timeoutMs: PATIENCE_MS, what: "every half message worked off" });
    const bodies = (records: readonly StoredRecord[]): string[] =>
      records.map(({ body }) => new TextDecoder().decode(body));
    const seen = bodies(await readQueue(client, TOPIC));
    const given = (await readQueue(client, DISCARD_TOPIC))
      .filter(({ properties }) => decodeProperties(properties).get("REAL_TOPIC") === TOPIC);
    const discarded = new Set(bodies(given));
    const steps = this.#ledger.report(seen);
    const undecided = Array.from({ length: UNDECIDED_COUNT }, (_, index) => `${UNDECIDED} ${index}`);
    const isSetAside = discarded.size === undecided.length && undecided.every((body) => discarded.has(body));
    return {
      steps,
      operationsLost: this.#operationsLost,
      discarded: discarded.size,
      undecided: undecided.length,
      unresolved: await unresolved(),
      held: isSetAside && steps.every(({ missing, forbidden }) => missing + forbidden === 0),
    };
  }
}

/** All of queue 0. */
async function readQueue(client: RawClient, topic: string): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  const max = await queueNumber(client, RequestCode.GET_MAX_OFFSET, topic, 0);
  for (let offset = 0; offset < max;) {
    const answer = await pull(client, topic, { offset });
    if (answer.code !== 0) throw new Error(`Cannot read "${topic}" at ${offset}: ${answer.code} ${answer.remark}`);
    records.push(...decodeRecords(answer.body));
    offset = records.at(-1)!.queueOffset + 1;
  }
  return records;
}

/**
 * The trial that `deno task torture transactions` runs.
 *
 * @param options Cycles, each with a kill of the producer and one of the broker; the seed.
 * @returns False when a message was seen that nobody committed, or a commit was lost, or something stayed open.
 */
export async function torture({ cycles, seed }: TortureOptions): Promise<boolean> {
  const report = await transactionKills({ cycles, seed });
  printTable(report.steps.map((row) => ({ ...row })));
  const { operationsLost, discarded, undecided, unresolved } = report;
  console.log(JSON.stringify({ operationsLost, discarded, undecided, unresolved }));
  return report.held;
}
