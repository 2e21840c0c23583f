/**
 * A group of our consumers and of Java's on 16 queues, whose members come and go under load.
 *
 * Owns: the members, the load, the log of deliveries of our members. Reads: the log of the Java members.
 * Never: stops a member without waiting until the rest has all queues.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type MessageExt, type Producer, PushConsumer } from "../../actors/client/mod.ts";
import { systemClock } from "../../store/clock.ts";
import { until } from "../helpers/until.ts";
import type { ClientProcess } from "./client_process.ts";
import { Group } from "./consumers.ts";
import { fresh, producerOn, topicOn } from "./client_kit.ts";
import { buildBody, checkBody } from "./numbered_body.ts";
import type { Target } from "./target.ts";

/** How a run goes. */
export interface MixedGroupOptions {
  /** Members that come or go. */
  readonly changes: number;
  /** Everything left to chance follows from it. */
  readonly seed: number;
}

/** What a run came to. */
export interface MixedGroupReport {
  readonly sent: number;
  readonly deliveries: number;
  readonly duplicates: number;
  readonly seconds: number;
  /** Longest time from a change to one owner for each queue, in milliseconds. */
  readonly settleMsMax: number;
  /** Largest count of duplicates that Java's rules explain: at each change what was consumed since the last commit. */
  readonly duplicatesMax: number;
}

const QUEUES = 16;
const MEMBERS_MAX = 5;
/** Messages of each of the senders a second: enough that every queue is busy all the time. */
const SENDERS = 4;
const PACE_MS = 8;
/** Messages of one queue that are being consumed when it moves: the listeners of a Java member. */
const IN_FLIGHT_OF_QUEUE = 8;
/** Seconds between two commits of offsets. Source: apache/rocketmq client/ClientConfig.java persistConsumerOffsetInterval */
const COMMIT_S = 5;
const SETTLE_TIMEOUT_MS = 60_000;

/** One run. */
export class MixedGroup {
  readonly #target: Target;
  readonly #java: ClientProcess;
  readonly #topic: string;
  readonly #name: string;
  readonly #javaPart: Group;
  readonly #javaMembers = new Set<string>();
  readonly #ours = new Map<string, PushConsumer>();
  readonly #delivered: number[] = [];
  readonly #random: () => number;
  #names = 0;
  #sent = 0;

  private constructor(target: Target, java: ClientProcess, topic: string, seed: number) {
    this.#target = target;
    this.#java = java;
    this.#topic = topic;
    this.#name = fresh("MIXED");
    this.#javaPart = new Group(java, target, this.#name, topic);
    this.#random = randomOf(seed);
  }

  /**
   * Runs a group through its changes.
   *
   * @param target Servers.
   * @param java A Java client program.
   * @param options How.
   * @returns What it came to; it is judged already.
   */
  static async run(target: Target, java: ClientProcess, options: MixedGroupOptions): Promise<MixedGroupReport> {
    const group = new MixedGroup(target, java, await topicOn(target, QUEUES), options.seed);
    return await group.#run(options);
  }

