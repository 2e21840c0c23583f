/**
 * Lists of names: topics, groups, client ids. Owns the answers to requests 206, 224, 300, 304, 305, 311–313, 343 and 38.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import { bean, type BodyInput, decodeBody, encodeBody, type JsonCodec, list, optional, text } from "../json_codec.ts";

/** Topics. Source: apache/rocketmq remoting/protocol/body/TopicList.java TopicList. */
export interface TopicList {
  /** Broker that gave them. */
  readonly brokerAddr?: string | undefined;
  /** Topic names. */
  readonly topicList: readonly string[];
}

/** JSON codec of {@linkcode TopicList}. */
export const topicListJson: JsonCodec<TopicList> = bean<TopicList>({
  brokerAddr: optional(text()),
  topicList: list(text()),
});

/**
 * Decodes a topic list.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeTopicList(body: BodyInput): TopicList {
  return decodeBody(topicListJson, body);
}

/**
 * Encodes a topic list.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeTopicList(value: TopicList, dialect?: FastDialect): Uint8Array {
  return encodeBody(topicListJson, value, dialect);
}

/** Groups. Source: apache/rocketmq remoting/protocol/body/GroupList.java GroupList. */
export interface GroupList {
  /** Group names. */
  readonly groupList: readonly string[];
}

/** JSON codec of {@linkcode GroupList}. */
export const groupListJson: JsonCodec<GroupList> = bean<GroupList>({
  groupList: list(text()),
});

/**
 * Decodes a group list.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeGroupList(body: BodyInput): GroupList {
  return decodeBody(groupListJson, body);
}

/**
 * Encodes a group list.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeGroupList(value: GroupList, dialect?: FastDialect): Uint8Array {
  return encodeBody(groupListJson, value, dialect);
}

/** Members of a group: answer to request 38. Source: apache/rocketmq remoting/protocol/header/GetConsumerListByGroupResponseBody.java GetConsumerListByGroupResponseBody. */
export interface ConsumerIdList {
  /** Client ids. */
  readonly consumerIdList: readonly string[];
}

/** JSON codec of {@linkcode ConsumerIdList}. */
export const consumerIdListJson: JsonCodec<ConsumerIdList> = bean<ConsumerIdList>({
  consumerIdList: list(text()),
});

/**
 * Decodes the answer to request 38.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeConsumerIdList(body: BodyInput): ConsumerIdList {
  return decodeBody(consumerIdListJson, body);
}

/**
 * Encodes the answer to request 38.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeConsumerIdList(value: ConsumerIdList, dialect?: FastDialect): Uint8Array {
  return encodeBody(consumerIdListJson, value, dialect);
}
