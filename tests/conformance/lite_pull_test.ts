/** A Java lite pull consumer: assign, subscribe, seek, pause, commit. */
import { assert, assertEquals } from "@std/assert";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { createTopic } from "./broker_requests.ts";
import type { ClientProcess, Json } from "./client_process.ts";
import { produce } from "./consumers.ts";
import { RawClient } from "./raw_client.ts";
import { conformanceSuite, type SuiteContext } from "./suite.ts";

const QUEUES = 4;
const PER_QUEUE = 50;
/** So long a seek at Apache's broker has time to bring what it should before it is said again. */
const SEEK_MS = 20_000;
const test = conformanceSuite({ clients: ["java54", "java49"] });

interface Polled {
  readonly queueId: number;
  readonly queueOffset: number;
  readonly seq: number;
  readonly storeMs: number;
}

async function fill(context: SuiteContext, client: ClientProcess, topic: string): Promise<void> {
  const { target } = context;
  await createTopic(target, topic, { queues: QUEUES });
  await client.call("producer.start", { name: topic, group: `pg_${topic}`, namesrv: target.nameServer });
  // One thread and as many shards as queues: shard n lies in queue n, so offset k of queue n is number 4k + n.
  await produce(client, target, topic, { topic, mode: "ordered", from: 0, count: QUEUES * PER_QUEUE, shards: QUEUES });
  await client.call("producer.stop", { name: topic });
}

/**
 * Polls until there is enough; where a test seeks, from there on.
 *
 * A seek of Java's client interrupts the pull that is on its way, which may be the very one that has taken the new offset: then nothing comes from there. Apache's
 * broker has shown it, so at that one a seek is said again. RingMQ has to serve the first one.
 *
 * @param seeks arguments of each
 * @returns what came after the last seeks
 */
async function pollUntil(
  context: SuiteContext,
  client: ClientProcess,
  name: string,
  enough: (all: readonly Polled[]) => boolean,
  seeks: readonly { readonly [key: string]: Json }[] = [],
): Promise<Polled[]> {
  const all: Polled[] = [];
  let soughtMs = -Infinity;
  await until(async () => {
    const isFirst = soughtMs === -Infinity;
    if (isFirst || (context.target.name === "apache" && performance.now() - soughtMs > SEEK_MS)) {
      for (const seek of seeks) await client.call("lite.seek", seek);
      soughtMs = performance.now();
      if (seeks.length > 0) all.length = 0;
    }
    all.push(...await client.call<Polled[]>("lite.poll", { name, timeoutMs: 200 }));
    return enough(all);
  }, { timeoutMs: 60_000, what: "the lite pull consumer to get what it should" });
  return all;
}

const distinct = (all: readonly Polled[]): number => new Set(all.map(({ seq }) => seq)).size;

for (const version of ["java54", "java49"] as const) {
  test(`${version}: a lite pull consumer with assigned queues seeks to any offset, to the begin and to the end`, [
    version,
  ], async (context) => {
    const client = await context.client(version);
    const { target } = context;
    const topic = `LiteAssign_${version}`;
    const name = `lite_${version}`;
    await fill(context, client, topic);
    await client.call("lite.start", { name, group: `cg_${topic}`, namesrv: target.nameServer });
    assertEquals(await client.call("lite.assign", { name, topic }), QUEUES);
    const queue = { name, topic, brokerName: target.brokerName };
    const begins = Array.from({ length: QUEUES }, (_, queueId) => ({ ...queue, queueId, to: "begin" }));
    const first = await pollUntil(context, client, name, (all) => distinct(all) === QUEUES * PER_QUEUE, begins);
    for (const { queueId, queueOffset, seq } of first) assertEquals(seq, QUEUES * queueOffset + queueId);

    const second = await pollUntil(context, client, name, (all) => distinct(all) >= 10, [
      { ...queue, queueId: 2, offset: 40 },
    ]);
    assertEquals(
      second.map(({ queueId, queueOffset }) => [queueId, queueOffset]),
      Array.from({ length: 10 }, (_, n) => [2, 40 + n]),
    );

    const third = await pollUntil(context, client, name, (all) => distinct(all) >= PER_QUEUE, [
      { ...queue, queueId: 1, to: "begin" },
      { ...queue, queueId: 3, to: "end" },
    ]);
    assertEquals(new Set(third.map(({ queueId }) => queueId)), new Set([1]));

    await client.call("lite.commit", { name });
    assertEquals(await client.call("lite.committed", { ...queue, queueId: 1 }), PER_QUEUE);
    const middle = first.find(({ queueId, queueOffset }) => queueId === 0 && queueOffset === 25)!;
    const found = await client.call<number>("lite.offsetForTimestamp", {
      ...queue,
      queueId: 0,
      timestampMs: middle.storeMs,
    });
    assert(
      found <= 25 && found > 0 ||
        first.some(({ queueId, queueOffset, storeMs }) =>
          queueId === 0 && queueOffset === 0 && storeMs === middle.storeMs
        ),
      `offset ${found} for the store time of 25`,
    );
    await client.call("lite.stop", { name });
  });

  test(`${version}: a lite pull consumer that subscribes goes on where it committed`, [version], async (context) => {
    const client = await context.client(version);
    const { target } = context;
    const topic = `LiteSubscribe_${version}`;
    const name = `lite_${version}_s`;
    const group = `cg_${topic}`;
    await fill(context, client, topic);
    await client.call("lite.start", { name, group, topic, namesrv: target.nameServer, autoCommit: true });
    await pollUntil(context, client, name, (all) => distinct(all) === QUEUES * PER_QUEUE);
    await client.call("lite.commit", { name });
    // A commit is for the client's next report, every 5 s (first after 10) and at the stop; that of the stop may be lost with the connection that it closes.
    using broker = await RawClient.connect(target.broker);
    await until(async () => {
      const fields = Array.from(
        { length: QUEUES },
        (_, queueId) => ({ consumerGroup: group, topic, queueId: `${queueId}` }),
      );
      const answers = await Promise.all(fields.map((each) => broker.call(RequestCode.QUERY_CONSUMER_OFFSET, each)));
      return answers.every(({ code, ext }) => code === 0 && Number(ext["offset"]) === PER_QUEUE);
    }, { timeoutMs: 60_000, what: "the commits at the broker" });
    await client.call("lite.stop", { name });

    await client.call("producer.start", { name: topic, group: `pg_${topic}`, namesrv: target.nameServer });
    await produce(client, target, topic, {
      topic,
      mode: "ordered",
      from: QUEUES * PER_QUEUE,
      count: 20,
      shards: QUEUES,
    });
    await client.call("producer.stop", { name: topic });
    await client.call("lite.start", { name, group, topic, namesrv: target.nameServer, autoCommit: true });
    const rest = await pollUntil(context, client, name, (all) => distinct(all) >= 20);
    assertEquals(
      rest.map(({ seq }) => seq).sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, n) => QUEUES * PER_QUEUE + n),
    );
    await client.call("lite.stop", { name });
  });
}
