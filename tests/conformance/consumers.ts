/**
 * Steps that delivery tests share, whatever the language of the client.
 *
 * Owns: starting producers and consumers by name, waiting for a group to have everything, the bound on duplicates.
 * Reads: delivery logs. Never: knows which servers it talks to.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../store/clock.ts";
import { until } from "../helpers/until.ts";
import type { ClientProcess } from "./client_process.ts";
import { type Delivery, type DeliverySummary, readDeliveries, summarize } from "./delivery_log.ts";
import type { Target } from "./target.ts";

/** What a load reports. */
export interface LoadResult {
  readonly acked: number;
  readonly failed: number;
  readonly errors: readonly string[];
  readonly seconds: number;
}

/** Which messages a load sends. */
export interface LoadOptions {
  readonly topic: string;
  readonly mode: "sync" | "async" | "oneway" | "batch" | "ordered";
  readonly from: number;
  readonly count: number;
  readonly threads?: number;
  readonly window?: number;
  readonly shards?: number;
  readonly size?: number;
  readonly seed?: number;
  readonly tags?: string;
  readonly keyPrefix?: string;
  readonly log?: string;
}

/**
 * Sends messages and asserts that each was acknowledged.
 *
 * @param client Client program.
 * @param target Where to.
 * @param producer Name of its producer, started before.
 * @param options Which messages.
 */
export async function produce(
  client: ClientProcess,
  target: Target,
  producer: string,
  options: LoadOptions,
): Promise<LoadResult> {
  const log = options.log ?? `${target.dir}/${options.topic}.acked`;
  const result = await client.call<LoadResult>("produce", { producer, size: 1024, seed: 7, ...options, log }, {
    timeoutMs: 180_000,
  });
  assertEquals(
    { acked: result.acked, failed: result.failed },
    { acked: options.count, failed: 0 },
    `${options.mode}: ${result.errors.join("; ")}`,
  );
  return result;
}

/** One consumer group of a test, all its members in one client program, one log. */
export class Group {
  readonly name: string;
  readonly topic: string;
  readonly log: string;
  readonly #client: ClientProcess;
  readonly #target: Target;
  readonly #members = new Set<string>();
  #stopped = 0;

  /**
   * @param client Client program.
   * @param target Servers.
   * @param name Name of the group.
   * @param topic What it subscribes to.
   */
  constructor(client: ClientProcess, target: Target, name: string, topic: string) {
    this.#client = client;
    this.#target = target;
    this.name = name;
    this.topic = topic;
    this.log = `${target.dir}/${name}.deliveries`;
  }

  /**
   * Starts a member.
   *
   * @param member Its name.
   * @param options Arguments of the client's `consumer.start` beyond group and topic.
   */
  async join(member: string, options: Record<string, string | number | boolean> = {}): Promise<void> {
    await this.#client.call("consumer.start", {
      name: member,
      group: this.name,
      topic: this.topic,
      namesrv: this.#target.nameServer,
      log: this.log,
      ...options,
    });
    this.#members.add(member);
  }

  /**
   * Stops a member in an orderly way.
   *
   * @param member Its name.
   */
  async leave(member: string): Promise<void> {
    this.#stopped += await this.#client.call<number>("consumer.stop", { name: member });
    this.#members.delete(member);
  }

  /** Stops all members. */
  async end(): Promise<void> {
    for (const member of [...this.#members]) await this.leave(member);
  }

  /** Deliveries so far, counted by the client. */
  async count(): Promise<number> {
    let count = this.#stopped;
    for (const name of this.#members) count += await this.#client.call<number>("consumer.count", { name });
    return count;
  }

  /**
   * Waits until the group has had a number of deliveries.
   *
   * @param count How many.
   * @param timeoutMs Longest wait.
   * @param signal Ends the wait early, as a failure.
   */
  async reach(count: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    let reached = 0;
    try {
      await until(async () => {
        signal?.throwIfAborted();
        await systemClock.sleep(20);
        reached = await this.count();
        return reached >= count;
      }, { timeoutMs, what: `${count} deliveries to ${this.name}` });
    } catch (error) {
      const last = (await this.deliveries()).slice(-10).map((delivery) => JSON.stringify(delivery));
      throw new Error(`${this.name} had ${reached} deliveries; the last:\n${last.join("\n")}`, { cause: error });
    }
  }

  /** What was delivered so far, in the order of the log. */
  async deliveries(): Promise<Delivery[]> {
    await this.count();
    return await readDeliveries(this.log);
  }

  /**
   * Waits until every message has been delivered at least once.
   *
   * @param sent Messages 0 up to this one, exclusive.
   * @param timeoutMs Longest wait.
   * @returns What was delivered in all.
   */
  async complete(sent: number, timeoutMs: number): Promise<DeliverySummary> {
    await this.reach(sent, timeoutMs);
    let last = summarize(await this.deliveries(), sent);
    const end = systemClock.monotonicMs() + timeoutMs;
    while (last.missingCount > 0 && systemClock.monotonicMs() < end) {
      await systemClock.sleep(200);
      last = summarize(await this.deliveries(), sent);
    }
    assertEquals(
      { missing: last.missing, damaged: last.damaged },
      { missing: [], damaged: 0 },
      `group ${this.name}: ${JSON.stringify(last)}`,
    );
    return last;
  }
}

/** Messages that a push consumer holds for one queue before it stops pulling. Source: apache/rocketmq client/consumer/DefaultMQPushConsumer.java pullThresholdForQueue. */
const HELD_FOR_A_QUEUE_MAX = 1000;

/**
 * Asserts the bound on duplicates after a member went and came back: what was in flight plus 5 s of uncommitted offsets.
 *
 * @param summary What was delivered.
 * @param options Queues of the topic and the time that the deliveries took.
 */
export function assertDuplicatesBounded(
  summary: DeliverySummary,
  options: { readonly queues: number; readonly seconds: number },
): void {
  const perSecond = summary.deliveries / Math.max(options.seconds, 0.1);
  const bound = HELD_FOR_A_QUEUE_MAX * options.queues + 5 * perSecond;
  assert(summary.duplicates <= bound, `${summary.duplicates} duplicates, at most ${Math.round(bound)} expected`);
}
