/**
 * A directory of equal-size segments, written and read as one run of bytes (commit log, consume queue).
 *
 * Owns: the list of segments. One thread writes; any thread may have a set of its own on the same directory to read, to
 * sync or to prepare the next file: a segment that another thread made is found by its name.
 * Reads: the disk through a bounded handle cache.
 * Never: knows where the written part ends; that is its owner's cursor. Never leaves a gap between segments.
 */
import { StoreError } from "../errors.ts";
import { DiskError, type DiskFile } from "./disk.ts";
import type { HandleCache } from "./handle_cache.ts";
import { createSegment, loadSegments, type SegmentFile, segmentPath } from "./segment_file.ts";

const ZERO_BLOCK_BYTES = 1 << 20;
/** What a file may take behind its end to be cleared by zeros, before all the rest of it is looked at. */
const CLEARED_BLIND_BYTES_MAX = 4 << 20;
/** Smallest piece of space that a file takes. */
const PAGE_BYTES = 4096;

/** Options of {@link SegmentSet}. */
export interface SegmentSetOptions {
  /** The directory; it is made when the set may write. */
  readonly directory: string;
  /** Size of every segment in bytes. */
  readonly fileBytes: number;
  /** The open files of this thread. */
  readonly handles: HandleCache;
  /** True at recovery: an empty last file is removed. */
  readonly removeEmpty?: boolean;
  /** True at recovery: no other thread makes or writes files meanwhile, so the disk is not asked again for what was found. */
  readonly isAlone?: boolean;
  /**
   * False for files that can be derived again: names are not synced when a file is made or cut, and a cut leaves the file short for a
   * moment; one that a crash left short gets its size back at recovery.
   */
  readonly syncNames?: boolean;
}

/** A directory of equal-size segments. */
export class SegmentSet {
  /** The directory. */
  readonly directory: string;
  /** Size of every segment in bytes. */
  readonly fileBytes: number;
  readonly #handles: HandleCache;
  readonly #syncNames: boolean;
  readonly #isAlone: boolean;
  #isAsFound = true;
  /** The file that was written last, good while the cache has closed none since. */
  #writtenFile: DiskFile | undefined;
  #writtenStart = -1;
  #writtenClosings = -1;
  /** Adjacent and in order. */
  #segments: SegmentFile[];

  private constructor(options: SegmentSetOptions, segments: SegmentFile[]) {
    this.directory = options.directory;
    this.fileBytes = options.fileBytes;
    this.#handles = options.handles;
    this.#syncNames = options.syncNames ?? true;
    this.#isAlone = options.isAlone ?? false;
    this.#segments = segments;
  }

  /**
   * Opens a directory, which is made when it is not there and the handle cache may write.
   *
   * @throws {StoreError} when names, sizes or starts are not what they must be
   */
  static open(options: SegmentSetOptions): SegmentSet {
    if (!Number.isSafeInteger(options.fileBytes) || options.fileBytes <= 0) {
      throw new RangeError(`Cannot open "${options.directory}": segment size is ${options.fileBytes}`);
    }
    const { disk, mode } = options.handles;
    const removeEmpty = options.removeEmpty ?? false;
    const rule = { removeEmpty, extendShort: removeEmpty && options.syncNames === false };
    const segments = loadSegments(disk, options.directory, options.fileBytes, rule);
    if (segments === undefined && mode === "write") disk.makeDirectory(options.directory);
    return new SegmentSet(options, segments ?? []);
  }

  /** Number of segments known. */
  get count(): number {
    return this.#segments.length;
  }

  /** The segments known, in order. */
  get segments(): readonly SegmentFile[] {
    return this.#segments;
  }

  /** Position of the first byte, 0 when there is no segment. */
  get first(): number {
    return this.#segments[0]?.start ?? 0;
  }

  /** Position behind the last byte of the last segment known, 0 when there is none. Not the end of what is written. */
  get end(): number {
    const last = this.#segments.at(-1);
    return last === undefined ? 0 : last.start + this.fileBytes;
  }

  /** Position of the first byte of the segment that holds a position. */
  startOf(position: number): number {
    return position - position % this.fileBytes;
  }

  /** The segment that holds a position, or undefined; one that another thread made since is found. */
  fileAt(position: number): SegmentFile | undefined {
    if (position < 0) return undefined;
    if (position >= this.end) this.#discover();
    const index = Math.floor((position - this.first) / this.fileBytes);
    return index < 0 ? undefined : this.#segments[index];
  }

