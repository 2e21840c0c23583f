/**
 * Topic configuration, the table of them, and their one-line text.
 *
 * Owns the body of requests 18, 21 and 351, `config/topics.json`, and the text that a compressed registration carries:
 * `name readQueues writeQueues perm filterType [attributes JSON]`.
 *
 * @module
 */
import { type DataVersion, dataVersionJson, NO_DATA_VERSION } from "./data_version.ts";
import { ProtocolError } from "./errors.ts";
import { stringifyFastJson } from "./fast_json.ts";
import type { FastDialect } from "./fast_json_writer.ts";
import { parseLong } from "./java_number.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  encodeBody,
  flag,
  type JsonCodec,
  list,
  optional,
  table,
  text,
  whole,
} from "./json_codec.ts";
import {
  type TopicQueueMappingDetail,
  topicQueueMappingDetailJson,
  type TopicQueueMappingInfo,
  topicQueueMappingInfoJson,
} from "./topic_queue_mapping.ts";

/** Permission bits of a topic or broker. Source: apache/rocketmq common/constant/PermName.java PermName. */
export const Perm = {
  /** Gives way to a broker with a better priority. */
  PRIORITY: 0x8,
  /** Messages may be read. */
  READ: 0x4,
  /** Messages may be written. */
  WRITE: 0x2,
  /** New topics may be made after this one. */
  INHERIT: 0x1,
} as const;

/** Configuration of a topic on a broker. Source: apache/rocketmq common/TopicConfig.java TopicConfig. */
export interface TopicConfig {
  /** Attributes, such as `message.type`. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Whether the topic is ordered. */
  readonly order: boolean;
  /** Permission: 4 read, 2 write, 1 inherit. */
  readonly perm: number;
  /** Queues that may be read. */
  readonly readQueueNums: number;
  /** `SINGLE_TAG` or `MULTI_TAG`. */
  readonly topicFilterType: string;
  /** Topic. */
  readonly topicName: string;
  /** System flag: 1 unit, 2 unit-sub. */
  readonly topicSysFlag: number;
  /** Queues that may be written. */
  readonly writeQueueNums: number;
}

/** JSON codec of {@linkcode TopicConfig}. */
export const topicConfigJson: JsonCodec<TopicConfig> = bean<TopicConfig>({
  attributes: table(text()),
  order: flag(),
  perm: whole(6),
  readQueueNums: whole(16),
  topicFilterType: text("SINGLE_TAG"),
  topicName: text(),
  topicSysFlag: whole(),
  writeQueueNums: whole(16),
});

/**
 * Decodes a topic configuration.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeTopicConfig(body: BodyInput): TopicConfig {
  return decodeBody(topicConfigJson, body);
}

/**
 * Encodes a topic configuration.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeTopicConfig(value: TopicConfig, dialect?: FastDialect): Uint8Array {
  return encodeBody(topicConfigJson, value, dialect);
}

/** All topics of a broker: body of request 21 to old peers and `config/topics.json`. Source: apache/rocketmq remoting/protocol/body/TopicConfigSerializeWrapper.java TopicConfigSerializeWrapper. */
export interface TopicConfigTable {
  /** Version of the table. */
  readonly dataVersion: DataVersion;
  /** Configuration by topic. */
  readonly topicConfigTable: ReadonlyMap<string, TopicConfig>;
}

/** JSON codec of {@linkcode TopicConfigTable}. */
export const topicConfigTableJson: JsonCodec<TopicConfigTable> = bean<TopicConfigTable>({
  dataVersion: {
    ...dataVersionJson,
    read: (value, path) => value === undefined || value === null ? NO_DATA_VERSION : dataVersionJson.read(value, path),
  },
  topicConfigTable: table(topicConfigJson),
});

/**
 * Decodes a topic table.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeTopicConfigTable(body: BodyInput): TopicConfigTable {
  return decodeBody(topicConfigTableJson, body);
}

/**
 * Encodes a topic table.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeTopicConfigTable(value: TopicConfigTable, dialect?: FastDialect): Uint8Array {
  return encodeBody(topicConfigTableJson, value, dialect);
}

/** All topics of a broker with the mapping of static ones: body of request 21 and part of a registration. Source: apache/rocketmq remoting/protocol/body/TopicConfigAndMappingSerializeWrapper.java TopicConfigAndMappingSerializeWrapper. */
export interface TopicConfigAndMappingTable {
  /** Version of the table. */
  readonly dataVersion: DataVersion;
  /** Version of the mapping; older peers have none. */
  readonly mappingDataVersion?: DataVersion | undefined;
  /** Configuration by topic. */
  readonly topicConfigTable: ReadonlyMap<string, TopicConfig>;
  /** Static mapping by topic. */
  readonly topicQueueMappingDetailMap?: ReadonlyMap<string, TopicQueueMappingDetail> | undefined;
  /** What the name server needs of it. */
  readonly topicQueueMappingInfoMap?: ReadonlyMap<string, TopicQueueMappingInfo> | undefined;
}

/** JSON codec of {@linkcode TopicConfigAndMappingTable}. */
export const topicConfigAndMappingTableJson: JsonCodec<TopicConfigAndMappingTable> = bean<TopicConfigAndMappingTable>({
  dataVersion: {
    ...dataVersionJson,
    read: (value, path) => value === undefined || value === null ? NO_DATA_VERSION : dataVersionJson.read(value, path),
  },
  mappingDataVersion: optional(dataVersionJson),
  topicConfigTable: table(topicConfigJson),
  topicQueueMappingDetailMap: optional(table(topicQueueMappingDetailJson)),
  topicQueueMappingInfoMap: optional(table(topicQueueMappingInfoJson)),
});

