/**
 * The disk of the machine by Deno's own synchronous calls, for threads that touch files now and then.
 *
 * Owns: file descriptors behind `DiskFile`, and the flock behind `DiskLock`.
 * Reads: nothing but what it is asked for; `/proc/locks` when a lock is taken, to see Java's kind of lock.
 * Never: retries or caches. One instance can be used by one thread only; every thread makes its own.
 *
 * Deno has no pread and pwrite, so that each transfer takes a seek before it (about 1 µs). What it saves is `node:fs`, 3.7 MB in each worker; a thread that
 * reads or writes for every message uses `DenoDisk`.
 */
import { nodeModule } from "../../protocol/node_module.ts";
import { type Disk, DiskError, type DiskErrorCode, type DiskFile, type DiskLock, type DiskStat } from "./disk.ts";
import type { OpenMode } from "./disk.ts";

const OPEN_OPTIONS: Readonly<Record<OpenMode, Deno.OpenOptions>> = {
  read: { read: true },
  write: { read: true, write: true },
  create: { read: true, write: true, create: true, mode: 0o644 },
};

const CODES: Readonly<Record<string, DiskErrorCode>> = {
  ENOENT: "NOT_FOUND",
  ENOTDIR: "NOT_FOUND",
  EEXIST: "EXISTS",
  ENOTEMPTY: "EXISTS",
  ENOSPC: "NO_SPACE",
  EDQUOT: "NO_SPACE",
  EMFILE: "TOO_MANY_FILES",
  ENFILE: "TOO_MANY_FILES",
  EACCES: "REFUSED",
  EPERM: "REFUSED",
  EROFS: "REFUSED",
};

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/**
 * What the platform threw, as an error of the disk.
 *
 * @param error What was thrown
 * @param operation Word for what was tried
 * @param path Of what
 * @returns The error with its code
 */
export function toDiskError(error: unknown, operation: string, path: string): DiskError {
  const code = codeOf(error);
  const known = code === undefined ? undefined : CODES[code];
  const refused = error instanceof Deno.errors.NotCapable ? "REFUSED" : "IO";
  return new DiskError(known ?? refused, operation, path, error);
}

/**
 * Calls the platform.
 *
 * @param operation Word for what is tried
 * @param path Of what
 * @param call Does it
 * @returns What the call returned
 * @throws {DiskError} what the call threw
 */
export function onDisk<T>(operation: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw toDiskError(error, operation, path);
  }
}

class LightFile implements DiskFile {
  readonly #file: Deno.FsFile;
  readonly #path: string;

  constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  read(into: Uint8Array, intoStart: number, length: number, position: number): number {
    return onDisk("read", this.#path, () => {
      this.#file.seekSync(position, Deno.SeekMode.Start);
      let done = 0;
      while (done < length) {
        const count = this.#file.readSync(into.subarray(intoStart + done, intoStart + length));
        if (count === null) break;
        done += count;
      }
      return done;
    });
  }

  write(from: Uint8Array, fromStart: number, length: number, position: number): number {
    return onDisk("write", this.#path, () => {
      this.#file.seekSync(position, Deno.SeekMode.Start);
      let done = 0;
      while (done < length) done += this.#file.writeSync(from.subarray(fromStart + done, fromStart + length));
      return done;
    });
  }

  syncData(): void {
    onDisk("sync", this.#path, () => this.#file.syncDataSync());
  }

  truncate(bytes: number): void {
    onDisk("truncate", this.#path, () => this.#file.truncateSync(bytes));
  }

  bytes(): number {
    return onDisk("stat", this.#path, () => this.#file.statSync().size);
  }

  close(): void {
    onDisk("close", this.#path, () => this.#file.close());
  }
}

/** Unit in which the platform counts allocated space. */
const BLOCK_BYTES = 512;

/** The disk of the machine, with little memory. */
export class LightDisk implements Disk {
  open(path: string, mode: OpenMode): DiskFile {
    return new LightFile(onDisk("open", path, () => Deno.openSync(path, OPEN_OPTIONS[mode])), path);
  }

  readFile(path: string): Uint8Array {
    return onDisk("read", path, () => Deno.readFileSync(path));
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
    return this.stat(path) !== undefined;
  }

  list(path: string): string[] {
    return onDisk("list", path, () => Array.from(Deno.readDirSync(path), ({ name }) => name)).sort();
  }

  stat(path: string): DiskStat | undefined {
    try {
      const stat = Deno.statSync(path);
      return {
        bytes: stat.size,
        modifiedMs: stat.mtime?.getTime() ?? 0,
        isDirectory: stat.isDirectory,
        allocatedBytes: stat.blocks === null ? undefined : stat.blocks * BLOCK_BYTES,
      };
    } catch (error) {
      const failure = toDiskError(error, "stat", path);
      if (failure.code === "NOT_FOUND") return undefined;
      throw failure;
    }
  }

  remove(path: string): void {
    onDisk("remove", path, () => Deno.removeSync(path));
  }

  removeTree(path: string): void {
    if (this.exists(path)) onDisk("remove", path, () => Deno.removeSync(path, { recursive: true }));
  }

  rename(from: string, to: string): void {
    onDisk("rename", from, () => Deno.renameSync(from, to));
  }

  makeDirectory(path: string): void {
    onDisk("make directory", path, () => Deno.mkdirSync(path, { recursive: true }));
  }

  syncDirectory(path: string): void {
    onDisk("sync directory", path, () => {
      using directory = Deno.openSync(path, { read: true });
      directory.syncSync();
    });
  }

  async syncLater(path: string): Promise<void> {
    try {
      using file = await Deno.open(path, OPEN_OPTIONS.write);
      await file.syncData();
    } catch (error) {
      throw toDiskError(error, "sync", path);
    }
  }

  lock(path: string): DiskLock | undefined {
    return onDisk("lock", path, () => {
      const file = Deno.openSync(path, { read: true, write: true, create: true });
      if (!file.tryLockSync(true) || heldByRecordLock(file.statSync().ino)) {
        file.close();
        return undefined;
      }
      return { release: (): void => file.close() };
    });
  }

  space(path: string): { readonly totalBytes: number; readonly freeBytes: number } {
    return onDisk("measure", path, () => {
      const stat = nodeModule("node:fs").statfsSync(path);
      return { totalBytes: stat.blocks * stat.bsize, freeBytes: stat.bavail * stat.bsize };
    });
  }
}

/**
 * True when a process holds a POSIX record lock on the inode. Java's `FileChannel.tryLock` takes that kind, which flock
 * does not exclude. Where `/proc/locks` cannot be read the answer is false: flock alone guards then.
 */
function heldByRecordLock(inode: number | null): boolean {
  let table: string;
  try {
    table = Deno.readTextFileSync("/proc/locks");
  } catch {
    return false;
  }
  return table.split("\n").some((line) => {
    const words = line.split(/\s+/);
    return words.includes("POSIX") && words.some((word) => word.endsWith(`:${inode}`));
  });
}
