/**
 * Our push consumer against a live target.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  AllocateMessageQueueAveragelyByCircle,
  ClientError,
  type MessageExt,
  PushConsumer,
} from "../../actors/client/mod.ts";
import { until } from "../helpers/until.ts";
import { adminOn, bodies, Collector, fresh, producerOn, topicOn } from "./client_kit.ts";
import { conformanceSuite } from "./suite.ts";

const test = conformanceSuite({ clients: [] });

for (const workers of [true, false]) {
  test(`PushConsumer consumes everything once, ${workers ? "with workers" : "inline"}`, [], async ({ target }) => {
    const topic = await topicOn(target);
    await using producer = await producerOn(target);
    for (const body of bodies(100)) await producer.send({ topic, body });
    await using collector = new Collector(target, { workers, consumeMessageBatchMaxSize: 4 });
    collector.consumer.subscribe(topic);
    await collector.consumer.start();
    await collector.count(100);
    for (const body of bodies(100, "n")) await producer.send({ topic, body });
    await collector.count(200);
    assertEquals(collector.bodies.sort(), [...bodies(100), ...bodies(100, "n")].sort());
    assertEquals(collector.consumer.messageQueues.filter((queue) => queue.topic === topic).length, 4);
  });
}

test("PushConsumer consumes only the subscribed tags", [], async ({ target }) => {
  const topic = await topicOn(target);
  await using producer = await producerOn(target);
  await using tagged = new Collector(target);
  tagged.consumer.subscribe(topic, "A || C");
  await tagged.consumer.start();
  for (const [i, tags] of ["A", "B", "C", "D", "A"].entries()) {
    await producer.send({ topic, body: `${tags}${i}`, tags });
  }
  await producer.send({ topic, body: "none" });
  await tagged.count(3);
  assertEquals(tagged.bodies.sort(), ["A0", "A4", "C2"]);
});

test("Tags of one hash are told apart by the client, which the broker cannot do", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  await using producer = await producerOn(target);
  // Both have the hash 2112 in Java.
  for (const tags of ["Aa", "BB", "Aa", "BB"]) await producer.send({ topic, body: tags, tags });
  await producer.send({ topic, body: "end", tags: "end" });
  await using collector = new Collector(target);
  collector.consumer.subscribe(topic, "Aa || end");
  await collector.consumer.start();
  await until(() => collector.bodies.includes("end"), { timeoutMs: 60_000, what: "the last message" });
  assertEquals(collector.bodies.sort(), ["Aa", "Aa", "end"]);
});

test(
  "A message whose listener fails comes back through the retry topic, then goes to the dead letters",
  [],
  async ({ target }) => {
    const topic = await topicOn(target, 1);
    const group = fresh("CG");
    await using producer = await producerOn(target);
    const seen: { body: string; times: number; topic: string }[] = [];
    await using collector = new Collector(target, {
      consumerGroup: group,
      maxReconsumeTimes: 1,
      messageListener: (messages, context) => {
        context.delayLevelWhenNextConsume = 1;
        for (const message of messages) {
          seen.push({ body: message.bodyText, times: message.reconsumeTimes, topic: message.topic });
        }
        if (messages[0]?.bodyText === "throws") throw new Error("listener");
        return messages[0]?.bodyText === "fine" ? "CONSUME_SUCCESS" : "RECONSUME_LATER";
      },
    });
    collector.consumer.subscribe(topic);
    await collector.consumer.start();
    for (const body of ["fine", "throws", "later"]) await producer.send({ topic, body, keys: body });
    await until(() => seen.length >= 5, { timeoutMs: 60_000, what: "two tries of two messages and one of the third" });
    assertEquals(seen.filter((one) => one.times === 0).map((one) => one.body).sort(), ["fine", "later", "throws"]);
    assertEquals(seen.filter((one) => one.times === 1).map((one) => one.body).sort(), ["later", "throws"]);
    assert(seen.every((one) => one.topic === topic));
    await using admin = await adminOn(target);
    const stats = await until(async () => {
      try {
        const queues = await admin.topicStats(`%DLQ%${group}`);
        return queues.some((queue) => queue.maxOffset === 2) ? queues : undefined;
      } catch (error) {
        if (error instanceof ClientError) return undefined;
        throw error;
      }
    }, { timeoutMs: 60_000, what: "two dead letters" });
    assertEquals(stats.length, 1);
  },
);

test("A listener that returns what is no answer has its messages again", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  await using producer = await producerOn(target);
  await producer.send({ topic, body: "x" });
  const warnings: string[] = [];
  const times: number[] = [];
  await using collector = new Collector(target, {
    logger: { warn: (text, fields) => void warnings.push(`${text}: ${(fields?.["error"] as Error)?.message}`) },
    messageListener: ([message], context) => {
      times.push(message?.reconsumeTimes ?? -1);
      context.delayLevelWhenNextConsume = 1;
      return times.length === 1 ? 42 as never : "CONSUME_SUCCESS";
    },
  });
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  await until(() => times.length === 2, { timeoutMs: 60_000, what: "the message again" });
  assertEquals(times, [0, 1]);
  assert(warnings.some((text) => text.includes("not 42")), warnings.join());
});

test("ackIndex retries only the messages behind it", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  await using producer = await producerOn(target);
  await producer.send(bodies(4).map((body) => ({ topic, body })));
  const seen: string[] = [];
  await using collector = new Collector(target, {
    consumeMessageBatchMaxSize: 4,
    messageListener: (messages, context) => {
      context.delayLevelWhenNextConsume = 1;
      seen.push(...messages.map((message) => `${message.bodyText}/${message.reconsumeTimes}`));
      if (messages[0]?.reconsumeTimes === 0) context.ackIndex = 1;
      return "CONSUME_SUCCESS";
    },
  });
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  await until(() => seen.length >= 6, { timeoutMs: 60_000, what: "two retries" });
  assertEquals(seen.slice(0, 4), ["m0/0", "m1/0", "m2/0", "m3/0"]);
  assertEquals(seen.slice(4).sort(), ["m2/1", "m3/1"]);
});

test("Two members share the queues, a leaving one gives its share back, nothing is lost", [], async ({ target }) => {
  const topic = await topicOn(target, 8);
  const group = fresh("CG");
  await using producer = await producerOn(target);
  const first = new Collector(target, { consumerGroup: group });
  const second = new Collector(target, {
    consumerGroup: group,
    allocateMessageQueueStrategy: new AllocateMessageQueueAveragelyByCircle(),
  });
  const held = (collector: Collector): number =>
    collector.consumer.messageQueues.filter((queue) => queue.topic === topic).length;
  first.consumer.subscribe(topic);
  second.consumer.subscribe(topic);
  await first.consumer.start();
  await until(() => held(first) === 8, { timeoutMs: 60_000, what: "all queues at the first" });
  let sent = 0;
  const stop = new AbortController();
  const load = (async () => {
    while (!stop.signal.aborted) await producer.send({ topic, body: `l${sent++}` });
  })();
  await second.consumer.start();
  await until(() => held(first) === 4 && held(second) === 4, { timeoutMs: 60_000, what: "four queues each" });
  await first.consumer.shutdown();
  await until(() => held(second) === 8, { timeoutMs: 60_000, what: "all queues at the second" });
  stop.abort();
  await load;
  await until(() => new Set([...first.bodies, ...second.bodies]).size >= sent, {
    timeoutMs: 60_000,
    what: `${sent} messages`,
  });
  await second.consumer.shutdown();
  assertEquals(new Set([...first.bodies, ...second.bodies]).size, sent);
});

test("Offsets outlive a restart of the consumer", [], async ({ target }) => {
  const topic = await topicOn(target, 2);
  const group = fresh("CG");
  await using producer = await producerOn(target);
  for (const body of bodies(20)) await producer.send({ topic, body });
  {
    await using collector = new Collector(target, { consumerGroup: group });
    collector.consumer.subscribe(topic);
    await collector.consumer.start();
    await collector.count(20);
  }
  for (const body of bodies(5, "n")) await producer.send({ topic, body });
  await using again = new Collector(target, { consumerGroup: group });
  again.consumer.subscribe(topic);
  await again.consumer.start();
  await again.count(5);
  assertEquals(again.bodies.sort(), bodies(5, "n"));
  await using admin = await adminOn(target);
  const stats = await admin.consumeStats(group, topic);
  assertEquals(stats.reduce((sum, one) => sum + one.brokerOffset, 0), 25);
});

test(
  "A new group begins where the broker says: at 0 while the first message is still there",
  [],
  async ({ target }) => {
    const topic = await topicOn(target, 1);
    await using producer = await producerOn(target);
    for (const body of ["old", "middle"]) await producer.send({ topic, body });
    const wheres = ["CONSUME_FROM_LAST_OFFSET", "CONSUME_FROM_FIRST_OFFSET", "CONSUME_FROM_TIMESTAMP"] as const;
    for (const consumeFromWhere of wheres) {
      await using collector = new Collector(target, { consumeFromWhere, consumeTimestamp: Date.now() });
      collector.consumer.subscribe(topic);
      await collector.consumer.start();
      await collector.count(2);
      assertEquals(collector.bodies, ["old", "middle"], consumeFromWhere);
    }
  },
);

test(
  "Broadcasting gives every member every message and keeps offsets in a file of RocketMQ's format",
  [],
  async ({ target }) => {
    const topic = await topicOn(target, 2);
    const group = fresh("CG");
    const localOffsetStoreDir = await Deno.makeTempDir();
    await using producer = await producerOn(target);
    for (const body of bodies(6)) await producer.send({ topic, body });
    const options = { consumerGroup: group, messageModel: "BROADCASTING", localOffsetStoreDir } as const;
    {
      await using one = new Collector(target, { ...options, instanceName: "one" });
      await using two = new Collector(target, { ...options, instanceName: "two" });
      for (const collector of [one, two]) {
        collector.consumer.subscribe(topic);
        await collector.consumer.start();
      }
      await Promise.all([one.count(6), two.count(6)]);
    }
    const folder = [...Deno.readDirSync(localOffsetStoreDir)].find((entry) => entry.name.endsWith("@one"));
    const text = await Deno.readTextFile(`${localOffsetStoreDir}/${folder?.name}/${group}/offsets.json`);
    assert(/"offsetTable":\s*\{\s*\{/.test(text), text);
    await producer.send({ topic, body: "later" });
    await using again = new Collector(target, { ...options, instanceName: "one" });
    again.consumer.subscribe(topic);
    await again.consumer.start();
    await again.count(1);
    assertEquals(again.bodies, ["later"]);
    await Deno.remove(localOffsetStoreDir, { recursive: true });
  },
);

test(
  "for await gives messages one at a time, and leaving the loop releases the one in hand",
  [],
  async ({ target }) => {
    const topic = await topicOn(target, 1);
    const group = fresh("CG");
    await using producer = await producerOn(target);
    for (const body of bodies(5)) await producer.send({ topic, body });
    const options = {
      namesrvAddr: target.nameServer,
      consumerGroup: group,
      consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
    } as const;
    const seen: string[] = [];
    {
      await using consumer = new PushConsumer(options);
      consumer.subscribe(topic);
      await consumer.start();
      for await (const message of consumer) {
        seen.push(message.bodyText);
        if (seen.length === 2) break;
      }
      for await (const message of consumer.messages()) {
        seen.push(message.bodyText);
        if (seen.length === 3) break;
      }
    }
    assertEquals(seen, ["m0", "m1", "m1"]);
    await using consumer = new PushConsumer(options);
    consumer.subscribe(topic);
    await consumer.start();
    for await (const message of consumer) {
      seen.push(message.bodyText);
      if (message.bodyText === "m4") break;
    }
    assertEquals(seen, ["m0", "m1", "m1", "m1", "m2", "m3", "m4"]);
    const listening = new PushConsumer({ ...options, messageListener: () => undefined });
    assertThrows(() => listening.messages(), ClientError);
  },
);

test("suspend() and resume() hold pulls; subscribe() and unsubscribe() work while running", [], async ({ target }) => {
  const [topic, other] = [await topicOn(target, 1), await topicOn(target, 1)];
  await using producer = await producerOn(target);
  const changes: string[] = [];
  await using collector = new Collector(target, {
    messageQueueListener: (name, _all, owned) => void changes.push(`${name}:${owned.length}`),
  });
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  await producer.send({ topic, body: "a" });
  await collector.count(1);
  assert(changes.includes(`${topic}:1`));
  collector.consumer.subscribe(other);
  await producer.send({ topic: other, body: "b" });
  await collector.count(2);
  collector.consumer.unsubscribe(other);
  await until(() => collector.consumer.messageQueues.every((queue) => queue.topic !== other), {
    timeoutMs: 60_000,
    what: "letting go",
  });
  collector.consumer.suspend();
  // The pull that waits at the broker ends with this message; from then on nothing is pulled.
  await producer.send({ topic, body: "c" });
  await producer.send({ topic, body: "d" });
  await collector.count(3);
  collector.consumer.resume();
  await collector.count(4);
  assertEquals(collector.bodies, ["a", "b", "c", "d"]);
});

test("shutdown() waits for running listeners and commits what they finished", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  const group = fresh("CG");
  await using producer = await producerOn(target);
  for (const body of bodies(3)) await producer.send({ topic, body });
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const done: string[] = [];
  const collector = new Collector(target, {
    consumerGroup: group,
    consumeThreadMax: 1,
    messageListener: async (messages: readonly MessageExt[]): Promise<"CONSUME_SUCCESS"> => {
      started.resolve();
      await release.promise;
      done.push(...messages.map((message) => message.bodyText));
      return "CONSUME_SUCCESS";
    },
  });
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  await started.promise;
  const stopped = collector.consumer.shutdown();
  release.resolve();
  await stopped;
  assertEquals(done, ["m0"]);
  await using again = new Collector(target, { consumerGroup: group });
  again.consumer.subscribe(topic);
  await again.consumer.start();
  await again.count(2);
  assertEquals(again.bodies, ["m1", "m2"]);
});

test("filter hooks take messages away, consume hooks and statistics see them", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  await using producer = await producerOn(target);
  for (const body of bodies(4)) await producer.send({ topic, body });
  const seen: string[] = [];
  await using collector = new Collector(target, {
    filterMessageHooks: [{
      hookName: "even",
      filterMessage: ({ msgList }) => msgList.filter((message) => message.queueOffset % 2 === 0),
    }],
    consumeMessageHooks: [{
      hookName: "look",
      consumeMessageBefore: ({ msgList }) => void seen.push(`before ${msgList[0]?.bodyText}`),
      consumeMessageAfter: ({ success, returnType }) => void seen.push(`${success} ${returnType}`),
    }],
  });
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  await collector.count(2);
  await until(() => seen.length === 4, { timeoutMs: 60_000, what: "hooks" });
  assertEquals(collector.bodies, ["m0", "m2"]);
  assertEquals(seen.filter((text) => text.startsWith("before")).sort(), ["before m0", "before m2"]);
  const status = collector.consumer.consumeStatus(topic);
  assert(status.pullTPS > 0 && status.consumeOKTPS > 0);
});
