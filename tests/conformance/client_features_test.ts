/**
 * Transactions, request–reply, traces, timers and the broker's own requests, of our client against a live target.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  Admin,
  ClientError,
  type LocalTransactionState,
  type MessageExt,
  Producer,
  PushConsumer,
} from "../../actors/client/mod.ts";
import { createRequest } from "../../protocol/command.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { threadCpuUs } from "../../actors/kernel/thread_cpu.ts";
import { Peer } from "../../actors/net/peer.ts";
import { tcpTransport } from "../../actors/net/transport.ts";
import { until } from "../helpers/until.ts";
import { adminOn, Collector, fresh, producerOn, topicOn } from "./client_kit.ts";
import { needing } from "./client_support.ts";
import { conformanceSuite } from "./suite.ts";

const test = conformanceSuite({
  clients: [],
  broker: {
    transactionCheckInterval: "2000",
    transactionTimeOut: "3000",
    // What ended is noted at once: a check between an end and its note would ask for a transaction that has ended.
    transactionOpBatchInterval: "100",
    timerWheelEnable: "true",
    recallMessageEnable: "true",
    timerPrecisionMs: "100",
    useServerSideResetOffset: "false",
  },
});

/** Messages that wait for a paused PullMessageService, and the size of their bodies, which are sent compressed. */
const HELD = 60;
const HELD_BYTES = 1_000_000;

needing(test, "transactions")(
  "Transactions: committed ones arrive, rolled back ones never, unknown ones are asked for",
  [],
  async ({ target }) => {
    const topic = await topicOn(target, 2, "+message.type=TRANSACTION");
    const checked: string[] = [];
    const ended: string[] = [];
    await using producer = await producerOn(target, {
      endTransactionHooks: [{
        hookName: "look",
        endTransaction: (context) => void ended.push(`${context.transactionState}/${context.fromTransactionCheck}`),
      }],
      transactionListener: {
        executeLocalTransaction: (message, arg): LocalTransactionState => {
          if (message.body === "throw") throw new Error("local work failed");
          return arg as LocalTransactionState;
        },
        checkLocalTransaction: (message: MessageExt) => {
          checked.push(message.bodyText);
          return message.bodyText === "unknown-rollback" ? "ROLLBACK_MESSAGE" : "COMMIT_MESSAGE";
        },
      },
    });
    await using collector = new Collector(target);
    collector.consumer.subscribe(topic);
    await collector.consumer.start();
    assertEquals(
      (await producer.sendMessageInTransaction({ topic, body: "commit" }, "COMMIT_MESSAGE")).localTransactionState,
      "COMMIT_MESSAGE",
    );
    await producer.sendMessageInTransaction({ topic, body: "rollback" }, "ROLLBACK_MESSAGE");
    await producer.sendMessageInTransaction({ topic, body: "unknown" }, "UNKNOW");
    await producer.sendMessageInTransaction({ topic, body: "unknown-rollback" }, "UNKNOW");
    assertEquals((await producer.sendMessageInTransaction({ topic, body: "throw" })).localTransactionState, "UNKNOW");
    await collector.count(3, 60_000);
    await until(() => checked.includes("unknown-rollback"), {
      timeoutMs: 60_000,
      what: "check of the one rolled back later",
    });
    assertEquals(collector.bodies.sort(), ["commit", "throw", "unknown"]);
    assert(!checked.includes("commit") && !checked.includes("rollback"));
    assert(ended.includes("COMMIT_MESSAGE/false") && ended.includes("COMMIT_MESSAGE/true"));
  },
);

