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
 * Owns: the groups of tests and their permissions. Reads: the output of `deno test`.
 * Never: runs a test with all permissions.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { endOnHelp, refuseNoNumbers, refuseUnknownOption } from "./help.ts";
import { ROOT } from "./source_files.ts";

/** Tests that run in one process, with the same permissions. */
interface Group {
  readonly name: string;
  /** Paths whose tests belong to it begin with this; the first group that fits takes a path. */
  readonly prefix: string;
  readonly permissions: readonly string[];
  /** Milliseconds until it is ended. */
  readonly timeoutMs: number;
  /** It measures what others would spoil, and runs when they have ended. */
  readonly alone?: boolean;
}

/** What a run of tests came to. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

const TEMP = (Deno.env.get("TMPDIR") ?? "/tmp").replace(/\/$/, "");
const DENO = Deno.execPath();

/** Addresses of this machine, and one of the documentation range where nobody answers. */
const LOCAL_NET = "127.0.0.1,localhost,0.0.0.0,[::1],192.0.2.1";

const CONFORMANCE_PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  `--allow-net=${LOCAL_NET}`,
  "--allow-env",
  "--allow-run",
  "--allow-sys=hostname,networkInterfaces,osRelease,uid,statfs,systemMemoryInfo,cpus",
];

const GROUPS: readonly Group[] = [
  {
    name: "alone",
    prefix: "tests/conformance/idle_test.ts/",
    permissions: CONFORMANCE_PERMISSIONS,
    timeoutMs: 5 * 60_000,
    alone: true,
  },
  {
    name: "conformance",
    prefix: "tests/conformance/",
    permissions: CONFORMANCE_PERMISSIONS,
    timeoutMs: 20 * 60_000,
  },
  {
    name: "unit",
    prefix: "tests/",
    permissions: [
      `--allow-read=${ROOT},${TEMP},${DENO}`,
      `--allow-write=${TEMP}`,
      `--allow-net=${LOCAL_NET}`,
      "--allow-env",
      `--allow-run=${DENO},sh,kill,strace,ip`,
      "--allow-sys=hostname,networkInterfaces,osRelease,uid,statfs,systemMemoryInfo,cpus",
    ],
    timeoutMs: 20 * 60_000,
  },
];

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

/** The paths that each group runs. */
function pathsOf(group: Group, asked: readonly string[]): string[] {
  if (asked.length > 0) {
    return asked.filter((path) => GROUPS.find(({ prefix }) => `${path}/`.startsWith(prefix)) === group);
  }
  const rest = GROUPS.filter((other) => other !== group && other.prefix.startsWith(group.prefix));
  if (group.prefix.endsWith("_test.ts/")) return [group.prefix.slice(0, -1)];
  if (rest.length === 0) return exists(group.prefix) ? [group.prefix] : [];
  return [...Deno.readDirSync(ROOT + group.prefix)]
    .filter((entry) => entry.isDirectory || entry.name.endsWith("_test.ts"))
    .map((entry) => group.prefix + entry.name)
    .filter((path) => !rest.some(({ prefix }) => `${path}/` === prefix) && holdsTests(path))
    .sort();
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(ROOT + path).isDirectory && holdsTests(path.replace(/\/$/, ""));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function holdsTests(path: string): boolean {
  if (path.endsWith("_test.ts")) return true;
  for (const entry of Deno.readDirSync(ROOT + path)) {
    const inner = `${path}/${entry.name}`;
    if (entry.isFile ? entry.name.endsWith("_test.ts") : entry.isDirectory && holdsTests(inner)) return true;
  }
  return false;
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

async function runGroup(group: Group, paths: readonly string[], extra: readonly string[], to: Sink): Promise<Totals> {
  writeAll(to, new TextEncoder().encode(`\n== ${group.name}: ${paths.join(" ")}\n`));
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
  const alive = setInterval(() => console.log(`== ${group.name}: ${seconds()} s`), ALIVE_INTERVAL_MS);
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
  if (late) console.log(`== ${group.name}: ended after ${seconds()} s, limit is ${group.timeoutMs / 1000} s`);
  if (totals === undefined) return { passed: 0, failed: 1, ignored: 0 };
  const { passed, failed, ignored } = totals;
  if (ignored > 0) console.log(`== ${group.name}: ${ignored} skipped, see above for what is missing`);
  // A failure outside of any test, such as a leak at the very end, shows in the exit code only.
  return { passed, failed: failed === 0 && !status.success ? 1 : failed, ignored };
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
  const totals: Totals[] = [await checkTypes(asked.length > 0 ? asked : ["tests"])];
  const groups = GROUPS.map((group) => ({ group, paths: pathsOf(group, asked) })).filter(({ paths }) =>
    paths.length > 0
  );
  // Most tests wait for something most of the time: side by side they take little longer than the longest group.
  totals.push(
    ...await Promise.all(
      groups.filter(({ group }) => group.alone !== true).map(async ({ group, paths }, index) => {
        const held = new HeldOutput();
        const total = await runGroup(group, paths, extra, index === 0 ? Deno.stdout : held);
        return { total, held };
      }),
    ).then((ended) =>
      ended.map(({ total, held }) => {
        held.print();
        return total;
      })
    ),
  );
  for (const { group, paths } of groups.filter(({ group }) => group.alone === true)) {
    totals.push(await runGroup(group, paths, extra, Deno.stdout));
  }
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
