/**
 * A load of our producer that remembers what it was told of each message, and the log to compare that with.
 *
 * Owns: the outcomes. Reads: what brokers hold. Never: retries a message, so that what a send said is what is checked.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  ClientError,
  type MessageQueue,
  type Producer,
  PullConsumer,
  selectMessageQueueByHash,
} from "../../actors/client/mod.ts";
import { systemClock } from "../../store/clock.ts";
import { until } from "../helpers/until.ts";
import { fresh } from "./client_kit.ts";
import type { Target } from "./target.ts";

/** What a send said. */
export interface Outcome {
  /** Body of the message, `key/number`. */
  readonly body: string;
  readonly kind: "stored" | "failed" | "unknown";
  /** When it was said, in milliseconds of the monotonic clock. */
  readonly atMs: number;
  /** Place, when it was stored. */
  readonly place: string | undefined;
  /** Code of the error. */
  readonly code: string | undefined;
}

/** Milliseconds before the next message of a key after one that was not stored. */
const AFTER_FAILURE_MS = 10;

/** Sends message after message of some keys, each key in order. */
export class Load {
  /** What was said, in order. */
  readonly outcomes: Outcome[] = [];
  readonly #producer: Producer;
  readonly #topic: string;
  readonly #stop = new AbortController();
  readonly #work: Promise<unknown>;

  /**
   * @param producer Sends.
   * @param topic To.
   * @param options How many keys; milliseconds between two messages of a key.
   */
  constructor(producer: Producer, topic: string, options: { readonly keys: number; readonly paceMs: number }) {
    this.#producer = producer;
    this.#topic = topic;
    this.#work = Promise.all(Array.from({ length: options.keys }, (_, i) => this.#key(`k${i}`, options.paceMs)));
  }

  /** Messages said to be stored. */
  get stored(): number {
    return this.outcomes.filter(({ kind }) => kind === "stored").length;
  }

  /**
   * The first message stored after a moment.
   *
   * @param ms The moment, of the monotonic clock.
   * @param where Holds for the outcome too.
   */
  storedSince(ms: number, where: (outcome: Outcome) => boolean = () => true): Outcome | undefined {
    return this.outcomes.find((one) => one.atMs >= ms && one.kind === "stored" && where(one));
  }

  /** Ends the load. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#work;
  }

  async #key(key: string, paceMs: number): Promise<void> {
    for (let number = 0; !this.#stop.signal.aborted; number++) {
      const outcome = await this.#send(`${key}/${number}`, key);
      this.outcomes.push(outcome);
      await systemClock.sleep(outcome.kind === "stored" ? paceMs : AFTER_FAILURE_MS);
    }
  }

  async #send(body: string, shardingKey: string): Promise<Outcome> {
    try {
      const result = await this.#producer.send({ topic: this.#topic, body, shardingKey }, {
        selector: selectMessageQueueByHash,
      });
      const { brokerName, queueId } = result.messageQueue;
      const place = `${brokerName}/${queueId}/${result.queueOffset}`;
      return { body, kind: "stored", atMs: systemClock.monotonicMs(), place, code: undefined };
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      return { body, kind: error.outcome, atMs: systemClock.monotonicMs(), place: undefined, code: error.code };
    }
  }
}

/** A message as a broker holds it. */
export interface Held {
  readonly body: string;
  /** `broker/queue/offset`. */
  readonly place: string;
}

/**
 * Reads everything that brokers hold of some queues.
 *
 * @param target Where.
 * @param queues Which.
 */
export async function readQueues(target: Target, queues: readonly MessageQueue[]): Promise<Held[]> {
  await using pull = new PullConsumer({ namesrvAddr: target.nameServer, consumerGroup: fresh("READ") });
  await pull.start();
  const held: Held[] = [];
  for (const queue of queues) {
    // A broker that has just come back may not be registered yet.
    await until(() => knows(pull, queue), { timeoutMs: 60_000, what: `a route to ${queue.brokerName}` });
    const end = await pull.maxOffset(queue);
    for (let offset = 0; offset < end;) {
      const result = await pull.pull(queue, offset, { maxNums: 32 });
      for (const message of result.msgFoundList) {
        held.push({ body: message.bodyText, place: `${queue.brokerName}/${queue.queueId}/${message.queueOffset}` });
      }
      offset = result.nextBeginOffset;
    }
  }
  return held;
}

async function knows(pull: PullConsumer, queue: MessageQueue): Promise<boolean> {
  try {
    const queues = await pull.fetchSubscribeMessageQueues(queue.topic);
    return queues.some(({ brokerName }) => brokerName === queue.brokerName);
  } catch (error) {
    if (error instanceof ClientError && error.code === "TOPIC_NOT_FOUND") return false;
    throw error;
  }
}

/**
 * Asserts that every send told the truth: what was stored is there, at its place and once; what failed is not.
 *
 * @param outcomes What was said.
 * @param held What the brokers hold.
 */
export function assertTruthful(outcomes: readonly Outcome[], held: readonly Held[]): void {
  const places = new Map<string, string[]>();
  for (const { body, place } of held) places.set(body, [...(places.get(body) ?? []), place]);
  const lies = outcomes.flatMap(({ body, kind, place, code }) => {
    const found = places.get(body) ?? [];
    if (kind === "stored" && !(found.length === 1 && found[0] === place)) {
      return [`${body}: said to be stored at ${place}, found at [${found}]`];
    }
    if (kind === "failed" && found.length > 0) return [`${body}: said to have failed (${code}), found at [${found}]`];
    return found.length > 1 ? [`${body}: found at [${found}]`] : [];
  });
  assertEquals(lies.slice(0, 20), []);
  const said = new Set(outcomes.map(({ body }) => body));
  assertEquals(held.filter(({ body }) => !said.has(body)), []);
}

/**
 * Asserts that the first deliveries of each key came in the order in which they were sent, and that nothing stored is
 * missing.
 *
 * @param outcomes What was said of each message.
 * @param delivered Bodies in order of delivery.
 */
export function assertDelivered(outcomes: readonly Outcome[], delivered: readonly string[]): void {
  const seen = new Set<string>();
  const last = new Map<string, number>();
  const disorder: string[] = [];
  for (const body of delivered) {
    if (seen.has(body)) continue;
    seen.add(body);
    const [key = "", number = ""] = body.split("/");
    if (Number(number) < (last.get(key) ?? -1)) disorder.push(`${body} came after ${key}/${last.get(key)}`);
    last.set(key, Number(number));
  }
  const missing = outcomes.filter(({ kind, body }) => kind === "stored" && !seen.has(body)).map(({ body }) => body);
  assertEquals({ missing: missing.slice(0, 20), disorder: disorder.slice(0, 20) }, { missing: [], disorder: [] });
}
