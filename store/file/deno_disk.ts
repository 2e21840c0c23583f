/**
 * The disk of the machine for threads that read or write for every message: transfers are `node:fs` synchronous calls, which are true pread and
 * pwrite (1–2 µs each). All else is as on `LightDisk`, by Deno's own calls; `stat` of `node:fs` for one took 25–40 µs, Deno's 4 µs.
 *
 * Owns: file descriptors behind `DiskFile`. Reads: nothing but what it is asked for.
 * Never: retries or caches. One instance can be used by one thread only; every thread makes its own.
 */
import { nodeModule } from "../../protocol/node_module.ts";
import type { DiskFile, OpenMode } from "./disk.ts";
import { LightDisk, onDisk, toDiskError } from "./light_disk.ts";

type NodeFs = typeof import("node:fs");

class DenoFile implements DiskFile {
  readonly #fs: NodeFs;
  readonly #fd: number;
  readonly #path: string;

  constructor(fs: NodeFs, fd: number, path: string) {
    this.#fs = fs;
    this.#fd = fd;
    this.#path = path;
  }

  read(into: Uint8Array, intoStart: number, length: number, position: number): number {
    let done = 0;
    try {
      while (done < length) {
        const count = this.#fs.readSync(this.#fd, into, intoStart + done, length - done, position + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw toDiskError(error, "read", this.#path);
    }
    return done;
  }

  write(from: Uint8Array, fromStart: number, length: number, position: number): number {
    let done = 0;
    try {
      while (done < length) {
        done += this.#fs.writeSync(this.#fd, from, fromStart + done, length - done, position + done);
      }
    } catch (error) {
      throw toDiskError(error, "write", this.#path);
    }
    return done;
  }

  syncData(): void {
    onDisk("sync", this.#path, () => this.#fs.fdatasyncSync(this.#fd));
  }

  truncate(bytes: number): void {
    onDisk("truncate", this.#path, () => this.#fs.ftruncateSync(this.#fd, bytes));
  }

  bytes(): number {
    return onDisk("stat", this.#path, () => this.#fs.fstatSync(this.#fd).size);
  }

  close(): void {
    onDisk("close", this.#path, () => this.#fs.closeSync(this.#fd));
  }
}

/**
 * Loads what transfers need. A thread that will surely read or write calls it while it waits for its start, which takes 15 ms otherwise when the first
 * message has come.
 */
export function loadTransfers(): void {
  nodeModule("node:fs");
}

/** The disk of the machine. */
export class DenoDisk extends LightDisk {
  #fs: NodeFs | undefined;

  override open(path: string, mode: OpenMode): DiskFile {
    const fs = this.#fs ??= nodeModule("node:fs");
    const { O_CREAT, O_RDONLY, O_RDWR } = fs.constants;
    const flags = mode === "read" ? O_RDONLY : mode === "write" ? O_RDWR : O_RDWR | O_CREAT;
    return new DenoFile(fs, onDisk("open", path, () => fs.openSync(path, flags, 0o644)), path);
  }
}
