/**
 * Topics on a broker: headers of UPDATE_AND_CREATE_TOPIC (17), GET_ALL_TOPIC_CONFIG (21), GET_TOPIC_STATS_INFO (202), DELETE_TOPIC_IN_BROKER (215),
 * QUERY_TOPIC_CONSUME_BY_WHO (300), GET_TOPIC_CONFIG (351) and UPDATE_AND_CREATE_STATIC_TOPIC (513).
 *
 * @module
 */
import type { ExtFields } from "../command.ts";
import {
  type ExtCodec,
  extCodec,
  flagField,
  intField,
  named,
  optionalFlag,
  optionalInt,
  optionalText,
  textField,
} from "../ext_codec.ts";

/** Configuration of a topic. Source: apache/rocketmq remoting/protocol/header/CreateTopicRequestHeader.java CreateTopicRequestHeader. */
export interface CreateTopicRequestHeader {
  /** Topic. */
  readonly topic: string;
  /** Topic whose configuration a new topic takes. */
  readonly defaultTopic: string;
  /** Queues that may be read. */
  readonly readQueueNums: number;
  /** Queues that may be written. */
  readonly writeQueueNums: number;
  /** Permission bits. */
  readonly perm: number;
  /** `SINGLE_TAG` or `MULTI_TAG`. */
  readonly topicFilterType: string;
  /** System flag of the topic. */
  readonly topicSysFlag?: number | undefined;
  /** Whether order matters. */
  readonly order: boolean;
  /** Changes to attributes, `+key=value,-key`. */
  readonly attributes?: string | undefined;
  /** Whether checks are skipped. */
  readonly force: boolean;
}

const createTopicRequestHeaderCodec: ExtCodec<CreateTopicRequestHeader> = extCodec<CreateTopicRequestHeader>({
  topic: textField(),
  defaultTopic: textField(),
  readQueueNums: intField(),
  writeQueueNums: intField(),
  perm: intField(),
  topicFilterType: textField(),
  topicSysFlag: optionalInt(),
  order: flagField(false),
  attributes: optionalText(),
  force: flagField(false),
});

/**
 * Decodes a {@linkcode CreateTopicRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeCreateTopicRequestHeader(ext: ExtFields): CreateTopicRequestHeader {
  return createTopicRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode CreateTopicRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeCreateTopicRequestHeader(header: CreateTopicRequestHeader): ExtFields {
  return createTopicRequestHeaderCodec.encode(header);
}

/** Which topic, in requests 202, 215, 300 and 351. Source: apache/rocketmq remoting/protocol/header/DeleteTopicRequestHeader.java DeleteTopicRequestHeader. */
export interface TopicRequestHeader {
  /** Topic. */
  readonly topic: string;
  /** Whether a static topic is meant. */
  readonly logical?: boolean | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const topicRequestHeaderCodec: ExtCodec<TopicRequestHeader> = extCodec<TopicRequestHeader>({
  topic: textField(),
  logical: named("lo", optionalFlag()),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode TopicRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeTopicRequestHeader(ext: ExtFields): TopicRequestHeader {
  return topicRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode TopicRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeTopicRequestHeader(header: TopicRequestHeader): ExtFields {
  return topicRequestHeaderCodec.encode(header);
}

/** Which page of the topic table; without fields all of it. Source: apache/rocketmq remoting/protocol/header/GetAllTopicConfigRequestHeader.java GetAllTopicConfigRequestHeader. */
export interface GetAllTopicConfigRequestHeader {
  /** Index of the first topic wanted. */
  readonly topicSeq?: number | undefined;
  /** Data version that the first page had, JSON. */
  readonly dataVersion?: string | undefined;
  /** Topics on a page. */
  readonly maxTopicNum?: number | undefined;
}

const getAllTopicConfigRequestHeaderCodec: ExtCodec<GetAllTopicConfigRequestHeader> = extCodec<
  GetAllTopicConfigRequestHeader
>({
  topicSeq: optionalInt(),
  dataVersion: optionalText(),
  maxTopicNum: optionalInt(),
});

/**
 * Decodes a {@linkcode GetAllTopicConfigRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetAllTopicConfigRequestHeader(ext: ExtFields): GetAllTopicConfigRequestHeader {
  return getAllTopicConfigRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetAllTopicConfigRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetAllTopicConfigRequestHeader(header: GetAllTopicConfigRequestHeader): ExtFields {
  return getAllTopicConfigRequestHeaderCodec.encode(header);
}

/** How many topics there are. Source: apache/rocketmq remoting/protocol/header/GetAllTopicConfigResponseHeader.java GetAllTopicConfigResponseHeader. */
export interface GetAllTopicConfigResponseHeader {
  /** Topics in all. */
  readonly totalTopicNum?: number | undefined;
}

const getAllTopicConfigResponseHeaderCodec: ExtCodec<GetAllTopicConfigResponseHeader> = extCodec<
  GetAllTopicConfigResponseHeader
>({
  totalTopicNum: optionalInt(),
});

/**
 * Decodes a {@linkcode GetAllTopicConfigResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetAllTopicConfigResponseHeader(ext: ExtFields): GetAllTopicConfigResponseHeader {
  return getAllTopicConfigResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetAllTopicConfigResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetAllTopicConfigResponseHeader(header: GetAllTopicConfigResponseHeader): ExtFields {
  return getAllTopicConfigResponseHeaderCodec.encode(header);
}
