/**
 * ReputMessageService: derives consume queues and index files from what was written to the commit log.
 *
 * It owns the dispatched cursor, the queues' largest offsets and the derived files. It follows `written`, never `appended`, so nobody consumes what a
 * crash of the process could take back. Records come out of the ring in copies that are checked after the copy; when it fell behind so far that the ring was written over, out of the
 * files. It never waits for anybody: with it paused, sends go on and consuming stops.
 *
 * Source: apache/rocketmq store DefaultMessageStore.ReputMessageService
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { Dispatcher, type DispatchMarks } from "../../../store/dispatch.ts";
import { DispatchFiles, SCHEDULE_TOPIC } from "../../../store/dispatch_files.ts";
import { parseDelayLevels } from "../../../store/delay_levels.ts";
import { DenoDisk } from "../../../store/file/deno_disk.ts";
import { HandleCache } from "../../../store/file/handle_cache.ts";
import { IndexFileSet } from "../../../store/index_file_set.ts";
import { LogReader } from "../../../store/log_reader.ts";
import type { Doorbell } from "../../../store/memory/doorbell.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import { TokenRing } from "../../../store/memory/token_ring.ts";
import { ScanKind } from "../../../store/record_scan.ts";
import { type TopicUpdate, TopicView } from "../../../store/topic_view.ts";
import { appendBytesMax, type BrokerActorInit, openStore, storeShape } from "../broker_init.ts";
import { WaiterBell } from "../broker_memory.ts";
import type { ReputContract } from "./reput_contract.ts";

/** Bytes of the log taken at once. Small enough to stay in the processor's cache, large enough to pay for the cursors. */
const RUN_BYTES = 256 * 1024;

/** Longest sleep of an idle service. Milliseconds. */
const IDLE_MS = 100;

/** One doze. Milliseconds; Apache polls every 1 ms. Source: apache/rocketmq store DefaultMessageStore.ReputMessageService.run */
const DOZE_MS = 2;

/** Dozes without work before it sleeps until it is woken: a fifth of a second. */
const DOZES_MAX = 100;

/** While there is work, waiting messages are taken this often. Milliseconds. */
const BREATHE_EVERY_MS = 5;

