/**
 * What every tool does when it is asked for help: it prints how it is used, and does nothing else.
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
