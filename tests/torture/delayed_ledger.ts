/**
 * What was due when and delivered when, as the commit log tells it, and what that comes to.
 *
 * Owns: the times of one kind of message. Reads: records that the trial made. Never: asks a broker.
 *
 * @module
 */

/** The kinds of delay, in the order of their numbers in a body. */
export const DELAY_KINDS = ["levels", "timers"] as const;

/** A kind of delay. */
export type DelayKind = (typeof DELAY_KINDS)[number];

/** Bytes of a body. */
const BODY_BYTES = 16;

/** Span over which lateness is looked at to find where an outage ended. Milliseconds. */
const BUCKET_MS = 100;

/** Lateness that is promised at the 99th percentile. Milliseconds. */
export const LATE_LIMIT_MS: Readonly<Record<DelayKind, number>> = { levels: 200, timers: 1100 };

/** Makes the body of a message. @param ms the delay of its level, or its time of delivery */
export function delayedBody(kind: DelayKind, sequence: number, ms: number): Uint8Array {
  const bytes = new Uint8Array(BODY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, DELAY_KINDS.indexOf(kind));
  view.setUint32(4, sequence);
  view.setFloat64(8, ms);
  return bytes;
}

/** Reads a body; undefined when it is of somebody else. */
export function readDelayedBody(body: DataView): { kind: DelayKind; sequence: number; ms: number } | undefined {
  const kind = body.byteLength === BODY_BYTES ? DELAY_KINDS[body.getUint8(0)] : undefined;
  return kind === undefined ? undefined : { kind, sequence: body.getUint32(4), ms: body.getFloat64(8) };
}

/** What the deliveries of one kind came to. */
export interface DelayReport {
  readonly kind: DelayKind;
  readonly sent: number;
  readonly missing: number;
  readonly early: number;
  readonly duplicates: number;
  /** How long before the kill the earliest delivery was that came twice. Milliseconds; 0 without duplicates. */
  readonly repeatedMsMax: number;
  /** Messages that fell due in the busiest second. */
  readonly duePerSecondMax: number;
  /** Lateness of the first deliveries that fell due outside of the outage. Milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly latestMs: number;
  /** 99th percentile of all, with those that fell due while the broker was down or caught up. */
  readonly p99AllMs: number;
  /** From the kill until lateness was within its limit again. Milliseconds. */
  readonly outageMs: number;
  /** Deliveries a second from the first one after the kill until then; 0 when that was too short to say. */
  readonly catchUpPerSecond: number;
}

/** Due and delivered of one kind. */
export class DelayLedger {
  readonly kind: DelayKind;
  readonly #due: Float64Array;
  readonly #first: Float64Array;
  readonly #deliveries: number[] = [];
  readonly #repeated: number[] = [];

  /** @param kind of delay; @param count messages of it */
  constructor(kind: DelayKind, count: number) {
    this.kind = kind;
    this.#due = new Float64Array(count).fill(NaN);
    this.#first = new Float64Array(count).fill(NaN);
  }

  /** A message falls due. */
  due(sequence: number, dueMs: number): void {
    if (Number.isNaN(this.#due[sequence])) this.#due[sequence] = dueMs;
  }

  /** A message was delivered. One that never waited was sent after its time, and went straight to its topic. */
  delivered(sequence: number, atMs: number): void {
    this.due(sequence, atMs);
    this.#deliveries.push(atMs);
    const first = this.#first[sequence]!;
    if (Number.isNaN(first)) this.#first[sequence] = atMs;
    else this.#repeated.push(first);
  }

  /** Deliveries in all. */
  get deliveries(): number {
    return this.#deliveries.length;
  }

  /** Deliveries from a time on, and the seconds from the first to the last of them. */
  since(fromMs: number): { readonly count: number; readonly firstMs: number; readonly lastMs: number } {
    let count = 0;
    let firstMs = Infinity;
    let lastMs = -Infinity;
    for (const atMs of this.#deliveries) {
      if (atMs < fromMs) continue;
      count++;
      firstMs = Math.min(firstMs, atMs);
      lastMs = Math.max(lastMs, atMs);
    }
    return { count, firstMs, lastMs };
  }

  /** Sums up. @param killedMs when the broker was killed, milliseconds since 1970 */
  report(killedMs: number): DelayReport {
    const lateness = this.#due.map((due, sequence) => this.#first[sequence]! - due);
    const outage = this.#outage(lateness, killedMs);
    const isOutside = (sequence: number): boolean => {
      const due = this.#due[sequence]!;
      return due < outage.fromMs || due >= outage.toMs;
    };
    const all = lateness.filter((late) => !Number.isNaN(late)).sort();
    const outside = lateness.filter((late, sequence) => !Number.isNaN(late) && isOutside(sequence)).sort();
    const { count, firstMs } = this.since(killedMs);
    const afterMs = this.since(outage.toMs);
    const caughtUpS = (outage.toMs - firstMs) / 1000;
    return {
      kind: this.kind,
      sent: this.#due.length,
      missing: this.#first.filter((atMs) => Number.isNaN(atMs)).length,
      early: all.filter((late) => late < 0).length,
      duplicates: this.#repeated.length,
      repeatedMsMax: this.#repeated.length === 0 ? 0 : Math.max(0, killedMs - smallest(this.#repeated)),
      duePerSecondMax: this.#busiestSecond(),
      p50Ms: quantile(outside, 0.5),
      p99Ms: quantile(outside, 0.99),
      latestMs: quantile(outside, 1),
      p99AllMs: quantile(all, 0.99),
      outageMs: Math.round(outage.toMs - killedMs),
      catchUpPerSecond: caughtUpS < 0.5 ? 0 : Math.round((count - afterMs.count) / caughtUpS),
    };
  }

  /** From when to when messages fell due that the kill made late. */
  #outage(lateness: Float64Array, killedMs: number): { readonly fromMs: number; readonly toMs: number } {
    const limitMs = LATE_LIMIT_MS[this.kind];
    const fromMs = killedMs - limitMs;
    const worst = new Map<number, number>();
    let lastBucket = 0;
    lateness.forEach((late, sequence) => {
      const bucket = Math.floor((this.#due[sequence]! - fromMs) / BUCKET_MS);
      if (bucket < 0 || Number.isNaN(late)) return;
      worst.set(bucket, Math.max(worst.get(bucket) ?? 0, late));
      lastBucket = Math.max(lastBucket, bucket);
    });
    const killedBucket = Math.ceil(limitMs / BUCKET_MS);
    let bucket = killedBucket;
    while (bucket <= lastBucket && (worst.get(bucket) ?? Infinity) > limitMs) bucket++;
    return { fromMs, toMs: fromMs + bucket * BUCKET_MS };
  }

  #busiestSecond(): number {
    const seconds = new Map<number, number>();
    for (const due of this.#due) {
      const second = Math.floor(due / 1000);
      seconds.set(second, (seconds.get(second) ?? 0) + 1);
    }
    return largest([...seconds.values()]);
  }
}

function quantile(sorted: Float64Array, part: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN);
}

function smallest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function largest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}
