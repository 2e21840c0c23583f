/**
 * The index files of a store, as their one writer sees them.
 *
 * Owns: which file is written; the roll to the next when it is full.
 * Reads: the directory when it opens.
 * Never: reads entries; that is `index_file_reader.ts`, on any thread.
 */
import { freeBytes } from "../protocol/free_bytes.ts";
import { readLong } from "../protocol/java_number.ts";
import { StoreError } from "./errors.ts";
import type { Disk } from "./file/disk.ts";
import {
  decodeIndexHeader,
  entryAt,
  INDEX_HEADER_BYTES,
  indexFileBytes,
  indexFileName,
  type IndexHeader,
} from "./index_file.ts";
import type { IndexShape } from "./index_file.ts";
import { IndexFileWriter, slotMemory } from "./index_file_writer.ts";

/** Options of {@link IndexFileSet}. */
export interface IndexFileSetOptions {
  /** Where the files are. */
  readonly disk: Disk;
  /** Directory of the index files. */
  readonly directory: string;
  /** Slots and entries of a file. */
  readonly shape: IndexShape;
  /** Wall clock in ms, for the names of new files. */
  readonly nowMs: () => number;
}

/** An index file on the disk. */
export interface IndexFileEntry {
  /** Where the file is. */
  readonly path: string;
  /** What its header says. */
  readonly header: IndexHeader;
}

/**
 * The index files of a directory, oldest first, with their headers.
 *
 * @throws {StoreError} `SEGMENT_SIZE` when a file has another size than the shape says
 */
export function listIndexFiles(disk: Disk, directory: string, shape: IndexShape): IndexFileEntry[] {
  if (!disk.exists(directory)) return [];
  const files: IndexFileEntry[] = [];
  for (const name of disk.list(directory)) {
    const path = `${directory}/${name}`;
    const stat = disk.stat(path);
    if (stat === undefined || stat.isDirectory || !/^\d+$/.test(name)) continue;
    if (stat.bytes !== indexFileBytes(shape)) {
      const sizes = `its size is ${stat.bytes}, configured is ${indexFileBytes(shape)}`;
      throw new StoreError("SEGMENT_SIZE", `Cannot load index file "${path}": ${sizes}`, { path });
    }
    files.push({ path, header: readIndexHeader(disk, path) });
  }
  return files;
}

/** The header of an index file. */
export function readIndexHeader(disk: Disk, path: string): IndexHeader {
  const file = disk.open(path, "read");
  try {
    const bytes = new Uint8Array(INDEX_HEADER_BYTES);
    file.read(bytes, 0, bytes.length, 0);
    return decodeIndexHeader(bytes);
  } finally {
    file.close();
  }
}

/** The index files of a store, to be written. */
export class IndexFileSet {
  readonly #options: IndexFileSetOptions;
  /** One piece for all files in turn: memory of such a size that is given back makes the C library keep more of what is free. */
  readonly #slots: Uint8Array;
  #current: IndexFileWriter | undefined;
  /** Files that were filled since `addDirtyPaths`. */
  #filled: string[] = [];
  /** A file was made since `addDirtyPaths`. */
  #isRolled = false;
  #lastName = "";
  /** The record at the end of a full file, which may have more keys, and how many of them the file has. */
  #split: { readonly position: number; readonly keys: number } | undefined;

  /**
   * Opens the directory; the newest file is written on when it is not full.
   *
   * @throws {StoreError} when a file has a wrong size
   * @throws {DiskError} when the disk refuses
   */
  constructor(options: IndexFileSetOptions) {
    this.#options = options;
    this.#slots = slotMemory(options.shape);
    options.disk.makeDirectory(options.directory);
    const files = listIndexFiles(options.disk, options.directory, options.shape);
    const newest = files.at(-1);
    if (newest === undefined) return;
    const filled = newest.header.count > 1 ? newest : files.at(-2);
    if (filled !== undefined && filled.header.count >= options.shape.entries) {
      this.#split = lastRecordOf(filled, options);
    }
    this.#lastName = newest.path.slice(options.directory.length + 1);
    this.#current = new IndexFileWriter(
      newest.path,
      options.disk.open(newest.path, "write"),
      options.shape,
      this.#slots,
    );
  }

  /** The file that keys go to. A full file is closed and the next one is made, which blocks. */
  current(): IndexFileWriter {
    const current = this.#current;
    return current !== undefined && !current.isFull ? current : this.#roll();
  }

  /** Position of the last record whose keys are surely all indexed, or one before a record that has some; −1 when there is none. */
  get endPosition(): number {
    const header = this.#current?.header;
    if (header === undefined) return -1;
    return this.#split === undefined ? header.endPosition : this.#split.position - 1;
  }

  /**
   * How many keys of a record are indexed already, when it is given for the first time since the set was opened: those that were put
   * into a file which they filled.
   */
  keysIndexed(position: number): number {
    const split = this.#split;
    if (split === undefined) return 0;
    this.#split = undefined;
    return split.position === position ? split.keys : 0;
  }

  /** Writes what a batch gathered. */
  write(): void {
    this.#current?.write();
  }

  /** As {@link IndexFileWriter.idle}. */
  idle(nowMs: number): boolean {
    return this.#current?.idle(nowMs) ?? false;
  }

  /** Writes everything. */
  writeAll(): void {
    this.#current?.writeAll();
  }

  /** Adds the files that were written since the last time, and the directory when it got a file. */
  addDirtyPaths(paths: string[], directories: Set<string>): void {
    if (this.#isRolled) directories.add(this.#options.directory);
    this.#isRolled = false;
    paths.push(...this.#filled);
    this.#filled = [];
    if (this.#current?.isDirty !== true) return;
    paths.push(this.#current.path);
    this.#current.isDirty = false;
  }

  /** Writes everything and closes the file: nothing may be put any more. */
  close(): void {
    if (this.#current !== undefined) {
      this.#current.close();
      this.#filled.push(this.#current.path);
      this.#current = undefined;
    }
    freeBytes(this.#slots);
  }

  #roll(): IndexFileWriter {
    const { disk, directory, shape, nowMs } = this.#options;
    const full = this.#current;
    if (full !== undefined) {
      full.close();
      this.#filled.push(full.path);
    }
    let nameMs = nowMs();
    while (indexFileName(nameMs) <= this.#lastName && nameMs < nowMs() + 1000) nameMs += 1;
    const name = indexFileName(nameMs) > this.#lastName ? indexFileName(nameMs) : nextName(this.#lastName);
    const path = `${directory}/${name}`;
    const file = disk.open(path, "create");
    file.truncate(indexFileBytes(shape));
    const next = new IndexFileWriter(path, file, shape, this.#slots);
    if (full !== undefined) next.seed(full.header.endPosition, full.header.endTimestampMs);
    this.#lastName = name;
    this.#current = next;
    this.#isRolled = true;
    return next;
  }
}

function lastRecordOf(
  entry: IndexFileEntry,
  options: IndexFileSetOptions,
): { readonly position: number; readonly keys: number } {
  const file = options.disk.open(entry.path, "read");
  try {
    const bytes = new Uint8Array(8);
    let keys = 0;
    while (entry.header.count - 1 - keys > 0) {
      file.read(bytes, 0, 8, entryAt(options.shape, entry.header.count - 1 - keys) + 4);
      if (readLong(bytes, 0) !== entry.header.endPosition) break;
      keys += 1;
    }
    return { position: entry.header.endPosition, keys };
  } finally {
    file.close();
  }
}

/** A name that sorts directly behind another, for a clock that was set back. */
function nextName(name: string): string {
  return String(BigInt(name) + 1n).padStart(name.length, "0");
}
