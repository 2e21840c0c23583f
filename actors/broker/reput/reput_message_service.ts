/**
 * ReputMessageService: derives consume queues and index files from what was written to the commit log.
 *
 * It owns the dispatched cursor, the queues' largest offsets and the derived files. It follows `written`, never `appended`, so nobody consumes what a
 * crash of the process could take back; in a failover set it follows what the whole sync-state set has, so nobody consumes what a change of the master could take back. Records come out of the ring in copies that are checked after the copy; when it fell behind so far that the ring was written over, out of the
 * files. It never waits for anybody: with it paused, sends go on and consuming stops.
 *
 * Source: apache/rocketmq store DefaultMessageStore.ReputMessageService
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { queueTopicDirectory } from "../../../store/consume_queue.ts";
import { Dispatcher, type DispatchMarks } from "../../../store/dispatch.ts";
import { DispatchFiles } from "../../../store/dispatch_files.ts";
import { parseDelayLevels } from "../../../store/delay_levels.ts";
import { DeletedTopics } from "../../../store/deleted_topics.ts";
import { DiskError } from "../../../store/file/disk.ts";
import { DenoDisk } from "../../../store/file/deno_disk.ts";
import type { SegmentSet } from "../../../store/file/segment_set.ts";
import { HandleCache } from "../../../store/file/handle_cache.ts";
import { IndexFileSet } from "../../../store/index_file_set.ts";
import { SLOTS_EVERY_MS } from "../../../store/index_file_writer.ts";
import { LogReader } from "../../../store/log_reader.ts";
import { LaterRing } from "../../../store/memory/doorbell.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import { TokenRing } from "../../../store/memory/token_ring.ts";
import { ScanKind } from "../../../store/record_scan.ts";
import { type TopicUpdate, TopicView } from "../../../store/topic_view.ts";
import { appendBytesMax, isTailOpen, openStore, storeShape } from "../broker_init.ts";
import { WaiterBell } from "../broker_memory.ts";
import { NearSleep } from "../near_sleep.ts";
import { DispatchedQueues, QueueKind, type QueueKindValue } from "./dispatched_queues.ts";
import type { ReputContract, ReputDirt } from "./reput_contract.ts";

/** Bytes of the log taken at once. Small enough to stay in the processor's cache, large enough to pay for the cursors. */
const RUN_BYTES = 256 * 1024;

/** Bytes of the words in which shared memory is copied. */
const WORD_BYTES = 8;

/** Behind by so much it takes longer runs: each queue then gets more units by one write, which pays with many queues. Bytes. */
const BEHIND_BYTES = 1024 * 1024;

/** The longer run. Bytes. */
const BEHIND_RUN_BYTES = 2 * 1024 * 1024;

/** Queues whose shared units are written at once when they are to be synced: about 2 ms. */
const SETTLE_QUEUES = 256;

/** Open files of queues at most. Thousands of queues are written in turn, and to open a file costs ten times what a write to it does. */
const QUEUE_HANDLES_MAX = 16_384;

/** Longest sleep of an idle service. Milliseconds. */
const IDLE_MS = 5000;

/** One doze. Milliseconds; Apache polls every 1 ms. Source: apache/rocketmq store DefaultMessageStore.ReputMessageService.run */
const DOZE_MS = 2;

/** Dozes without work before it sleeps until it is woken: a fifth of a second. */
const DOZES_MAX = 100;

/** Longest wait of a deletion for the records that are appended to be written. Milliseconds. */
const WRITTEN_WITHIN_MS = 10_000;

/** Wait before a full disk is tried again. Milliseconds. */
const FULL_PAUSE_MS = 200;

/** Starts the behaviour. */
export async function startReputMessageService(
  init: ReputContract["init"],
  context: ActorContext<ReputContract>,
): Promise<Behaviour<ReputContract>> {
  const service = new ReputMessageService(init, context);
  await service.subscribe();
  const loop = service.run();
  return {
    asks: {
      topics: (update) => ({ version: service.apply(update) }),
      takeDirty: () => service.takeDirty(),
      deleteTopics: ({ topics }) => service.deleteTopics(topics),
      counters: () => service.counters,
    },
    tells: { giveFilesBack: () => void service.handles.giveBack() },
    stop: async () => {
      service.stop();
      await loop;
      service.close();
    },
  };
}

