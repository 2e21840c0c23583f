/**
 * The reader of the log: from the ring where it still holds the bytes, from the files where it does not.
 *
 * A copy out of the ring is void when `reserved` has passed position + capacity afterwards, or the epoch has changed: then an appender may
 * have written over it while it was read. Looking at `appended` instead would be wrong, since bytes up to `reserved` may be torn.
 */
import type { LogMemory } from "./memory/log_memory.ts";
import type { SegmentSet } from "./file/segment_set.ts";
import { copyWords } from "./memory/word_copy.ts";

/** What is smaller, or lies in its words as it will, is copied by `set()`. Bytes. */
const FEW_BYTES = 64;

/** Reads slices of the commit log. One for each thread that reads. */
export class LogReader {
  readonly #memory: LogMemory;
  readonly #files: SegmentSet;
  #ringReads = 0;
  #fileReads = 0;
  #voidCopies = 0;

  /**
   * @param memory the log's shared memory
   * @param files its files, opened for reading
   */
  constructor(memory: LogMemory, files: SegmentSet) {
    this.#memory = memory;
    this.#files = files;
  }

  /** Copies taken from the ring, reads of a file, and copies that were void. */
  get counters(): { readonly ringReads: number; readonly fileReads: number; readonly voidCopies: number } {
    return { ringReads: this.#ringReads, fileReads: this.#fileReads, voidCopies: this.#voidCopies };
  }

  /** End of what may be read. */
  get end(): number {
    return this.#memory.written.load();
  }

  /** Lowest position that the ring can still give, when asked now. */
  ringStart(): number {
    return Math.max(this.#memory.ringFloor.load(), this.#memory.reserved.load() - this.#memory.ringBytes);
  }

  /**
   * Copies a record (or several that follow each other without crossing the ring's end more than by the last) out of the ring.
   *
   * @returns whether the copy holds; when not, take the bytes from the file
   */
  copyFromRing(position: number, bytes: number, into: Uint8Array, intoStart: number): boolean {
    const memory = this.#memory;
    const epoch = memory.epoch;
    if (position < memory.ringFloor.load()) return false;
    if (position < memory.reserved.load() - memory.ringBytes) return false;
    let copied = 0;
    while (copied < bytes) {
      const index = (position + copied) % memory.ringBytes;
      const piece = Math.min(bytes - copied, memory.ringBytes - index);
      this.#copy(index, piece, into, intoStart + copied);
      copied += piece;
    }
    if (position < memory.reserved.load() - memory.ringBytes || memory.epoch !== epoch) {
      this.#voidCopies++;
      return false;
    }
    this.#ringReads++;
    return true;
  }

  #copy(index: number, bytes: number, into: Uint8Array, at: number): void {
    const { ring, ringView } = this.#memory;
    if (bytes < FEW_BYTES || ((index ^ (into.byteOffset + at)) & 7) === 0) {
      into.set(ring.subarray(index, index + bytes), at);
      return;
    }
    copyWords(new DataView(into.buffer, into.byteOffset, into.byteLength), at, ringView, index, bytes);
  }

  /**
   * Reads from the files. Blocks while the kernel fetches what is not in the page cache.
   *
   * @returns bytes read; fewer than asked when a file is missing or ends
   */
  readFromFile(position: number, bytes: number, into: Uint8Array, intoStart: number): number {
    this.#fileReads++;
    return this.#files.read(into, intoStart, bytes, position);
  }

  /**
   * Reads from the ring, or else from the files.
   *
   * @returns bytes read
   */
  read(position: number, bytes: number, into: Uint8Array, intoStart: number): number {
    if (this.copyFromRing(position, bytes, into, intoStart)) return bytes;
    return this.readFromFile(position, bytes, into, intoStart);
  }
}
