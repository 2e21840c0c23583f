/**
 * Failover of a set of brokers that agree through etcd, under load: the master is killed, stands still, is cut off both ways, one way, or from etcd alone; etcd itself dies or stands still.
 *
 * What must hold in each cycle: a new master acknowledges within 3 s of the end of the old one's lease; nothing that was acknowledged is lost; an old master acknowledges nothing after its lease, cuts its tail and follows;
 * the logs are the same byte for byte.
 *
 * Owns: the network and mount namespace in which everything runs. Reads: what the driver prints. Never: touches the network of this machine.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";
import type { FailoverCycle, Fault } from "./failover_driver.ts";
import { SeededRandom } from "./seeded_random.ts";
import { printTable } from "./table.ts";

/** Ways of cutting a master off: from everything both ways, from etcd alone, from being heard, from hearing. */
const CUTS: readonly Fault[] = ["cut", "cut-etcd", "cut-out", "cut-in"];

/** What is done to a master. */
const MASTER_FAULTS: readonly Fault[] = ["kill", "stop", ...CUTS];

/** What is done to etcd. */
const ETCD_FAULTS: readonly Fault[] = ["etcd-kill", "etcd-stop"];

/** What a run is given. */
export interface FailoverOptions {
  readonly faults: readonly Fault[];
  /** Everything that is left to chance follows from it. */
  readonly seed: number;
  readonly brokers?: number;
  /** Lease of a master, seconds; the shortest that etcd grants when left out. */
  readonly leaseSeconds?: number;
  /** Told after each cycle. */
  readonly progress?: (cycle: FailoverCycle) => void;
}

/**
 * Runs the cycles in a network namespace of their own.
 *
 * @returns The table as data.
 * @throws {Error} When the driver ends otherwise than in order; its output is in the message.
 */
export async function failover(options: FailoverOptions): Promise<FailoverCycle[]> {
  const dir = await Deno.makeTempDir({ prefix: "ringmq-failover-" });
  try {
    return await drive(options, dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function drive(options: FailoverOptions, dir: string): Promise<FailoverCycle[]> {
  const { faults, seed, brokers = 2, leaseSeconds = 2, progress } = options;
  const process = new Deno.Command("unshare", {
    args: [
      ...Deno.uid() === 0 ? ["-nm"] : ["-rnm"],
      Deno.execPath(),
      "run",
      "--quiet",
      "--no-check",
      "--allow-net",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-run",
      "--allow-sys",
      new URL("./failover_driver.ts", import.meta.url).pathname,
      `--dir=${dir}`,
      `--seed=${seed}`,
      `--faults=${faults.join(",")}`,
      `--brokers=${brokers}`,
      `--lease=${leaseSeconds}`,
    ],
    env: { DENO_DIR: denoDir() },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const cycles: FailoverCycle[] = [];
  const read = async (): Promise<void> => {
    const lines = process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) {
      const cycle = JSON.parse(line) as FailoverCycle;
      cycles.push(cycle);
      progress?.(cycle);
    }
  };
  const errors = new Response(process.stderr).text();
  await read();
  const { success } = await process.status;
  const text = await errors;
  if (!success) throw new Error(`Failover trial with seed ${seed} broke off after ${cycles.length} cycles: ${text}`);
  return cycles;
}

/** So many kills, stops and cuts each, and as many faults of etcd as asked for, in an order that follows from the seed. */
export function planFaults(
  options: { readonly cycles: number; readonly etcdCycles: number; readonly seed: number },
): Fault[] {
  const faults = [
    ...Array.from({ length: options.cycles }, (_, index) => ["kill", "stop", CUTS[index % CUTS.length]!] as Fault[])
      .flat(),
    ...Array.from({ length: options.etcdCycles }, (_, index) => ETCD_FAULTS[index % ETCD_FAULTS.length]!),
  ];
  const random = new SeededRandom(options.seed);
  for (let at = faults.length - 1; at > 0; at--) {
    const other = random.between(0, at + 1);
    [faults[at], faults[other]] = [faults[other]!, faults[at]!];
  }
  return faults;
}

/** Prints the cycles and how their times spread. */
export function printFailover(cycles: readonly FailoverCycle[]): void {
  printTable(cycles.map((cycle) => ({ ...cycle })));
  const masters = cycles.filter(({ fault }) => !fault.startsWith("etcd-"));
  const rows = (["keyGoneMs", "firstAckMs", "afterLeaseMs", "inStepMs"] as const).map((name) => {
    const sorted = masters.map((cycle) => cycle[name]).sort((left, right) => left - right);
    const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
    return { time: name, min: at(0), median: at(0.5), p90: at(0.9), max: at(1) };
  });
  printTable(rows);
}

/** Deno's cache, so that the servers find it whatever their home is. */
function denoDir(): string {
  return Deno.env.get("DENO_DIR") || `${Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`}/deno`;
}

/**
 * The trial that `deno task torture failover [three] [lease3] [fault…]` runs.
 *
 * @param options Cycles and seed; brokers and faults as the rest of the command line.
 * @returns False when something did not hold.
 */
export async function torture(
  options: { readonly cycles: number; readonly seed: number; readonly args: readonly string[] },
): Promise<boolean> {
  const { cycles, seed, args } = options;
  const named = [...MASTER_FAULTS, ...ETCD_FAULTS].filter((fault) => args.includes(fault));
  const faults = named.length > 0
    ? Array.from({ length: cycles }, (_, index) => named[index % named.length]!)
    : planFaults({ cycles: Math.ceil(cycles / 3), etcdCycles: Math.ceil(cycles / 10), seed });
  const done = await failover({
    faults,
    seed,
    brokers: args.includes("three") ? 3 : 2,
    leaseSeconds: args.includes("lease3") ? 3 : 2,
    progress: (cycle) => console.log(JSON.stringify(cycle)),
  });
  printFailover(done);
  return done.every(({ finding }) => finding === "");
}
