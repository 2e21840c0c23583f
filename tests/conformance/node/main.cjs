"use strict";
// A long-lived process that does what the tests ask for with ali-ons: a request a line on standard input ({"id","op","args"}),
// an answer a line on standard output ({"id","ok"} or {"id","error"}), requests in parallel. It ends with its standard input.
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const { createRequire } = require("node:module");
const { Consumer, Message, Producer } = createRequire(path.join(process.argv[2], "package.json"))("ali-ons");

const producers = new Map();
const consumers = new Map();
const quiet = {
  info() {},
  debug() {},
  warn() {},
  error(...words) {
    process.stderr.write(`${words.join(" ")}\n`);
  },
};

/** ali-ons insists on an HTTP client although a name server address makes it useless. */
const httpclient = { request: () => Promise.reject(new Error("no HTTP here")) };

function build(seq, seed, size) {
  const head = Buffer.from(`#${seq}:${seed};`);
  const body = Buffer.alloc(Math.max(size, head.length));
  head.copy(body);
  let x = (Math.imul(seq | 0, 0x9E3779B1) ^ seed) | 0;
  if (x === 0) x = 1;
  for (let i = head.length; i < body.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    body[i] = x & 0xff;
  }
  return body;
}

function check(body) {
  const match = /^#(\d+):(-?\d+);/.exec(body.subarray(0, 40).toString("latin1"));
  if (match === null) return -1;
  const seq = Number(match[1]);
  return body.equals(build(seq, Number(match[2]), body.length)) ? seq : -1;
}

async function startProducer(args) {
  const producer = new Producer({
    httpclient,
    nameSrv: args.namesrv,
    producerGroup: args.group,
    instanceName: args.name,
    logger: quiet,
    clientIP: "127.0.0.1",
  });
  producer.on("error", (error) => quiet.error("producer", error.message));
  await producer.ready();
  producers.set(args.name, producer);
  return true;
}

async function produce(args) {
  const producer = producers.get(args.producer);
  const lines = [];
  const errors = new Set();
  const from = args.from ?? 0;
  let failed = 0;
  let next = 0;
  const began = performance.now();
  const worker = async () => {
    while (next < args.count) {
      const seq = from + next++;
      const message = new Message(args.topic, args.tags ?? "", build(seq, args.seed ?? 0, args.size ?? 1024));
      if (args.keyPrefix !== undefined) message.keys = [`${args.keyPrefix}${seq}`];
      try {
        const result = await producer.send(message);
        if (result.sendStatus !== "SEND_OK") throw new Error(`send status ${result.sendStatus}`);
        lines.push(`${seq} ${result.messageQueue.queueId} ${result.queueOffset} ${result.msgId}\n`);
      } catch (error) {
        failed++;
        if (errors.size < 5) errors.add(error.message);
      }
    }
  };
  await Promise.all(Array.from({ length: args.window ?? 16 }, worker));
  fs.appendFileSync(args.log, lines.join(""));
  return { acked: lines.length, failed, errors: [...errors], seconds: (performance.now() - began) / 1000 };
}

async function startConsumer(args) {
  const running = { count: 0, lines: [] };
  running.consumer = new Consumer({
    httpclient,
    nameSrv: args.namesrv,
    consumerGroup: args.group,
    instanceName: args.name,
    logger: quiet,
    clientIP: "127.0.0.1",
    consumeFromWhere: args.from === "last" ? "CONSUME_FROM_LAST_OFFSET" : "CONSUME_FROM_FIRST_OFFSET",
    parallelConsumeLimit: args.threads ?? 8,
  });
  running.consumer.on("error", (error) => quiet.error("consumer", error.message));
  running.consumer.subscribe(args.topic, args.expression ?? "*", async (message) => { // ali-ons refuses a listener that is not an async function.
    const retried = message.retryTopic === undefined || message.retryTopic === null ? 0 : 1;
    running.lines.push(
      `${args.name} ${message.queueId} ${message.queueOffset} ${
        check(message.body)
      } ${message.reconsumeTimes} ${retried} ${Date.now()}\n`,
    );
    running.count++;
    // ali-ons drops what a listener returns for a retried message; an exception is what it sends back each time.
    if (message.reconsumeTimes < (args.failTimes ?? 0)) {
      throw new Error(`message ${message.msgId} is refused on purpose`);
    }
  });
  running.log = args.log;
  consumers.set(args.name, running);
  await running.consumer.ready();
  return true;
}

function flush() {
  for (const running of consumers.values()) {
    if (running.log !== undefined && running.lines.length > 0) {
      fs.appendFileSync(running.log, running.lines.splice(0).join(""));
    }
  }
}

const ops = {
  "producer.start": startProducer,
  "producer.stop": async (args) => {
    await producers.get(args.name).close();
    return producers.delete(args.name);
  },
  produce,
  "consumer.start": startConsumer,
  "consumer.stop": async (args) => {
    const running = consumers.get(args.name);
    await running.consumer.close();
    flush();
    consumers.delete(args.name);
    return running.count;
  },
  "consumer.count": (args) => consumers.get(args.name).count,
};

async function answer(line) {
  const request = JSON.parse(line);
  try {
    const op = ops[request.op];
    if (op === undefined) throw new Error(`operation ${request.op} is not known`);
    const ok = await op(request.args);
    flush();
    return { id: request.id, ok };
  } catch (error) {
    return {
      id: request.id,
      error: { type: error.name, code: error.code, message: error.message, stack: error.stack },
    };
  }
}

process.stdout.write('{"ready":true}\n');
const input = readline.createInterface({ input: process.stdin });
input.on("line", async (line) => process.stdout.write(`${JSON.stringify(await answer(line))}\n`));
input.on("close", () => process.exit(0));
