/**
 * Durable position: up to which position the log, and what is derived from it, are on the device.
 *
 * Owns: the file `ringmq.durable` beside Apache's checkpoint, which Apache ignores.
 * Reads: a piece of the log, for its CRC.
 * Never: promises more than what is on the device, and never hides that Apache used the directory meanwhile: it carries the
 * checkpoint and the CRC of the log's bytes before the position. It is void when the checkpoint is another one; when only the bytes are
 * others, recovery reads the log and finds out whether it is damaged.
 *
 * Two threads write, each its own two blocks in turn, so that a torn write leaves the block before:
 *
 * ```
 *   0 log A   512 log B   1024 derived A   1536 derived B          4096 bytes
 *
 *   block:  0 magic 4   4 version 4   8 sequence 8   16 position 8
 *           24 log: bytes that the CRC covers 4, CRC 4       derived: checkpoint 40, checkpoint before it 40
 *           104 CRC of the 104 bytes before
 * ```
 */
import { crcOfFew } from "../protocol/crc32.ts";
import { readInt, readLong, writeInt, writeLong } from "../protocol/java_number.ts";
import { CHECKPOINT_BYTES } from "./checkpoint.ts";
import { directoryOf, type Disk, DiskError } from "./file/disk.ts";

const MAGIC = 0x524d5150;
const VERSION = 1;
const FILE_BYTES = 4096;
const BLOCK_BYTES = 512;
const SEALED_BYTES = 104;
const PAYLOAD_AT = 24;
const CHECKPOINT_USED_BYTES = 40;
const TAIL_BYTES_MAX = 4096;

/** The two kinds of block. */
type BlockKind = "log" | "derived";
const FIRST_BLOCK: Readonly<Record<BlockKind, number>> = { log: 0, derived: 2 };

/** Reads bytes of the log below a position; returns how many there were. */
export type LogBytesReader = (position: number, into: Uint8Array, length: number) => number;

/** What is on the device. */
export interface DurablePositions {
  /** The log is on the device up to here. */
  readonly flushed: number;
  /** Queues and indexes of all records up to here are on the device. */
  readonly derived: number;
  /** The log's bytes before the flushed position are what they were; when not, the log is damaged or another one. */
  readonly isOfLog: boolean;
}

interface Block {
  readonly sequence: number;
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** The durable position file, as one of its two writers sees it. */
export class DurablePositionFile {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #sequences: Partial<Record<BlockKind, number>> = {};

  /**
   * @param disk where the file is
   * @param path the file; it is made at the first write
   */
  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  /**
   * Says that the log is on the device up to a position. Only FlushCommitLogService, after a sync. The file itself is not
   * synced: an older position is a promise too.
   *
   * @throws {DiskError} when the disk refuses
   */
  writeFlushed(position: number, logMin: number, readLog: LogBytesReader): void {
    const tail = new Uint8Array(Math.min(TAIL_BYTES_MAX, position - logMin));
    const read = tail.length === 0 ? 0 : readLog(position - tail.length, tail, tail.length);
    const payload = new Uint8Array(8);
    writeInt(payload, 0, read);
    writeInt(payload, 4, crcOfFew(tail.subarray(0, read)));
    this.#write("log", position, payload);
  }

  /**
   * Says that what is derived from the log up to a position is on the device, and which checkpoint belongs to it. Only
   * FlushConsumeQueueService: first this, then the checkpoint.
   *
   * @param before the 4096 bytes of the checkpoint as it is
   * @param after the 4096 bytes of the checkpoint that is written next
   * @throws {DiskError} when the disk refuses
   */
  writeDerived(position: number, before: Uint8Array, after: Uint8Array): void {
    const payload = new Uint8Array(2 * CHECKPOINT_USED_BYTES);
    payload.set(after.subarray(0, CHECKPOINT_USED_BYTES), 0);
    payload.set(before.subarray(0, CHECKPOINT_USED_BYTES), CHECKPOINT_USED_BYTES);
    this.#write("derived", position, payload);
  }

  /**
   * Takes every promise above a position back, and waits until the device knows. Before a truncation, while nobody else writes.
   *
   * @throws {DiskError} when the disk refuses
   */
  lower(position: number, logMin: number, readLog: LogBytesReader): void {
    const bytes = this.#read();
    if (bytes === undefined) return;
    const derived = newest(bytes, "derived");
    for (let twice = 0; twice < 2; twice++) {
      this.writeFlushed(position, logMin, readLog);
      if (derived !== undefined && derived.position > position) {
        this.#write("derived", position, derived.bytes.slice(PAYLOAD_AT, PAYLOAD_AT + 2 * CHECKPOINT_USED_BYTES));
      }
    }
    const file = this.#disk.open(this.#path, "write");
    try {
      file.syncData();
    } finally {
      file.close();
    }
  }

