/**
 * Changes of the configuration while the broker runs.
 *
 * Owns: the data version of the configuration, and which keys must not be changed.
 * Reads: nothing that is not in the state.
 * Never: refuses an unknown key; as in RocketMQ it changes nothing.
 *
 * Source: apache/rocketmq remoting Configuration, broker AdminBrokerProcessor.updateBrokerConfig
 */
import { type DataVersion, nextDataVersion } from "../../../protocol/data_version.ts";
import { formatProperties } from "../../../protocol/properties_text.ts";
import { type ConfigurationSchema, configurationTable, updateConfiguration } from "../../../store/configuration.ts";
import { javaDouble } from "../../../store/store_stats.ts";
import { BROKER_SCHEMA } from "../broker_configuration.ts";
import type { ConfigurationUpdate } from "../broker_controller_contract.ts";
import type { ControllerState } from "./state.ts";
import type { Subscribers } from "./subscribers.ts";

/** Keys that no request may change. Source: apache/rocketmq broker AdminBrokerProcessor.initConfigBlackList */
const UNCHANGEABLE_KEYS: readonly string[] = ["brokerConfigPath", "rocketmqHome", "configBlackList"];

/** Keys that RocketMQ does not show, or not know, while nobody has set them. */
const SHOWN_WHEN_SET = [
  "haMasterAddress",
  "slaveSynchronizeInterval",
  "syncMasterVersion",
  "etcdEndpoints",
  "failoverLeaseSeconds",
  "enableElectUncleanMaster",
] as const;

/** What a change leads to besides its publication. */
export interface ConfigurationListeners {
  readonly subscribers: Subscribers;
  /** Puts the text in place of the configuration file, when there is one. */
  writeFile(text: string): void;
  /** The broker's permission is another one: topics are registered anew. */
  permissionChanged(): Promise<void>;
}

/** The configuration of one broker over time. */
export class ConfigurationChanges {
  readonly #state: ControllerState;
  readonly #listeners: ConfigurationListeners;
  readonly #changed = new Map<string, string>();
  #version: DataVersion;

  /**
   * @param state whose configuration changes
   * @param listeners what a change leads to
   */
  constructor(state: ControllerState, listeners: ConfigurationListeners) {
    this.#state = state;
    this.#listeners = listeners;
    this.#version = { stateVersion: 0, timestamp: state.nowMs(), counter: 0 };
  }

  /** Version of the configuration; it moves with each update. */
  get version(): DataVersion {
    return this.#version;
  }

  /** Every value that was changed at run time, for a subscriber that starts. */
  snapshot(): ConfigurationUpdate {
    return {
      version: this.#listeners.subscribers.versionOf("configuration"),
      changed: Object.fromEntries(this.#changed),
    };
  }

  /** Text of the whole configuration, as request 26 answers it and as the file is written. */
  text(): string {
    const { configuration } = this.#state;
    const table = configurationTable(configuration);
    for (const key of SHOWN_WHEN_SET) if (configuration.origins[key] === "default") table.delete(key);
    for (const [key, { type }] of Object.entries(BROKER_SCHEMA as ConfigurationSchema)) {
      const text = table.get(key);
      if (type === "double" && text !== undefined) table.set(key, javaDouble(Number(text)));
    }
    return formatProperties(table);
  }

  /** Whether any of these keys must not be changed. */
  forbids(keys: Iterable<string>): boolean {
    const black = new Set([...UNCHANGEABLE_KEYS, ...this.#state.values.configBlackList.split(";")]);
    return [...keys].some((key) => black.has(key));
  }

  /** Applies an update; every gateway works with it when this resolves. */
  async update(table: ReadonlyMap<string, string>): Promise<void> {
    const { configuration, changed } = updateConfiguration(BROKER_SCHEMA, this.#state.configuration, table);
    this.#state.configuration = configuration;
    this.#version = nextDataVersion(this.#version, this.#state.nowMs());
    this.#listeners.writeFile(this.text());
    const texts = configurationTable(configuration);
    const update: Record<string, string> = {};
    for (const key of changed) {
      update[key] = texts.get(key) ?? "";
      this.#changed.set(key, update[key]);
    }
    if (changed.length > 0) {
      await this.#listeners.subscribers.publish("configuration", (version): ConfigurationUpdate => ({
        version,
        changed: update,
      }));
    }
    if (table.has("brokerPermission")) await this.#listeners.permissionChanged();
  }
}
