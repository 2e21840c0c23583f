/**
 * ColdReadService: every read that may have to wait for the disk.
 *
 * It owns no state but open files. Old pulls, queries by key and id, time look-ups and dumps of queues come here, because one such read on a gateway
 * would stall every socket of it. With it paused, sends and pulls of recent messages go on.
 *
 * Source: apache/rocketmq store DefaultMessageStore.getMessage, broker QueryMessageProcessor
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { transferred } from "../../kernel/transferred.ts";
import type { RemotingCommand } from "../../../protocol/command.ts";
import { ConsumeQueueReader } from "../../../store/consume_queue_reader.ts";
import { isUnit, UNIT_BYTES, unitPosition, unitSize } from "../../../store/consume_queue.ts";
import { findQueueEnd } from "../../../store/consume_queue_bounds.ts";
import { offsetByStoreTime } from "../../../store/consume_queue_search.ts";
import { IndexFileReader } from "../../../store/index_file_reader.ts";
import { LogReader } from "../../../store/log_reader.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import { TopicView } from "../../../store/topic_view.ts";
import type { QueueUnit } from "../broker_controller_contract.ts";
import { appendBytesMax, type BrokerActorInit, openStore, type StoreHandles } from "../broker_init.ts";
import type { ColdPull, ColdPullFound, ColdReadContract } from "../cold_read_contract.ts";
import { FilterCache } from "../../../store/filter/filter_cache.ts";
import type { SqlFilter } from "../../../store/filter/sql_filter.ts";
import { FilterSyntaxError } from "../../../store/filter/sql_tokens.ts";
import { RecordScan, ScanKind } from "../../../store/record_scan.ts";
import { PULL_BYTES_MAX, PULL_MESSAGES_MAX, PULL_UNITS_MAX, PullPlan } from "../gateway/pull_plan.ts";
import { PlannedRead } from "../gateway/planned_read.ts";
import { answerQuery, answerView } from "./message_query.ts";
import { RecordReader } from "./record_reader.ts";

/** Open files at most; queues and log files together. */
const HANDLES_MAX = 512;

/** Units of one dump (request 321) at most. */
const DUMP_UNITS_MAX = 1000;

/** Starts the behaviour. */
export async function startColdReadService(
  init: BrokerActorInit,
  context: ActorContext<ColdReadContract>,
): Promise<Behaviour<ColdReadContract>> {
  const service = new ColdReadService(init, context);
  await service.subscribe();
  return {
    asks: {
      topics: (update) => ({ version: service.apply(update.removed, update) }),
      pull: (pull) => {
        const found = service.pull(pull);
        return found.body.length === 0 ? found : transferred(found, [found.body.buffer]);
      },
      query: ({ command }) => service.query(command),
      offsetByTime: (request) => ({ offset: service.offsetByTime(request) }),
      storeTimes: ({ items }) => ({ times: items.map((item) => service.storeTime(item)) }),
      readMessage: ({ offset }) => ({ record: service.records.read(offset) }),
      queueUnits: (request) => service.queueUnits(request),
    },
    tells: {},
    stop: () => service.close(),
  };
}