/** Starts the behaviour. */
export async function startReputMessageService(
  init: BrokerActorInit,
  context: ActorContext<ReputContract>,
): Promise<Behaviour<ReputContract>> {
  const service = new ReputMessageService(init, context);
  await service.subscribe();
  const loop = service.run();
  return {
    asks: {
      topics: (update) => ({ version: service.apply(update) }),
      takeDirty: () => service.dispatcher.takeDirty(),
      counters: () => service.counters,
    },
    tells: {},
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
  readonly #context: ActorContext<ReputContract>;
  readonly #memory: LogMemory;
  readonly #reader: LogReader;
  readonly #view = new TopicView();
  readonly #arrivals: TokenRing;
  readonly #arrival = new Int32Array(1);
  readonly #holdBell: Doorbell;
  readonly #scheduleBell: Doorbell;
  readonly #recordBytesMax: number;
  readonly #names: { readonly topic: string; readonly queueId: number }[] = [];
  #slots: number[] = [];
  #max: number[] = [];
  #run = new Uint8Array(RUN_BYTES);
  readonly #hasWorkFn = (): boolean => this.#hasWork();
  #scheduleArrived = false;
  #arrived = false;
  #dozes = 0;
  #stopping = false;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<ReputContract>) {
    const { values } = init;
    const shape = storeShape(values);
    this.#context = context;
    this.#memory = new LogMemory(init.memory.log);
    this.#reader = new LogReader(this.#memory, openStore(values, "read", 16).commitLog);
    this.#arrivals = new TokenRing(init.memory.arrivals);
    this.#holdBell = this.#memory.waiterBell(WaiterBell.Hold);
    this.#scheduleBell = this.#memory.waiterBell(WaiterBell.Schedule);
    this.#recordBytesMax = appendBytesMax(values);
    const disk = new DenoDisk();
    this.dispatcher = new Dispatcher({
      files: new DispatchFiles({
        root: shape.consumeQueue,
        fileBytes: shape.consumeQueueFileBytes,
        handles: new HandleCache({ disk, mode: "write", handlesMax: 4096 }),
      }),
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
  get counters(): {
    position: number;
    units: number;
    keys: number;
    refused: number;
    fromRing: number;
    fromFile: number;
    missed: number;
  } {
    const { ringReads, fileReads } = this.#reader.counters;
    return {
      position: this.dispatcher.position,
      units: this.dispatcher.counters.units,
      keys: this.dispatcher.keys,
      refused: this.dispatcher.refused,
      fromRing: ringReads,
      fromFile: fileReads,
      missed: this.#memory.writtenBell.missed,
    };
  }

  /** Gets the topics as they are now; the controller sends what changes from then on. */
  async subscribe(): Promise<void> {
    const snapshot = await this.#context.peer("controller").ask("subscribe", {
      name: this.#context.name,
      control: false,
    }, { timeoutMs: 10_000 });
    this.apply(snapshot.topics);
  }

  /** Applies a step of the topic table. @returns the version known afterwards */
  apply(update: TopicUpdate): number {
    const version = this.#view.apply(update);
    for (const topic of update.removed) this.#forget(topic);
    this.#names.forEach(({ topic, queueId }, queue) => {
      const slot = this.#view.get(topic)?.slots[queueId] ?? -1;
      if (slot === this.#slots[queue]) return;
      this.#slots[queue] = slot;
      if (slot >= 0 && this.#max[queue]! > this.#view.queues.maxOffset(slot)) this.#publish(slot, this.#max[queue]!);
    });
    return version;
  }

  #forget(topic: string): void {
    this.dispatcher.forgetTopic(topic);
    this.#names.forEach((name, queue) => {
      if (name.topic === topic) this.#names[queue] = { topic: "", queueId: -1 };
    });
  }

  /** Ends the loop when everything written is dispatched. */
  stop(): void {
    this.#stopping = true;
  }

  /** Writes what is kept back and closes the index. */
  close(): void {
    this.dispatcher.close();
  }

  /** Takes turns until {@link stop} and nothing is left. */
  async run(): Promise<void> {
    const { clock } = this.#context;
    let breathedMs = clock.monotonicMs();
    try {
      for (;;) {
        const work = this.turn();
        if (work === 0) {
          if (this.#stopping) return;
          this.dispatcher.idle();
          await this.#rest();
          breathedMs = clock.monotonicMs();
        } else if (clock.monotonicMs() - breathedMs > BREATHE_EVERY_MS) {
          await this.#context.breathe();
          breathedMs = clock.monotonicMs();
        }
        if (!this.#context.gate() && work === 0 && !this.#hasWork()) return;
      }
    } catch (error) {
      this.#context.fail(error);
    }
  }

  #hasWork(): boolean {
    return this.#memory.written.load() > this.dispatcher.position;
  }

  /**
   * Rests until there is something to dispatch. While pulls are parked, a writer has to wake this thread for each write; while none is, it dozes for a moment
   * and finds many records at once, which leaves the processor to those who send. After some dozes without work it sleeps until it is woken.
   */
  async #rest(): Promise<void> {
    if (this.#dozes < DOZES_MAX && this.#memory.parkedPulls === 0) {
      this.#dozes++;
      await this.#context.clock.sleep(DOZE_MS);
      return;
    }
    await this.#memory.writtenBell.sleepAsync(this.#hasWorkFn, IDLE_MS);
  }

  /** Dispatches one run. @returns bytes dispatched */
  turn(): number {
    const position = this.dispatcher.position;
    const written = this.#memory.written.load();
    if (written === position) return 0;
    const bytes = Math.min(written - position, this.#run.length);
    const read = this.#reader.read(position, bytes, this.#run, 0);
    const next = this.dispatcher.dispatch(this.#run, 0, read, position);
    if (next === position) {
      this.#grow(position, read);
      return bytes;
    }
    this.#memory.dispatched.store(next);
    this.#dozes = 0;
    if (this.#arrived) {
      this.#arrived = false;
      this.#holdBell.ring();
    }
    if (this.#scheduleArrived) {
      this.#scheduleArrived = false;
      this.#scheduleBell.ring();
    }
    this.#context.countWork(next - position);
    return next - position;
  }

  /** A run without one whole record: take more of the log at once, or stop before what is no record. */
  #grow(position: number, read: number): void {
    const limit = this.#recordBytesMax + RUN_BYTES;
    if (this.dispatcher.stoppedBy !== ScanKind.Short || this.#run.length >= limit) {
      throw new Error(`Cannot dispatch the commit log: no record at position ${position}, ${read} bytes read`);
    }
    this.#run = new Uint8Array(Math.min(limit, this.#run.length * 4));
  }

  /** A queue was opened by the dispatcher. */
  opened(queue: number, topic: string, queueId: number): void {
    this.#names[queue] = { topic, queueId };
    this.#slots[queue] = this.#view.get(topic)?.slots[queueId] ?? -1;
    this.#max[queue] = 0;
  }

  /** A queue began above offset 0. */
  began(queue: number, minOffset: number): void {
    const slot = this.#slots[queue]!;
    if (slot >= 0) this.#view.queues.setMinOffset(slot, minOffset);
  }

  /** A queue got units. */
  mark(queue: number, maxOffset: number, _storeTimestampMs: number): void {
    this.#max[queue] = maxOffset;
    if (this.#names[queue]!.topic === SCHEDULE_TOPIC) this.#scheduleArrived = true;
    const slot = this.#slots[queue]!;
    if (slot >= 0) this.#publish(slot, maxOffset);
  }

  #publish(slot: number, maxOffset: number): void {
    this.#view.queues.setMaxOffset(slot, maxOffset);
    if (this.#memory.parkedPulls === 0) return;
    this.#arrival[0] = slot;
    this.#arrivals.offer(this.#arrival);
    this.#arrived = true;
  }
}
