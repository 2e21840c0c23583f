/**
 * Changes of topics: each one gets its queue slots, is published, saved and registered.
 *
 * Owns: the order of these steps.
 * Reads: nothing that is not in the state.
 * Never: answers before every subscriber works with the change.
 */
import type { DataVersion } from "../../../protocol/data_version.ts";
import { decodeUtf8 } from "../../../protocol/utf8.ts";
import { encodeTopicConfig, type TopicConfig } from "../../../protocol/topic_config.ts";
import type { FixedTopicRequest, SendTopicRequest } from "../../../store/topic_table.ts";
import type { TopicEntry, TopicUpdate } from "../../../store/topic_view.ts";
import { ConfigFile } from "./config_files.ts";
import type { ConfigSaver } from "./config_saver.ts";
import type { Registrar } from "./registrar.ts";
import type { ControllerState } from "./state.ts";
import type { Subscribers } from "./subscribers.ts";
import { systemTopicsOf } from "./system_topics.ts";

/** How long an operator's request waits for name servers, milliseconds; registration goes on behind it. */
const REGISTER_WAIT_MS = 3_000;

/** Whom changes are told to. */
export interface TopicListeners {
  readonly subscribers: Subscribers;
  readonly saver: ConfigSaver;
  readonly registrar: Registrar;
  /** Removes the queues of topics that nobody appends to any more. */
  readonly deleteQueues: (topics: readonly string[]) => Promise<void>;
}

/** Changes the topics of one broker. */
export class TopicChanges {
  readonly #state: ControllerState;
  readonly #listeners: TopicListeners;
  /** Topics whose queues are being removed: one of the same name is made only afterwards, or its first records would go with the old ones. */
  readonly #deleting = new Map<string, Promise<void>>();
  /** Topics that are gone, but whose queues could not be removed. */
  readonly #undeleted = new Set<string>();

  /**
   * @param state what changes
   * @param listeners whom it is told to
   */
  constructor(state: ControllerState, listeners: TopicListeners) {
    this.#state = state;
    this.#listeners = listeners;
  }

  /**
   * Puts the system topics in place and gives every topic its slots. Before any subscriber is there.
   *
   * @throws {QueueTableError} when the topics have more queues than the table
   */
  start(): void {
    const { topics, systemTopics, values } = this.#state;
    for (const config of systemTopicsOf(values)) {
      systemTopics.add(config.topicName);
      if (!topics.has(config.topicName)) topics.place(config);
    }
    for (const config of topics.configs()) this.#allocate(config);
  }

