/**
 * A bounded set of open files, shared by all segment sets and readers of one thread.
 *
 * Owns: the handles it opened; the one used longest ago is closed when the bound is reached.
 * Reads: nothing.
 * Never: hands a handle out for longer than until `closings` changes. When the process runs out of handles, the bound is
 * lowered for good.
 */
import { type Disk, DiskError, type DiskFile } from "./disk.ts";

/** Handles one thread keeps open when nothing else is said. */
export const HANDLES_MAX_DEFAULT = 512;

/** Handles that a cache leaves to the rest of the process when the process runs out of them. */
const HANDLES_LEFT_TO_OTHERS = 64;

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
  #handlesMax: number;
  /** In order of use: the first was used longest ago. */
  readonly #handles = new Map<string, DiskFile>();
  #recentPath = "";
  #recent: DiskFile | undefined;
  #closings = 0;

  /** @param options disk, mode and bound */
  constructor(options: HandleCacheOptions) {
    this.disk = options.disk;
    this.mode = options.mode;
    this.#handlesMax = options.handlesMax ?? HANDLES_MAX_DEFAULT;
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
    if (file === undefined) file = this.#open(path);
    else this.#handles.delete(path);
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

  #open(path: string): DiskFile {
    while (this.#handles.size >= this.#handlesMax) this.#closeOldest();
    try {
      return this.disk.open(path, this.mode);
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== "TOO_MANY_FILES" || this.#handles.size === 0) throw error;
      this.#handlesMax = Math.max(1, this.#handles.size - HANDLES_LEFT_TO_OTHERS);
      while (this.#handles.size >= this.#handlesMax && this.#handles.size > 0) this.#closeOldest();
      return this.disk.open(path, this.mode);
    }
  }

  #closeOldest(): void {
    for (const [path, file] of this.#handles) {
      this.#handles.delete(path);
      this.#noteClosing();
      file.close();
      return;
    }
  }

  #noteClosing(): void {
    this.#closings++;
    this.#recentPath = "";
    this.#recent = undefined;
  }
}
