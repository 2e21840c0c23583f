/**
 * Gauges: the counters that the data plane keeps in shared memory and BrokerController reports.
 *
 * Owns: the words, the buckets of the put-latency histogram, and a per-thread batch that is added to the words at once.
 * Reads: nothing.
 * Never: a lock. Totals only grow and are added atomically; levels are stored by one writer.
 *
 * ```
 *   descriptor 128 bytes | one 64-bit word for each gauge, 128 bytes apart | 13 distribution buckets | 76 fine buckets
 * ```
 *
 * A gateway counts in a {@linkcode GaugeBatch} and flushes it once a turn, because a 64-bit atomic costs 16 to 31 ns.
 */
import { attachRegion, createRegion, WORD_STRIDE_BYTES } from "./memory/region.ts";

const MAGIC = 0x47415547;
const LAYOUT_VERSION = 1;

/** Names of the gauges with their place. Totals grow; levels are stored. */
export const Gauge = {
  /** Messages stored since the start. */
  PutMessages: 0,
  /** Bytes of records stored since the start. */
  PutBytes: 1,
  /** Appends that failed since the start. */
  PutFailures: 2,
  /** Longest append since the start, milliseconds. */
  PutTimeMaxMs: 3,
  /** Pulls that found messages since the start. */
  GetFound: 4,
  /** Pulls that found nothing since the start. */
  GetMissed: 5,
  /** Messages given to consumers since the start. */
  GetMessages: 6,
  /** Longest read since the start, milliseconds. */
  GetTimeMaxMs: 7,
  /** Messages stored to topics that are not the system's. */
  PutMessagesOfUsers: 8,
  /** Messages given to consumers from topics that are not the system's. */
  GetMessagesOfUsers: 9,
  /** Level: first position of the commit log, bytes. */
  LogMinPosition: 10,
  /** Level: written end of the commit log, bytes. */
  LogMaxPosition: 11,
  /** Level: flushed end of the commit log, bytes. */
  LogFlushedPosition: 12,
  /** Level: dispatched end of the commit log, bytes. */
  LogDispatchedPosition: 13,
  /** Level: store time of the first message, milliseconds; −1 when there is none. */
  EarliestStoreTimeMs: 14,
  /** Level: for how long the append lock has been held, milliseconds. */
  AppendLockHeldMs: 15,
  /** Level: sends that wait. */
  SendsWaiting: 16,
  /** Level: pulls that wait for a read (not those that are parked). */
  PullsWaiting: 17,
  /** Level: how long the oldest waiting send has waited, milliseconds. */
  SendHeadWaitMs: 18,
  /** Level: how long the oldest waiting pull has waited, milliseconds. */
  PullHeadWaitMs: 19,
  /** Level: slaves connected. */
  SlavesConnected: 20,
  /** Level: how far the timer wheel is read behind now, seconds. */
  TimerReadBehindSeconds: 21,
  /** Level: messages of the timer queue that are not in the wheel yet. */
  TimerOffsetBehind: 22,
  /** Level: messages in the timer wheel. */
  TimerCongestion: 23,
  /** Level: messages that came into the wheel, thousandths a second. */
  TimerEnqueueMilliTps: 24,
  /** Level: messages that left the wheel, thousandths a second. */
  TimerDequeueMilliTps: 25,
  /** Level: end of what is appended to the commit log, written or not, bytes. */
  LogAppendedPosition: 26,
  /** Messages of delay levels delivered since the start. */
  ScheduleDelivered: 27,
  /** Sum of the times by which they were late, milliseconds. */
  ScheduleLateMs: 28,
  /** Messages with an exact time delivered since the start. */
  TimerDelivered: 29,
  /** Sum of the times from the ends of their slots to their deliveries, milliseconds. */
  TimerLateMs: 30,
} as const;

/** Place of a gauge. */
export type Gauge = typeof Gauge[keyof typeof Gauge];

const GAUGE_COUNT = 32;

/** Upper bounds (exclusive, milliseconds) of the distribution buckets after "0 ms"; the last bucket has none. Source: apache/rocketmq store StoreStatsService.setPutMessageEntireTimeMax */
export const PUT_DISTRIBUTION_BOUNDS_MS: readonly number[] = [
  10,
  50,
  100,
  200,
  500,
  1000,
  2000,
  3000,
  4000,
  5000,
  10_000,
];

