/** A transaction that nobody decides. */
import { assertEquals } from "@std/assert";
import { until } from "../helpers/until.ts";
import { conformanceSuite } from "./suite.ts";
import { Transactions } from "./transactions_kit.ts";

const CHECKS_MAX = 2;

const test = conformanceSuite({
  clients: ["java54"],
  broker: {
    transactionCheckInterval: "1000",
    transactionTimeOut: "1500",
    transactionCheckMax: String(CHECKS_MAX),
    transactionOpBatchInterval: "100",
  },
});

test("java54: what stays unknown is given up after the last check and kept aside", ["java54"], async (context) => {
  await using transactions = await Transactions.open(context);
  await transactions.producer("p", "UNKNOW");
  await transactions.send("p", "undecided", "UNKNOW");
  const client = await context.client("java54");
  await until(async () => {
    const read = await client.call<{ status: string; messages: { properties: Record<string, string> }[] }>(
      "readQueue",
      {
        namesrv: context.target.nameServer,
        topic: "TRANS_CHECK_MAX_TIME_TOPIC",
        brokerName: context.target.brokerName,
        queueId: 0,
      },
    ).catch(() => undefined);
    return read?.messages.some(({ properties }) => properties.REAL_TOPIC === transactions.topic) ?? false;
  }, { timeoutMs: 60_000, what: "the message among those that were given up" });
  assertEquals(await transactions.checked("p"), Array(CHECKS_MAX).fill("undecided"));
  assertEquals(await transactions.seen("p"), []);
});
