/**
 * CommitRealTimeService: writes to the commit-log file what was acknowledged in memory. It runs only with transientStorePoolEnable.
 *
 * It takes the write lock like any other writer; what it writes becomes visible to readers then and not before. When the disk is full, what is acknowledged stays in
 * memory and is tried again; sends are refused meanwhile. A write that failed otherwise latches the log, and the process ends: what was not written is lost, which this
 * mode allows.
 *
 * Source: apache/rocketmq store CommitLog.CommitRealTimeService
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import { type LogWriter, WriteOutcome } from "../../../store/log_writer.ts";
import type { Doorbell } from "../../../store/memory/doorbell.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import type { PageRule } from "../../../store/page_rule.ts";
import { TopicView } from "../../../store/topic_view.ts";
import { type BrokerActorInit, openStore } from "../broker_init.ts";
import { WaiterBell } from "../broker_memory.ts";
import { logWriterOf } from "../log_writer_of.ts";
import { commitRule } from "./commit_rule.ts";
import type { CommitRealTimeContract } from "./flush_contract.ts";

/** Wait before a full disk is tried again. Milliseconds. */
const FULL_PAUSE_MS = 100;

/** Starts the behaviour. */
export function startCommitRealTimeService(
  init: BrokerActorInit,
  context: ActorContext<CommitRealTimeContract>,
): Behaviour<CommitRealTimeContract> {
  const service = new CommitRealTimeService(init, context);
  const loop = service.run();
  return {
    asks: {
      commit: () => ({ isWhole: service.commit() }),
      counters: () => service.counters,
    },
    tells: {},
    stop: async () => {
      service.stop();
      await loop;
      service.commit();
    },
  };
}

/** The behaviour's state and loop. */
export class CommitRealTimeService {
  readonly #context: ActorContext<CommitRealTimeContract>;
  readonly #memory: LogMemory;
  readonly #writer: LogWriter;
  readonly #bell: Doorbell;
  readonly #rule: PageRule;
  readonly #intervalMs: number;
  readonly #isWoken: boolean;
  #commits = 0;
  #isDiskFull = false;
  #stopping = false;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<CommitRealTimeContract>) {
    const { values } = init;
    this.#context = context;
    this.#memory = new LogMemory(init.memory.log);
    this.#bell = this.#memory.waiterBell(WaiterBell.Commit);
    this.#rule = commitRule(values);
    this.#rule.restart(context.clock.monotonicMs());
    this.#intervalMs = values.commitIntervalCommitLog;
    this.#isWoken = values.wakeCommitWhenPutMessage;
    this.#writer = logWriterOf({
      values,
      memory: this.#memory,
      files: openStore(values, "write", 8, new LightDisk()).commitLog,
      // Nothing that is acknowledged is taken back, so no queue's offset is.
      view: new TopicView(),
      monotonicMs: () => context.clock.monotonicMs(),
      name: "Commit",
      warn: (text) => context.signal("log", { level: "warn", text }),
    });
  }

  /** What was done so far. */
  get counters(): { commits: number; written: number; missed: number } {
    return { commits: this.#commits, written: this.#memory.written.load(), missed: this.#bell.missed };
  }

  /** Ends the loop at its next turn. */
  stop(): void {
    this.#stopping = true;
    this.#bell.ring();
  }

  /** Takes turns until {@link stop}. */
  async run(): Promise<void> {
    const hasWork = (): boolean => this.#hasPages();
    try {
      while (!this.#stopping) {
        this.turn();
        if (this.#isDiskFull) await this.#context.clock.sleep(FULL_PAUSE_MS);
        else await this.#bell.sleepAsync(hasWork, this.#intervalMs);
        if (!this.#context.gate()) return;
      }
    } catch (error) {
      this.#context.fail(error);
    }
  }

  #hasPages(): boolean {
    return this.#isWoken && this.#rule.hasPages(this.#memory.written.load(), this.#memory.appended.load());
  }

  /** Writes when there is enough or it is time. */
  turn(): void {
    const { written, appended } = this.#memory;
    if (this.#rule.isDue(this.#context.clock.monotonicMs(), written.load(), appended.load())) this.commit();
  }

  /** Writes everything. @returns whether it could */
  commit(): boolean {
    const before = this.#memory.written.load();
    const outcome = this.#writer.write();
    if (outcome === WriteOutcome.Failed) {
      const { lastError } = this.#writer;
      const text = `Cannot write the commit log: ${lastError instanceof Error ? lastError.message : lastError}`;
      this.#context.signal("failed", { text });
      throw new Error(text);
    }
    this.#noteFull(outcome !== WriteOutcome.Written);
    if (this.#memory.written.load() === before) return outcome === WriteOutcome.Written;
    this.#rule.restart(this.#context.clock.monotonicMs());
    this.#commits++;
    this.#context.countWork(1);
    return outcome === WriteOutcome.Written;
  }

  #noteFull(isFull: boolean): void {
    if (isFull && !this.#isDiskFull) {
      const bytes = this.#memory.appended.load() - this.#memory.written.load();
      const text = `Commit: the disk is full; ${bytes} acknowledged bytes are in memory only, sends are refused`;
      this.#context.signal("log", { level: "error", text });
    }
    this.#isDiskFull = isFull;
  }
}
