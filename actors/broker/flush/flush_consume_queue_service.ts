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

/** Before syncs it rests so many times as long as they will take: those of thousands of queues would hold up those of the log all the time. */
const REST_PER_SYNC = 9;

/** Longest such rest. Milliseconds. Source: apache/rocketmq store MessageStoreConfig flushConsumeQueueThoroughInterval */
const REST_MS_MAX = 60_000;

/** It ends when the log has so much more: a start after a crash reads and dispatches that again, which takes 3 s with thousands of queues. Bytes. */
const REST_BYTES_MAX = 512 * 1024 * 1024;

/** What one sync takes as long as nothing was measured. Milliseconds. */
const SYNC_MS_AT_FIRST = 0.2;

/** Fewer syncs than these say little about what one takes. */
const SYNCS_MEASURED_MIN = 64;

/** What says when queues are synced next. */
export interface SyncRest {
  /** How long the syncs of what is dirty will take, milliseconds. */
  readonly syncMs: number;
  /** How long ago the last ones ended, milliseconds. */
  readonly elapsedMs: number;
  /** What was dispatched since they began, bytes. */
  readonly bytes: number;
}

/** Whether queues are to be synced again. */
export function isRestOver({ syncMs, elapsedMs, bytes }: SyncRest): boolean {
  return bytes >= REST_BYTES_MAX || elapsedMs >= Math.min(REST_MS_MAX, REST_PER_SYNC * syncMs);
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
  #msOfSync = SYNC_MS_AT_FIRST;
  /** When the last syncs ended, or this service began. */
  #syncedMs: number;
  #syncedPosition = 0;
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
    this.#syncedMs = context.clock.monotonicMs();
    this.#intervalMs = init.values.flushIntervalConsumeQueue;
  }

  /** Checkpoints written and files synced so far. */
  get counters(): { checkpoints: number; files: number } {
    return { checkpoints: this.#checkpoints, files: this.#files };
  }

  /** Flushes from time to time. */
  schedule(): void {
    if (this.#stopping) return;
    this.#timer = this.#context.clock.setTimer(this.#intervalMs, () => {
      this.#flushWhenDue().then(() => this.schedule(), (error) => this.#failed(error));
    });
  }

  async #flushWhenDue(): Promise<void> {
    if (await this.#isDue() && !this.#stopping) await this.flush();
  }

  async #isDue(): Promise<boolean> {
    if (this.#isAllDirty) return true;
    const bytes = this.#memory.dispatched.load() - this.#syncedPosition;
    if (bytes === 0) return true;
    const { dirtySyncs } = await this.#context.peer("reput").ask("counters", null, { timeoutMs: ASK_MS });
    const elapsedMs = this.#context.clock.monotonicMs() - this.#syncedMs;
    return isRestOver({ syncMs: dirtySyncs * this.#msOfSync, elapsedMs, bytes });
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
    this.#syncedMs = clock.monotonicMs();
    const syncs = dirt.paths.length + dirt.directories.length;
    if (syncs >= SYNCS_MEASURED_MIN) this.#msOfSync = (this.#syncedMs - beganMs) / syncs;
    this.#syncedPosition = dirt.position;
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
