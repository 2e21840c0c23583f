/**
 * Queue locks of orderly consumers.
 *
 * Owns: which client of a consumer group holds which queue, and since when.
 * Reads: the wall clock that the caller hands in.
 * Never: waits. A lock that is held by somebody else is simply not part of the answer.
 *
 * A client renews a lock by asking for it again. A lock that was not renewed for its lifetime may be taken over.
 */

import { LOCKS_MAX } from "./table_limit.ts";

/** Lifetime of a lock that is not renewed, milliseconds. Source: apache/rocketmq broker RebalanceLockManager REBALANCE_LOCK_MAX_LIVE_TIME */
export const QUEUE_LOCK_LIFETIME_MS = 60_000;

/** A queue as clients name it. */
export interface LockableQueue {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
}

interface Lock {
  clientId: string;
  renewedAtMs: number;
}

/** The lock table of one broker. */
export class QueueLocks {
  readonly #lifetimeMs: number;
  readonly #groups = new Map<string, Map<string, Lock>>();
  readonly #limit: number;
  #count = 0;

  /**
   * @param lifetimeMs how long an unrenewed lock lasts, milliseconds
   * @param limit locks at most
   */
  constructor(lifetimeMs: number = QUEUE_LOCK_LIFETIME_MS, limit: number = LOCKS_MAX) {
    this.#lifetimeMs = lifetimeMs;
    this.#limit = limit;
  }

  /**
   * Takes or renews locks. When the table is full no new lock is given.
   *
   * @returns the queues of `queues` that the client holds now, in the order asked
   */
  lock<Q extends LockableQueue>(group: string, queues: readonly Q[], clientId: string, nowMs: number): Q[] {
    let table = this.#groups.get(group);
    if (table === undefined && queues.length > 0) this.#groups.set(group, table = new Map());
    return queues.filter((queue) => {
      const key = keyOf(queue);
      const held = table!.get(key);
      if (held === undefined) {
        if (this.#count >= this.#limit) return false;
        this.#count++;
        table!.set(key, { clientId, renewedAtMs: nowMs });
        return true;
      }
      if (held.clientId !== clientId && !this.#expired(held, nowMs)) return false;
      held.clientId = clientId;
      held.renewedAtMs = nowMs;
      return true;
    });
  }

  /** Gives back the locks that this client holds; those of others stay. */
  unlock(group: string, queues: readonly LockableQueue[], clientId: string): void {
    const table = this.#groups.get(group);
    if (table === undefined) return;
    for (const queue of queues) {
      const key = keyOf(queue);
      if (table.get(key)?.clientId !== clientId) continue;
      table.delete(key);
      this.#count--;
    }
    if (table.size === 0) this.#groups.delete(group);
  }

  /** Whether the group holds any lock that has not expired. Source: apache/rocketmq broker RebalanceLockManager.isLockAllExpired */
  holdsAny(group: string, nowMs: number): boolean {
    for (const lock of this.#groups.get(group)?.values() ?? []) {
      if (!this.#expired(lock, nowMs)) return true;
    }
    return false;
  }

  /** Client that holds a queue now, if any. */
  holderOf(group: string, queue: LockableQueue, nowMs: number): string | undefined {
    const lock = this.#groups.get(group)?.get(keyOf(queue));
    return lock === undefined || this.#expired(lock, nowMs) ? undefined : lock.clientId;
  }

  /**
   * Drops locks that expired long ago, so that the table stays as large as the set of live consumers.
   *
   * @returns how many were dropped
   */
  sweep(nowMs: number): number {
    let dropped = 0;
    for (const [group, table] of this.#groups) {
      for (const [key, lock] of table) {
        if (!this.#expired(lock, nowMs)) continue;
        table.delete(key);
        this.#count--;
        dropped++;
      }
      if (table.size === 0) this.#groups.delete(group);
    }
    return dropped;
  }

  #expired(lock: Lock, nowMs: number): boolean {
    return nowMs - lock.renewedAtMs > this.#lifetimeMs;
  }
}

function keyOf(queue: LockableQueue): string {
  return `${queue.topic}\u0000${queue.brokerName}\u0000${queue.queueId}`;
}
