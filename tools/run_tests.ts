/**
 * Runs the tests and says how many passed.
 *
 *     deno task test                       all tests; what the machine lacks a program for is skipped, and said
 *     deno task test tests/kernel …        only these
 *     deno task test --filter text         only tests whose name holds the text
 *     deno task test --min 500             fails when fewer pass
 *
 * The last line is `N passed, N failed` and nothing else. With `RINGMQ_CONFORMANCE=required` nothing is skipped for want
 * of a program.
 *
 * Owns: the processes of tests. Reads: the output of `deno test`.
 * Never: runs a test with all permissions.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { endOnHelp, refuseNoNumbers, refuseUnknownOption } from "./help.ts";
import { ROOT } from "./source_files.ts";
import { type Job, jobsOf } from "./test_groups.ts";

/** What a run of tests came to. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

const DENO = Deno.execPath();

/** Processes of tests at a time: most wait for something most of the time. */
const LANES = 2;

/** How often a line says that the tests are still running, in milliseconds. */
const ALIVE_INTERVAL_MS = 60_000;

/**
 * Finds the totals in the output of `deno test`.
 *
 * @param output The output.
 * @returns The totals, undefined when the run did not come to its end.
 */
export function totalsOf(output: string): Totals | undefined {
  const pattern =
    /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/gm;
  const last = [...output.matchAll(pattern)].at(-1);
  if (last === undefined) return undefined;
  return { passed: Number(last[1]), failed: Number(last[2]), ignored: Number(last[3] ?? 0) };
}

/**
 * Adds totals.
 *
 * @param totals Totals of the groups.
 * @returns Their sum.
 */
export function sumOf(totals: readonly Totals[]): Totals {
  const sum = (part: (total: Totals) => number): number => totals.reduce((all, total) => all + part(total), 0);
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failed }) => failed),
    ignored: sum(({ ignored }) => ignored),
  };
}

/** Where output goes. */
interface Sink {
  writeSync(bytes: Uint8Array): number;
}

/** Keeps output until it can be printed without running into that of another group. */
class HeldOutput implements Sink {
  readonly #chunks: Uint8Array[] = [];

  writeSync(bytes: Uint8Array): number {
    this.#chunks.push(bytes.slice());
    return bytes.length;
  }

  /** Prints what was kept. */
  print(): void {
    for (const chunk of this.#chunks.splice(0)) writeAll(Deno.stdout, chunk);
  }
}

function writeAll(to: Sink, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
}

/** Passes a stream through and keeps its text. */
async function passThrough(
  stream: ReadableStream<Uint8Array>,
  to: Sink,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    writeAll(to, chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

async function runJob({ name, group, paths }: Job, extra: readonly string[], to: Sink): Promise<Totals> {
  writeAll(to, new TextEncoder().encode(`\n== ${name}: ${paths.length} files\n`));
  const child = new Deno.Command(DENO, {
    args: ["test", "--no-check", ...group.permissions, ...extra, ...paths],
    cwd: ROOT,
    env: { NO_COLOR: "1", RINGMQ_CONFORMANCE: Deno.env.get("RINGMQ_CONFORMANCE") ?? "auto" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const started = performance.now();
  let late = false;
  const seconds = (): number => Math.round((performance.now() - started) / 1000);
  const alive = setInterval(() => console.log(`== ${name}: ${seconds()} s`), ALIVE_INTERVAL_MS);
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, group.timeoutMs);
  const [output, , status] = await Promise.all([
    passThrough(child.stdout, to),
    passThrough(child.stderr, to),
    child.status,
  ]);
  clearInterval(alive);
  clearTimeout(timer);
  const totals = totalsOf(output);
  const print = (text: string): void => writeAll(to, new TextEncoder().encode(`== ${name}: ${text}\n`));
  if (late) print(`ended after ${seconds()} s, limit is ${group.timeoutMs / 1000} s`);
  if (totals === undefined) return { passed: 0, failed: 1, ignored: 0 };
  const { passed, failed, ignored } = totals;
  if (ignored > 0) print(`${ignored} skipped, see above for what is missing`);
  // A failure outside of any test, such as a leak at the very end, shows in the exit code only.
  return { passed, failed: failed === 0 && !status.success ? 1 : failed, ignored };
}

/** Runs jobs, some at a time; the output of each is printed whole when it has ended. A single one is seen as it runs. */
async function runJobs(jobs: readonly Job[], extra: readonly string[], lanes: number): Promise<Totals[]> {
  const totals: Totals[] = [];
  const waiting = [...jobs];
  const lane = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const held = new HeldOutput();
      totals.push(await runJob(job, extra, jobs.length === 1 ? Deno.stdout : held));
      held.print();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return totals;
}

/**
 * Checks the types of all tests at once. The tests then run without a check of their own: a worker's module would be
 * checked while the test that starts it waits.
 */
async function checkTypes(paths: readonly string[]): Promise<Totals> {
  console.log(`== types: ${paths.join(" ")}`);
  const { success } = await new Deno.Command(DENO, {
    args: ["check", "--quiet", ...paths],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).spawn().status;
  return { passed: 0, failed: success ? 0 : 1, ignored: 0 };
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, { string: ["min", "filter"], unknown: refuseUnknownOption });
  refuseNoNumbers(args, "min");
  const min = Number(args["min"] ?? 1);
  const asked = args._.map((path) => String(path).replace(/^\.\//, ""));
  const extra = args["filter"] === undefined ? [] : ["--filter", String(args["filter"])];
  const paths = asked.length > 0 ? asked : ["tests"];
  const totals: Totals[] = [await checkTypes(paths)];
  const jobs = jobsOf(paths);
  totals.push(...await runJobs(jobs.filter(({ group }) => !group.isAlone), extra, LANES));
  totals.push(...await runJobs(jobs.filter(({ group }) => group.isAlone), extra, 1));
  const { passed, failed } = sumOf(totals);
  if (passed < min) console.log(`Expected at least ${min} tests to pass`);
  console.log(`\n${passed} passed, ${failed} failed`);
  if (failed > 0 || passed < min) Deno.exit(1);
}

if (import.meta.main) {
  endOnHelp(`
deno task test [path ...]        runs all tests, or those in the given files and folders
  --filter <text>                only tests whose name holds the text
  --min <n>                      fail when fewer than n tests pass
  -h  --help                     print this, and end

With RINGMQ_CONFORMANCE=required nothing is skipped for want of a program.
`);
  await main();
}
