/**
 * Offsets of a topic by queue. Owns the answer to request 202.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  double,
  encodeBody,
  type JsonCodec,
  objectTable,
  optional,
  type Pair,
  whole,
} from "../json_codec.ts";
import { type MessageQueue, messageQueueJson } from "../message_queue.ts";

/** Ends of a queue. Source: apache/rocketmq remoting/protocol/admin/TopicOffset.java TopicOffset. */
export interface TopicOffset {
  /** Store time of the last message, ms; 0 when there is none. */
  readonly lastUpdateTimestamp: number;
  /** Offset behind the last message. */
  readonly maxOffset: number;
  /** Offset of the first message. */
  readonly minOffset: number;
}

/** JSON codec of {@linkcode TopicOffset}. */
export const topicOffsetJson: JsonCodec<TopicOffset> = bean<TopicOffset>({
  lastUpdateTimestamp: whole(),
  maxOffset: whole(),
  minOffset: whole(),
});

/** Ends of all queues of a topic: answer to request 202. Source: apache/rocketmq remoting/protocol/admin/TopicStatsTable.java TopicStatsTable. */
export interface TopicStatsTable {
  /** Ends by queue. */
  readonly offsetTable: readonly Pair<MessageQueue, TopicOffset>[];
  /** Messages stored a second; brokers before 5.4 do not tell. */
  readonly topicPutTps?: number | undefined;
}

/** JSON codec of {@linkcode TopicStatsTable}. */
export const topicStatsTableJson: JsonCodec<TopicStatsTable> = bean<TopicStatsTable>({
  offsetTable: objectTable(messageQueueJson, topicOffsetJson),
  topicPutTps: optional(double()),
});

/**
 * Decodes the answer to request 202.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeTopicStatsTable(body: BodyInput): TopicStatsTable {
  return decodeBody(topicStatsTableJson, body);
}

/**
 * Encodes the answer to request 202.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeTopicStatsTable(value: TopicStatsTable, dialect?: FastDialect): Uint8Array {
  return encodeBody(topicStatsTableJson, value, dialect);
}
