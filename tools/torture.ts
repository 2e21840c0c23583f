/**
 * Runs one of the long trials, which kill, stall and starve a running system.
 *
 *     deno task torture                                  the names
 *     deno task torture <name> --cycles 20 --seed 7      one of them
 *
 * A trial is a module in tests/torture/ that exports `torture(options): Promise<boolean>`.
 *
 * Owns: the choice of the seed, which is printed first. Reads: tests/torture/.
 * Never: repeats a trial that failed.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { endOnHelp } from "./help.ts";
import { ROOT } from "./source_files.ts";

/** What a trial is given. */
export interface TortureOptions {
  /** How often it goes round. */
  readonly cycles: number;
  /** Everything that is left to chance follows from it. */
  readonly seed: number;
  /** How long it goes on, for trials that can be told in minutes; undefined when cycles count. */
  readonly minutes: number | undefined;
  /** The rest of the command line. */
  readonly args: readonly string[];
}

/**
 * A trial.
 *
 * @returns False when it found something.
 */
export type Torture = (options: TortureOptions) => Promise<boolean>;

const FOLDER = "tests/torture/";
const CYCLES = 5;

/** Names of the trials: the modules of the folder that are not helpers of others. */
function names(): string[] {
  try {
    return [...Deno.readDirSync(ROOT + FOLDER)]
      .filter((entry) => entry.isFile && entry.name.endsWith(".ts") && !entry.name.endsWith("_test.ts"))
      .map((entry) => entry.name.slice(0, -".ts".length))
      .filter((name) => /^export const torture\b|^export (async )?function torture\b/m.test(textOf(name)))
      .sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function textOf(name: string): string {
  return Deno.readTextFileSync(`${ROOT}${FOLDER}${name}.ts`);
}

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, { string: ["cycles", "minutes", "seed"], stopEarly: false });
  const [name, ...rest] = args._.map(String);
  if (name === undefined) {
    for (const known of names()) console.log(known);
    return 0;
  }
  if (!names().includes(name)) {
    console.error(`There is no trial "${name}"; there are: ${names().join(", ")}`);
    return 2;
  }
  const cycles = Number(args["cycles"] ?? CYCLES);
  const seed = Number(args["seed"] ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  const minutes = args["minutes"] === undefined ? undefined : Number(args["minutes"]);
  if (!Number.isInteger(cycles) || cycles < 1 || !Number.isInteger(seed) || (minutes !== undefined && !(minutes > 0))) {
    console.error("--cycles and --seed are whole numbers, --minutes is a number above 0");
    return 2;
  }
  console.log(`${name}: seed ${seed}, ${minutes === undefined ? `${cycles} cycles` : `${minutes} minutes`}`);
  const { torture } = await import(new URL(`../${FOLDER}${name}.ts`, import.meta.url).href) as { torture: Torture };
  const good = await torture({ cycles, seed, minutes, args: rest });
  console.log(`${name}: ${good ? "held" : "FAILED"} (seed ${seed})`);
  return good ? 0 : 1;
}

if (import.meta.main) {
  endOnHelp(`
deno task torture                 prints the names of the trials
deno task torture <name> [...]    runs one of them; what else is given goes to the trial
  --cycles <n>                    how often
  --minutes <n>                   how long instead, where the trial can be told so
  --seed <n>                      repeats a trial; a new seed otherwise
  -h  --help                      print this, and end
`);
  Deno.exit(await main());
}
