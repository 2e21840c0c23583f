/**
 * What the tests of our own client against a live target share: names, options, collecting.
 *
 * @module
 */
import {
  Admin,
  type ConsumeConcurrentlyStatus,
  type MessageExt,
  Producer,
  type ProducerOptions,
  PushConsumer,
  type PushConsumerOptions,
} from "../../actors/client/mod.ts";
import { until } from "../helpers/until.ts";
import type { Target } from "./target.ts";

/** Milliseconds for a call of an admin: a broker that has just been started may be busy with itself. */
const ADMIN_TIMEOUT_MS = 20_000;

let names = 0;

/**
 * A name no other test uses.
 *
 * @param prefix What it is for.
 */
export function fresh(prefix: string): string {
  return `${prefix}_${Date.now().toString(36)}_${names++}`;
}

/**
 * A started producer.
 *
 * @param target Where.
 * @param options Over the defaults.
 */
export async function producerOn(target: Target, options: ProducerOptions = {}): Promise<Producer> {
  const producer = new Producer({ namesrvAddr: target.nameServer, producerGroup: fresh("PG"), ...options });
  await producer.start();
  return producer;
}

/**
 * A started admin.
 *
 * @param target Where.
 */
export async function adminOn(target: Target): Promise<Admin> {
  const admin = new Admin({ namesrvAddr: target.nameServer, timeoutMillis: ADMIN_TIMEOUT_MS });
  await admin.start();
  return admin;
}

/**
 * Creates a topic and waits until it has a route.
 *
 * @param target Where.
 * @param queues How many queues.
 * @param attributes Attributes, such as `+message.type=DELAY`.
 */
export async function topicOn(target: Target, queues = 4, attributes?: string): Promise<string> {
  const topic = fresh("T");
  await using admin = await adminOn(target);
  await admin.createTopic({
    topic,
    readQueueNums: queues,
    writeQueueNums: queues,
    ...(attributes === undefined ? {} : { attributes }),
  }, { brokerAddr: target.broker });
  await until(async () => (await admin.topicList()).includes(topic), { timeoutMs: 60_000, what: `route of ${topic}` });
  return topic;
}

/** A consumer that keeps what it gets. */
export class Collector {
  /** Messages in order of arrival. */
  readonly messages: MessageExt[] = [];
  /** The consumer. */
  readonly consumer: PushConsumer;

  /**
   * @param target Where.
   * @param options Group and more; without a listener all is accepted.
   */
  constructor(target: Target, options: Partial<PushConsumerOptions> = {}) {
    const keep = (messages: readonly MessageExt[]): ConsumeConcurrentlyStatus => {
      this.messages.push(...messages);
      return "CONSUME_SUCCESS";
    };
    const listener = options.messageListenerOrderly === undefined
      ? { messageListener: options.messageListener ?? keep }
      : {};
    this.consumer = new PushConsumer({
      namesrvAddr: target.nameServer,
      consumerGroup: fresh("CG"),
      consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
      ...options,
      ...listener,
    });
  }

  /** Bodies in order of arrival. */
  get bodies(): string[] {
    return this.messages.map((message) => message.bodyText);
  }

  /** Waits until so many messages are there. */
  async count(count: number, timeoutMs = 30_000): Promise<void> {
    await until(() => this.messages.length >= count, {
      timeoutMs,
      what: `${count} messages, ${this.messages.length} are there`,
    });
  }

  /** Stops the consumer. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.consumer.shutdown();
  }
}

/** Numbers from 0, as texts. */
export function bodies(count: number, prefix = "m"): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}
