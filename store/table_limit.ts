/**
 * Limits of the control plane's tables.
 *
 * Owns: how large each table may grow, and the refusal when it is full.
 * Reads: nothing.
 * Never: evicts. Who is in a table stays; who comes is refused and may come again.
 *
 * RocketMQ has no such limits. The numbers are ours: about ten times what one broker is run with, and together less than
 * 1 GiB of memory.
 */

/** Consumer groups at most. About 500 bytes each. */
export const GROUPS_MAX = 200_000;

/** Committed offsets at most, one for each group and queue. About 60 bytes each. */
export const OFFSETS_MAX = 4_000_000;

/** Queue locks at most. About 200 bytes each. */
export const LOCKS_MAX = 500_000;

/** Memberships at most, one for each client and group, producers and consumers each. About 300 bytes each. */
export const MEMBERSHIPS_MAX = 500_000;

/** Message request modes at most. */
export const REQUEST_MODES_MAX = 200_000;

/** A table holds as much as it may. */
export class TableFullError extends RangeError {
  override readonly name = "TableFullError";
  /** Closed code of this error. */
  readonly code = "TABLE_FULL";
  /** There is room again when others leave. */
  readonly retryable = true;

  /**
   * @param what entries of the table, in the plural
   * @param limit how many it may hold
   */
  constructor(what: string, limit: number) {
    super(`Cannot add to ${what}: the limit of ${limit} is reached`);
  }
}