/** Distribution buckets: "0 ms", one for each bound, "longer". */
export const PUT_DISTRIBUTION_BUCKETS: number = PUT_DISTRIBUTION_BOUNDS_MS.length + 2;

/** Upper bounds (inclusive, milliseconds) of the fine buckets. Source: apache/rocketmq store StoreStatsService PUT_MESSAGE_ENTIRE_TIME_BUCKETS */
export const PUT_FINE_BOUNDS_MS: readonly number[] = fineBounds();

const FINE_BUCKETS = PUT_FINE_BOUNDS_MS.length + 1;
const DISTRIBUTION_START_BYTES = WORD_STRIDE_BYTES * (1 + GAUGE_COUNT);
const FINE_START_BYTES = DISTRIBUTION_START_BYTES + PUT_DISTRIBUTION_BUCKETS * 8;
const REGION_BYTES = FINE_START_BYTES + FINE_BUCKETS * 8;

/** Creates the region of the gauges, all zero. */
export function createGauges(): SharedArrayBuffer {
  return createRegion({ magic: MAGIC, layoutVersion: LAYOUT_VERSION, capacity: GAUGE_COUNT }, REGION_BYTES);
}

/** One thread's view of the gauges. */
export class Gauges {
  readonly #words: BigInt64Array;
  readonly #distribution: BigInt64Array;
  readonly #fine: BigInt64Array;

  /** @param buffer what {@linkcode createGauges} returned */
  constructor(buffer: SharedArrayBuffer) {
    attachRegion(buffer, MAGIC, LAYOUT_VERSION);
    this.#words = new BigInt64Array(buffer, WORD_STRIDE_BYTES, (WORD_STRIDE_BYTES / 8) * GAUGE_COUNT);
    this.#distribution = new BigInt64Array(buffer, DISTRIBUTION_START_BYTES, PUT_DISTRIBUTION_BUCKETS);
    this.#fine = new BigInt64Array(buffer, FINE_START_BYTES, FINE_BUCKETS);
  }

