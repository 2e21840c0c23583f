/**
 * Rates of the store: how many messages a second were put and got over the last 10, 60 and 600 seconds.
 *
 * Owns: samples of the totals in the gauges, and the put-latency buckets of the last minute.
 * Reads: the gauges.
 * Never: a timer; {@linkcode StoreStats.sample} is called about every second.
 *
 * As in RocketMQ a rate is missing (empty text) until there are enough samples for it.
 */
import { Gauge, type Gauges, PUT_FINE_BOUNDS_MS } from "./gauges.ts";

/** Samples kept. Source: apache/rocketmq store StoreStatsService MAX_RECORDS_OF_SAMPLING */
const SAMPLES_MAX = 601;
/** Spans that rates are given for, seconds. Source: apache/rocketmq store StoreStatsService.getPutTps */
const RATE_SPANS: readonly number[] = [10, 60, 600];
/** How long latency buckets are collected before they are shown, milliseconds. Source: apache/rocketmq store StoreStatsService printTPSInterval */
const BUCKET_SPAN_MS = 60_000;

/** Names of the distribution buckets. Source: apache/rocketmq store StoreStatsService PUT_MESSAGE_ENTIRE_TIME_MAX_DESC */
const DISTRIBUTION_NAMES: readonly string[] = [
  "[<=0ms]",
  "[0~10ms]",
  "[10~50ms]",
  "[50~100ms]",
  "[100~200ms]",
  "[200~500ms]",
  "[500ms~1s]",
  "[1~2s]",
  "[2~3s]",
  "[3~4s]",
  "[4~5s]",
  "[5~10s]",
  "[10s~]",
];

interface Sample {
  readonly timestampMs: number;
  readonly put: number;
  readonly found: number;
  readonly missed: number;
  readonly transferred: number;
}

/** A total that rates are given for. */
export type RatedTotal = Exclude<keyof Sample, "timestampMs">;

/** Latency buckets between two moments. */
interface Buckets {
  readonly distribution: readonly number[];
  readonly fine: readonly number[];
}

/** Rates of one store. */
export class StoreStats {
  readonly #gauges: Gauges;
  readonly #samples: Sample[] = [];
  #bucketsStart: Buckets;
  #bucketsStartMs: number;
  #last: Buckets;

  /**
   * @param gauges where the totals lie
   * @param nowMs wall clock
   */
  constructor(gauges: Gauges, nowMs: number) {
    this.#gauges = gauges;
    this.#bucketsStart = bucketsOf(gauges);
    this.#bucketsStartMs = nowMs;
    this.#last = difference(this.#bucketsStart, this.#bucketsStart);
  }

  /** Takes the sample of every second. */
  sample(nowMs: number): void {
    this.#samples.push({
      timestampMs: nowMs,
      put: this.#gauges.get(Gauge.PutMessages),
      found: this.#gauges.get(Gauge.GetFound),
      missed: this.#gauges.get(Gauge.GetMissed),
      transferred: this.#gauges.get(Gauge.GetMessages),
    });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
    if (nowMs - this.#bucketsStartMs < BUCKET_SPAN_MS) return;
    const now = bucketsOf(this.#gauges);
    this.#last = difference(now, this.#bucketsStart);
    this.#bucketsStart = now;
    this.#bucketsStartMs = nowMs;
  }

  /** Rate over the last `seconds`, or undefined while there are too few samples. */
  rate(total: RatedTotal, seconds: number): number | undefined {
    const last = this.#samples.at(-1);
    const before = this.#samples.at(-(seconds + 1));
    if (last === undefined || before === undefined) return undefined;
    const spanMs = last.timestampMs - before.timestampMs;
    return spanMs > 0 ? ((last[total] - before[total]) * 1000) / spanMs : 0;
  }

  /** The three rates of a total as RocketMQ writes them: doubles separated by blanks, empty where unknown. */
  rates(total: RatedTotal): string {
    return RATE_SPANS.map((span) => {
      const rate = this.rate(total, span);
      return rate === undefined ? "" : javaDouble(rate);
    }).join(" ");
  }

  /** The three rates of found and missed together; 0.0 where unknown. */
  getTotalRates(): string {
    return RATE_SPANS.map((span) => javaDouble((this.rate("found", span) ?? 0) + (this.rate("missed", span) ?? 0)))
      .join(" ");
  }

  /** Put latencies of the last full minute by bucket, as RocketMQ writes them. */
  putDistributionText(): string {
    return DISTRIBUTION_NAMES.map((name, bucket) => `${name}:${this.#last.distribution[bucket] ?? 0} `).join("");
  }

  /**
   * Put latency that a share of the requests of the last full minute stayed below, milliseconds.
   * Source: apache/rocketmq store StoreStatsService.findPutMessageEntireTimePX
   *
   * @param share 0.99 for the 99th percentile
   */
  putPercentileMs(share: number): number {
    const counts = this.#last.fine;
    const wanted = Math.trunc(counts.reduce((sum, count) => sum + count, 0) * share);
    let passed = 0;
    for (let bucket = 0; bucket < counts.length; bucket++) {
      const count = counts[bucket]!;
      if (wanted <= passed + count) {
        const low = bucket === 0 ? 0 : PUT_FINE_BOUNDS_MS[bucket - 1]!;
        const high = PUT_FINE_BOUNDS_MS[bucket] ?? low;
        return low + (count === 0 ? 0 : ((high - low) * (wanted - passed)) / count);
      }
      passed += count;
    }
    return 0;
  }
}

/** A double as Java's `Double.toString` writes ordinary ones: whole numbers with ".0". */
export function javaDouble(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [digits = "0", exponent = "0"] = value.toExponential().split("e");
    return `${digits.includes(".") ? digits : `${digits}.0`}E${Number(exponent)}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function bucketsOf(gauges: Gauges): Buckets {
  return { distribution: gauges.putDistribution(), fine: gauges.putFine() };
}

function difference(later: Buckets, earlier: Buckets): Buckets {
  return {
    distribution: later.distribution.map((count, i) => count - earlier.distribution[i]!),
    fine: later.fine.map((count, i) => count - earlier.fine[i]!),
  };
}
