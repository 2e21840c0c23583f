/**
 * A server that a test starts, by process id.
 *
 * Owns: one process group, its output file, its stop. The group is started through `run_guarded.sh`, so it ends when the
 * test process ends, however that happens. No Deno resource stays open, so a server may outlive the test that started it.
 * Reads: /proc, through a shell.
 * Never: kills by name.
 *
 * @module
 */
import { systemClock } from "../../store/clock.ts";
import { until } from "../helpers/until.ts";

/** What is run. */
export interface ServerCommand {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Environment added to ours. */
  readonly env?: Record<string, string>;
  /** Working directory. */
  readonly cwd?: string;
  /** Port that must accept. */
  readonly port: number;
  /** Longest wait for `boot success`, in milliseconds; a minute when left out. */
  readonly patienceMs?: number;
}

const GUARD = new URL("./run_guarded.sh", import.meta.url).pathname;

/** One running server. */
export class ServerProcess {
  /** Leader of the process group. */
  readonly pid: number;
  /** Milliseconds from the start of the process to the moment when it said so and its port accepted. */
  readonly startMs: number;
  readonly #dir: string;

  private constructor(pid: number, dir: string, startMs: number) {
    this.pid = pid;
    this.startMs = startMs;
    this.#dir = dir;
  }

  /**
   * Starts a server and waits until it has printed `boot success` and accepts connections.
   *
   * @param dir Folder for its output and process id; must exist.
   * @param server What is run.
   * @returns The running server.
   * @throws {Error} When it ends or says nothing in time; its output is in the message.
   */
  static async start(dir: string, server: ServerCommand): Promise<ServerProcess> {
    await Deno.writeTextFile(`${dir}/out.log`, "");
    // What an earlier run left here would be taken for this one's.
    for (const name of ["pid", "exit"]) await removeIfThere(`${dir}/${name}`);
    const began = systemClock.monotonicMs();
    const launcher = new Deno.Command("setsid", {
      args: ["--fork", "sh", GUARD, String(Deno.pid), dir, ...server.command],
      stdin: "null",
      stdout: "null",
      stderr: "null",
      ...(server.env === undefined ? {} : { env: server.env }),
      ...(server.cwd === undefined ? {} : { cwd: server.cwd }),
    });
    await launcher.output();
    const pid = await until(() => readNumber(`${dir}/pid`), { timeoutMs: 60_000, what: "the process id" });
    try {
      await until(() => {
        const exit = readNumber(`${dir}/exit`);
        if (exit !== undefined) throw new Error(`Server ended with status ${exit}`);
        return Deno.readTextFileSync(`${dir}/out.log`).includes("boot success");
      }, { timeoutMs: server.patienceMs ?? 60_000, what: `"boot success" from ${server.command[0]}` });
      await until(() => accepts(server.port), { timeoutMs: 60_000, what: `port ${server.port}` });
    } catch (error) {
      killGroup(pid, "SIGKILL");
      throw new Error(`Cannot start ${server.command.join(" ")}: ${tail(`${dir}/out.log`)}`, { cause: error });
    }
    return new ServerProcess(pid, dir, systemClock.monotonicMs() - began);
  }

  /** Process ids of the group, the leader first. */
  get group(): number[] {
    return groupMembers(this.pid);
  }

  /** Processor time of the group so far, in milliseconds. */
  get cpuMs(): number {
    // Fields 14 and 15 of proc(5) in ticks of 10 ms.
    return statsOfGroup(this.pid).reduce((sum, fields) => sum + (Number(fields[11]) + Number(fields[12])) * 10, 0);
  }

  /** Whether the leader has ended. */
  get ended(): boolean {
    return readNumber(`${this.#dir}/exit`) !== undefined;
  }

  /** What the server has printed. */
  get output(): string {
    return Deno.readTextFileSync(`${this.#dir}/out.log`);
  }

  /** Sends a signal to the whole group. */
  signal(name: Deno.Signal): void {
    killGroup(this.pid, name);
  }

  /** Kills the whole group at once, as a crash would, and waits until it is gone. */
  async kill(): Promise<void> {
    killGroup(this.pid, "SIGKILL");
    await this.#gone(10_000);
  }

  /**
   * Asks the server to stop, and waits until the group is gone.
   *
   * @returns Its exit status.
   * @throws {Error} When it does not stop in time; it is killed then.
   */
  async stop(): Promise<number> {
    if (this.ended) return readNumber(`${this.#dir}/exit`) ?? -1;
    signal(this.pid, "SIGTERM");
    try {
      await this.#gone(40_000);
    } catch (error) {
      killGroup(this.pid, "SIGKILL");
      throw new Error(`Server did not stop: ${tail(`${this.#dir}/out.log`)}`, { cause: error });
    }
    return readNumber(`${this.#dir}/exit`) ?? -1;
  }

  async #gone(timeoutMs: number): Promise<void> {
    await until(() => this.ended && groupMembers(this.pid).length === 0, { timeoutMs, what: `the end of ${this.pid}` });
  }
}

/**
 * Whether a TCP port of this machine accepts.
 *
 * @param port The port.
 */
export async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

/** Processes that want a processor, over the last minute. */
export function machineLoad(): number {
  return Number.parseFloat(shell("cat /proc/loadavg", []));
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Prints the line of proc(5) of each process: Deno itself reads /proc only with all permissions. */
const STAT_LINES = 'for file in /proc/[0-9]*/stat; do read -r line <"$file" && echo "$line"; done 2>/dev/null; true';

function groupMembers(group: number): number[] {
  return statsOfGroup(group).map((fields) => Number(fields.at(-1))).sort((a, b) => a - b);
}

/** Fields of proc(5) from the third on (state, parent, group, …) of each living process of a group, and its id behind them. */
function statsOfGroup(group: number): string[][] {
  const stats: string[][] = [];
  for (const line of shell(STAT_LINES, []).split("\n")) {
    if (line === "") continue;
    // The second field, the name in parentheses, may hold spaces.
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    if (fields[0] !== "Z" && Number(fields[2]) === group) stats.push([...fields, String(Number.parseInt(line, 10))]);
  }
  return stats;
}

function shell(script: string, args: readonly string[]): string {
  const { stdout } = new Deno.Command("sh", { args: ["-c", script, "sh", ...args], stderr: "null" }).outputSync();
  return new TextDecoder().decode(stdout);
}

function killGroup(leader: number, name: Deno.Signal): void {
  for (const pid of groupMembers(leader)) signal(pid, name);
}

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch (error) {
    // The process ended between our look and the signal, which is what the signal was for.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || String(error).includes("No such process")) return undefined;
    throw error;
  }
}

function readNumber(path: string): number | undefined {
  const text = readText(path);
  return text === undefined || text.trim() === "" ? undefined : Number(text);
}

function tail(path: string): string {
  return (readText(path) ?? "").split("\n").slice(-30).join("\n");
}
