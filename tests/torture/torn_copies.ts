/**
 * Two threads, one tiny ring: one appends, one copies what is about to be overwritten. No torn copy may be accepted.
 *
 *     deno task torture torn_copies --cycles 100 --seed 7       10^6 records in each cycle
 *
 * Owns: the two threads of one run. Reads: nothing. Never: gives a torn copy a second chance.
 *
 * @module
 */

import type { ActorRef } from "../../actors/kernel/contract.ts";
import { spawn } from "../../actors/kernel/spawn.ts";
import type { CopyTotals } from "../store/memory/patterns.ts";
import { tinyLog } from "../store/memory/patterns.ts";
import { type ThreadContract, threadRole } from "../store/memory/threads.ts";

/** Records that one cycle appends. */
export const RECORDS_OF_A_CYCLE = 1_000_000;

/** Longest time of one run. Milliseconds. */
const RUN_MS_MAX = 280_000;

/** What a run is to do. */
export interface TornCopiesOptions {
  /** Records to append. */
  readonly records: number;
  /** Sizes of batches and choice of copies follow from it. */
  readonly seed: number;
  /** Which cursor is looked at after the copy; the right one is `reserved`. */
  readonly guard: "reserved" | "appended";
}

/**
 * One run of two threads.
 *
 * @param options What it is to do.
 * @returns How many copies were accepted, void and torn.
 */
export async function tornCopies(options: TornCopiesOptions): Promise<CopyTotals> {
  const start = (name: string): Promise<ActorRef<ThreadContract>> =>
    spawn(threadRole, null, { name, initTimeoutMs: 60_000 });
  const [appending, copying] = await Promise.all([start("appending"), start("copying")]);
  try {
    const log = tinyLog();
    const doneFlag = new SharedArrayBuffer(4);
    const { records: count, seed, guard } = options;
    const [totals] = await Promise.all([
      copying.ask("copy", { log, guard, seed: seed + 1, doneFlag }, { timeoutMs: RUN_MS_MAX }),
      appending.ask("append", { log, count, seed, doneFlag }, { timeoutMs: RUN_MS_MAX }),
    ]);
    return totals;
  } finally {
    await Promise.all([appending.stop({ timeoutMs: 5000 }), copying.stop({ timeoutMs: 5000 })]);
  }
}

/**
 * Runs cycles of {@link RECORDS_OF_A_CYCLE} records.
 *
 * @param options How many, with which seed, and who is told after each.
 * @returns Totals of all cycles.
 */
export async function run(
  options: {
    readonly cycles: number;
    readonly seed: number;
    readonly progress: (cycle: number, totals: CopyTotals) => void;
  },
): Promise<CopyTotals> {
  let all: CopyTotals = { accepted: 0, voided: 0, torn: 0 };
  for (let cycle = 1; cycle <= options.cycles; cycle++) {
    const seed = options.seed + cycle * 2;
    const totals = await tornCopies({ records: RECORDS_OF_A_CYCLE, seed, guard: "reserved" });
    all = {
      accepted: all.accepted + totals.accepted,
      voided: all.voided + totals.voided,
      torn: all.torn + totals.torn,
    };
    options.progress(cycle, totals);
  }
  return all;
}

/** The trial: no copy is torn, and the run met the race at all. */
export async function torture(options: { readonly cycles: number; readonly seed: number }): Promise<boolean> {
  const totals = await run({
    cycles: options.cycles,
    seed: options.seed,
    progress: (cycle, { accepted, voided, torn }) =>
      console.log(`cycle ${cycle}: ${accepted} copies accepted, ${voided} void, ${torn} torn`),
  });
  const wrong = await tornCopies({ records: RECORDS_OF_A_CYCLE, seed: options.seed, guard: "appended" });
  console.log(`all: ${totals.accepted} accepted, ${totals.voided} void, ${totals.torn} torn`);
  console.log(`checked by appended instead: ${wrong.accepted} accepted, ${wrong.torn} of them torn`);
  return totals.torn === 0 && totals.accepted > 0 && totals.voided > 0 && wrong.torn > 0;
}
