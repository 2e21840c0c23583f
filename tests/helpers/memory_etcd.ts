/**
 * etcd in memory, on any clock: what tests of failover agree through when no process may be started.
 *
 * Owns: keys, revisions, leases. Reads: the clock. Never: anything that the real one does not do; one suite runs over both.
 *
 * @module
 */
import type { Clock } from "../../store/clock.ts";
import {
  type Etcd,
  type EtcdChange,
  type EtcdCondition,
  type EtcdEntry,
  EtcdError,
  type EtcdLease,
} from "../../actors/net/etcd/etcd.ts";

interface Lease {
  endMs: number;
  readonly ttlSeconds: number;
}

/** Shortest lease of the real one with its default timers, seconds. */
export const SHORTEST_LEASE_SECONDS = 2;

/** The keys, shared by all who look at them. */
export class MemoryEtcd implements Etcd {
  readonly #clock: Clock;
  readonly #entries = new Map<string, EtcdEntry>();
  readonly #leases = new Map<string, Lease>();
  #revision = 1;
  #lastLease = 100;

  /** @param clock that leases run on */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  list(prefix: string): Promise<EtcdEntry[]> {
    this.#expire();
    const found = [...this.#entries.values()].filter(({ key }) => key.startsWith(prefix));
    return Promise.resolve(found.sort((left, right) => left.key < right.key ? -1 : 1));
  }

  commit(conditions: readonly EtcdCondition[], changes: readonly EtcdChange[]): Promise<boolean> {
    this.#expire();
    for (const change of changes) {
      if ("put" in change && change.lease !== undefined && !this.#leases.has(change.lease)) {
        return Promise.reject(new EtcdError("ETCD_REFUSED", "etcd refuses: etcdserver: requested lease not found"));
      }
    }
    const holds = conditions.every(({ key, modRevision }) =>
      (this.#entries.get(key)?.modRevision ?? 0) === modRevision
    );
    if (holds) this.#apply(changes);
    return Promise.resolve(holds);
  }

  grant(ttlSeconds: number): Promise<EtcdLease> {
    const lease = String(++this.#lastLease);
    const granted = Math.max(ttlSeconds, SHORTEST_LEASE_SECONDS);
    this.#leases.set(lease, { endMs: this.#clock.monotonicMs() + granted * 1000, ttlSeconds: granted });
    return Promise.resolve({ lease, ttlSeconds: granted });
  }

  keepAlive(lease: string): Promise<number> {
    this.#expire();
    const kept = this.#leases.get(lease);
    if (kept === undefined) return Promise.resolve(0);
    kept.endMs = this.#clock.monotonicMs() + kept.ttlSeconds * 1000;
    return Promise.resolve(kept.ttlSeconds);
  }

  revoke(lease: string): Promise<void> {
    this.#drop(lease);
    return Promise.resolve();
  }

  #apply(changes: readonly EtcdChange[]): void {
    this.#revision++;
    for (const change of changes) {
      if ("remove" in change) {
        this.#entries.delete(change.remove);
        continue;
      }
      const { put: key, value, lease = "0" } = change;
      this.#entries.set(key, { key, value, modRevision: this.#revision, lease });
    }
  }

  #expire(): void {
    for (const [lease, { endMs }] of this.#leases) {
      if (this.#clock.monotonicMs() >= endMs) this.#drop(lease);
    }
  }

  #drop(lease: string): void {
    this.#leases.delete(lease);
    for (const [key, entry] of this.#entries) if (entry.lease === lease) this.#entries.delete(key);
  }
}

/** One user's way to etcd, which a test can cut or slow down. */
export class EtcdLine implements Etcd {
  /** Whether calls fail before they reach etcd. */
  isCut = false;
  /** Whether calls reach etcd and their answers are lost. */
  isDeaf = false;
  /** So many of the next changes fail before they reach etcd. */
  swallow = 0;
  /** So many of the next changes fail, and are on their way until {@link arrive}. */
  detain = 0;
  readonly #etcd: Etcd;
  readonly #detained: (() => Promise<boolean>)[] = [];

  /** @param etcd at the other end */
  constructor(etcd: Etcd) {
    this.#etcd = etcd;
  }

  list(prefix: string): Promise<EtcdEntry[]> {
    return this.#carry(() => this.#etcd.list(prefix));
  }

  commit(conditions: readonly EtcdCondition[], changes: readonly EtcdChange[]): Promise<boolean> {
    if (this.swallow > 0) {
      this.swallow--;
      return Promise.reject(new EtcdError("ETCD_UNREACHABLE", "Cannot reach etcd: no answer"));
    }
    if (this.detain > 0) {
      this.detain--;
      this.#detained.push(() => this.#etcd.commit(conditions, changes));
      return Promise.reject(new EtcdError("ETCD_UNREACHABLE", "Cannot reach etcd: no answer yet"));
    }
    return this.#carry(() => this.#etcd.commit(conditions, changes));
  }

  /** What was detained reaches etcd. @returns whether the changes were made, one by one */
  async arrive(): Promise<boolean[]> {
    const outcomes: boolean[] = [];
    for (const commit of this.#detained.splice(0)) outcomes.push(await commit());
    return outcomes;
  }

  grant(ttlSeconds: number): Promise<EtcdLease> {
    return this.#carry(() => this.#etcd.grant(ttlSeconds));
  }

  keepAlive(lease: string): Promise<number> {
    return this.#carry(() => this.#etcd.keepAlive(lease));
  }

  revoke(lease: string): Promise<void> {
    return this.#carry(() => this.#etcd.revoke(lease));
  }

  async #carry<T>(call: () => Promise<T>): Promise<T> {
    if (this.isCut) throw new EtcdError("ETCD_UNREACHABLE", "Cannot reach etcd: the line is cut");
    const answer = await call();
    if (this.isDeaf) throw new EtcdError("ETCD_UNREACHABLE", "Cannot reach etcd: no answer");
    return answer;
  }
}