needing(test, "request-reply")(
  "Request and reply: the reply finds its request; without one the request times out",
  [],
  async ({ target }) => {
    const topic = await topicOn(target, 1);
    await using producer = await producerOn(target);
    await using answering = await producerOn(target);
    await using consumer = new PushConsumer({
      namesrvAddr: target.nameServer,
      consumerGroup: fresh("CG"),
      messageListener: async (messages) => {
        for (const message of messages) {
          if (message.bodyText !== "silent") await answering.reply(message, `re: ${message.bodyText}`);
        }
      },
    });
    consumer.subscribe(topic);
    await consumer.start();
    await until(() => consumer.messageQueues.some((queue) => queue.topic === topic), {
      timeoutMs: 60_000,
      what: "the queue",
    });
    const replies = await Promise.all(
      ["one", "two"].map((body) => producer.request({ topic, body }, { timeoutMs: 20_000 })),
    );
    assertEquals(replies.map((reply) => reply.bodyText), ["re: one", "re: two"]);
    const error = await assertRejects(
      () => producer.request({ topic, body: "silent" }, { timeoutMs: 1_500 }),
      ClientError,
    );
    assertEquals([error.code, error.outcome], ["REPLY_TIMEOUT", "unknown"]);
  },
);

test("Traces of sends and of consumption are stored as RocketMQ's tools read them", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  const traceTopic = await topicOn(target, 1);
  await using traces = new Collector(target);
  traces.consumer.subscribe(traceTopic);
  await traces.consumer.start();
  const producer = await producerOn(target, { enableTrace: traceTopic });
  const collector = new Collector(target, { enableTrace: traceTopic });
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  const sent = await producer.send({ topic, body: "traced", tags: "T", keys: "K" });
  await collector.count(1);
  await producer.shutdown();
  await collector.consumer.shutdown();
  const rows = (): string[][] =>
    traces.bodies.flatMap((body) =>
      body.split("\u0002").filter((row) => row.length > 0).map((row) => row.split("\u0001"))
    );
  await until(() => rows().length >= 3, { timeoutMs: 60_000, what: "three records" });
  const byType = new Map(rows().map((row) => [row[0], row]));
  const pub = byType.get("Pub")!;
  assertEquals(pub.length, 14);
  assertEquals([pub[4], pub[5], pub[6], pub[7], pub[11], pub[12], pub[13]], [
    topic,
    sent.msgId,
    "T",
    "K",
    "0",
    sent.offsetMsgId,
    "true",
  ]);
  assertEquals(byType.get("SubBefore")?.length, 8);
  assertEquals(byType.get("SubAfter")?.length, 9);
  assertEquals(byType.get("SubAfter")?.[2], sent.msgId);
});

needing(test, "timers")("Timed messages arrive at their time and can be recalled before", [], async ({ target }) => {
  const topic = await topicOn(target, 1, "+message.type=DELAY");
  await using producer = await producerOn(target);
  await using collector = new Collector(target);
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  const due = Date.now() + 2_000;
  const recalled = await producer.send({ topic, body: "recalled", deliverTimeMs: Date.now() + 6_000 });
  await producer.send({ topic, body: "timed", deliverTimeMs: due });
  await producer.send({ topic, body: "second", delayTimeSec: 2 });
  assert(recalled.recallHandle !== undefined);
  assertEquals(await producer.recallMessage(topic, recalled.recallHandle), recalled.msgId);
  await collector.count(2);
  assert(Date.now() >= due - 1_000, `came ${due - Date.now()} ms early`);
  assertEquals(collector.bodies.sort(), ["second", "timed"]);
  assertEquals(
    (await assertRejects(() => producer.recallMessage(topic, "rubbish"), ClientError)).code,
    "OPTION_ILLEGAL",
  );
});