  async #run({ changes, seed }: MixedGroupOptions): Promise<MixedGroupReport> {
    const began = systemClock.monotonicMs();
    await using producer = await producerOn(this.#target);
    await this.#joinOurs();
    await this.#joinJava();
    await this.#settled("the first two");
    const stop = new AbortController();
    const load = Promise.all(Array.from({ length: SENDERS }, () => this.#send(producer, stop.signal)));
    let settleMsMax = 0;
    try {
      for (let i = 0; i < changes; i++) {
        const before = systemClock.monotonicMs();
        const what = await this.#change();
        await this.#settled(`change ${i} of seed ${seed}: ${what}`);
        settleMsMax = Math.max(settleMsMax, systemClock.monotonicMs() - before);
      }
    } finally {
      stop.abort();
      await load;
    }
    const all = await this.#complete();
    for (const name of [...this.#ours.keys()]) await this.#leaveOurs(name);
    await this.#javaPart.end();
    const duplicates = all.length - new Set(all).size;
    const seconds = (systemClock.monotonicMs() - began) / 1000;
    const duplicatesMax = Math.round(changes * (QUEUES * IN_FLIGHT_OF_QUEUE + COMMIT_S * this.#sent / seconds));
    return {
      sent: this.#sent,
      deliveries: all.length,
      duplicates,
      seconds: Math.round(seconds),
      settleMsMax: Math.round(settleMsMax),
      duplicatesMax,
    };
  }

  async #send(producer: Producer, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const number = this.#sent++;
      await producer.send({ topic: this.#topic, body: buildBody(number, 7, 200) });
      await systemClock.sleep(PACE_MS);
    }
  }

  /** One member comes or goes. @returns which */
  async #change(): Promise<string> {
    const members = this.#ours.size + this.#javaMembers.size;
    const join = members <= 2 || (members < MEMBERS_MAX && this.#random() < 0.5);
    const ours = this.#random() < 0.5;
    if (join) return ours ? await this.#joinOurs() : await this.#joinJava();
    const mine = [...this.#ours.keys()];
    const theirs = [...this.#javaMembers];
    if ((ours && mine.length > 0) || theirs.length === 0) return await this.#leaveOurs(this.#pick(mine));
    const name = this.#pick(theirs);
    this.#javaMembers.delete(name);
    await this.#javaPart.leave(name);
    return `${name} left`;
  }

  #pick(names: readonly string[]): string {
    return names[Math.floor(this.#random() * names.length)] ?? "";
  }

  async #joinJava(): Promise<string> {
    const name = `java${this.#names++}`;
    await this.#javaPart.join(name, { listener: "concurrent" });
    this.#javaMembers.add(name);
    return `${name} joined`;
  }

  async #joinOurs(): Promise<string> {
    const name = `ours${this.#names++}`;
    const consumer = new PushConsumer({
      namesrvAddr: this.#target.nameServer,
      consumerGroup: this.#name,
      instanceName: name,
      consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
      workers: this.#names % 2 === 0,
      messageListener: (messages: readonly MessageExt[]): void => {
        for (const message of messages) this.#delivered.push(checkBody(message.body));
      },
    });
    consumer.subscribe(this.#topic);
    await consumer.start();
    this.#ours.set(name, consumer);
    return `${name} joined`;
  }

  async #leaveOurs(name: string): Promise<string> {
    await this.#ours.get(name)?.shutdown();
    this.#ours.delete(name);
    return `${name} left`;
  }

  /** Who says that it owns which queue. */
  async #owners(): Promise<Map<number, string[]>> {
    const owners = new Map<number, string[]>();
    const add = (queueId: number, name: string): void => {
      owners.set(queueId, [...(owners.get(queueId) ?? []), name]);
    };
    for (const [name, consumer] of this.#ours) {
      for (const queue of consumer.messageQueues) if (queue.topic === this.#topic) add(queue.queueId, name);
    }
    for (const name of this.#javaMembers) {
      const ids = await this.#java.call<number[]>("consumer.queues", { name, topic: this.#topic });
      for (const id of ids) add(id, name);
    }
    return owners;
  }

  /** Waits until every queue has one owner and the shares differ by one at most. */
  async #settled(what: string): Promise<void> {
    let last = new Map<number, string[]>();
    try {
      await until(async () => {
        last = await this.#owners();
        const counts = new Map<string, number>();
        for (const names of last.values()) for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
        const members = this.#ours.size + this.#javaMembers.size;
        const shares = [...counts.values()];
        return last.size === QUEUES && [...last.values()].every((names) => names.length === 1) &&
          counts.size === members && Math.max(...shares) - Math.min(...shares) <= 1;
      }, { timeoutMs: SETTLE_TIMEOUT_MS, what });
    } catch (error) {
      throw new Error(`Not settled after ${what}: ${JSON.stringify([...last])}`, { cause: error });
    }
  }

  /** Waits until everything sent was delivered. @returns numbers of all deliveries */
  async #complete(): Promise<number[]> {
    let all: number[] = [];
    await until(async () => {
      const theirs = (await this.#javaPart.deliveries()).map(({ seq }) => seq);
      all = [...this.#delivered, ...theirs];
      return new Set(all).size >= this.#sent;
    }, { timeoutMs: 60_000, what: "all messages" }).catch(() => undefined);
    const seen = new Set(all);
    const missing = Array.from({ length: this.#sent }, (_, i) => i).filter((i) => !seen.has(i));
    assertEquals({ missing: missing.slice(0, 20), damaged: seen.has(-1) }, { missing: [], damaged: false });
    return all;
  }
}

/** A small generator of numbers from 0 to 1, so that a seed repeats a run. */
function randomOf(seed: number): () => number {
  let state = (seed | 0) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
