/**
 * One statistics item: a growing sum and a growing count, sampled so that the last minute, hour and day can be told.
 *
 * Owns: the samples.
 * Reads: the wall clock that the caller hands in.
 * Never: a timer; the owner calls the three sampling functions every 10 s, 10 min and 1 h.
 */

/** Samples kept for a minute or an hour: seven of them span six intervals. Source: apache/rocketmq common StatsItem.samplingInSeconds */
const SHORT_SAMPLES_MAX = 7;
/** Samples kept for a day. Source: apache/rocketmq common StatsItem.samplingInHour */
const DAY_SAMPLES_MAX = 25;

/** Interval of the samples of a minute, milliseconds. */
export const MINUTE_SAMPLE_INTERVAL_MS = 10_000;
/** Interval of the samples of an hour, milliseconds. */
export const HOUR_SAMPLE_INTERVAL_MS = 600_000;
/** Interval of the samples of a day, milliseconds. */
export const DAY_SAMPLE_INTERVAL_MS = 3_600_000;

/** What an item did over a span of time. */
export interface StatsSnapshot {
  readonly sum: number;
  /** Sum for each second. */
  readonly tps: number;
  /** Sum for each time it was counted. */
  readonly avgpt: number;
}

interface Sample {
  readonly timestampMs: number;
  readonly value: number;
  readonly times: number;
}

/** One item of one statistics name. */
export class StatsItem {
  #value = 0;
  #times = 0;
  readonly #minute: Sample[] = [];
  readonly #hour: Sample[] = [];
  readonly #day: Sample[] = [];

  /** Sum since the item came into being. */
  get value(): number {
    return this.#value;
  }

  /** Adds `value`, counted `times` times. */
  add(value: number, times: number): void {
    this.#value += value;
    this.#times += times;
  }

  /** Takes the sample of every 10 seconds. */
  sampleSeconds(nowMs: number): void {
    this.#sample(this.#minute, nowMs, MINUTE_SAMPLE_INTERVAL_MS, SHORT_SAMPLES_MAX);
  }

  /** Takes the sample of every 10 minutes. */
  sampleMinutes(nowMs: number): void {
    this.#sample(this.#hour, nowMs, HOUR_SAMPLE_INTERVAL_MS, SHORT_SAMPLES_MAX);
  }

  /** Takes the sample of every hour. */
  sampleHours(nowMs: number): void {
    this.#sample(this.#day, nowMs, DAY_SAMPLE_INTERVAL_MS, DAY_SAMPLES_MAX);
  }

  /** The last minute. */
  minute(): StatsSnapshot {
    return snapshotOf(this.#minute);
  }

  /** The last hour. */
  hour(): StatsSnapshot {
    return snapshotOf(this.#hour);
  }

  /** The last day. */
  day(): StatsSnapshot {
    return snapshotOf(this.#day);
  }

  #sample(samples: Sample[], nowMs: number, intervalMs: number, samplesMax: number): void {
    if (samples.length === 0) samples.push({ timestampMs: nowMs - intervalMs, value: 0, times: 0 });
    samples.push({ timestampMs: nowMs, value: this.#value, times: this.#times });
    if (samples.length > samplesMax) samples.shift();
  }
}

function snapshotOf(samples: readonly Sample[]): StatsSnapshot {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return { sum: 0, tps: 0, avgpt: 0 };
  const sum = last.value - first.value;
  const times = last.times - first.times;
  const spanMs = last.timestampMs - first.timestampMs;
  return { sum, tps: spanMs > 0 ? (sum * 1000) / spanMs : 0, avgpt: times > 0 ? sum / times : 0 };
}
