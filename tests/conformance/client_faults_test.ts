/**
 * Our client when brokers and name servers die under load: it resumes by itself, loses nothing, and says what is true.
 */
import { assert, assertEquals } from "@std/assert";
import { type Admin, ClientError, type MessageExt, type MessageQueue, type Producer } from "../../actors/client/mod.ts";
import { systemClock } from "../../store/clock.ts";
import { until } from "../helpers/until.ts";
import { adminOn, Collector, fresh, producerOn, topicOn } from "./client_kit.ts";
import { assertDelivered, assertTruthful, Load, type Outcome, readQueues } from "./client_load.ts";
import { SecondBroker } from "./second_broker.ts";
import { conformanceSuite } from "./suite.ts";
import type { Target } from "./target.ts";

const test = conformanceSuite({ clients: [] });

/** Milliseconds a client has to resume after its peer is back. */
const RESUME_MS = 2_000;
/** Milliseconds between two messages of a key. */
const PACE_MS = 3;

/** An orderly consumer that remembers bodies and when they came. */
class OrderlyCollector {
  readonly bodies: string[] = [];
  readonly collector: Collector;
  lastMs = 0;

  constructor(target: Target, topic: string) {
    this.collector = new Collector(target, {
      suspendCurrentQueueTimeMillis: 50,
      messageListenerOrderly: (messages: readonly MessageExt[]) => {
        this.bodies.push(...messages.map((message) => message.bodyText));
        this.lastMs = systemClock.monotonicMs();
        return "SUCCESS";
      },
    });
    this.collector.consumer.subscribe(topic);
  }

  /** Waits until all of these came. */
  async all(bodies: readonly string[]): Promise<void> {
    await until(() => {
      const seen = new Set(this.bodies);
      return bodies.every((body) => seen.has(body));
    }, { timeoutMs: 60_000, what: `${bodies.length} messages, ${new Set(this.bodies).size} came` });
  }
}

for (const workers of [true, false]) {
  test(
    `The broker is killed and comes back: sends and orderly consumption resume, ${workers ? "with workers" : "inline"}`,
    [],
    async ({ target }) => {
      const topic = await topicOn(target, 4);
      await using producer = await producerOn(target, { workers });
      const orderly = new OrderlyCollector(target, topic);
      await using collector = orderly.collector;
      await collector.consumer.start();
      const load = new Load(producer, topic, { keys: 6, paceMs: PACE_MS });
      const queues = await producer.fetchPublishMessageQueues(topic);
      await until(() => load.stored >= 300 && orderly.bodies.length >= 200, { timeoutMs: 60_000, what: "a load" });
      await target.kill9Broker();
      await target.startBroker();
      const backMs = systemClock.monotonicMs();
      const sent = await until(() => load.storedSince(backMs), { timeoutMs: 60_000, what: "a stored message" });
      await until(() => orderly.lastMs > backMs && orderly.bodies.some((body) => body === sent.body), {
        timeoutMs: 60_000,
        what: "a delivery of what was sent since",
      });
      const consumedMs = orderly.lastMs;
      await until(() => load.storedSince(backMs + 500), { timeoutMs: 60_000, what: "the load going on" });
      await load.stop();
      assert(sent.atMs - backMs <= RESUME_MS, `sends resumed after ${Math.round(sent.atMs - backMs)} ms`);
      assert(consumedMs - backMs <= RESUME_MS, `consumption resumed after ${Math.round(consumedMs - backMs)} ms`);
      const stored = load.outcomes.filter(({ kind }) => kind === "stored").map(({ body }) => body);
      await orderly.all(stored);
      assertDelivered(load.outcomes, orderly.bodies);
      assertTruthful(load.outcomes, await readQueues(target, queues));
      assert(load.outcomes.some(({ kind }) => kind !== "stored"), "the broker was away");
    },
  );
}

