/**
 * The main job in one go: a name server, a broker, a producer and a consumer, printed so that a person sees what happens.
 *
 *     deno task demo
 *
 * It uses free ports and a folder of its own, needs nothing installed or started, and leaves nothing behind. Exit code 0 when every message
 * that was acknowledged was consumed, 1 otherwise (also when a server dies on the way).
 *
 * Owns: the two server processes and the folder. Reads: nothing. Never: touches another broker.
 */
import { Producer, PushConsumer } from "../actors/client/mod.ts";
import { freeBrokerPort, freePort } from "./free_ports.ts";
import { endOnHelp, refuseUnknown } from "./help.ts";
import { type ServerProcess, startServerProcess } from "./server_process.ts";

const MESSAGES = 10;
const RECEIVE_MS = 20_000;
const encoder = new TextEncoder();
const began = performance.now();

function say(text: string): void {
  const line = `${((performance.now() - began) / 1000).toFixed(2).padStart(6)} s  ${text}\n`;
  const bytes = encoder.encode(line);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/** Rejects when a server ends before it was asked to. */
function died(name: string, server: ServerProcess): Promise<never> {
  return server.ended.then((code) =>
    Promise.reject(new Error(`The ${name} (pid ${server.pid}) ended with exit code ${code}`))
  );
}

async function exchange(nameServer: string, topic: string): Promise<void> {
  await using consumer = new PushConsumer({
    namesrvAddr: nameServer,
    consumerGroup: "demo_consumers",
    consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
  });
  await using producer = new Producer({ namesrvAddr: nameServer, producerGroup: "demo_producers" });
  await producer.start();
  say(`Producer "demo_producers" started; it finds the broker through the name server`);

  const expected = new Map<string, string>();
  const payload = crypto.randomUUID();
  for (let i = 0; i < MESSAGES; i++) {
    const body = `message ${i} of ${payload}`;
    const result = await producer.send({ topic, tags: i % 2 === 0 ? "even" : "odd", keys: `key-${i}`, body });
    expected.set(result.msgId, body);
    say(`sent      ${result.sendStatus}  queue ${result.messageQueue.queueId} offset ${result.queueOffset}  "${body}"`);
  }

  consumer.subscribe(topic, "*");
  await consumer.start();
  say(`Consumer "demo_consumers" started; it reads topic "${topic}" from its first message`);
  const deadline = AbortSignal.timeout(RECEIVE_MS);
  for await (const message of consumer) {
    if (deadline.aborted) break;
    const wanted = expected.get(message.msgId);
    if (wanted === undefined) throw new Error(`Consumed a message that was not sent: "${message.bodyText}"`);
    if (wanted !== message.bodyText) throw new Error(`Consumed "${message.bodyText}", sent was "${wanted}"`);
    expected.delete(message.msgId);
    say(`consumed  queue ${message.queueId} offset ${message.queueOffset}  tag ${message.tags}  "${message.bodyText}"`);
    if (expected.size === 0) break;
  }
  if (expected.size > 0) {
    throw new Error(`${expected.size} of ${MESSAGES} messages were not consumed in ${RECEIVE_MS} ms`);
  }
  say(`All ${MESSAGES} messages came back as they were sent`);
}

async function demo(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ringmq-demo-" });
  try {
    const nameServerPort = freePort();
    const nameServer = `127.0.0.1:${nameServerPort}`;
    say(`Starting a name server on ${nameServer}`);
    await using names = await startServerProcess("actors/name_server/mod.ts", [
      "--set",
      `listenPort=${nameServerPort}`,
      "--set",
      `kvConfigPath=${folder}/kvConfig.json`,
    ]);
    say(`Name server accepts (pid ${names.pid}, ${names.startMs.toFixed(0)} ms)`);

    const port = freeBrokerPort();
    say(`Starting a broker on 127.0.0.1:${port}, its store in a temporary folder`);
    await using broker = await startServerProcess("actors/broker/mod.ts", [
      "-n",
      nameServer,
      "--set",
      `listenPort=${port}`,
      "--set",
      "brokerIP1=127.0.0.1",
      "--set",
      "brokerName=demo-broker",
      "--set",
      `storePathRootDir=${folder}/store`,
    ]);
    say(`Broker accepts (pid ${broker.pid}, ${broker.startMs.toFixed(0)} ms)`);

    const watch = new AbortController();
    const servers = Promise.race([died("broker", broker), died("name server", names)]);
    servers.catch(() => watch.abort());
    await Promise.race([exchange(nameServer, "DemoTopic"), servers]);

    say("Stopping the broker: it unregisters, writes what is left and closes its store");
    const code = await broker.stop();
    if (code !== 0) throw new Error(`The broker stopped with exit code ${code}`);
    await names.stop();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

endOnHelp(`
deno task demo       starts a name server, a broker, a producer and a consumer, shows what happens, and leaves nothing behind
  -h  --help         print this, and end
`);
if (Deno.args[0] !== undefined) refuseUnknown(Deno.args[0]);

try {
  await demo();
  say("Done");
  Deno.exit(0);
} catch (error) {
  say(`Failed: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
