/**
 * FlushCommitLogService: brings the commit log to the device and says how far it is.
 *
 * It owns the durable-position file, prepares the next log file before it is needed, and probes a disk that was full or slow. With SYNC_FLUSH it
 * syncs as soon as a writer wakes it: sends that wait gather behind one fdatasync, which is group commit; a gateway syncs what is little itself. With ASYNC_FLUSH it
 * looks once an interval whether pages or time are enough for a sync; with flushCommitLogTimed=false also when a writer wakes it. A sync that failed is never tried again: the log is latched and the process ends.
 *
 * Source: apache/rocketmq store CommitLog.FlushRealTimeService, CommitLog.GroupCommitService
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { DurablePositionFile } from "../../../store/durable_position.ts";
import { DiskError } from "../../../store/file/disk.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import type { SegmentSet } from "../../../store/file/segment_set.ts";
import { LogSync, LogSyncError } from "../../../store/log_sync.ts";
import { LogMemory, LogStatus } from "../../../store/memory/log_memory.ts";
import { PageRule } from "../../../store/page_rule.ts";
import { type BrokerActorInit, openStore, storeShape } from "../broker_init.ts";
import { gatewayBells } from "../broker_memory.ts";
import { NearSleep } from "../near_sleep.ts";
import { wakesFlush } from "../write_mode.ts";
import type { FlushCommitLogContract } from "./flush_contract.ts";

/** The next file is made when this share of the current one is written. */
const PREPARE_SHARE = 0.5;

/** How often a refused log is probed. Milliseconds. */
const PROBE_EVERY_MS = 100;

/** Bytes of one probe write. */
const PROBE_BYTES = 64 * 1024;

/** A probe that takes longer than this leaves a busy log busy. Milliseconds. */
const PROBE_QUICK_MS = 50;

/** Syncs that take longer are logged. Milliseconds. */
const SLOW_SYNC_MS = 500;

/** The durable position is written down this often at most, and at the end. Milliseconds. */
const PROMISE_EVERY_MS = 200;

/** Starts the behaviour. */
export function startFlushCommitLogService(
  init: BrokerActorInit,
  context: ActorContext<FlushCommitLogContract>,
): Behaviour<FlushCommitLogContract> {
  const service = new FlushCommitLogService(init, context);
  const loop = service.run();
  return {
    asks: {
      flush: () => ({ flushed: service.flush() }),
      counters: () => service.counters,
    },
    tells: {},
    stop: async () => {
      service.stop();
      await loop;
      service.finish();
    },
  };
}

