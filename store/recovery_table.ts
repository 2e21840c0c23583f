/**
 * The decisions of recovery, as data.
 *
 * Owns: the table below, one row for each state in which a store can be found.
 * Reads: nothing.
 * Never: acts; `recovery.ts` does what the row says.
 *
 * A store is found in one of five states. Three facts name it: is there a commit log; was the last exit clean (no `abort`
 * file); is our durable position file valid, or void because it is not there or Apache used the directory meanwhile.
 *
 * | row | log | exit | positions | the log is read from | a bad record is damage below | queues end | index | dispatch from |
 * |---|---|---|---|---|---|---|---|---|
 * | no-log | none | any | any | – | – | removed | removed | – |
 * | clean | some | clean | valid | flushed position | flushed position | by halving | kept | derived position |
 * | clean-foreign | some | clean | void | newest file that the queues reach | end of the queues | by halving | kept | end of the queues |
 * | abrupt | some | abrupt | valid | derived position | flushed position | at the derived position | repaired behind it | derived position |
 * | abrupt-foreign | some | abrupt | void | file of the checkpoint's time | nothing is known | walked over the last three files | repaired behind the checkpoint | start of the reading |
 *
 * The derived position is where a record begins, so reading can begin there; only when the log's last bytes before the flushed position are not what they were, it
 * begins with the file, to find the damage. Positions are valid when the checkpoint is the one they were written with. After a clean exit the log's last bytes must be the same too;
 * after an abrupt one they are read anyway, and when they are bad that is damage.
 *
 * Everywhere: a bad record that is no damage is a torn tail; the log ends at the last whole record and what follows becomes zeros. Units and
 * entries at or behind the end are cut. Where no queue has a unit, all of the log is dispatched.
 * Source: apache/rocketmq store CommitLog recoverNormally, recoverAbnormally, isMappedFileMatchedRecover
 */

/** What names the state of a store. */
export interface RecoveryFacts {
  /** The commit log has a file. */
  readonly hasLog: boolean;
  /** There was no `abort` file. */
  readonly isClean: boolean;
  /** The durable position file is about this log and this checkpoint. */
  readonly hasPositions: boolean;
}

/** Where reading the log begins. */
export type LogFrom = "nowhere" | "flushed" | "queues-reach" | "derived" | "checkpoint-time";
/** Below what a bad record is damage. */
export type DamageBelow = "nothing" | "flushed" | "queues-end";
/** How the end of a queue is found. */
export type QueueEnds = "remove" | "halving" | "cut-derived" | "walk-three-files";
/** What happens to the index. */
export type IndexRule = "remove" | "keep" | "repair-derived" | "repair-checkpoint";
/** Where dispatch begins. */
export type DispatchFrom = "nowhere" | "derived" | "queues-end" | "log-from";

/** One row of the table. */
export interface RecoveryRow {
  /** Name of the row. */
  readonly id: "no-log" | "clean" | "clean-foreign" | "abrupt" | "abrupt-foreign";
  /** Facts that the row is for; one that is left out may be either. */
  readonly when: Partial<RecoveryFacts>;
  /** Where reading the log begins. */
  readonly logFrom: LogFrom;
  /** Below what a bad record is damage. */
  readonly damageBelow: DamageBelow;
  /** How the end of a queue is found. */
  readonly queueEnds: QueueEnds;
  /** What happens to the index. */
  readonly index: IndexRule;
  /** Where dispatch begins. */
  readonly dispatchFrom: DispatchFrom;
  /** Why. */
  readonly why: string;
}

/** The table. Exactly one row is for each state. */
export const RECOVERY_TABLE: readonly RecoveryRow[] = [
  {
    id: "no-log",
    when: { hasLog: false },
    logFrom: "nowhere",
    damageBelow: "nothing",
    queueEnds: "remove",
    index: "remove",
    dispatchFrom: "nowhere",
    why: "The log is the only truth: without it queues and indexes speak of nothing.",
  },
  {
    id: "clean",
    when: { hasLog: true, isClean: true, hasPositions: true },
    logFrom: "flushed",
    damageBelow: "flushed",
    queueEnds: "halving",
    index: "keep",
    dispatchFrom: "derived",
    why: "All was written, dispatched and synced before the mark was removed; there is nothing to look for.",
  },
  {
    id: "clean-foreign",
    when: { hasLog: true, isClean: true, hasPositions: false },
    logFrom: "queues-reach",
    damageBelow: "queues-end",
    queueEnds: "halving",
    index: "keep",
    dispatchFrom: "queues-end",
    why: "Another broker closed the store in order: each unit of a queue was written after its record.",
  },
  {
    id: "abrupt",
    when: { hasLog: true, isClean: false, hasPositions: true },
    logFrom: "derived",
    damageBelow: "flushed",
    queueEnds: "cut-derived",
    index: "repair-derived",
    dispatchFrom: "derived",
    why:
      "Below the positions all is on the device; above, anything may be missing, also what reads well: after a sync that failed the kernel takes lost pages for written ones. So queues are written again from there.",
  },
  {
    id: "abrupt-foreign",
    when: { hasLog: true, isClean: false, hasPositions: false },
    logFrom: "checkpoint-time",
    damageBelow: "nothing",
    queueEnds: "walk-three-files",
    index: "repair-checkpoint",
    dispatchFrom: "log-from",
    why: "Only the checkpoint says what is on the device; from its time on all is read and dispatched again.",
  },
];

/** The row for a state. */
export function recoveryRow(facts: RecoveryFacts): RecoveryRow {
  const row = RECOVERY_TABLE.find(({ when }) =>
    (when.hasLog ?? facts.hasLog) === facts.hasLog && (when.isClean ?? facts.isClean) === facts.isClean &&
    (when.hasPositions ?? facts.hasPositions) === facts.hasPositions
  );
  if (row === undefined) throw new RangeError(`No recovery row for ${JSON.stringify(facts)}`);
  return row;
}