test("A consumer answers the broker: status, running info, direct consumption, reset", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  const group = fresh("CG");
  await using producer = await producerOn(target);
  await using admin = await adminOn(target);
  await using collector = new Collector(target, { consumerGroup: group, persistConsumerOffsetInterval: 200 });
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  const sent = await producer.send({ topic, body: "first" });
  await producer.send({ topic, body: "second" });
  await collector.count(2);
  const connections = await until(() => admin.consumerConnections(group, target.broker), {
    timeoutMs: 60_000,
    what: "connection",
  });
  assertEquals(connections.map((one) => one.clientId), [collector.consumer.clientId]);
  const peer = await Peer.connect(target.broker, { transport: tcpTransport });
  try {
    const ask = async (code: number, ext: Record<string, string>): Promise<string> => {
      const answer = await peer.invoke(createRequest(code, ext), { timeoutMs: 10_000 });
      assertEquals([answer.code, answer.remark ?? ""], [0, answer.code === 0 ? answer.remark ?? "" : ""]);
      return decodeUtf8(answer.body);
    };
    const { clientId } = collector.consumer;
    const info = await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, {
      consumerGroup: group,
      clientId,
      jstackEnable: "true",
    });
    assert(info.includes("PROP_CONSUMER_START_TIMESTAMP") && info.includes(topic) && info.includes("jstack"), info);
    const direct = await ask(RequestCode.CONSUME_MESSAGE_DIRECTLY, {
      consumerGroup: group,
      clientId,
      msgId: sent.offsetMsgId,
      brokerName: target.brokerName,
      topic,
    });
    assert(direct.includes('"CR_SUCCESS"'), direct);
    await collector.count(3);
    assertEquals(collector.bodies, ["first", "second", "first"]);
    const status = await ask(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, { topic, group, clientAddr: clientId });
    assert(status.includes('"queueId":0') && status.includes(":2"), status);
    await until(async () => (await admin.consumeStats(group, topic))[0]?.consumerOffset === 2, {
      timeoutMs: 60_000,
      what: "committed offset",
    });
    await admin.resetOffsetByTimestamp(group, topic, 0);
    await collector.count(5);
    assertEquals(collector.bodies.slice(3), ["first", "second"]);
  } finally {
    peer.close();
  }
});

test("Admin manages topics, groups, offsets and finds messages", [], async ({ target }) => {
  await using admin = new Admin({ namesrvAddr: target.nameServer });
  await admin.start();
  const cluster = await admin.clusterInfo();
  assertEquals(cluster.clusters.get(target.clusterName), [target.brokerName]);
  const topic = fresh("T");
  await admin.createTopic({ topic, readQueueNums: 2, writeQueueNums: 2 }, { clusterName: target.clusterName });
  await until(async () => (await admin.topicList()).includes(topic), { timeoutMs: 60_000, what: "the topic" });
  await using producer = await producerOn(target);
  const sent = await producer.send({ topic, body: "find me", keys: "needle" });
  assertEquals(
    (await until(async () => {
      const found = await admin.queryMessage(topic, "needle");
      return found.length > 0 ? found : undefined;
    }, { timeoutMs: 60_000, what: "index" })).map((message) => message.bodyText),
    ["find me"],
  );
  assertEquals((await admin.queryMessage(topic, sent.msgId, { uniqueKey: true })).length, 1);
  assertEquals((await admin.topicStats(topic)).reduce((sum, queue) => sum + queue.maxOffset, 0), 1);
  assertEquals([await admin.minOffset(sent.messageQueue), await admin.maxOffset(sent.messageQueue)], [0, 1]);
  assertEquals(await admin.searchOffset(sent.messageQueue, 0), 0);
  assert(await admin.earliestMsgStoreTime(sent.messageQueue) > 0);
  const group = fresh("CG");
  await admin.createSubscriptionGroup({ groupName: group, retryMaxTimes: 3 }, { brokerAddr: target.broker });
  await admin.deleteSubscriptionGroup(group, { brokerAddr: target.broker, cleanOffset: true });
  assert((await admin.brokerConfig(target.broker)).includes("brokerName=broker-a"));
  await admin.updateBrokerConfig(target.broker, { longPollingEnable: "true" });
  assert((await admin.brokerRuntimeInfo(target.broker)).has("brokerVersionDesc"));
  await admin.deleteTopic(topic, target.clusterName);
  await until(async () => !(await admin.topicList()).includes(topic), { timeoutMs: 60_000, what: "the topic gone" });
});

