/**
 * One point of a curve: both brokers are brought there, then they are measured in turn, with the other one held still.
 *
 * A broker that does not get to a point, or not in a bounded time, has none there, and is out of the curve when that happens twice in a row;
 * the other one goes on.
 *
 * Owns: nothing. Never: starts or stops a broker.
 */
import type { Contender } from "./contender.ts";
import { type Curve, rateOf } from "./growth_curves.ts";
import { type Figure, type Point, pointName } from "./growth_report.ts";
import { median, runLoad } from "./load.ts";
import { untilDispatched, untilSynced } from "./measures.ts";
import { out } from "./options.ts";
import type { RoundOptions } from "./rounds.ts";

/** Longest time to get to a point, or for what is around a measurement there. Milliseconds. */
const STEP_MS_MAX = 300_000;

/** Shorter ways to a point are not told. Milliseconds. */
const REACH_TOLD_MS_MIN = 2_000;

/** Points in a row that a broker may miss: one may be chance, and one that hangs costs the longest time at each. */
const MISSED_MAX = 2;

/** A broker on a curve. */
export interface Runner {
  readonly contender: Contender;
  /** Points in a row that it did not get to. */
  missed: number;
}

/** Fails work that takes too long. It is not waited for any more; what it waits for ends with the broker. */
async function within(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited for ${timeoutMs} ms in vain`)), timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets a broker run for some work. @returns whether that went well; if not, it is said */
async function step({ contender }: Runner, at: number, work: () => Promise<void>, timeoutMs: number): Promise<boolean> {
  contender.run(true);
  try {
    await within(work(), timeoutMs);
    return true;
  } catch (error) {
    out(`  ${pointName(at).padStart(8)}  ${contender.name} does not get there: ${String(error).slice(0, 300)}`);
    return false;
  } finally {
    contender.run(false);
  }
}

async function reach(curve: Curve, at: number, { contender }: Runner, { tools }: RoundOptions): Promise<void> {
  const began = performance.now();
  await curve.reach?.(contender, at, tools);
  const tookMs = performance.now() - began;
  if (tookMs < REACH_TOLD_MS_MIN) return;
  out(`  ${pointName(at).padStart(8)}  ${contender.name.padEnd(7)} is there after ${(tookMs / 1000).toFixed(0)} s`);
}

async function measure(curve: Curve, at: number, { contender }: Runner, { tools }: RoundOptions): Promise<Figure> {
  const where = ["-p", String(contender.brokerPort), "-d", String(tools.seconds)];
  const result = await runLoad(tools.load, [...where, ...curve.load(at)]);
  const { failed, silent } = result;
  const figure = { rate: rateOf(curve, result), failed, silent, behindMs: await untilDispatched(contender) };
  if (figure.rate === 0) throw new Error(`Nothing was answered well, ${failed} requests were refused`);
  out(
    `  ${pointName(at).padStart(8)}  ${contender.name.padEnd(7)} ${
      figure.rate.toFixed(curve.unit === "MiB/s" ? 3 : 0)
    } ${curve.unit}  ` +
      `p50 ${result.p50Us} us  p99 ${result.p99Us} us  failed ${failed}  ` +
      (silent === 0 ? "" : `unanswered connections ${silent}  `) +
      `dispatched after ${figure.behindMs.toFixed(0)} ms`,
  );
  return figure;
}

/** The middle rate, what was refused in all rounds, and the worst of the rest. */
function together(figures: readonly Figure[]): Figure {
  return {
    rate: median(figures.map(({ rate }) => rate)),
    failed: figures.reduce((sum, { failed }) => sum + failed, 0),
    silent: Math.max(...figures.map(({ silent }) => silent)),
    behindMs: Math.max(...figures.map(({ behindMs }) => behindMs)),
  };
}

/**
 * Measures a point of a curve.
 *
 * @param runners the brokers, all held still; those that are out are passed over
 */
export async function measurePoint(
  curve: Curve,
  at: number,
  runners: readonly Runner[],
  options: RoundOptions,
): Promise<Point> {
  const timeoutMs = STEP_MS_MAX + options.tools.seconds * 1000;
  const figures = new Map<Runner, Figure[]>();
  for (const runner of runners.filter(({ missed }) => missed < MISSED_MAX)) {
    if (await step(runner, at, () => reach(curve, at, runner, options), timeoutMs)) figures.set(runner, []);
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const [runner, list] of round % 2 === 0 ? [...figures] : [...figures].reverse()) {
      const work = async (): Promise<void> => {
        list.push(await measure(curve, at, runner, options));
      };
      await untilSynced();
      if (!await step(runner, at, work, timeoutMs)) figures.delete(runner);
    }
  }
  for (const runner of runners) runner.missed = figures.has(runner) ? 0 : runner.missed + 1;
  const of = (name: Contender["name"]): Figure | undefined =>
    [...figures].filter(([{ contender }]) => contender.name === name).map(([, list]) => together(list))[0];
  return { at, apache: of("Apache"), ringmq: of("RingMQ") };
}
