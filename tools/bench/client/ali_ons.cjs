/**
 * ali-ons as load, with the same arguments and the same line of JSON as load.ts: produce only.
 *
 *     node ali_ons.cjs <folder with node_modules> produce <name server> <topic> <concurrent sends> <body bytes> <warm-up s> <seconds>
 */
"use strict";
const { createRequire } = require("node:module");
const [folder, mode, nameSrv, topic, concurrent, bytes, warmUp, seconds] = process.argv.slice(2);
const load = createRequire(`${folder}/package.json`);
const { Message, Producer } = load("ali-ons");
/** ali-ons insists on an HTTP client although a name server address makes it useless. */
const httpclient = { request: () => Promise.reject(new Error("no HTTP here")) };
const logger = { info() {}, warn() {}, debug() {}, error: console.error };

async function main() {
  if (mode !== "produce") throw new Error(`There is no mode "${mode}"`);
  const producer = new Producer({ nameSrv, producerGroup: "bench_ali_ons", httpclient, logger });
  await producer.ready();
  const body = "a".repeat(Number(bytes));
  let count = 0;
  for (let i = 0; i < Number(concurrent); i++) {
    (async () => {
      for (;;) {
        await producer.send(new Message(topic, "tag", body));
        count++;
      }
    })().catch((error) => {
      console.error(error);
      process.exit(1);
    });
  }
  await new Promise((resolve) => setTimeout(resolve, Number(warmUp) * 1000));
  const [before, began, cpu] = [count, performance.now(), process.cpuUsage()];
  await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
  const { user, system } = process.cpuUsage(cpu);
  console.log(JSON.stringify({
    count: count - before,
    seconds: (performance.now() - began) / 1000,
    cpuSeconds: (user + system) / 1e6,
    rssBytes: process.memoryUsage().rss,
  }));
  process.exit(0);
}

main();