  /**
   * Makes the segment after the one that holds a position, so that the writer finds it ready. Any thread may call it.
   *
   * @returns true when the file was made now
   * @throws {DiskError} when the disk refuses
   */
  prepareNext(position: number): boolean {
    const start = this.startOf(position) + this.fileBytes;
    if (this.#handles.disk.stat(segmentPath(this.directory, start))?.bytes === this.fileBytes) return false;
    return this.#create(segmentPath(this.directory, start));
  }

  /**
   * Writes bytes at a position, across the end of a file when they reach it. The next segment is made when it is not
   * there; the first segment of an empty set is the one that holds the position.
   *
   * @throws {StoreError} `POSITION_RANGE` when the position is not in or directly behind the set
   * @throws {DiskError} when the disk refuses; a part may be written
   */
  write(from: Uint8Array, fromStart: number, length: number, position: number): void {
    this.#isAsFound = false;
    let done = 0;
    while (done < length) {
      const at = position + done;
      const segment = this.#segmentToWrite(at);
      const count = Math.min(length - done, segment.start + this.fileBytes - at);
      this.#fileToWrite(segment).write(from, fromStart + done, count, at - segment.start);
      done += count;
    }
  }

  /**
   * Reads up to `length` bytes at a position, across the end of a file.
   *
   * @returns the bytes read, fewer than `length` only where the set ends; bytes not written yet are zeros
   * @throws {DiskError} when the disk refuses
   */
  read(into: Uint8Array, intoStart: number, length: number, position: number): number {
    let done = 0;
    while (done < length) {
      const at = position + done;
      const segment = this.fileAt(at);
      if (segment === undefined) break;
      const file = this.#handles.find(segment.path);
      if (file === undefined) {
        this.#dropBefore(segment.start + this.fileBytes);
        break;
      }
      const count = Math.min(length - done, segment.start + this.fileBytes - at);
      const got = file.read(into, intoStart + done, count, at - segment.start);
      done += got;
      if (got < count) break;
    }
    return done;
  }

  /**
   * Blocks until the bytes of a range are on the device. Segments of the range that are gone are passed over.
   *
   * @throws {DiskError} when they are not on the device
   */
  syncRange(from: number, to: number): void {
    for (let start = this.startOf(from); start < to; start += this.fileBytes) {
      const segment = this.fileAt(start);
      if (segment !== undefined) this.#handles.find(segment.path)?.syncData();
    }
  }

  /** Paths of the segments that hold bytes of a range. */
  pathsOf(from: number, to: number): string[] {
    const paths: string[] = [];
    for (let start = this.startOf(from); start < to; start += this.fileBytes) {
      const segment = this.fileAt(start);
      if (segment !== undefined) paths.push(segment.path);
    }
    return paths;
  }

  /**
   * Ends the set at a position: later segments are removed, the last first, and what follows the position in its own
   * segment becomes zeros, so that no old record can be taken for a new one. A segment that starts at the position stays.
   *
   * @throws {DiskError} when the disk refuses
   */
  truncateAfter(position: number): void {
    const { disk } = this.#handles;
    this.#discover();
    for (let last = this.#segments.at(-1); last !== undefined && last.start > position; last = this.#segments.at(-1)) {
      this.#removeFile(last);
      this.#segments.pop();
    }
    if (this.#syncNames && disk.exists(this.directory)) disk.syncDirectory(this.directory);
    const segment = this.fileAt(position);
    if (segment === undefined) return;
    const file = this.#handles.acquire(segment.path);
    if (this.#isClearFrom(segment, file, position - segment.start)) return;
    if (this.#syncNames) {
      if (!this.#isClearedBlind(segment, file, position - segment.start)) {
        clearFrom(file, position - segment.start, this.fileBytes);
      }
      file.syncData();
    } else {
      file.truncate(position - segment.start);
      file.truncate(this.fileBytes);
    }
    this.#isAsFound = false;
  }

  /**
   * Removes the segments that end at or before a position, never the last one.
   *
   * @param filesMax most segments removed by this call
   * @returns how many were removed
   */
  removeBefore(position: number, filesMax = Infinity): number {
    let removed = 0;
    while (removed < filesMax && this.#segments.length > 1) {
      const first = this.#segments[0] as SegmentFile;
      if (first.start + this.fileBytes > position) break;
      this.#removeFile(first);
      this.#segments.shift();
      removed += 1;
    }
    return removed;
  }

  /** Removes all segments, the last first; the directory stays. */
  removeAll(): void {
    this.#discover();
    for (let last = this.#segments.pop(); last !== undefined; last = this.#segments.pop()) this.#removeFile(last);
  }

  /** Closes the handles of this directory, because another thread cut or replaced files; the list is read anew. */
  refresh(): void {
    this.#handles.forgetBelow(this.directory);
    const { disk } = this.#handles;
    this.#segments = loadSegments(disk, this.directory, this.fileBytes) ?? [];
    this.#isAsFound = false;
  }

  /** Asserts that the segments are aligned and adjacent. */
  check(): void {
    for (const [index, segment] of this.#segments.entries()) {
      const expected = this.first + index * this.fileBytes;
      if (segment.start !== expected || segment.start % this.fileBytes !== 0) {
        throw new RangeError(`Segment "${segment.path}" starts at ${segment.start}: expected start is ${expected}`);
      }
    }
  }

  /** The file of a segment. With thousands of queues, looking for it took a tenth of each write. */
  #fileToWrite(segment: SegmentFile): DiskFile {
    if (this.#writtenStart === segment.start && this.#writtenClosings === this.#handles.closings) {
      return this.#writtenFile as DiskFile;
    }
    this.#writtenFile = this.#handles.acquire(segment.path);
    this.#writtenStart = segment.start;
    this.#writtenClosings = this.#handles.closings;
    return this.#writtenFile;
  }

  #segmentToWrite(position: number): SegmentFile {
    const known = this.fileAt(position);
    if (known !== undefined) return known;
    const start = this.startOf(position);
    if (position < 0 || (this.#segments.length > 0 && start !== this.end)) {
      const range = `segments hold ${this.first} to ${this.end}`;
      throw new StoreError("POSITION_RANGE", `Cannot write at ${position}: ${range}`, {
        path: this.directory,
        position,
      });
    }
    const segment = { start, path: segmentPath(this.directory, start) };
    this.#create(segment.path);
    this.#segments.push(segment);
    return segment;
  }

  #create(path: string): boolean {
    return this.#handles.withRoom(() => createSegment(this.#handles.disk, path, this.fileBytes, this.#syncNames));
  }

  /**
   * True when nothing is written behind a point of a segment: exactly the pages before it take space, which all hold something, and the rest of the last one
   * holds zeros. Then nothing has to be cut, which for thousands of queues is most of a start. Where space is compressed or taken ahead, the answer is false.
   */
  #isClearFrom(segment: SegmentFile, file: DiskFile, from: number): boolean {
    const allocated = this.#isAlone && this.#isAsFound
      ? segment.allocatedBytes
      : this.#handles.disk.stat(segment.path)?.allocatedBytes;
    const pageEnd = Math.min(Math.ceil(from / PAGE_BYTES) * PAGE_BYTES, this.fileBytes);
    if (allocated !== pageEnd) return false;
    const rest = new Uint8Array(pageEnd - from);
    const count = file.read(rest, 0, rest.length, from);
    return rest.subarray(0, count).every((byte) => byte === 0);
  }

  /**
   * Writes zeros behind a point of a segment over as many bytes as the file takes there, and looks whether it takes more now. If not, zeros were written over all that
   * was there: a file of a gigabyte needs not be read for the few records or zeros behind its end.
   *
   * @returns false when something may lie farther behind
   */
  #isClearedBlind(segment: SegmentFile, file: DiskFile, from: number): boolean {
    const { disk } = this.#handles;
    const allocated = disk.stat(segment.path)?.allocatedBytes;
    const pageEnd = Math.min(Math.ceil(from / PAGE_BYTES) * PAGE_BYTES, this.fileBytes);
    const behind = (allocated ?? Infinity) - pageEnd;
    if (behind < 0 || behind > CLEARED_BLIND_BYTES_MAX) return false;
    const bytes = Math.min(pageEnd + behind, this.fileBytes) - from;
    try {
      file.write(new Uint8Array(bytes), 0, bytes, from);
      // Not every file system counts what it has not written yet.
      file.syncData();
    } catch (error) {
      if (error instanceof DiskError && error.code === "NO_SPACE") return false;
      throw error;
    }
    return disk.stat(segment.path)?.allocatedBytes === allocated;
  }

