/**
 * `store rebuild`: makes queues and indexes again from the commit log.
 *
 * Owns: the lock of the store while it works.
 * Reads: the whole log.
 * Never: works beside a broker of ours, which holds the lock. Apache's lock is seen where the system tells of it. Never throws queues and
 * indexes away before the new ones are whole.
 */
import { isAborted, markClosed, markOpen } from "../../store/abort_file.ts";
import { DELAY_LEVELS_DEFAULT, parseDelayLevels } from "../../store/delay_levels.ts";
import { recoverStore, type RecoveryResult } from "../../store/recovery.ts";
import { lockStore } from "../../store/store_lock.ts";
import type { OpenStore, Output } from "./store_files.ts";

const ASIDE = ".before-rebuild";

/** What only the caller knows. */
export interface RebuildOptions {
  /** Number of this process. */
  readonly processId: number;
  /** Wall clock in ms, for the names of index files. */
  readonly nowMs: () => number;
  /** The broker's `messageDelayLevel`. */
  readonly delayLevels?: string;
}

/**
 * Makes queues and indexes again; the old ones are removed when the new ones are there. A store that was closed in order is so afterwards.
 *
 * @throws {StoreError} `STORE_LOCKED` when a broker has the store, `LOG_DAMAGED` when the log cannot be read
 * @throws {DiskError} when the disk refuses
 */
export function rebuildStore(store: OpenStore, options: RebuildOptions, output: Output): RecoveryResult {
  const { disk, paths, indexShape } = store;
  if (indexShape === undefined) throw new RangeError("Cannot rebuild the index: say --index-slots and --index-entries");
  const lock = lockStore(disk, paths.root);
  try {
    const wasClean = !isAborted(disk, paths.abort);
    markOpen(disk, paths.abort, options.processId);
    store.handles.close();
    setAside(store);
    const result = recoverStore({
      disk,
      paths,
      logFileBytes: store.logFileBytes,
      queueFileBytes: store.queueFileBytes,
      indexShape,
      delayLevels: parseDelayLevels(options.delayLevels ?? DELAY_LEVELS_DEFAULT),
      nowMs: options.nowMs,
      processId: options.processId,
      onProgress: ({ step, done, total }) => output.progress(step, done, total),
    });
    for (const derived of [paths.consumeQueue, paths.index]) disk.removeTree(`${derived}${ASIDE}`);
    if (wasClean) markClosed(disk, paths.abort);
    output.line(`log: ${result.logMin} to ${result.logEnd}${result.wasTorn ? ", a torn tail was cut" : ""}`);
    output.line(`queues: ${result.queues.length} of ${result.topics.length} topics`);
    return result;
  } catch (error) {
    putBack(store);
    throw error;
  } finally {
    lock.release();
  }
}

/** The old directories stay until the new ones are whole; those of a rebuild that was interrupted are the older ones. */
function setAside({ disk, paths }: OpenStore): void {
  for (const derived of [paths.consumeQueue, paths.index]) {
    if (disk.exists(`${derived}${ASIDE}`)) disk.removeTree(derived);
    else if (disk.exists(derived)) disk.rename(derived, `${derived}${ASIDE}`);
  }
}

function putBack({ disk, paths }: OpenStore): void {
  for (const derived of [paths.consumeQueue, paths.index]) {
    if (!disk.exists(`${derived}${ASIDE}`)) continue;
    disk.removeTree(derived);
    disk.rename(`${derived}${ASIDE}`, derived);
  }
}
