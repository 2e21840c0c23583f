/**
 * FlushCommitLogService: brings the commit log to the device and says how far it is.
 *
 * It owns the flushed cursor and the durable-position file, prepares the next log file before it is needed, and probes a disk that was full or slow. With SYNC_FLUSH it
 * syncs as soon as something was written: sends that wait gather behind one fdatasync, which is group commit. With ASYNC_FLUSH it looks once an interval whether
 * pages or time are enough for a sync; with flushCommitLogTimed=false also when a writer wakes it. A sync that failed is never tried again, because the next call would report success for pages that are lost: the log is latched and the process ends.
 *
 * Source: apache/rocketmq store CommitLog.FlushRealTimeService, CommitLog.GroupCommitService
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { DurablePositionFile } from "../../../store/durable_position.ts";
import { DiskError } from "../../../store/file/disk.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import type { SegmentSet } from "../../../store/file/segment_set.ts";
import type { Doorbell } from "../../../store/memory/doorbell.ts";
import { LogMemory, LogStatus } from "../../../store/memory/log_memory.ts";
import { PageRule } from "../../../store/page_rule.ts";
import { type BrokerActorInit, openStore, storeShape } from "../broker_init.ts";
import { GATEWAYS_MAX, WaiterBell } from "../broker_memory.ts";
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

/** So long after a sync the next one is expected at any moment. Milliseconds. */
const BUSY_MS = 5;

/** A sync of no more than this was for few senders. Bytes. */
const FEW_BYTES = 8 * 1024;

/** Longest wait that blocks the thread. Milliseconds. */
const BLOCK_MS = 2;

/** The event loop gets its turn this often while the thread blocks. Milliseconds. */
const BREATHE_MS = 10;

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
      service.flush();
    },
  };
}

/** The behaviour's state and loop. */
export class FlushCommitLogService {
  readonly #context: ActorContext<FlushCommitLogContract>;
  readonly #memory: LogMemory;
  readonly #files: SegmentSet;
  readonly #durable: DurablePositionFile;
  readonly #probe = new Uint8Array(PROBE_BYTES);
  readonly #isSync: boolean;
  readonly #intervalMs: number;
  readonly #isWoken: boolean;
  readonly #rule: PageRule;
  readonly #waiters: readonly Doorbell[];
  #lastSyncMs: number;
  #lastPromiseMs = 0;
  #lastLookMs: number;
  /** What was written when it was looked at last. */
  #lookedAt = -1;
  #lastProbeMs = 0;
  #syncs = 0;
  #slowestMs = 0;
  #breathedMs = 0;
  #lastBytes = 0;
  #stopping = false;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<FlushCommitLogContract>) {
    const { values } = init;
    this.#context = context;
    this.#memory = new LogMemory(init.memory.log);
    this.#files = openStore(values, "write", 8, new LightDisk()).commitLog;
    this.#durable = new DurablePositionFile(new LightDisk(), storeShape(values).durablePosition);
    this.#isSync = values.flushDiskType === "SYNC_FLUSH";
    this.#intervalMs = values.flushIntervalCommitLog;
    this.#isWoken = wakesFlush(values);
    this.#rule = new PageRule({
      leastPages: values.flushCommitLogLeastPages,
      thoroughMs: values.flushCommitLogThoroughInterval,
      fileBytes: values.mappedFileSizeCommitLog,
    });
    this.#waiters = [...Array(GATEWAYS_MAX).keys(), WaiterBell.Schedule, WaiterBell.Transactions]
      .map((waiter) => this.#memory.waiterBell(waiter));
    this.#lastSyncMs = context.clock.monotonicMs();
    this.#lastLookMs = this.#lastSyncMs;
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

  /** Takes turns until {@link stop}. */
  async run(): Promise<void> {
    const { flushBell } = this.#memory;
    const hasWork = (): boolean => this.hasNews();
    try {
      while (!this.#stopping) {
        this.turn();
        if (this.#isBusy()) flushBell.sleep(hasWork, BLOCK_MS);
        else await flushBell.sleepAsync(hasWork, this.#restMs());
        if (!await this.#gate()) return;
      }
    } catch (error) {
      this.#context.fail(error);
    }
  }

  /**
   * In the middle of synchronous sends the next one is near. A thread that blocks for it is there sooner than an event loop by about 50 µs, and
   * comes back to its event loop often enough for whoever asks it. When many send, the time until it wakes makes the groups larger, which is worth more.
   */
  #isBusy(): boolean {
    if (!this.#isSync || !this.#context.ownsThread || this.#lastBytes > FEW_BYTES) return false;
    return this.#context.clock.monotonicMs() - this.#lastSyncMs < BUSY_MS;
  }

  #gate(): boolean | Promise<boolean> {
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs - this.#breathedMs < BREATHE_MS) return this.#context.gate();
    this.#breathedMs = nowMs;
    return this.#context.breathe();
  }

  /** Whether a writer has something for the next turn that cannot wait for its time. */
  hasNews(): boolean {
    if (!this.#isWoken) return false;
    const written = this.#memory.written.load();
    return this.#isSync ? written > this.#memory.flushed.load() : written > this.#lookedAt;
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
    if (this.#isSync || this.#isTime()) this.flush();
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
    const to = memory.written.load();
    const from = this.#beginning(to);
    if (to <= from || memory.status === LogStatus.ReadOnly) return from;
    const beganMs = this.#context.clock.monotonicMs();
    try {
      this.#files.syncRange(from, to);
    } catch (error) {
      memory.setStatus(LogStatus.ReadOnly);
      this.#context.signal("failed", {
        text: `Cannot sync the commit log from ${from} to ${to}: ${error instanceof Error ? error.message : error}`,
      });
      throw error;
    }
    for (const waiter of this.#waiters) waiter.willRing();
    memory.flushed.store(to);
    for (const waiter of this.#waiters) waiter.ringAsSaid();
    this.#syncs++;
    this.#lastBytes = to - from;
    this.#lastSyncMs = this.#context.clock.monotonicMs();
    this.#note(this.#lastSyncMs - beganMs, to - from);
    this.#promise(to);
    this.#context.countWork(1);
    return to;
  }

  /** Where the next sync begins. The empty log of a slave may begin above 0 all at once: there is nothing to sync below. */
  #beginning(written: number): number {
    const { flushed, logStart } = this.#memory;
    const position = flushed.load();
    const start = logStart.load();
    if (position >= start || written < start) return position;
    flushed.store(start);
    return start;
  }

  /** Writes down what is on the device, so that recovery can tell damage from a torn tail. Not more often than it is worth. */
  #promise(position: number): void {
    if (this.#lastSyncMs - this.#lastPromiseMs < PROMISE_EVERY_MS && !this.#stopping) return;
    this.#lastPromiseMs = this.#lastSyncMs;
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
