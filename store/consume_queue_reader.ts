/**
 * Reads the units of one queue, on any thread.
 *
 * Owns: the path of the file it read last.
 * Reads: the queue's files by name, through the open files of its thread; its tail in the queue table, where a dispatcher shares one.
 * Never: knows where the queue begins or ends; the caller says what to read (from the queue table) and gets zeros for
 * what is not written.
 */
import { queueDirectory, UNIT_BYTES } from "./consume_queue.ts";
import type { HandleCache } from "./file/handle_cache.ts";
import { parseSegmentName, segmentPath } from "./file/segment_file.ts";
import { type QueueTail, TAIL_UNITS } from "./queue_table.ts";

/** Options of {@link ConsumeQueueReader}. */
export interface ConsumeQueueReaderOptions {
  /** Directory of all queues. */
  readonly root: string;
  /** Topic of the queue. */
  readonly topic: string;
  /** Number of the queue. */
  readonly queueId: number;
  /** Size of a file in bytes, a multiple of the unit. */
  readonly fileBytes: number;
  /** Open files of this thread. */
  readonly handles: HandleCache;
  /** The queue's tail; left out where nobody dispatches. */
  readonly tail?: QueueTail;
}

/** Where units are read from. */
export interface UnitSource {
  /**
   * Reads units.
   *
   * @param offset queue offset of the first
   * @param count how many
   * @param into where they go
   * @param intoStart first byte there
   * @returns how many were read; fewer where a file is missing or ends
   */
  readUnits(offset: number, count: number, into: Uint8Array, intoStart: number): number;
}

/** The units of a queue with its files. */
export interface QueueUnits extends UnitSource {
  /** Size of a file in bytes. */
  readonly fileBytes: number;
  /** Start positions in bytes of the files on the disk, in order. */
  starts(): number[];
}

/** Reads the units of one queue. */
export class ConsumeQueueReader implements QueueUnits {
  /** Directory of the queue. */
  readonly directory: string;
  /** Size of a file in bytes. */
  readonly fileBytes: number;
  readonly #handles: HandleCache;
  readonly #tail: QueueTail | undefined;
  #start = -1;
  #path = "";

  /** @param options queue, file size and open files */
  constructor(options: ConsumeQueueReaderOptions) {
    if (options.fileBytes % UNIT_BYTES !== 0 || options.fileBytes <= 0) {
      throw new RangeError(`Cannot read a queue with files of ${options.fileBytes} bytes: not a multiple of a unit`);
    }
    this.directory = queueDirectory(options.root, options.topic, options.queueId);
    this.fileBytes = options.fileBytes;
    this.#handles = options.handles;
    this.#tail = options.tail;
  }

  /**
   * Reads units, those of each file by one pread, those of the tail from memory.
   *
   * @throws {DiskError} when the disk refuses
   */
  readUnits(offset: number, count: number, into: Uint8Array, intoStart = 0): number {
    const slot = this.#tail?.slot() ?? -1;
    if (slot < 0) return this.#readFiles(offset, count, into, intoStart);
    const { table } = this.#tail!;
    for (;;) {
      const written = table.writtenOffset(slot);
      const inFiles = Math.max(0, Math.min(count, written - offset));
      const read = inFiles === 0 ? 0 : this.#readFiles(offset, inFiles, into, intoStart);
      if (read < inFiles || read === count) return read;
      const next = offset + read;
      const inTail = Math.max(0, Math.min(count - read, table.maxOffset(slot) - next, TAIL_UNITS));
      table.copyTail(slot, next, inTail, into, intoStart + read * UNIT_BYTES);
      // What was written meanwhile may have been overwritten in the tail, and is in the files. It ends: each time more of what is asked for is.
      if (table.writtenOffset(slot) <= next) return read + inTail;
    }
  }

  #readFiles(offset: number, count: number, into: Uint8Array, intoStart: number): number {
    let position = offset * UNIT_BYTES;
    const end = position + count * UNIT_BYTES;
    let at = intoStart;
    while (position < end) {
      const start = position - position % this.fileBytes;
      if (start !== this.#start) {
        this.#start = start;
        this.#path = segmentPath(this.directory, start);
      }
      const file = this.#handles.find(this.#path);
      if (file === undefined) break;
      const bytes = Math.min(end, start + this.fileBytes) - position;
      const got = file.read(into, at, bytes, position - start);
      at += got;
      position += got;
      if (got < bytes) break;
    }
    return Math.floor((at - intoStart) / UNIT_BYTES);
  }

  /** Start positions in bytes of the files on the disk, in order. */
  starts(): number[] {
    if (!this.#handles.disk.exists(this.directory)) return [];
    const starts: number[] = [];
    for (const name of this.#handles.disk.list(this.directory)) {
      const start = parseSegmentName(name);
      if (start !== undefined && this.#handles.disk.stat(`${this.directory}/${name}`)?.bytes === this.fileBytes) {
        starts.push(start);
      }
    }
    return starts;
  }

  /** Closes the handles of this queue, because its files were cut, removed or made again. */
  forget(): void {
    this.#handles.forgetBelow(this.directory);
  }
}
