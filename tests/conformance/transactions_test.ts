/**
 * Transactions as Java's producer makes them: what consumers see, what is asked about, and what a killed broker or producer changes.
 */
import { assertEquals } from "@std/assert";
import { until } from "../helpers/until.ts";
import { conformanceSuite } from "./suite.ts";
import { Transactions } from "./transactions_kit.ts";

/** More than fit into the time that a producer takes to come back to a broker that was started again. */
const CHECKS_MAX = 60;

const test = conformanceSuite({
  clients: ["java54"],
  broker: {
    transactionCheckInterval: "1000",
    transactionTimeOut: "1500",
    transactionCheckMax: String(CHECKS_MAX),
    // Apache's note that a transaction ended comes with a batch; a check in between would ask again.
    transactionOpBatchInterval: "100",
  },
});

test(
  "java54: consumers see what is committed, at once or when asked, and nothing else",
  ["java54"],
  async (context) => {
    await using transactions = await Transactions.open(context);
    await transactions.producer("p", "COMMIT_MESSAGE");
    for (let i = 0; i < 20; i++) {
      await transactions.send("p", `commit ${i}`, "COMMIT_MESSAGE");
      await transactions.send("p", `rollback ${i}`, "ROLLBACK_MESSAGE");
    }
    await transactions.send("p", "asked", "UNKNOW");
    await transactions.collector.count(21, 60_000);
    const expected = [...Array.from({ length: 20 }, (_, i) => `commit ${i}`), "asked"].sort();
    assertEquals(await transactions.seen("p"), expected);
    assertEquals(await transactions.checked("p"), ["asked"]);
  },
);

test("java54: another producer of the group is asked when the first is gone", ["java54"], async (context) => {
  await using transactions = await Transactions.open(context);
  await transactions.producer("first", "ROLLBACK_MESSAGE");
  await transactions.send("first", "left behind", "UNKNOW");
  await transactions.leave("first");
  await transactions.producer("second", "COMMIT_MESSAGE");
  // A producer without a topic is known to no broker.
  await transactions.send("second", "its own", "COMMIT_MESSAGE");
  await until(async () => (await transactions.checked("second")).includes("left behind"), {
    timeoutMs: 60_000,
    what: "the check",
  });
  assertEquals(await transactions.seen("second"), ["its own", "left behind"]);
});

test("java54: a killed broker forgets neither open nor ended transactions", ["java54"], async (context) => {
  await using transactions = await Transactions.open(context);
  await transactions.producer("p", "COMMIT_MESSAGE");
  await transactions.send("p", "committed before", "COMMIT_MESSAGE");
  await transactions.send("p", "rolled back before", "ROLLBACK_MESSAGE");
  await transactions.collector.count(1, 30_000);
  await transactions.send("p", "open over the kill", "UNKNOW");
  await context.target.kill9Broker();
  await context.target.startBroker();
  await until(() => transactions.collector.bodies.includes("open over the kill"), {
    timeoutMs: 90_000,
    what: "the commit of the open one",
  });
  const seen = new Set(await transactions.seen("p"));
  assertEquals([...seen].sort(), ["committed before", "open over the kill"]);
});
