/**
 * Consumer group configuration and the table of them.
 *
 * Owns the bodies of requests 200, 201, 225 and 352, and `config/subscriptionGroup.json`.
 *
 * @module
 */
import { type DataVersion, dataVersionJson, NO_DATA_VERSION } from "./data_version.ts";
import type { FastDialect } from "./fast_json_writer.ts";
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

/** Retry delays that grow by a factor. Source: apache/rocketmq remoting/protocol/subscription/ExponentialRetryPolicy.java ExponentialRetryPolicy. */
export interface ExponentialRetryPolicy {
  /** First delay, ms. */
  readonly initial: number;
  /** Longest delay, ms. */
  readonly max: number;
  /** Factor. */
  readonly multiplier: number;
}

/** JSON codec of {@linkcode ExponentialRetryPolicy}. */
export const exponentialRetryPolicyJson: JsonCodec<ExponentialRetryPolicy> = bean<ExponentialRetryPolicy>({
  initial: whole(5000),
  max: whole(7200000),
  multiplier: whole(2),
});

/** Retry delays one by one. Source: apache/rocketmq remoting/protocol/subscription/CustomizedRetryPolicy.java CustomizedRetryPolicy. */
export interface CustomizedRetryPolicy {
  /** Delays, ms. */
  readonly next: readonly number[];
}

/** JSON codec of {@linkcode CustomizedRetryPolicy}. */
export const customizedRetryPolicyJson: JsonCodec<CustomizedRetryPolicy> = bean<CustomizedRetryPolicy>({
  next: list(whole()),
});

/** How long a message of a group waits before it is tried again. Source: apache/rocketmq remoting/protocol/subscription/GroupRetryPolicy.java GroupRetryPolicy. */
export interface GroupRetryPolicy {
  /** The delays of `CUSTOMIZED`; the broker's levels when left out. */
  readonly customizedRetryPolicy?: CustomizedRetryPolicy | undefined;
  /** The delays of `EXPONENTIAL`. */
  readonly exponentialRetryPolicy?: ExponentialRetryPolicy | undefined;
  /** `CUSTOMIZED` or `EXPONENTIAL`. */
  readonly type: string;
}

/** JSON codec of {@linkcode GroupRetryPolicy}. */
export const groupRetryPolicyJson: JsonCodec<GroupRetryPolicy> = bean<GroupRetryPolicy>({
  customizedRetryPolicy: optional(customizedRetryPolicyJson),
  exponentialRetryPolicy: optional(exponentialRetryPolicyJson),
  type: text("CUSTOMIZED"),
});

/** A subscription that the broker keeps for a group. Source: apache/rocketmq remoting/protocol/subscription/SimpleSubscriptionData.java SimpleSubscriptionData. */
export interface SimpleSubscriptionData {
  /** Filter expression. */
  readonly expression: string;
  /** `TAG` or `SQL92`. */
  readonly expressionType: string;
  /** Topic. */
  readonly topic: string;
  /** Version, ms. */
  readonly version: number;
}

/** JSON codec of {@linkcode SimpleSubscriptionData}. */
export const simpleSubscriptionDataJson: JsonCodec<SimpleSubscriptionData> = bean<SimpleSubscriptionData>({
  expression: text(),
  expressionType: text(),
  topic: text(),
  version: whole(),
});

/** Configuration of a consumer group on a broker. Source: apache/rocketmq remoting/protocol/subscription/SubscriptionGroupConfig.java SubscriptionGroupConfig. */
export interface SubscriptionGroupConfig {
  /** Attributes. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Broker id that consumers are sent to first. */
  readonly brokerId: number;
  /** Whether broadcast consumption is allowed. */
  readonly consumeBroadcastEnable: boolean;
  /** Whether consumption is allowed. */
  readonly consumeEnable: boolean;
  /** Whether a new group may begin at the smallest offset. */
  readonly consumeFromMinEnable: boolean;
  /** Whether pop consumption is ordered. */
  readonly consumeMessageOrderly: boolean;
  /** How long one message may take, minutes. */
  readonly consumeTimeoutMinute: number;
  /** Group. */
  readonly groupName: string;
  /** Retry policy; 4.x has none. */
  readonly groupRetryPolicy?: GroupRetryPolicy | undefined;
  /** System flag. */
  readonly groupSysFlag: number;
  /** Whether members are told of changes. */
  readonly notifyConsumerIdsChangedEnable: boolean;
  /** Retries before the dead letter queue. */
  readonly retryMaxTimes: number;
  /** Queues of the retry topic. */
  readonly retryQueueNums: number;
  /** Kept subscriptions. */
  readonly subscriptionDataSet?: readonly SimpleSubscriptionData[] | undefined;
  /** Broker id that slow consumers are sent to. */
  readonly whichBrokerWhenConsumeSlowly: number;
}

