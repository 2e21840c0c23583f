/**
 * ScheduleMessageService: delivers delayed messages when they are due.
 *
 * It owns the offsets of the delay levels. A delayed message lies in the queue of its level with its time of delivery in the unit; when that has come the record is read, rebuilt for its real
 * topic and appended like any other, and only after it was written does the level's offset move. Levels take turns, so none holds up another. When the log refuses, the offset stays
 * and the level tries again. The file of the offsets names only what nothing takes back ({@link KeptLog}), so that neither a loss of power nor a new master takes a message whose time is over.
 *
 * Source: apache/rocketmq broker ScheduleMessageService
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { ActorError } from "../../kernel/errors.ts";
import { decodeProperties } from "../../../protocol/properties.ts";
import { PropertyName } from "../../../protocol/property_name.ts";
import { decodeRecord } from "../../../protocol/record.ts";
import { ConsumeQueueReader } from "../../../store/consume_queue_reader.ts";
import { isUnit, UNIT_BYTES, unitPosition, unitSize, unitTagsCode } from "../../../store/consume_queue.ts";
import { DelayOffsets } from "../../../store/delay_offsets.ts";
import { parseDelayLevels } from "../../../store/delay_levels.ts";
import { SCHEDULE_TOPIC } from "../../../store/dispatch_files.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import { readTextFile, writeTextFileLater } from "../../../store/file/json_file.ts";
import { Gauge, Gauges } from "../../../store/gauges.ts";
import type { LogAppender } from "../../../store/log_appender.ts";
import { LogReader } from "../../../store/log_reader.ts";
import { type LogWriter, WriteOutcome } from "../../../store/log_writer.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import { withCrcRoom } from "../../../store/property_crc.ts";
import { encodeNewMessage } from "../../../store/new_message.ts";
import { RecordAppender } from "../../../store/record_appender.ts";
import { Redelivery } from "../../../store/redelivery.ts";
import { RETRY_TOPIC_PREFIX } from "../../../store/topic_names.ts";
import { type TopicUpdate, TopicView } from "../../../store/topic_view.ts";
import { RecordReader } from "../cold_read/record_reader.ts";
import { appendBytesMax, type BrokerActorInit, openStore } from "../broker_init.ts";
import { WaiterBell } from "../broker_memory.ts";
import { KeptLog } from "../log_sync.ts";
import { logAppenderOf, logWriterOf } from "../log_writer_of.ts";
import type { ScheduleContract } from "./schedule_contract.ts";

/** Messages of one level in one turn. */
const RUN_MESSAGES = 256;

/** Longest sleep while nothing is dispatched and nothing falls due. Apache looks at each level every 100 ms instead. Milliseconds. */
const IDLE_MS = 5000;

/** What is later was not due on this broker before it came: a store may be taken up after months. Milliseconds. */
const LATE_MS_MAX = 86_400_000;

/** Wait after the log refused. Milliseconds. */
const BACK_OFF_MS = 1000;

/** A message that goes out. */
interface DueMessage {
  readonly record: Uint8Array;
  /** Slot of its queue. */
  readonly slot: number;
  /** Place of its unit among those that were read. */
  readonly unit: number;
}

/** Starts the behaviour. */
export async function startScheduleMessageService(
  init: BrokerActorInit,
  context: ActorContext<ScheduleContract>,
): Promise<Behaviour<ScheduleContract>> {
  const service = new ScheduleMessageService(init, context);
  await service.subscribe();
  const loop = service.run();
  return {
    asks: {
      topics: (update) => ({ version: service.apply(update) }),
      delayOffsets: () => ({
        text: service.offsets.encode(),
        levels: [...service.offsets.entries()].map(([level, delivered]) => ({ level, delivered })),
      }),
      counters: () => service.counters,
    },
    tells: {},
    stop: async () => {
      service.stop();
      await loop;
      await service.saved;
      await service.save();
    },
  };
}

