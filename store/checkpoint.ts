/**
 * Checkpoint: up to which store times the log, the queues and the indexes are on the device.
 *
 * Owns: the file `checkpoint`, 4096 bytes, of which 40 mean anything.
 * Reads: the file when it opens.
 * Never: promises more than what is on the device; its writer syncs the files it speaks of first.
 *
 * ```
 *   0 log time, ms   8 queue time, ms   16 time of the last full index file, ms   24 flushed by the master   32 confirmed
 * ```
 * Source: apache/rocketmq store/src/main/java/org/apache/rocketmq/store/StoreCheckpoint.java
 */
import { readLong, writeLong } from "../protocol/java_number.ts";
import type { DurablePositionFile } from "./durable_position.ts";
import { StoreError } from "./errors.ts";
import type { Disk } from "./file/disk.ts";

/** Bytes of the file. Source: apache/rocketmq store DefaultMappedFile OS_PAGE_SIZE */
export const CHECKPOINT_BYTES = 4096;

/** Bytes of the file that mean something. Source: apache/rocketmq store StoreCheckpoint */
const USED_BYTES = 40;

/** What recovery takes off the times, ms. Source: apache/rocketmq store StoreCheckpoint getMinTimestamp */
const SAFETY_MS = 3000;

/** What a checkpoint says. */
export interface Checkpoint {
  /** Store time of the last record of the log that is on the device, ms. */
  readonly physicMsgTimestampMs: number;
  /** Store time of the last record whose queue unit is on the device, ms. */
  readonly logicsMsgTimestampMs: number;
  /** Store time of the last record of the last index file that is full and on the device, ms. */
  readonly indexMsgTimestampMs: number;
  /** Position that a slave knows to be flushed at its master. */
  readonly masterFlushedOffset: number;
  /** Position that enough replicas have confirmed. */
  readonly confirmPhyOffset: number;
}

/** The checkpoint of an empty store. */
export const EMPTY_CHECKPOINT: Checkpoint = Object.freeze({
  physicMsgTimestampMs: 0,
  logicsMsgTimestampMs: 0,
  indexMsgTimestampMs: 0,
  masterFlushedOffset: 0,
  confirmPhyOffset: 0,
});

/**
 * Decodes a checkpoint.
 *
 * @throws {StoreError} `FILE_FORMAT` when there are fewer than 40 bytes
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  if (bytes.length < USED_BYTES) {
    throw new StoreError("FILE_FORMAT", `Cannot decode checkpoint: it has ${bytes.length} bytes, 40 are needed`);
  }
  return {
    physicMsgTimestampMs: readLong(bytes, 0),
    logicsMsgTimestampMs: readLong(bytes, 8),
    indexMsgTimestampMs: readLong(bytes, 16),
    masterFlushedOffset: readLong(bytes, 24),
    confirmPhyOffset: readLong(bytes, 32),
  };
}

/** Encodes a checkpoint into a whole file. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const bytes = new Uint8Array(CHECKPOINT_BYTES);
  writeLong(bytes, 0, checkpoint.physicMsgTimestampMs);
  writeLong(bytes, 8, checkpoint.logicsMsgTimestampMs);
  writeLong(bytes, 16, checkpoint.indexMsgTimestampMs);
  writeLong(bytes, 24, checkpoint.masterFlushedOffset);
  writeLong(bytes, 32, checkpoint.confirmPhyOffset);
  return bytes;
}

/** Store time, ms, up to which log and queues are surely on the device. */
export function safeTimestampMs(checkpoint: Checkpoint): number {
  return Math.max(0, Math.min(checkpoint.physicMsgTimestampMs, checkpoint.logicsMsgTimestampMs) - SAFETY_MS);
}

/** The bytes of a store's checkpoint; undefined when there is none, or its first writing was cut short by a crash or a full disk. */
export function readCheckpointBytes(disk: Disk, path: string): Uint8Array | undefined {
  const bytes = disk.exists(path) ? disk.readFile(path) : undefined;
  return bytes === undefined || bytes.length < USED_BYTES ? undefined : bytes;
}

/** Reads the checkpoint of a store; an empty one when there is none. */
export function readCheckpoint(disk: Disk, path: string): Checkpoint {
  const bytes = readCheckpointBytes(disk, path);
  return bytes === undefined ? EMPTY_CHECKPOINT : decodeCheckpoint(bytes);
}

/** The checkpoint file, as its one writer sees it. */
export class CheckpointFile {
  readonly #disk: Disk;
  readonly #path: string;
  #checkpoint: Checkpoint;

  private constructor(disk: Disk, path: string, checkpoint: Checkpoint) {
    this.#disk = disk;
    this.#path = path;
    this.#checkpoint = checkpoint;
  }

  /**
   * Opens the file; one that is not there or too short is made at the first write.
   *
   * @throws {DiskError} when the disk refuses
   */
  static open(disk: Disk, path: string): CheckpointFile {
    return new CheckpointFile(disk, path, readCheckpoint(disk, path));
  }

  /** What the file says. */
  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  /** What the file would say after {@link advance}: times and positions never go back. */
  next(change: Partial<Checkpoint>): Checkpoint {
    const now = this.#checkpoint;
    return {
      physicMsgTimestampMs: Math.max(now.physicMsgTimestampMs, change.physicMsgTimestampMs ?? 0),
      logicsMsgTimestampMs: Math.max(now.logicsMsgTimestampMs, change.logicsMsgTimestampMs ?? 0),
      indexMsgTimestampMs: Math.max(now.indexMsgTimestampMs, change.indexMsgTimestampMs ?? 0),
      masterFlushedOffset: Math.max(now.masterFlushedOffset, change.masterFlushedOffset ?? 0),
      confirmPhyOffset: Math.max(now.confirmPhyOffset, change.confirmPhyOffset ?? 0),
    };
  }

  /**
   * Moves times and positions forward, writes the file and syncs it. Blocks.
   *
   * @throws {DiskError} when the disk refuses
   */
  advance(change: Partial<Checkpoint>): void {
    this.replace(this.next(change));
  }

  /**
   * As {@link advance}, and says in our own file that all below a position is derived and on the device. That file is written
   * first and holds both checkpoints, so that a crash between the two writes leaves it valid.
   *
   * @param durable our own file
   * @param derivedPosition queues and indexes of all records below it are on the device
   * @throws {DiskError} when the disk refuses
   */
  advanceDerived(durable: DurablePositionFile, derivedPosition: number, change: Partial<Checkpoint>): void {
    const next = this.next(change);
    durable.writeDerived(derivedPosition, encodeCheckpoint(this.#checkpoint), encodeCheckpoint(next));
    this.replace(next);
  }

  /**
   * Writes a checkpoint as it is, also one that goes back, as after a truncation. Blocks.
   *
   * @throws {DiskError} when the disk refuses
   */
  replace(checkpoint: Checkpoint): void {
    this.#disk.writeFile(this.#path, encodeCheckpoint(checkpoint));
    this.#checkpoint = checkpoint;
  }
}
