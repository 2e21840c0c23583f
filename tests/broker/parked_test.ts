/** Pulls that are parked: who keeps what, and for how long. */
import { assertEquals } from "@std/assert";
import { decodeRecords } from "../../protocol/record.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { pull } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { type BrokerBench, PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { bodiesOf, plainProperties, sendOk, type UnderWay, underWay } from "./broker_calls.ts";

/** Longer than any test waits. */
const FOREVER_MS = 5 * PATIENCE_MS;

/** Pulls that a gateway keeps parked. */
async function parkedOf({ broker }: BrokerBench): Promise<number> {
  const gateway = broker.supervisor.ref(broker.children.gateways[0]!);
  return (await gateway.ask("counters", null, { timeoutMs: PATIENCE_MS })).parked;
}

Deno.test("a gateway forgets the parked pulls of a connection that is closed, and keeps those of others", async () => {
  await withBroker({}, async (bench) => {
    await bench.topic("T", { queues: 4 });
    const staying = underWay(pull(await bench.client(), "T", { suspendMs: FOREVER_MS }));
    const leaving = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(bench.address)));
    leaving.forEach((client, i) => underWay(pull(client, "T", { queueId: i % 4, suspendMs: FOREVER_MS })));
    await until(async () => await parkedOf(bench) === 21, { timeoutMs: PATIENCE_MS, what: "21 parked pulls" });
    for (const client of leaving) client[Symbol.dispose]();
    await until(async () => await parkedOf(bench) === 1, { timeoutMs: PATIENCE_MS, what: "one parked pull" });
    await until(() => bench.broker.memory.parkedPulls === 1, { timeoutMs: PATIENCE_MS, what: "one held pull" });
    const client = await bench.client();
    await sendOk(client, "T", "m");
    assertEquals((await staying.answer).code, 0);
    assertEquals(await bodiesOf(client, "T", { count: 1 }), ["m"]);
    assertEquals(await parkedOf(bench), 0);
  });
});

Deno.test("a hundred pulls parked at one queue are all answered by one message, each with it", async () => {
  await withBroker({}, async (bench) => {
    await bench.topic("T", { queues: 2 });
    const clients = await Promise.all(Array.from({ length: 100 }, () => bench.client()));
    const parked = clients.map((client) => underWay(pull(client, "T", { suspendMs: FOREVER_MS })));
    const elsewhere = underWay(pull(await bench.client(), "T", { queueId: 1, suspendMs: FOREVER_MS }));
    await until(async () => await parkedOf(bench) === 101, { timeoutMs: PATIENCE_MS, what: "101 parked pulls" });
    await sendOk(await bench.client(), "T", "m");
    for (const { answer } of parked) assertEquals((await answer).code, 0);
    assertEquals([elsewhere.isAnswered(), await parkedOf(bench)], [false, 1]);
  });
});

/** Runs a body while PullRequestHoldService does not come, however often it is asked for, and lets it come afterwards. */
async function whileHoldIsLate({ broker }: BrokerBench, body: () => Promise<void>): Promise<void> {
  const { supervisor, children } = broker;
  const gate = Promise.withResolvers<void>();
  const wake = supervisor.wake.bind(supervisor);
  supervisor.wake = async (child) => {
    if (child.name === children.hold.name) await gate.promise;
    await wake(child);
  };
  try {
    await body();
  } finally {
    gate.resolve();
  }
}

Deno.test("while PullRequestHoldService does not come, parked pulls get their messages, and the end of their time, all the same", async () => {
  await withBroker({}, async (bench) => {
    await bench.topic("T", { queues: 4 });
    const client = await bench.client();
    let tagged: UnderWay | undefined;
    let waiting: UnderWay | undefined;
    await whileHoldIsLate(bench, async () => {
      const plain = underWay(pull(await bench.client(), "T", { suspendMs: FOREVER_MS }));
      tagged = underWay(pull(await bench.client(), "T", { expression: "wanted", suspendMs: FOREVER_MS }));
      waiting = underWay(pull(await bench.client(), "T", { queueId: 1, suspendMs: FOREVER_MS }));
      const short = underWay(pull(await bench.client(), "T", { queueId: 2, suspendMs: 1500 }));
      await until(async () => await parkedOf(bench) === 4, { timeoutMs: PATIENCE_MS, what: "four parked pulls" });
      await sendOk(client, "T", "m");
      const [record] = decodeRecords((await plain.answer).body);
      assertEquals(new TextDecoder().decode(record!.body), "m");
      assertEquals((await short.answer).code, ResponseCode.PULL_NOT_FOUND);
      assertEquals([tagged.isAnswered(), waiting.isAnswered(), bench.incarnation("hold").isUp], [false, false, false]);
      await sendOk(client, "T", "n", { properties: plainProperties("TAGS\u0001wanted\u0002") });
      const [found] = decodeRecords((await tagged.answer).body);
      assertEquals(new TextDecoder().decode(found!.body), "n");
    });
    await until(() => bench.broker.memory.parkedPulls === 1, { timeoutMs: PATIENCE_MS, what: "one held pull" });
    await sendOk(client, "T", "late", { queueId: 1 });
    assertEquals((await waiting!.answer).code, 0);
    assertEquals(await parkedOf(bench), 0);
  });
});
