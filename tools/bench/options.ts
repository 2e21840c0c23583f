/**
 * What all benches take from their command line, and what they say first.
 *
 * Owns: nothing. Reads: the command line, the machine. Never: starts anything.
 */
import { parseArgs } from "@std/cli/parse-args";
import { endOnHelp, refuse, refuseNoNumbers, refuseUnknown } from "../help.ts";

/** Which options a bench has, beside `--help`. */
export interface OptionNames<N extends string, T extends string, F extends string> {
  /** Options that are numbers, with what they are without being given. */
  readonly numbers: Readonly<Record<N, number>>;
  /** Options that are texts. */
  readonly texts?: readonly T[];
  /** Options without a value. */
  readonly flags?: readonly F[];
  /** Names that `--only A,B` chooses from. */
  readonly parts?: readonly string[];
  /** Whether `--set key=value` may be given, and repeated. */
  readonly takesSettings?: boolean;
}

/** What was given. */
export type Options<N extends string, T extends string, F extends string> =
  & Readonly<Record<N, number>>
  & Readonly<Record<T, string | undefined>>
  & Readonly<Record<F, boolean>>
  & {
    /** The parts that are wanted: all of them without `--only`. */
    readonly only: ReadonlySet<string>;
    readonly isWhole: boolean;
    readonly set: readonly string[];
  };

/**
 * Reads the command line. `--help` ends the process with exit code 0; what is unknown, or no number where one is needed, with 2.
 *
 * @param usage what `--help` prints
 * @param names of the options
 */
export function benchOptions<N extends string, T extends string = never, F extends string = never>(
  usage: string,
  names: OptionNames<N, T, F>,
): Options<N, T, F> {
  endOnHelp(usage);
  const { numbers, texts = [], flags = [], parts = [], takesSettings = false } = names;
  const only = parts.length === 0 ? [] : ["only"];
  const set = takesSettings ? ["set"] : [];
  const args = parseArgs(Deno.args, {
    string: [...Object.keys(numbers), ...texts, ...only, ...set],
    collect: set,
    boolean: [...flags],
    unknown: refuseUnknown,
  }) as Record<string, unknown> & { readonly only?: string; readonly set?: readonly string[] };
  refuseNoNumbers(args, ...Object.keys(numbers));
  const given = args.only?.split(",") ?? parts;
  const unknown = given.find((part) => !parts.includes(part));
  if (unknown !== undefined) refuse(`--only has "${unknown}", expected some of ${parts.join(",")}`);
  return {
    ...args,
    ...Object.fromEntries(Object.entries<number>(numbers).map(([name, value]) => [name, Number(args[name] ?? value)])),
    only: new Set(given),
    isWhole: args.only === undefined,
    set: args.set ?? [],
  } as Options<N, T, F>;
}

/** Prints a line. */
export function out(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** The machine, the version of Deno and how it is measured, for the first line and for plots. */
export function caption(
  options: {
    readonly rounds: number;
    readonly seconds: number;
    readonly "warm-up": number;
    readonly set: readonly string[];
  },
): string {
  const memory = `${Math.round(Deno.systemMemoryInfo().total / 2 ** 30)} GiB`;
  const machine = `${navigator.hardwareConcurrency} cores, ${memory}, ${Deno.build.os} ${Deno.osRelease()}`;
  const rounds = options.rounds === 1 ? "one round" : `${options.rounds} rounds`;
  const measured = `${rounds} of ${options.seconds} s, warm-up ${options["warm-up"]} s`;
  return [`${machine}, Deno ${Deno.version.deno}; ${measured}`, ...options.set].join(", ");
}
