/**
 * After a crash of RouteInfoManager its tables are empty until the brokers register again. This decides how long that is.
 *
 * Owns: the brokers that are still missing. Reads: the clock. Never: routes.
 *
 * An empty table must not be answered as "topic does not exist": clients would drop good routes. While the recovery lasts,
 * reads are answered "not ready", on which clients keep what they have and ask again. It is over when everybody who was
 * registered has come back or said goodbye, and at the latest after the wait. Brokers register every 10 to 60 seconds.
 * Source: apache/rocketmq broker BrokerController.start (registerNameServerPeriod between 10,000 and 60,000 ms).
 */

import type { Clock } from "../../store/clock.ts";
import type { KnownBroker } from "./contracts.ts";

/** The time between a restart of the tables and their being whole again. */
export class Recovery {
  readonly #clock: Clock;
  readonly #missing: Set<string>;
  readonly #endsAtMs: number;

  /**
   * @param clock Monotonic time counts.
   * @param expected Who was registered before; when nobody was, there is nothing to recover.
   * @param waitMs Longest time to wait.
   */
  constructor(clock: Clock, expected: readonly KnownBroker[], waitMs: number) {
    this.#clock = clock;
    this.#missing = new Set(expected.map(({ cluster, address }) => keyOf(cluster, address)));
    this.#endsAtMs = clock.monotonicMs() + waitMs;
  }

  /** True while the tables may lack what was known before. */
  get isRunning(): boolean {
    if (this.#missing.size === 0) return false;
    if (this.#clock.monotonicMs() < this.#endsAtMs) return true;
    this.#missing.clear();
    return false;
  }

  /** Brokers still missing. */
  get missingCount(): number {
    return this.#missing.size;
  }

  /**
   * A broker registered or left.
   *
   * @param cluster Its cluster.
   * @param address Its address.
   */
  heardOf(cluster: string, address: string): void {
    this.#missing.delete(keyOf(cluster, address));
  }
}

function keyOf(cluster: string, address: string): string {
  return `${cluster}\n${address}`;
}
