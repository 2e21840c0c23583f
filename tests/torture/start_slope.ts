/**
 * How a start after kill -9 grows with the number of queues.
 *
 *     deno task torture start_slope --cycles 3 100 1000 10000        topics with four queues each; cycles are starts of each size
 *
 * The log is small, so that it is the queues that are measured. The line through the points is that of least squares; time on the wall is the quickest of the
 * starts of a size, because a machine that is busy with others only adds to it, processor time likewise.
 *
 * Owns: the sizes and the line. Reads: nothing. Never: compares runs of different machines.
 *
 * @module
 */
import { largeStore, QUEUES } from "./large_store.ts";
import { printTable } from "./table.ts";

const TOPICS = [100, 1000, 10_000];

/** Resident memory of a start with so many topics at most. */
const RESIDENT_MIB_MAX = 300;
const BOUND_TOPICS = 1000;

/** Body of a record: a small log has messages for every queue. */
const BODY_BYTES = 200;

/** Bytes of the log for each queue: a few records. */
const LOG_BYTES_PER_QUEUE = 4 * 400;

/** Starts with so many topics. */
export interface SizedStart {
  readonly topics: number;
  readonly queues: number;
  /** From the start of the process to accepting, the quickest of the starts. Milliseconds. */
  readonly acceptingMs: number;
  /** Processor time until then, the least. Milliseconds. */
  readonly cpuMs: number;
  readonly residentMiB: number;
}

/** A straight line. */
export interface Line {
  readonly perX: number;
  readonly atZero: number;
}

/** What a run came to. */
export interface SlopeReport {
  readonly starts: readonly SizedStart[];
  /** Milliseconds for each 1,000 queues. */
  readonly acceptingMsPer1000: number;
  readonly cpuMsPer1000: number;
}

/** The line of least squares through at least two points. */
export function lineThrough(points: readonly (readonly [x: number, y: number])[]): Line {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([each]) => each)), mean(points.map(([, each]) => each))];
  const slope = points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0) /
    points.reduce((sum, [px]) => sum + (px - x) ** 2, 0);
  return { perX: slope, atZero: y - slope * x };
}

/**
 * Measures starts with each number of topics.
 *
 * @throws {Error} When a start does not find every queue.
 */
export async function startSlope(
  options: { readonly topics: readonly number[]; readonly cycles: number; readonly progress?: (text: string) => void },
): Promise<SlopeReport> {
  const sized: SizedStart[] = [];
  for (const topics of options.topics) {
    options.progress?.(`${topics} topics`);
    const queues = topics * QUEUES;
    const starts = await largeStore({
      logBytes: queues * LOG_BYTES_PER_QUEUE,
      topics,
      cycles: options.cycles,
      bodyBytes: BODY_BYTES,
      ...(options.progress === undefined ? {} : { progress: options.progress }),
    });
    const wrong = starts.find(({ store }) => !store.includes(` ${queues} queues`));
    if (wrong !== undefined) throw new Error(`${queues} queues were made, a start says: ${wrong.store}`);
    sized.push({
      topics,
      queues,
      acceptingMs: Math.min(...starts.map(({ acceptingMs }) => acceptingMs)),
      cpuMs: Math.min(...starts.map(({ cpuMs }) => cpuMs)),
      residentMiB: Math.max(...starts.map(({ residentMiB }) => residentMiB)),
    });
  }
  const per1000 = (of: (start: SizedStart) => number): number =>
    Math.round(lineThrough(sized.map((start) => [start.queues / 1000, of(start)])).perX * 10) / 10;
  return {
    starts: sized,
    acceptingMsPer1000: per1000(({ acceptingMs }) => acceptingMs),
    cpuMsPer1000: per1000(({ cpuMs }) => cpuMs),
  };
}

/**
 * The trial that `deno task torture start_slope` runs.
 *
 * @param options Cycles, and numbers of topics as the rest of the command line.
 * @returns False when a start with up to 1,000 topics had more than 300 MiB.
 */
export async function torture(
  options: { readonly cycles: number; readonly args: readonly string[] },
): Promise<boolean> {
  const topics = options.args.length > 1 ? options.args.map(Number) : TOPICS;
  const report = await startSlope({ topics, cycles: options.cycles, progress: (text) => console.log(text) });
  printTable(report.starts.map((start) => ({ ...start })));
  console.log(`each 1,000 queues: ${report.acceptingMsPer1000} ms, processor time ${report.cpuMsPer1000} ms`);
  return report.starts.every(({ topics, residentMiB }) => topics > BOUND_TOPICS || residentMiB <= RESIDENT_MIB_MAX);
}
