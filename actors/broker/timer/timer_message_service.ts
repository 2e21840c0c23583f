/**
 * TimerMessageService: delivers messages at the time that their producer asked for.
 *
 * Owns: the wheel, the timer log and their checkpoint. Reads: the timer queue, whose messages it puts into the wheel, and the commit log. Never: delivers before the time; a slot
 * is worked off when it is over.
 *
 * Until the first timer message there are no files and the wheel is not open. The checkpoint follows the commit log: what it calls delivered is on the device, and no new master takes it back. A
 * restart delivers again what was delivered since the checkpoint, and nothing is lost.
 *
 * Source: apache/rocketmq store/timer/TimerMessageStore.java
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { ActorError } from "../../kernel/errors.ts";
import { decodeRecord } from "../../../protocol/record.ts";
import { DiskError } from "../../../store/file/disk.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import { Gauge, Gauges } from "../../../store/gauges.ts";
import type { MessageWithText } from "../../../store/half_message.ts";
import { LogReader } from "../../../store/log_reader.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import { encodeTimerCheckpoint, NO_TIMER_CHECKPOINT } from "../../../store/timer/timer_checkpoint.ts";
import {
  NEVER_ENQUEUED,
  readTimer,
  type StoredTimer,
  TIMER_TOPIC,
  toDequeued,
} from "../../../store/timer/timer_message.ts";
import { TimerMagic } from "../../../store/timer/timer_log.ts";
import { TimerCounts } from "../../../store/timer/timer_metrics.ts";
import {
  hasTimerFiles,
  rollWindow,
  TimerStore,
  type WheelRequest,
  wheelRequest,
} from "../../../store/timer/timer_store.ts";
import type { WheelSlot } from "../../../store/timer/timer_wheel.ts";
import { RETRY_TOPIC_PREFIX } from "../../../store/topic_names.ts";
import { type TopicUpdate, TopicView } from "../../../store/topic_view.ts";
import { appendBytesMax, type BrokerActorInit, openStore, type StoreHandles } from "../broker_init.ts";
import { WaiterBell } from "../broker_memory.ts";
import { RecordReader } from "../cold_read/record_reader.ts";
import { heldEnd } from "../log_sync.ts";
import { LogOutlet, LogWriteError, type OutgoingRecord } from "../log_outlet.ts";
import { SystemQueue } from "../transactions/system_queue.ts";
import { TimerSaver } from "./timer_saver.ts";
import { type Outgoing, SlotRun } from "./slot_run.ts";
import type { UnitParts } from "./slot_units.ts";
import type { TimerContract, TimerCounters } from "./timer_contract.ts";

/** Messages of one turn. */
const RUN_MESSAGES = 256;

/** Longest sleep while nothing comes and nothing falls due. Milliseconds. */
const IDLE_MS = 1000;

/** A slot is put in order so long before it is over, or half a slot when that is less. Milliseconds. */
const LOOK_AHEAD_MS = 300;

/** Wait after the log or the disk refused. Milliseconds. */
const BACK_OFF_MS = 1000;

/** How often files are looked at whose messages are gone. Source: apache/rocketmq store/timer/TimerMessageStore.java start */
const CLEAN_EVERY_MS = 30_000;

const ASK_MS = 10_000;

/** Open files of this thread at most. */
const HANDLES_MAX = 16;

/** Starts the behaviour. */
export async function startTimerMessageService(
  init: BrokerActorInit,
  context: ActorContext<TimerContract>,
): Promise<Behaviour<TimerContract>> {
  const service = new TimerMessageService(init, context);
  await service.start();
  const loop = service.run();
  return {
    asks: {
      topics: (update) => ({ version: service.apply(update) }),
      checkpoint: () => ({ bytes: service.checkpoint() }),
      metrics: () => ({ text: service.metrics() }),
      counters: () => service.counters,
    },
    tells: {},
    stop: async () => {
      service.stop();
      await loop;
      await service.close();
    },
  };
}

