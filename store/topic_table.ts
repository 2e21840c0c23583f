/**
 * The topic table: every topic that this broker serves, with its queues and permissions.
 *
 * Owns: topic configurations, their data version, and whether they were saved.
 * Reads: nothing; time is handed in.
 * Never: queue slots, files or registration. A caller that changes a topic publishes, saves and registers it.
 */
import type { TopicConfig } from "../protocol/topic_config.ts";
import { type DataVersion, nextDataVersion } from "../protocol/data_version.ts";
import { alterTopicAttributes } from "./topic_attributes.ts";
import { AUTO_CREATE_TOPIC } from "./topic_names.ts";
import { TopicPerm } from "./topic_view.ts";

/** What a send says when its topic is missing. */
export interface SendTopicRequest {
  readonly topic: string;
  /** Topic whose permissions and queue count a new topic takes over. */
  readonly defaultTopic: string;
  /** Queues that the producer would like. */
  readonly queueNums: number;
  readonly topicSysFlag: number;
  /** The broker's `autoCreateTopicEnable`. */
  readonly autoCreate: boolean;
}

/** What a heartbeat or a send-back says of the retry or dead-letter topic that it needs. */
export interface FixedTopicRequest {
  readonly topic: string;
  readonly queueNums: number;
  readonly perm: number;
  readonly order: boolean;
  readonly topicSysFlag: number;
}

/** A configuration with RocketMQ's defaults in every other field. */
export function topicConfigOf(topic: string, queueNums: number, perm: number): TopicConfig {
  return {
    topicName: topic,
    readQueueNums: queueNums,
    writeQueueNums: queueNums,
    perm,
    topicFilterType: "SINGLE_TAG",
    topicSysFlag: 0,
    order: false,
    attributes: new Map(),
  };
}

/** The topics of one broker. */
export class TopicTable {
  readonly #configs = new Map<string, TopicConfig>();
  #version: DataVersion;

  /** @param version version of the table that was loaded, or of an empty one */
  constructor(version: DataVersion) {
    this.#version = version;
  }

  /** Version of the table. */
  get version(): DataVersion {
    return this.#version;
  }

  /** How many topics there are. */
  get size(): number {
    return this.#configs.size;
  }

  /** Configuration of a topic. */
  get(topic: string): TopicConfig | undefined {
    return this.#configs.get(topic);
  }

  /** Whether a topic exists. */
  has(topic: string): boolean {
    return this.#configs.has(topic);
  }

  /** Every configuration, in the order in which they came. */
  configs(): IterableIterator<TopicConfig> {
    return this.#configs.values();
  }

