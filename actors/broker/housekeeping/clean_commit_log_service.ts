/**
 * CleanCommitLogService: removes what is old, or what a full disk has no room for, and looks at the files now and then.
 *
 * It owns the first position of the log and the smallest offsets of the queues. It reads times and sizes of files, the fill of the disks, and the committed
 * offsets in their file, to name the groups that miss something. It removes smoothly: one log file after a pause, its bytes in steps. It never removes the file
 * that holds the end of the log, or the last file of a queue, so that offsets go on after a start.
 *
 * Source: apache/rocketmq store DefaultMessageStore CleanCommitLogService, CleanConsumeQueueService
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { decodeConsumerOffsetTable } from "../../../protocol/bodies/consumer_offsets.ts";
import { DiskError } from "../../../store/file/disk.ts";
import { readTextFile } from "../../../store/file/json_file.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import { SmoothRemoval } from "../../../store/file/smooth_removal.ts";
import { Gauge, Gauges } from "../../../store/gauges.ts";
import { LogMemory, LogStatus } from "../../../store/memory/log_memory.ts";
import { decideRetention, RETENTION_MANUAL_ROUNDS, type RetentionDecision } from "../../../store/retention.ts";
import { firstLogFileToRemove, removeIndexFiles } from "../../../store/retention_files.ts";
import { checkSelf, SELF_CHECK_INTERVAL_MS } from "../../../store/self_check.ts";
import { storeTimeOf } from "../../../store/store_time.ts";
import { TopicView } from "../../../store/topic_view.ts";
import { UnreadGroups } from "../../../store/unread_groups.ts";
import type { ConfigurationUpdate, DiskUse } from "../broker_controller_contract.ts";
import type { BrokerValues } from "../broker_configuration.ts";
import { type BrokerActorInit, openStore, type StoreHandles } from "../broker_init.ts";
import type { HousekeepingContract, RemovalCounters } from "./housekeeping_contract.ts";
import { QueueCleaner } from "./queue_cleaner.ts";

/** First round after the start, milliseconds. Source: apache/rocketmq store DefaultMessageStore.addScheduleTask */
const FIRST_ROUND_MS = 60_000;

/** Bytes of a removed file that are given back at once. */
const REMOVAL_STEP_BYTES = 64 * 1024 * 1024;

/** Pause between two steps, milliseconds: 3 GiB/s at most, and time for others to use the file system. */
const REMOVAL_STEP_PAUSE_MS = 20;

/** Queues looked at before messages are taken. */
const QUEUES_AT_ONCE = 64;

/** Numbers of the configuration that retention follows, also when they change while the broker runs. */
const RETENTION_NUMBERS = [
  "fileReservedTime",
  "diskMaxUsedSpaceRatio",
  "diskSpaceCleanForciblyRatio",
  "diskSpaceWarningLevelRatio",
  "deleteFileBatchMax",
  "deleteCommitLogFilesInterval",
  "deleteConsumeQueueFilesInterval",
  "cleanResourceInterval",
] as const;

type RetentionValues = {
  -readonly [K in typeof RETENTION_NUMBERS[number] | "deleteWhen" | "cleanFileForciblyEnable"]: BrokerValues[K];
};

/** Starts the behaviour. */
export async function startCleanCommitLogService(
  init: BrokerActorInit,
  context: ActorContext<HousekeepingContract>,
): Promise<Behaviour<HousekeepingContract>> {
  const service = new CleanCommitLogService(init, context);
  await service.subscribe();
  service.schedule(FIRST_ROUND_MS);
  return {
    asks: {
      topics: (update) => ({ version: service.view.apply(update) }),
      configuration: (update) => ({ version: service.applyConfiguration(update) }),
      counters: () => service.counters,
      round: () => service.round(),
      cleanExpiredConsumeQueues: async () => {
        await service.cleanQueues();
        return null;
      },
      cleanUnusedTopics: async ({ keep }) => {
        await service.cleanUnusedTopics(new Set(keep));
        return null;
      },
      deleteExpiredCommitLog: () => {
        service.removeManually();
        return null;
      },
      diskUse: () => service.diskUse(),
    },
    tells: {},
    stop: () => service.stop(),
  };
}

