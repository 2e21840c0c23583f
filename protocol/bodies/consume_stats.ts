/**
 * Progress of consumer groups. Owns the answers to requests 208 and 317.
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
  list,
  objectTable,
  optional,
  type Pair,
  table,
  text,
  whole,
} from "../json_codec.ts";
import { type MessageQueue, messageQueueJson } from "../message_queue.ts";

/** Progress on a queue. Source: apache/rocketmq remoting/protocol/admin/OffsetWrapper.java OffsetWrapper. */
export interface OffsetWrapper {
  /** Offset behind the last message. */
  readonly brokerOffset: number;
  /** Offset that the group has reached. */
  readonly consumerOffset: number;
  /** Store time of the last consumed message, ms. */
  readonly lastTimestamp: number;
  /** Offset that was pulled; 4.x does not tell. */
  readonly pullOffset?: number | undefined;
}

/** JSON codec of {@linkcode OffsetWrapper}. */
export const offsetWrapperJson: JsonCodec<OffsetWrapper> = bean<OffsetWrapper>({
  brokerOffset: whole(),
  consumerOffset: whole(),
  lastTimestamp: whole(),
  pullOffset: optional(whole()),
});

/** Progress of a group: answer to request 208. Source: apache/rocketmq remoting/protocol/admin/ConsumeStats.java ConsumeStats. */
export interface ConsumeStats {
  /** Messages consumed a second. */
  readonly consumeTps: number;
  /** Progress by queue. */
  readonly offsetTable: readonly Pair<MessageQueue, OffsetWrapper>[];
}

/** JSON codec of {@linkcode ConsumeStats}. */
export const consumeStatsJson: JsonCodec<ConsumeStats> = bean<ConsumeStats>({
  consumeTps: double(),
  offsetTable: objectTable(messageQueueJson, offsetWrapperJson),
});

/**
 * Decodes the answer to request 208.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeConsumeStats(body: BodyInput): ConsumeStats {
  return decodeBody(consumeStatsJson, body);
}

/**
 * Encodes the answer to request 208.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeConsumeStats(value: ConsumeStats, dialect?: FastDialect): Uint8Array {
  return encodeBody(consumeStatsJson, value, dialect);
}

/** Progress of all groups: answer to request 317. Source: apache/rocketmq remoting/protocol/body/ConsumeStatsList.java ConsumeStatsList. */
export interface ConsumeStatsList {
  /** Broker address. */
  readonly brokerAddr?: string | undefined;
  /** One map of one group for each group. */
  readonly consumeStatsList: readonly ReadonlyMap<string, readonly ConsumeStats[]>[];
  /** Messages not consumed. */
  readonly totalDiff: number;
  /** Messages pulled and not consumed. */
  readonly totalInflightDiff: number;
}

/** JSON codec of {@linkcode ConsumeStatsList}. */
export const consumeStatsListJson: JsonCodec<ConsumeStatsList> = bean<ConsumeStatsList>({
  brokerAddr: optional(text()),
  consumeStatsList: list(table(list(consumeStatsJson))),
  totalDiff: whole(),
  totalInflightDiff: whole(),
});

/**
 * Decodes the answer to request 317.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeConsumeStatsList(body: BodyInput): ConsumeStatsList {
  return decodeBody(consumeStatsListJson, body);
}

/**
 * Encodes the answer to request 317.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeConsumeStatsList(value: ConsumeStatsList, dialect?: FastDialect): Uint8Array {
  return encodeBody(consumeStatsListJson, value, dialect);
}
