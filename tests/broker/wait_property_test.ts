/** WAIT, by which a producer says whether its answer waits for the device: in every form, on every path that sends take. */
import { assert, assertEquals } from "@std/assert";
import { encodeBatchBody } from "../../protocol/batch_body.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { send, sendFields } from "../conformance/broker_requests.ts";
import { PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { bodiesOf, plainProperties, sendOk, type UnderWay, underWay } from "./broker_calls.ts";
import { until } from "../helpers/until.ts";

/** Forms of WAIT, and whether RocketMQ waits. Source: apache/rocketmq common Message.isWaitStoreMsgOK */
const FORMS: readonly (readonly [wait: string | undefined, waits: boolean])[] = [
  [undefined, true],
  ["true", true],
  ["TRUE", true],
  ["false", false],
  ["False", false],
  ["yes", false],
  ["1", false],
];

const propertiesOf = (wait: string | undefined, more = ""): string =>
  plainProperties(more).replace("WAIT\u0001true\u0002", wait === undefined ? "" : `WAIT\u0001${wait}\u0002`);

/** Properties without a unique key, which the broker makes: the general path. */
const keyless = (wait: string | undefined): string => wait === undefined ? "A\u0001b\u0002" : `WAIT\u0001${wait}\u0002`;

Deno.test("with SYNC_FLUSH a send waits for the device unless its WAIT is there and is not true, on the short and the general path", async () => {
  const settings = { flushDiskType: "SYNC_FLUSH", syncFlushTimeout: 2 * PATIENCE_MS } as const;
  await withBroker({ settings }, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const waiting: UnderWay[] = [];
    let sent = 0;
    await bench.whileUnsynced(async () => {
      for (const [wait, waits] of FORMS) {
        for (const properties of [propertiesOf(wait), keyless(wait)]) {
          const answer = underWay(send(await bench.client(), "T", `m${sent++}`, { properties }));
          if (waits) waiting.push(answer);
          else assertEquals((await answer.answer).code, 0, `WAIT=${wait}`);
        }
      }
      assertEquals(waiting.map((each) => each.isAnswered()), waiting.map(() => false));
    });
    for (const each of waiting) assertEquals((await each.answer).code, 0);
    await bodiesOf(await bench.client(), "T", { count: sent });
  });
});

Deno.test("with SYNC_FLUSH a batch waits by the WAIT of its header", async () => {
  const settings = { flushDiskType: "SYNC_FLUSH", syncFlushTimeout: 2 * PATIENCE_MS } as const;
  await withBroker({ settings }, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const item = { flag: 0, body: new TextEncoder().encode("b"), properties: plainProperties() };
    const batch = async (wait: string): Promise<UnderWay> => {
      const fields = { ...sendFields("T", { properties: `WAIT\u0001${wait}\u0002` }), m: "true" };
      const body = encodeBatchBody([item, item]);
      return underWay(
        (await bench.client()).call(RequestCode.SEND_BATCH_MESSAGE, fields, body, { timeoutMs: PATIENCE_MS }),
      );
    };
    let waiting: UnderWay | undefined;
    await bench.whileUnsynced(async () => {
      waiting = await batch("true");
      assertEquals((await (await batch("false")).answer).code, 0);
      assert(!waiting.isAnswered());
    });
    assertEquals((await waiting!.answer).code, 0);
  });
});

Deno.test("with SYNC_FLUSH a device that comes too late is told to those who wait, not to those who do not", async () => {
  const settings = { flushDiskType: "SYNC_FLUSH", syncFlushTimeout: 300 } as const;
  await withBroker({ settings }, async (bench) => {
    await bench.topic("T", { queues: 1 });
    await bench.whileUnsynced(async () => {
      const codes = [];
      for (const wait of ["true", "false"]) {
        codes.push((await send(await bench.client(), "T", wait, { properties: propertiesOf(wait) })).code);
      }
      assertEquals(codes, [ResponseCode.FLUSH_DISK_TIMEOUT, ResponseCode.SUCCESS]);
    });
  });
});

Deno.test("with SYNC_FLUSH what nobody waits for is brought to the device all the same, and at once", async () => {
  const settings = { flushDiskType: "SYNC_FLUSH", flushIntervalCommitLog: 600_000 } as const;
  await withBroker({ settings }, async (bench) => {
    const { flushed, written } = bench.broker.memory;
    await bench.topic("T", { queues: 1 });
    await sendOk(await bench.client(), "T", "m", { properties: propertiesOf("false") });
    await until(() => flushed.load() === written.load(), { timeoutMs: PATIENCE_MS, what: "everything flushed" });
  });
});
