/**
 * A bounded set of open files, shared by all segment sets and readers of one thread.
 *
 * Owns: the handles it opened. When the bound is reached, a file that is opened is a guest: the next one takes its place, unless it was used again meanwhile.
 * Only each eighth takes the place of the file used longest ago. Thousands of queues are written in turn: of some more files than the bound, most then stay open,
 * where the one used longest ago is always the one that is needed next.
 * Reads: nothing.
 * Never: hands a handle out for longer than until `closings` changes. When the process runs out of handles, the bound is lowered; it is raised again
 * while many files are opened and there is room.
 */
import { type Disk, DiskError, type DiskFile } from "./disk.ts";
import { hasRoom } from "./open_files.ts";

/** Handles one thread keeps open when nothing else is said. */
export const HANDLES_MAX_DEFAULT = 512;

/** It looks whether files are left to the rest of the process each time that it opened so many. */
const OPENED_BETWEEN_LOOKS = 128;

/** A lowered bound is doubled after so many files were opened for which there was no place. */
const MISSES_BETWEEN_RAISES = 4096;

/** When the bound is reached, each so-manieth file that is opened stays for good. */
const GUESTS_PER_STAY = 8;

/** Options of {@link HandleCache}. */
export interface HandleCacheOptions {
  /** Where the files are. */
  readonly disk: Disk;
  /** How files are opened; `read` for threads that must not write. */
  readonly mode: "read" | "write";
  /** Most handles open at once. */
  readonly handlesMax?: number;
}

/** A bounded set of open files. */
export class HandleCache {
  /** Where the files are. */
  readonly disk: Disk;
  /** How files are opened. */
  readonly mode: "read" | "write";
  readonly #configuredMax: number;
  #handlesMax: number;
  /** In order of use: the first was used longest ago. */
  readonly #handles = new Map<string, DiskFile>();
  /** The file opened last, while it may be closed for the next one; "" for none. */
  #guestPath = "";
  /** Files opened for which there was no place, counted around. */
  #misses = 0;
  #recentPath = "";
  #recent: DiskFile | undefined;
  #closings = 0;

  /** @param options disk, mode and bound */
  constructor(options: HandleCacheOptions) {
    this.disk = options.disk;
    this.mode = options.mode;
    this.#configuredMax = options.handlesMax ?? HANDLES_MAX_DEFAULT;
    this.#handlesMax = this.#configuredMax;
    if (this.#handlesMax < 1) throw new RangeError(`Cannot keep ${this.#handlesMax} handles: at least 1 is needed`);
  }

  /** Handles open now. */
  get count(): number {
    return this.#handles.size;
  }

  /** How often handles were closed so far: while it stays the same, all that were handed out are good. */
  get closings(): number {
    return this.#closings;
  }

  /**
   * The open file of a path, opened when it is not.
   *
   * @returns a handle that is good until {@link closings} changes
   * @throws {DiskError} `NOT_FOUND` when there is no such file
   */
  acquire(path: string): DiskFile {
    if (this.#recent !== undefined && this.#recentPath === path) return this.#recent;
    let file = this.#handles.get(path);
    if (file === undefined) {
      file = this.#open(path);
    } else {
      this.#handles.delete(path);
      if (this.#guestPath === path) this.#guestPath = "";
    }
    this.#handles.set(path, file);
    this.#recentPath = path;
    this.#recent = file;
    return file;
  }

  /** As `acquire`, but undefined when there is no such file. */
  find(path: string): DiskFile | undefined {
    try {
      return this.acquire(path);
    } catch (error) {
      if (error instanceof DiskError && error.code === "NOT_FOUND") return undefined;
      throw error;
    }
  }

  /** Closes the handle of one file, because it was removed or replaced. */
  forget(path: string): void {
    const file = this.#handles.get(path);
    if (file === undefined) return;
    this.#handles.delete(path);
    this.#noteClosing();
    file.close();
  }

  /** Closes the handles of all files below a directory. */
  forgetBelow(directory: string): void {
    const prefix = `${directory}/`;
    for (const path of [...this.#handles.keys()]) if (path.startsWith(prefix)) this.forget(path);
  }

  /** Closes all handles; the cache can be used again. */
  close(): void {
    this.#noteClosing();
    for (const file of this.#handles.values()) file.close();
    this.#handles.clear();
  }

  /**
   * Opens a file some other way than by this cache. When the process has as many open files as it may, half of those here are closed and it is tried once more.
   *
   * @param open opens it
   * @throws {DiskError} what `open` throws
   */
  withRoom<T>(open: () => T): T {
    try {
      return open();
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== "TOO_MANY_FILES" || !this.giveBack()) throw error;
      return open();
    }
  }

  /**
   * Closes half of the files, for the process has as many open as it may, and lowers the bound to the other half.
   *
   * @returns false when there were none to close
   */
  giveBack(): boolean {
    if (this.#handles.size === 0) return false;
    this.#handlesMax = Math.max(1, Math.floor(this.#handles.size / 2));
    while (this.#handles.size >= this.#handlesMax && this.#handles.size > 0) this.#closeOldest();
    return true;
  }

  #open(path: string): DiskFile {
    if (this.#handles.size >= this.#handlesMax) this.#makeRoom(path);
    else if ((this.#handles.size + 1) % OPENED_BETWEEN_LOOKS === 0 && !hasRoom(this.disk, path)) this.giveBack();
    return this.withRoom(() => this.disk.open(path, this.mode));
  }

  #makeRoom(path: string): void {
    const guest = this.#guestPath;
    this.#misses = (this.#misses + 1) % MISSES_BETWEEN_RAISES;
    if (this.#misses === 0 && this.#handlesMax < this.#configuredMax && hasRoom(this.disk, path)) {
      this.#handlesMax = Math.min(this.#configuredMax, 2 * this.#handlesMax);
    }
    const stays = this.#misses % GUESTS_PER_STAY === 0;
    this.#guestPath = stays ? "" : path;
    if (!stays && this.#handles.has(guest)) this.forget(guest);
    while (this.#handles.size >= this.#handlesMax) this.#closeOldest();
  }

  #closeOldest(): void {
    for (const path of this.#handles.keys()) return this.forget(path);
  }

  #noteClosing(): void {
    this.#closings++;
    this.#recentPath = "";
    this.#recent = undefined;
  }
}
