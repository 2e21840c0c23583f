/**
 * Latency fault tolerance: brokers that were slow or failed are left out for a while.
 *
 * Owns: the fault table. Reads: the clock. Never does: IO; the detector probe is given by the caller.
 */

import type { Clock } from "../../store/clock.ts";
import type { MessageQueue } from "./message_queue.ts";
import type { TopicPublishInfo } from "./publish_route.ts";

/** Latency steps, in milliseconds. Source: apache/rocketmq client/latency/MQFaultStrategy.java latencyMax */
export const LATENCY_MAX_MS: readonly number[] = [50, 100, 550, 1800, 3000, 5000, 15000];
/** Time out of use for each step, in milliseconds. Source: client/latency/MQFaultStrategy.java notAvailableDuration */
export const NOT_AVAILABLE_MS: readonly number[] = [0, 0, 2000, 5000, 6000, 10000, 30000];
/** Latency that a failure counts as, in milliseconds. Source: client/latency/MQFaultStrategy.java updateFaultItem */
const ISOLATION_LATENCY_MS = 10_000;

interface FaultItem {
  latencyMs: number;
  availableFromMs: number;
  checkFromMs: number;
  reachable: boolean;
}

/** The table of brokers that misbehaved. */
export class LatencyFaultTable {
  readonly #items = new Map<string, FaultItem>();
  readonly #clock: Clock;

  /** @param clock wall clock */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Notes how a request went.
   *
   * @param brokerName broker
   * @param latencyMs time it took, in milliseconds
   * @param outcome isolation: count as 10 s; reachable: whether the broker answered at all
   */
  update(brokerName: string, latencyMs: number, outcome: { isolation: boolean; reachable: boolean }): void {
    const outMs = notAvailableMs(outcome.isolation ? ISOLATION_LATENCY_MS : latencyMs);
    const nowMs = this.#clock.nowMs();
    const item = this.#items.get(brokerName) ?? { latencyMs: 0, availableFromMs: 0, checkFromMs: 0, reachable: true };
    item.latencyMs = latencyMs;
    if (outMs > 0) item.availableFromMs = Math.max(item.availableFromMs, nowMs + outMs);
    item.reachable = outcome.reachable;
    this.#items.set(brokerName, item);
  }

  /**
   * @param brokerName broker
   * @returns whether its time out of use is over
   */
  isAvailable(brokerName: string): boolean {
    const item = this.#items.get(brokerName);
    return item === undefined || this.#clock.nowMs() >= item.availableFromMs;
  }

  /**
   * @param brokerName broker
   * @returns whether it answered when last tried
   */
  isReachable(brokerName: string): boolean {
    return this.#items.get(brokerName)?.reachable ?? true;
  }

  /**
   * One round of the detector: probes what is due and forgets brokers that left the routes.
   * Source: apache/rocketmq client/latency/LatencyFaultToleranceImpl.java detectByOneRound
   *
   * @param options intervalMs between probes of one broker; resolve: name → address; probe: whether an address accepts
   */
  async detectOnce(options: {
    intervalMs: number;
    resolve: (brokerName: string) => string | undefined;
    probe: (address: string) => Promise<boolean>;
  }): Promise<void> {
    for (const [brokerName, item] of [...this.#items]) {
      const nowMs = this.#clock.nowMs();
      if (nowMs < item.checkFromMs) continue;
      item.checkFromMs = nowMs + options.intervalMs;
      const address = options.resolve(brokerName);
      if (address === undefined) this.#items.delete(brokerName);
      else if (await options.probe(address)) item.reachable = true;
    }
  }
}

/**
 * @param latencyMs measured latency, in milliseconds
 * @returns how long the broker is left out, in milliseconds
 */
export function notAvailableMs(latencyMs: number): number {
  for (let i = LATENCY_MAX_MS.length - 1; i >= 0; i--) {
    if (latencyMs >= (LATENCY_MAX_MS[i] ?? Infinity)) return NOT_AVAILABLE_MS[i] ?? 0;
  }
  return 0;
}

/**
 * Picks the queue of the next try.
 * Source: apache/rocketmq client/latency/MQFaultStrategy.java selectOneMessageQueue
 *
 * @param info queues of the topic
 * @param lastBrokerName broker of the try before, to be avoided
 * @param faults table of faults, when fault tolerance is on
 * @returns a queue, undefined when the topic has none
 */
export function selectQueue(
  info: TopicPublishInfo,
  lastBrokerName: string | undefined,
  faults: LatencyFaultTable | undefined,
): MessageQueue | undefined {
  const notLast = (queue: MessageQueue): boolean => queue.brokerName !== lastBrokerName;
  if (faults !== undefined) {
    return info.select((queue) => faults.isAvailable(queue.brokerName), notLast) ??
      info.select((queue) => faults.isReachable(queue.brokerName), notLast) ??
      info.select();
  }
  return (lastBrokerName === undefined ? undefined : info.select(notLast)) ?? info.select();
}
