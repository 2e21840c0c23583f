/**
 * Exit codes of the programs, the same for name server, broker and tools.
 *
 * Owns: the closed list. Reads: nothing. Never: ends a process; a program does that at its own edge.
 */

/** Why a program ended. */
export const ExitCode = {
  /** Done, or stopped by a signal with everything in order. */
  OK: 0,
  /** Failed for a reason that has no number of its own; the message says which. */
  FAILED: 1,
  /** The configuration, or the command line, cannot be read. */
  BAD_CONFIGURATION: 2,
  /** The address is taken, or may not be listened on. */
  PORT_TAKEN: 3,
  /** The store directory is held by another process. */
  STORE_LOCKED: 4,
  /** The store or a file beside it holds something that cannot be served. */
  STORE_DAMAGED: 5,
  /** The device failed to write or to sync; what was acknowledged since is in the message. */
  DISK_FAILED: 6,
  /** An actor crashed too often in too short a time. */
  ACTOR_GAVE_UP: 7,
  /** A part did not stop within its deadline and was cut off. */
  STOP_TIMED_OUT: 8,
} as const;

/** One of the numbers of {@linkcode ExitCode}. */
export type ExitCode = typeof ExitCode[keyof typeof ExitCode];