test("The name server is killed and comes back: the load does not notice", [], async ({ target }) => {
  const topic = await topicOn(target, 4);
  await using producer = await producerOn(target);
  await using admin = await adminOn(target);
  const orderly = new OrderlyCollector(target, topic);
  await using collector = orderly.collector;
  await collector.consumer.start();
  const load = new Load(producer, topic, { keys: 6, paceMs: PACE_MS });
  await until(() => load.stored >= 200 && orderly.bodies.length >= 100, { timeoutMs: 60_000, what: "a load" });
  await target.kill9NameServer();
  const goneMs = systemClock.monotonicMs();
  await until(() => load.storedSince(goneMs + 300), { timeoutMs: 60_000, what: "sends without a name server" });
  const during = orderly.bodies.length;
  await until(() => orderly.bodies.length > during + 50, { timeoutMs: 60_000, what: "consumption without one" });
  await target.startNameServer();
  const backMs = systemClock.monotonicMs();
  await until(async () => {
    try {
      await admin.clusterInfo();
      return true;
    } catch (error) {
      if (error instanceof ClientError && error.code === "NAME_SERVER_UNREACHABLE") return false;
      throw error;
    }
  }, { timeoutMs: RESUME_MS, what: "an answer of the name server" });
  await until(() => load.storedSince(backMs + 200), { timeoutMs: 60_000, what: "the load going on" });
  await load.stop();
  assertEquals(load.outcomes.filter(({ kind }) => kind !== "stored"), []);
  await orderly.all(load.outcomes.map(({ body }) => body));
  assertDelivered(load.outcomes, orderly.bodies);
});

/** A concurrent consumer that remembers what it got, and when it first got something from one broker. */
class MoveCollector {
  readonly seen: Set<string> = new Set();
  readonly collector: Collector;
  firstMs: number | undefined;
  /** When a pull was refused first. */
  refusedMs: number | undefined;

  constructor(target: Target, options: { topic: string; broker: string; pollNameServerInterval?: number }) {
    const { topic, broker, ...rest } = options;
    this.collector = new Collector(target, {
      ...rest,
      logger: {
        warn: (text) => {
          if (text === "Pull failed") this.refusedMs ??= systemClock.monotonicMs();
        },
      },
      messageListener: (messages) => {
        for (const message of messages) {
          this.seen.add(message.bodyText);
          if (message.queue.brokerName === broker) this.firstMs ??= systemClock.monotonicMs();
        }
        return "CONSUME_SUCCESS";
      },
    });
    this.collector.consumer.subscribe(topic);
  }
}

/** Creates a topic, waits for a load on it, then creates it on the second broker too and waits until that is visible. */
async function beginMove(
  target: Target,
  second: SecondBroker,
  options: { pollNameServerInterval?: number; createTopicKey?: string },
): Promise<{
  topic: string;
  admin: Admin;
  producer: Producer;
  mover: MoveCollector;
  load: Load;
  oldQueues: MessageQueue[];
  visibleMs: number;
}> {
  const admin = await adminOn(target);
  const topic = fresh("MOVED");
  const { createTopicKey: _, ...polling } = options;
  await admin.createTopic({ topic, readQueueNums: 4, writeQueueNums: 4 }, { brokerAddr: target.broker });
  await until(async () => (await admin.topicList()).includes(topic), { timeoutMs: 60_000, what: "the route" });
  const producer = await producerOn(target, options);
  const mover = new MoveCollector(target, { topic, broker: second.name, ...polling });
  await mover.collector.consumer.start();
  const load = new Load(producer, topic, { keys: 6, paceMs: PACE_MS });
  await until(() => load.stored >= 200 && mover.seen.size >= 100, { timeoutMs: 60_000, what: "a load" });
  const oldQueues = await producer.fetchPublishMessageQueues(topic);
  await admin.createTopic({ topic, readQueueNums: 4, writeQueueNums: 4 }, { brokerAddr: second.address });
  await until(async () => (await admin.topicRoute(topic)).brokers.some((one) => one.brokerName === second.name), {
    timeoutMs: 60_000,
    what: "the new route",
  });
  return { topic, admin, producer, mover, load, oldQueues, visibleMs: systemClock.monotonicMs() };
}

function isOn(broker: { readonly name: string }, outcome: Outcome): boolean {
  return outcome.place?.startsWith(`${broker.name}/`) ?? false;
}

