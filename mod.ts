/**
 * RingMQ: a RocketMQ client for TypeScript. The broker and the name server have doors of their own, `./broker` and `./namesrv`.
 *
 * @example
 * ```ts
 * import { Producer } from "@ringmq/ringmq";
 *
 * await using producer = new Producer(); // the name server's address comes from NAMESRV_ADDR
 * await producer.start();
 * await producer.send({ topic: "Greetings", body: "hello" });
 * ```
 *
 * @module
 */
export * from "./actors/client/mod.ts";
