/**
 * Reads the units of one queue, on any thread.
 *
 * Owns: the path of the file it read last.
 * Reads: the queue's files by name, through the open files of its thread.
 * Never: knows where the queue begins or ends; the caller says what to read (from the queue table) and gets zeros for
 * what is not written.
 */
import { queueDirectory, UNIT_BYTES } from "./consume_queue.ts";
import type { HandleCache } from "./file/handle_cache.ts";
import { parseSegmentName, segmentPath } from "./file/segment_file.ts";

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
  }

  /**
   * Reads units, each file by one pread.
   *
   * @throws {DiskError} when the disk refuses
   */
  readUnits(offset: number, count: number, into: Uint8Array, intoStart = 0): number {
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
