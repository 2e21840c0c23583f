/**
 * Statistics of consumption, as `mqadmin consumerStatus` shows them.
 *
 * Owns: the counters, one second to a bucket. Reads: the clock. Never does: IO.
 * Source: apache/rocketmq client/stat/ConsumerStatsManager.java consumeStatus
 */

import type { Clock } from "../../store/clock.ts";

/** Seconds a rate looks back. */
const WINDOW_SECONDS = 60;
/** Seconds the count of failures looks back. */
const FAILED_WINDOW_SECONDS = 3_600;

/** A sum over the last seconds. */
class Meter {
  readonly #clock: Clock;
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;
  #second: number;

  constructor(clock: Clock, seconds: number) {
    this.#clock = clock;
    this.#sums = new Float64Array(seconds);
    this.#counts = new Float64Array(seconds);
    this.#second = Math.floor(clock.monotonicMs() / 1000);
  }

  add(value: number, count: number): void {
    this.#roll();
    const at = this.#second % this.#sums.length;
    this.#sums[at] = (this.#sums[at] ?? 0) + value;
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
  }

  totals(): { sum: number; count: number } {
    this.#roll();
    return {
      sum: this.#sums.reduce((sum, value) => sum + value, 0),
      count: this.#counts.reduce((sum, value) => sum + value, 0),
    };
  }

  #roll(): void {
    const now = Math.floor(this.#clock.monotonicMs() / 1000);
    const steps = Math.min(now - this.#second, this.#sums.length);
    for (let i = 1; i <= steps; i++) {
      const at = (now - steps + i) % this.#sums.length;
      this.#sums[at] = 0;
      this.#counts[at] = 0;
    }
    this.#second = now;
  }
}

/** Statistics of one topic. */
export interface ConsumeStatus {
  /** Messages consumed in vain in the last hour. */
  readonly consumeFailedMsgs: number;
  /** Messages consumed in vain each second. */
  readonly consumeFailedTPS: number;
  /** Messages consumed each second. */
  readonly consumeOKTPS: number;
  /** Milliseconds a listener call takes. */
  readonly consumeRT: number;
  /** Milliseconds a pull takes. */
  readonly pullRT: number;
  /** Messages pulled each second. */
  readonly pullTPS: number;
}

interface TopicMeters {
  readonly pull: Meter;
  readonly pulled: Meter;
  readonly consume: Meter;
  readonly ok: Meter;
  readonly failed: Meter;
  readonly failedHour: Meter;
}

/** Statistics of one consumer. */
export class ConsumeStats {
  readonly #clock: Clock;
  readonly #topics = new Map<string, TopicMeters>();

  /** @param clock monotonic time */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param topic topic
   * @param rtMs milliseconds the pull took
   * @param count messages it found
   */
  pulled(topic: string, rtMs: number, count: number): void {
    const meters = this.#meters(topic);
    meters.pull.add(rtMs, 1);
    meters.pulled.add(count, 1);
  }

  /**
   * @param topic topic
   * @param rtMs milliseconds the listener took
   */
  consumed(topic: string, rtMs: number): void {
    this.#meters(topic).consume.add(rtMs, 1);
  }

  /**
   * @param topic topic
   * @param counts messages consumed, and consumed in vain
   */
  finished(topic: string, counts: { ok: number; failed: number }): void {
    const meters = this.#meters(topic);
    meters.ok.add(counts.ok, 1);
    meters.failed.add(counts.failed, 1);
    meters.failedHour.add(counts.failed, 1);
  }

  /**
   * @param topic topic
   * @returns its rates now
   */
  status(topic: string): ConsumeStatus {
    const meters = this.#meters(topic);
    const mean = (meter: Meter): number => {
      const { sum, count } = meter.totals();
      return count === 0 ? 0 : sum / count;
    };
    const rate = (meter: Meter): number => meter.totals().sum / WINDOW_SECONDS;
    return {
      consumeFailedMsgs: meters.failedHour.totals().sum,
      consumeFailedTPS: rate(meters.failed),
      consumeOKTPS: rate(meters.ok),
      consumeRT: mean(meters.consume),
      pullRT: mean(meters.pull),
      pullTPS: rate(meters.pulled),
    };
  }

  #meters(topic: string): TopicMeters {
    let meters = this.#topics.get(topic);
    if (meters === undefined) {
      const minute = (): Meter => new Meter(this.#clock, WINDOW_SECONDS);
      meters = {
        pull: minute(),
        pulled: minute(),
        consume: minute(),
        ok: minute(),
        failed: minute(),
        failedHour: new Meter(this.#clock, FAILED_WINDOW_SECONDS),
      };
      this.#topics.set(topic, meters);
    }
    return meters;
  }
}