  /** A topic as subscribers see it. */
  entryOf(config: TopicConfig): TopicEntry {
    const { topicName, readQueueNums, writeQueueNums, perm, topicSysFlag, order, topicFilterType } = config;
    return {
      topic: topicName,
      readQueueNums,
      writeQueueNums,
      perm,
      topicSysFlag,
      order,
      topicFilterType,
      slots: [...this.#state.slots.slotsOf(topicName)],
      attributes: Object.fromEntries(config.attributes),
    };
  }

  /** The whole table, for a subscriber that starts. */
  snapshot(): TopicUpdate {
    return {
      version: this.#listeners.subscribers.versionOf("topics"),
      whole: true,
      chunks: this.#state.slots.chunks,
      changed: [...this.#state.topics.configs()].map((config) => this.entryOf(config)),
      removed: [],
    };
  }

  /** Creates a topic for a send when its default topic allows it. @returns undefined when it does not */
  async ensureForSend(request: SendTopicRequest): Promise<TopicEntry | undefined> {
    await this.#afterDeletion([request.topic]);
    const { config, created } = this.#state.topics.createForSend(request, this.#state.nowMs());
    if (config === undefined) return undefined;
    if (created) await this.#created(config);
    return this.entryOf(config);
  }

  /** Creates a retry or dead-letter topic, or corrects its order flag. */
  async ensureFixed(request: FixedTopicRequest): Promise<TopicEntry> {
    await this.#afterDeletion([request.topic]);
    const { config, changed } = this.#state.topics.createFixed(request, this.#state.nowMs());
    if (changed) await this.#created(config);
    return this.entryOf(config);
  }

  /**
   * Creates or changes topics as an operator asks.
   *
   * @param configs wanted configurations, their attributes as signed changes
   * @throws {AttributeError} when attributes cannot be changed so
   * @throws {QueueTableError} when no slots are left
   */
  async update(configs: readonly TopicConfig[]): Promise<void> {
    await this.#afterDeletion(configs.map(({ topicName }) => topicName));
    for (const config of configs) {
      this.#state.slots.allocate(config.topicName, queueNumsOf(config));
    }
    const updated = configs.map((config) => this.#state.topics.update(config, this.#state.nowMs()));
    await this.#announce(updated, []);
    await this.#within(this.#listeners.registrar.registerChanged(updated));
  }

  /**
   * Puts the table of a master in place of this one. Topics of its own that every broker has stay.
   *
   * @throws {QueueTableError} when no slots are left
   */
  async follow(configs: readonly TopicConfig[], version: DataVersion): Promise<void> {
    const { topics, systemTopics, slots } = this.#state;
    const wanted = new Set(configs.map(({ topicName }) => topicName));
    const system = new Set(systemTopics.names());
    await this.remove(topics.names().filter((name) => !wanted.has(name) && !system.has(name)));
    await this.#afterDeletion([...wanted]);
    const changed = configs.filter((config) => !isSameConfig(topics.get(config.topicName), config));
    for (const config of changed) slots.allocate(config.topicName, queueNumsOf(config));
    topics.load(configs, version);
    await this.#announce(changed, []);
    void this.#listeners.registrar.registerAll();
  }

  /** Removes topics with their queues, offsets and statistics. */
  async remove(topics: readonly string[]): Promise<void> {
    const nowMs = this.#state.nowMs();
    const released: number[] = [];
    const removed: string[] = [];
    for (const topic of topics) {
      this.#state.offsets.removeTopic(topic);
      if (this.#state.values.autoDeleteUnusedStats) this.#state.stats.removeTopic(topic);
      if (!this.#state.topics.remove(topic, nowMs)) continue;
      released.push(...this.#state.slots.release(topic));
      removed.push(topic);
    }
    if (removed.length === 0) return;
    const work = this.#removeQueues(removed);
    // Whoever makes a topic of the same name waits for the end of this, however it ends.
    const ended = work.then(() => undefined, () => undefined);
    for (const topic of removed) this.#deleting.set(topic, ended);
    try {
      await work;
      this.#state.slots.reclaim(released);
    } finally {
      for (const topic of removed) if (this.#deleting.get(topic) === ended) this.#deleting.delete(topic);
    }
  }

  /** First every thread that appends forgets the topics, so that nothing comes to these queues afterwards. Then the queues go. */
  async #removeQueues(topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.#undeleted.add(topic);
    await this.#announce([], topics);
    await this.#listeners.deleteQueues(topics);
    for (const topic of topics) this.#undeleted.delete(topic);
  }

  /** A topic of a name that was deleted begins with empty queues: the old ones must be gone before it is made. */
  async #afterDeletion(topics: readonly string[]): Promise<void> {
    if (this.#deleting.size > 0) await Promise.all(topics.map((topic) => this.#deleting.get(topic)));
    const left = this.#undeleted.size === 0 ? [] : topics.filter((topic) => this.#undeleted.has(topic));
    if (left.length === 0) return;
    await this.#listeners.deleteQueues(left);
    for (const topic of left) this.#undeleted.delete(topic);
  }

  /** Marks topics as order topics, as a name server says. */
  async markOrdered(topics: readonly string[]): Promise<void> {
    const changed = this.#state.topics.markOrdered(topics, this.#state.nowMs());
    if (changed.length > 0) await this.#announce(changed, []);
  }

  #allocate(config: TopicConfig): void {
    this.#state.slots.allocate(config.topicName, queueNumsOf(config));
  }

  /** @throws {QueueTableError} when no slots are left; the topic is then not there */
  async #created(config: TopicConfig): Promise<void> {
    try {
      this.#allocate(config);
    } catch (error) {
      this.#state.topics.remove(config.topicName, this.#state.nowMs());
      throw error;
    }
    const announced = this.#announce([config], []);
    void this.#listeners.registrar.registerChanged([config]);
    await announced;
  }

  async #announce(changed: readonly TopicConfig[], removed: readonly string[]): Promise<void> {
    const saved = this.#listeners.saver.save(ConfigFile.Topics);
    const published = this.#listeners.subscribers.publish("topics", (version): TopicUpdate => ({
      version,
      whole: false,
      chunks: this.#state.slots.chunks,
      changed: changed.map((config) => this.entryOf(config)),
      removed,
    }));
    await Promise.all([saved, published]);
  }

  async #within(work: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#state.clock.setTimer(REGISTER_WAIT_MS, resolve);
    await Promise.race([work, promise]);
    timer.cancel();
  }
}

function isSameConfig(left: TopicConfig | undefined, right: TopicConfig): boolean {
  return left !== undefined && decodeUtf8(encodeTopicConfig(left)) === decodeUtf8(encodeTopicConfig(right));
}

function queueNumsOf(config: TopicConfig): number {
  return Math.max(config.readQueueNums, config.writeQueueNums);
}
