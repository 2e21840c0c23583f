/**
 * The lease of one broker: granted, renewed, lost.
 *
 * Owns: the lease and the moment at which it ends. Reads: etcd's answers. Never: knows what lives by the lease.
 *
 * Its end is counted from the moment at which the renewal was *sent*, which is before etcd counted it anew, less a margin. So whatever time the answer took, and whatever time the process stood still, it is over
 * here before it is over at etcd. Once over it never comes back: the next one is another lease.
 */
import type { Clock, Timer } from "../../../store/clock.ts";
import type { KeptLease } from "../../../store/memory/lease_region.ts";
import type { Etcd } from "../../net/etcd/etcd.ts";

/** How much earlier the lease is over here than at etcd, at least. Milliseconds. */
const LEASE_MARGIN_MS = 100;

/** The same as a part of the lease: two clocks that are set right by slewing, one up and one down, drift apart by as much. */
const LEASE_MARGIN_PART = 0.001;

/** Renewals within the time of a lease: two may be lost without harm. */
const RENEWALS_PER_LEASE = 5;

/** Pause after a failure. Milliseconds. */
const RETRY_MS = 100;

/** What a keeper works with. */
export interface LeaseKeeperParts {
  /** Its calls must end in less than a third of the lease's time. */
  readonly etcd: Etcd;
  readonly clock: Clock;
  /** Seconds that are asked for; etcd may grant more. */
  readonly ttlSeconds: number;
  /** Told when a lease was granted, and when it is over. */
  readonly changed: () => void;
  /** Told of failures. */
  readonly failed: (error: unknown) => void;
}

/** Keeps one lease after the other. */
export class LeaseKeeper {
  readonly #parts: LeaseKeeperParts;
  readonly #abort = new AbortController();
  #lease: string | undefined;
  #ttlMs = 0;
  #endMs = 0;
  #wallEndMs = 0;
  #timer: Timer | undefined;
  #kept: KeptLease | undefined;

  /** @param parts etcd, clock, time */
  constructor(parts: LeaseKeeperParts) {
    this.#parts = parts;
  }

  /** The lease; undefined while there is none that lasts. */
  get lease(): string | undefined {
    if (this.#lease !== undefined && this.#parts.clock.monotonicMs() >= this.#endMs) this.#over();
    return this.#lease;
  }

  /** Milliseconds of a whole lease, as etcd granted it. */
  get ttlMs(): number {
    return this.#ttlMs;
  }

  /** Publishes a lease in shared memory until it is over, at once when another one has taken its place. @param kept of the mastership that lives by it; @param lease that it lives by */
  publishIn(kept: KeptLease, lease: string): void {
    if (this.lease !== lease) return kept.end();
    this.#kept = kept;
    kept.publish(this.#endMs, this.#wallEndMs);
  }

  /** Grants and renews until {@link stop}. */
  async run(): Promise<void> {
    const { clock, failed } = this.#parts;
    while (!this.#abort.signal.aborted) {
      let waitMs = RETRY_MS;
      try {
        const isKept = this.lease === undefined ? await this.#grant() : await this.#renew(this.#lease!);
        if (isKept) waitMs = this.#ttlMs / RENEWALS_PER_LEASE;
      } catch (error) {
        failed(error);
      }
      try {
        await clock.sleep(waitMs, this.#abort.signal);
      } catch {
        // Stopped: the loop looks.
      }
    }
  }

  /** Ends the loop and gives the lease back. */
  async stop(): Promise<void> {
    this.#abort.abort();
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#over();
    await this.#parts.etcd.revoke(lease).catch(this.#parts.failed);
  }

  async #grant(): Promise<boolean> {
    const { etcd, clock, ttlSeconds, changed } = this.#parts;
    const sent = { atMs: clock.monotonicMs(), wallMs: clock.nowMs() };
    const { lease, ttlSeconds: granted } = await etcd.grant(ttlSeconds);
    if (this.#abort.signal.aborted) {
      await etcd.revoke(lease);
      return false;
    }
    this.#lease = lease;
    if (!this.#extend(sent, granted)) return false;
    changed();
    return true;
  }

  async #renew(lease: string): Promise<boolean> {
    const { etcd, clock } = this.#parts;
    const sent = { atMs: clock.monotonicMs(), wallMs: clock.nowMs() };
    const seconds = await etcd.keepAlive(lease);
    if (this.#lease !== lease) return false;
    return this.#extend(sent, seconds);
  }

  /** @returns whether the lease lasts */
  #extend(sent: { readonly atMs: number; readonly wallMs: number }, seconds: number): boolean {
    const { clock } = this.#parts;
    this.#ttlMs = seconds * 1000;
    const lastsMs = this.#ttlMs * (1 - LEASE_MARGIN_PART) - LEASE_MARGIN_MS;
    this.#endMs = sent.atMs + lastsMs;
    this.#wallEndMs = sent.wallMs + lastsMs;
    const leftMs = this.#endMs - clock.monotonicMs();
    if (leftMs <= 0) {
      this.#over();
      return false;
    }
    this.#kept?.publish(this.#endMs, this.#wallEndMs);
    this.#timer?.cancel();
    this.#timer = clock.setTimer(leftMs, () => void this.lease);
    return true;
  }

  #over(): void {
    this.#timer?.cancel();
    this.#kept?.end();
    this.#kept = undefined;
    this.#lease = undefined;
    this.#parts.changed();
  }
}
