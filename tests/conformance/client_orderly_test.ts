/**
 * Orderly consumption, lite pull and plain pull of our client against a live target.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ClientError,
  type ConsumeOrderlyStatus,
  LitePullConsumer,
  type MessageExt,
  PullConsumer,
  selectMessageQueueByHash,
} from "../../actors/client/mod.ts";
import { until } from "../helpers/until.ts";
import { bodies, Collector, fresh, producerOn, topicOn } from "./client_kit.ts";
import { conformanceSuite } from "./suite.ts";

const test = conformanceSuite({ clients: [] });

test("An orderly consumer keeps the order of each sharding key, also when it suspends", [], async ({ target }) => {
  const topic = await topicOn(target, 4);
  await using producer = await producerOn(target);
  const keys = ["a", "b", "c", "d", "e"];
  for (let i = 0; i < 20; i++) {
    for (const key of keys) {
      await producer.send({ topic, body: `${key}${i}`, shardingKey: key }, { selector: selectMessageQueueByHash });
    }
  }
  const seen: string[] = [];
  let suspended = false;
  await using collector = new Collector(target, {
    suspendCurrentQueueTimeMillis: 50,
    messageListenerOrderly: (messages) => {
      const body = messages[0]?.bodyText ?? "";
      if (body === "c7" && !suspended) {
        suspended = true;
        return "SUSPEND_CURRENT_QUEUE_A_MOMENT";
      }
      seen.push(...messages.map((message) => message.bodyText));
      return "SUCCESS";
    },
  });
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  await until(() => seen.length >= 100, { timeoutMs: 60_000, what: "100 messages" });
  for (const key of keys) {
    assertEquals(seen.filter((body) => body.startsWith(key)), Array.from({ length: 20 }, (_, i) => `${key}${i}`));
  }
  assert(suspended);
});

test("An orderly queue is consumed by one member at a time and moves in order", [], async ({ target }) => {
  const topic = await topicOn(target, 4);
  const group = fresh("CG");
  await using producer = await producerOn(target);
  const seen: [string, number, number][] = [];
  const member = (name: string): Collector =>
    new Collector(target, {
      consumerGroup: group,
      messageListenerOrderly: (messages: readonly MessageExt[]): ConsumeOrderlyStatus => {
        for (const message of messages) seen.push([name, message.queueId, message.queueOffset]);
        return "SUCCESS";
      },
    });
  const [first, second] = [member("first"), member("second")];
  for (const one of [first, second]) one.consumer.subscribe(topic);
  const held = (collector: Collector): number =>
    collector.consumer.messageQueues.filter((queue) => queue.topic === topic).length;
  let sent = 0;
  const stop = new AbortController();
  const load = (async () => {
    while (!stop.signal.aborted) await producer.send({ topic, body: `${sent++}` });
  })();
  await first.consumer.start();
  await until(() => held(first) === 4, { timeoutMs: 60_000, what: "all queues at the first" });
  await second.consumer.start();
  await until(() => held(first) === 2 && held(second) === 2, { timeoutMs: 60_000, what: "two queues each" });
  await first.consumer.shutdown();
  await until(() => held(second) === 4, { timeoutMs: 60_000, what: "all queues at the second" });
  stop.abort();
  await load;
  await until(() => seen.length >= sent, { timeoutMs: 60_000, what: `${sent} messages, ${seen.length} are there` });
  await second.consumer.shutdown();
  for (let queueId = 0; queueId < 4; queueId++) {
    const offsets = seen.filter(([, queue]) => queue === queueId).map(([, , offset]) => offset);
    assertEquals(offsets, offsets.map((_, i) => i), `queue ${queueId}`);
  }
});

test("autoCommit off: offsets move on COMMIT only, ROLLBACK gives the messages again", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  await using producer = await producerOn(target);
  for (const body of bodies(4)) await producer.send({ topic, body });
  const seen: string[] = [];
  const answers: ConsumeOrderlyStatus[] = ["SUCCESS", "ROLLBACK", "SUCCESS", "SUCCESS", "COMMIT"];
  await using collector = new Collector(target, {
    suspendCurrentQueueTimeMillis: 20,
    messageListenerOrderly: (messages, context) => {
      context.autoCommit = false;
      seen.push(...messages.map((message) => message.bodyText));
      return answers.shift() ?? "COMMIT";
    },
  });
  collector.consumer.subscribe(topic);
  await collector.consumer.start();
  await until(() => seen.length >= 6, { timeoutMs: 60_000, what: "six calls" });
  assertEquals(seen, ["m0", "m1", "m0", "m1", "m2", "m3"]);
});

test(
  "An orderly message that fails too often goes to the dead letters and lets the queue go on",
  [],
  async ({ target }) => {
    const topic = await topicOn(target, 1);
    await using producer = await producerOn(target);
    for (const body of ["bad", "good"]) await producer.send({ topic, body });
    const seen: string[] = [];
    await using collector = new Collector(target, {
      maxReconsumeTimes: 2,
      suspendCurrentQueueTimeMillis: 20,
      messageListenerOrderly: (messages) => {
        const message = messages[0]!;
        seen.push(`${message.bodyText}/${message.reconsumeTimes}`);
        return message.bodyText === "bad" ? "SUSPEND_CURRENT_QUEUE_A_MOMENT" : "SUCCESS";
      },
    });
    collector.consumer.subscribe(topic);
    await collector.consumer.start();
    await until(() => seen.includes("good/0"), { timeoutMs: 60_000, what: "the good message" });
    assertEquals(seen, ["bad/0", "bad/1", "bad/2", "good/0"]);
  },
);

test("LitePullConsumer with subscribe polls, commits, seeks, pauses", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  const group = fresh("CG");
  await using producer = await producerOn(target);
  for (const body of bodies(25)) await producer.send({ topic, body });
  await using consumer = new LitePullConsumer({
    namesrvAddr: target.nameServer,
    consumerGroup: group,
    consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
    autoCommit: false,
  });
  consumer.subscribe(topic);
  await consumer.start();
  const seen: string[] = [];
  while (seen.length < 25) seen.push(...(await consumer.poll()).map((message) => message.bodyText));
  assertEquals(seen, bodies(25));
  const [queue] = consumer.assignment;
  // The broker answers 0 for a new group while the first message is still there.
  assertEquals(await consumer.committed(queue!), 0);
  await consumer.commit();
  assertEquals(await consumer.committed(queue!), 25);
  await consumer.seek(queue!, 20);
  const again: string[] = [];
  while (again.length < 5) again.push(...(await consumer.poll()).map((message) => message.bodyText));
  assertEquals(again, bodies(25).slice(20));
  assertEquals((await assertRejects(() => consumer.seek(queue!, 1_000), ClientError)).code, "OPTION_ILLEGAL");
  assertEquals(await consumer.poll({ timeoutMs: 50 }), []);
  consumer.pause([queue!]);
  consumer.resume([queue!]);
  await producer.send({ topic, body: "more" });
  assertEquals((await consumer.poll({ timeoutMs: 20_000 })).map((message) => message.bodyText), ["more"]);
  assertEquals(
    (await assertRejects(() => consumer.poll({ signal: AbortSignal.abort() }), ClientError)).code,
    "ABORTED",
  );
});

test("LitePullConsumer with assign takes the queues it is given, and iterates", [], async ({ target }) => {
  const topic = await topicOn(target, 2);
  await using producer = await producerOn(target);
  const queues = await producer.fetchPublishMessageQueues(topic);
  for (const queue of queues) {
    for (const body of bodies(3, `q${queue.queueId}-`)) await producer.send({ topic, body }, { queue });
  }
  await using consumer = new LitePullConsumer({
    namesrvAddr: target.nameServer,
    consumerGroup: fresh("CG"),
    consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
  });
  await consumer.assign([queues[1]!]);
  await consumer.start();
  const seen: string[] = [];
  for await (const message of consumer) {
    seen.push(message.bodyText);
    if (seen.length === 3) break;
  }
  assertEquals(seen, bodies(3, "q1-"));
  await consumer.assign(queues);
  await consumer.seekToBegin(queues[0]!);
  const more: string[] = [];
  while (more.length < 3) more.push(...(await consumer.poll()).map((message) => message.bodyText));
  assertEquals(more, bodies(3, "q0-"));
  assertEquals(await consumer.offsetForTimestamp(queues[0]!, 0), 0);
});

test("PullConsumer pulls what it is told to and keeps offsets", [], async ({ target }) => {
  const topic = await topicOn(target, 1);
  const group = fresh("CG");
  await using producer = await producerOn(target);
  for (const body of bodies(10)) {
    await producer.send({ topic, body, tags: Number(body.slice(1)) % 2 === 0 ? "even" : "odd" });
  }
  await using consumer = new PullConsumer({ namesrvAddr: target.nameServer, consumerGroup: group });
  await consumer.start();
  const [queue] = await consumer.fetchSubscribeMessageQueues(topic);
  const found = await until(async () => {
    const result = await consumer.pull(queue!, 0, { blockIfNotFound: true });
    return result.pullStatus === "FOUND" && result.nextBeginOffset === 10 ? result : undefined;
  }, { timeoutMs: 60_000, what: "ten messages" });
  assertEquals(found.msgFoundList.map((message) => message.bodyText), bodies(10));
  assertEquals([found.minOffset, found.maxOffset], [0, 10]);
  const even = await consumer.pull(queue!, 0, { selector: "even" });
  assertEquals(even.msgFoundList.map((message) => message.bodyText), ["m0", "m2", "m4", "m6", "m8"]);
  assertEquals((await consumer.pull(queue!, 10)).pullStatus, "NO_NEW_MSG");
  assertEquals((await consumer.pull(queue!, 99)).pullStatus, "OFFSET_ILLEGAL");
  assertEquals((await consumer.pull(queue!, 0, { selector: "never" })).pullStatus, "NO_MATCHED_MSG");
  assertEquals([await consumer.minOffset(queue!), await consumer.maxOffset(queue!)], [0, 10]);
  consumer.updateConsumeOffset(queue!, 4);
  assertEquals(await consumer.fetchConsumeOffset(queue!), 4);
  await consumer.shutdown();
  await using again = new PullConsumer({ namesrvAddr: target.nameServer, consumerGroup: group });
  await again.start();
  await again.fetchSubscribeMessageQueues(topic);
  assertEquals(
    await until(() => again.fetchConsumeOffset(queue!, true), { timeoutMs: 60_000, what: "stored offset" }),
    4,
  );
});
