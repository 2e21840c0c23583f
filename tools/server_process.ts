/**
 * A name server or broker as a process of its own, started as a user starts it.
 *
 * Owns: the process. Reads: its output. Never: leaves it behind.
 */
import { TextLineStream } from "@std/streams";

const ROOT = new URL("..", import.meta.url);
const SERVE_PERMISSIONS = [
  // As in the tasks: see there.
  "--v8-flags=--max-semi-space-size=2,--heap-growing-percent=50,--memory-saver-mode",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env=HOME,ROCKETMQ_HOME,NAMESRV_ADDR",
  "--allow-sys=hostname,networkInterfaces,systemMemoryInfo,statfs",
];

/** A running server. */
export interface ServerProcess extends AsyncDisposable {
  /** Process id. */
  readonly pid: number;
  /** Settles when the process has ended, with its exit code. */
  readonly ended: Promise<number>;
  /** Milliseconds from the start of the process until it accepted. */
  readonly startMs: number;
  /** Sends a signal. */
  kill(signal: Deno.Signal): void;
  /** Stops it with SIGTERM. @returns its exit code */
  stop(): Promise<number>;
}

/**
 * Starts a server and waits until it says that it accepts.
 *
 * @param module path of the module below the project
 * @param args of the program
 * @param options milliseconds until the start is given up; told of each line
 * @throws {Error} when it ends or stays silent
 */
export async function startServerProcess(
  module: string,
  args: readonly string[],
  options: { timeoutMs?: number; onLine?: (line: string) => void } = {},
): Promise<ServerProcess> {
  const began = performance.now();
  const process = spawnServer(module, args);
  const lines: string[] = [];
  const accepted = Promise.withResolvers<void>();
  const note = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const line of stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
      lines.push(line);
      if (lines.length > 200) lines.shift();
      options.onLine?.(line);
      if (line.includes("boot success")) accepted.resolve();
    }
  };
  const output = Promise.all([note(process.stdout), note(process.stderr)]);
  const ended = process.status.then(async ({ code }) => {
    await output;
    return code;
  });
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${module} says nothing after ${options.timeoutMs ?? 20_000} ms`)),
    options.timeoutMs ?? 20_000,
  );
  try {
    await Promise.race([
      accepted.promise,
      late.promise,
      ended.then((code) => Promise.reject(new Error(`${module} ended with exit code ${code}:\n${lines.join("\n")}`))),
    ]);
  } catch (error) {
    killQuietly(process, "SIGKILL");
    await ended;
    throw error;
  } finally {
    clearTimeout(timer);
  }
  const stop = async (): Promise<number> => {
    killQuietly(process, "SIGTERM");
    const cut = setTimeout(() => killQuietly(process, "SIGKILL"), 30_000);
    try {
      return await ended;
    } finally {
      clearTimeout(cut);
    }
  };
  return {
    pid: process.pid,
    ended,
    startMs: performance.now() - began,
    kill: (signal) => killQuietly(process, signal),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/** A process that has ended already cannot be sent a signal; that is no failure of the caller's. */
function killQuietly(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function spawnServer(module: string, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--config",
      new URL("deno.json", ROOT).pathname,
      ...SERVE_PERMISSIONS,
      new URL(module, ROOT).pathname,
      ...args,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}
