/**
 * Layouts of RocketMQ that this store does not read.
 *
 * Owns: the list of their directories.
 * Reads: names below the root.
 * Never: guesses: a queue whose units point into an extension file would answer with the wrong tags, and one that lies in another database with nothing.
 * Source: apache/rocketmq store StorePathConfigHelper, ConsumeQueueExt, BatchConsumeQueue, RocksDBConsumeQueueStore
 */
import { StoreError } from "./errors.ts";
import type { Disk } from "./file/disk.ts";
import type { StorePaths } from "./store_paths.ts";

const LAYOUTS: readonly { readonly name: string; readonly what: string; readonly remedy: string }[] = [
  {
    name: "consumequeue_ext",
    what: "consume queues with extension files (enableConsumeQueueExt)",
    remedy: 'remove that directory and make the queues again with "deno task store rebuild"',
  },
  {
    name: "batchconsumequeue",
    what: "batch consume queues (topics with queue.type=BatchCQ)",
    remedy: "keep such topics on Apache's broker",
  },
  {
    name: "consumequeue_r",
    what: "consume queues in RocksDB (storeType=defaultRocksDB)",
    remedy: 'remove that directory and make the queues again with "deno task store rebuild"',
  },
];

/**
 * Refuses a store that holds files of a layout that is not read here.
 *
 * @throws {StoreError} `FOREIGN_LAYOUT` with what was found and what can be done
 * @throws {DiskError} when the disk refuses
 */
export function refuseForeignLayouts(disk: Disk, paths: StorePaths): void {
  for (const { name, what, remedy } of LAYOUTS) {
    const path = `${paths.root}/${name}`;
    if (!holdsFile(disk, path)) continue;
    throw new StoreError("FOREIGN_LAYOUT", `Cannot open store "${paths.root}": it holds ${what}. To go on, ${remedy}`, {
      path,
    });
  }
}

function holdsFile(disk: Disk, path: string): boolean {
  const stat = disk.stat(path);
  if (stat === undefined) return false;
  return stat.isDirectory ? disk.list(path).some((name) => holdsFile(disk, `${path}/${name}`)) : true;
}
