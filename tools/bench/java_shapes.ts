/**
 * The shapes of load that come from Apache's Java client.
 *
 * Never: knows which broker it measures.
 */
import { startProgram } from "./java_load.ts";
import { createTopics, type Shape } from "./shape.ts";
import { runTransactions } from "./transaction_load.ts";

/**
 * From one Java program to another. Both are new in each round, on either broker alike, and their code is cold: what they do in the first
 * seconds is mostly the interpreter's time, and is left out, as the brokers are warmed up before the table.
 */
const PACE = { perSecond: 2_000, leaveOutSeconds: 10, bytes: 1024 } as const;

const javaSend: Shape = {
  id: "java-64",
  title: "Java client, 64 threads sync",
  flush: "ASYNC_FLUSH",
  compares: "rate",
  must: 1.3,
  goal: 2,
  needsJava: true,
  sends: true,
  topic: "JavaTopic",
  prepare: (contender) => createTopics(contender, ["JavaTopic"]),
  run: async (contender, { java = [], seconds }) => {
    const where = [`127.0.0.1:${contender.nameServerPort}`, "JavaTopic"];
    const shape = ["64", "1024", "5", String(seconds)];
    const { perSecond = NaN, p50Us = NaN, p99Us = NaN, failed = 0 } = await startProgram([
      ...java,
      "storm",
      ...where,
      ...shape,
    ]).result;
    return { perSecond, p50Us, p99Us, failed };
  },
};

const endToEnd: Shape = {
  id: "java-e2e",
  title: "end to end Java → Java at 2,000/s, p50",
  flush: "ASYNC_FLUSH",
  compares: "times",
  must: 2,
  goal: 4,
  needsJava: true,
  sends: false,
  topic: "PacedTopic",
  run: async (contender, { java = [], seconds }, round) => {
    // A new group may begin with what a topic has already, so each round has a topic of its own.
    const topic = round === 1 ? "PacedTopic" : `PacedTopic_${round}`;
    await createTopics(contender, [topic]);
    const where = [`127.0.0.1:${contender.nameServerPort}`, topic];
    const leaveOut = PACE.perSecond * PACE.leaveOutSeconds;
    const count = PACE.perSecond * seconds;
    const taker = startProgram([
      ...[...java, "take", ...where, `paced_${round}`],
      ...[String(leaveOut), String(count)],
    ]);
    await taker.line("ready");
    const sent = String(leaveOut + count);
    await startProgram([...java, "send", ...where, String(PACE.perSecond), sent, String(PACE.bytes)]).result;
    const { p50Us = NaN, p99Us = NaN } = await taker.result;
    return { p50Us, p99Us, failed: 0 };
  },
};

/** Threads, bytes and seconds before the measurement of the transactions. */
const TRANSACTIONS = { threads: "32", bytes: "1024", warmUpSeconds: "4" } as const;

const transactions: Shape = {
  id: "java-transactions",
  title: "transactions, Java client, 32 threads",
  flush: "ASYNC_FLUSH",
  compares: "rate",
  must: 1.5,
  goal: 2,
  needsJava: true,
  sends: true,
  topic: "TransactionTopic_1",
  run: async (contender, { transactions = [], seconds }, round) => {
    const topic = `TransactionTopic_${round}`;
    const shape = { ...TRANSACTIONS, seconds: String(seconds) };
    const { count, seconds: tookSeconds, p50Us, p99Us } = await runTransactions(transactions, contender, topic, shape);
    return { perSecond: count / tookSeconds, p50Us, p99Us, failed: 0 };
  },
};

/** The shapes, in the order of the table. */
export const JAVA_SHAPES: readonly Shape[] = [javaSend, endToEnd, transactions];
