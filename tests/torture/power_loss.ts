/**
 * Power losses, fast: the write side of a broker in one thread over a disk that drops what was not synced.
 *
 * In SYNC_FLUSH nothing that was acknowledged may be lost. In ASYNC_FLUSH a suffix of the log may be, no longer than what was written since the last sync; with the
 * transient pool also what was not written. In all of them there is never a hole, nothing that was not sent appears, and queues and indexes are those that the log alone gives.
 *
 * Owns: the dice. Reads: nothing. Never: sleeps.
 *
 * @module
 */
import { FaultyDisk } from "../../store/file/faulty_disk.ts";
import { assertDerivedAsRebuilt, assertPromises, ModelBroker, ModelTruth } from "../store/model_broker.ts";
import { SeededRandom } from "./seeded_random.ts";
import { printTable } from "./table.ts";

/** Lives on one store; then a new one, so that logs stay short and cycles quick. */
const LIVES = 10;

/** Modes of acknowledgement. */
export const MODES = ["SYNC_FLUSH", "ASYNC_FLUSH", "ASYNC_FLUSH with the transient pool"] as const;

/** What a run is given. */
export interface PowerLossOptions {
  readonly cycles: number;
  /** Everything that is left to chance follows from it. */
  readonly seed: number;
  readonly mode: typeof MODES[number];
}

/** What a run came to. */
export interface PowerLossReport {
  readonly cycles: number;
  readonly sent: number;
  /** Cycles after which something was gone that had been acknowledged; 0 in SYNC_FLUSH. */
  readonly cyclesWithLoss: number;
  /** Most bytes of the log that one of them lost. */
  readonly lostBytesMax: number;
}

/**
 * Runs cycles.
 *
 * @throws {AssertionError} when a promise is broken; the message names seed and cycle
 */
export function powerLosses({ cycles, seed, mode }: PowerLossOptions): PowerLossReport {
  const isSync = mode === "SYNC_FLUSH";
  const isPooled = mode === "ASYNC_FLUSH with the transient pool";
  const random = new SeededRandom(seed);
  let disk = new FaultyDisk();
  let truth = new ModelTruth();
  let sent = 0;
  let cyclesWithLoss = 0;
  let lostBytesMax = 0;
  for (let cycle = 0; cycle < cycles; cycle++) {
    const what = `seed ${seed}, cycle ${cycle}`;
    if (cycle % LIVES === 0) {
      sent += truth.sequence;
      disk = new FaultyDisk();
      disk.makeDirectory("/s");
      truth = new ModelTruth();
    }
    live(new ModelBroker(disk, truth, { isSync, isPooled }), random);
    const { acked } = truth;
    crash(disk, random, cycle % 2 === 0);
    const result = assertPromises(disk, truth, what);
    if (result.logEnd < acked) {
      if (isSync) throw new Error(`${what}: acknowledged up to ${acked}, the log ends at ${result.logEnd}`);
      cyclesWithLoss++;
      lostBytesMax = Math.max(lostBytesMax, acked - result.logEnd);
    }
    assertDerivedAsRebuilt(disk, truth, result, what);
  }
  return { cycles, sent: sent + truth.sequence, cyclesWithLoss, lostBytesMax };
}

/** What happens in one life. */
function live(broker: ModelBroker, random: SeededRandom): void {
  const steps = random.between(5, 30);
  for (let step = 0; step < steps; step++) {
    const dice = random.between(0, 100);
    const topic = `T${random.between(0, 2)}`;
    if (dice < 55) broker.send(topic, random.between(1, 5), random.between(0, 400));
    else if (dice < 62) broker.commit();
    else if (dice < 70) broker.flush();
    else if (dice < 80) broker.dispatch();
    else if (dice < 88) broker.checkpoint();
    else if (dice < 93) broker.prepareFile();
    else if (dice < 95) broker.deleteTopic(topic);
    else broker.expire();
  }
  broker.close();
}

/** Every other time all that was not synced is gone, else sectors and names at random. */
function crash(disk: FaultyDisk, random: SeededRandom, isTotal: boolean): void {
  if (isTotal) disk.crash();
  else {
    const namesKept = random.between(0, disk.filesMade + 1);
    disk.crash({ namesKept, keepsSector: () => random.between(0, 2) === 0 });
  }
}

/**
 * The trial that `deno task torture power_loss` runs: so many cycles in each mode.
 *
 * @param options Cycles and seed.
 */
export function torture(options: { readonly cycles: number; readonly seed: number }): Promise<boolean> {
  const rows = MODES.map((mode) => ({ mode, ...powerLosses({ ...options, mode }) }));
  printTable(rows);
  return Promise.resolve(true);
}