/** The behaviour's state and loop. */
export class FlushCommitLogService {
  readonly #context: ActorContext<FlushCommitLogContract>;
  readonly #memory: LogMemory;
  readonly #files: SegmentSet;
  readonly #sync: LogSync;
  readonly #durable: DurablePositionFile;
  readonly #probe = new Uint8Array(PROBE_BYTES);
  readonly #isSync: boolean;
  readonly #intervalMs: number;
  readonly #isWoken: boolean;
  readonly #rule: PageRule;
  readonly #sleep: NearSleep;
  #lastSyncMs: number;
  #lastPromiseMs = 0;
  #promised: number;
  #lastLookMs: number;
  /** What was written when it was looked at last. */
  #lookedAt = -1;
  #lastProbeMs = 0;
  #asksSeen = 0;
  #syncs = 0;
  #slowestMs = 0;
  #stopping = false;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<FlushCommitLogContract>) {
    const { values } = init;
    this.#context = context;
    this.#memory = new LogMemory(init.memory.log);
    this.#files = openStore(values, "write", 8, new LightDisk()).commitLog;
    this.#sync = new LogSync(this.#memory, this.#files, gatewayBells(this.#memory));
    this.#durable = new DurablePositionFile(new LightDisk(), storeShape(values).durablePosition);
    this.#isSync = values.flushDiskType === "SYNC_FLUSH";
    this.#intervalMs = values.flushIntervalCommitLog;
    this.#isWoken = wakesFlush(values);
    this.#rule = new PageRule({
      leastPages: values.flushCommitLogLeastPages,
      thoroughMs: values.flushCommitLogThoroughInterval,
      fileBytes: values.mappedFileSizeCommitLog,
    });
    this.#sleep = new NearSleep(context, this.#memory.flushBell);
    this.#lastSyncMs = context.clock.monotonicMs();
    this.#lastLookMs = this.#lastSyncMs;
    this.#promised = this.#memory.flushed.load();
    this.#rule.restart(this.#lastSyncMs);
  }

  /** What was done so far. */
  get counters(): { syncs: number; flushed: number; slowestMs: number; missed: number } {
    return {
      syncs: this.#syncs,
      flushed: this.#memory.flushed.load(),
      slowestMs: this.#slowestMs,
      missed: this.#memory.flushBell.missed,
    };
  }

  /** Ends the loop at its next turn. */
  stop(): void {
    this.#stopping = true;
    this.#memory.flushBell.ring();
  }

  /** Syncs what is left and writes down how far the log is on the device. */
  finish(): void {
    this.flush();
    this.#promise();
  }

  /** Takes turns until {@link stop}. */
  async run(): Promise<void> {
    const hasWork = (): boolean => this.#stopping || this.hasNews();
    try {
      while (!this.#stopping) {
        const syncs = this.#syncs;
        this.turn();
        // Senders that wait for the device send the next as soon as they are answered.
        if (this.#isSync && this.#syncs !== syncs) await this.#sleep.worked();
        await this.#sleep.rest(hasWork, this.#restMs());
        if (!await this.#context.gate()) return;
      }
    } catch (error) {
      this.#context.fail(error);
    }
  }

  /** Whether a writer has something for the next turn that cannot wait for its time. */
  hasNews(): boolean {
    return this.#isWoken && this.#memory.syncAsks !== this.#asksSeen;
  }

  /** How long there is nothing to do unless the bell rings. Milliseconds. */
  #restMs(): number {
    const { written, flushed, status } = this.#memory;
    const isAtRest = status === LogStatus.Open && written.load() === flushed.load();
    return isAtRest ? Math.max(PROBE_EVERY_MS, this.#intervalMs) : Math.min(PROBE_EVERY_MS, this.#intervalMs);
  }

  /** Syncs when it is time, prepares the next file, probes a refused log. */
  turn(): void {
    this.#prepare();
    this.#probeRefused();
    this.#asksSeen = this.#memory.syncAsks;
    if (this.#isSync || this.#isTime()) this.flush();
    this.#promise();
  }

  #isTime(): boolean {
    const nowMs = this.#context.clock.monotonicMs();
    const written = this.#memory.written.load();
    const isWoken = this.#isWoken && written > this.#lookedAt;
    if (!isWoken && nowMs - this.#lastLookMs < this.#intervalMs) return false;
    this.#lastLookMs = nowMs;
    this.#lookedAt = written;
    return this.#rule.isDue(nowMs, this.#memory.flushed.load(), written);
  }

  /** Syncs everything that is written now. @returns the position that is on the device */
  flush(): number {
    const memory = this.#memory;
    if (this.#sync.behindBytes === 0) return memory.flushed.load();
    const beganMs = this.#context.clock.monotonicMs();
    const bytes = this.#syncOrFail();
    this.#lastSyncMs = this.#context.clock.monotonicMs();
    if (bytes === 0) return memory.flushed.load();
    this.#syncs++;
    this.#note(this.#lastSyncMs - beganMs, bytes);
    this.#context.countWork(1);
    return memory.flushed.load();
  }

  #syncOrFail(): number {
    try {
      return this.#sync.sync();
    } catch (error) {
      if (error instanceof LogSyncError) this.#context.signal("failed", { text: error.message });
      throw error;
    }
  }

  /** Writes down what is on the device, so that recovery can tell damage from a torn tail. Not more often than it is worth. */
  #promise(): void {
    const position = this.#memory.flushed.load();
    const nowMs = this.#context.clock.monotonicMs();
    if (position === this.#promised || nowMs - this.#lastPromiseMs < PROMISE_EVERY_MS && !this.#stopping) return;
    this.#lastPromiseMs = nowMs;
    this.#promised = position;
    this.#unlessFull(() =>
      this.#durable.writeFlushed(
        position,
        this.#memory.logStart.load(),
        (at, into, length) => this.#files.read(into, 0, length, at),
      )
    );
  }

  /** What only prepares or promises may wait until a full disk has room. @returns whether it was done */
  #unlessFull(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (error instanceof DiskError && error.code === "NO_SPACE") return false;
      throw error;
    }
  }

  #note(elapsedMs: number, bytes: number): void {
    this.#slowestMs = Math.max(this.#slowestMs, elapsedMs);
    if (elapsedMs <= SLOW_SYNC_MS) return;
    this.#context.signal("log", {
      level: "warn",
      text: `Commit log: fdatasync of ${bytes} bytes took ${Math.round(elapsedMs)} ms`,
    });
  }

  #prepare(): void {
    const { written, preparedFile } = this.#memory;
    const position = written.load();
    const start = this.#files.startOf(position);
    const next = start + this.#files.fileBytes;
    if (preparedFile.load() >= next || position - start < this.#files.fileBytes * PREPARE_SHARE) return;
    if (this.#unlessFull(() => void this.#files.prepareNext(position))) preparedFile.store(next);
  }

  /** After a full disk or a slow write: a write into the free part of the log tells when appends may go on. */
  #probeRefused(): void {
    const memory = this.#memory;
    const status = memory.status;
    if (status !== LogStatus.DiskFull && status !== LogStatus.Busy) return;
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs - this.#lastProbeMs < PROBE_EVERY_MS) return;
    this.#lastProbeMs = nowMs;
    memory.writeLock.acquire();
    try {
      const position = memory.written.load();
      if (memory.appended.load() !== position) return;
      const left = this.#files.startOf(position) + this.#files.fileBytes - position;
      this.#files.write(this.#probe, 0, Math.min(PROBE_BYTES, left), position);
    } catch (error) {
      if (status === LogStatus.Busy) throw error;
      return;
    } finally {
      memory.writeLock.release();
    }
    if (this.#context.clock.monotonicMs() - nowMs > PROBE_QUICK_MS) return;
    if (!memory.exchangeStatus(status, LogStatus.Open)) return;
    this.#context.signal("log", { level: "info", text: "Commit log: the disk takes writes again, sends are accepted" });
  }
}
