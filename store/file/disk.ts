/**
 * What the store needs of a disk, all of it synchronous but one: a sync for threads that must not stand still meanwhile.
 *
 * Owns: the `Disk` and `DiskFile` interfaces and their error.
 * Reads: nothing; an implementation is injected (`deno_disk.ts`, `memory_disk.ts`, `faulty_disk.ts`).
 * Never: retries. A failed `syncData` means that the dirty pages may be lost: the caller latches, because the next
 * call on the same file reports success.
 */

/** Why a disk operation failed, as a closed list. */
export type DiskErrorCode =
  /** No such file or directory. */
  | "NOT_FOUND"
  /** The name is taken, or a directory is not empty. */
  | "EXISTS"
  /** The device or the quota is full; what was written before the failure may be there in part. */
  | "NO_SPACE"
  /** The process has too many open files. */
  | "TOO_MANY_FILES"
  /** Permission refused, or the medium is read-only. */
  | "REFUSED"
  /** The device failed, or anything that is not named above. */
  | "IO";

/** A failed disk operation. */
export class DiskError extends Error {
  override readonly name = "DiskError";
  /** Which failure this is. */
  readonly code: DiskErrorCode;
  /** True when the same call can succeed later by itself: space or file handles can come back. */
  readonly retryable: boolean;
  /** The operation that failed. */
  readonly operation: string;
  /** The file or directory. */
  readonly path: string;

  /**
   * @param code which failure this is
   * @param operation the operation that failed
   * @param path the file or directory
   * @param cause the error of the platform
   */
  constructor(code: DiskErrorCode, operation: string, path: string, cause?: unknown) {
    const reason = cause instanceof Error ? cause.message : code;
    super(`Cannot ${operation} "${path}": ${reason}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = code === "NO_SPACE" || code === "TOO_MANY_FILES";
    this.operation = operation;
    this.path = path;
  }
}

/** How a file is opened: `read` and `write` need the file to be there, `create` makes it when it is not. */
export type OpenMode = "read" | "write" | "create";

/** An open file, read and written at explicit positions in bytes. */
export interface DiskFile {
  /**
   * Reads up to `length` bytes at `position`.
   *
   * @returns the bytes read, fewer than `length` only at the end of the file
   * @throws {DiskError} when the device fails
   */
  read(into: Uint8Array, intoStart: number, length: number, position: number): number;
  /**
   * Writes all `length` bytes at `position`; the file grows when needed.
   *
   * @returns `length`
   * @throws {DiskError} when not all could be written; a part of them may be there
   */
  write(from: Uint8Array, fromStart: number, length: number, position: number): number;
  /**
   * Blocks until the written bytes are on the device.
   *
   * @throws {DiskError} when they are not; the file must then not be trusted any more
   */
  syncData(): void;
  /** Sets the size in bytes; added bytes read as zeros and take no space. */
  truncate(bytes: number): void;
  /** The size in bytes. */
  bytes(): number;
  /** Gives the handle back; any later call is a programmer error. */
  close(): void;
}

/** An exclusive lock that dies with the process. */
export interface DiskLock {
  /** Gives the lock back. */
  release(): void;
}

/** What `stat` tells of a path. */
export interface DiskStat {
  /** Size in bytes. */
  readonly bytes: number;
  /** Time of the last change in ms since the epoch. */
  readonly modifiedMs: number;
  /** True for a directory. */
  readonly isDirectory: boolean;
  /** Bytes that take space; what is not allocated reads as zeros. Undefined where the platform does not tell. */
  readonly allocatedBytes?: number | undefined;
}

/** Files and directories by path. Every method blocks and throws {@link DiskError} when it cannot do its work. */
export interface Disk {
  /** Opens a file. */
  open(path: string, mode: OpenMode): DiskFile;
  /** Reads a whole file. */
  readFile(path: string): Uint8Array;
  /** Replaces the content of a file and syncs it. */
  writeFile(path: string, bytes: Uint8Array): void;
  /** True when the path names a file or a directory. */
  exists(path: string): boolean;
  /** The names in a directory, sorted as text. */
  list(path: string): string[];
  /** Size, time and kind of a path, or undefined when nothing is there. */
  stat(path: string): DiskStat | undefined;
  /** Removes a file or an empty directory. */
  remove(path: string): void;
  /** Removes a directory with all below it; nothing happens when it is not there. */
  removeTree(path: string): void;
  /** Renames a file, replacing the target. */
  rename(from: string, to: string): void;
  /** Makes a directory and its parents; nothing happens when it is there. */
  makeDirectory(path: string): void;
  /** Blocks until the names in a directory are on the device. */
  syncDirectory(path: string): void;
  /**
   * Brings what was written to a file so far onto the device while the thread goes on.
   *
   * @throws {DiskError} as a rejection, when the device fails; the file must then not be trusted any more
   */
  syncLater(path: string): Promise<void>;
  /**
   * Takes an exclusive lock on a file, which is made when it is not there.
   *
   * @returns the lock, or undefined when another holder has it
   */
  lock(path: string): DiskLock | undefined;
  /** Size and free bytes of the file system that holds the path. */
  space(path: string): { readonly totalBytes: number; readonly freeBytes: number };
}

/** The directory part of a path, `.` when it has none. */
export function directoryOf(path: string): string {
  const at = path.lastIndexOf("/");
  return at < 0 ? "." : at === 0 ? "/" : path.slice(0, at);
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
