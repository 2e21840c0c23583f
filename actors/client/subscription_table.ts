/**
 * The subscriptions of one consumer, the retry topic of its group included.
 *
 * Owns: the table. Reads: the clock for versions. Never does: IO.
 */

import type { Clock } from "../../store/clock.ts";
import { checkTopic, retryTopicOf, wrapNamespace } from "./names.ts";
import { buildSubscription, type MessageSelector, type Subscription } from "./subscription.ts";

/** Subscriptions by topic. */
export class SubscriptionTable {
  readonly #table = new Map<string, Subscription>();
  readonly #namespace: string;
  readonly #clock: Clock;
  readonly #retry: Subscription | undefined;

  /**
   * @param group consumer group with its namespace; `withRetry`: clustering push consumers read their retry topic
   * @param clock wall clock
   */
  constructor(group: { name: string; namespace: string; withRetry: boolean }, clock: Clock) {
    this.#namespace = group.namespace;
    this.#clock = clock;
    this.#retry = group.withRetry ? buildSubscription(retryTopicOf(group.name), "*", clock.nowMs()) : undefined;
  }

  /** Topics subscribed to, the retry topic last. */
  get topics(): string[] {
    const topics = [...this.#table.keys()];
    return this.#retry === undefined ? topics : [...topics, this.#retry.topic];
  }

  /** All subscriptions, that of the retry topic last. */
  get all(): Subscription[] {
    return this.#retry === undefined ? [...this.#table.values()] : [...this.#table.values(), this.#retry];
  }

  /**
   * @param topic topic as the application names it
   * @returns topic as the broker knows it
   */
  nameOf(topic: string): string {
    return wrapNamespace(this.#namespace, topic);
  }

  /**
   * Adds or replaces one.
   *
   * @param topic topic as the application names it
   * @param selector expression
   * @returns topic as the broker knows it
   * @throws {ClientError} NAME_ILLEGAL or OPTION_ILLEGAL
   */
  add(topic: string, selector: MessageSelector): string {
    checkTopic(topic);
    const name = this.nameOf(topic);
    this.#table.set(name, buildSubscription(name, selector, this.#clock.nowMs()));
    return name;
  }

  /**
   * Takes one away.
   *
   * @param topic topic as the application names it
   * @returns topic as the broker knows it
   */
  remove(topic: string): string {
    const name = this.nameOf(topic);
    this.#table.delete(name);
    return name;
  }

  /**
   * @param topic topic as the broker knows it
   * @returns its subscription
   */
  of(topic: string): Subscription | undefined {
    return this.#table.get(topic) ?? (this.#retry?.topic === topic ? this.#retry : undefined);
  }

  /**
   * Gives a subscription a new version: brokers then notice that the member's queues changed.
   *
   * @param topic topic as the broker knows it
   */
  renew(topic: string): void {
    const known = this.#table.get(topic);
    if (known !== undefined) this.#table.set(topic, { ...known, subVersion: this.#clock.nowMs() });
  }
}
