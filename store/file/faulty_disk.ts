/**
 * A disk in memory that forgets what was not synced, and fails when it is told to. For tests and simulations.
 *
 * Owns: what the process sees, what the device holds, and the list of operations.
 * Reads: the plan of faults that it is given.
 * Never: kinder than a disk with a journal of its names and sizes: a write is on the device after `syncData` of its file, a name after
 * `syncDirectory` of its directory.
 * After a crash each sector that was not synced is there or not, as the caller chooses.
 */
import {
  directoryOf,
  type Disk,
  DiskError,
  type DiskErrorCode,
  type DiskFile,
  type DiskLock,
  type DiskStat,
} from "./disk.ts";
import type { OpenMode } from "./disk.ts";
import { MemoryBytes, MemoryDisk } from "./memory_disk.ts";

/** Unit in which unsynced bytes reach the device or do not. */
export const SECTOR_BYTES = 512;

/** What is done to the disk. */
export type DiskOperationKind =
  | "open"
  | "read"
  | "write"
  | "sync"
  | "truncate"
  | "remove"
  | "rename"
  | "make directory"
  | "sync directory";

/** One operation, before it is done. */
export interface DiskOperation {
  /** What is done. */
  readonly kind: DiskOperationKind;
  /** To which file or directory. */
  readonly path: string;
  /** First byte, of a read, a write or a truncation. */
  readonly position: number;
  /** Bytes read or written. */
  readonly length: number;
}

/** A failure of one operation. */
export interface DiskFault {
  /** How it fails. */
  readonly code: DiskErrorCode;
  /** Bytes of a write that get through before it fails. */
  readonly bytesWritten?: number;
}

/** Says whether an operation fails. */
export type FaultPlan = (operation: DiskOperation) => DiskFault | undefined;

interface Inode {
  readonly number: number;
  /** What the device holds. */
  durable: MemoryBytes;
  /** Sectors written since the last sync. */
  readonly dirty: Set<number>;
}

/** Options of a crash. */
export interface CrashOptions {
  /** Whether a sector that was not synced is on the device; none is when left out. */
  readonly keepsSector?: (path: string, sector: number) => boolean;
  /** Files made up to this number keep their names although they were not synced; a journal loses names only from the end. */
  readonly namesKept?: number;
}

/** A disk that forgets and fails. */
export class FaultyDisk implements Disk {
  /** Everything that was done, in order. */
  readonly operations: DiskOperation[] = [];
  /** Says whether the next operations fail. */
  plan: FaultPlan = () => undefined;
  #live = new MemoryDisk();
  readonly #inodes = new Map<string, Inode>();
  /** Names on the device. */
  readonly #durableNames = new Map<string, Inode>();
  readonly #directories = new Set<string>();
  #inodeCount = 0;

  /** Files made so far. */
  get filesMade(): number {
    return this.#inodeCount;
  }

