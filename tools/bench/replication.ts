/**
 * Masters with slaves, of RingMQ and Apache RocketMQ 5.4.0, side by side in one run.
 *
 * First synchronous pairs (SYNC_MASTER, inSyncReplicas=2), with a RingMQ broker without a slave beside them: rates, and what the slave adds to the time of one send. Then asynchronous pairs under
 * the heaviest load: how far the slave is behind. Whoever is not measured is held still (SIGSTOP); only what was measured in one run is compared.
 *
 * Owns: the brokers and a temporary folder. Never: reaches beyond loopback.
 */
import { inBenchFolder } from "./bench_folder.ts";
import { type Contender, startRingMq } from "./contender.ts";
import { buildLoad, type LoadResult, median, runLoad } from "./load.ts";
import { benchOptions, caption, out } from "./options.ts";
import { startPair } from "./pair.ts";
import { type Lag, withLag } from "./replication_lag.ts";

const HELP = `Measures replication beside Apache RocketMQ 5.4.0 on this machine.

  deno task bench:replication [options]

  --rounds N    measurements of each shape on each broker (3)
  --seconds N   seconds of a measurement (5)
  --warm-up N   seconds of load before the first (15)
  --only A      sync or async alone
  --alone       without Apache`;

/** Connections and requests in flight on each. */
const SHAPES = [[64, 1], [1, 1], [4, 256]] as const;

const SYNC = ["brokerRole=SYNC_MASTER", "inSyncReplicas=2"];

const args = benchOptions(HELP, {
  numbers: { rounds: 3, seconds: 5, "warm-up": 15 },
  flags: ["alone"],
  parts: ["sync", "async"],
});

/** What one run is given. */
interface Bench {
  readonly load: string;
  readonly folder: string;
}

/** One measurement of one broker; the others are held still. */
async function measure(
  bench: Bench,
  contender: Contender,
  [connections, window]: readonly [number, number],
  seconds: number,
): Promise<LoadResult> {
  const where = ["-p", String(contender.brokerPort), "-t", "LoadTopic", "-m", "send", "-s", "1024"];
  const shape = ["-c", String(connections), "-w", String(window), "-d", String(seconds), "-W", "1"];
  return await runLoad(bench.load, [...where, ...shape]);
}

async function running<T>(contender: Contender, work: () => Promise<T>): Promise<T> {
  contender.run(true);
  try {
    return await work();
  } finally {
    contender.run(false);
  }
}

/** Sends that were refused, as text; Apache's broker refuses those that have waited for 200 ms. */
function failures(results: readonly LoadResult[]): string {
  const failed = results.reduce((sum, one) => sum + one.failed, 0);
  return failed === 0 ? "" : `  ${show(failed)} refused`;
}

const show = (value: number): string => Math.round(value).toLocaleString("en");

async function synchronous(bench: Bench): Promise<void> {
  const contenders: { readonly title: string; readonly contender: Contender }[] = [];
  const add = async (title: string, starting: Promise<Contender>): Promise<void> => {
    const contender = await starting;
    contender.run(false);
    contenders.push({ title, contender });
  };
  try {
    await add("RingMQ alone", startRingMq(`${bench.folder}/alone`));
    await add("RingMQ pair", startPair("RingMQ", `${bench.folder}/sync`, SYNC));
    if (!args.alone) await add("Apache pair", startPair("Apache", `${bench.folder}/apache-sync`, SYNC));
    for (const { contender } of contenders) {
      await running(contender, () => measure(bench, contender, [64, 1], args["warm-up"]));
    }
    for (const shape of SHAPES) await compareSynchronous(bench, contenders, shape);
  } finally {
    for (const { contender } of contenders) await contender[Symbol.asyncDispose]();
  }
}

async function compareSynchronous(
  bench: Bench,
  contenders: readonly { readonly title: string; readonly contender: Contender }[],
  shape: readonly [number, number],
): Promise<void> {
  const results = new Map<string, LoadResult[]>(contenders.map(({ title }) => [title, []]));
  for (let round = 0; round < args.rounds; round++) {
    for (const { title, contender } of round % 2 === 0 ? contenders : contenders.toReversed()) {
      results.get(title)!.push(await running(contender, () => measure(bench, contender, shape, args.seconds)));
    }
  }
  for (const [title, list] of results) {
    const [rate, p50, p99] = [
      list.map((one) => one.messagesPerSecond),
      list.map((one) => one.p50Us),
      list.map((
        one,
      ) => one.p99Us),
    ].map(median);
    out(
      `${shape.join(" × ").padEnd(8)} ${title.padEnd(12)} ${show(rate!).padStart(8)}/s  p50 ${show(p50!)} us  p99 ${
        show(p99!)
      } us${failures(list)}`,
    );
  }
  const [alone, pair, apache] = ["RingMQ alone", "RingMQ pair", "Apache pair"].map((title) => results.get(title) ?? []);
  const added = pair!.map((one, index) => one.p50Us - alone![index]!.p50Us);
  const ratios = apache!.map((one, index) => pair![index]!.messagesPerSecond / one.messagesPerSecond);
  out(
    `${shape.join(" × ").padEnd(8)} the slave adds ${show(median(added))} us at the median${
      ratios.length === 0
        ? ""
        : `; RingMQ / Apache ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} – ${
          Math.max(...ratios).toFixed(2)
        })`
    }`,
  );
}

async function asynchronous(bench: Bench): Promise<void> {
  for (const name of args.alone ? ["RingMQ"] as const : ["RingMQ", "Apache"] as const) {
    await using pair = await startPair(name, `${bench.folder}/async-${name}`, ["brokerRole=ASYNC_MASTER"]);
    await measure(bench, pair, [64, 1], args["warm-up"]);
    const seen: { readonly result: LoadResult; readonly lag: Lag }[] = [];
    for (let round = 0; round < args.rounds; round++) {
      const { result, lag } = await withLag(pair, () => measure(bench, pair, [4, 256], args.seconds));
      seen.push({ result, lag });
    }
    for (const { result, lag } of seen) {
      out(
        `4 × 256  ${name} async ${show(result.messagesPerSecond).padStart(8)}/s  slave behind at the end ${
          show(lag.atEndMs)
        } ms, at worst ${show(lag.worstMs)} ms; has everything ${show(lag.caughtUpMs)} ms after the end${
          failures([result])
        }`,
      );
    }
  }
}

async function main(): Promise<void> {
  await inBenchFolder("bench-replication", async (folder) => {
    const bench: Bench = { load: await buildLoad(folder), folder };
    out(caption(args));
    if (args.only.has("sync")) await synchronous(bench);
    if (args.only.has("async")) await asynchronous(bench);
  });
}

await main();
Deno.exit(0);
