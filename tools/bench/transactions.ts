/**
 * Transactions a second of Apache's Java client against RingMQ and Apache RocketMQ 5.4.0, in one run.
 *
 *     deno task bench:transactions [--rounds 3] [--seconds 8] [--warm-up 4] [--threads 32] [--body 1024]
 *
 * Each transaction is a half message and its commit. The brokers alternate, the other one is held still (SIGSTOP); medians are compared. After each run it waits until every
 * committed message is in the topic, and asserts that there is none more: the end of a transaction is one-way, and a broker that put it off would look fast.
 *
 * Owns: the two brokers and a temporary folder. Never: reaches beyond loopback.
 */
import { inBenchFolder } from "./bench_folder.ts";
import { type Contender, startApache, startRingMq } from "./contender.ts";
import { median } from "./load.ts";
import { benchOptions, caption, out } from "./options.ts";
import { buildTransactionLoad, runTransactions, type TransactionRun } from "./transaction_load.ts";

const HELP = `
deno task bench:transactions   transactions of Java's client against RingMQ and Apache RocketMQ 5.4.0, by turns
  --rounds <n>                 how often each is measured                          3
  --seconds <s>                how long each time                                  8
  --warm-up <s>                load before each measurement that is not counted    4
  --threads <n>                producers at a time                                 32
  --body <bytes>               size of a message                                   1024
  -h  --help                   print this, and end`;

const args = benchOptions(HELP, {
  numbers: { rounds: 3, seconds: 8, "warm-up": 4, threads: 32, body: 1024 },
});

async function main(): Promise<void> {
  await inBenchFolder("bench-transactions", async (folder) => {
    out(caption(args));
    const load = await buildTransactionLoad(folder);
    const [threads, bytes] = [String(args.threads), String(args.body)];
    const shape = { threads, bytes, warmUpSeconds: String(args["warm-up"]), seconds: String(args.seconds) };
    await using apache = await startApache(`${folder}/apache`);
    apache.run(false);
    await using ringmq = await startRingMq(`${folder}/ringmq`);
    ringmq.run(false);
    const runs: Record<Contender["name"], TransactionRun[]> = { RingMQ: [], Apache: [] };
    for (let round = 0; round <= args.rounds; round++) {
      for (const contender of round % 2 === 0 ? [apache, ringmq] : [ringmq, apache]) {
        contender.run(true);
        const result = await runTransactions(load, contender, `BenchTransactions${round}`, shape);
        contender.run(false);
        // The first round warms up.
        if (round > 0) runs[contender.name].push(result);
        out(
          `${round === 0 ? "warm-up" : `round ${round}`}  ${contender.name.padEnd(6)} ${
            (result.count / result.seconds).toFixed(0).padStart(6)
          } transactions/s  p50 ${result.p50Us} us  p99 ${result.p99Us} us  checks ${result.checks}  all committed after ${
            result.behindMs.toFixed(0)
          } ms  broker ${result.cpuOfMillion.toFixed(0)} CPU s per million`,
        );
      }
    }
    const rate = ({ count, seconds }: TransactionRun): number => count / seconds;
    const ratios = runs.RingMQ.map((one, index) => rate(one) / rate(runs.Apache[index]!));
    out(
      `${args.threads} threads, ${args.body} bytes: Apache ${median(runs.Apache.map(rate)).toFixed(0)}, RingMQ ${
        median(runs.RingMQ.map(rate)).toFixed(0)
      } transactions/s, ratio ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} – ${
        Math.max(...ratios).toFixed(2)
      })`,
    );
  });
}

if (import.meta.main) await main();