  open(path: string, mode: OpenMode): DiskFile {
    this.#try("open", path);
    const file = this.#live.open(path, mode);
    return new FaultyFile(this, file, path, this.#inode(path));
  }

  readFile(path: string): Uint8Array {
    this.#try("read", path);
    return this.#live.readFile(path);
  }

  writeFile(path: string, bytes: Uint8Array): void {
    const file = this.open(path, "create");
    try {
      file.write(bytes, 0, bytes.length, 0);
      file.truncate(bytes.length);
      file.syncData();
    } finally {
      file.close();
    }
  }

  exists(path: string): boolean {
    return this.#live.exists(path);
  }

  list(path: string): string[] {
    return this.#live.list(path);
  }

  stat(path: string): DiskStat | undefined {
    return this.#live.stat(path);
  }

  remove(path: string): void {
    this.#try("remove", path);
    this.#live.remove(path);
    this.#inodes.delete(path);
  }

  removeTree(path: string): void {
    this.#try("remove", path);
    this.#live.removeTree(path);
    for (const name of [...this.#inodes.keys()]) if (isBelow(name, path)) this.#inodes.delete(name);
  }

  rename(from: string, to: string): void {
    this.#try("rename", from);
    this.#live.rename(from, to);
    const inode = this.#inode(from);
    this.#inodes.delete(from);
    this.#inodes.set(to, inode);
  }

  makeDirectory(path: string): void {
    this.#try("make directory", path);
    this.#live.makeDirectory(path);
    this.#directories.add(path);
  }

  syncDirectory(path: string): void {
    this.#try("sync directory", path);
    this.#live.syncDirectory(path);
    for (const [name] of this.#durableNames) {
      if (this.#isGoneFrom(path, name)) this.#durableNames.delete(name);
    }
    for (const [name, inode] of this.#inodes) if (directoryOf(name) === path) this.#durableNames.set(name, inode);
  }

  /** A name leaves the device with the sync of its directory, or of a directory further up from which its own is gone. */
  #isGoneFrom(directory: string, name: string): boolean {
    if (directoryOf(name) === directory) return !this.#inodes.has(name);
    if (!isBelow(name, directory)) return false;
    const child = name.slice(0, name.indexOf("/", directory.length + 1));
    return !this.#live.exists(child);
  }

  // deno-lint-ignore require-await -- a failure must be a rejection
  async syncLater(path: string): Promise<void> {
    const file = this.open(path, "write");
    try {
      file.syncData();
    } finally {
      file.close();
    }
  }

  lock(path: string): DiskLock | undefined {
    return this.#live.lock(path);
  }

  space(path: string): { readonly totalBytes: number; readonly freeBytes: number } {
    return this.#live.space(path);
  }

  /**
   * The machine stops: what the process saw is gone, what the device holds is there. All handles are void.
   *
   * @returns how many sectors were lost
   */
  crash(options: CrashOptions = {}): number {
    const live = this.#live;
    const next = new MemoryDisk();
    let lost = 0;
    for (const directory of this.#directories) next.makeDirectory(directory);
    const names = new Map(this.#durableNames);
    for (const [name, inode] of this.#inodes) {
      if (names.get(name) !== inode && inode.number <= (options.namesKept ?? 0)) names.set(name, inode);
    }
    this.#inodes.clear();
    this.#durableNames.clear();
    for (const [name, inode] of names) {
      const seen = live.exists(name) ? live.readFile(name) : undefined;
      for (const sector of inode.dirty) {
        const start = sector * SECTOR_BYTES;
        if (seen !== undefined && start < seen.length && options.keepsSector?.(name, sector) === true) {
          inode.durable.write(seen, start, Math.min(SECTOR_BYTES, seen.length - start), start);
        } else lost += 1;
      }
      inode.dirty.clear();
      const bytes = new Uint8Array(inode.durable.bytes);
      inode.durable.read(bytes, 0, bytes.length, 0);
      next.makeDirectory(directoryOf(name));
      next.writeFile(name, bytes);
      this.#inodes.set(name, inode);
      this.#durableNames.set(name, inode);
    }
    this.#live = next;
    return lost;
  }

  /** Records an operation and fails when the plan says so. */
  check(operation: DiskOperation): DiskFault | undefined {
    this.operations.push(operation);
    return this.plan(operation);
  }

  #try(kind: DiskOperationKind, path: string): void {
    const fault = this.check({ kind, path, position: 0, length: 0 });
    if (fault !== undefined) throw new DiskError(fault.code, kind, path);
  }

  #inode(path: string): Inode {
    let inode = this.#inodes.get(path);
    if (inode === undefined) {
      this.#inodeCount += 1;
      inode = { number: this.#inodeCount, durable: new MemoryBytes(), dirty: new Set() };
      this.#inodes.set(path, inode);
    }
    return inode;
  }
}

class FaultyFile implements DiskFile {
  readonly #disk: FaultyDisk;
  readonly #file: DiskFile;
  readonly #path: string;
  readonly #inode: Inode;

  constructor(disk: FaultyDisk, file: DiskFile, path: string, inode: Inode) {
    this.#disk = disk;
    this.#file = file;
    this.#path = path;
    this.#inode = inode;
  }

  read(into: Uint8Array, intoStart: number, length: number, position: number): number {
    this.#try("read", position, length);
    return this.#file.read(into, intoStart, length, position);
  }

  write(from: Uint8Array, fromStart: number, length: number, position: number): number {
    const fault = this.#disk.check({ kind: "write", path: this.#path, position, length });
    const through = fault === undefined ? length : Math.min(fault.bytesWritten ?? 0, length);
    if (through > 0) this.#file.write(from, fromStart, through, position);
    this.#touch(position, through);
    if (fault !== undefined) throw new DiskError(fault.code, "write", this.#path);
    return length;
  }

  /** A failed sync leaves the pages clean in the eyes of the kernel: the next sync of this file succeeds without them. */
  syncData(): void {
    const fault = this.#disk.check({ kind: "sync", path: this.#path, position: 0, length: 0 });
    const { dirty, durable } = this.#inode;
    if (fault === undefined) {
      durable.truncate(this.#file.bytes());
      const sector = new Uint8Array(SECTOR_BYTES);
      for (const index of dirty) {
        const count = this.#file.read(sector, 0, SECTOR_BYTES, index * SECTOR_BYTES);
        durable.write(sector, 0, count, index * SECTOR_BYTES);
      }
    }
    dirty.clear();
    if (fault !== undefined) throw new DiskError(fault.code, "sync", this.#path);
  }

  truncate(bytes: number): void {
    this.#try("truncate", bytes, 0);
    const before = this.#file.bytes();
    this.#file.truncate(bytes);
    if (bytes < before) this.#touch(bytes, before - bytes);
    else this.#inode.durable.truncate(Math.max(bytes, this.#inode.durable.bytes));
  }

  bytes(): number {
    return this.#file.bytes();
  }

  close(): void {
    this.#file.close();
  }

  #touch(position: number, length: number): void {
    const end = position + length;
    for (let sector = Math.floor(position / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++) {
      this.#inode.dirty.add(sector);
    }
  }

  #try(kind: DiskOperationKind, position: number, length: number): void {
    const fault = this.#disk.check({ kind, path: this.#path, position, length });
    if (fault !== undefined) throw new DiskError(fault.code, kind, this.#path);
  }
}

function isBelow(name: string, directory: string): boolean {
  return name === directory || name.startsWith(`${directory}/`);
}