/** The behaviour's state. */
export class CleanCommitLogService {
  /** The topics, with the queue table. */
  readonly view = new TopicView();
  readonly #context: ActorContext<HousekeepingContract>;
  readonly #memory: LogMemory;
  readonly #gauges: Gauges;
  readonly #disk = new LightDisk();
  readonly #store: StoreHandles;
  readonly #queues: QueueCleaner;
  #values: RetentionValues;
  #manualRounds = 0;
  #cleanedBelow: number;
  #nextCheckMs: number;
  #running: Promise<RemovalCounters> | undefined;
  #timer: { cancel(): void } | undefined;
  #counts = { rounds: 0, logFiles: 0, queueFiles: 0, indexFiles: 0, checks: 0 };
  #stopping = false;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<HousekeepingContract>) {
    this.#context = context;
    this.#values = init.values;
    this.#memory = new LogMemory(init.memory.log);
    this.#gauges = new Gauges(init.gauges);
    this.#store = openStore(init.values, "write", 16, this.#disk);
    this.#queues = new QueueCleaner(this.#store, this.view);
    this.#cleanedBelow = this.#memory.logStart.load();
    this.#nextCheckMs = context.clock.monotonicMs() + SELF_CHECK_INTERVAL_MS;
    this.#publishEarliest();
  }

  /** What was removed so far. */
  get counters(): RemovalCounters {
    return { ...this.#counts };
  }

  /** Gets topics and configuration as they are now; the controller sends what changes from then on. */
  async subscribe(): Promise<void> {
    const snapshot = await this.#context.peer("controller").ask("subscribe", {
      name: this.#context.name,
      control: false,
      configuration: true,
    }, { timeoutMs: 10_000 });
    this.view.apply(snapshot.topics);
    this.applyConfiguration(snapshot.configuration);
  }

  /** Takes changed values over. @returns the version known afterwards */
  applyConfiguration(update: ConfigurationUpdate): number {
    const { changed } = update;
    const values = { ...this.#values };
    for (const key of RETENTION_NUMBERS) if (changed[key] !== undefined) values[key] = Number(changed[key]);
    if (changed.deleteWhen !== undefined) values.deleteWhen = changed.deleteWhen;
    if (changed.cleanFileForciblyEnable !== undefined) {
      values.cleanFileForciblyEnable = changed.cleanFileForciblyEnable === "true";
    }
    this.#values = values;
    return update.version;
  }

  /** Takes rounds from time to time. */
  schedule(inMs: number): void {
    if (this.#stopping) return;
    this.#timer?.cancel();
    this.#timer = this.#context.clock.setTimer(inMs, () => {
      this.round().then(() => this.schedule(this.#values.cleanResourceInterval), (error) => this.#context.fail(error));
    });
  }

  /** Ends the rounds. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#timer?.cancel();
    await this.#running;
    this.#store.handles.close();
  }

  /** Has the next rounds remove what is old at any hour, and takes the first of them now. */
  removeManually(): void {
    this.#manualRounds = RETENTION_MANUAL_ROUNDS;
    this.schedule(0);
  }

  /** Takes a round: log, queues and index, self-check when it is time. A round that is under way counts. */
  round(): Promise<RemovalCounters> {
    this.#running ??= this.#round().finally(() => this.#running = undefined);
    return this.#running;
  }

  /** Removes the files of queues and indexes that lie before the first position of the log. */
  async cleanQueues(): Promise<void> {
    const logMin = this.#memory.logStart.load();
    const groups = this.#readGroups();
    const pauseMs = this.#values.deleteConsumeQueueFilesInterval;
    let done = 0;
    for (const files of this.#queues.clean(logMin, groups)) {
      this.#counts.queueFiles += files;
      if (files > 0 && pauseMs > 0) await this.#context.clock.sleep(pauseMs);
      else if (++done % QUEUES_AT_ONCE === 0) await this.#context.breathe();
      if (this.#stopping) return;
    }
    const { shape } = this.#store;
    if (shape.indexShape !== undefined) {
      this.#counts.indexFiles += removeIndexFiles(this.#disk, shape.index, shape.indexShape, logMin);
    }
    this.#cleanedBelow = logMin;
    const unread = this.#queues.takeUnread();
    if (unread !== undefined) this.#log("warn", `Retention: ${unread}`);
  }

  /** Removes the queues of topics that the broker does not have. */
  async cleanUnusedTopics(keep: ReadonlySet<string>): Promise<void> {
    const unused = this.#queues.topicsOnDisk().filter((topic) =>
      !keep.has(topic) && this.view.get(topic) === undefined
    );
    if (unused.length === 0) return;
    await this.#context.peer("reput").ask("deleteTopics", { topics: unused }, { timeoutMs: 20_000 });
    this.#log("info", `Retention: removed the queues of ${unused.length} topics that the broker does not have`);
  }

  /** How full the disks are. @throws {DiskError} when the disk does not say */
  diskUse(): DiskUse {
    const { shape } = this.#store;
    const log = this.#disk.space(shape.commitLog);
    const queues = this.#disk.space(this.#disk.exists(shape.consumeQueue) ? shape.consumeQueue : shape.root);
    return { ...log, logShare: usedShare(log), queueShare: usedShare(queues) };
  }

  async #round(): Promise<RemovalCounters> {
    this.#counts.rounds++;
    try {
      const decision = this.#decide();
      if (decision.isDue) await this.#cleanLog(decision);
      if (this.#memory.logStart.load() > this.#cleanedBelow) await this.cleanQueues();
      if (this.#context.clock.monotonicMs() >= this.#nextCheckMs) await this.#check();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      // What is not removed now is removed in a later round; a device that fails is noticed by those who write.
      this.#log("error", `Retention: ${error.message}`);
    }
    return this.counters;
  }

  #decide(): RetentionDecision {
    const { logShare, queueShare } = this.diskUse();
    const decision = decideRetention(this.#values, {
      nowMs: this.#context.clock.nowMs(),
      logDiskUsed: logShare,
      queueDiskUsed: queueShare,
      manualRounds: this.#manualRounds,
    });
    if (this.#manualRounds > 0) this.#manualRounds--;
    const isFull = decision.isLogDiskFull || decision.isQueueDiskFull;
    const turned = isFull
      ? this.#memory.exchangeStatus(LogStatus.Open, LogStatus.DiskReserved)
      : this.#memory.exchangeStatus(LogStatus.DiskReserved, LogStatus.Open);
    if (turned && isFull) {
      const level = this.#values.diskSpaceWarningLevelRatio;
      this.#log("error", `Disk: more than ${level} % are used, sends are refused (diskSpaceWarningLevelRatio)`);
    } else if (turned) this.#log("info", "Disk: there is room again, sends are accepted");
    return decision;
  }

  async #cleanLog(decision: RetentionDecision): Promise<void> {
    const { commitLog } = this.#store;
    const before = this.#counts.logFiles;
    while (this.#counts.logFiles - before < this.#values.deleteFileBatchMax && !this.#stopping) {
      const logEnd = Math.min(this.#memory.flushed.load(), this.#memory.dispatched.load());
      commitLog.fileAt(logEnd);
      const first = firstLogFileToRemove(commitLog, this.#disk, {
        rule: this.#values,
        isForced: decision.isForced,
        nowMs: this.#context.clock.nowMs(),
        logEnd,
      });
      if (first === undefined) break;
      if (this.#counts.logFiles > before) await this.#context.clock.sleep(this.#values.deleteCommitLogFilesInterval);
      await this.#removeLogFile(first, decision);
    }
    if (this.#counts.logFiles === before && decision.reason === "space") {
      this.#log("warn", "Retention: the disk is nearly full and no file may be removed");
    }
  }

  async #removeLogFile(
    first: { readonly start: number; readonly path: string },
    decision: RetentionDecision,
  ): Promise<void> {
    const { commitLog } = this.#store;
    const end = first.start + commitLog.fileBytes;
    // Readers look at this word before they read: from now on nobody asks for what goes.
    this.#memory.logStart.store(end);
    const removal = new SmoothRemoval(this.#disk, first.path);
    try {
      commitLog.removeBefore(end, 1);
      this.#counts.logFiles++;
      const why = decision.isForced ? "forced by the disk" : decision.reason;
      this.#log("info", `Retention: removed commit log file ${first.start} (${why}), the log begins at ${end}`);
      this.#publishEarliest();
      while (removal.step(REMOVAL_STEP_BYTES) && !this.#stopping) {
        await this.#context.clock.sleep(REMOVAL_STEP_PAUSE_MS);
      }
    } finally {
      removal.finish();
    }
    this.#context.countWork(1);
  }

  async #check(): Promise<void> {
    this.#nextCheckMs = this.#context.clock.monotonicMs() + SELF_CHECK_INTERVAL_MS;
    const { shape } = this.#store;
    let done = 0;
    const options = {
      disk: this.#disk,
      paths: shape,
      logFileBytes: shape.commitLogFileBytes,
      queueFileBytes: shape.consumeQueueFileBytes,
    };
    for (const finding of checkSelf(options)) {
      if (finding !== undefined) this.#log("error", `Self-check: ${finding}`);
      if (++done % QUEUES_AT_ONCE === 0) await this.#context.breathe();
      if (this.#stopping) return;
    }
    this.#counts.checks++;
  }

  #publishEarliest(): void {
    const { commitLog } = this.#store;
    const start = this.#memory.logStart.load();
    const hasRecord = this.#memory.written.load() > start;
    this.#gauges.set(Gauge.EarliestStoreTimeMs, hasRecord ? storeTimeOf(commitLog, start) : -1);
  }

  #readGroups(): UnreadGroups {
    const path = `${this.#store.shape.config}/consumerOffset.json`;
    const table = readTextFile(this.#disk, path, decodeConsumerOffsetTable)?.value;
    return new UnreadGroups(table ?? { offsetTable: new Map() });
  }

  #log(level: "info" | "warn" | "error", text: string): void {
    this.#context.signal("log", { level, text });
  }
}

function usedShare({ totalBytes, freeBytes }: Pick<DiskUse, "totalBytes" | "freeBytes">): number {
  return totalBytes === 0 ? 0 : 1 - freeBytes / totalBytes;
}
