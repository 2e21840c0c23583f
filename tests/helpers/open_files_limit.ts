/** Programs that may have few files open. */

/** The command that runs a program with a limit of open files, connections among them; not on Windows. */
export function withOpenFiles(filesMax: number, command: readonly string[]): string[] {
  return ["sh", "-c", `ulimit -n ${filesMax}; exec "$@"`, "sh", ...command];
}
