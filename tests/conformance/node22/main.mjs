/**
 * The Node package at work: produce, push-consume, and a transaction when asked.
 *
 *     node main.mjs <name server> <topic> [transaction topic]
 *
 * Prints one line of JSON: what was consumed, and the runtime.
 */
import { Producer, PushConsumer } from "@ringmq/ringmq/client";

const [namesrvAddr, topic, transactionTopic] = process.argv.slice(2);
const stamp = Date.now().toString(36);
const got = [];
const transacted = [];

async function until(condition, what) {
  const end = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}: ${JSON.stringify({ got, transacted })}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const producer = new Producer({
  namesrvAddr,
  producerGroup: `PG_node_${stamp}`,
  transactionListener: {
    executeLocalTransaction: (_message, state) => state,
    checkLocalTransaction: () => "COMMIT_MESSAGE",
  },
});
await producer.start();
const sent = await producer.send({ topic, body: "one", tags: "TagA", keys: "k" });
await producer.send(["two", "three"].map((body) => ({ topic, body })));
await producer.send({ topic, body: "zipped ".repeat(2_000) });

const consumer = new PushConsumer({
  namesrvAddr,
  consumerGroup: `CG_node_${stamp}`,
  consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
  messageListener: (messages) => {
    for (const message of messages) {
      (message.topic === topic ? got : transacted).push(message.bodyText.slice(0, 20).trim());
    }
    return "CONSUME_SUCCESS";
  },
});
consumer.subscribe(topic);
if (transactionTopic !== undefined) consumer.subscribe(transactionTopic);
await consumer.start();
await until(() => got.length >= 4, "four messages");
if (transactionTopic !== undefined) {
  await producer.sendMessageInTransaction({ topic: transactionTopic, body: "commit" }, "COMMIT_MESSAGE");
  await producer.sendMessageInTransaction({ topic: transactionTopic, body: "rollback" }, "ROLLBACK_MESSAGE");
  await producer.sendMessageInTransaction({ topic: transactionTopic, body: "unknown" }, "UNKNOW");
  await until(() => transacted.length >= 2, "two transactions");
}
const queues = consumer.messageQueues.filter((queue) => queue.topic === topic).length;
await consumer.shutdown();
await producer.shutdown();
console.log(
  JSON.stringify({
    version: process.version,
    got: got.sort(),
    transacted: transacted.sort(),
    queues,
    sendStatus: sent.sendStatus,
  }),
);