/** The behaviour's state and loop. */
export class ReputMessageService implements DispatchMarks {
  /** Builds queues and indexes. */
  readonly dispatcher: Dispatcher;
  /** The open files of the queues. */
  readonly handles: HandleCache;
  readonly #context: ActorContext<ReputContract>;
  readonly #memory: LogMemory;
  readonly #disk = new DenoDisk();
  readonly #log: SegmentSet;
  readonly #reader: LogReader;
  readonly #deleted: DeletedTopics;
  readonly #files: DispatchFiles;
  readonly #queueRoot: string;
  readonly #view = new TopicView();
  readonly #arrivals: TokenRing;
  readonly #arrival = new Int32Array(1);
  readonly #sleep: NearSleep;
  readonly #holdRing: LaterRing;
  readonly #scheduleRing: LaterRing;
  readonly #timerRing: LaterRing;
  readonly #recordBytesMax: number;
  readonly #queues = new DispatchedQueues(this.#view);
  #run = new Uint8Array(RUN_BYTES);
  readonly #hasWorkFn = (): boolean => this.#hasWork();
  #hasHalf = false;
  #hasTimer = false;
  #hasDelayed = false;
  /** Nothing was dispatched yet: a thread that dozes is late for what the others tell it while the broker starts. */
  #dozes = DOZES_MAX;
  /** Whether index slots are not written that a query would look for. */
  #isKeptBack = false;
  readonly #awaitsSet: boolean;
  #isAfterCrash: boolean;
  #isDiskFull = false;
  #stopping = false;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: ReputContract["init"], context: ActorContext<ReputContract>) {
    const { values } = init;
    const shape = storeShape(values);
    this.#context = context;
    this.#memory = new LogMemory(init.memory.log);
    this.#log = openStore(values, "read", 16).commitLog;
    this.#reader = new LogReader(this.#memory, this.#log);
    this.#awaitsSet = isTailOpen(init);
    this.#isAfterCrash = init.incarnation > 1;
    this.#arrivals = new TokenRing(init.memory.arrivals);
    this.#sleep = new NearSleep(context, this.#memory.writtenBell);
    this.#holdRing = new LaterRing(this.#memory.waiterBell(WaiterBell.Hold));
    this.#scheduleRing = new LaterRing(this.#memory.waiterBell(WaiterBell.Schedule));
    this.#timerRing = new LaterRing(this.#memory.waiterBell(WaiterBell.Timer));
    this.#recordBytesMax = appendBytesMax(values);
    const disk = this.#disk;
    this.#queueRoot = shape.consumeQueue;
    this.#deleted = DeletedTopics.open(disk, shape.deletedTopics);
    this.handles = new HandleCache({ disk, mode: "write", handlesMax: QUEUE_HANDLES_MAX });
    this.#files = new DispatchFiles({
      root: shape.consumeQueue,
      deletedBelow: (topic) => this.#deleted.below(topic),
      fileBytes: shape.consumeQueueFileBytes,
      handles: this.handles,
    });
    this.dispatcher = new Dispatcher({
      files: this.#files,
      index: values.messageIndexEnable
        ? new IndexFileSet({
          disk,
          directory: shape.index,
          shape: { slots: values.maxHashSlotNum, entries: values.maxIndexNum },
          nowMs: () => context.clock.nowMs(),
        })
        : undefined,
      marks: this,
      logFileBytes: shape.commitLogFileBytes,
      delayLevels: parseDelayLevels(values.messageDelayLevel),
      position: this.#memory.dispatched.load(),
    });
  }

  /** What was done so far. */
  get counters(): ReputContract["asks"]["counters"]["reply"] {
    const { ringReads, fileReads } = this.#reader.counters;
    return {
      position: this.dispatcher.position,
      units: this.dispatcher.counters.units,
      keys: this.dispatcher.keys,
      refused: this.dispatcher.refused,
      fromRing: ringReads,
      fromFile: fileReads,
      missed: this.#memory.writtenBell.missed,
      dirtySyncs: this.dispatcher.dirtySyncs,
    };
  }

  /** Gets the topics as they are now; the controller sends what changes from then on. */
  async subscribe(): Promise<void> {
    const snapshot = await this.#context.peer("controller").ask("subscribe", {
      name: this.#context.name,
      control: false,
    }, { timeoutMs: 10_000 });
    this.apply(snapshot.topics);
    if (this.#isAfterCrash) this.#settleTails();
  }

  /** Writes what the thread before this one shared and did not write: dispatch goes on behind it. */
  #settleTails(): void {
    for (const { topic, slots } of this.#view.entries()) {
      slots.forEach((slot, queueId) => this.#files.settleTail(topic, queueId, this.#view.queues, slot));
    }
  }

  /** Applies a step of the topic table. @returns the version known afterwards */
  apply(update: TopicUpdate): number {
    const version = this.#view.apply(update);
    for (const topic of update.removed) this.#forget(topic);
    this.#queues.apply(update, (queue) => this.#moved(queue));
    this.#ring();
    return version;
  }

  /** What was written since the last call. Units that are only shared are written before, a few queues at a time: dispatch goes on in between. */
  async takeDirty(): Promise<ReputDirt & { readonly isAll: boolean }> {
    while (this.dispatcher.settle(SETTLE_QUEUES)) await this.#context.breathe();
    const isAll = this.#isAfterCrash;
    const dirt = this.dispatcher.takeDirty();
    this.#isAfterCrash = false;
    return { ...dirt, isAll };
  }

  /**
   * Removes the queues of topics that nobody appends to any more. What the log holds of them by now belongs to no queue, also what is not dispatched yet. The
   * log is synced up to there before that is written down: behind a shorter log the position would cover records of a later topic of the same name.
   *
   * @throws {DiskError} when the disk refuses; the topics are then as they were
   */
  async deleteTopics(topics: readonly string[]): Promise<{ position: number }> {
    const { appended, written, flushed } = this.#memory;
    const position = appended.load();
    const deadlineMs = this.#context.clock.monotonicMs() + WRITTEN_WITHIN_MS;
    while (written.load() < position) {
      if (this.#context.clock.monotonicMs() > deadlineMs) {
        throw new Error("Cannot delete topics: the log is not written");
      }
      await this.#context.clock.sleep(DOZE_MS);
    }
    this.#log.syncRange(flushed.load(), position);
    this.#deleted.add(topics, position);
    for (const topic of topics) {
      this.#forget(topic);
      this.#disk.removeTree(queueTopicDirectory(this.#queueRoot, topic));
    }
    if (this.#disk.exists(this.#queueRoot)) this.#disk.syncDirectory(this.#queueRoot);
    return { position };
  }

  #forget(topic: string): void {
    this.dispatcher.forgetTopic(topic);
    this.#queues.forget(topic);
  }

  /** Ends the loop when everything written is dispatched. */
  stop(): void {
    this.#stopping = true;
    this.#memory.writtenBell.ring();
  }

  /** Writes what is kept back and closes the index. */
  close(): void {
    this.dispatcher.close();
  }

  /** Takes turns until {@link stop} and nothing is left. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const work = await this.#turnOrWait();
        if (work === 0) {
          if (this.#stopping) return;
          await this.#rest();
        } else {
          await this.#sleep.worked();
        }
        if (!this.#context.gate() && work === 0 && !this.#hasWork()) return;
      }
    } catch (error) {
      this.#context.fail(error);
    }
  }

  /** A turn. While the disk is full nothing is dispatched and nothing is lost: the same run is taken again when there is room. */
  async #turnOrWait(): Promise<number> {
    try {
      const work = this.turn();
      if (work === 0) this.#isKeptBack = this.dispatcher.idle(this.#context.clock.monotonicMs());
      if (this.#isDiskFull) this.#context.signal("log", { level: "info", text: "Queues: the disk takes writes again" });
      this.#isDiskFull = false;
      return work;
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== "NO_SPACE") throw error;
      if (!this.#isDiskFull) this.#context.signal("log", { level: "error", text: `Queues: ${error.message}` });
      this.#isDiskFull = true;
      await this.#context.clock.sleep(FULL_PAUSE_MS);
      return this.#stopping ? 0 : 1;
    }
  }

  #hasWork(): boolean {
    return this.#end() > this.dispatcher.position;
  }

  /** End of what may be dispatched: of a log whose tail may be cut yet, only what the whole sync-state set has. */
  #end(): number {
    const { written, replicated, logStart } = this.#memory;
    if (!this.#awaitsSet) return written.load();
    const end = Math.min(written.load(), replicated.load());
    return end < logStart.load() ? this.dispatcher.position : end;
  }

  /**
   * Rests until there is something to dispatch. While pulls are parked, a writer has to wake this thread for each write; while none is, it dozes for a moment
   * and finds many records at once, which leaves the processor to those who send. After some dozes without work it sleeps until it is woken.
   */
  async #rest(): Promise<void> {
    if (this.#dozes < DOZES_MAX && this.#memory.parkedPulls === 0) {
      this.#dozes++;
      await this.#sleep.doze(DOZE_MS);
      return;
    }
    await this.#sleep.rest(this.#hasWorkFn, this.#isKeptBack ? SLOTS_EVERY_MS : IDLE_MS);
  }

  /** Dispatches one run, and wakes whoever waits for what it found. @returns bytes dispatched */
  turn(): number {
    try {
      return this.#dispatch();
    } finally {
      this.#ring();
    }
  }

  #ring(): void {
    this.#holdRing.endTurn();
    this.#scheduleRing.endTurn();
    this.#timerRing.endTurn();
  }

  #dispatch(): number {
    const written = this.#end();
    const position = this.#beginning(written);
    if (written === position) return 0;
    if (written - position > BEHIND_BYTES && this.#run.length < BEHIND_RUN_BYTES) {
      this.#run = new Uint8Array(BEHIND_RUN_BYTES);
    }
    // Where the run lies in its words as in the ring, it is copied by words.
    const start = position % WORD_BYTES;
    const bytes = Math.min(written - position, this.#run.length - WORD_BYTES);
    const read = this.#reader.read(position, bytes, this.#run, start);
    const next = this.dispatcher.dispatch(this.#run, start, start + read, position);
    if (next === position) {
      this.#grow(position, read);
      return bytes;
    }
    this.#memory.dispatched.store(next);
    this.#dozes = 0;
    this.#context.countWork(next - position);
    return next - position;
  }

  /** Where the next run begins. The empty log of a slave may begin above 0 all at once: there is nothing to dispatch below. */
  #beginning(written: number): number {
    const { position } = this.dispatcher;
    if (position > 0) return position;
    const start = this.#memory.logStart.load();
    if (start === 0 || written < start) return position;
    this.dispatcher.beginAt(start);
    this.#memory.dispatched.store(start);
    return start;
  }

  /** A run without one whole record: take more of the log at once, or stop before what is no record. */
  #grow(position: number, read: number): void {
    const limit = this.#recordBytesMax + BEHIND_RUN_BYTES;
    if (this.dispatcher.stoppedBy !== ScanKind.Short || this.#run.length >= limit) {
      throw new Error(`Cannot dispatch the commit log: no record at position ${position}, ${read} bytes read`);
    }
    this.#run = new Uint8Array(Math.min(limit, this.#run.length * 4));
  }

  /** A queue was opened by the dispatcher. */
  opened(queue: number, topic: string, queueId: number): void {
    this.#queues.open(queue, topic, queueId);
    this.dispatcher.share(queue, this.#view.queues, this.#queues.slot(queue));
  }

  /** A queue lost its slot, or got one. */
  #moved(queue: number): void {
    const slot = this.#queues.slot(queue);
    this.dispatcher.share(queue, this.#view.queues, slot);
    if (slot >= 0 && this.#queues.max(queue) > this.#view.queues.maxOffset(slot)) this.#publish(queue);
  }

  /** A queue began above offset 0. */
  began(queue: number, minOffset: number): void {
    const slot = this.#queues.slot(queue);
    if (slot >= 0) this.#view.queues.setMinOffset(slot, minOffset);
  }

  /** A queue got units. */
  mark(queue: number, maxOffset: number): void {
    this.#queues.setMax(queue, maxOffset);
    const kind = this.#queues.kind(queue);
    if (kind !== QueueKind.Plain) this.#wake(kind);
    if (this.#queues.slot(queue) >= 0) this.#publish(queue);
  }

  /** Who works on such queues sleeps until there is something in them for the first time. */
  #wake(kind: QueueKindValue): void {
    if (kind === QueueKind.Schedule) this.#hasDelayed ||= this.#context.signal("wake", { child: "schedule" });
    else if (kind === QueueKind.Timer) this.#hasTimer ||= this.#context.signal("wake", { child: "timer" });
    else this.#hasHalf ||= this.#context.signal("wake", { child: "transactions" });
  }

  #publish(queue: number): void {
    const kind = this.#queues.kind(queue);
    const slot = this.#queues.slot(queue);
    if (kind === QueueKind.Schedule) this.#scheduleRing.publish();
    if (kind === QueueKind.Timer) this.#timerRing.publish();
    this.#view.queues.setMaxOffset(slot, this.#queues.max(queue));
    if (this.#memory.parkedPulls === 0) return;
    this.#holdRing.publish();
    this.#arrival[0] = slot;
    this.#arrivals.offer(this.#arrival);
  }
}