  /** Names of all topics. */
  names(): string[] {
    return [...this.#configs.keys()];
  }

  /** Puts a topic in place without moving the version: at the start. */
  place(config: TopicConfig): void {
    this.#configs.set(config.topicName, config);
  }

  /** Puts a table that was loaded over what is there. */
  load(configs: Iterable<TopicConfig>, version: DataVersion): void {
    for (const config of configs) this.place(config);
    this.#version = version;
  }

  /** Puts another table in place of this one (a slave that follows its master). */
  replace(configs: Iterable<TopicConfig>, version: DataVersion): void {
    this.#configs.clear();
    this.load(configs, version);
  }

  /** Moves the version without a change of a topic: the broker's permission changed. */
  touch(nowMs: number): void {
    this.#version = nextDataVersion(this.#version, nowMs);
  }

  /**
   * Creates a topic for a send.
   * Source: apache/rocketmq broker TopicConfigManager.createTopicInSendMessageMethod
   *
   * @returns the topic and whether it is new; no topic when the default topic is missing or not inheritable
   */
  createForSend(request: SendTopicRequest, nowMs: number): { config: TopicConfig | undefined; created: boolean } {
    const existing = this.#configs.get(request.topic);
    if (existing !== undefined) return { config: existing, created: false };
    const inherited = this.#inheritableOf(request);
    if (inherited === undefined) return { config: undefined, created: false };
    const queueNums = Math.max(0, Math.min(request.queueNums, inherited.writeQueueNums));
    const config: TopicConfig = {
      ...topicConfigOf(request.topic, queueNums, inherited.perm & ~TopicPerm.Inherit),
      topicSysFlag: request.topicSysFlag,
      topicFilterType: inherited.topicFilterType,
    };
    this.#put(config, nowMs);
    return { config, created: true };
  }

  /**
   * Creates a retry or dead-letter topic, or brings its order flag up to date.
   * Source: apache/rocketmq broker TopicConfigManager.createTopicInSendMessageBackMethod
   *
   * @returns the topic and whether it is new or changed
   */
  createFixed(request: FixedTopicRequest, nowMs: number): { config: TopicConfig; changed: boolean } {
    const existing = this.#configs.get(request.topic);
    if (existing !== undefined && existing.order === request.order) return { config: existing, changed: false };
    const config: TopicConfig = existing !== undefined ? { ...existing, order: request.order } : {
      ...topicConfigOf(request.topic, request.queueNums, request.perm),
      order: request.order,
      topicSysFlag: request.topicSysFlag,
    };
    this.#put(config, nowMs);
    return { config, changed: true };
  }

  /**
   * Creates or changes a topic as an operator asks.
   * Source: apache/rocketmq broker TopicConfigManager.updateTopicConfig
   *
   * @param config wanted configuration; its attributes are a signed change, not a state
   * @returns the configuration that is in place now
   * @throws {AttributeError} when the attributes cannot be changed so
   */
  update(config: TopicConfig, nowMs: number): TopicConfig {
    const existing = this.#configs.get(config.topicName);
    const attributes = alterTopicAttributes(
      existing === undefined,
      existing?.attributes ?? new Map(),
      config.attributes,
    );
    const updated: TopicConfig = { ...config, attributes };
    this.#put(updated, nowMs);
    return updated;
  }

  /**
   * Whether an operator's wish changes nothing. A wish that has attributes always changes something, because its signed
   * keys never equal stored ones.
   * Source: apache/rocketmq broker AdminBrokerProcessor.updateAndCreateTopic
   */
  isUnchanged(config: TopicConfig): boolean {
    const existing = this.#configs.get(config.topicName);
    return existing !== undefined && existing.readQueueNums === config.readQueueNums &&
      existing.writeQueueNums === config.writeQueueNums && existing.perm === config.perm &&
      existing.topicSysFlag === config.topicSysFlag && existing.order === config.order &&
      existing.topicFilterType === config.topicFilterType && existing.attributes.size === 0 &&
      config.attributes.size === 0;
  }

  /** Removes a topic. @returns whether it existed */
  remove(topic: string, nowMs: number): boolean {
    if (!this.#configs.delete(topic)) return false;
    this.touch(nowMs);
    return true;
  }

  /**
   * Marks topics as order topics, as the name server's order table says.
   * Source: apache/rocketmq broker TopicConfigManager.updateOrderTopicConfig
   *
   * @returns the topics that changed
   */
  markOrdered(topics: Iterable<string>, nowMs: number): TopicConfig[] {
    const changed: TopicConfig[] = [];
    for (const topic of topics) {
      const config = this.#configs.get(topic);
      if (config === undefined || config.order) continue;
      const ordered: TopicConfig = { ...config, order: true };
      this.#configs.set(topic, ordered);
      changed.push(ordered);
    }
    if (changed.length > 0) this.touch(nowMs);
    return changed;
  }

  #inheritableOf(request: SendTopicRequest): TopicConfig | undefined {
    const found = this.#configs.get(request.defaultTopic);
    if (found === undefined) return undefined;
    if (request.defaultTopic === AUTO_CREATE_TOPIC && !request.autoCreate) {
      this.place({ ...found, perm: TopicPerm.Read | TopicPerm.Write });
      return undefined;
    }
    return (found.perm & TopicPerm.Inherit) !== 0 ? found : undefined;
  }

  #put(config: TopicConfig, nowMs: number): void {
    this.#configs.set(config.topicName, config);
    this.touch(nowMs);
  }
}
