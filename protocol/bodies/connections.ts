/**
 * Connections of groups. Owns the answers to requests 203, 204 and 328.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import {
  type ConsumeFromWhere,
  consumeFromWhereJson,
  type ConsumeType,
  consumeTypeJson,
  type MessageModel,
  messageModelJson,
} from "../heartbeat.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  encodeBody,
  type JsonCodec,
  list,
  optional,
  table,
  text,
  whole,
} from "../json_codec.ts";
import { type SubscriptionData, subscriptionDataJson } from "../subscription.ts";

/** A client that is connected. Source: apache/rocketmq remoting/protocol/body/Connection.java Connection. */
export interface ClientConnection {
  /** Address `ip:port`. */
  readonly clientAddr: string;
  /** Client id. */
  readonly clientId: string;
  /** Language by name. */
  readonly language: string;
  /** Version ordinal. */
  readonly version: number;
}

/** JSON codec of {@linkcode ClientConnection}. */
export const clientConnectionJson: JsonCodec<ClientConnection> = bean<ClientConnection>({
  clientAddr: text(),
  clientId: text(),
  language: text("JAVA"),
  version: whole(),
});

/** Members of a consumer group: answer to request 203. Source: apache/rocketmq remoting/protocol/body/ConsumerConnection.java ConsumerConnection. */
export interface ConsumerConnection {
  /** Connections. */
  readonly connectionSet: readonly ClientConnection[];
  /** Where a new group begins. */
  readonly consumeFromWhere?: ConsumeFromWhere | undefined;
  /** Who decides when messages move. */
  readonly consumeType?: ConsumeType | undefined;
  /** One member or all. */
  readonly messageModel?: MessageModel | undefined;
  /** Subscription by topic. */
  readonly subscriptionTable: ReadonlyMap<string, SubscriptionData>;
}

/** JSON codec of {@linkcode ConsumerConnection}. */
export const consumerConnectionJson: JsonCodec<ConsumerConnection> = bean<ConsumerConnection>({
  connectionSet: list(clientConnectionJson),
  consumeFromWhere: optional(consumeFromWhereJson),
  consumeType: optional(consumeTypeJson),
  messageModel: optional(messageModelJson),
  subscriptionTable: table(subscriptionDataJson),
});

/**
 * Decodes the answer to request 203.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeConsumerConnection(body: BodyInput): ConsumerConnection {
  return decodeBody(consumerConnectionJson, body);
}

/**
 * Encodes the answer to request 203.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeConsumerConnection(value: ConsumerConnection, dialect?: FastDialect): Uint8Array {
  return encodeBody(consumerConnectionJson, value, dialect);
}

/** Members of a producer group: answer to request 204. Source: apache/rocketmq remoting/protocol/body/ProducerConnection.java ProducerConnection. */
export interface ProducerConnection {
  /** Connections. */
  readonly connectionSet: readonly ClientConnection[];
}

/** JSON codec of {@linkcode ProducerConnection}. */
export const producerConnectionJson: JsonCodec<ProducerConnection> = bean<ProducerConnection>({
  connectionSet: list(clientConnectionJson),
});

/**
 * Decodes the answer to request 204.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeProducerConnection(body: BodyInput): ProducerConnection {
  return decodeBody(producerConnectionJson, body);
}

/**
 * Encodes the answer to request 204.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeProducerConnection(value: ProducerConnection, dialect?: FastDialect): Uint8Array {
  return encodeBody(producerConnectionJson, value, dialect);
}

/** A producer. Source: apache/rocketmq remoting/protocol/body/ProducerInfo.java ProducerInfo. */
export interface ProducerInfo {
  /** Client id. */
  readonly clientId: string;
  /** Language by name. */
  readonly language: string;
  /** Last heartbeat, ms. */
  readonly lastUpdateTimestamp: number;
  /** Address as Java prints it, `/ip:port`. */
  readonly remoteIP: string;
  /** Version ordinal. */
  readonly version: number;
}

/** JSON codec of {@linkcode ProducerInfo}. */
export const producerInfoJson: JsonCodec<ProducerInfo> = bean<ProducerInfo>({
  clientId: text(),
  language: text("JAVA"),
  lastUpdateTimestamp: whole(),
  remoteIP: text(),
  version: whole(),
});

/** All producers of a broker: answer to request 328. Source: apache/rocketmq remoting/protocol/body/ProducerTableInfo.java ProducerTableInfo. */
export interface ProducerTable {
  /** Producers by group. */
  readonly data: ReadonlyMap<string, readonly ProducerInfo[]>;
}

/** JSON codec of {@linkcode ProducerTable}. */
export const producerTableJson: JsonCodec<ProducerTable> = bean<ProducerTable>({
  data: table(list(producerInfoJson)),
});

/**
 * Decodes the answer to request 328.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeProducerTable(body: BodyInput): ProducerTable {
  return decodeBody(producerTableJson, body);
}

/**
 * Encodes the answer to request 328.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeProducerTable(value: ProducerTable, dialect?: FastDialect): Uint8Array {
  return encodeBody(producerTableJson, value, dialect);
}
