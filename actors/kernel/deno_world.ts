/**
 * The surroundings of the program on Deno: files, environment, output, signals.
 *
 * Owns: signal listeners while somebody waits. Reads: the environment. Never: decides anything.
 */

/** What a program takes from its surroundings; tests give their own. */
export interface ProgramWorld {
  /** Environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads a text file. */
  readText(path: string): string;
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Writes a line to standard error. */
  complain(line: string): void;
  /** Settles when a signal asks the program to stop. */
  untilStopped(): Promise<void>;
  /**
   * Calls a function each time when a signal asks what the program is doing.
   *
   * @returns Ends the listening.
   */
  onReportAsked?(report: () => void): () => void;
}

/** Signals that stop a server; Windows knows only the second. */
const STOP_SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGTERM", "SIGINT"];

/** Signal that asks for a report. */
const REPORT_SIGNAL: Deno.Signal = "SIGUSR2";

/**
 * The surroundings of this process.
 *
 * @returns Files, environment, output and signals of Deno.
 */
export function denoWorld(): ProgramWorld {
  const encoder = new TextEncoder();
  return {
    environment: {
      HOME: Deno.env.get("HOME"),
      ROCKETMQ_HOME: Deno.env.get("ROCKETMQ_HOME"),
      NAMESRV_ADDR: Deno.env.get("NAMESRV_ADDR"),
    },
    readText: (path) => Deno.readTextFileSync(path),
    print: (line) => writeAll(Deno.stdout, encoder.encode(`${line}\n`)),
    complain: (line) => writeAll(Deno.stderr, encoder.encode(`${line}\n`)),
    untilStopped: () => untilSignal(),
    onReportAsked: (report) => onSignal(REPORT_SIGNAL, report),
  };
}

function writeAll(to: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
}

function onSignal(signal: Deno.Signal, handler: () => void): () => void {
  if (Deno.build.os === "windows") return (): void => {};
  Deno.addSignalListener(signal, handler);
  return (): void => Deno.removeSignalListener(signal, handler);
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of STOP_SIGNALS) Deno.removeSignalListener(signal, stop);
      resolve();
    };
    for (const signal of STOP_SIGNALS) Deno.addSignalListener(signal, stop);
  });
}
