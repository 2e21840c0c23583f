/** A message that a listener refuses comes back by level and ends in the dead-letter queue. */
import { assert, assertEquals } from "@std/assert";
import { until } from "../helpers/until.ts";
import { createTopic } from "./broker_requests.ts";
import { Group } from "./consumers.ts";
import { type ClientName, conformanceSuite } from "./suite.ts";

/** Seconds of the delay levels here; the real ones are too long for a test. Level 3 is where retries begin. */
const LEVEL_SECONDS = [1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

/** How late a busy machine may be. */
const LATE_MS_MAX = 60_000;
const test = conformanceSuite({
  clients: ["java54", "java49", "go", "node"],
  broker: { messageDelayLevel: LEVEL_SECONDS.map((seconds) => `${seconds}s`).join(" ") },
});

interface KeptMessage {
  readonly topic: string;
  readonly fromTopic: string;
  readonly msgId: string;
  readonly seq: number;
  readonly reconsumeTimes: number;
  readonly receivedMs: number;
  readonly properties: Readonly<Record<string, string>>;
}

interface QueueRead {
  readonly status: string;
  readonly messages: readonly KeptMessage[];
}

test(
  "Java 5.4: a message refused each time is retried by level and reaches the dead-letter queue",
  ["java54"],
  async (context) => {
    const client = await context.client("java54");
    const { target } = context;
    const namesrv = target.nameServer;
    const topic = "RetryToDlq";
    const retries = 3;
    await createTopic(target, topic);
    const group = new Group(client, target, "cg_dlq", topic);
    await group.join("refuser", { failTimes: 99, maxReconsume: retries, keep: true });
    await client.call("producer.start", { name: topic, group: "pg_dlq", namesrv });
    const sent = await client.call<{ msgId: string; offsetMsgId: string }>("send", {
      producer: topic,
      topic,
      seq: 0,
      tags: "TagA",
      keys: "dlq-key",
      properties: { own: "kept" },
    });
    await group.reach(1 + retries, 60_000);
    const dead = await until(async () => {
      const read = await client.call<QueueRead>("readQueue", {
        namesrv,
        topic: "%DLQ%cg_dlq",
        brokerName: target.brokerName,
        queueId: 0,
      }).catch(() => undefined);
      return read?.status === "FOUND" ? read.messages : undefined;
    }, { timeoutMs: 60_000, what: "the dead-letter queue" });

    const kept = await client.call<KeptMessage[]>("consumer.messages", { name: "refuser" });
    assertEquals(kept.map(({ reconsumeTimes }) => reconsumeTimes), [0, 1, 2, 3]);
    assertEquals(kept.map(({ fromTopic }) => fromTopic), [topic, ...Array(retries).fill("%RETRY%cg_dlq")]);
    for (const message of kept) {
      assertEquals({ topic: message.topic, seq: message.seq, own: message.properties.own, msgId: message.msgId }, {
        topic,
        seq: 0,
        own: "kept",
        msgId: sent.msgId,
      });
    }
    for (let retry = 1; retry <= retries; retry++) {
      const gapMs = kept[retry]!.receivedMs - kept[retry - 1]!.receivedMs;
      const wantedMs = LEVEL_SECONDS[2 + retry - 1]! * 1000;
      assert(
        gapMs >= wantedMs - 50 && gapMs < wantedMs + LATE_MS_MAX,
        `retry ${retry} came after ${gapMs} ms, level says ${wantedMs} ms`,
      );
    }

    assertDead(dead, sent, topic, retries);
    await group.end();
    await client.call("producer.stop", { name: topic });
  },
);

for (const name of ["java54", "java49", "go", "node"] satisfies ClientName[]) {
  test(`${name}: a message refused twice is retried and then taken`, [name], async (context) => {
    const client = await context.client(name);
    const { target } = context;
    const topic = `RetryTwice_${name}`;
    await createTopic(target, topic);
    // A Go consumer that does not find the route of its retry topic when it starts looks again after 30 s only.
    await createTopic(target, `%RETRY%cg_retry_${name}`, { queues: 1 });
    const group = new Group(client, target, `cg_retry_${name}`, topic);
    await group.join(`twice_${name}`, { failTimes: 2 });
    await client.call("producer.start", { name: topic, group: `pg_${topic}`, namesrv: target.nameServer });
    await client.call("produce", {
      producer: topic,
      topic,
      mode: "sync",
      from: 0,
      count: 3,
      size: 100,
      seed: 1,
      window: 1,
      threads: 1,
      log: `${target.dir}/${topic}.acked`,
    });
    await group.reach(9, 150_000);
    const deliveries = await group.deliveries();
    for (let seq = 0; seq < 3; seq++) {
      const times = deliveries.filter((delivery) => delivery.seq === seq).map(({ reconsumeTimes }) => reconsumeTimes);
      assertEquals(times, [0, 1, 2], `deliveries of ${seq}`);
    }
    await group.end();
    await client.call("producer.stop", { name: topic });
  });
}

function assertDead(
  dead: readonly KeptMessage[],
  sent: { msgId: string; offsetMsgId: string },
  topic: string,
  retries: number,
): void {
  assertEquals(dead.length, 1);
  const properties = dead[0]!.properties;
  assertEquals({ seq: dead[0]!.seq, reconsumeTimes: dead[0]!.reconsumeTimes }, {
    seq: 0,
    reconsumeTimes: retries + 1,
  });
  assertEquals(
    {
      own: properties.own,
      TAGS: properties.TAGS,
      KEYS: properties.KEYS,
      RETRY_TOPIC: properties.RETRY_TOPIC,
      UNIQ_KEY: properties.UNIQ_KEY,
      ORIGIN_MESSAGE_ID: properties.ORIGIN_MESSAGE_ID,
      DELAY: properties.DELAY,
      WAIT: properties.WAIT,
      REAL_TOPIC: properties.REAL_TOPIC,
    },
    {
      own: "kept",
      TAGS: "TagA",
      KEYS: "dlq-key",
      RETRY_TOPIC: topic,
      UNIQ_KEY: sent.msgId,
      ORIGIN_MESSAGE_ID: sent.offsetMsgId,
      DELAY: "0",
      WAIT: "false",
      REAL_TOPIC: "%RETRY%cg_dlq",
    },
  );
}
