/**
 * Store lock: one broker for one store directory.
 *
 * Owns: the file `lock` with the text `lock`, and an exclusive lock on it.
 * Reads: nothing.
 * Never: outlives the process.
 * Source: apache/rocketmq store DefaultMessageStore start
 */
import { StoreError } from "./errors.ts";
import type { Disk, DiskLock } from "./file/disk.ts";

const CONTENT = "lock";

/**
 * Takes the lock of a store directory.
 *
 * @throws {StoreError} `STORE_LOCKED` when another process has it
 */
export function lockStore(disk: Disk, root: string): DiskLock {
  disk.makeDirectory(root);
  const path = `${root}/lock`;
  const lock = disk.lock(path);
  if (lock === undefined) {
    throw new StoreError("STORE_LOCKED", `Cannot open store "${root}": another process has its lock`, { path });
  }
  if (disk.stat(path)?.bytes !== CONTENT.length) disk.writeFile(path, new TextEncoder().encode(CONTENT));
  return lock;
}
