/**
 * Starts the servers of a cluster as processes of their own, which outlive the command that started them.
 *
 * Owns: their command lines and log files. Reads: their logs, for the line that says that they accept. Never: ends one.
 */
import { systemClock } from "../../store/clock.ts";
import { answers, etcdCommand, type EtcdPlan } from "../etcd_process.ts";
import { isAlive } from "./state.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Longest wait for a server. Milliseconds. */
const START_MS = 60_000;
const LOOK_MS = 50;

/** A server that has ended is forgotten by the system within this time. Milliseconds. */
const FORGET_MS = 10_000;

/** Ends of the servers that this very process started. */
const ends = new Map<number, Promise<void>>();

/**
 * Waits until the system has forgotten a server that has ended; no wait for one that another process started.
 *
 * @throws {Error} when it is still there after {@link FORGET_MS}
 */
export async function untilForgotten(pid: number): Promise<void> {
  const end = ends.get(pid);
  if (end === undefined) return;
  const late = Promise.withResolvers<never>();
  // The end of a server does not keep this process running, but the timer does. Not ref(): it throws when Deno knows of an end that it has not told yet.
  const timer = systemClock.setTimer(
    FORGET_MS,
    () => late.reject(new Error(`Process ${pid} has ended and is still there`)),
  );
  try {
    await Promise.race([end, late.promise]);
  } finally {
    timer.cancel();
  }
}

/**
 * Starts a server and waits until it accepts.
 *
 * @param task of deno.json
 * @param args of the program
 * @param log file of what it prints; what an earlier run printed is kept beside it
 * @returns its process id
 * @throws {Error} when it ends or does not accept in time
 */
export async function startDetached(task: "namesrv" | "broker", args: readonly string[], log: string): Promise<number> {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`)) as { tasks: Record<string, string> };
  const program = tasks[task]!.split(" ").slice(1);
  const pid = await spawnDetached([Deno.execPath(), ...program, ...args], log);
  await untilAccepting(pid, log);
  return pid;
}

/**
 * Starts an etcd and waits until it answers.
 *
 * @param plan its folder and ports
 * @param log file of what it prints
 * @returns its process id
 * @throws {Error} when it is not installed, or does not answer in time
 */
export async function startEtcd(plan: EtcdPlan, log: string): Promise<number> {
  const command = etcdCommand(plan);
  if (!new Deno.Command("sh", { args: ["-c", "command -v etcd"], stdout: "null" }).outputSync().success) {
    throw new Error("etcd is not installed; Debian has it in the package etcd-server");
  }
  const pid = await spawnDetached(command, log);
  const deadlineMs = systemClock.monotonicMs() + START_MS;
  while (!(await answers(`127.0.0.1:${plan.clientPort}`))) {
    const text = (): string => Deno.readTextFileSync(log);
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`etcd ${pid} does not answer:\n${text()}`);
    if (!isAlive(pid)) throw new Error(`etcd ${pid} ended:\n${text()}`);
    await systemClock.sleep(LOOK_MS);
  }
  return pid;
}

async function spawnDetached(program: readonly string[], log: string): Promise<number> {
  // What an earlier run printed would be taken for this one's.
  if (await exists(log)) await Deno.rename(log, `${log}.before`);
  // The shell gives way to the server after it has said its process id.
  const script =
    'cd "$1"; log="$2"; shift 2; exec setsid sh -c \'echo $$; exec "$@" >"$0" 2>&1 </dev/null\' "$log" "$@"';
  const command = new Deno.Command("sh", {
    args: ["-c", script, "sh", ROOT, log, ...program],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = command.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  command.unref();
  const pid = Number(new TextDecoder().decode(value).trim());
  ends.set(pid, command.status.then(() => void ends.delete(pid)));
  return pid;
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function untilAccepting(pid: number, log: string): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + START_MS;
  for (;;) {
    const text = await Deno.readTextFile(log).catch(() => ""); // Not there yet.
    if (text.includes("boot success")) return;
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`Process ${pid} does not accept:\n${text}`);
    if (!isAlive(pid)) throw new Error(`Process ${pid} ended:\n${text}`);
    await systemClock.sleep(LOOK_MS);
  }
}