/** The behaviour's state and loop. */
export class ScheduleMessageService {
  /** How far each level is delivered. */
  readonly offsets: DelayOffsets;
  readonly #context: ActorContext<ScheduleContract>;
  readonly #memory: LogMemory;
  readonly #gauges: Gauges;
  readonly #view = new TopicView();
  readonly #levels: readonly number[];
  readonly #queues: ConsumeQueueReader[];
  readonly #hasPropertyCrc: boolean;
  readonly #records: RecordReader;
  readonly #appender: LogAppender;
  readonly #placer: RecordAppender;
  readonly #writer: LogWriter;
  readonly #kept: KeptLog;
  readonly #disk = new LightDisk();
  readonly #path: string;
  readonly #units = new Uint8Array(RUN_MESSAGES * UNIT_BYTES);
  readonly #unitView = new DataView(this.#units.buffer);
  readonly #missing = new Set<string>();
  readonly #redelivery = new Redelivery();
  /** Settles when no offsets are being written. */
  saved: Promise<unknown> = Promise.resolve();
  #isSaving = false;
  #isRefused = false;
  #nextDueMs = 0;
  /** How often the offsets are written, in milliseconds. */
  readonly #saveEveryMs: number;
  #nextSaveMs: number;
  #stopping = false;
  #delivered = 0;
  #dropped = 0;
  #lateMsMax = 0;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<ScheduleContract>) {
    const { values } = init;
    const store = openStore(values, "write", 256, this.#disk);
    this.#context = context;
    this.#hasPropertyCrc = values.enabledAppendPropCRC;
    this.#memory = new LogMemory(init.memory.log);
    this.#gauges = new Gauges(init.gauges);
    this.#levels = parseDelayLevels(values.messageDelayLevel);
    this.#queues = this.#levels.map((_, queueId) =>
      new ConsumeQueueReader({
        root: store.shape.consumeQueue,
        topic: SCHEDULE_TOPIC,
        queueId,
        fileBytes: store.shape.consumeQueueFileBytes,
        handles: store.handles,
        tail: this.#view.tailOf(SCHEDULE_TOPIC, queueId),
      })
    );
    this.#records = new RecordReader(new LogReader(this.#memory, store.commitLog), appendBytesMax(values));
    const parts = {
      values,
      memory: this.#memory,
      files: store.commitLog,
      view: this.#view,
      monotonicMs: (): number => context.clock.monotonicMs(),
      name: "Delayed messages",
      warn: (text: string): void => void context.signal("log", { level: "warn", text }),
    };
    this.#appender = logAppenderOf(parts);
    this.#placer = new RecordAppender(this.#memory, this.#appender, this.#view.queues, values.enabledAppendPropCRC);
    this.#writer = logWriterOf(parts);
    const isStopping = (): boolean => this.#stopping;
    const flushLog = context.peer("flush-log");
    this.#kept = new KeptLog(init, { memory: this.#memory, clock: context.clock, flushLog, isStopping });
    this.#path = `${store.shape.config}/delayOffset.json`;
    this.offsets = readTextFile(this.#disk, this.#path, DelayOffsets.decode)?.value ?? new DelayOffsets();
    this.#saveEveryMs = values.flushDelayOffsetInterval;
    this.#nextSaveMs = context.clock.monotonicMs() + this.#saveEveryMs;
  }