test(
  "Queues move to another broker: with a short interval of route refreshes both sides follow in two seconds",
  [],
  async ({ target }) => {
    await using second = await SecondBroker.up(target);
    const moved = await beginMove(target, second, { pollNameServerInterval: 500 });
    const { topic, mover, load, visibleMs } = moved;
    await using admin = moved.admin;
    await using _producer = moved.producer;
    await using _collector = mover.collector;
    await admin.createTopic({ topic, readQueueNums: 4, writeQueueNums: 4, perm: 4 }, { brokerAddr: target.broker });
    await until(() => load.storedSince(visibleMs, (one) => isOn(second, one)), { timeoutMs: 60_000, what: "a send" });
    await until(() => mover.firstMs, { timeoutMs: 60_000, what: "a delivery" });
    const sentMs = (load.storedSince(visibleMs, (one) => isOn(second, one))?.atMs ?? 0) - visibleMs;
    const gotMs = (mover.firstMs ?? 0) - visibleMs;
    assert(sentMs <= RESUME_MS, `sends moved after ${Math.round(sentMs)} ms`);
    assert(gotMs <= RESUME_MS, `consumption moved after ${Math.round(gotMs)} ms`);
    const aloneMs = visibleMs + RESUME_MS;
    await until(() => load.storedSince(aloneMs + 200), { timeoutMs: 60_000, what: "the load going on" });
    await load.stop();
    assert(load.outcomes.filter(({ atMs }) => atMs > aloneMs).every((one) => isOn(second, one)));
    assertEquals(load.outcomes.filter(({ kind }) => kind !== "stored"), []);
    await until(() => load.outcomes.every(({ body }) => mover.seen.has(body)), {
      timeoutMs: 60_000,
      what: `${load.outcomes.length} messages, ${mover.seen.size} came`,
    });
    const newQueues = moved.oldQueues.map((queue) => ({ ...queue, brokerName: second.name }));
    assertTruthful(load.outcomes, await readQueues(target, [...moved.oldQueues, ...newQueues]));
  },
);

test(
  "A broker that has lost a topic refuses: the route is read at once, not at the next interval",
  [],
  async ({ target }) => {
    await using second = await SecondBroker.up(target);
    // Without a template the first broker does not create the topic again by itself.
    const moved = await beginMove(target, second, { createTopicKey: fresh("none") });
    const { topic, mover, load } = moved;
    await using admin = moved.admin;
    await using _producer = moved.producer;
    await using _collector = mover.collector;
    const beforeMs = systemClock.monotonicMs();
    await admin.deleteTopic(topic, { brokerAddr: target.broker });
    await until(() => load.storedSince(beforeMs, (one) => isOn(second, one)), { timeoutMs: 60_000, what: "a send" });
    // The broker holds a pull for up to 15 s before it looks again whether it has the topic.
    await until(() => mover.firstMs, { timeoutMs: 60_000, what: "a delivery" });
    const sentMs = (load.storedSince(beforeMs, (one) => isOn(second, one))?.atMs ?? 0) - beforeMs;
    const gotMs = (mover.firstMs ?? 0) - (mover.refusedMs ?? 0);
    assert(sentMs <= RESUME_MS, `sends moved after ${Math.round(sentMs)} ms`);
    assert(gotMs <= RESUME_MS, `consumption moved after ${Math.round(gotMs)} ms`);
    await until(() => load.storedSince(beforeMs + 500), { timeoutMs: 60_000, what: "the load going on" });
    await load.stop();
    const there = load.outcomes.filter((one) => isOn(second, one));
    await until(() => there.every(({ body }) => mover.seen.has(body)), { timeoutMs: 60_000, what: "all messages" });
    const newQueues = moved.oldQueues.map((queue) => ({ ...queue, brokerName: second.name }));
    // What the first broker had was deleted with the topic; what failed must not be on the second.
    const others = load.outcomes.filter((one) => one.kind !== "stored" || isOn(second, one));
    assertTruthful(others, await readQueues(target, newQueues));
  },
);
