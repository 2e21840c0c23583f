/**
 * The appender and the writer of one thread that appends, as the configuration wants them.
 *
 * Owns: the words in which slow writes are logged. Reads: the queue table of the thread. Never: writes by itself.
 */
import { LogAppender } from "../../store/log_appender.ts";
import { LogWriter } from "../../store/log_writer.ts";
import type { LogMemory } from "../../store/memory/log_memory.ts";
import type { SegmentSet } from "../../store/file/segment_set.ts";
import type { TopicView } from "../../store/topic_view.ts";
import type { BrokerValues } from "./broker_configuration.ts";
import { isWrittenLater, unwrittenBytesMax, wakesFlush } from "./write_mode.ts";

/** Writes, and waits for a lock, that take longer are logged. Milliseconds. Source: apache/rocketmq store CommitLog.asyncPutMessage */
export const SLOW_WRITE_MS = 500;

/** What a writer works with. */
export interface LogWriterParts {
  readonly values: BrokerValues;
  readonly memory: LogMemory;
  /** The commit-log files of this thread, opened for writing. */
  readonly files: SegmentSet;
  /** Queues whose offsets are taken back with refused records. */
  readonly view: TopicView;
  /** Milliseconds that only rise. */
  readonly monotonicMs: () => number;
  /** Whose writes they are, as the log names them. */
  readonly name: string;
  /** Whether a sync is asked for by who writes, not by the writer; false when left out. */
  readonly leavesSync?: boolean;
  /** Logs a warning. */
  readonly warn: (text: string) => void;
}

/** Makes a writer. */
export function logWriterOf(parts: LogWriterParts): LogWriter {
  const { values, memory, files, view, monotonicMs, name, warn } = parts;
  const decoder = new TextDecoder();
  const restorer = {
    restore: (topic: Uint8Array, queueId: number, queueOffset: number): void => {
      const slot = view.get(decoder.decode(topic))?.slots[queueId];
      if (slot !== undefined && view.queues.nextOffset(slot) > queueOffset) {
        view.queues.setNextOffset(slot, queueOffset);
      }
    },
  };
  return new LogWriter(memory, files, restorer, {
    nowMs: monotonicMs,
    slowWriteMs: SLOW_WRITE_MS,
    busyWriteMs: values.osPageCacheBusyTimeOutMills,
    wakesFlush: wakesFlush(values) && parts.leavesSync !== true,
    takesBlocksAhead: values.flushDiskType === "SYNC_FLUSH",
    keepsRefused: isWrittenLater(values),
    onSlow: (elapsedMs, bytes, phase) => warn(slowWriteText(name, elapsedMs, bytes, phase)),
  });
}

/** Makes the appender that belongs to a writer. */
export function logAppenderOf({ values, memory, monotonicMs, name, warn }: LogWriterParts): LogAppender {
  return new LogAppender(memory, {
    fileBytes: values.mappedFileSizeCommitLog,
    aheadBytesMax: unwrittenBytesMax(values, memory.ringBytes),
    lockWatch: {
      nowMs: monotonicMs,
      slowMs: SLOW_WRITE_MS,
      onSlow: (elapsedMs) => warn(slowWriteText(name, elapsedMs, 0, "append lock")),
    },
  });
}

/** How a slow write, or a slow wait for a lock, is told. */
export function slowWriteText(
  name: string,
  elapsedMs: number,
  bytes: number,
  phase: "append lock" | "write lock" | "write",
): string {
  const took = `took ${Math.round(elapsedMs)} ms`;
  return phase === "write" ? `${name}: write of ${bytes} bytes ${took}` : `${name}: the ${phase} ${took}`;
}
