/**
 * Which followers are in step with their master: who should be in the sync-state set.
 *
 * Owns: for each follower when it last had all that the master had. Reads: confirmations, the clock. Never: decides; the agreement does.
 *
 * A follower under load never has all that the master has *now*, since the log goes on. So the end of the log is marked, and once the follower has confirmed the mark, it had everything at the time of the mark; then the next
 * one is set.
 *
 * Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAService.java maybeExpandInSyncStateSet, maybeShrinkSyncStateSet, removeConnection
 */

/** A follower that was in step this long ago can be waited for: what it lacks comes within about that time. Milliseconds. */
const NEAR_MS = 1000;

/** Followers that are remembered at most, those that went included. */
const FOLLOWERS_MAX = 64;

interface Follower {
  markEnd: number;
  markMs: number;
  /** When it last had everything. */
  inStepMs: number;
  isNear: boolean;
  isConnected: boolean;
  readonly isLearner: boolean;
}

/** What a tracker needs to know. */
export interface SyncStateTrackerOptions {
  /** The master's own id. */
  readonly ownId: number;
  /** Start of the master's epoch: who has not come so far cannot be a member. */
  readonly epochStart: number;
  /** A member that was not in step for so long is to go. Milliseconds. Source: apache/rocketmq store/config/MessageStoreConfig.java haMaxTimeSlaveNotCatchup */
  readonly staleMs: number;
  /** Time of the start, milliseconds of the monotonic clock. */
  readonly nowMs: number;
}

/** Followers of one master. */
export class SyncStateTracker {
  readonly #options: SyncStateTrackerOptions;
  readonly #followers = new Map<number, Follower>();

  /** @param options what it needs to know */
  constructor(options: SyncStateTrackerOptions) {
    this.#options = options;
  }

  /** A follower has confirmed a position for the first time on a connection. */
  connected(brokerId: number, isLearner: boolean, end: number, nowMs: number): void {
    if (this.#followers.size >= FOLLOWERS_MAX) this.#forgetGone();
    const inStepMs = this.#followers.get(brokerId)?.inStepMs ?? nowMs;
    this.#followers.set(brokerId, {
      markEnd: end,
      markMs: nowMs,
      inStepMs,
      isNear: false,
      isConnected: true,
      isLearner,
    });
  }

  /**
   * A follower has confirmed a position.
   *
   * @param end of the master's log now
   */
  confirmed(brokerId: number, position: number, end: number, nowMs: number): void {
    const follower = this.#followers.get(brokerId);
    if (follower === undefined || position < follower.markEnd) return;
    follower.inStepMs = Math.max(follower.inStepMs, position >= end ? nowMs : follower.markMs);
    follower.isNear = position >= this.#options.epochStart && nowMs - follower.inStepMs <= NEAR_MS;
    follower.markEnd = end;
    follower.markMs = nowMs;
  }

  /** The connection of a follower is gone. */
  gone(brokerId: number): void {
    const follower = this.#followers.get(brokerId);
    if (follower === undefined) return;
    follower.isConnected = false;
    follower.isNear = false;
  }

  /** Members as they should be; undefined when they are. */
  wanted(members: readonly number[], nowMs: number): readonly number[] | undefined {
    const kept = members.filter((id) => this.#stays(id, nowMs));
    const added = [...this.#followers]
      .filter(([id, { isNear, isLearner }]) => isNear && !isLearner && !members.includes(id)).map(([id]) => id);
    return kept.length === members.length && added.length === 0 ? undefined : [...kept, ...added].sort((a, b) => a - b);
  }

  #forgetGone(): void {
    for (const [id, { isConnected }] of this.#followers) if (!isConnected) this.#followers.delete(id);
  }

  #stays(id: number, nowMs: number): boolean {
    const { ownId, staleMs, nowMs: startedMs } = this.#options;
    if (id === ownId) return true;
    const follower = this.#followers.get(id);
    // Who has never come may be on its way.
    if (follower === undefined) return nowMs - startedMs <= staleMs;
    return follower.isConnected && nowMs - follower.inStepMs <= staleMs;
  }
}