/** The behaviour's state. */
export class ColdReadService {
  /** Reads records by position. */
  readonly records: RecordReader;
  readonly #context: ActorContext<ColdReadContract>;
  readonly #memory: LogMemory;
  readonly #store: StoreHandles;
  readonly #view = new TopicView();
  readonly #queues = new Map<string, ConsumeQueueReader>();
  readonly #index: IndexFileReader;
  readonly #plan = new PullPlan();
  readonly #planned: PlannedRead;
  readonly #filters = new FilterCache();
  readonly #scan = new RecordScan();
  readonly #init: BrokerActorInit;
  /** Of the record that a filtered pull found last. */
  #lastPosition = 0;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<ColdReadContract>) {
    this.#init = init;
    this.#context = context;
    this.#memory = new LogMemory(init.memory.log);
    this.#store = openStore(init.values, "read", HANDLES_MAX);
    const reader = new LogReader(this.#memory, this.#store.commitLog);
    this.records = new RecordReader(reader, appendBytesMax(init.values));
    this.#planned = new PlannedRead(reader);
    this.#index = new IndexFileReader({
      directory: this.#store.shape.index,
      shape: { slots: init.values.maxHashSlotNum, entries: init.values.maxIndexNum },
      handles: this.#store.handles,
    });
  }

  /** Gets the topics as they are now; the controller sends what changes from then on. */
  async subscribe(): Promise<void> {
    const snapshot = await this.#context.peer("controller").ask("subscribe", {
      name: this.#context.name,
      control: false,
    }, { timeoutMs: 10_000 });
    this.#view.apply(snapshot.topics);
  }

  /** Applies a step of the topic table. */
  apply(removed: readonly string[], update: Parameters<TopicView["apply"]>[0]): number {
    for (const topic of removed) {
      for (const [key, queue] of this.#queues) {
        if (!key.startsWith(`${topic}/`)) continue;
        queue.forget();
        this.#queues.delete(key);
      }
    }
    return this.#view.apply(update);
  }

  /** Closes the files. */
  close(): void {
    this.#store.handles.close();
  }

  /** Reads messages of a queue. */
  pull(pull: ColdPull): ColdPullFound {
    if (pull.filter !== null) return this.#pullFiltered(pull, this.#filterOf(pull.filter));
    const plan = this.#plan;
    const codes = pull.codes === null ? null : new Set(pull.codes);
    const wanted = codes === null ? Math.min(pull.maxMsgNums, 32) : PULL_UNITS_MAX;
    const count = Math.max(1, Math.min(wanted, pull.maxOffset - pull.offset));
    const queue = this.#queue(pull.topic, pull.queueId);
    const read = queue.readUnits(pull.offset, count, plan.units, 0);
    if (read === 0) return nothing("OFFSET_FOUND_NULL", this.#nextFile(queue, pull));
    plan.make(pull.offset, read, this.#limits(pull, plan), codes);
    this.#context.countWork(1);
    if (plan.count === 0) return nothing("NO_MATCHED_MESSAGE", plan.nextOffset);
    return this.#readPlan(pull, plan);
  }

  #filterOf(text: string): SqlFilter {
    const filter = this.#filters.compile(text);
    if (filter instanceof FilterSyntaxError) throw filter;
    return filter;
  }

  /** Looks into one message after the other until there are enough that match, or as many were looked at as one pull may. */
  #pullFiltered(pull: ColdPull, filter: SqlFilter): ColdPullFound {
    const plan = this.#plan;
    const queue = this.#queue(pull.topic, pull.queueId);
    const end = Math.min(pull.maxOffset, pull.offset + PULL_UNITS_MAX);
    const found: Uint8Array[] = [];
    let bytes = 0;
    this.#context.countWork(1);
    for (let offset = pull.offset; offset < end; offset = plan.nextOffset) {
      const read = queue.readUnits(offset, Math.min(end - offset, PULL_MESSAGES_MAX), plan.units, 0);
      if (read === 0) return this.#filtered(found, bytes, this.#nextFile(queue, { ...pull, offset }));
      plan.make(offset, read, { messages: PULL_MESSAGES_MAX, bytes: PULL_BYTES_MAX }, null);
      const limits = this.#limits(pull, plan);
      for (let i = 0; i < plan.count; i++) {
        const record = this.records.readSized(plan.positions[i]!, plan.sizes[i]!);
        if (record === null || !this.#matches(filter, record)) continue;
        if (found.length > 0 && bytes + record.length > limits.bytes) return this.#filtered(found, bytes, offset + i);
        found.push(record);
        this.#lastPosition = plan.positions[i]!;
        bytes += record.length;
        if (found.length >= limits.messages) return this.#filtered(found, bytes, offset + i + 1);
      }
    }
    return this.#filtered(found, bytes, Math.max(end, pull.offset));
  }

  #matches(filter: SqlFilter, record: Uint8Array): boolean {
    const scan = this.#scan;
    scan.attach(record);
    if (scan.scan(0, record.length) !== ScanKind.Record) return false;
    return filter.matches(record, scan.propertiesStart, scan.propertiesEnd);
  }

  #filtered(found: readonly Uint8Array[], bytes: number, nextBeginOffset: number): ColdPullFound {
    if (found.length === 0) return nothing("NO_MATCHED_MESSAGE", nextBeginOffset);
    const body = new Uint8Array(bytes);
    let at = 0;
    for (const record of found) {
      body.set(record, at);
      at += record.length;
    }
    const behindBytes = this.#memory.written.load() - this.#lastPosition;
    return { status: "FOUND", nextBeginOffset, messages: found.length, behindBytes, body };
  }

  #readPlan(pull: ColdPull, plan: PullPlan): ColdPullFound {
    const body = new Uint8Array(plan.bytes);
    if (this.#planned.read(plan, body, 0)) {
      const behindBytes = this.#memory.written.load() - plan.positions[plan.count - 1]!;
      return { status: "FOUND", nextBeginOffset: plan.nextOffset, messages: plan.count, behindBytes, body };
    }
    let at = 0;
    let messages = 0;
    for (let i = 0; i < plan.count; i++) {
      if (!this.records.readInto(plan.positions[i]!, plan.sizes[i]!, body, at)) continue;
      at += plan.sizes[i]!;
      messages++;
    }
    if (messages === 0) return nothing("MESSAGE_WAS_REMOVING", Math.max(plan.nextOffset, pull.offset + 1));
    return {
      status: "FOUND",
      nextBeginOffset: plan.nextOffset,
      messages,
      behindBytes: this.#memory.written.load() - plan.positions[plan.count - 1]!,
      body: at === body.length ? body : body.slice(0, at),
    };
  }

  /** Records far behind the end count as on disk and travel in smaller answers. Source: apache/rocketmq store MessageStoreConfig.maxTransfer…OnMessageInDisk */
  #limits(pull: ColdPull, plan: PullPlan): { messages: number; bytes: number } {
    const behind = this.#memory.written.load() - unitPosition(plan.view, 0);
    const memoryBytes = this.#init.machineMemoryBytes * this.#init.values.accessMessageInMemoryMaxRatio / 100;
    const inMemory = behind <= memoryBytes;
    const { values } = this.#init;
    return {
      messages: Math.min(
        pull.maxMsgNums,
        inMemory ? values.maxTransferCountOnMessageInMemory : values.maxTransferCountOnMessageInDisk,
      ),
      bytes: Math.min(
        pull.maxBytes,
        inMemory ? values.maxTransferBytesOnMessageInMemory : values.maxTransferBytesOnMessageInDisk,
      ),
    };
  }

  /** Where a reader goes on whose queue file is gone: at the next file, but not behind the end. */
  #nextFile(queue: ConsumeQueueReader, pull: ColdPull): number {
    const fileUnits = queue.fileBytes / UNIT_BYTES;
    return Math.min(pull.maxOffset, (Math.floor(pull.offset / fileUnits) + 1) * fileUnits);
  }

  /** Answers requests 12 and 33. */
  query(command: RemotingCommand): RemotingCommand {
    this.#context.countWork(1);
    return command.code === 33
      ? answerView(command, this.records)
      : answerQuery(command, this.records, this.#index, this.#init.values.defaultQueryMaxNum);
  }

  /** Queue offset for a store time. */
  offsetByTime(request: { topic: string; queueId: number; timestamp: number; boundary: "lower" | "upper" }): number {
    const queue = this.#queue(request.topic, request.queueId);
    const bounds = this.#bounds(request.topic, request.queueId);
    const search = {
      source: queue,
      fileUnits: queue.fileBytes / UNIT_BYTES,
      first: findQueueEnd(queue).first,
      ...bounds,
      logMin: this.#memory.logStart.load(),
      storeTimeOf: (position: number): number => this.records.storeTime(position),
    };
    return offsetByStoreTime(search, request.timestamp, request.boundary);
  }

  /** Store time of the record at a queue offset; −1 where there is none. */
  storeTime(item: { topic: string; queueId: number; offset: number }): number {
    const { max } = this.#bounds(item.topic, item.queueId);
    if (item.offset < 0 || item.offset >= max) return -1;
    const bytes = new Uint8Array(UNIT_BYTES);
    if (this.#queue(item.topic, item.queueId).readUnits(item.offset, 1, bytes, 0) === 0) return -1;
    return this.records.storeTime(unitPosition(new DataView(bytes.buffer), 0));
  }

  /** Units of a queue, for request 321. */
  queueUnits(
    request: { topic: string; queueId: number; index: number; count: number },
  ): { units: QueueUnit[]; minOffset: number; maxOffset: number } {
    const { min, max } = this.#bounds(request.topic, request.queueId);
    const count = Math.min(Math.max(0, max - request.index), request.count, DUMP_UNITS_MAX);
    const bytes = new Uint8Array(count * UNIT_BYTES);
    const read = count === 0
      ? 0
      : this.#queue(request.topic, request.queueId).readUnits(request.index, count, bytes, 0);
    const view = new DataView(bytes.buffer);
    const units: QueueUnit[] = [];
    for (let i = 0; i < read; i++) {
      const at = i * UNIT_BYTES;
      if (!isUnit(view, at)) continue;
      units.push({
        physicalOffset: unitPosition(view, at),
        bytes: unitSize(view, at),
        tagsCode: view.getBigInt64(at + 12),
      });
    }
    return { units, minOffset: min, maxOffset: max };
  }

  #bounds(topic: string, queueId: number): { min: number; max: number } {
    const slot = this.#view.get(topic)?.slots[queueId];
    if (slot === undefined) return { min: 0, max: 0 };
    return { min: this.#view.queues.minOffset(slot), max: this.#view.queues.maxOffset(slot) };
  }

  #queue(topic: string, queueId: number): ConsumeQueueReader {
    const key = `${topic}/${queueId}`;
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      const { shape, handles } = this.#store;
      queue = new ConsumeQueueReader({
        root: shape.consumeQueue,
        topic,
        queueId,
        fileBytes: shape.consumeQueueFileBytes,
        handles,
        tail: this.#view.tailOf(topic, queueId),
      });
      this.#queues.set(key, queue);
    }
    return queue;
  }
}

function nothing(
  status: "NO_MATCHED_MESSAGE" | "MESSAGE_WAS_REMOVING" | "OFFSET_FOUND_NULL",
  nextBeginOffset: number,
): ColdPullFound {
  return { status, nextBeginOffset, messages: 0, behindBytes: 0, body: new Uint8Array(0) };
}