test(
  "PullMessageService paused: consuming stops, sends go on; it decodes on a thread of its own",
  [],
  async ({ target }) => {
    const topic = await topicOn(target, 2);
    await using producer = await producerOn(target);
    await using collector = new Collector(target);
    collector.consumer.subscribe(topic);
    await collector.consumer.start();
    await producer.send({ topic, body: "before" });
    await collector.count(1);
    const { pull } = collector.consumer.actors;
    assert(pull !== undefined);
    await pull.pause({ timeoutMs: 5_000 });
    const compressible = "held ".repeat(HELD_BYTES / 5);
    for (let i = 0; i < HELD; i++) await producer.send({ topic, body: compressible });
    const { work } = pull.gauges;
    assertEquals(collector.messages.length, 1);
    const before = { worker: pull.gauges.cpuUs, caller: threadCpuUs() };
    pull.resume();
    await collector.count(1 + HELD);
    const callerUs = threadCpuUs() - before.caller;
    assert(pull.gauges.work > work);
    assertEquals(collector.messages[HELD]?.bodyText, compressible);
    // The worker inflates the bodies; the caller only gets them. The worker publishes its processor time now and then.
    await until(() => pull.gauges.cpuUs - before.worker > callerUs, {
      timeoutMs: 60_000,
      what: `more processor time in the worker than the ${callerUs} us of the caller`,
    });
  },
);

test(
  "RebalanceService paused: no queue moves; when it goes on, the new member gets its share",
  [],
  async ({ target }) => {
    const topic = await topicOn(target, 2);
    const group = fresh("CG");
    await using first = new Collector(target, { consumerGroup: group });
    await using second = new Collector(target, { consumerGroup: group });
    const held = ({ consumer }: Collector): number =>
      consumer.messageQueues.filter((queue) => queue.topic === topic).length;
    for (const { consumer } of [first, second]) consumer.subscribe(topic);
    await first.consumer.start();
    await until(() => held(first) === 2, { timeoutMs: 60_000, what: "both queues" });
    const { rebalance } = first.consumer.actors;
    assert(rebalance !== undefined);
    await rebalance.pause({ timeoutMs: 5_000 });
    await second.consumer.start();
    await until(() => held(second) === 1, { timeoutMs: 60_000, what: "the share of the second" });
    assertEquals(held(first), 2);
    rebalance.resume();
    await until(() => held(first) === 1, { timeoutMs: 60_000, what: "the first letting go" });
  },
);

test("A producer finds the name servers by HTTP", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => undefined },
    () => new Response(`${target.nameServer};\n`),
  );
  try {
    await using producer = new Producer({
      namesrvDiscoveryUrl: `http://127.0.0.1:${server.addr.port}/rocketmq/nsaddr`,
      namesrvAddr: "",
    });
    await producer.start();
    assertEquals((await producer.send({ topic, body: "x" })).sendStatus, "SEND_OK");
  } finally {
    await server.shutdown();
  }
});

needing(test, "sql92")("PushConsumer consumes what a SQL92 expression selects", [], async ({ target }) => {
  const topic = await topicOn(target);
  await using producer = await producerOn(target);
  for (const [i, tags] of ["A", "B", "C", "D", "A"].entries()) {
    await producer.send({ topic, body: `${tags}${i}`, tags, properties: { price: String(i * 10) } });
  }
  await using sql = new Collector(target);
  sql.consumer.subscribe(topic, { sql: "price > 15 AND TAGS <> 'D'" });
  await sql.consumer.start();
  await sql.count(2);
  assertEquals(sql.bodies.sort(), ["A4", "C2"]);
  const bad = new PushConsumer({
    namesrvAddr: target.nameServer,
    consumerGroup: fresh("CG"),
    messageListener: () => undefined,
  });
  bad.subscribe(topic, { sql: "price >" });
  assertEquals((await assertRejects(() => bad.start(), ClientError)).code, "REFUSED");
});

needing(test, "tls")("Producer and consumer work over TLS", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  await using producer = await producerOn(target, { tls: true });
  await using collector = new Collector(target, { tls: true });
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  await producer.send({ topic, body: "secret" });
  await collector.count(1);
  assertEquals(collector.bodies, ["secret"]);
});

needing(test, "tls")(
  "A certificate that nobody vouches for is refused when the server is checked",
  [],
  async ({ target }) => {
    await using producer = await producerOn(target, { tls: { authServer: true } });
    const error = await assertRejects(() => producer.send({ topic: fresh("T"), body: "secret" }), ClientError);
    assertEquals([error.code, error.outcome], ["NAME_SERVER_UNREACHABLE", "failed"]);
    assert(/certificate|self.signed|UnknownIssuer/i.test(error.message), error.message);
  },
);