  /** Adds segments that another thread made after the last one known. */
  #discover(): void {
    if (this.#isAlone) return;
    const { disk } = this.#handles;
    if (this.#segments.length === 0) {
      this.#segments = loadSegments(disk, this.directory, this.fileBytes) ?? [];
      return;
    }
    for (;;) {
      const path = segmentPath(this.directory, this.end);
      if (disk.stat(path)?.bytes !== this.fileBytes) return;
      this.#segments.push({ start: this.end, path });
    }
  }

  #dropBefore(position: number): void {
    this.#segments = this.#segments.filter((segment) => segment.start >= position);
  }

  #removeFile(segment: SegmentFile): void {
    this.#handles.forget(segment.path);
    if (this.#handles.disk.exists(segment.path)) this.#handles.disk.remove(segment.path);
  }
}

/** Makes the bytes from `from` on zeros without ever making the file shorter, so that a crash leaves it at its size. */
function clearFrom(file: DiskFile, from: number, fileBytes: number): void {
  const blockBytes = Math.min(ZERO_BLOCK_BYTES, Math.ceil((fileBytes - from) / 4) * 4);
  if (blockBytes <= 0) return;
  const zeros = new Uint8Array(blockBytes);
  const block = new Uint8Array(blockBytes);
  const words = new Uint32Array(block.buffer);
  for (let at = from; at < fileBytes; at += blockBytes) {
    const count = file.read(block, 0, Math.min(blockBytes, fileBytes - at), at);
    block.fill(0, count);
    if (!isZero(words, Math.ceil(count / 4))) file.write(zeros, 0, count, at);
  }
}

function isZero(words: Uint32Array, count: number): boolean {
  for (let index = 0; index < count; index++) if (words[index] !== 0) return false;
  return true;
}
