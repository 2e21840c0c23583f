/**
 * What RocketMQ does after minutes only; run with `RINGMQ_CONFORMANCE_LONG=1`. Each expectation holds for Apache RocketMQ 5.4.0.
 */
import { assert, assertEquals } from "@std/assert";
import { RequestCode } from "../../protocol/request_code.ts";
import { systemClock } from "../../store/clock.ts";
import { until } from "../helpers/until.ts";
import { createTopic, heartbeat, pull, send } from "./broker_requests.ts";
import { fresh } from "./client_kit.ts";
import { isLong, kept, lockQueue } from "./delivery_kit.ts";
import { expectAnswer } from "./expect_answer.ts";
import { RawClient } from "./raw_client.ts";
import { conformanceSuite, type SuiteTest } from "./suite.ts";

/** Bytes that a group may be behind. */
const BEHIND_MAX = 20_000;

const suite = isLong
  ? conformanceSuite({
    clients: ["java54"],
    broker: { disableConsumeIfConsumerReadSlowly: "true", consumerFallbehindThreshold: String(BEHIND_MAX) },
  })
  : undefined;

const test: SuiteTest = suite ??
  ((name) => Deno.test({ name: `${name} (skipped: takes minutes)`, ignore: true, fn: () => undefined }));

test("java54: the lock of an orderly member that died is free 60 s after it was renewed last", ["java54"], async (
  context,
) => {
  const { target } = context;
  const client = await context.client("java54");
  const topic = fresh("Expiring");
  const group = fresh("CG_expiry");
  await createTopic(target, topic, { queues: 1 });
  using broker = await RawClient.connect(target.broker);
  const dying = await RawClient.connect(target.broker);
  await dying.call(RequestCode.HEART_BEAT, {}, heartbeat("dying", { consumerGroup: group, topic }));
  const lockedMs = performance.now();
  assert(await lockQueue(dying, target, { group, clientId: "dying", topic }));
  dying[Symbol.dispose]();
  assertEquals((await send(broker, topic, "for the heir")).code, 0);
  const namesrv = target.nameServer;
  await client.call("consumer.start", { name: group, group, topic, namesrv, listener: "orderly", keep: true });
  await kept(client, group, 1, 120_000);
  const tookMs = performance.now() - lockedMs;
  assert(tookMs > 59_000 && tookMs < 100_000, `it took ${tookMs} ms`);
  await client.call("consumer.stop", { name: group });
});

test("A group that reads too far behind is disabled, one that reads at the end is not", [], async ({ target }) => {
  using broker = await RawClient.connect(target.broker);
  const topic = fresh("Slowly");
  await createTopic(target, topic, { queues: 1 });
  for (let i = 0; i < 100; i++) assertEquals((await send(broker, topic, "x".repeat(1024))).code, 0);
  const [slow, near] = [fresh("CG_slow"), fresh("CG_near")];
  // A broker closes the connection of a member that it has not heard of for two minutes.
  const beat = async (): Promise<void> => {
    for (const group of [slow, near]) {
      await broker.call(RequestCode.HEART_BEAT, {}, heartbeat(group, { consumerGroup: group, topic }));
    }
  };
  const pulled = (group: string, offset: number): ReturnType<typeof pull> =>
    pull(broker, topic, { group, offset, max: 1 });
  await until(async () => {
    await beat();
    assertEquals((await pulled(near, 98)).code, 0);
    if ((await pulled(slow, 0)).code === 16) return true;
    await systemClock.sleep(5_000);
    return undefined;
  }, { timeoutMs: 420_000, what: "the slow group to be disabled" });
  expectAnswer("slow", await pulled(slow, 0), { code: 16, remark: `subscription group no permission, ${slow}` });
  assertEquals((await pulled(near, 98)).code, 0);
});