  /** Messages delivered and dropped so far, and the longest lateness in milliseconds. */
  get counters(): { delivered: number; dropped: number; lateMsMax: number } {
    return { delivered: this.#delivered, dropped: this.#dropped, lateMsMax: this.#lateMsMax };
  }

  /** Gets the topics as they are now; the controller sends what changes from then on. */
  async subscribe(): Promise<void> {
    const snapshot = await this.#context.peer("controller").ask("subscribe", {
      name: this.#context.name,
      control: false,
    }, { timeoutMs: 10_000 });
    this.apply(snapshot.topics);
  }

  /** Applies a step of the topic table. */
  apply(update: TopicUpdate): number {
    const version = this.#view.apply(update);
    // What was dispatched into queues that were not known until now rang before anybody could look.
    this.#memory.waiterBell(WaiterBell.Schedule).ring();
    return version;
  }

  /** Ends the loop at its next turn. */
  stop(): void {
    this.#stopping = true;
    this.#memory.waiterBell(WaiterBell.Schedule).ring();
  }

  /** Takes turns until {@link stop}. */
  async run(): Promise<void> {
    const { clock } = this.#context;
    const bell = this.#memory.waiterBell(WaiterBell.Schedule);
    let seen = 0;
    const hasWork = (): boolean => this.#stopping || this.#dispatched() !== seen;
    try {
      while (!this.#stopping) {
        seen = this.#dispatched();
        const work = await this.turn();
        const nowMs = clock.monotonicMs();
        if (nowMs >= this.#nextSaveMs) {
          this.#nextSaveMs = nowMs + this.#saveEveryMs;
          this.#saveLater();
        }
        if (work === 0) {
          await bell.sleepAsync(hasWork, Math.max(1, Math.min(IDLE_MS, this.#nextDueMs - clock.nowMs())));
        }
        if (!(work === 0 ? this.#context.gate() : await this.#context.breathe())) return;
      }
    } catch (error) {
      this.#context.fail(error);
    }
  }

  /** Rises when a message comes to any level. */
  #dispatched(): number {
    const slots = this.#view.get(SCHEDULE_TOPIC)?.slots ?? [];
    return slots.reduce((sum, slot) => slot < 0 ? sum : sum + this.#view.queues.maxOffset(slot), slots.length);
  }

  /** Writes the offsets when they changed, behind what they call delivered. Two of these must not overlap. */
  async save(): Promise<void> {
    if (!this.offsets.dirty) return;
    const text = this.offsets.encode();
    const delivered = this.#memory.appended.load();
    this.offsets.markSaved();
    if (await this.#kept.upTo(delivered)) await writeTextFileLater(this.#disk, this.#path, text);
    else this.offsets.markUnsaved();
  }

  /** The device may take seconds on a busy machine: deliveries go on meanwhile. */
  #saveLater(): void {
    if (this.#isSaving) return;
    this.#isSaving = true;
    this.saved = this.save().catch((error) => this.#context.fail(error)).finally(() => this.#isSaving = false);
  }

  /** Looks at every level once. @returns messages delivered */
  async turn(): Promise<number> {
    this.#nextDueMs = this.#context.clock.nowMs() + IDLE_MS;
    const entry = this.#view.get(SCHEDULE_TOPIC);
    if (entry === undefined) return 0;
    let work = 0;
    for (let level = 1; level <= this.#levels.length && !this.#isRefused; level++) {
      const slot = entry.slots[level - 1];
      if (slot !== undefined) work += await this.#level(level, slot);
    }
    // What the log refuses of one level it refuses of all.
    if (this.#isRefused && !this.#stopping) await this.#context.clock.sleep(BACK_OFF_MS);
    this.#isRefused = false;
    if (work > 0) this.#context.countWork(work);
    return work;
  }

  async #level(level: number, slot: number): Promise<number> {
    const nowMs = this.#context.clock.nowMs();
    const max = this.#view.queues.maxOffset(slot);
    const offset = Math.max(this.offsets.get(level), this.#view.queues.minOffset(slot));
    if (offset >= max) {
      if (offset > max) this.offsets.set(level, max, nowMs);
      return 0;
    }
    const read = this.#queues[level - 1]!.readUnits(offset, Math.min(RUN_MESSAGES, max - offset), this.#units, 0);
    const due = this.#countDue(level, read, nowMs);
    if (due === 0) return 0;
    const messages = await this.#rebuildUnlessAway(due);
    if (messages === undefined) {
      this.#isRefused = true;
      return 0;
    }
    const count = this.#deliver(messages, nowMs);
    this.#isRefused = count < messages.length;
    const done = messages[count]?.unit ?? due;
    if (count < done) this.#noteDropped(level, done - count);
    this.offsets.set(level, offset + done, nowMs);
    this.#delivered += count;
    this.#gauges.add(Gauge.ScheduleDelivered, count);
    this.#gauges.add(Gauge.ScheduleLateMs, this.#lateMsOf(done, nowMs));
    return done;
  }

  /** Units at the front that are due. A time further away than the level's delay counts as wrong and means now. */
  #countDue(level: number, read: number, nowMs: number): number {
    const furthestMs = nowMs + this.#levels[level - 1]!;
    for (let i = 0; i < read; i++) {
      const at = i * UNIT_BYTES;
      if (!isUnit(this.#unitView, at)) return i;
      const dueMs = unitTagsCode(this.#unitView, at);
      if (dueMs > nowMs && dueMs <= furthestMs) {
        this.#nextDueMs = Math.min(this.#nextDueMs, dueMs);
        return i;
      }
    }
    return read;
  }

  /** Sum of the times by which the first units are late. */
  #lateMsOf(count: number, nowMs: number): number {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const lateMs = Math.min(Math.max(0, nowMs - unitTagsCode(this.#unitView, i * UNIT_BYTES)), LATE_MS_MAX);
      sum += lateMs;
      this.#lateMsMax = Math.max(this.#lateMsMax, lateMs);
    }
    return sum;
  }

  /** @returns undefined when the controller does not answer, as while its disk stands still */
  async #rebuildUnlessAway(count: number): Promise<DueMessage[] | undefined> {
    try {
      return await this.#rebuild(count);
    } catch (error) {
      if (!(error instanceof ActorError)) throw error;
      this.#context.signal("log", { level: "warn", text: `Delayed messages wait: ${error.message}` });
      return undefined;
    }
  }

  async #rebuild(count: number): Promise<DueMessage[]> {
    const messages: DueMessage[] = [];
    for (let i = 0; i < count; i++) {
      const at = i * UNIT_BYTES;
      const bytes = this.#records.readSized(unitPosition(this.#unitView, at), unitSize(this.#unitView, at));
      const message = bytes === null ? undefined : this.#copy(bytes) ?? await this.#rebuildOne(bytes);
      if (message !== undefined && this.#fits(message.record, at)) messages.push({ ...message, unit: i });
    }
    return messages;
  }

  /** A broker whose maxMessageSize was made smaller may hold what it cannot append any more: that must not hold up all others. */
  #fits(record: Uint8Array, at: number): boolean {
    const limit = this.#appender.appendBytesMax;
    if (record.length <= limit) return true;
    this.#context.signal("log", {
      level: "error",
      text: `Delayed messages: the one at position ${
        unitPosition(this.#unitView, at)
      } of the commit log has ${record.length} bytes, the limit is ${limit}`,
    });
    return false;
  }

  /** The usual message, for a queue that is there. @returns undefined when the message has to be looked at closer */
  #copy(bytes: Uint8Array): { record: Uint8Array; slot: number } | undefined {
    const redelivery = this.#redelivery;
    if (this.#hasPropertyCrc || !redelivery.read(bytes)) return undefined;
    const { topic, queueId } = redelivery;
    if (topic === SCHEDULE_TOPIC || topic.startsWith("RMQ_SYS_TRANS_")) return undefined;
    const slot = this.#view.get(topic)?.slots[queueId];
    return slot === undefined ? undefined : { record: redelivery.make(), slot };
  }

  async #rebuildOne(bytes: Uint8Array): Promise<{ record: Uint8Array; slot: number } | undefined> {
    const stored = decodeRecord(bytes);
    const properties = decodeProperties(stored.properties);
    const topic = properties.get(PropertyName.REAL_TOPIC);
    if (topic === undefined || topic === SCHEDULE_TOPIC || topic.startsWith("RMQ_SYS_TRANS_")) return undefined;
    const slots = await this.#slotsOf(topic);
    if (slots === undefined || slots.length === 0) return undefined;
    // A topic that has fewer queues than before takes the message all the same.
    const wanted = Number(properties.get(PropertyName.REAL_QUEUE_ID) ?? 0);
    const queueId = slots[wanted] === undefined ? 0 : wanted;
    const slot = slots[queueId]!;
    const record = encodeNewMessage({
      topic,
      queueId,
      body: stored.body,
      flag: stored.flag,
      sysFlag: stored.sysFlag,
      properties,
      bornTimestamp: stored.bornTimestamp,
      bornHost: stored.bornHost,
      storeHost: stored.storeHost,
      reconsumeTimes: stored.reconsumeTimes,
      preparedTransactionOffset: 0,
    }, this.#hasPropertyCrc ? withCrcRoom(stored.properties, true) : stored.properties);
    return { record, slot };
  }

  /** Slots of a topic; a retry topic that is not there is made, any other was deleted. */
  async #slotsOf(topic: string): Promise<readonly number[] | undefined> {
    const known = this.#view.get(topic);
    if (known !== undefined) return known.slots;
    if (!topic.startsWith(RETRY_TOPIC_PREFIX)) {
      if (!this.#missing.has(topic) && this.#missing.size < 1000) {
        this.#missing.add(topic);
        this.#context.signal("log", {
          level: "warn",
          text: `Delayed messages of topic "${topic}" are dropped: the topic does not exist`,
        });
      }
      return undefined;
    }
    const { entry } = await this.#context.peer("controller").ask("ensureTopic", {
      topic,
      defaultTopic: "",
      defaultTopicQueueNums: 1,
      topicSysFlag: 0,
      kind: "sendBack",
      remoteAddress: "",
    }, { timeoutMs: 10_000 });
    return entry?.slots;
  }

  /** Messages that retention took before their time, whose topic is gone, or that are no delayed messages. */
  #noteDropped(level: number, count: number): void {
    this.#dropped += count;
    this.#context.signal("log", {
      level: "warn",
      text:
        `Delayed messages: ${count} of level ${level} are dropped, their record or their topic is gone, or they are too large`,
    });
  }

  /** Appends and writes. @returns how many of the first were taken */
  #deliver(messages: readonly DueMessage[], nowMs: number): number {
    let next = 0;
    while (next < messages.length) {
      if (!this.#appender.begin()) return next;
      const epoch = this.#memory.epoch;
      const first = next;
      try {
        while (next < messages.length) {
          const { record, slot } = messages[next]!;
          if (typeof this.#placer.append([record], slot, nowMs) === "number") break;
          next++;
        }
      } finally {
        this.#appender.end(nowMs);
      }
      const outcome = this.#writer.write();
      if (outcome === WriteOutcome.Failed) {
        this.#context.signal("failed", { text: `Cannot write the commit log: ${String(this.#writer.lastError)}` });
        return first;
      }
      if (outcome === WriteOutcome.Refused || this.#memory.epoch !== epoch) return first;
      if (next === first) return next;
    }
    return next;
  }
}
