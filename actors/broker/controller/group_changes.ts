/**
 * Changes of consumer groups: each one is published and saved.
 *
 * Owns: the order of these steps, and what a gateway sees of a group.
 * Reads: nothing that is not in the state.
 * Never: touches live consumers; a group that is deleted while it consumes goes on until its members leave.
 */
import type { DataVersion } from "../../../protocol/data_version.ts";
import type { SubscriptionGroupConfig } from "../../../protocol/subscription_group.ts";
import type { GroupEntry, GroupUpdate } from "../broker_controller_contract.ts";
import { PREDEFINED_GROUPS } from "../../../store/subscription_groups.ts";
import { defaultSubscriptionGroup } from "../../../protocol/subscription_group.ts";
import { ConfigFile } from "./config_files.ts";
import type { ConfigSaver } from "./config_saver.ts";
import type { ControllerState } from "./state.ts";
import type { Subscribers } from "./subscribers.ts";

/** Changes the consumer groups of one broker. */
export class GroupChanges {
  readonly #state: ControllerState;
  readonly #subscribers: Subscribers;
  readonly #saver: ConfigSaver;

  /**
   * @param state what changes
   * @param listeners whom it is told to
   */
  constructor(state: ControllerState, listeners: { readonly subscribers: Subscribers; readonly saver: ConfigSaver }) {
    this.#state = state;
    this.#subscribers = listeners.subscribers;
    this.#saver = listeners.saver;
  }

  /** Puts the predefined groups in place. Before any subscriber is there. */
  start(): void {
    for (const group of PREDEFINED_GROUPS) {
      if (!this.#state.groups.has(group)) this.#state.groups.place(defaultSubscriptionGroup(group));
    }
  }

  /** A group as gateways see it. */
  entryOf(config: SubscriptionGroupConfig): GroupEntry {
    return {
      group: config.groupName,
      consumeEnable: config.consumeEnable,
      consumeFromMinEnable: config.consumeFromMinEnable,
      consumeBroadcastEnable: config.consumeBroadcastEnable,
      consumeMessageOrderly: config.consumeMessageOrderly,
      retryQueueNums: config.retryQueueNums,
      retryMaxTimes: config.retryMaxTimes,
      brokerId: config.brokerId,
      whichBrokerWhenConsumeSlowly: config.whichBrokerWhenConsumeSlowly,
      groupSysFlag: config.groupSysFlag,
      forbiddenTopics: this.#state.groups.forbiddenTopicsOf(config.groupName),
    };
  }

  /** The whole table, for a subscriber that starts. */
  snapshot(): GroupUpdate {
    return {
      version: this.#subscribers.versionOf("groups"),
      whole: true,
      changed: [...this.#state.groups.configs()].map((config) => this.entryOf(config)),
      removed: [],
    };
  }

  /** Settings of a group, which comes into being when configuration and name allow it. */
  async find(group: string): Promise<SubscriptionGroupConfig | undefined> {
    const { autoCreateSubscriptionGroup, enableCreateSysGroup } = this.#state.values;
    const rules = { autoCreate: autoCreateSubscriptionGroup, createSystemGroups: enableCreateSysGroup };
    const { config, created } = this.#state.groups.find(group, rules, this.#state.nowMs());
    if (created && config !== undefined) await this.#announce([config], []);
    return config;
  }

  /** Creates or changes groups as an operator asks. @throws {AttributeError} when attributes cannot be changed so */
  async update(configs: readonly SubscriptionGroupConfig[]): Promise<void> {
    const updated = configs.map((config) => this.#state.groups.update(config, this.#state.nowMs()));
    if (updated.length > 0) await this.#announce(updated, []);
  }

  /** Puts the table of a master in place of this one. */
  async follow(
    configs: readonly SubscriptionGroupConfig[],
    forbidden: Iterable<readonly [string, ReadonlyMap<string, number>]>,
    version: DataVersion,
  ): Promise<void> {
    const { groups } = this.#state;
    const wanted = new Set(configs.map(({ groupName }) => groupName));
    const removed = [...groups.configs()].map(({ groupName }) => groupName).filter((name) => !wanted.has(name));
    groups.replace(configs, forbidden, version);
    await this.#announce(configs, removed);
  }

  /** Removes a group, with its offsets when asked. */
  async remove(group: string, cleanOffsets: boolean): Promise<void> {
    const existed = this.#state.groups.remove(group, this.#state.nowMs());
    if (cleanOffsets) this.#state.offsets.removeGroup(group);
    if (this.#state.values.autoDeleteUnusedStats) this.#state.stats.removeGroup(group);
    if (existed) await this.#announce([], [group]);
  }

  /** Takes from a group the right to read. @returns whether it had it */
  async disableConsume(group: string): Promise<boolean> {
    const config = this.#state.groups.get(group);
    if (config === undefined || !config.consumeEnable) return false;
    await this.#announce([this.#state.groups.disableConsume(config, this.#state.nowMs())], []);
    return true;
  }

  /** Forbids or allows a group to read a topic. */
  async setReadable(group: string, topic: string, readable: boolean): Promise<void> {
    this.#state.groups.setReadable(group, topic, readable, this.#state.nowMs());
    const config = this.#state.groups.get(group);
    await this.#announce(config === undefined ? [] : [config], []);
  }

  async #announce(changed: readonly SubscriptionGroupConfig[], removed: readonly string[]): Promise<void> {
    const saved = this.#saver.save(ConfigFile.Groups);
    const published = this.#subscribers.publish("groups", (version): GroupUpdate => ({
      version,
      whole: false,
      changed: changed.map((config) => this.entryOf(config)),
      removed: [...removed],
    }));
    await Promise.all([saved, published]);
  }
}
