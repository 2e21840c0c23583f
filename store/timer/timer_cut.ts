/**
 * Brings the timer files of a store back when its log is cut.
 *
 * Owns: nothing. Reads: the timer log and its checkpoint. Never: touches the wheel; its slots that name units which are gone are filled again when the files are opened.
 *
 * A unit names its record by position. Behind a cut another record will lie there, so units of what is cut have to go before the log does.
 */
import type { Disk } from "../file/disk.ts";
import type { HandleCache } from "../file/handle_cache.ts";
import { SegmentSet } from "../file/segment_set.ts";
import { decodeTimerCheckpoint, encodeTimerCheckpoint, TIMER_CHECKPOINT_FILE_BYTES } from "./timer_checkpoint.ts";
import { TimerLog } from "./timer_log.ts";
import { timerPaths } from "./timer_store.ts";

/** Where timer files are brought back to. */
export interface TimerCut {
  /** Records that end behind this position are cut. */
  readonly position: number;
  /** Messages of the timer queue at or behind this offset are cut. */
  readonly queueOffset: number;
}

/**
 * Forgets the units of records that are cut. Harmless where there are no timer files.
 *
 * @param where disk and handles; root and config directories; bytes of a file of the timer log
 * @throws {DiskError} when the disk refuses
 */
export function cutTimerFiles(
  where: {
    readonly disk: Disk;
    readonly handles: HandleCache;
    readonly root: string;
    readonly config: string;
    readonly logFileBytes: number;
  },
  cut: TimerCut,
): void {
  const { disk, root, config } = where;
  const paths = timerPaths(root, config);
  const files = disk.exists(paths.log) ? openFiles(where, paths.log) : undefined;
  const log = files === undefined ? undefined : new TimerLog(files, files.first);
  const end = log === undefined ? Infinity : endOf(log, cut.position);
  // First: a checkpoint that promises units which are gone would let nobody look for them.
  if (disk.exists(paths.checkpoint)) lower(disk, paths.checkpoint, { logPosition: end, queueOffset: cut.queueOffset });
  if (log === undefined || files === undefined || end === Infinity) return;
  log.truncate(end);
  // A unit that came back would name whatever record lies at its position by then.
  for (const path of files.pathsOf(end, end + 1)) where.handles.find(path)?.syncData();
  disk.syncDirectory(paths.log);
}

function openFiles(
  { handles, logFileBytes: fileBytes }: Parameters<typeof cutTimerFiles>[0],
  directory: string,
): SegmentSet {
  return SegmentSet.open({ directory, fileBytes, handles, removeEmpty: true, syncNames: false });
}

/** Position of the first unit whose record is cut; infinity when there is none. */
function endOf(log: TimerLog, position: number): number {
  let end = Infinity;
  log.scan(log.first, (at, unit) => {
    if (unit.recordPosition + unit.recordBytes > position) end = Math.min(end, at);
  });
  return end;
}

function lower(disk: Disk, path: string, to: { readonly logPosition: number; readonly queueOffset: number }): void {
  const checkpoint = decodeTimerCheckpoint(disk.readFile(path));
  const lowered = {
    ...checkpoint,
    logPosition: Math.min(checkpoint.logPosition, to.logPosition),
    queueOffset: Math.min(checkpoint.queueOffset, to.queueOffset),
    masterQueueOffset: Math.min(checkpoint.masterQueueOffset, to.queueOffset),
  };
  const bytes = new Uint8Array(TIMER_CHECKPOINT_FILE_BYTES);
  bytes.set(encodeTimerCheckpoint(lowered));
  disk.writeFile(path, bytes);
}
