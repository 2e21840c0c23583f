/**
 * Statistics items: a growing sum and a growing count each, sampled so that the last minute, hour and day can be told.
 *
 * All items are sampled at the same moments, so a sample is one column over all items, not an object in each: 16 bytes an item, at most 39 of them after a
 * day, and taking one is a copy. Items are rows; a row that was given back is used again.
 *
 * Owns: rows and columns.
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

/** Rows of one piece of memory: 16 KiB. */
const CHUNK_ROWS = 1024;

/** What an item did over a span of time. */
export interface StatsSnapshot {
  readonly sum: number;
  /** Sum for each second. */
  readonly tps: number;
  /** Sum for each time it was counted. */
  readonly avgpt: number;
}

/** One item as a reader sees it. */
export interface StatsItem {
  /** Sum since the item came into being. */
  readonly value: number;
  /** The last minute. */
  minute(): StatsSnapshot;
  /** The last hour. */
  hour(): StatsSnapshot;
  /** The last day. */
  day(): StatsSnapshot;
}

/** Sums and counts of {@link CHUNK_ROWS} items, each count behind its sum. */
type Chunk = Float64Array;

function chunkOf(row: number): number {
  return Math.floor(row / CHUNK_ROWS);
}

/** Place of a row's sum in its chunk. */
function placeOf(row: number): number {
  return 2 * (row % CHUNK_ROWS);
}

/** The items of one owner. */
export class StatsTable {
  readonly #now: Chunk[] = [];
  readonly #free: number[] = [];
  readonly #minute = new Samples(SHORT_SAMPLES_MAX, MINUTE_SAMPLE_INTERVAL_MS);
  readonly #hour = new Samples(SHORT_SAMPLES_MAX, HOUR_SAMPLE_INTERVAL_MS);
  readonly #day = new Samples(DAY_SAMPLES_MAX, DAY_SAMPLE_INTERVAL_MS);
  #rows = 0;

  /** Items now. */
  get size(): number {
    return this.#rows - this.#free.length;
  }

  /** Makes an item. @returns its row */
  make(): number {
    const row = this.#free.pop() ?? this.#rows++;
    if (row === this.#now.length * CHUNK_ROWS) this.#now.push(new Float64Array(2 * CHUNK_ROWS));
    const chunk = this.#now[chunkOf(row)]!;
    const at = placeOf(row);
    chunk[at] = 0;
    chunk[at + 1] = 0;
    for (const samples of [this.#minute, this.#hour, this.#day]) samples.begin(row);
    return row;
  }

  /** Gives an item's row back. */
  release(row: number): void {
    this.#free.push(row);
  }

  /** Adds `value` to an item, counted `times` times. */
  add(row: number, value: number, times: number): void {
    const chunk = this.#now[chunkOf(row)]!;
    const at = placeOf(row);
    chunk[at]! += value;
    chunk[at + 1]! += times;
  }

  /** Takes the sample of every 10 seconds. */
  sampleSeconds(nowMs: number): void {
    this.#minute.take(nowMs, this.#now);
  }

  /** Takes the sample of every 10 minutes. */
  sampleMinutes(nowMs: number): void {
    this.#hour.take(nowMs, this.#now);
  }

  /** Takes the sample of every hour. */
  sampleHours(nowMs: number): void {
    this.#day.take(nowMs, this.#now);
  }

  /** An item to read from, until its row is given back. */
  item(row: number): StatsItem {
    return {
      value: this.#now[chunkOf(row)]![placeOf(row)]!,
      minute: () => this.#minute.of(row),
      hour: () => this.#hour.of(row),
      day: () => this.#day.of(row),
    };
  }
}

/** The samples of one span of time, numbered from 1 on; 0 is the moment one interval before the first. */
class Samples {
  readonly #intervalMs: number;
  /** Chunks of each sample that is kept, by its number modulo their count. */
  readonly #columns: Chunk[][];
  readonly #timesMs: number[];
  /** Number of the last sample before each row began: its item was 0 then. */
  #begun = new Uint32Array(CHUNK_ROWS);
  #last = 0;

  constructor(samplesMax: number, intervalMs: number) {
    this.#intervalMs = intervalMs;
    this.#columns = Array.from({ length: samplesMax }, () => []);
    this.#timesMs = new Array<number>(samplesMax).fill(0);
  }

  begin(row: number): void {
    if (row >= this.#begun.length) {
      const grown = new Uint32Array(2 * this.#begun.length);
      grown.set(this.#begun);
      this.#begun = grown;
    }
    this.#begun[row] = this.#last;
  }

  take(nowMs: number, chunks: readonly Chunk[]): void {
    if (this.#last === 0) this.#timesMs[0] = nowMs - this.#intervalMs;
    const slot = ++this.#last % this.#columns.length;
    this.#timesMs[slot] = nowMs;
    const column = this.#columns[slot]!;
    for (const [index, chunk] of chunks.entries()) {
      const kept = column[index];
      if (kept === undefined) column.push(chunk.slice());
      else kept.set(chunk);
    }
  }

  of(row: number): StatsSnapshot {
    const begun = this.#begun[row]!;
    const last = this.#last;
    if (last <= begun) return { sum: 0, tps: 0, avgpt: 0 };
    const first = Math.max(begun, last - this.#columns.length + 1);
    const isFromStart = first === begun;
    const sum = this.#at(last, row, 0) - (isFromStart ? 0 : this.#at(first, row, 0));
    const times = this.#at(last, row, 1) - (isFromStart ? 0 : this.#at(first, row, 1));
    const spanMs = this.#timesMs[last % this.#columns.length]! - this.#timesMs[first % this.#columns.length]!;
    return { sum, tps: spanMs > 0 ? (sum * 1000) / spanMs : 0, avgpt: times > 0 ? sum / times : 0 };
  }

  #at(sample: number, row: number, field: 0 | 1): number {
    const column = this.#columns[sample % this.#columns.length]!;
    return column[chunkOf(row)]![placeOf(row) + field]!;
  }
}