/** JSON codec of {@linkcode SubscriptionGroupConfig}. */
export const subscriptionGroupConfigJson: JsonCodec<SubscriptionGroupConfig> = bean<SubscriptionGroupConfig>({
  attributes: table(text()),
  brokerId: whole(),
  consumeBroadcastEnable: flag(true),
  consumeEnable: flag(true),
  consumeFromMinEnable: flag(true),
  consumeMessageOrderly: flag(),
  consumeTimeoutMinute: whole(15),
  groupName: text(),
  groupRetryPolicy: optional(groupRetryPolicyJson),
  groupSysFlag: whole(),
  notifyConsumerIdsChangedEnable: flag(true),
  retryMaxTimes: whole(16),
  retryQueueNums: whole(1),
  subscriptionDataSet: optional(list(simpleSubscriptionDataJson)),
  whichBrokerWhenConsumeSlowly: whole(1),
});

/**
 * Decodes a group configuration.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeSubscriptionGroupConfig(body: BodyInput): SubscriptionGroupConfig {
  return decodeBody(subscriptionGroupConfigJson, body);
}

/**
 * Encodes a group configuration.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeSubscriptionGroupConfig(value: SubscriptionGroupConfig, dialect?: FastDialect): Uint8Array {
  return encodeBody(subscriptionGroupConfigJson, value, dialect);
}

/** All groups of a broker: answer to request 201 and `config/subscriptionGroup.json`. Source: apache/rocketmq remoting/protocol/body/SubscriptionGroupWrapper.java SubscriptionGroupWrapper. */
export interface SubscriptionGroupTable {
  /** Version of the table. */
  readonly dataVersion: DataVersion;
  /** By group and topic, bits of what is forbidden. */
  readonly forbiddenTable: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Configuration by group. */
  readonly subscriptionGroupTable: ReadonlyMap<string, SubscriptionGroupConfig>;
}

/** JSON codec of {@linkcode SubscriptionGroupTable}. */
export const subscriptionGroupTableJson: JsonCodec<SubscriptionGroupTable> = bean<SubscriptionGroupTable>({
  dataVersion: {
    ...dataVersionJson,
    read: (value, path) => value === undefined || value === null ? NO_DATA_VERSION : dataVersionJson.read(value, path),
  },
  forbiddenTable: table(table(whole())),
  subscriptionGroupTable: table(subscriptionGroupConfigJson),
});

/**
 * Decodes a group table.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeSubscriptionGroupTable(body: BodyInput): SubscriptionGroupTable {
  return decodeBody(subscriptionGroupTableJson, body);
}

/**
 * Encodes a group table.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeSubscriptionGroupTable(value: SubscriptionGroupTable, dialect?: FastDialect): Uint8Array {
  return encodeBody(subscriptionGroupTableJson, value, dialect);
}

/** Groups to be made: body of request 225. Source: apache/rocketmq remoting/protocol/body/SubscriptionGroupList.java SubscriptionGroupList. */
export interface SubscriptionGroupList {
  /** The groups. */
  readonly groupConfigList: readonly SubscriptionGroupConfig[];
}

/** JSON codec of {@linkcode SubscriptionGroupList}. */
export const subscriptionGroupListJson: JsonCodec<SubscriptionGroupList> = bean<SubscriptionGroupList>({
  groupConfigList: list(subscriptionGroupConfigJson),
});

/**
 * Decodes the body of request 225.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeSubscriptionGroupList(body: BodyInput): SubscriptionGroupList {
  return decodeBody(subscriptionGroupListJson, body);
}

/**
 * Encodes the body of request 225.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeSubscriptionGroupList(value: SubscriptionGroupList, dialect?: FastDialect): Uint8Array {
  return encodeBody(subscriptionGroupListJson, value, dialect);
}

/**
 * The configuration that a group has when nobody gave it another.
 *
 * @param groupName Group
 * @returns RocketMQ's defaults
 */
export function defaultSubscriptionGroup(groupName: string): SubscriptionGroupConfig {
  return {
    ...subscriptionGroupConfigJson.read(Object.create(null), ""),
    groupName,
    groupRetryPolicy: { type: "CUSTOMIZED" },
  };
}