  /**
   * What the file promises, or undefined when it is not there, not complete, not readable, or not about this checkpoint.
   *
   * @param checkpoint the bytes of the checkpoint file, or undefined when there is none
   * @param readLog reads the log
   */
  read(checkpoint: Uint8Array | undefined, readLog: LogBytesReader): DurablePositions | undefined {
    const bytes = this.#read();
    if (bytes === undefined) return undefined;
    const log = newest(bytes, "log");
    const derived = newest(bytes, "derived");
    if (log === undefined) return undefined;
    if (derived === undefined) {
      // Before the first checkpoint nothing is said of queues; the log's promise stands if nobody else wrote a checkpoint either.
      if (checkpoint?.some((byte) => byte !== 0) === true) return undefined;
      return { flushed: log.position, derived: 0, isOfLog: isOfLog(log, readLog) };
    }
    if (!isOfCheckpoint(derived, checkpoint ?? new Uint8Array(CHECKPOINT_BYTES))) return undefined;
    return { flushed: log.position, derived: derived.position, isOfLog: isOfLog(log, readLog) };
  }

  #read(): Uint8Array | undefined {
    if (this.#disk.stat(this.#path)?.bytes !== FILE_BYTES) return undefined;
    return this.#disk.readFile(this.#path);
  }

  #lastSequence(kind: BlockKind): number {
    const bytes = this.#read();
    return (bytes === undefined ? undefined : newest(bytes, kind))?.sequence ?? 0;
  }

  #write(kind: BlockKind, position: number, payload: Uint8Array): void {
    const sequence = (this.#sequences[kind] ?? this.#lastSequence(kind)) + 1;
    const block = new Uint8Array(BLOCK_BYTES);
    writeInt(block, 0, MAGIC);
    writeInt(block, 4, VERSION);
    writeLong(block, 8, sequence);
    writeLong(block, 16, position);
    block.set(payload, PAYLOAD_AT);
    writeInt(block, SEALED_BYTES, crcOfFew(block.subarray(0, SEALED_BYTES)));
    const file = this.#disk.open(this.#path, "create");
    try {
      if (file.bytes() < FILE_BYTES) {
        file.truncate(FILE_BYTES);
        this.#disk.syncDirectory(directoryOf(this.#path));
      }
      file.write(block, 0, BLOCK_BYTES, (FIRST_BLOCK[kind] + sequence % 2) * BLOCK_BYTES);
      this.#sequences[kind] = sequence;
    } finally {
      file.close();
    }
  }
}

function newest(bytes: Uint8Array, kind: BlockKind): Block | undefined {
  const blocks = [0, 1].map((index) => decodeBlock(bytes, (FIRST_BLOCK[kind] + index) * BLOCK_BYTES));
  return blocks.filter((block) => block !== undefined).sort((a, b) => b.sequence - a.sequence)[0];
}

function decodeBlock(bytes: Uint8Array, at: number): Block | undefined {
  const block = bytes.subarray(at, at + BLOCK_BYTES);
  if (readInt(block, 0) !== MAGIC || readInt(block, 4) !== VERSION) return undefined;
  if (readInt(block, SEALED_BYTES) !== (crcOfFew(block.subarray(0, SEALED_BYTES)))) return undefined;
  return { sequence: readLong(block, 8), position: readLong(block, 16), bytes: block };
}

function isOfLog(block: Block, readLog: LogBytesReader): boolean {
  const covered = readInt(block.bytes, PAYLOAD_AT);
  if (covered < 0 || covered > TAIL_BYTES_MAX || covered > block.position) return false;
  const tail = new Uint8Array(covered);
  try {
    if (covered > 0 && readLog(block.position - covered, tail, covered) !== covered) return false;
  } catch (error) {
    if (error instanceof DiskError) return false;
    throw error;
  }
  return readInt(block.bytes, PAYLOAD_AT + 4) === crcOfFew(tail);
}

/** True when the checkpoint is the one that was written with the block, or the one before it. */
function isOfCheckpoint(block: Block, checkpoint: Uint8Array): boolean {
  return [0, 1].some((index) => {
    const at = PAYLOAD_AT + index * CHECKPOINT_USED_BYTES;
    for (let byte = 0; byte < CHECKPOINT_USED_BYTES; byte++) {
      if (block.bytes[at + byte] !== (checkpoint[byte] ?? 0)) return false;
    }
    return true;
  });
}
