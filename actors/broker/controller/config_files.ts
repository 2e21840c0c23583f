/**
 * The configuration files of the control plane in RocketMQ's dialect.
 *
 * Owns: what topics.json, subscriptionGroup.json, consumerOffset.json, consumerFilter.json and messageRequestMode.json say, and the fields in
 * them that this code does not know, which are kept. Of topics and groups it keeps the text, so that one change among thousands does not write all of them again.
 * Reads: the state when it writes, the files when it loads.
 * Never: decides when a file is written; `config_saver.ts` does.
 */
import { consumerFilterTableJson } from "../../../protocol/bodies/consumer_filters.ts";
import { consumerOffsetTableJson } from "../../../protocol/bodies/consumer_offsets.ts";
import { messageRequestModeTableJson, type SetMessageRequestMode } from "../../../protocol/bodies/assignment.ts";
import {
  type FastInput,
  type FastObject,
  FastText,
  type FastValue,
  parseFastJson,
  stringifyFastJson,
} from "../../../protocol/fast_json.ts";
import type { JsonCodec } from "../../../protocol/json_codec.ts";
import { subscriptionGroupConfigJson, subscriptionGroupTableJson } from "../../../protocol/subscription_group.ts";
import { topicConfigJson, topicConfigTableJson } from "../../../protocol/topic_config.ts";
import { javaHashOrder } from "../../../store/java_hash_order.ts";
import { keepUnknownFields } from "../../../store/keep_unknown.ts";
import type { ControllerState } from "./state.ts";

/** The files by their names. Source: apache/rocketmq broker BrokerPathConfigHelper */
export const ConfigFile = {
  Topics: "topics.json",
  Groups: "subscriptionGroup.json",
  Offsets: "consumerOffset.json",
  Filters: "consumerFilter.json",
  RequestModes: "messageRequestMode.json",
} as const;

/** Name of a file. */
export type ConfigFile = typeof ConfigFile[keyof typeof ConfigFile];

/** Initial capacity of the map of groups. Source: apache/rocketmq broker ConsumerOffsetManager.getGroupTopicMap */
const GROUP_MAP_CAPACITY = 128;
/** Initial capacity of the set of topics of a group. Source: apache/rocketmq broker ConsumerOffsetManager.getGroupTopicMap */
const TOPIC_SET_CAPACITY = 8;

/** Encodes and loads the files of one broker. */
export class ConfigFiles {
  readonly #state: ControllerState;
  readonly #read = new Map<ConfigFile, FastValue>();
  /** Pretty text of a topic or group; a configuration that changes is another object. */
  #texts = new WeakMap<object, FastText>();

  /** @param state what the files are about */
  constructor(state: ControllerState) {
    this.#state = state;
  }

