/** Parked pulls with a filter: they sleep over what does not match. */
import { assert, assertEquals } from "@std/assert";
import { decodeRecords } from "../../protocol/record.ts";
import { pull } from "../conformance/broker_requests.ts";
import { until } from "../helpers/until.ts";
import { type BrokerBench, PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { plainProperties, sendOk, underWay } from "./broker_calls.ts";

const FOREVER_MS = 5 * PATIENCE_MS;

interface HoldCounters {
  readonly held: number;
  readonly woken: number;
  readonly filters: number;
}

async function holdOf({ broker, wake }: BrokerBench): Promise<HoldCounters> {
  await wake("hold");
  return await broker.supervisor.ref(broker.children.hold).ask("counters", null, { timeoutMs: PATIENCE_MS });
}

const FILTERS = [
  { what: "tags", expression: "TagA || TagB", expressionType: "TAG" },
  { what: "SQL92", expression: "price > 10 AND TAGS <> 'TagC'", expressionType: "SQL92" },
] as const;

for (const { what, expression, expressionType } of FILTERS) {
  Deno.test(`a pull filtered by ${what} is not woken by what does not match, and then by what does`, async () => {
    await withBroker({ settings: { enablePropertyFilter: true } }, async (bench) => {
      await bench.topic("T", { queues: 2 });
      const sender = await bench.client();
      const options = { expression, expressionType, suspendMs: FOREVER_MS };
      const parked = underWay(pull(await bench.client(), "T", options));
      await until(async () => {
        const { held, filters } = await holdOf(bench);
        return held === 1 && filters === 1;
      }, { timeoutMs: PATIENCE_MS, what: "the parked pull and its filter" });
      const before = await holdOf(bench);
      for (let i = 0; i < 50; i++) {
        await sendOk(sender, "T", `other ${i}`, {
          properties: plainProperties("TAGS\u0001TagC\u0002price\u000120\u0002"),
        });
      }
      await sendOk(sender, "T", "elsewhere", {
        queueId: 1,
        properties: plainProperties("TAGS\u0001TagA\u0002price\u000120\u0002"),
      });
      assert(!parked.isAnswered());
      await sendOk(sender, "T", "match", { properties: plainProperties("TAGS\u0001TagA\u0002price\u000120\u0002") });
      const answer = await parked.answer;
      assertEquals([answer.code, decodeRecords(answer.body).map(({ body }) => new TextDecoder().decode(body))], [0, [
        "match",
      ]]);
      assertEquals([answer.ext.nextBeginOffset, (await holdOf(bench)).woken - before.woken], ["51", 1]);
    });
  });
}

Deno.test("a filtered pull whose time is over is answered behind what did not match", async () => {
  await withBroker({}, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const sender = await bench.client();
    const parked = underWay(pull(await bench.client(), "T", { expression: "TagA", suspendMs: 3_000 }));
    await until(async () => (await holdOf(bench)).held === 1, { timeoutMs: PATIENCE_MS, what: "the parked pull" });
    for (let i = 0; i < 10; i++) {
      await sendOk(sender, "T", "other", { properties: plainProperties("TAGS\u0001TagC\u0002") });
    }
    const answer = await parked.answer;
    assertEquals([answer.code, answer.ext.nextBeginOffset], [19, "10"]);
  });
});

Deno.test("filters are told anew to a PullRequestHoldService that was started again", async () => {
  await withBroker({}, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const sender = await bench.client();
    const parked = underWay(pull(await bench.client(), "T", { expression: "TagA", suspendMs: FOREVER_MS }));
    const known = async (): Promise<boolean> => {
      const { held, filters } = await holdOf(bench);
      return held === 1 && filters === 1;
    };
    await until(known, { timeoutMs: PATIENCE_MS, what: "the filter" });
    const { epoch } = bench.incarnation("hold");
    bench.actor("hold").crash("by the test");
    await until(() => bench.incarnation("hold").epoch > epoch && bench.incarnation("hold").isUp, {
      timeoutMs: PATIENCE_MS,
      what: "the new incarnation",
    });
    await until(known, { timeoutMs: PATIENCE_MS, what: "the filter told anew" });
    await sendOk(sender, "T", "other", { properties: plainProperties("TAGS\u0001TagC\u0002") });
    await sendOk(sender, "T", "match", { properties: plainProperties("TAGS\u0001TagA\u0002") });
    const answer = await parked.answer;
    assertEquals(decodeRecords(answer.body).map(({ queueOffset }) => queueOffset), [1]);
  });
});
