/**
 * System flag of a pull request (`sysFlag` of PULL_MESSAGE and LITE_PULL_MESSAGE).
 *
 * Owns the bits.
 *
 * @module
 */

/** Bits of a pull request's system flag. Source: apache/rocketmq common/sysflag/PullSysFlag.java PullSysFlag. */
export const PullSysFlag = {
  /** `commitOffset` is to be stored as the group's offset. */
  COMMIT_OFFSET: 0x1,
  /** Park the request when nothing is found. */
  SUSPEND: 0x2,
  /** The request carries its subscription; without it the broker uses the one of the heartbeat. */
  SUBSCRIPTION: 0x4,
  /** The subscription is a filter class (4.x only). */
  CLASS_FILTER: 0x8,
  /** The puller is a lite pull consumer. */
  LITE_PULL: 0x10,
} as const;

/** What a pull asks for besides messages. */
export interface PullFlags {
  /** Store `commitOffset`. */
  readonly commitOffset: boolean;
  /** Park when nothing is found. */
  readonly suspend: boolean;
  /** The subscription travels with the request. */
  readonly subscription: boolean;
  /** The subscription is a filter class. */
  readonly classFilter: boolean;
  /** The puller is a lite pull consumer. */
  readonly litePull?: boolean;
}

/**
 * Builds the flag of a pull request.
 *
 * @param flags What the pull asks for
 * @returns The flag
 */
export function pullSysFlag(flags: PullFlags): number {
  return (flags.commitOffset ? PullSysFlag.COMMIT_OFFSET : 0) |
    (flags.suspend ? PullSysFlag.SUSPEND : 0) |
    (flags.subscription ? PullSysFlag.SUBSCRIPTION : 0) |
    (flags.classFilter ? PullSysFlag.CLASS_FILTER : 0) |
    (flags.litePull === true ? PullSysFlag.LITE_PULL : 0);
}
