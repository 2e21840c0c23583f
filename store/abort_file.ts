/**
 * Abort file: there while the broker runs, so that the next start knows whether the last one ended in order.
 *
 * Owns: the file `abort`.
 * Reads: nothing else; `abort.bak`, which Apache leaves behind, means nothing.
 * Never: removes the mark by itself; the broker does when all is written and dispatched.
 * Source: apache/rocketmq store DefaultMessageStore createTempFile, shutdown
 */
import { directoryOf, type Disk } from "./file/disk.ts";

/** True when the store was not closed in order. */
export function isAborted(disk: Disk, path: string): boolean {
  return disk.exists(path);
}

/**
 * Marks the store as open. Blocks until the mark is on the device.
 *
 * @param processId number of this process, which Apache writes there too
 */
export function markOpen(disk: Disk, path: string, processId: number): void {
  disk.writeFile(path, new TextEncoder().encode(String(processId)));
  disk.syncDirectory(directoryOf(path));
}

/** Marks the store as closed in order. Blocks until the device knows. */
export function markClosed(disk: Disk, path: string): void {
  if (!disk.exists(path)) return;
  disk.remove(path);
  disk.syncDirectory(directoryOf(path));
}