  /** Value of a gauge. */
  get(gauge: Gauge): number {
    return Number(Atomics.load(this.#words, at(gauge)));
  }

  /** Stores a level. One writer for each level. */
  set(gauge: Gauge, value: number): void {
    Atomics.store(this.#words, at(gauge), BigInt(Math.trunc(value)));
  }

  /** Adds to a total. Any thread. */
  add(gauge: Gauge, amount: number): void {
    if (amount !== 0) Atomics.add(this.#words, at(gauge), BigInt(amount));
  }

  /** Raises a maximum to `value` when that is larger. Any thread. */
  raise(gauge: Gauge, value: number): void {
    const word = at(gauge);
    const wanted = BigInt(Math.trunc(value));
    let seen = Atomics.load(this.#words, word);
    while (seen < wanted) {
      const before = Atomics.compareExchange(this.#words, word, seen, wanted);
      if (before === seen) return;
      seen = before;
    }
  }

  /** Adds to the put-latency buckets. */
  addPutTimes(distribution: readonly number[], fine: readonly number[]): void {
    distribution.forEach((count, bucket) => {
      if (count > 0) Atomics.add(this.#distribution, bucket, BigInt(count));
    });
    fine.forEach((count, bucket) => {
      if (count > 0) Atomics.add(this.#fine, bucket, BigInt(count));
    });
  }

  /** Appends since the start by distribution bucket. */
  putDistribution(): number[] {
    return Array.from({ length: PUT_DISTRIBUTION_BUCKETS }, (_, i) => Number(Atomics.load(this.#distribution, i)));
  }

  /** Appends since the start by fine bucket. */
  putFine(): number[] {
    return Array.from({ length: FINE_BUCKETS }, (_, i) => Number(Atomics.load(this.#fine, i)));
  }
}

/** Counts of one thread between two flushes. */
export class GaugeBatch {
  readonly #gauges: Gauges;
  readonly #totals = new Float64Array(GAUGE_COUNT);
  readonly #distribution: number[] = new Array(PUT_DISTRIBUTION_BUCKETS).fill(0);
  readonly #fine: number[] = new Array(FINE_BUCKETS).fill(0);
  #putTimeMaxMs = 0;
  #getTimeMaxMs = 0;
  #any = false;

  /** @param gauges where {@linkcode flush} adds to */
  constructor(gauges: Gauges) {
    this.#gauges = gauges;
  }

  /** Counts append requests (one when not said) of together `messages` records that took `timeMs` each. */
  put(messages: number, bytes: number, timeMs: number, ofUser: boolean, requests = 1): void {
    this.#any = true;
    this.#totals[Gauge.PutMessages] = this.#totals[Gauge.PutMessages]! + messages;
    this.#totals[Gauge.PutBytes] = this.#totals[Gauge.PutBytes]! + bytes;
    if (ofUser) this.#totals[Gauge.PutMessagesOfUsers] = this.#totals[Gauge.PutMessagesOfUsers]! + messages;
    const distribution = distributionBucketOf(timeMs);
    this.#distribution[distribution] = this.#distribution[distribution]! + requests;
    const fine = fineBucketOf(timeMs);
    this.#fine[fine] = this.#fine[fine]! + requests;
    if (timeMs > this.#putTimeMaxMs) this.#putTimeMaxMs = timeMs;
  }

  /** Counts an append that failed. */
  putFailed(): void {
    this.#any = true;
    this.#totals[Gauge.PutFailures] = this.#totals[Gauge.PutFailures]! + 1;
  }

  /** Counts one pull that gave `messages` records (0: it found nothing). */
  get(messages: number, timeMs: number, ofUser: boolean): void {
    this.#any = true;
    const outcome = messages > 0 ? Gauge.GetFound : Gauge.GetMissed;
    this.#totals[outcome] = this.#totals[outcome]! + 1;
    this.#totals[Gauge.GetMessages] = this.#totals[Gauge.GetMessages]! + messages;
    if (ofUser) this.#totals[Gauge.GetMessagesOfUsers] = this.#totals[Gauge.GetMessagesOfUsers]! + messages;
    if (timeMs > this.#getTimeMaxMs) this.#getTimeMaxMs = timeMs;
  }

  /** Adds everything to the shared words and starts anew. Once a turn. */
  flush(): void {
    if (!this.#any) return;
    for (let gauge = 0; gauge < GAUGE_COUNT; gauge++) {
      const amount = this.#totals[gauge]!;
      if (amount !== 0) this.#gauges.add(gauge as Gauge, amount);
    }
    this.#gauges.addPutTimes(this.#distribution, this.#fine);
    this.#gauges.raise(Gauge.PutTimeMaxMs, this.#putTimeMaxMs);
    this.#gauges.raise(Gauge.GetTimeMaxMs, this.#getTimeMaxMs);
    this.#totals.fill(0);
    this.#distribution.fill(0);
    this.#fine.fill(0);
    this.#any = false;
  }
}

/** Distribution bucket of a duration in milliseconds. */
export function distributionBucketOf(timeMs: number): number {
  if (timeMs <= 0) return 0;
  const bucket = PUT_DISTRIBUTION_BOUNDS_MS.findIndex((bound) => timeMs < bound);
  return bucket < 0 ? PUT_DISTRIBUTION_BUCKETS - 1 : bucket + 1;
}

/** Fine bucket of a duration in milliseconds. */
export function fineBucketOf(timeMs: number): number {
  const bucket = PUT_FINE_BOUNDS_MS.findIndex((bound) => timeMs <= bound);
  return bucket < 0 ? FINE_BUCKETS - 1 : bucket;
}

function at(gauge: Gauge): number {
  return gauge * (WORD_STRIDE_BYTES / 8);
}

function fineBounds(): number[] {
  const bounds: number[] = [];
  let bound = 0;
  for (const [stepMs, count] of [[1, 20], [2, 15], [5, 10], [10, 10], [50, 6], [100, 5], [1000, 9]] as const) {
    for (let i = 0; i < count; i++) bounds.push(bound += stepMs);
  }
  return bounds;
}
