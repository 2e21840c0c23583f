/**
 * How far a slave is behind while its master is under load, and how soon it has everything afterwards.
 *
 * Owns: the samples. Reads: request 907 of the master. Never: sends messages.
 */
import type { Contender } from "./contender.ts";
import { type Positions, positionsOf } from "./pair.ts";
import { RawClient } from "./raw_client.ts";

/** How often it is looked. Milliseconds. */
const LOOK_EVERY_MS = 20;

/** Longest wait for a slave that is behind. Milliseconds. */
const CATCH_UP_MS_MAX = 120_000;

/** What was seen. */
export interface Lag {
  /** Milliseconds that the slave was behind at the last look under load: how old the end of its log was at the master. */
  readonly atEndMs: number;
  /** The worst look. */
  readonly worstMs: number;
  /** Milliseconds from the end of the load until the slave had everything. */
  readonly caughtUpMs: number;
}

/** Runs a load and looks at the slave meanwhile. */
export async function withLag<T>(pair: Contender, load: () => Promise<T>): Promise<{ result: T; lag: Lag }> {
  using client = await RawClient.connect(pair.brokerPort);
  const samples: Positions[] = [await positionsOf(client)];
  let isOver = false;
  const looking = (async (): Promise<void> => {
    while (!isOver) {
      samples.push(await positionsOf(client));
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  })();
  const result = await load();
  const endedMs = performance.now();
  isOver = true;
  await looking;
  const caughtUpMs = await untilCaughtUp(pair, client) - endedMs;
  return { result, lag: { ...lagOf(samples, endedMs), caughtUpMs } };
}

async function untilCaughtUp(pair: Contender, client: RawClient): Promise<number> {
  const deadlineMs = performance.now() + CATCH_UP_MS_MAX;
  for (;;) {
    const { atMs, master, slave } = await positionsOf(client);
    if (slave >= master) return atMs;
    if (atMs > deadlineMs) throw new Error(`${pair.name}: the slave is at ${slave}, its master at ${master}`);
  }
}

/** How long ago the master's log ended where the slave's does, at each look and at the last one that had growth. */
export function lagOf(samples: readonly Positions[], endedMs: number): { atEndMs: number; worstMs: number } {
  const end = samples.at(-1)?.master ?? 0;
  const growing = samples.filter(({ atMs, master }, index) => index > 0 && atMs <= endedMs && master < end);
  const lags = growing.map((sample) => sample.atMs - timeOf(samples, sample.slave, sample));
  return { atEndMs: lags.at(-1) ?? 0, worstMs: Math.max(0, ...lags) };
}

/** When the master's log ended at a position, between two looks in proportion. */
function timeOf(samples: readonly Positions[], position: number, latest: Positions): number {
  if (position >= latest.master) return latest.atMs;
  const after = samples.findIndex(({ master }) => master > position);
  const right = samples[after]!;
  const left = samples[after - 1];
  if (left === undefined) return right.atMs;
  const share = (position - left.master) / (right.master - left.master);
  return left.atMs + share * (right.atMs - left.atMs);
}
