/**
 * Brings the log to the device before something is written down that calls a part of it done: behind a log that a loss of power shortened it would be wrong for good.
 *
 * Owns: nothing. Reads: what FlushCommitLogService answers. Never: syncs by itself: the files that it would open for that are another's business.
 */
import type { PeerRef } from "../kernel/contract.ts";
import { ActorError } from "../kernel/errors.ts";
import type { FlushCommitLogContract } from "./flush/flush_contract.ts";

/** Longest wait for the device. Milliseconds. */
const SYNC_MS_MAX = 10_000;

/**
 * Syncs what is written.
 *
 * @param flushLog FlushCommitLogService
 * @param position of the log that must be on the device
 * @param timeoutMs longest wait, milliseconds
 * @returns false when it is not there now: the device is slow, the disk is full, or the service starts again
 */
export async function syncLogUpTo(
  flushLog: PeerRef<FlushCommitLogContract>,
  position: number,
  timeoutMs = SYNC_MS_MAX,
): Promise<boolean> {
  try {
    const { flushed } = await flushLog.ask("flush", null, { timeoutMs });
    return flushed >= position;
  } catch (error) {
    if (error instanceof ActorError) return false;
    throw error;
  }
}
