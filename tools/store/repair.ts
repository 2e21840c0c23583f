/**
 * `store repair`: does what the start of a broker does, and what it refuses to do without being told.
 *
 * Owns: the lock of the store while it works.
 * Reads: what recovery reads.
 * Never: cuts damage unless its position is named; what is cut then is kept in a file beside the log first.
 */
import { markClosed, markOpen } from "../../store/abort_file.ts";
import { DELAY_LEVELS_DEFAULT, parseDelayLevels } from "../../store/delay_levels.ts";
import { DurablePositionFile } from "../../store/durable_position.ts";
import { StoreError } from "../../store/errors.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import { recoverStore, type RecoveryOptions } from "../../store/recovery.ts";
import { lockStore } from "../../store/store_lock.ts";
import type { RebuildOptions } from "./rebuild.ts";
import type { OpenStore, Output } from "./store_files.ts";

const BLOCK_BYTES = 4 << 20;

/** How a store is repaired. */
export interface RepairOptions extends RebuildOptions {
  /** Position of damage that a check or a start has named: the log ends there from now on. */
  readonly cutAt?: number;
}

/**
 * Recovers a store and closes it in order.
 *
 * @returns true when the store can be served now, false when there is damage that nobody has allowed to cut
 * @throws {StoreError} `STORE_LOCKED` when a broker has the store
 * @throws {DiskError} when the disk refuses
 */
export function repairStore(store: OpenStore, options: RepairOptions, output: Output): boolean {
  const { disk, paths } = store;
  if (store.indexShape === undefined) {
    throw new RangeError("Cannot repair the index: say --index-slots and --index-entries");
  }
  const lock = lockStore(disk, paths.root);
  try {
    store.handles.close();
    if (options.cutAt !== undefined) cutLog(store, options.cutAt, options.processId, output);
    const result = recoverStore(recoveryOptions(store, options, output));
    markClosed(disk, paths.abort);
    output.line(`row: ${result.row}; log: ${result.logMin} to ${result.logEnd}${result.wasTorn ? ", tail cut" : ""}`);
    output.line(`queues: ${result.queues.length} of ${result.topics.length} topics; lost units: ${result.unitsLost}`);
    return true;
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== "LOG_DAMAGED") throw error;
    output.line(error.message);
    output.line(`Nothing was changed. To end the log there, and lose what follows: --cut ${error.position}`);
    return false;
  } finally {
    lock.release();
  }
}

function recoveryOptions(store: OpenStore, options: RepairOptions, output: Output): RecoveryOptions {
  return {
    disk: store.disk,
    paths: store.paths,
    logFileBytes: store.logFileBytes,
    queueFileBytes: store.queueFileBytes,
    indexShape: store.indexShape,
    delayLevels: parseDelayLevels(options.delayLevels ?? DELAY_LEVELS_DEFAULT),
    nowMs: options.nowMs,
    processId: options.processId,
    onProgress: ({ step, done, total }) => output.progress(step, done, total),
  };
}

/** Keeps what follows a position in `damaged-<position>`, takes the promises above it back, and cuts. */
function cutLog(store: OpenStore, cutAt: number, processId: number, output: Output): void {
  const { disk, paths, logFileBytes } = store;
  const handles = new HandleCache({ disk, mode: "write" });
  try {
    const log = SegmentSet.open({ directory: paths.commitLog, fileBytes: logFileBytes, handles });
    if (cutAt < log.first || cutAt > log.end) {
      throw new RangeError(`Cannot cut at ${cutAt}: the log holds ${log.first} to ${log.end}`);
    }
    const kept = `${paths.root}/damaged-${cutAt}`;
    keep(store, log, cutAt, kept, output);
    markOpen(disk, paths.abort, processId);
    new DurablePositionFile(disk, paths.durablePosition).lower(
      cutAt,
      log.first,
      (position, into, length) => log.read(into, 0, length, position),
    );
    log.truncateAfter(cutAt);
    output.line(`The log ends at ${cutAt}; what followed is kept in ${kept}`);
  } finally {
    handles.close();
  }
}

function keep(store: OpenStore, log: SegmentSet, from: number, path: string, output: Output): void {
  const file = store.disk.open(path, "create");
  try {
    const bytes = new Uint8Array(BLOCK_BYTES);
    for (let position = from; position < log.end;) {
      const count = log.read(bytes, 0, Math.min(BLOCK_BYTES, log.end - position), position);
      if (count === 0) break;
      file.write(bytes, 0, count, position - from);
      position += count;
      output.progress("keep", position - from, log.end - from);
    }
    file.syncData();
  } finally {
    file.close();
  }
  store.disk.syncDirectory(store.paths.root);
}
