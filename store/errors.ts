/**
 * The typed errors of the store.
 *
 * Owns: the closed list of reasons for which the store refuses to open or to answer.
 * Reads: nothing.
 * Never: wraps a programmer error; those are assertions and end the actor.
 */

/** Why the store refused, as a closed list. */
export type StoreErrorCode =
  /** A directory of segments holds a name that is not a number. */
  | "SEGMENT_NAME"
  /** A segment has another size than the configuration says. */
  | "SEGMENT_SIZE"
  /** The segments of a directory do not follow each other without a gap. */
  | "SEGMENT_GAP"
  /** A position lies outside what the segments hold. */
  | "POSITION_RANGE"
  /** Bytes below the durable position do not read as a record: damage, not a torn tail. */
  | "LOG_DAMAGED"
  /** A consume queue directory is not named by an integer. */
  | "QUEUE_NAME"
  /** A checkpoint, position or config file cannot be read as what it should be. */
  | "FILE_FORMAT"
  /** The store holds files of a layout that is not read here. */
  | "FOREIGN_LAYOUT"
  /** Another process holds the store directory. */
  | "STORE_LOCKED";

/** A refusal of the store, with the path and the position where it has them. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  /** Which refusal this is. */
  readonly code: StoreErrorCode;
  /** No refusal of the store goes away by asking again. */
  readonly retryable = false;
  /** File or directory concerned, when there is one. */
  readonly path: string | undefined;
  /** Position in bytes concerned, when there is one. */
  readonly position: number | undefined;

  /**
   * @param code which refusal this is
   * @param message what was tried, then the state that forbade it
   * @param where path and position in bytes, and the cause
   */
  constructor(
    code: StoreErrorCode,
    message: string,
    where: { path?: string; position?: number; cause?: unknown } = {},
  ) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause });
    this.code = code;
    this.path = where.path;
    this.position = where.position;
  }
}