  /**
   * Takes over what a file says.
   *
   * @param file which one
   * @param text its content
   * @throws {ProtocolError} when it is not in RocketMQ's dialect; nothing was taken over then
   */
  load(file: ConfigFile, text: string): void {
    const tree = parseFastJson(text);
    switch (file) {
      case ConfigFile.Topics: {
        const { topicConfigTable, dataVersion } = topicConfigTableJson.read(tree, "");
        this.#state.topics.load(topicConfigTable.values(), dataVersion);
        break;
      }
      case ConfigFile.Groups: {
        const { subscriptionGroupTable, forbiddenTable, dataVersion } = subscriptionGroupTableJson.read(tree, "");
        this.#state.groups.load(subscriptionGroupTable.values(), forbiddenTable, dataVersion);
        break;
      }
      case ConfigFile.Offsets: {
        const { offsetTable, dataVersion } = consumerOffsetTableJson.read(tree, "");
        const entries = [...offsetTable].map(([key, queues]) => [key, new Map(queues)] as const);
        this.#state.offsets.replace(entries, dataVersion);
        this.#state.offsets.markSaved();
        break;
      }
      case ConfigFile.Filters: {
        const { filterDataByTopic } = consumerFilterTableJson.read(tree, "");
        if (!this.#state.filters.load(filterDataByTopic.values(), this.#state.nowMs())) return;
        break;
      }
      case ConfigFile.RequestModes: {
        const { messageRequestModeMap } = messageRequestModeTableJson.read(tree, "");
        for (const groups of messageRequestModeMap.values()) {
          for (const mode of groups.values()) this.#state.requestModes.set(mode);
        }
        break;
      }
    }
    this.#read.set(file, tree);
    this.#texts = new WeakMap();
  }

  /** Text of a file as it is written to disk. */
  encode(file: ConfigFile): string {
    const written = file === ConfigFile.Topics
      ? this.#writtenTopics()
      : file === ConfigFile.Groups
      ? this.#writtenGroups()
      : this.#known(file);
    return stringifyFastJson(keepUnknownFields(written, this.#read.get(file)), { pretty: true });
  }

  #writtenTopics(): FastInput {
    const { topics } = this.#state;
    const head = topicConfigTableJson.write({ dataVersion: topics.version, topicConfigTable: new Map() });
    const table = "topicConfigTable";
    const texts = [...topics.configs()].map((config): [string, FastInput] => {
      const { topicName } = config;
      return [topicName, this.#textOf(config, topicConfigJson, [ConfigFile.Topics, table, topicName])];
    });
    return { ...head as FastBean, [table]: new Map(texts) };
  }

  #writtenGroups(): FastInput {
    const { groups } = this.#state;
    const head = subscriptionGroupTableJson.write({
      dataVersion: groups.version,
      forbiddenTable: groups.forbidden(),
      subscriptionGroupTable: new Map(),
    });
    const table = "subscriptionGroupTable";
    const texts = [...groups.configs()].map((config): [string, FastInput] => {
      const { groupName } = config;
      return [groupName, this.#textOf(config, subscriptionGroupConfigJson, [ConfigFile.Groups, table, groupName])];
    });
    return { ...head as FastBean, [table]: new Map(texts) };
  }

  /** Text of an entry of a table, two levels below the root; made when it is not the one that was written last. */
  #textOf<T extends object>(
    config: T,
    codec: JsonCodec<T>,
    [file, table, name]: readonly [ConfigFile, string, string],
  ): FastText {
    const known = this.#texts.get(config);
    if (known !== undefined) return known;
    const read = fieldOf(fieldOf(this.#read.get(file), table), name);
    // A line end inside a value is written as an escape, so these are the ends of lines.
    const lines = stringifyFastJson(keepUnknownFields(codec.write(config), read), { pretty: true }).split("\n");
    const text = new FastText(lines.join("\n\t\t"));
    this.#texts.set(config, text);
    return text;
  }

  /** Text of a file as requests 43 and 402 answer it: without line breaks. */
  encodeCompact(file: ConfigFile): string {
    return stringifyFastJson(this.#tree(file));
  }

  #tree(file: ConfigFile): FastInput {
    return keepUnknownFields(this.#known(file), this.#read.get(file));
  }

  #known(file: ConfigFile): FastInput {
    const { topics, groups, offsets, requestModes } = this.#state;
    switch (file) {
      case ConfigFile.Topics:
        return write(topicConfigTableJson, {
          dataVersion: topics.version,
          topicConfigTable: new Map([...topics.configs()].map((config) => [config.topicName, config])),
        });
      case ConfigFile.Groups:
        return write(subscriptionGroupTableJson, {
          dataVersion: groups.version,
          forbiddenTable: groups.forbidden(),
          subscriptionGroupTable: new Map([...groups.configs()].map((config) => [config.groupName, config])),
        });
      case ConfigFile.Offsets:
        return write(consumerOffsetTableJson, {
          dataVersion: offsets.version,
          groupTopicMap: groupTopicMapOf(offsets.groupTopics()),
          offsetTable: new Map([...offsets.entries()].map(([key, queues]) => [key, sortedByQueue(queues)])),
        });
      case ConfigFile.Filters:
        return write(consumerFilterTableJson, { filterDataByTopic: this.#state.filters.entries() });
      case ConfigFile.RequestModes:
        return write(messageRequestModeTableJson, {
          messageRequestModeMap: new Map(
            [...requestModes.topics()].map((
              [topic, modes],
            ) => [topic, modes as ReadonlyMap<string, SetMessageRequestMode>]),
          ),
        });
    }
  }
}

/** What a bean is written as. */
type FastBean = { readonly [key: string]: FastInput };

function fieldOf(value: FastValue | undefined, name: string): FastValue | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map);
  return isObject && Object.hasOwn(value, name) ? (value as FastObject)[name] : undefined;
}

function write<T>(codec: JsonCodec<T>, value: T): FastInput {
  return codec.write(value);
}

function groupTopicMapOf(groupTopics: ReadonlyMap<string, readonly string[]>): Map<string, readonly string[]> {
  return new Map(
    javaHashOrder([...groupTopics.keys()], GROUP_MAP_CAPACITY)
      .map((group) => [group, javaHashOrder(groupTopics.get(group) ?? [], TOPIC_SET_CAPACITY)]),
  );
}

/** Queues in the order of a Java map of small integers. */
function sortedByQueue(queues: ReadonlyMap<number, number>): Map<number, number> {
  return new Map([...queues].sort(([left], [right]) => left - right));
}
