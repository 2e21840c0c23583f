/**
 * Offsets that count messages of queues which are cut with the log: those of the delay levels and of the timers.
 *
 * Owns: how far they go back. Reads: units of the queues, before they are cut. Never: lets one point behind the end of its queue, where it would pass over messages that come later. One that is smaller than it could be
 * delivers a message again.
 */
import { findQueueEnd, firstOffsetFrom } from "./consume_queue_bounds.ts";
import { ConsumeQueueReader } from "./consume_queue_reader.ts";
import { DelayOffsets } from "./delay_offsets.ts";
import { SCHEDULE_TOPIC } from "./dispatch_files.ts";
import type { Disk } from "./file/disk.ts";
import type { HandleCache } from "./file/handle_cache.ts";
import { readTextFile, writeTextFile } from "./file/json_file.ts";
import type { StorePaths } from "./store_paths.ts";
import { cutTimerFiles } from "./timer/timer_cut.ts";
import { TIMER_TOPIC } from "./timer/timer_message.ts";

/** What is looked at. */
export interface TruncatedOffsetsOptions {
  readonly disk: Disk;
  readonly handles: HandleCache;
  readonly paths: StorePaths;
  /** Size of a file of a queue in bytes. */
  readonly queueFileBytes: number;
  /** Size of a file of the timer log in bytes; undefined where there are no timers. */
  readonly timerLogFileBytes?: number | undefined;
  /** Wall clock in ms, for the version of the delay offsets. */
  readonly nowMs: () => number;
}

/**
 * Brings the offsets back to a position of the log, before that is cut.
 *
 * @throws {StoreError} `FILE_FORMAT` when the delay offsets cannot be read
 * @throws {DiskError} when the disk refuses
 */
export function cutOffsets(options: TruncatedOffsetsOptions, position: number): void {
  const { disk, paths, timerLogFileBytes, nowMs } = options;
  const path = `${paths.config}/delayOffset.json`;
  const offsets = readTextFile(disk, path, DelayOffsets.decode)?.value;
  for (const [level, offset] of [...offsets?.entries() ?? []]) {
    offsets?.set(level, Math.min(offset, offsetBehind(options, SCHEDULE_TOPIC, level - 1, position)), nowMs());
  }
  if (offsets?.dirty === true) writeTextFile(disk, path, offsets.encode());
  if (timerLogFileBytes === undefined) return;
  cutTimerFiles(
    { ...options, root: paths.root, config: paths.config, logFileBytes: timerLogFileBytes },
    { position, queueOffset: offsetBehind(options, TIMER_TOPIC, 0, position) },
  );
}

/** Offset behind the last message of a queue that is kept. */
function offsetBehind(
  { paths, queueFileBytes, handles }: TruncatedOffsetsOptions,
  topic: string,
  queueId: number,
  position: number,
): number {
  const queue = new ConsumeQueueReader({
    root: paths.consumeQueue,
    topic,
    queueId,
    fileBytes: queueFileBytes,
    handles,
  });
  const { first, max, maxPhysical } = findQueueEnd(queue);
  return maxPhysical <= position ? max : firstOffsetFrom(queue, first, max, position);
}
