/**
 * The timer checkpoint: up to where the wheel was read, the timer log is on the device, and the timer queue is in the log.
 *
 * ```
 *   i64 read time | i64 flushed timer-log position | i64 queue offset | i64 the master's queue offset |
 *   i64 state version | i64 timestamp | i64 counter | zeros up to 4096 bytes
 * ```
 *
 * Owns: the layout of the file and of the answer to request 60. Reads: nothing. Never: decides what is written.
 *
 * Source: apache/rocketmq store/timer/TimerCheckpoint.java
 */
import { type DataVersion, NO_DATA_VERSION } from "../../protocol/data_version.ts";
import type { Disk } from "../file/disk.ts";

/** Bytes in use. Source: apache/rocketmq store/timer/TimerCheckpoint.java encode */
export const TIMER_CHECKPOINT_BYTES = 56;

/** Bytes of the file. Source: apache/rocketmq store/logfile/DefaultMappedFile.java OS_PAGE_SIZE */
export const TIMER_CHECKPOINT_FILE_BYTES = 4096;

/** What a checkpoint says. */
export interface TimerCheckpoint {
  /** Slots before this time are delivered, milliseconds since 1970. */
  readonly readTimeMs: number;
  /** The timer log is on the device up to here. */
  readonly logPosition: number;
  /** Messages of the timer queue below this offset are in the wheel or delivered. */
  readonly queueOffset: number;
  /** The same of the master. */
  readonly masterQueueOffset: number;
  readonly version: DataVersion;
}

/** The checkpoint of a store without timers. */
export const NO_TIMER_CHECKPOINT: TimerCheckpoint = Object.freeze({
  readTimeMs: 0,
  logPosition: 0,
  queueOffset: 0,
  masterQueueOffset: 0,
  version: NO_DATA_VERSION,
});

/** Encodes a checkpoint. */
export function encodeTimerCheckpoint(checkpoint: TimerCheckpoint): Uint8Array {
  const { readTimeMs, logPosition, queueOffset, masterQueueOffset, version } = checkpoint;
  const words = [readTimeMs, logPosition, queueOffset, masterQueueOffset];
  const bytes = new Uint8Array(TIMER_CHECKPOINT_BYTES);
  const view = new DataView(bytes.buffer);
  [...words, version.stateVersion, version.timestamp, version.counter]
    .forEach((word, index) => view.setBigInt64(index * 8, BigInt(word)));
  return bytes;
}

/** Decodes a checkpoint; words that are missing count as 0. */
export function decodeTimerCheckpoint(bytes: Uint8Array): TimerCheckpoint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (index: number): number => bytes.length < index * 8 + 8 ? 0 : Number(view.getBigInt64(index * 8));
  return {
    readTimeMs: word(0),
    logPosition: word(1),
    queueOffset: word(2),
    masterQueueOffset: word(3),
    version: { stateVersion: word(4), timestamp: word(5), counter: word(6) },
  };
}

/**
 * Writes into a slave's checkpoint how far the timers of its master are; what this store has in its own wheel stays as it is.
 *
 * @param config directory of the configuration files
 * @param answer of the master to request 60
 * @throws {DiskError} when the disk refuses
 *
 * Source: apache/rocketmq broker SlaveSynchronize.syncTimerCheckPoint
 */
export function writeFollowedCheckpoint(disk: Disk, config: string, answer: Uint8Array): void {
  const path = `${config}/timercheck`;
  const own = disk.exists(path) ? decodeTimerCheckpoint(disk.readFile(path)) : NO_TIMER_CHECKPOINT;
  const { readTimeMs, masterQueueOffset, version } = decodeTimerCheckpoint(answer);
  if (own.readTimeMs === readTimeMs && own.masterQueueOffset === masterQueueOffset) return;
  const bytes = new Uint8Array(TIMER_CHECKPOINT_FILE_BYTES);
  bytes.set(encodeTimerCheckpoint({ ...own, readTimeMs, masterQueueOffset, version }));
  disk.writeFile(path, bytes);
}
