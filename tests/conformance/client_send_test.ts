/**
 * Our producer against a live target: every way to send, and what comes of bad use.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ClientError,
  type Message,
  Producer,
  PullConsumer,
  selectMessageQueueByHash,
  selectMessageQueueByMachineRoom,
  selectMessageQueueByRandom,
  splitBatch,
} from "../../actors/client/mod.ts";
import { adminOn, bodies, Collector, fresh, producerOn, topicOn } from "./client_kit.ts";
import { conformanceSuite } from "./suite.ts";
import { targetName } from "./target.ts";

const test = conformanceSuite({ clients: [] });

test("Producer.send() stores a message and says where", [], async ({ target }) => {
  const topic = await topicOn(target);
  await using producer = await producerOn(target);
  await using admin = await adminOn(target);
  const result = await producer.send({
    topic,
    body: "héllo",
    tags: "TagA",
    keys: ["k1", "k2"],
    flag: 7,
    properties: { colour: "red" },
  });
  assertEquals(result.sendStatus, "SEND_OK");
  assertEquals(result.queueOffset, 0);
  assertEquals(result.messageQueue.topic, topic);
  assertEquals(result.msgId.length, 32);
  assertEquals(result.brokerAddr, target.broker);
  const message = await admin.viewMessage(result.offsetMsgId);
  assertEquals(message.bodyText, "héllo");
  assertEquals([message.tags, message.keys, message.flag], ["TagA", "k1 k2", 7]);
  assertEquals(message.getProperty("colour"), "red");
  assertEquals(message.msgId, result.msgId);
});

test("Producer.send() creates a topic that does not exist", [], async ({ target }) => {
  await using producer = await producerOn(target, { defaultTopicQueueNums: 3 });
  const topic = fresh("auto");
  assertEquals((await producer.send({ topic, body: "x" })).sendStatus, "SEND_OK");
});

test("Producer.sendOneway() delivers without an answer", [], async ({ target }) => {
  const topic = await topicOn(target);
  await using producer = await producerOn(target);
  await using collector = new Collector(target);
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  for (const body of bodies(10)) await producer.sendOneway({ topic, body });
  await collector.count(10);
  assertEquals(collector.bodies.sort(), bodies(10));
});

test("Producer.send() sends a list as one batch, and splitBatch() keeps it below the limit", [], async ({ target }) => {
  const topic = await topicOn(target);
  await using producer = await producerOn(target);
  await using collector = new Collector(target);
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  const result = await producer.send(bodies(5).map((body) => ({ topic, body, tags: "B" })));
  assertEquals(result.offsetMsgId.split(",").length, 5);
  assertEquals(result.msgId.split(",").length, 5);
  const large: Message[] = bodies(40).map((name) => ({ topic, body: name.padEnd(10_000, ".") }));
  const batches = splitBatch(large, 100_000);
  assert(batches.length >= 4);
  assertEquals(batches.flat().length, 40);
  for (const batch of batches) await producer.send(batch);
  await collector.count(45);
  assertEquals(new Set(collector.messages.map((message) => message.msgId)).size, 45);
});

test("Producer.send() goes to the chosen queue and follows selectors", [], async ({ target }) => {
  const topic = await topicOn(target, 8);
  await using producer = await producerOn(target);
  const queues = await producer.fetchPublishMessageQueues(topic);
  assertEquals(queues.length, 8);
  for (const queue of queues) {
    assertEquals((await producer.send({ topic, body: "q" }, { queue })).messageQueue.queueId, queue.queueId);
  }
  const chosen = new Set<number>();
  for (let i = 0; i < 5; i++) {
    const result = await producer.send({ topic, body: "s", shardingKey: "order-4711" }, {
      selector: selectMessageQueueByHash,
    });
    chosen.add(result.messageQueue.queueId);
  }
  assertEquals(chosen.size, 1);
  await producer.send({ topic, body: "r" }, { selector: selectMessageQueueByRandom });
  await producer.send({ topic, body: "r" }, { selector: selectMessageQueueByMachineRoom(["nowhere"]) });
  const numbers = await Promise.all(
    [0, 1, 2].map((arg) => producer.send({ topic, body: "n" }, { selector: selectMessageQueueByHash, arg })),
  );
  assertEquals(numbers.map((result) => result.messageQueue.queueId), [0, 1, 2]);
});

for (const compressType of ["ZLIB", "LZ4", "ZSTD"] as const) {
  test(`Producer.send() compresses with ${compressType} and consumers decompress`, [], async ({ target }) => {
    const topic = await topicOn(target, 1);
    await using producer = await producerOn(target, { compressType });
    await using pull = new PullConsumer({ namesrvAddr: target.nameServer, consumerGroup: fresh("CG") });
    await pull.start();
    const body = "compress me ".repeat(2_000);
    const result = await producer.send({ topic, body });
    const found = await pull.pull(result.messageQueue, 0, { blockIfNotFound: true });
    const message = found.msgFoundList[0]!;
    assertEquals(message.bodyText, body);
    assert(message.storeSize < 5_000, `stored in ${message.storeSize} bytes`);
    assertEquals(message.sysFlag & 0x701, { ZLIB: 0x301, LZ4: 0x101, ZSTD: 0x201 }[compressType]);
  });
}

test("Producer.send() with a delay level is delivered later", [], async ({ target }) => {
  const topic = await topicOn(target);
  await using producer = await producerOn(target);
  await using collector = new Collector(target);
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  const sent = Date.now();
  await producer.send({ topic, body: "late", delayTimeLevel: 1 });
  await collector.count(1);
  assert(Date.now() - sent >= 900, `${Date.now() - sent} ms`);
  assertEquals(collector.messages[0]?.topic, topic);
});

test("Producer.send() from 64 callers at a time gives each message its own place", [], async ({ target }) => {
  const topic = await topicOn(target, 4);
  await using producer = await producerOn(target);
  const places = new Set<string>();
  let next = 0;
  await Promise.all(Array.from({ length: 64 }, async () => {
    while (next++ < 2_000) {
      const { messageQueue, queueOffset } = await producer.send({ topic, body: "x" });
      places.add(`${messageQueue.queueId}:${queueOffset}`);
    }
  }));
  assertEquals(places.size, 2_000);
});

test("Producer.send() stores the same on its short path, and keeps the order of one queue", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  await using producer = await producerOn(target);
  await using admin = await adminOn(target);
  const message = { topic, tags: "TagA", keys: ["k1", "k2"], properties: { colour: "red" } };
  // The first send of a topic takes the general path, and so does what is not plain: here, what has a flag.
  const flags = [0, 0, 0, 1, 0, 1, 0];
  const results = [await producer.send({ ...message, body: "body 0" })];
  results.push(
    ...await Promise.all(flags.slice(1).map((flag, i) => producer.send({ ...message, body: `body ${i + 1}`, flag }))),
  );
  // Apache's broker hands the requests of one connection to several threads.
  const offsets = results.map(({ queueOffset }) => queueOffset);
  assertEquals(targetName() === "apache" ? offsets.sort((a, b) => a - b) : offsets, [0, 1, 2, 3, 4, 5, 6]);
  assertEquals(new Set(results.map(({ msgId }) => msgId)).size, 7);
  for (const [i, result] of results.entries()) {
    const stored = await admin.viewMessage(result.offsetMsgId);
    assertEquals([stored.bodyText, stored.msgId, stored.queueOffset], [`body ${i}`, result.msgId, result.queueOffset]);
    assertEquals([stored.tags, stored.keys, stored.getProperty("colour")], ["TagA", "k1 k2", "red"]);
    assertEquals([stored.flag, stored.sysFlag, stored.reconsumeTimes], [flags[i], 0, 0]);
    const { phases: _p, msgId: _m, offsetMsgId: _o, queueOffset: _q, transactionId, ...rest } = result;
    const { phases: _1, msgId: _2, offsetMsgId: _3, queueOffset: _4, transactionId: _5, ...first } = results[0]!;
    assertEquals(rest, first);
    assertEquals(transactionId, result.msgId);
  }
});

test("Bad use of a producer is refused with typed errors", [], async ({ target }) => {
  const topic = await topicOn(target);
  const producer = new Producer({ namesrvAddr: target.nameServer, producerGroup: fresh("PG") });
  const code = async (work: Promise<unknown>): Promise<string> => (await assertRejects(() => work, ClientError)).code;
  assertEquals(await code(producer.send({ topic, body: "x" })), "STATE");
  await producer.start();
  assertEquals(await code(producer.start()), "STATE");
  assertEquals(await code(producer.send({ topic: "", body: "x" })), "NAME_ILLEGAL");
  assertEquals(await code(producer.send({ topic: "bad topic!", body: "x" })), "NAME_ILLEGAL");
  assertEquals(await code(producer.send({ topic: "t".repeat(128), body: "x" })), "NAME_ILLEGAL");
  assertEquals(await code(producer.send({ topic: "SCHEDULE_TOPIC_XXXX", body: "x" })), "NAME_ILLEGAL");
  assertEquals(await code(producer.send({ topic, body: "" })), "MESSAGE_ILLEGAL");
  assertEquals(await code(producer.send({ topic, body: new Uint8Array(4 * 1024 * 1024 + 1) })), "MESSAGE_ILLEGAL");
  assertEquals(await code(producer.send({ topic, body: "x", properties: { UNIQ_KEY: "mine" } })), "MESSAGE_ILLEGAL");
  assertEquals(
    await code(producer.send({ topic, body: "x", properties: { big: "v".repeat(32_768) } })),
    "MESSAGE_ILLEGAL",
  );
  assertEquals(await code(producer.send([])), "MESSAGE_ILLEGAL");
  assertEquals(await code(producer.send([{ topic, body: "x" }, { topic: `${topic}2`, body: "x" }])), "MESSAGE_ILLEGAL");
  assertEquals(await code(producer.send([{ topic, body: "x", delayTimeLevel: 2 }])), "MESSAGE_ILLEGAL");
  assertEquals(await code(producer.send({ topic, body: "x", properties: { TAGS: "mine" } })), "MESSAGE_ILLEGAL");
  assertEquals(await code(producer.send({ topic, body: "x", keys: 5 as never })), "MESSAGE_ILLEGAL");
  assertEquals(await code(producer.send(undefined as never)), "MESSAGE_ILLEGAL");
  assertEquals(await code(producer.send({ topic, body: "x" }, { timeoutMs: -1 })), "OPTION_ILLEGAL");
  assertEquals(
    await code(producer.send({ topic, body: "x" }, { selector: () => undefined as never })),
    "OPTION_ILLEGAL",
  );
  assertEquals(await code(producer.sendMessageInTransaction({ topic, body: "x" })), "OPTION_ILLEGAL");
  assertEquals(await code(producer.send({ topic, body: "x" }, { signal: AbortSignal.abort() })), "ABORTED");
  await producer.shutdown();
  assertEquals(await code(producer.send({ topic, body: "x" })), "STATE");
  assertThrows(() => new Producer({ producerGroup: "not ok" }), ClientError);
  assertThrows(() => new Producer({ sendMsgTimeout: 0 }), ClientError);
});

test(
  "A missing route is told apart: name server away, auto-creation off, no write permission",
  [],
  async ({ target }) => {
    const away = new Producer({ namesrvAddr: "127.0.0.1:1", producerGroup: fresh("PG") });
    await away.start();
    const unreachable = await assertRejects(() => away.send({ topic: "T", body: "x" }), ClientError);
    assertEquals([unreachable.code, unreachable.retryable, unreachable.outcome], [
      "NAME_SERVER_UNREACHABLE",
      true,
      "failed",
    ]);
    assert(unreachable.phases.routeMs !== undefined);
    await away.shutdown();
    await using producer = await producerOn(target, { createTopicKey: fresh("nothing") });
    assertEquals(
      (await assertRejects(() => producer.send({ topic: fresh("T"), body: "x" }), ClientError)).code,
      "AUTO_CREATE_OFF",
    );
    await using admin = await adminOn(target);
    const topic = await topicOn(target);
    await admin.createTopic({ topic, perm: 4 }, { brokerAddr: target.broker });
    assertEquals(
      (await assertRejects(() => producer.send({ topic, body: "x" }), ClientError)).code,
      "NO_WRITE_PERMISSION",
    );
    const none = new Producer({ namesrvAddr: "", producerGroup: fresh("PG") });
    assertEquals((await assertRejects(() => none.start(), ClientError)).code, "NO_NAME_SERVER");
  },
);

test("Send hooks and RPC hooks see every send, and a forbidding hook stops it", [], async ({ target }) => {
  const topic = await topicOn(target);
  const seen: string[] = [];
  await using producer = await producerOn(target, {
    sendMessageHooks: [{
      hookName: "look",
      sendMessageBefore: () => void seen.push("before"),
      sendMessageAfter: (context) => void seen.push(context.sendResult?.sendStatus ?? "failed"),
    }],
    rpcHooks: [{
      doBeforeRequest: (_address, request) => void (request.code === 310 && seen.push("310")),
      doAfterResponse: (_address, request) => void (request.code === 310 && seen.push("answer")),
    }],
    checkForbiddenHooks: [{
      hookName: "forbid",
      checkForbidden: (context) => {
        if (context.message.properties.get("forbid") === "yes") throw new Error("forbidden");
      },
    }],
  });
  await producer.send({ topic, body: "x" });
  assertEquals(seen, ["before", "310", "answer", "SEND_OK"]);
  const error = await assertRejects(
    () => producer.send({ topic, body: "x", properties: { forbid: "yes" } }),
    ClientError,
  );
  assertEquals(error.code, "FORBIDDEN");
});

test("Names get the namespace, and the application does not see it", [], async ({ target }) => {
  const namespace = fresh("ns");
  await using producer = await producerOn(target, { namespace });
  await using collector = new Collector(target, { namespace });
  const topic = fresh("T");
  const result = await producer.send({ topic, body: "x" });
  assertEquals(result.messageQueue.topic, `${namespace}%${topic}`);
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  await collector.count(1);
  assertEquals(collector.messages[0]?.topic, topic);
  assertEquals(collector.messages[0]?.getProperty("INSTANCE_ID"), namespace);
});
