/**
 * Filters of consumer groups. Owns `config/consumerFilter.json`.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  encodeBody,
  flag,
  ints,
  type JsonCodec,
  optional,
  table,
  text,
  whole,
} from "../json_codec.ts";

/** Bits of a group in the bloom filter of a queue. Source: apache/rocketmq filter/util/BloomFilterData.java BloomFilterData. */
export interface BloomFilterData {
  /** Bits of the filter. */
  readonly bitNum: number;
  /** Bits of the group. */
  readonly bitPos: readonly number[];
}

/** JSON codec of {@linkcode BloomFilterData}. */
export const bloomFilterDataJson: JsonCodec<BloomFilterData> = bean<BloomFilterData>({
  bitNum: whole(),
  bitPos: ints(),
});

/** Filter of a group on a topic. Source: apache/rocketmq broker/filter/ConsumerFilterData.java ConsumerFilterData. */
export interface ConsumerFilterData {
  /** Bits in the bloom filter. */
  readonly bloomFilterData?: BloomFilterData | undefined;
  /** When it was made, ms. */
  readonly bornTime: number;
  /** Version of the subscription. */
  readonly clientVersion: number;
  /** Group. */
  readonly consumerGroup: string;
  /** Whether the group is gone; derived from `deadTime`. */
  readonly dead: boolean;
  /** When the group left, ms. */
  readonly deadTime: number;
  /** Condition. */
  readonly expression: string;
  /** Kind of expression. */
  readonly expressionType: string;
  /** Topic. */
  readonly topic: string;
}

/** JSON codec of {@linkcode ConsumerFilterData}. */
export const consumerFilterDataJson: JsonCodec<ConsumerFilterData> = bean<ConsumerFilterData>({
  bloomFilterData: optional(bloomFilterDataJson),
  bornTime: whole(),
  clientVersion: whole(),
  consumerGroup: text(),
  dead: flag(),
  deadTime: whole(),
  expression: text(),
  expressionType: text(),
  topic: text(),
});

/** Filters of a topic. Source: apache/rocketmq broker/filter/ConsumerFilterManager.java FilterDataMapByTopic. */
export interface TopicFilters {
  /** Filter by group. */
  readonly groupFilterData: ReadonlyMap<string, ConsumerFilterData>;
  /** Topic. */
  readonly topic: string;
}

/** JSON codec of {@linkcode TopicFilters}. */
export const topicFiltersJson: JsonCodec<TopicFilters> = bean<TopicFilters>({
  groupFilterData: table(consumerFilterDataJson),
  topic: text(),
});

/** All filters of a broker. Source: apache/rocketmq broker/filter/ConsumerFilterManager.java ConsumerFilterManager. */
export interface ConsumerFilterTable {
  /** Filters by topic. */
  readonly filterDataByTopic: ReadonlyMap<string, TopicFilters>;
}

/** JSON codec of {@linkcode ConsumerFilterTable}. */
export const consumerFilterTableJson: JsonCodec<ConsumerFilterTable> = bean<ConsumerFilterTable>({
  filterDataByTopic: table(topicFiltersJson),
});

/**
 * Decodes a filter table.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeConsumerFilterTable(body: BodyInput): ConsumerFilterTable {
  return decodeBody(consumerFilterTableJson, body);
}

/**
 * Encodes a filter table.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeConsumerFilterTable(value: ConsumerFilterTable, dialect?: FastDialect): Uint8Array {
  return encodeBody(consumerFilterTableJson, value, dialect);
}
