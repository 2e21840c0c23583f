/**
 * Our client beside Java's: one group, one transaction listener's group, mqadmin on our consumer, our traces read by Apache.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { LocalTransactionState, MessageExt } from "../../actors/client/mod.ts";
import { until } from "../helpers/until.ts";
import type { ClientProcess } from "./client_process.ts";
import { adminOn, Collector, fresh, producerOn, topicOn } from "./client_kit.ts";
import { MixedGroup } from "./client_mixed_group.ts";
import { needing } from "./client_support.ts";
import { conformanceSuite } from "./suite.ts";
import type { Target } from "./target.ts";

const test = conformanceSuite({
  clients: ["java54"],
  broker: {
    transactionCheckInterval: "2000",
    transactionTimeOut: "3000",
    transactionOpBatchInterval: "100",
    traceTopicEnable: "true",
    useServerSideResetOffset: "false",
  },
});

const CHANGES = Number(Deno.env.get("RINGMQ_MIXED_CHANGES") ?? "5");

test(
  `A group of our consumers and Java's shares 16 queues through ${CHANGES} changes under load`,
  ["java54"],
  async (context) => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const report = await MixedGroup.run(context.target, await context.client("java54"), { changes: CHANGES, seed });
    console.log(`seed ${seed}: ${JSON.stringify(report)}`);
    assert(report.duplicates <= report.duplicatesMax, `seed ${seed}: ${JSON.stringify(report)}`);
  },
);

async function mqadmin(java: ClientProcess, target: Target, args: readonly string[]): Promise<string> {
  const { text } = await java.call<{ text: string }>("mqadmin", { args: [...args, "-n", target.nameServer] });
  return text;
}

test("mqadmin looks at our running consumer, resets it and has it consume", ["java54"], async (context) => {
  const { target } = context;
  const java = await context.client("java54");
  const topic = await topicOn(target, 2);
  const group = fresh("CG");
  await using producer = await producerOn(target);
  await using collector = new Collector(target, { consumerGroup: group, persistConsumerOffsetInterval: 200 });
  const { consumer } = collector;
  consumer.subscribe(topic, "TagA || TagB");
  await consumer.start();
  const sent = await producer.send({ topic, body: "first", tags: "TagA" });
  await producer.send({ topic, body: "second", tags: "TagB" });
  await collector.count(2);

  const connection = await mqadmin(java, target, ["consumerConnection", "-g", group]);
  assert(connection.includes(consumer.clientId), connection);
  assertMatch(connection, /ConsumeType: CONSUME_PASSIVELY/);
  assertMatch(connection, /MessageModel: CLUSTERING/);
  assert(connection.includes(`${topic}`) && connection.includes("TagA || TagB"), connection);

  const status = await mqadmin(java, target, ["consumerStatus", "-g", group, "-i", consumer.clientId, "-s"]);
  for (const part of [topic, "#Consumer Subscription#", "#Consumer RT&TPS#", "#Consumer jstack#", "one event loop"]) {
    assert(status.includes(part), `${part} is not in ${status}`);
  }

  const direct = await mqadmin(java, target, [
    "queryMsgById",
    "-t",
    topic,
    "-i",
    sent.offsetMsgId,
    "-g",
    group,
    "-d",
    consumer.clientId,
  ]);
  assertMatch(direct, /consumeResult=CR_SUCCESS/);
  await collector.count(3);
  assertEquals(collector.bodies[2], "first");

  await using admin = await adminOn(target);
  await until(
    async () => (await admin.consumeStats(group, topic)).every((one) => one.consumerOffset === one.brokerOffset),
    { timeoutMs: 60_000, what: "committed offsets" },
  );
  const reset = await mqadmin(java, target, ["resetOffsetByTime", "-g", group, "-t", topic, "-s", "0"]);
  assertMatch(reset, /#offset\s+broker-a/);
  await collector.count(5);
  assertEquals(collector.bodies.slice(3).sort(), ["first", "second"]);
});

test("Apache's trace consumer decodes our traces", ["java54"], async (context) => {
  const { target } = context;
  const java = await context.client("java54");
  const topic = await topicOn(target, 1);
  const producer = await producerOn(target, { enableTrace: true });
  const group = fresh("CG");
  const collector = new Collector(target, { consumerGroup: group, enableTrace: true });
  await using traces = new Collector(target);
  traces.consumer.subscribe("RMQ_SYS_TRACE_TOPIC");
  await traces.consumer.start();
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  const sent = await producer.send({ topic, body: "traced", tags: "T", keys: "K" });
  await collector.count(1);
  await producer.shutdown();
  await collector.consumer.shutdown();
  const decoded = await until(async () => {
    const rows = await java.call<Record<string, unknown>[]>("trace.decode", { texts: traces.bodies });
    return rows.filter((row) => row["msgId"] === sent.msgId).length >= 3 ? rows : undefined;
  }, { timeoutMs: 60_000, what: "three records" });
  const byType = new Map(decoded.filter((row) => row["msgId"] === sent.msgId).map((row) => [row["type"], row]));
  const pub = byType.get("Pub")!;
  assertEquals(
    [pub["topic"], pub["tags"], pub["keys"], pub["bodyLength"], pub["success"], pub["offsetMsgId"], pub["storeHost"]],
    [topic, "T", "K", 6, true, sent.offsetMsgId, target.broker],
  );
  assertEquals(byType.get("SubBefore")?.["group"], group);
  assertEquals(byType.get("SubAfter")?.["success"], true);
  const printed = await until(async () => {
    const text = await mqadmin(java, target, ["queryMsgTraceById", "-i", sent.msgId]);
    return text.includes("Sub") && text.includes("Pub") ? text : undefined;
  }, { timeoutMs: 60_000, what: "traces by mqadmin" });
  assertMatch(printed, /success/);
  assert(printed.includes(group), printed);
});

needing(test, "transactions")(
  "A Java transaction listener and ours answer for each other in one group",
  ["java54"],
  async (context) => {
    const { target } = context;
    const java = await context.client("java54");
    const topic = await topicOn(target, 2, "+message.type=TRANSACTION");
    const group = fresh("PGTX");
    const checked: string[] = [];
    const listener = {
      executeLocalTransaction: (_: unknown, arg: unknown): LocalTransactionState => arg as LocalTransactionState,
      checkLocalTransaction: (message: MessageExt): LocalTransactionState => {
        checked.push(message.bodyText);
        return "COMMIT_MESSAGE";
      },
    };
    await using collector = new Collector(target);
    collector.consumer.subscribe(topic);
    await collector.consumer.start();
    const namesrv = target.nameServer;
    // Ours decides nothing and goes; Java's is asked.
    const first = await producerOn(target, { producerGroup: group, transactionListener: listener });
    await first.sendMessageInTransaction({ topic, body: "ours, checked by Java" }, "UNKNOW");
    await first.shutdown();
    await java.call("tx.start", { name: "tx", group, namesrv, onCheck: "COMMIT_MESSAGE" });
    assertEquals(
      await java.call("tx.send", { name: "tx", topic, body: "Java's own", state: "COMMIT_MESSAGE" }),
      "COMMIT_MESSAGE",
    );
    await collector.count(2, 60_000);
    assertEquals(await java.call("tx.checked", { name: "tx" }), ["ours, checked by Java"]);
    // Java's decides nothing and goes; ours is asked.
    await java.call("tx.send", { name: "tx", topic, body: "Java's, checked by ours", state: "UNKNOW" });
    await java.call("tx.send", { name: "tx", topic, body: "Java's, rolled back", state: "ROLLBACK_MESSAGE" });
    await java.call("tx.stop", { name: "tx" });
    await using second = await producerOn(target, { producerGroup: group, transactionListener: listener });
    await second.sendMessageInTransaction({ topic, body: "ours" }, "COMMIT_MESSAGE");
    await collector.count(4, 60_000);
    assertEquals(checked, ["Java's, checked by ours"]);
    assertEquals(collector.bodies.sort(), [
      "Java's own",
      "Java's, checked by ours",
      "ours",
      "ours, checked by Java",
    ]);
  },
);