/**
 * Decodes a topic table with mappings.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeTopicConfigAndMappingTable(body: BodyInput): TopicConfigAndMappingTable {
  return decodeBody(topicConfigAndMappingTableJson, body);
}

/**
 * Encodes a topic table with mappings.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeTopicConfigAndMappingTable(value: TopicConfigAndMappingTable, dialect?: FastDialect): Uint8Array {
  return encodeBody(topicConfigAndMappingTableJson, value, dialect);
}

/** One topic with its static mapping: answer to request 351. Source: apache/rocketmq remoting/protocol/statictopic/TopicConfigAndQueueMapping.java TopicConfigAndQueueMapping. */
export interface TopicConfigAndQueueMapping {
  /** Attributes, such as `message.type`. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Whether the topic is ordered. */
  readonly order: boolean;
  /** Permission: 4 read, 2 write, 1 inherit. */
  readonly perm: number;
  /** Queues that may be read. */
  readonly readQueueNums: number;
  /** `SINGLE_TAG` or `MULTI_TAG`. */
  readonly topicFilterType: string;
  /** Topic. */
  readonly topicName: string;
  /** System flag: 1 unit, 2 unit-sub. */
  readonly topicSysFlag: number;
  /** Queues that may be written. */
  readonly writeQueueNums: number;
  /** Static mapping. */
  readonly mappingDetail?: TopicQueueMappingDetail | undefined;
}

/** JSON codec of {@linkcode TopicConfigAndQueueMapping}. */
export const topicConfigAndQueueMappingJson: JsonCodec<TopicConfigAndQueueMapping> = bean<TopicConfigAndQueueMapping>({
  attributes: table(text()),
  order: flag(),
  perm: whole(6),
  readQueueNums: whole(16),
  topicFilterType: text("SINGLE_TAG"),
  topicName: text(),
  topicSysFlag: whole(),
  writeQueueNums: whole(16),
  mappingDetail: optional(topicQueueMappingDetailJson),
});

/**
 * Decodes the answer to request 351.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeTopicConfigAndQueueMapping(body: BodyInput): TopicConfigAndQueueMapping {
  return decodeBody(topicConfigAndQueueMappingJson, body);
}

/**
 * Encodes the answer to request 351.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeTopicConfigAndQueueMapping(value: TopicConfigAndQueueMapping, dialect?: FastDialect): Uint8Array {
  return encodeBody(topicConfigAndQueueMappingJson, value, dialect);
}

/** Topics to be made: body of request 18. Source: apache/rocketmq remoting/protocol/body/CreateTopicListRequestBody.java CreateTopicListRequestBody. */
export interface TopicConfigList {
  /** The topics. */
  readonly topicConfigList: readonly TopicConfig[];
}

/** JSON codec of {@linkcode TopicConfigList}. */
export const topicConfigListJson: JsonCodec<TopicConfigList> = bean<TopicConfigList>({
  topicConfigList: list(topicConfigJson),
});

/**
 * Decodes the body of request 18.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeTopicConfigList(body: BodyInput): TopicConfigList {
  return decodeBody(topicConfigListJson, body);
}

/**
 * Encodes the body of request 18.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeTopicConfigList(value: TopicConfigList, dialect?: FastDialect): Uint8Array {
  return encodeBody(topicConfigListJson, value, dialect);
}

const LINE_SEPARATOR = " ";

/**
 * Writes a topic configuration as one line.
 *
 * Source: apache/rocketmq common/TopicConfig.java encode.
 *
 * @param config The configuration
 * @returns The line
 */
export function formatTopicConfigLine(config: TopicConfig): string {
  const attributes = stringifyFastJson(new Map(config.attributes));
  return [
    config.topicName,
    config.readQueueNums,
    config.writeQueueNums,
    config.perm,
    config.topicFilterType,
    attributes,
  ].join(LINE_SEPARATOR);
}

/**
 * Reads a topic configuration from one line. Attributes that do not parse are left out, as in RocketMQ.
 *
 * Source: apache/rocketmq common/TopicConfig.java decode.
 *
 * @param line The line
 * @returns The configuration
 * @throws {ProtocolError} BODY_MALFORMED when there are fewer than five words or a number is none
 */
export function parseTopicConfigLine(line: string): TopicConfig {
  const words = line.split(LINE_SEPARATOR);
  const [topicName = "", read, write, perm, topicFilterType = ""] = words;
  const numbers = [read, write, perm].map((word) => parseLong(word ?? ""));
  const [readQueueNums, writeQueueNums, permission] = numbers;
  if (words.length < 5 || readQueueNums === undefined || writeQueueNums === undefined || permission === undefined) {
    throw new ProtocolError("BODY_MALFORMED", `Cannot decode topic line: "${line.slice(0, 200)}" is none`);
  }
  return {
    topicName,
    readQueueNums,
    writeQueueNums,
    perm: permission,
    topicFilterType,
    topicSysFlag: 0,
    order: false,
    attributes: parseAttributes(words.slice(5).join(LINE_SEPARATOR)),
  };
}

/** Most topics have none, and a registration brings a hundred thousand of them. */
const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();

function parseAttributes(json: string): ReadonlyMap<string, string> {
  if (json === "" || json === "{}") return NO_ATTRIBUTES;
  try {
    return decodeBody(table(text()), json);
  } catch (error) {
    // RocketMQ cuts the JSON at a space and then does without the attributes; a line of its writing may be such a one.
    if (error instanceof ProtocolError) return new Map();
    throw error;
  }
}
