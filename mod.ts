/**
 * RingMQ: a RocketMQ client for TypeScript. The broker and the name server have doors of their own, `./broker` and `./namesrv`.
 *
 * @example
 * ```ts ignore
 * import { Producer } from "@ringmq/ringmq";
 *
 * await using producer = new Producer({ namesrvAddr: "127.0.0.1:9876" });
 * await producer.start();
 * await producer.send({ topic: "Greetings", body: "hello" });
 * ```
 *
 * @module
 */
export * from "./actors/client/mod.ts";