/** The behaviour's state and loop. */
export class TimerMessageService {
  readonly #init: BrokerActorInit;
  readonly #context: ActorContext<TimerContract>;
  readonly #memory: LogMemory;
  readonly #gauges: Gauges;
  readonly #disk = new LightDisk();
  readonly #files: StoreHandles;
  readonly #view = new TopicView();
  readonly #records: RecordReader;
  readonly #queue: SystemQueue;
  readonly #outlet: LogOutlet;
  readonly #missing = new Set<string>();
  readonly #saver: TimerSaver;
  readonly #counts = { enqueued: 0, delivered: 0, late: 0, rolled: 0, recalled: 0, dropped: 0, lateMsMax: 0 };
  #store: TimerStore | undefined;
  #run: SlotRun | undefined;
  /** The slot that is not over yet. */
  #ahead: SlotRun | undefined;
  /** Late messages below this queue offset are delivered, though the queue offset may not have moved yet. */
  #lateBelow = 0;
  /** Messages in slots ahead. */
  #waiting = 0;
  #nextSaveMs = 0;
  #nextCleanMs = 0;
  #rated = { atMs: 0, enqueued: 0, dequeued: 0 };
  #isWaiting = false;
  #stopping = false;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<TimerContract>) {
    const { values } = init;
    this.#init = init;
    this.#context = context;
    this.#memory = new LogMemory(init.memory.log);
    this.#gauges = new Gauges(init.gauges);
    this.#files = openStore(values, "write", HANDLES_MAX, this.#disk);
    this.#records = new RecordReader(new LogReader(this.#memory, this.#files.commitLog), appendBytesMax(values));
    this.#queue = new SystemQueue(TIMER_TOPIC, this.#view, this.#files, this.#records);
    this.#outlet = new LogOutlet({
      values,
      memory: this.#memory,
      files: this.#files.commitLog,
      view: this.#view,
      monotonicMs: () => context.clock.monotonicMs(),
      name: "Timers",
      warn: (text) => this.#log("warn", text),
    });
    this.#saver = new TimerSaver({
      flushed: () => this.#memory.flushed.load(),
      held: heldEnd(init, this.#memory),
      nowMs: () => context.clock.nowMs(),
      full: (error) => this.#log("error", `Timers: ${error.message}`),
      fail: (error) => {
        if (error instanceof DiskError) context.signal("failed", { text: `Timers: ${error.message}` });
        context.fail(error);
      },
    });
  }

  /** Work done since the start. */
  get counters(): TimerCounters {
    return { ...this.#counts };
  }

  /** Bytes of the checkpoint. */
  checkpoint(): Uint8Array {
    return encodeTimerCheckpoint(this.#store?.checkpoint ?? NO_TIMER_CHECKPOINT);
  }

  /** Text of the counts by topic. */
  metrics(): string {
    return (this.#store?.counts ?? new TimerCounts()).encode();
  }

  /** Learns the topics, and opens the timer files when there are any. */
  async start(): Promise<void> {
    const snapshot = await this.#context.peer("controller").ask("subscribe", {
      name: this.#context.name,
      control: false,
    }, { timeoutMs: ASK_MS });
    this.apply(snapshot.topics);
    const { root, config } = this.#files.shape;
    if (hasTimerFiles(this.#disk, root, config)) this.#open();
  }

  /** Applies a step of the topic table. */
  apply(update: TopicUpdate): number {
    const version = this.#view.apply(update);
    for (const topic of update.removed) this.#store?.counts.remove(topic);
    this.#memory.waiterBell(WaiterBell.Timer).ring();
    return version;
  }

  /** Ends the loop at its next turn. */
  stop(): void {
    this.#stopping = true;
    this.#memory.waiterBell(WaiterBell.Timer).ring();
  }

  /** Writes a last checkpoint and closes the files. */
  async close(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    const { snapshot, gate } = await this.#saver.settle(store);
    const flushed = this.#memory.flushed.load();
    if (gate > flushed) this.#files.commitLog.syncRange(flushed, gate);
    store.save(snapshot, this.#context.clock.nowMs());
    store.close();
  }

  /** Takes turns until {@link stop}. */
  async run(): Promise<void> {
    const { clock } = this.#context;
    const bell = this.#memory.waiterBell(WaiterBell.Timer);
    let seen = 0;
    const hasWork = (): boolean => this.#stopping || this.#queue.range.max !== seen;
    try {
      while (!this.#stopping) {
        seen = this.#queue.range.max;
        const work = await this.#turnOrWait();
        if (work > 0) this.#context.countWork(work);
        else await bell.sleepAsync(hasWork, Math.max(1, Math.min(IDLE_MS, this.#nextDueMs() - clock.nowMs())));
        if (!(work === 0 ? this.#context.gate() : await this.#context.breathe())) return;
      }
    } catch (error) {
      this.#context.fail(error);
    }
  }

  /** A turn. While the disk is full, or the controller does not answer, nothing moves on and nothing is lost. */
  async #turnOrWait(): Promise<number> {
    try {
      const work = await this.turn();
      this.#isWaiting = false;
      return work;
    } catch (error) {
      const canWait = error instanceof ActorError || (error instanceof DiskError && error.code === "NO_SPACE");
      if (!canWait) throw error;
      if (!this.#isWaiting) this.#log("error", `Timers: ${error.message}`);
      this.#isWaiting = true;
      await this.#context.clock.sleep(BACK_OFF_MS);
      return 0;
    }
  }

  /** Puts what came into the wheel, and delivers what is due. @returns messages worked off */
  async turn(): Promise<number> {
    if (this.#store === undefined) {
      if (this.#queue.range.max === 0) return 0;
      this.#open();
    }
    const { timerStopEnqueue, timerStopDequeue } = this.#init.values;
    const store = this.#store!;
    store.wheel.flush();
    const work = (timerStopEnqueue ? 0 : await this.#enqueue(store)) +
      (timerStopDequeue ? 0 : await this.#dequeue(store));
    this.#keep(store);
    return work;
  }

  #open(): void {
    const { values } = this.#init;
    const { root, config } = this.#files.shape;
    const store = TimerStore.open({
      disk: this.#disk,
      root,
      config,
      logFileBytes: values.mappedFileSizeTimerLog,
      precisionMs: values.timerPrecisionMs,
      rollWindowSlots: rollWindow(values.timerRollWindowSlot),
      commitLogEnd: this.#memory.written.load(),
      queueOffsetAt: (position, bytes) => this.#timerAt(position, bytes)?.record.queueOffset,
      nowMs: this.#context.clock.nowMs(),
    });
    this.#store = store;
    this.#waiting = store.waiting();
    const { unitsReplayed, unitsCut, slotsRefilled } = store.recovered;
    if (unitsReplayed + unitsCut + slotsRefilled > 0) {
      this.#log(
        "info",
        `Timers: ${unitsReplayed} units replayed, ${unitsCut} cut, ${slotsRefilled} slots filled again`,
      );
    }
  }

  async #enqueue(store: TimerStore): Promise<number> {
    const { min, max } = this.#queue.range;
    const from = Math.min(Math.max(store.queueOffset, min), max);
    const end = Math.min(max, from + RUN_MESSAGES);
    if (from === end && from === store.queueOffset) return 0;
    const nowMs = this.#context.clock.nowMs();
    const writeTimeMs = store.writeTime(nowMs);
    const requests: (WheelRequest & { readonly offset: number })[] = [];
    const late: { readonly offset: number; readonly record: OutgoingRecord }[] = [];
    for (let offset = from; offset < end; offset++) {
      const { record } = this.#queue.read(offset);
      const timer = record === undefined ? undefined : readTimer(record);
      if (timer === undefined) this.#counts.dropped++;
      else if (offset < store.replayBelow && timer.outMs < store.replayReadMs) continue;
      else if (timer.outMs >= writeTimeMs) requests.push({ offset, ...wheelRequest(timer) });
      else if (offset >= this.#lateBelow && timer.recalls === undefined) {
        const outgoing = await this.#encode(toDequeued(timer, NEVER_ENQUEUED, false, nowMs));
        if (outgoing !== undefined) late.push({ offset, record: outgoing });
      }
    }
    const placed = this.#deliver(late.map(({ record }) => record), nowMs);
    this.#counts.delivered += placed;
    this.#counts.late += placed;
    const upTo = placed < late.length ? late[placed]!.offset : end;
    this.#lateBelow = Math.max(this.#lateBelow, upTo);
    this.#put(store, requests.filter(({ offset }) => offset < upTo), upTo, nowMs);
    if (upTo < end) await this.#context.clock.sleep(BACK_OFF_MS);
    return upTo - from;
  }

  #put(store: TimerStore, requests: readonly WheelRequest[], queueOffset: number, nowMs: number): void {
    this.#saver.did(0);
    store.enqueue(requests, queueOffset, nowMs);
    this.#counts.enqueued += requests.length;
    for (const { recordPosition, recordBytes, isRecall } of requests) {
      this.#waiting += isRecall ? -1 : 1;
      this.#saver.did(recordPosition + recordBytes);
    }
  }

  /** Works off a part of the first slot that is over. */
  async #dequeue(store: TimerStore): Promise<number> {
    const writeTimeMs = store.writeTime(this.#context.clock.nowMs());
    if (this.#run === undefined) {
      const slot = store.wheel.next(store.readTimeMs, writeTimeMs);
      if (slot === undefined) {
        store.moveReadTime(writeTimeMs);
        this.#lookAhead(store, writeTimeMs);
        return 0;
      }
      store.moveReadTime(slot.timeMs);
      const isAhead = this.#ahead?.slot.timeMs === slot.timeMs;
      this.#run = isAhead ? this.#ahead! : this.#newRun(store, slot);
      this.#ahead = undefined;
      this.#run.extend(slot);
    }
    const run = this.#run;
    const { work, isRefused } = await this.#workOff(store, run);
    if (run.isDone) {
      const nowMs = this.#context.clock.nowMs();
      for (const topic of run.unmatched) store.counts.add(topic, 1, nowMs);
      store.moveReadTime(run.slot.timeMs + this.#init.values.timerPrecisionMs);
      this.#waiting -= run.slot.count;
      this.#run = undefined;
      return Math.max(1, work);
    }
    if (isRefused) await this.#context.clock.sleep(BACK_OFF_MS);
    return work;
  }

  #newRun(store: TimerStore, slot: WheelSlot): SlotRun {
    return new SlotRun(store, slot, (unit) => this.#timerOf(unit));
  }

  /** Puts the messages of the slot that is over soon in order, so that the first of them go out when it is. */
  #lookAhead(store: TimerStore, timeMs: number): void {
    if (this.#context.clock.nowMs() < timeMs + this.#lookAheadMs()) return;
    const slot = store.wheel.get(timeMs);
    if (slot === undefined) return;
    if (this.#ahead?.slot.timeMs !== timeMs) this.#ahead = this.#newRun(store, slot);
    this.#ahead.extend(slot);
  }

  /** When a slot is looked at, milliseconds from its begin. */
  #lookAheadMs(): number {
    const { timerPrecisionMs } = this.#init.values;
    return timerPrecisionMs - Math.min(LOOK_AHEAD_MS, Math.floor(timerPrecisionMs / 2));
  }

  async #workOff(store: TimerStore, run: SlotRun): Promise<{ work: number; isRefused: boolean }> {
    const nowMs = this.#context.clock.nowMs();
    const { items, end } = run.items(RUN_MESSAGES);
    const outgoing: Outgoing[] = [];
    let recalled = 0;
    for (const { index, unit, timer } of items) {
      if (timer === undefined) this.#counts.dropped++;
      else if (run.takeRecalled(timer)) recalled++;
      else {
        const isRoll = (unit.magic & TimerMagic.Roll) !== 0;
        const record = await this.#encode(toDequeued(timer, String(unit.enqueueMs), isRoll, nowMs));
        if (record !== undefined) outgoing.push({ record, timer, index, isRoll });
      }
    }
    this.#saver.did(0);
    const placed = this.#deliver(outgoing.map(({ record }) => record), nowMs);
    for (const { timer, isRoll } of outgoing.slice(0, placed)) {
      store.counts.add(timer.realTopic, isRoll && timer.recalls !== undefined ? 1 : -1, nowMs);
      if (isRoll) this.#counts.rolled++;
      else this.#counts.delivered++;
    }
    if (placed < outgoing.length) {
      run.moveTo(outgoing[placed]!.index);
      return { work: placed, isRefused: true };
    }
    run.moveTo(end);
    this.#counts.recalled += recalled;
    const overMs = run.slot.timeMs + this.#init.values.timerPrecisionMs;
    if (placed === 0) return { work: Math.max(1, items.length), isRefused: false };
    const lateMs = Math.max(0, nowMs - overMs);
    this.#counts.lateMsMax = Math.max(this.#counts.lateMsMax, lateMs);
    this.#gauges.add(Gauge.TimerDelivered, placed);
    this.#gauges.add(Gauge.TimerLateMs, placed * lateMs);
    return { work: Math.max(1, items.length), isRefused: false };
  }

  /** Appends and writes. @returns how many of the first were taken */
  #deliver(records: readonly OutgoingRecord[], nowMs: number): number {
    if (records.length === 0) return 0;
    try {
      const placed = this.#outlet.deliver(records, nowMs);
      if (placed.length > 0) this.#saver.did(this.#memory.written.load());
      return placed.length;
    } catch (error) {
      if (error instanceof LogWriteError) this.#context.signal("failed", { text: error.message });
      throw error;
    }
  }

  /** Encodes a message for its queue; one whose queue is gone goes to queue 0. @returns undefined when its topic is gone */
  async #encode({ message, text }: MessageWithText): Promise<OutgoingRecord | undefined> {
    if (this.#view.get(message.topic) === undefined) await this.#ensure(message.topic);
    const outgoing = this.#outlet.encode({ message, text }) ??
      this.#outlet.encode({ message: { ...message, queueId: 0 }, text });
    if (outgoing === undefined) this.#counts.dropped++;
    return outgoing;
  }

  /** Makes a retry topic that is not there; any other was deleted. */
  async #ensure(topic: string): Promise<void> {
    if (!topic.startsWith(RETRY_TOPIC_PREFIX)) {
      if (this.#missing.has(topic) || this.#missing.size >= 1000) return;
      this.#missing.add(topic);
      this.#log("warn", `Timer messages of topic "${topic}" are dropped: the topic does not exist`);
      return;
    }
    await this.#context.peer("controller").ask("ensureTopic", {
      topic,
      defaultTopic: "",
      defaultTopicQueueNums: 1,
      topicSysFlag: 0,
      kind: "sendBack",
      remoteAddress: "",
    }, { timeoutMs: ASK_MS });
  }

  #timerOf(unit: UnitParts): StoredTimer | undefined {
    return this.#timerAt(unit.recordPosition, unit.recordBytes);
  }

  #timerAt(position: number, bytes: number): StoredTimer | undefined {
    const record = this.#records.read(position);
    if (record === null || record.length !== bytes) return undefined;
    const stored = decodeRecord(record);
    return stored.physicalOffset === position ? readTimer(stored) : undefined;
  }

  /** When the next slot is over that is known to hold something, milliseconds since 1970; what is further away than a sleep does not matter. */
  #nextDueMs(): number {
    const nowMs = this.#context.clock.nowMs();
    const store = this.#store;
    if (store === undefined || this.#init.values.timerStopDequeue) return nowMs + IDLE_MS;
    const { timerPrecisionMs } = this.#init.values;
    const slot = store.wheel.next(store.readTimeMs, nowMs + IDLE_MS);
    if (slot === undefined) return nowMs + IDLE_MS;
    const isAhead = this.#ahead?.slot.timeMs === slot.timeMs;
    return slot.timeMs + (isAhead ? timerPrecisionMs : this.#lookAheadMs());
  }

  /** Checkpoint, cleaning and levels, from time to time. */
  #keep(store: TimerStore): void {
    const { clock } = this.#context;
    const nowMs = clock.monotonicMs();
    if (nowMs < this.#nextSaveMs) return;
    this.#nextSaveMs = nowMs + this.#init.values.timerFlushIntervalMs;
    this.#saver.save(store);
    if (nowMs >= this.#nextCleanMs) {
      this.#nextCleanMs = nowMs + CLEAN_EVERY_MS;
      store.log.removeExpired(this.#memory.logStart.load());
    }
    this.#publish(store, nowMs);
  }

  #publish(store: TimerStore, atMs: number): void {
    const { enqueued, delivered, rolled } = this.#counts;
    const dequeued = delivered + rolled;
    const seconds = (atMs - this.#rated.atMs) / 1000;
    const behindMs = this.#context.clock.nowMs() - store.readTimeMs;
    this.#gauges.set(Gauge.TimerReadBehindSeconds, Math.max(0, behindMs / 1000));
    this.#gauges.set(Gauge.TimerOffsetBehind, Math.max(0, this.#queue.range.max - store.queueOffset));
    this.#gauges.set(Gauge.TimerCongestion, Math.max(0, this.#waiting));
    this.#gauges.set(Gauge.TimerEnqueueMilliTps, (enqueued - this.#rated.enqueued) / seconds * 1000);
    this.#gauges.set(Gauge.TimerDequeueMilliTps, (dequeued - this.#rated.dequeued) / seconds * 1000);
    this.#rated = { atMs, enqueued, dequeued };
  }

  #log(level: "info" | "warn" | "error", text: string): void {
    this.#context.signal("log", { level, text });
  }
}
