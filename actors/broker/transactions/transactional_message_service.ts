/**
 * TransactionalMessageService: ends transactions, and asks producers about those that nobody ends.
 *
 * Owns: the ledger of half messages, the offsets of the group CID_RMQ_SYS_TRANS. Reads: the half and the operation queue.
 * Never: shows a half message to a consumer.
 *
 * A commit is appended together with the operation record that says so, and both are written before the producer hears of it. Ends that come in one turn of the event loop
 * share one write and one operation record. When the log refuses the operation record after it took the message, the record is owed and comes with the next turn.
 * No end is taken before all operation records of the time before are read: the first word about a transaction counts, also over a restart. The offsets are told when what they
 * call done is on the device.
 *
 * Source: apache/rocketmq broker EndTransactionProcessor, TransactionalMessageServiceImpl, TransactionalMessageCheckService
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { ActorError } from "../../kernel/errors.ts";
import { hostBytes } from "../gateway/connection.ts";
import { freeBytes } from "../../../protocol/free_bytes.ts";
import { decodeProperties, encodeProperties } from "../../../protocol/properties.ts";
import { PropertyName } from "../../../protocol/property_name.ts";
import { decodeRecord, type StoredRecord } from "../../../protocol/record.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { SysFlag } from "../../../protocol/sys_flag.ts";
import { parseDelayLevels } from "../../../store/delay_levels.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import {
  HALF_TOPIC,
  type MessageWithText,
  OP_TOPIC,
  readOperation,
  toCommitted,
  toOperation,
  TRANSACTION_GROUP,
} from "../../../store/half_message.ts";
import { LogReader } from "../../../store/log_reader.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import { redirectTimer } from "../../../store/timer/timer_message.ts";
import { type TopicUpdate, TopicView } from "../../../store/topic_view.ts";
import { appendBytesMax, type BrokerActorInit, openStore } from "../broker_init.ts";
import { RecordReader } from "../cold_read/record_reader.ts";
import { LogOutlet, LogWriteError, type OutgoingRecord } from "../log_outlet.ts";
import { KeptLog, syncLogUpTo } from "../log_sync.ts";
import { timerAnswer, timerRules } from "../timer/timer_rules.ts";
import { comesTooLate, type HalfMessage } from "./check_decision.ts";
import { CheckRound } from "./check_round.ts";
import { HalfLedger } from "./half_ledger.ts";
import { SystemQueue } from "./system_queue.ts";
import type { EndAnswer, TransactionCounters, TransactionEnd, TransactionsContract } from "./transactions_contract.ts";

/** Open files of this thread at most. */
const HANDLES_MAX = 16;

/** Half messages that are read between two looks at messages that wait. */
const BREATHE_EVERY = 32;

const ASK_MS = 10_000;

/** Between two looks whether all is dispatched. Milliseconds. */
const DISPATCHED_LOOK_MS = 5;

/** Half messages that one operation record names at most: about the bytes of RocketMQ's transactionOpMsgMaxSize. */
const OPERATION_OFFSETS_MAX = 400;

/** An end that waits for its turn. */
interface WaitingEnd {
  readonly header: TransactionEnd;
  readonly answer: (answer: EndAnswer | null) => void;
}

/** An end that is found right, with the half message that it ends. */
interface CheckedEnd extends WaitingEnd {
  readonly half: StoredRecord;
  /** The message for consumers; undefined for a rollback. */
  readonly committed: OutgoingRecord | undefined;
}

const SUCCESS: EndAnswer = { code: ResponseCode.SUCCESS, remark: undefined };

/** Starts the behaviour. */
export async function startTransactionalMessageService(
  init: BrokerActorInit,
  context: ActorContext<TransactionsContract>,
): Promise<Behaviour<TransactionsContract>> {
  const service = new TransactionalMessageService(init, context);
  await service.start();
  return {
    asks: {
      topics: (update) => ({ version: service.apply(update) }),
      ends: (headers) => Promise.all(headers.map((header) => service.end(header))),
      counters: () => service.counters,
    },
    tells: {},
    stop: () => service.stop(),
  };
}

