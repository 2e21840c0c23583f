/**
 * FlushConsumeQueueService: brings consume queues and indexes to the device, and only then says so in the checkpoint.
 *
 * It owns the checkpoint file. It asks ReputMessageService which files were written, syncs them, and writes the checkpoint last, so that a checkpoint never promises
 * what is not on the device.
 *
 * Source: apache/rocketmq store DefaultMessageStore.FlushConsumeQueueService, StoreCheckpoint
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { ActorError } from "../../kernel/errors.ts";
import { syncAllDerived, syncDerived } from "../../../store/derived_sync.ts";
import { CheckpointFile } from "../../../store/checkpoint.ts";
import { DurablePositionFile } from "../../../store/durable_position.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import { DiskError } from "../../../store/file/disk.ts";
import { LogMemory, LogStatus } from "../../../store/memory/log_memory.ts";
import { type StoreShape, storeShape } from "../broker_init.ts";
import type { ReputDirt } from "../reput/reput_contract.ts";
import type { FlushConsumeQueueContract } from "./flush_contract.ts";

/** Longest wait for ReputMessageService. Milliseconds. */
const ASK_MS = 5000;

/** After syncs it rests so many times as long as they took: those of thousands of queues would hold up those of the log all the time. */
const REST_PER_SYNC = 9;

/** Longest such rest: a start after a crash dispatches again what was written since. Milliseconds. */
const REST_MS_MAX = 5_000;

/** How long no queue is synced after syncs that took `syncMs`, unless the interval is longer. Milliseconds. */
export function restMsAfter(syncMs: number): number {
  return Math.min(REST_MS_MAX, REST_PER_SYNC * syncMs);
}

/** Starts the behaviour. */
export function startFlushConsumeQueueService(
  init: FlushConsumeQueueContract["init"],
  context: ActorContext<FlushConsumeQueueContract>,
): Behaviour<FlushConsumeQueueContract> {
  const service = new FlushConsumeQueueService(init, context);
  service.schedule();
  return {
    asks: {
      flush: async () => ({ position: await service.flush() }),
      counters: () => service.counters,
    },
    tells: {},
    stop: () => service.stop(),
  };
}

/** The behaviour's state. */
export class FlushConsumeQueueService {
  readonly #context: ActorContext<FlushConsumeQueueContract>;
  readonly #memory: LogMemory;
  readonly #disk = new LightDisk();
  readonly #checkpoint: CheckpointFile;
  readonly #durable: DurablePositionFile;
  readonly #intervalMs: number;
  readonly #shape: StoreShape;
  /** Nobody knows any more which files were written and not synced: all are synced before anything is promised again. */
  #isAllDirty: boolean;
  /** What is synced but not promised yet, because the log itself was not on the device. */
  #unmarked: ReputDirt | undefined;
  #timer: { cancel(): void } | undefined;
  #running: Promise<number> | undefined;
  #restMs = 0;
  #checkpoints = 0;
  #files = 0;
  #stopping = false;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: FlushConsumeQueueContract["init"], context: ActorContext<FlushConsumeQueueContract>) {
    this.#context = context;
    this.#memory = new LogMemory(init.memory.log);
    const shape = storeShape(init.values);
    this.#shape = shape;
    this.#isAllDirty = init.incarnation > 1 || !init.isDerivedSynced;
    this.#checkpoint = CheckpointFile.open(this.#disk, shape.checkpoint);
    this.#durable = new DurablePositionFile(this.#disk, shape.durablePosition);
    this.#intervalMs = init.values.flushIntervalConsumeQueue;
  }

  /** Checkpoints written and files synced so far. */
  get counters(): { checkpoints: number; files: number } {
    return { checkpoints: this.#checkpoints, files: this.#files };
  }

  /** Flushes from time to time. */
  schedule(): void {
    if (this.#stopping) return;
    this.#timer = this.#context.clock.setTimer(Math.max(this.#intervalMs, this.#restMs), () => {
      this.flush().then(() => this.schedule(), (error) => this.#failed(error));
    });
  }

  /** Ends the schedule; the supervisor asks for the last flush before. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** Syncs what ReputMessageService wrote, then the checkpoint. @returns the position below which everything is derived and on the device */
  flush(): Promise<number> {
    this.#running ??= this.#flush().finally(() => this.#running = undefined);
    return this.#running;
  }

  async #flush(): Promise<number> {
    const knewAll = !this.#isAllDirty;
    this.#isAllDirty = true;
    const dirt = await this.#context.peer("reput").ask("takeDirty", null, { timeoutMs: ASK_MS });
    const { clock } = this.#context;
    const beganMs = clock.monotonicMs();
    this.#files += knewAll && !dirt.isAll ? syncDerived(this.#disk, dirt) : syncAllDerived(this.#disk, this.#shape);
    this.#restMs = restMsAfter(clock.monotonicMs() - beganMs);
    this.#isAllDirty = false;
    if (!knewAll || (dirt.storeTimestampMs > 0 && dirt.paths.length > 0)) this.#unmarked = dirt;
    if (this.#unmarked !== undefined) this.#mark(this.#unmarked);
    return dirt.position;
  }

  /** The checkpoint says what is derived only when the records behind it are on the device too. */
  #mark(dirt: ReputDirt): void {
    if (this.#memory.flushed.load() < dirt.position) {
      this.#context.countWork(1);
      return;
    }
    const change = { logicsMsgTimestampMs: dirt.storeTimestampMs, physicMsgTimestampMs: dirt.storeTimestampMs };
    try {
      this.#checkpoint.advanceDerived(this.#durable, dirt.position, change);
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== "NO_SPACE") throw error;
      // What was promised before still holds; the next interval tries again.
      this.#context.signal("log", { level: "warn", text: `Checkpoint: ${error.message}` });
      return;
    }
    this.#unmarked = undefined;
    this.#checkpoints++;
    this.#context.countWork(1);
  }

  #failed(error: unknown): void {
    if (this.#stopping) return;
    if (error instanceof DiskError) {
      this.#memory.setStatus(LogStatus.ReadOnly);
      this.#context.signal("failed", { text: `Cannot sync consume queues: ${error.message}` });
      return;
    }
    if (!(error instanceof ActorError)) return this.#context.fail(error);
    // ReputMessageService is starting again: what is dirty is asked for at the next interval.
    this.schedule();
  }
}
