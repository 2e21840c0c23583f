/**
 * Retention: when old files of the store may go, and which.
 *
 * Owns: the rule. `retention_files.ts` removes.
 * Reads: nothing; time and fill of the disks are given.
 * Never: lets the file go that holds the end of the log, or one behind it.
 * Source: apache/rocketmq store DefaultMessageStore CleanCommitLogService, MappedFileQueue deleteExpiredFileByTime
 */

/** Files removed by one round at most. Source: apache/rocketmq store MessageStoreConfig deleteFileBatchMax */
export const RETENTION_FILES_MAX = 10;
/** Time between two removals, ms. Source: apache/rocketmq store MessageStoreConfig deleteCommitLogFilesInterval */
export const RETENTION_PAUSE_MS = 100;
/** Rounds that a manual request asks for. Source: apache/rocketmq store DefaultMessageStore MAX_MANUAL_DELETE_FILE_TIMES */
export const RETENTION_MANUAL_ROUNDS = 20;

const HOUR_MS = 3_600_000;

/** What the configuration says. */
export interface RetentionRule {
  /** Hours of the day, two digits, separated by `;`. */
  readonly deleteWhen: string;
  /** Hours that a file is kept after its last change. */
  readonly fileReservedTime: number;
  /** Percent of a disk above which old files go at any hour. */
  readonly diskMaxUsedSpaceRatio: number;
  /** Percent of a disk above which files go although they are not old. */
  readonly diskSpaceCleanForciblyRatio: number;
  /** Percent of a disk above which writes are refused. */
  readonly diskSpaceWarningLevelRatio: number;
  /** False to never remove a file that is not old. */
  readonly cleanFileForciblyEnable: boolean;
}

/** What is the case now. */
export interface RetentionFacts {
  /** Wall clock in ms. */
  readonly nowMs: number;
  /** Fill of the disk of the commit log, 0 to 1. */
  readonly logDiskUsed: number;
  /** Fill of the disk of the queues, 0 to 1. */
  readonly queueDiskUsed: number;
  /** Rounds left of a manual request. */
  readonly manualRounds: number;
}

/** What follows. */
export interface RetentionDecision {
  /** Old files may go now. */
  readonly isDue: boolean;
  /** Files go although they are not old. */
  readonly isForced: boolean;
  /** Why files may go, for the log line. */
  readonly reason: "time" | "space" | "manual" | "none";
  /** The disk of the log is so full that writes are refused. */
  readonly isLogDiskFull: boolean;
  /** The disk of the queues is so full that writes are refused. */
  readonly isQueueDiskFull: boolean;
}

/** Decides whether files may go now. */
export function decideRetention(rule: RetentionRule, facts: RetentionFacts): RetentionDecision {
  const ratio = between(rule.diskMaxUsedSpaceRatio, 10, 95);
  const forcibly = between(rule.diskSpaceCleanForciblyRatio, 30, 85);
  const warning = between(rule.diskSpaceWarningLevelRatio, 35, 90);
  const used = Math.max(facts.logDiskUsed, facts.queueDiskUsed);
  const isTime = isHourOf(rule.deleteWhen, facts.nowMs);
  const isSpace = used > Math.min(ratio, forcibly, warning);
  const isManual = facts.manualRounds > 0;
  return {
    isDue: isTime || isSpace || isManual,
    isForced: rule.cleanFileForciblyEnable && used > Math.min(forcibly, warning),
    reason: isTime ? "time" : isSpace ? "space" : isManual ? "manual" : "none",
    isLogDiskFull: facts.logDiskUsed > warning,
    isQueueDiskFull: facts.queueDiskUsed > warning,
  };
}

/** A percentage as a share, held between bounds. Source: apache/rocketmq store CleanCommitLogService getDiskSpaceWarningLevelRatio */
function between(percent: number, least: number, most: number): number {
  return Math.min(Math.max(percent, least), most) / 100;
}

/** True when a file last changed at `modifiedMs` is old. */
export function isExpired(rule: RetentionRule, modifiedMs: number, nowMs: number): boolean {
  return nowMs >= modifiedMs + rule.fileReservedTime * HOUR_MS;
}

/** True when the local hour is one of `04;16`. Source: apache/rocketmq common UtilAll isItTimeToDo */
export function isHourOf(when: string, nowMs: number): boolean {
  const hour = new Date(nowMs).getHours();
  return when.split(";").some((word) => word.trim() !== "" && Number(word) === hour);
}
