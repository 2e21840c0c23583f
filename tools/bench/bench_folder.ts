/**
 * The frame of every bench: a temporary folder, and an end that leaves neither files nor processes behind, also when a signal ends it.
 *
 * A signal kills what descends from this process, and servers that do not, because they are sessions of their own and have lost their parent:
 * their pid files are noted here before they are started. Nobody needs the data of a bench that was ended, so nothing is stopped in order.
 *
 * Owns: the folder. Reads: /proc, through a program: Deno itself opens it with all permissions only. Never: ends a process that the bench did
 * not start.
 */
import { signalProcess } from "../signal_process.ts";

/** Signals that end a bench, with its exit code. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** How often the folder is removed: who was killed may write for a moment longer. */
const REMOVALS_MAX = 20;
const REMOVAL_PAUSE_MS = 50;

const pidFiles = new Set<string>();

/** Notes where a server that will not descend from the bench writes its process id. */
export function notePidFiles(...paths: readonly string[]): void {
  for (const path of paths) pidFiles.add(path);
}

/**
 * Runs a bench in a folder of its own.
 *
 * @param name what the folder's name begins with
 * @param work the bench
 */
export async function inBenchFolder(name: string, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: `ringmq-${name}-` });
  const listeners = Object.entries(SIGNALS).map(([signal, exitCode]) => {
    const end = (): never => {
      killAll();
      removeFolder(folder);
      Deno.exit(exitCode);
    };
    return [signal as Deno.Signal, end] as const;
  });
  for (const [signal, end] of listeners) Deno.addSignalListener(signal, end);
  try {
    await work(folder);
  } finally {
    for (const [signal, end] of listeners) Deno.removeSignalListener(signal, end);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Everything is held still before the first is killed, so that none begins another one meanwhile. */
function killAll(): void {
  const held = new Set<number>();
  for (;;) {
    const more = [...descendants(), ...detached()].filter((pid) => !held.has(pid) && signalProcess(pid, "SIGSTOP"));
    if (more.length === 0) break;
    for (const pid of more) held.add(pid);
  }
  for (const pid of held) signalProcess(pid, "SIGKILL");
}

/** Ids of the processes that descend from this one. */
function descendants(): number[] {
  const script = "cat /proc/[0-9]*/stat 2>/dev/null";
  const { stdout } = new Deno.Command("sh", { args: ["-c", script] }).outputSync();
  const rows = [...new TextDecoder().decode(stdout).matchAll(/^(\d+) \(.*\) \S (\d+)/gm)].map((row) => row.map(Number));
  const found = [Deno.pid];
  for (const parent of found) {
    for (const [, pid, ppid] of rows) if (ppid === parent) found.push(pid!);
  }
  return found.slice(1);
}

/** What the noted pid files say; those of servers that have not begun, or were stopped in order, are not there. */
function detached(): number[] {
  return [...pidFiles].flatMap((path) => {
    try {
      return [Number(Deno.readTextFileSync(path))].filter((pid) => pid > 0);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
}

function removeFolder(folder: string): void {
  for (let removal = 1;; removal++) {
    try {
      return Deno.removeSync(folder, { recursive: true });
    } catch (error) {
      if (removal === REMOVALS_MAX) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REMOVAL_PAUSE_MS);
    }
  }
}