/** The behaviour's state. */
export class TransactionalMessageService {
  readonly #context: ActorContext<TransactionsContract>;
  readonly #init: BrokerActorInit;
  readonly #view = new TopicView();
  readonly #memory: LogMemory;
  readonly #kept: KeptLog;
  readonly #records: RecordReader;
  readonly #outlet: LogOutlet;
  readonly #halves: SystemQueue;
  readonly #operations: SystemQueue;
  readonly #storeHost: Uint8Array;
  readonly #delayLevels: number;
  readonly #waiting: WaitingEnd[] = [];
  readonly #stopped = new AbortController();
  #ledger = new HalfLedger(0, 0);
  #owed: number[] = [];
  #isTaking = false;
  /** Ends are taken from now on. */
  #isReady = false;
  #isTelling = false;
  #isInRound = false;
  #telling: Promise<unknown> = Promise.resolve();
  #rounds: Promise<void> = Promise.resolve();
  #counts = { committed: 0, rolledBack: 0, repeated: 0, checked: 0, discarded: 0, rounds: 0 };
  #told = { half: 0, operation: 0 };

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<TransactionsContract>) {
    const { values } = init;
    const store = openStore(values, "write", HANDLES_MAX, new LightDisk());
    const memory = new LogMemory(init.memory.log);
    this.#memory = memory;
    this.#init = init;
    this.#context = context;
    const isStopping = (): boolean => this.#stopped.signal.aborted;
    this.#kept = new KeptLog(init, { memory, clock: context.clock, flushLog: context.peer("flush-log"), isStopping });
    this.#records = new RecordReader(new LogReader(memory, store.commitLog), appendBytesMax(values));
    this.#halves = new SystemQueue(HALF_TOPIC, this.#view, store, this.#records);
    this.#operations = new SystemQueue(OP_TOPIC, this.#view, store, this.#records);
    this.#storeHost = hostBytes(`${values.brokerIP1}:${values.listenPort}`);
    this.#delayLevels = parseDelayLevels(values.messageDelayLevel).length;
    this.#outlet = new LogOutlet({
      values,
      memory,
      files: store.commitLog,
      view: this.#view,
      monotonicMs: () => context.clock.monotonicMs(),
      name: "Transactions",
      warn: (text) => context.signal("log", { level: "warn", text }),
    });
  }

  /** Work done since the start. */
  get counters(): TransactionCounters {
    return { ...this.#counts };
  }

  /** Learns the topics, and begins the rounds. */
  async start(): Promise<void> {
    const snapshot = await this.#context.peer("controller").ask("subscribe", {
      name: this.#context.name,
      control: false,
    }, { timeoutMs: ASK_MS });
    this.apply(snapshot.topics);
    this.#rounds = this.#run();
  }

  /** Applies a step of the topic table. */
  apply(update: TopicUpdate): number {
    return this.#view.apply(update);
  }

  /** Ends a transaction. */
  end(header: TransactionEnd): Promise<EndAnswer | null> {
    const { commitOrRollback } = header;
    if (commitOrRollback !== SysFlag.TRANSACTION_COMMIT && commitOrRollback !== SysFlag.TRANSACTION_ROLLBACK) {
      return Promise.resolve(null);
    }
    return new Promise((resolve) => {
      this.#waiting.push({ header, answer: resolve });
      if (this.#isTaking || !this.#isReady) return;
      this.#isTaking = true;
      // Ends that came meanwhile share the write.
      this.#context.breathe().then(() => this.#takeEnds()).catch((error) => this.#context.fail(error));
    });
  }

  /** Takes what waits, ends the rounds, tells how far they came. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#rounds;
    if (this.#isReady) this.#takeEnds();
    for (const { answer } of this.#waiting.splice(0)) answer(REFUSED);
    await this.#telling;
    await this.#tellOffsets();
  }

  #takeEnds(): void {
    this.#isTaking = false;
    const ends: CheckedEnd[] = [];
    const nowMs = this.#context.clock.nowMs();
    for (const waiting of this.#waiting.splice(0)) {
      const checked = this.#check(waiting, nowMs);
      if ("half" in checked) ends.push(checked);
      else waiting.answer(checked);
    }
    if (ends.length === 0 && this.#owed.length === 0) return;
    this.#carryOut(ends, nowMs);
  }

  /** What is wrong with an end, or what to do. */
  #check(waiting: WaitingEnd, nowMs: number): CheckedEnd | EndAnswer {
    const { header } = waiting;
    const bytes = this.#records.read(header.commitLogOffset);
    const half = bytes === null ? undefined : decodeRecord(bytes);
    if (half === undefined || half.topic !== HALF_TOPIC) return wrong("Find prepared transaction message failed");
    const properties = decodeProperties(half.properties);
    if (!header.fromTransactionCheck && comesTooLate(asHalf(half, properties), this.#init.values, nowMs)) {
      return { code: ResponseCode.ILLEGAL_OPERATION, remark: undefined };
    }
    if (properties.get(PropertyName.PRODUCER_GROUP) !== header.producerGroup) return wrong("The producer group wrong");
    if (half.queueOffset !== header.tranStateTableOffset) return wrong("The transaction state table offset wrong");
    if (half.physicalOffset !== header.commitLogOffset) return wrong("The commit log offset wrong");
    if (header.commitOrRollback === SysFlag.TRANSACTION_ROLLBACK) return { ...waiting, half, committed: undefined };
    const message = toCommitted(half, properties, this.#delayLevels);
    const timed = message === undefined ? undefined : this.#timed(message, nowMs);
    if (timed !== undefined && "code" in timed) return timed;
    const committed = timed === undefined ? undefined : this.#outlet.encode(timed);
    if (committed !== undefined) return { ...waiting, half, committed };
    return wrong(`topic[${properties.get(PropertyName.REAL_TOPIC)}] not exist`);
  }

  /** A committed message may have an exact time of delivery. */
  #timed(committed: MessageWithText, nowMs: number): MessageWithText | EndAnswer {
    const rules = timerRules(this.#init.values);
    const redirected = redirectTimer(committed.message, rules, nowMs);
    if ("refused" in redirected) return timerAnswer(redirected, rules);
    if (redirected === committed.message) return committed;
    return { message: redirected, text: encodeProperties(redirected.properties) };
  }

  /** Appends the messages and the operation record that says that they are done. */
  #carryOut(ends: readonly CheckedEnd[], nowMs: number): void {
    const done: WaitingEnd["answer"][] = [];
    const seen = new Set<number>();
    const fresh = ends.filter(({ half, answer }) => {
      const place = this.#ledger.newest(half.queueOffset);
      const isFresh = !this.#ledger.isDone(place) && !seen.has(place);
      seen.add(place);
      if (isFresh) return true;
      // The first word counts: a repeated commit is not delivered twice, and nothing is both committed and rolled back.
      this.#counts.repeated++;
      done.push(answer);
      return false;
    });
    const commits = fresh.filter(({ committed }) => committed !== undefined);
    const rollbacks = fresh.filter(({ committed }) => committed === undefined);
    const messages = commits.map(({ committed }) => committed!);
    const places = commits.map(({ half }) => this.#ledger.placesOf(half.queueOffset));
    const named = [...this.#owed, ...fresh.flatMap(({ half }) => this.#ledger.placesOf(half.queueOffset))];
    const operations = this.#operationRecords(named, nowMs);
    const placed = this.#deliver([...messages, ...operations], nowMs).length;
    commits.forEach((end, index) => {
      if (index >= placed) end.answer(REFUSED);
      else {
        this.#counts.committed++;
        this.#ledger.resolve(end.half.queueOffset);
        done.push(end.answer);
      }
    });
    for (const end of rollbacks) {
      if (placed < messages.length + operations.length) end.answer(REFUSED);
      else {
        this.#counts.rolledBack++;
        this.#ledger.resolve(end.half.queueOffset);
        done.push(end.answer);
      }
    }
    if (!this.#isInRound) this.#ledger.passSettled();
    // Commits without their operation record are done all the same; a restart before it is written would ask about them again.
    const isOperationWritten = placed === messages.length + operations.length;
    this.#owed = isOperationWritten ? [] : [...this.#owed, ...places.slice(0, placed).flat()];
    // Thousands a second: left to the collector they are 30 MiB of the next collection.
    for (const { half, committed } of ends) {
      freeBytes(half.body);
      if (committed !== undefined) freeBytes(committed.record);
    }
    for (const { record } of operations) freeBytes(record);
    this.#answer(done).catch((error) => this.#context.fail(error));
  }

  /** With SYNC_FLUSH an end is acknowledged when it is on the device, or after the time that a send waits for it. */
  async #answer(answers: readonly WaitingEnd["answer"][]): Promise<void> {
    if (answers.length > 0 && this.#init.values.flushDiskType === "SYNC_FLUSH") {
      const { syncFlushTimeout } = this.#init.values;
      await syncLogUpTo(this.#context.peer("flush-log"), this.#memory.appended.load(), syncFlushTimeout);
    }
    for (const answer of answers) answer(SUCCESS);
  }

  #operationRecords(offsets: readonly number[], nowMs: number): OutgoingRecord[] {
    const records: OutgoingRecord[] = [];
    for (let from = 0; from < offsets.length; from += OPERATION_OFFSETS_MAX) {
      const some = offsets.slice(from, from + OPERATION_OFFSETS_MAX);
      const record = this.#outlet.encode(toOperation(some, this.#storeHost, nowMs));
      if (record === undefined) throw new Error(`Cannot end transactions: there is no topic ${OP_TOPIC}`);
      records.push(record);
    }
    return records;
  }

  #deliver(records: readonly OutgoingRecord[], nowMs: number): readonly { position: number; queueOffset: number }[] {
    try {
      return this.#outlet.deliver(records, nowMs);
    } catch (error) {
      if (error instanceof LogWriteError) this.#context.signal("failed", { text: error.message });
      throw error;
    }
  }

  async #run(): Promise<void> {
    const { clock } = this.#context;
    try {
      if (!await this.#begin()) return;
      for (;;) {
        await sleepOrStop(clock, this.#init.values.transactionCheckInterval, this.#stopped.signal);
        if (this.#stopped.signal.aborted) return;
        await this.#roundUnlessAway();
        if (!this.#context.gate()) return;
      }
    } catch (error) {
      this.#context.fail(error);
    }
  }

  /**
   * Learns where the time before ended, as far as it is in the log, and takes the ends that came meanwhile.
   *
   * @returns false when a stop is asked for
   */
  async #begin(): Promise<boolean> {
    const written = this.#memory.written.load();
    while (this.#memory.dispatched.load() < written) {
      await sleepOrStop(this.#context.clock, DISPATCHED_LOOK_MS, this.#stopped.signal);
      if (this.#stopped.signal.aborted) return false;
    }
    const items = [HALF_TOPIC, OP_TOPIC].map((topic) => ({ group: TRANSACTION_GROUP, topic, queueId: 0 }));
    const { offsets } = await this.#context.peer("controller").ask("consumerOffsets", { items }, {
      timeoutMs: ASK_MS,
    });
    const half = placeIn(this.#halves.range, offsets[0]);
    const operation = placeIn(this.#operations.range, offsets[1]);
    this.#ledger = new HalfLedger(half, operation);
    this.#told = { half, operation };
    if (!await this.#findCopies()) return false;
    this.#readOperations();
    this.#isReady = true;
    this.#takeEnds();
    return true;
  }

  /**
   * Learns which half messages are copies of others. The offsets that a killed broker left may be older than its last rounds; each of their copies would be asked about by itself, and
   * copied again.
   *
   * @returns false when a stop is asked for
   */
  async #findCopies(): Promise<boolean> {
    const newest = new Map<string, number>();
    const { max } = this.#halves.range;
    for (let at = Math.max(this.#ledger.halfOffset, this.#halves.range.min); at < max; at++) {
      const { record } = this.#halves.read(at);
      const properties = record === undefined ? undefined : decodeProperties(record.properties);
      const uniqueId = properties?.get(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
      if (properties !== undefined && uniqueId !== undefined) {
        const before = newest.get(uniqueId);
        if (before !== undefined && isCopy(properties)) this.#ledger.linked(before, at);
        newest.set(uniqueId, at);
      }
      if (at % BREATHE_EVERY === 0 && !await this.#context.breathe()) return false;
    }
    return true;
  }

  /** A round. Where the controller does not answer, as while its disk stands still, the next round goes on. */
  async #roundUnlessAway(): Promise<void> {
    try {
      await this.#round();
    } catch (error) {
      if (!(error instanceof ActorError)) throw error;
      this.#context.signal("log", { level: "warn", text: `Transactions: a round ended early: ${error.message}` });
    }
  }

  async #round(): Promise<void> {
    this.#readOperations();
    const round = new CheckRound({
      ledger: this.#ledger,
      halves: this.#halves,
      limits: this.#init.values,
      brokerName: this.#init.values.brokerName,
      clock: this.#context.clock,
      encode: (message) => this.#outlet.encode(message),
      deliver: (records, nowMs) => this.#deliver(records, nowMs),
      breathe: () => this.#context.breathe(),
      ensureDiscardTopic: (topic) => this.#ensureTopic(topic),
      ask: (group, command) => this.#askProducer(group, command),
    });
    this.#isInRound = true;
    const { checked, discarded } = await round.run().finally(() => this.#isInRound = false);
    this.#counts.rounds++;
    this.#counts.checked += checked;
    this.#counts.discarded += discarded;
    if (checked + discarded > 0) this.#context.countWork(checked + discarded);
    if (this.#isTelling) return;
    this.#isTelling = true;
    const telling = this.#tellOffsets().catch((error) => this.#context.fail(error));
    this.#telling = telling.finally(() => this.#isTelling = false);
  }

  /** Learns what other processes, or this one before its restart, wrote down as done. */
  #readOperations(): void {
    const { min, max } = this.#operations.range;
    this.#ledger.skipOperations(min);
    for (let at = this.#ledger.nextOperation; at < max; at++) {
      const { record } = this.#operations.read(at);
      this.#ledger.readOperation(at, record === undefined ? [] : readOperation(record));
    }
  }

  async #ensureTopic(topic: string): Promise<void> {
    await this.#context.peer("controller").ask("ensureTopic", {
      topic,
      defaultTopic: "",
      defaultTopicQueueNums: 1,
      topicSysFlag: 0,
      kind: "transaction",
      remoteAddress: "",
    }, { timeoutMs: ASK_MS });
  }

  async #askProducer(
    group: string,
    command: Parameters<ConstructorParameters<typeof CheckRound>[0]["ask"]>[1],
  ): Promise<void> {
    const { channel } = await this.#context.peer("controller").ask("availableProducerChannel", { group }, {
      timeoutMs: ASK_MS,
    });
    if (channel === null) return;
    this.#context.peer(`gateway-${channel.gateway}`).tell("push", { channel: channel.channel, command });
  }

  /**
   * Tells what has moved, behind the records that made it so: as with Apache, the group shows no offset in a queue where it had nothing to do. Two of these must not overlap.
   */
  async #tellOffsets(): Promise<void> {
    const { halfOffset, operationOffset } = this.#ledger;
    const common = { group: TRANSACTION_GROUP, queueId: 0, clientHost: this.#init.values.brokerIP1 };
    const moved = [
      ...(halfOffset === this.#told.half ? [] : [{ ...common, topic: HALF_TOPIC, offset: halfOffset }]),
      ...(operationOffset === this.#told.operation ? [] : [{ ...common, topic: OP_TOPIC, offset: operationOffset }]),
    ];
    if (moved.length === 0) return;
    if (!await this.#kept.upTo(this.#memory.appended.load())) return;
    this.#told = { half: halfOffset, operation: operationOffset };
    this.#context.peer("controller").tell("offsets", moved);
  }
}

const REFUSED: EndAnswer = {
  code: ResponseCode.SERVICE_NOT_AVAILABLE,
  remark: "Service not available now.",
};

/** An offset within its queue: one that was never told is the first, one behind a log that was shortened the last. */
function placeIn({ min, max }: { readonly min: number; readonly max: number }, offset = -1): number {
  return offset < 0 ? min : Math.min(offset, max);
}

function isCopy(properties: ReadonlyMap<string, string>): boolean {
  return properties.has(PropertyName.TRANSACTION_CHECK_TIMES) ||
    properties.has(PropertyName.TRANSACTION_PREPARED_QUEUE_OFFSET);
}

function wrong(remark: string): EndAnswer {
  return { code: ResponseCode.SYSTEM_ERROR, remark };
}

function asHalf(record: StoredRecord, properties: ReadonlyMap<string, string>): HalfMessage {
  const { queueOffset, bornTimestamp, storeTimestamp } = record;
  return { queueOffset, bornTimestamp, storeTimestamp, properties };
}

async function sleepOrStop(
  clock: ActorContext<TransactionsContract>["clock"],
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
