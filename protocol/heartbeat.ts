/**
 * Heartbeat: what a client tells each broker every 30 seconds.
 *
 * Owns the body of request 34. Version 2 sends a fingerprint, and no subscriptions while the broker knows that fingerprint.
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
  oneOf,
  text,
  whole,
} from "./json_codec.ts";
import { type SubscriptionData, subscriptionDataJson } from "./subscription.ts";

/** Who decides when messages move. Source: apache/rocketmq remoting/protocol/heartbeat/ConsumeType.java ConsumeType. */
export type ConsumeType = "CONSUME_ACTIVELY" | "CONSUME_PASSIVELY" | "CONSUME_POP";

/** Whether each message goes to one member of the group or to all. Source: apache/rocketmq remoting/protocol/heartbeat/MessageModel.java MessageModel. */
export type MessageModel = "BROADCASTING" | "CLUSTERING";

/** Where a new group begins. Source: apache/rocketmq common/consumer/ConsumeFromWhere.java ConsumeFromWhere. */
export type ConsumeFromWhere =
  | "CONSUME_FROM_LAST_OFFSET"
  | "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST"
  | "CONSUME_FROM_MIN_OFFSET"
  | "CONSUME_FROM_MAX_OFFSET"
  | "CONSUME_FROM_FIRST_OFFSET"
  | "CONSUME_FROM_TIMESTAMP";

/** JSON codec of {@linkcode ConsumeType}. */
export const consumeTypeJson: JsonCodec<ConsumeType> = oneOf(
  ["CONSUME_ACTIVELY", "CONSUME_PASSIVELY", "CONSUME_POP"],
  "CONSUME_PASSIVELY",
);

/** JSON codec of {@linkcode MessageModel}. */
export const messageModelJson: JsonCodec<MessageModel> = oneOf(["BROADCASTING", "CLUSTERING"], "CLUSTERING");

/** JSON codec of {@linkcode ConsumeFromWhere}. */
export const consumeFromWhereJson: JsonCodec<ConsumeFromWhere> = oneOf([
  "CONSUME_FROM_LAST_OFFSET",
  "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST",
  "CONSUME_FROM_MIN_OFFSET",
  "CONSUME_FROM_MAX_OFFSET",
  "CONSUME_FROM_FIRST_OFFSET",
  "CONSUME_FROM_TIMESTAMP",
], "CONSUME_FROM_LAST_OFFSET");

/** A producer group of a client. Source: apache/rocketmq remoting/protocol/heartbeat/ProducerData.java ProducerData. */
export interface ProducerData {
  /** Group. */
  readonly groupName: string;
}

/** JSON codec of {@linkcode ProducerData}. */
export const producerDataJson: JsonCodec<ProducerData> = bean<ProducerData>({
  groupName: text(),
});

/** A consumer group of a client. Source: apache/rocketmq remoting/protocol/heartbeat/ConsumerData.java ConsumerData. */
export interface ConsumerData {
  /** Where a new group begins. */
  readonly consumeFromWhere: ConsumeFromWhere;
  /** Who decides when messages move. */
  readonly consumeType: ConsumeType;
  /** Group. */
  readonly groupName: string;
  /** One member or all. */
  readonly messageModel: MessageModel;
  /** Subscriptions. */
  readonly subscriptionDataSet: readonly SubscriptionData[];
  /** Whether the group belongs to a unit. */
  readonly unitMode: boolean;
}

/** JSON codec of {@linkcode ConsumerData}. */
export const consumerDataJson: JsonCodec<ConsumerData> = bean<ConsumerData>({
  consumeFromWhere: consumeFromWhereJson,
  consumeType: consumeTypeJson,
  groupName: text(),
  messageModel: messageModelJson,
  subscriptionDataSet: list(subscriptionDataJson),
  unitMode: flag(),
});

/** A heartbeat. Source: apache/rocketmq remoting/protocol/heartbeat/HeartbeatData.java HeartbeatData. */
export interface HeartbeatData {
  /** Client id. */
  readonly clientID: string;
  /** Consumer groups. */
  readonly consumerDataSet: readonly ConsumerData[];
  /** Fingerprint of version 2; 0 in version 1. */
  readonly heartbeatFingerprint: number;
  /** Producer groups. */
  readonly producerDataSet: readonly ProducerData[];
  /** Whether subscriptions were left out because the broker knows the fingerprint. */
  readonly withoutSub: boolean;
}

/** JSON codec of {@linkcode HeartbeatData}. */
export const heartbeatDataJson: JsonCodec<HeartbeatData> = bean<HeartbeatData>({
  clientID: text(),
  consumerDataSet: list(consumerDataJson),
  heartbeatFingerprint: whole(),
  producerDataSet: list(producerDataJson),
  withoutSub: flag(),
});

/**
 * Decodes the body of request 34.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeHeartbeatData(body: BodyInput): HeartbeatData {
  return decodeBody(heartbeatDataJson, body);
}

/**
 * Encodes the body of request 34.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeHeartbeatData(value: HeartbeatData, dialect?: FastDialect): Uint8Array {
  return encodeBody(heartbeatDataJson, value, dialect);
}
