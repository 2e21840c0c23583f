/**
 * A disk in memory, for tests and simulations.
 *
 * Owns: a tree of directories and files; file bytes lie in lazily made chunks, so that a sparse file of 1 GiB is small.
 * Reads: the clock function it is given, for the time of a change.
 * Never: differs from a POSIX file system in what the store can see: a removed file stays readable through its handles.
 */
import { directoryOf, type Disk, DiskError, type DiskFile, type DiskLock, type DiskStat, nameOf } from "./disk.ts";
import type { OpenMode } from "./disk.ts";

const CHUNK_BYTES = 65536;

/** The bytes of one file of a {@link MemoryDisk}. */
export class MemoryBytes {
  #chunks = new Map<number, Uint8Array>();
  #bytes = 0;
  /** Time of the last change in ms. */
  modifiedMs = 0;

  /** Size in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reads up to `length` bytes at `position` and returns how many there were. */
  read(into: Uint8Array, intoStart: number, length: number, position: number): number {
    const total = Math.max(0, Math.min(length, this.#bytes - position));
    let done = 0;
    while (done < total) {
      const at = (position + done) % CHUNK_BYTES;
      const count = Math.min(total - done, CHUNK_BYTES - at);
      const chunk = this.#chunks.get(Math.floor((position + done) / CHUNK_BYTES));
      if (chunk === undefined) into.fill(0, intoStart + done, intoStart + done + count);
      else into.set(chunk.subarray(at, at + count), intoStart + done);
      done += count;
    }
    return total;
  }

  /** Writes `length` bytes at `position`. */
  write(from: Uint8Array, fromStart: number, length: number, position: number): void {
    let done = 0;
    while (done < length) {
      const index = Math.floor((position + done) / CHUNK_BYTES);
      const at = (position + done) % CHUNK_BYTES;
      const count = Math.min(length - done, CHUNK_BYTES - at);
      let chunk = this.#chunks.get(index);
      if (chunk === undefined) this.#chunks.set(index, chunk = new Uint8Array(CHUNK_BYTES));
      chunk.set(from.subarray(fromStart + done, fromStart + done + count), at);
      done += count;
    }
    if (length > 0) this.#bytes = Math.max(this.#bytes, position + length);
  }

  /** Sets the size; added bytes read as zeros. */
  truncate(bytes: number): void {
    if (bytes < this.#bytes) {
      const index = Math.floor(bytes / CHUNK_BYTES);
      for (const key of [...this.#chunks.keys()]) if (key > index) this.#chunks.delete(key);
      this.#chunks.get(index)?.fill(0, bytes % CHUNK_BYTES);
    }
    this.#bytes = bytes;
  }

  /** A copy that shares nothing. */
  clone(): MemoryBytes {
    const copy = new MemoryBytes();
    for (const [index, chunk] of this.#chunks) copy.#chunks.set(index, chunk.slice());
    copy.#bytes = this.#bytes;
    copy.modifiedMs = this.modifiedMs;
    return copy;
  }
}

type Node = { kind: "directory"; names: Map<string, Node> } | { kind: "file"; content: MemoryBytes };

class MemoryFile implements DiskFile {
  readonly #content: MemoryBytes;
  readonly #path: string;
  readonly #nowMs: () => number;
  #isOpen = true;

  constructor(content: MemoryBytes, path: string, nowMs: () => number) {
    this.#content = content;
    this.#path = path;
    this.#nowMs = nowMs;
  }

  #open(): MemoryBytes {
    if (!this.#isOpen) throw new TypeError(`Cannot use file "${this.#path}": it is closed`);
    return this.#content;
  }

  read(into: Uint8Array, intoStart: number, length: number, position: number): number {
    return this.#open().read(into, intoStart, length, position);
  }

  write(from: Uint8Array, fromStart: number, length: number, position: number): number {
    this.#open().write(from, fromStart, length, position);
    this.#content.modifiedMs = this.#nowMs();
    return length;
  }

  syncData(): void {
    this.#open();
  }

  truncate(bytes: number): void {
    this.#open().truncate(bytes);
    this.#content.modifiedMs = this.#nowMs();
  }

  bytes(): number {
    return this.#open().bytes;
  }

  close(): void {
    this.#open();
    this.#isOpen = false;
  }
}

/** Options of {@link MemoryDisk}. */
export interface MemoryDiskOptions {
  /** Time of a change, ms since the epoch; 0 for ever when it is not given. */
  readonly nowMs?: () => number;
  /** Size that `space` reports, in bytes. */
  readonly totalBytes?: number;
}

/** A disk in memory. */
export class MemoryDisk implements Disk {
  readonly #root: Node = { kind: "directory", names: new Map() };
  readonly #locks = new Set<string>();
  readonly #nowMs: () => number;
  readonly #totalBytes: number;

  /** @param options time source and reported size */
  constructor(options: MemoryDiskOptions = {}) {
    this.#nowMs = options.nowMs ?? ((): number => 0);
    this.#totalBytes = options.totalBytes ?? 2 ** 40;
  }

  open(path: string, mode: OpenMode): DiskFile {
    const node = this.#find(path);
    if (node?.kind === "directory") throw new DiskError("IO", "open", path);
    if (node !== undefined) return new MemoryFile(node.content, path, this.#nowMs);
    if (mode !== "create") throw new DiskError("NOT_FOUND", "open", path);
    const content = new MemoryBytes();
    content.modifiedMs = this.#nowMs();
    this.#parent(path, "open").set(nameOf(path), { kind: "file", content });
    return new MemoryFile(content, path, this.#nowMs);
  }

  readFile(path: string): Uint8Array {
    const node = this.#find(path);
    if (node?.kind !== "file") throw new DiskError("NOT_FOUND", "read", path);
    const bytes = new Uint8Array(node.content.bytes);
    node.content.read(bytes, 0, bytes.length, 0);
    return bytes;
  }

  writeFile(path: string, bytes: Uint8Array): void {
    const file = this.open(path, "create");
    file.write(bytes, 0, bytes.length, 0);
    file.truncate(bytes.length);
    file.close();
  }

  exists(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  list(path: string): string[] {
    const node = this.#find(path);
    if (node?.kind !== "directory") throw new DiskError("NOT_FOUND", "list", path);
    return [...node.names.keys()].sort();
  }

  stat(path: string): DiskStat | undefined {
    const node = this.#find(path);
    if (node === undefined) return undefined;
    if (node.kind === "directory") return { bytes: 0, modifiedMs: 0, isDirectory: true };
    return { bytes: node.content.bytes, modifiedMs: node.content.modifiedMs, isDirectory: false };
  }

  remove(path: string): void {
    const node = this.#find(path);
    if (node === undefined) throw new DiskError("NOT_FOUND", "remove", path);
    if (node.kind === "directory" && node.names.size > 0) throw new DiskError("EXISTS", "remove", path);
    this.#parent(path, "remove").delete(nameOf(path));
  }

  removeTree(path: string): void {
    if (this.#find(path) !== undefined) this.#parent(path, "remove").delete(nameOf(path));
  }

  rename(from: string, to: string): void {
    const node = this.#find(from);
    if (node === undefined) throw new DiskError("NOT_FOUND", "rename", from);
    const target = this.#parent(to, "rename");
    this.#parent(from, "rename").delete(nameOf(from));
    target.set(nameOf(to), node);
  }

  makeDirectory(path: string): void {
    let node = this.#root;
    for (const part of partsOf(path)) {
      if (node.kind !== "directory") throw new DiskError("EXISTS", "make directory", path);
      let next = node.names.get(part);
      if (next === undefined) node.names.set(part, next = { kind: "directory", names: new Map() });
      node = next;
    }
    if (node.kind !== "directory") throw new DiskError("EXISTS", "make directory", path);
  }

  syncDirectory(path: string): void {
    if (this.#find(path)?.kind !== "directory") throw new DiskError("NOT_FOUND", "sync directory", path);
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
    if (this.#locks.has(path)) return undefined;
    this.open(path, "create").close();
    this.#locks.add(path);
    return { release: (): void => void this.#locks.delete(path) };
  }

  space(_path: string): { readonly totalBytes: number; readonly freeBytes: number } {
    return { totalBytes: this.#totalBytes, freeBytes: this.#totalBytes - bytesBelow(this.#root) };
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const part of partsOf(path)) node = node?.kind === "directory" ? node.names.get(part) : undefined;
    return node;
  }

  #parent(path: string, operation: string): Map<string, Node> {
    const node = this.#find(directoryOf(path));
    if (node?.kind !== "directory") throw new DiskError("NOT_FOUND", operation, path);
    return node.names;
  }
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function bytesBelow(node: Node): number {
  if (node.kind === "file") return node.content.bytes;
  let bytes = 0;
  for (const child of node.names.values()) bytes += bytesBelow(child);
  return bytes;
}
