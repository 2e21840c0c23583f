/**
 * Brings the log where nothing takes it back before something is written down that calls a part of it done: behind a log that a loss of power or a new master shortened it would be wrong for good.
 *
 * Owns: nothing. Reads: what FlushCommitLogService answers, the replicated cursor. Never: syncs by itself: the files that it would open for that are another's business.
 */
import type { PeerRef } from "../kernel/contract.ts";
import type { Clock } from "../../store/clock.ts";
import type { LogMemory } from "../../store/memory/log_memory.ts";
import { ActorError } from "../kernel/errors.ts";
import { type BrokerActorInit, isTailOpen } from "./broker_init.ts";
import type { FlushCommitLogContract } from "./flush/flush_contract.ts";

/** Longest wait for the device. Milliseconds. */
const SYNC_MS_MAX = 10_000;

/** Longest wait for the sync-state set. Milliseconds. */
const HELD_MS_MAX = 5_000;

/** Between two looks meanwhile. Milliseconds. */
const LOOK_MS = 5;

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

/**
 * Says how far no new master cuts the log: as far as it is written, or where its end is open as far as the sync-state set has it.
 *
 * @param init configuration and role; @param memory the log
 * @returns reads that position
 */
export function heldEnd(init: Pick<BrokerActorInit, "values" | "replicaRole">, memory: LogMemory): () => number {
  const cursor = isTailOpen(init) ? memory.replicated : memory.written;
  return () => cursor.load();
}

/** What {@link KeptLog} works with. */
export interface KeptLogParts {
  readonly memory: LogMemory;
  readonly clock: Clock;
  readonly flushLog: PeerRef<FlushCommitLogContract>;
  /** Ends a wait for the sync-state set. */
  readonly isStopping: () => boolean;
}

/** The part of a log that nothing takes back. */
export class KeptLog {
  readonly #parts: KeptLogParts;
  readonly #held: () => number;

  /** @param init configuration and role; @param parts what it works with */
  constructor(init: Pick<BrokerActorInit, "values" | "replicaRole">, parts: KeptLogParts) {
    this.#parts = parts;
    this.#held = heldEnd(init, parts.memory);
  }

  /**
   * Waits until a part of the log is kept.
   *
   * @param position of its end, which is written
   * @returns false when it is not kept now: the device or a follower is slow, or the broker stops
   */
  async upTo(position: number): Promise<boolean> {
    const { clock, flushLog, isStopping } = this.#parts;
    if (!await syncLogUpTo(flushLog, position)) return false;
    const deadlineMs = clock.monotonicMs() + HELD_MS_MAX;
    while (this.#held() < position) {
      if (isStopping() || clock.monotonicMs() >= deadlineMs) return false;
      await clock.sleep(LOOK_MS);
    }
    return true;
  }
}
