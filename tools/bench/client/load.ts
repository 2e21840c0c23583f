/**
 * Our client as load: one process, one measurement, one line of JSON.
 *
 *     load.ts produce <name server> <topic> <concurrent sends> <body bytes> <warm-up s> <seconds>
 *     load.ts consume <name server> <topic> <group> <messages>
 *     load.ts fill <name server> <topic> <messages> <body bytes>
 *     load.ts pace <name server> <topic> <messages a second> <seconds>      sends bodies that begin with the time
 *     load.ts latency <name server> <topic> <group> <messages> [inline]     consumes them, with workers or without
 *
 * Owns: nothing beyond its process. Reads: its own processor time and memory.
 * Never: measures its start.
 */
import process from "node:process";
import { Producer, PushConsumer } from "../../../actors/client/mod.ts";
import { endOnHelp } from "../../help.ts";

interface Measured {
  readonly count: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
}

endOnHelp(
  `
load.ts produce <name server> <topic> <concurrent sends> <body bytes> <warm-up s> <seconds>
load.ts consume <name server> <topic> <group> <messages>
load.ts fill <name server> <topic> <messages> <body bytes>
load.ts pace <name server> <topic> <messages a second> <seconds>
load.ts latency <name server> <topic> <group> <messages> [inline]
`,
  true,
);

const [mode = "", namesrvAddr = "", topic = "", ...rest] = Deno.args;
const numbers = rest.map(Number);

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Measures from this call until the returned function is called. */
function measure(): (count: number, latenciesUs?: number[]) => Measured {
  const [began, cpu] = [performance.now(), cpuSeconds()];
  return (count, latenciesUs) => {
    const sorted = latenciesUs?.sort((a, b) => a - b);
    return {
      count,
      seconds: (performance.now() - began) / 1000,
      cpuSeconds: cpuSeconds() - cpu,
      rssBytes: process.memoryUsage().rss,
      ...(sorted === undefined ? {} : {
        p50Us: Math.round(sorted[sorted.length >> 1] ?? 0),
        p99Us: Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
      }),
    };
  };
}

async function producer(): Promise<Producer> {
  const made = new Producer({ namesrvAddr, producerGroup: "bench_ours", compressMsgBodyOverHowmuch: 1 << 30 });
  await made.start();
  return made;
}

async function produce(concurrent: number, bytes: number, warmUpS: number, seconds: number): Promise<Measured> {
  await using made = await producer();
  const body = new Uint8Array(bytes).fill(97);
  let count = 0;
  let stop = false;
  const work = Array.from({ length: concurrent }, async () => {
    while (!stop) {
      await made.send({ topic, body, tags: "tag" });
      count++;
    }
  });
  await new Promise((resolve) => setTimeout(resolve, warmUpS * 1000));
  const before = count;
  const done = measure();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const result = done(count - before);
  stop = true;
  await Promise.all(work);
  return result;
}

async function fill(messages: number, bytes: number): Promise<Measured> {
  await using made = await producer();
  const body = new Uint8Array(bytes).fill(97);
  const done = measure();
  let left = messages;
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (left > 0) {
      const size = Math.min(64, left);
      left -= size;
      await made.send(Array.from({ length: size }, () => ({ topic, body, tags: "tag" })));
    }
  }));
  return done(messages);
}

/** A clock that all processes of the machine share, in microseconds. */
function sharedUs(): number {
  return (performance.timeOrigin + performance.now()) * 1000;
}

async function pace(perSecond: number, seconds: number): Promise<Measured> {
  await using made = await producer();
  const done = measure();
  const began = performance.now();
  const work: Promise<unknown>[] = [];
  let count = 0;
  while (performance.now() - began < seconds * 1000) {
    const due = Math.floor((performance.now() - began) * perSecond / 1000);
    for (; count < due; count++) {
      const body = new Uint8Array(1024);
      new DataView(body.buffer).setFloat64(0, sharedUs());
      work.push(made.send({ topic, body, tags: "tag" }));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(work);
  return done(count);
}

/** Consumes so many messages; the clock starts with the first of them. */
async function consume(group: string, messages: number, latencies: boolean, workers = true): Promise<Measured> {
  let count = 0;
  let done: ReturnType<typeof measure> | undefined;
  const taken: number[] = [];
  const { promise, resolve } = Promise.withResolvers<Measured>();
  const consumer = new PushConsumer({
    namesrvAddr,
    consumerGroup: group,
    workers,
    consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
    consumeMessageBatchMaxSize: latencies ? 1 : 32,
    messageListener: (batch) => {
      done ??= measure();
      count += batch.length;
      if (latencies) {
        const nowUs = sharedUs();
        for (const { body } of batch) taken.push(nowUs - new DataView(body.buffer, body.byteOffset).getFloat64(0));
      }
      // Code is cold in the first half.
      if (count >= messages) resolve(done(count, latencies ? taken.slice(messages >> 1) : undefined));
    },
  });
  consumer.subscribe(topic);
  await consumer.start();
  const result = await promise;
  await consumer.shutdown();
  return result;
}

function run(): Promise<Measured> {
  switch (mode) {
    case "produce":
      return produce(numbers[0] ?? 64, numbers[1] ?? 1024, numbers[2] ?? 5, numbers[3] ?? 10);
    case "fill":
      return fill(numbers[0] ?? 1, numbers[1] ?? 1024);
    case "pace":
      return pace(numbers[0] ?? 2_000, numbers[1] ?? 5);
    case "consume":
    case "latency":
      return consume(rest[0] ?? "", numbers[1] ?? 1, mode === "latency", rest[2] !== "inline");
    default:
      throw new Error(`There is no mode "${mode}"`);
  }
}

console.log(JSON.stringify(await run()));
