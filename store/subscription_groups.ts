/**
 * Consumer groups: their settings and the topics that they must not read.
 *
 * Owns: group configurations, the forbidden table, their data version.
 * Reads: nothing; time is handed in.
 * Never: files or live consumers.
 */
import { defaultSubscriptionGroup, type SubscriptionGroupConfig } from "../protocol/subscription_group.ts";
import { type DataVersion, nextDataVersion } from "../protocol/data_version.ts";
import { GROUPS_MAX, TableFullError } from "./table_limit.ts";
import { alterGroupAttributes } from "./topic_attributes.ts";
import { groupNameFault, SYSTEM_GROUP_PREFIX } from "./topic_names.ts";

/** Bit of the forbidden table that says "must not read". Source: apache/rocketmq common PermName INDEX_PERM_READ */
export const FORBIDDEN_READ_INDEX = 2;

/** Groups that exist on every broker. Source: apache/rocketmq broker SubscriptionGroupManager.init */
export const PREDEFINED_GROUPS: readonly string[] = [
  "TOOLS_CONSUMER",
  "FILTERSRV_CONSUMER",
  "SELF_TEST_C_GROUP",
  "CID_ONS-HTTP-PROXY",
  "CID_ONSAPI_PULL",
  "CID_ONSAPI_PERMISSION",
  "CID_ONSAPI_OWNER",
  "CID_RMQ_SYS_TRANS",
];

/** When a group may come into being by itself. */
export interface AutoCreation {
  /** The broker's `autoCreateSubscriptionGroup`. */
  readonly autoCreate: boolean;
  /** The broker's `enableCreateSysGroup`. */
  readonly createSystemGroups: boolean;
}

/** The consumer groups of one broker. */
export class SubscriptionGroups {
  readonly #configs = new Map<string, SubscriptionGroupConfig>();
  readonly #forbidden = new Map<string, Map<string, number>>();
  readonly #limit: number;
  #version: DataVersion;

  /**
   * @param version version of the table that was loaded, or of an empty one
   * @param limit groups at most
   */
  constructor(version: DataVersion, limit: number = GROUPS_MAX) {
    this.#version = version;
    this.#limit = limit;
  }

  /** Version of the table. */
  get version(): DataVersion {
    return this.#version;
  }

  /** How many groups there are. */
  get size(): number {
    return this.#configs.size;
  }

  /** Settings of a group. */
  get(group: string): SubscriptionGroupConfig | undefined {
    return this.#configs.get(group);
  }

  /** Whether a group exists. */
  has(group: string): boolean {
    return this.#configs.has(group);
  }

  /** Every group, in the order in which they came. */
  configs(): IterableIterator<SubscriptionGroupConfig> {
    return this.#configs.values();
  }

  /** Forbidden bits by group and topic. */
  forbidden(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return this.#forbidden;
  }

  /** Puts a group in place without moving the version: at the start. */
  place(config: SubscriptionGroupConfig): void {
    this.#configs.set(config.groupName, config);
  }

  /** Puts a table that was loaded over what is there. */
  load(
    configs: Iterable<SubscriptionGroupConfig>,
    forbidden: Iterable<readonly [string, ReadonlyMap<string, number>]>,
    version: DataVersion,
  ): void {
    for (const config of configs) this.place(config);
    for (const [group, topics] of forbidden) this.#forbidden.set(group, new Map(topics));
    this.#version = version;
  }

  /** Puts another table in place of this one (a slave that follows its master). */
  replace(
    configs: Iterable<SubscriptionGroupConfig>,
    forbidden: Iterable<readonly [string, ReadonlyMap<string, number>]>,
    version: DataVersion,
  ): void {
    this.#configs.clear();
    this.#forbidden.clear();
    this.load(configs, forbidden, version);
  }

  /**
   * Settings of a group, which is created when the broker's configuration allows it and the name is valid.
   * Source: apache/rocketmq broker SubscriptionGroupManager.findSubscriptionGroupConfig
   *
   * @throws {TableFullError} when there is no room for another group
   */
  find(
    group: string,
    rules: AutoCreation,
    nowMs: number,
  ): { config: SubscriptionGroupConfig | undefined; created: boolean } {
    const existing = this.#configs.get(group);
    if (existing !== undefined) return { config: existing, created: false };
    const allowed = rules.autoCreate || (rules.createSystemGroups && group.startsWith(SYSTEM_GROUP_PREFIX));
    if (!allowed || groupNameFault(group) !== undefined) return { config: undefined, created: false };
    const config = defaultSubscriptionGroup(group);
    this.#put(config, nowMs);
    return { config, created: true };
  }

  /**
   * Creates or changes a group as an operator asks.
   *
   * @param config wanted settings; its attributes are a signed change, not a state
   * @throws {AttributeError} when the attributes cannot be changed so
   * @throws {TableFullError} when there is no room for another group
   */
  update(config: SubscriptionGroupConfig, nowMs: number): SubscriptionGroupConfig {
    const existing = this.#configs.get(config.groupName);
    const attributes = alterGroupAttributes(
      existing === undefined,
      existing?.attributes ?? new Map(),
      config.attributes,
    );
    const updated: SubscriptionGroupConfig = { ...config, attributes };
    this.#put(updated, nowMs);
    return updated;
  }

  /** Takes from a group the right to read. @returns its settings from now on */
  disableConsume(config: SubscriptionGroupConfig, nowMs: number): SubscriptionGroupConfig {
    const disabled: SubscriptionGroupConfig = { ...config, consumeEnable: false };
    this.#put(disabled, nowMs);
    return disabled;
  }

  /** Removes a group and what it must not read. @returns whether it existed */
  remove(group: string, nowMs: number): boolean {
    this.#forbidden.delete(group);
    if (!this.#configs.delete(group)) return false;
    this.#version = nextDataVersion(this.#version, nowMs);
    return true;
  }

  /** Whether the group may read the topic. */
  mayRead(group: string, topic: string): boolean {
    const bits = this.#forbidden.get(group)?.get(topic) ?? 0;
    return bits <= 0 || (bits & (1 << FORBIDDEN_READ_INDEX)) === 0;
  }

  /** Topics that the group must not read. */
  forbiddenTopicsOf(group: string): string[] {
    return [...this.#forbidden.get(group)?.keys() ?? []].filter((topic) => !this.mayRead(group, topic));
  }

  /**
   * Forbids or allows a group to read a topic. As in RocketMQ, clearing the last bit of one topic clears the whole group.
   * Source: apache/rocketmq broker SubscriptionGroupManager.updateForbidden
   */
  setReadable(group: string, topic: string, readable: boolean, nowMs: number): void {
    const before = Math.max(0, this.#forbidden.get(group)?.get(topic) ?? 0);
    const bit = 1 << FORBIDDEN_READ_INDEX;
    const bits = readable ? before & ~bit : before | bit;
    if (bits <= 0) {
      this.#forbidden.delete(group);
      return;
    }
    const topics = this.#forbidden.get(group) ?? new Map<string, number>();
    topics.set(topic, bits);
    this.#forbidden.set(group, topics);
    this.#version = nextDataVersion(this.#version, nowMs);
  }

  #put(config: SubscriptionGroupConfig, nowMs: number): void {
    if (this.#configs.size >= this.#limit && !this.#configs.has(config.groupName)) {
      throw new TableFullError("consumer groups", this.#limit);
    }
    this.#configs.set(config.groupName, config);
    this.#version = nextDataVersion(this.#version, nowMs);
  }
}
