/**
 * kill -9 of a SYNC_MASTER at a random moment under load, again and again: its slave must have every acknowledged message, and follow the master that comes back.
 *
 * Owns: the cycles and their table. Reads: the slave's queues by pulls, both logs. Never: reads from the master what it says of the slave.
 *
 * @module
 */
import { AckedLoad } from "../broker/acked_load.ts";
import { logBytes } from "../broker/replication_kit.ts";
import { createTopic } from "../conformance/broker_requests.ts";
import { PAIR_CONF, SlaveBroker } from "../conformance/slave_broker.ts";
import { Target } from "../conformance/target.ts";
import { systemClock } from "../../store/clock.ts";
import { SeededRandom } from "./seeded_random.ts";
import { printTable } from "./table.ts";

const QUEUES = 8;
const ACKED_BEFORE_KILL = 50;
const LOAD_MS_MAX = 700;
/** Small files, so that a kill falls on their ends too. */
const FILE_BYTES = String(1024 * 1024);

/** What a run is given. */
export interface SyncMasterOptions {
  readonly cycles: number;
  /** Everything that is left to chance follows from it. */
  readonly seed: number;
  /** The master's `flushDiskType`. */
  readonly flushDiskType?: "ASYNC_FLUSH" | "SYNC_FLUSH";
  /** Told after each cycle. */
  readonly progress?: (cycle: SyncMasterCycle) => void;
}

/** One kill. */
export interface SyncMasterCycle {
  readonly cycle: number;
  /** Milliseconds of load before the kill, after the first acknowledgements. */
  readonly loadMs: number;
  readonly acked: number;
  readonly refused: number;
  /** Sends whose outcome the producer never learned. */
  readonly unknown: number;
  /** Milliseconds from the start of the master to accepting. */
  readonly restartMs: number;
  /** What the slave lacks, or has otherwise; empty when it has everything. */
  readonly finding: string;
}

/**
 * Runs the cycles.
 *
 * @param options How many, from which seed.
 * @returns The table as data.
 */
export async function syncMaster(options: SyncMasterOptions): Promise<SyncMasterCycle[]> {
  const random = new SeededRandom(options.seed);
  const broker = {
    ...PAIR_CONF,
    mappedFileSizeCommitLog: FILE_BYTES,
    brokerRole: "SYNC_MASTER",
    inSyncReplicas: "2",
    slaveTimeout: "20000",
    flushDiskType: options.flushDiskType ?? "ASYNC_FLUSH",
  };
  const target = await Target.up({ name: "ringmq", broker });
  try {
    const cycles: SyncMasterCycle[] = [];
    const names = Array.from({ length: options.cycles }, (_, index) => `Sync${index + 1}`);
    for (const name of names) await createTopic(target, name, { queues: QUEUES });
    const conf = { mappedFileSizeCommitLog: FILE_BYTES, slaveSynchronizeInterval: "500" };
    await using slave = await SlaveBroker.up(target, { name: "ringmq", broker: conf });
    await slave.routed(names.at(-1)!);
    for (const [index, topic] of names.entries()) {
      const done = await oneCycle(target, slave, { cycle: index + 1, topic, random });
      cycles.push(done);
      options.progress?.(done);
    }
    return cycles;
  } finally {
    await target.down();
  }
}

async function oneCycle(
  target: Target,
  slave: SlaveBroker,
  { cycle, topic, random }: { cycle: number; topic: string; random: SeededRandom },
): Promise<SyncMasterCycle> {
  const loadMs = random.between(0, LOAD_MS_MAX);
  const load = new AckedLoad({ address: target.broker, topic, queues: QUEUES, seed: random.between(0, 1_000_000) });
  await load.more(ACKED_BEFORE_KILL);
  await systemClock.sleep(loadMs);
  await target.kill9Broker();
  await load.stop();
  const { acked, misses } = load;
  let finding = await findingOf(() => load.readBack(slave.address));
  await target.startBroker();
  const end = await slave.caughtUp();
  const [left, right] = [target.storeDir, slave.storeDir].map((dir) => logBytes(`${dir}/commitlog`, 0, end));
  if (!left!.every((byte, index) => byte === right![index])) finding += " The logs differ.";
  const restartMs = Math.round(target.brokerProcess.startMs);
  return { cycle, loadMs, acked, refused: misses.refused, unknown: misses.lost, restartMs, finding };
}

async function findingOf(work: () => Promise<void>): Promise<string> {
  try {
    await work();
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * The trial that `deno task torture sync_master [SYNC_FLUSH]` runs.
 *
 * @param options Cycles and seed, and the flush mode as the rest of the command line.
 * @returns False when the slave lacked anything.
 */
export async function torture(
  options: { readonly cycles: number; readonly seed: number; readonly args: readonly string[] },
): Promise<boolean> {
  const flushDiskType = options.args.includes("SYNC_FLUSH") ? "SYNC_FLUSH" : "ASYNC_FLUSH";
  const { cycles, seed } = options;
  const done = await syncMaster({
    cycles,
    seed,
    flushDiskType,
    progress: (cycle) => console.log(JSON.stringify(cycle)),
  });
  printTable(done.map((cycle) => ({ ...cycle })));
  return done.every(({ finding }) => finding === "");
}
