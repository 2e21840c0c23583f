/**
 * What every tool does when it is asked for help, or for what it does not know: it says so, and does nothing else.
 *
 * Owns: nothing. Reads: the command line. Never: starts anything.
 *
 * @module
 */

/**
 * Prints the usage and ends the process when `--help` or `-h` is among the arguments, or when arguments are needed and there are none.
 *
 * @param usage what is printed
 * @param needsArguments whether the tool can do nothing without arguments
 */
export function endOnHelp(usage: string, needsArguments = false): void {
  const asked = Deno.args.includes("--help") || Deno.args.includes("-h");
  if (!asked && !(needsArguments && Deno.args.length === 0)) return;
  console.log(usage.trim());
  Deno.exit(0);
}

/**
 * For `unknown` of `parseArgs()`, in tools that take options alone: anything else ends the tool with exit code 2, so that a slip of the pen
 * does not start something long.
 *
 * @param argument as it was typed
 */
export function refuseUnknown(argument: string): never {
  refuse(`"${argument}" is unknown, see --help`);
}

/**
 * As {@linkcode refuseUnknown}, in tools that take names too.
 *
 * @param argument as it was typed
 * @param key name of the option; undefined for what is none
 * @returns true: the name is kept
 */
export function refuseUnknownOption(argument: string, key?: string): boolean {
  return key === undefined || refuseUnknown(argument);
}

/**
 * Ends the tool with exit code 2 when an option that must be a number is none.
 *
 * @param args what was parsed
 * @param names of the options; those that were left out are passed over
 */
export function refuseNoNumbers(args: Readonly<Record<string, unknown>>, ...names: readonly string[]): void {
  for (const name of names) {
    const text = args[name];
    if (text === undefined || (text !== "" && Number(text) >= 0)) continue;
    refuse(`--${name} is "${text}", expected a number, see --help`);
  }
}

/** Ends the tool with exit code 2 and says why. */
export function refuse(text: string): never {
  console.error(text);
  Deno.exit(2);
}
