/**
 * Static topics: how the logical queues of a topic lie on the physical queues of brokers.
 *
 * Owns the body types. Integer keys are logical queue ids.
 *
 * @module
 */
import type { FastDialect } from "./fast_json_writer.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  encodeBody,
  flag,
  type JsonCodec,
  list,
  numberTable,
  optional,
  text,
  whole,
} from "./json_codec.ts";

/** What a broker tells of its share in a static topic. Source: apache/rocketmq remoting/protocol/statictopic/TopicQueueMappingInfo.java TopicQueueMappingInfo. */
export interface TopicQueueMappingInfo {
  /** Broker name. */
  readonly bname?: string | undefined;
  /** Logical queue id to the physical one that is written now. */
  readonly currIdMap: ReadonlyMap<number, number>;
  /** Whether the mapping is not settled. */
  readonly dirty: boolean;
  /** Epoch of the mapping. */
  readonly epoch: number;
  /** Scope; `__global__` is the usual one. */
  readonly scope?: string | undefined;
  /** Topic. */
  readonly topic?: string | undefined;
  /** How many logical queues there are. */
  readonly totalQueues: number;
}

/** JSON codec of {@linkcode TopicQueueMappingInfo}. */
export const topicQueueMappingInfoJson: JsonCodec<TopicQueueMappingInfo> = bean<TopicQueueMappingInfo>({
  bname: optional(text()),
  currIdMap: numberTable(whole()),
  dirty: flag(),
  epoch: whole(),
  scope: optional(text()),
  topic: optional(text()),
  totalQueues: whole(),
});

/** One stretch of a logical queue. Source: apache/rocketmq remoting/protocol/statictopic/LogicQueueMappingItem.java LogicQueueMappingItem. */
export interface LogicQueueMappingItem {
  /** Broker that holds it. */
  readonly bname?: string | undefined;
  /** Physical offset behind it; −1 while it is written. */
  readonly endOffset: number;
  /** Generation. */
  readonly gen: number;
  /** Logical offset of its beginning; −1 when not decided. */
  readonly logicOffset: number;
  /** Physical queue. */
  readonly queueId: number;
  /** Physical offset of its beginning. */
  readonly startOffset: number;
  /** When it ended, ms; −1 when it has not. */
  readonly timeOfEnd: number;
  /** When it began, ms; −1 when unknown. */
  readonly timeOfStart: number;
}

/** JSON codec of {@linkcode LogicQueueMappingItem}. */
export const logicQueueMappingItemJson: JsonCodec<LogicQueueMappingItem> = bean<LogicQueueMappingItem>({
  bname: optional(text()),
  endOffset: whole(-1),
  gen: whole(),
  logicOffset: whole(),
  queueId: whole(),
  startOffset: whole(),
  timeOfEnd: whole(-1),
  timeOfStart: whole(-1),
});

/** A broker's share in a static topic with its whole history. Source: apache/rocketmq remoting/protocol/statictopic/TopicQueueMappingDetail.java TopicQueueMappingDetail. */
export interface TopicQueueMappingDetail {
  /** Broker name. */
  readonly bname?: string | undefined;
  /** Logical queue id to the physical one. */
  readonly currIdMap: ReadonlyMap<number, number>;
  /** Whether the mapping is not settled. */
  readonly dirty: boolean;
  /** Epoch of the mapping. */
  readonly epoch: number;
  /** Logical queue id to its stretches. */
  readonly hostedQueues: ReadonlyMap<number, readonly LogicQueueMappingItem[]>;
  /** Scope. */
  readonly scope?: string | undefined;
  /** Topic. */
  readonly topic?: string | undefined;
  /** How many logical queues there are. */
  readonly totalQueues: number;
}

/** JSON codec of {@linkcode TopicQueueMappingDetail}. */
export const topicQueueMappingDetailJson: JsonCodec<TopicQueueMappingDetail> = bean<TopicQueueMappingDetail>({
  bname: optional(text()),
  currIdMap: numberTable(whole()),
  dirty: flag(),
  epoch: whole(),
  hostedQueues: numberTable(list(logicQueueMappingItemJson)),
  scope: optional(text()),
  topic: optional(text()),
  totalQueues: whole(),
});

/**
 * Decodes the body of request 513.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeTopicQueueMappingDetail(body: BodyInput): TopicQueueMappingDetail {
  return decodeBody(topicQueueMappingDetailJson, body);
}

/**
 * Encodes the body of request 513.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeTopicQueueMappingDetail(value: TopicQueueMappingDetail, dialect?: FastDialect): Uint8Array {
  return encodeBody(topicQueueMappingDetailJson, value, dialect);
}
