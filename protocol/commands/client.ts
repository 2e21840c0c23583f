/**
 * Clients: headers of HEART_BEAT (34), UNREGISTER_CLIENT (35), GET_CONSUMER_LIST_BY_GROUP (38) and NOTIFY_CONSUMER_IDS_CHANGED (40).
 *
 * @module
 */
import type { ExtFields } from "../command.ts";
import { type ExtCodec, extCodec, flagField, named, optionalText, textField } from "../ext_codec.ts";

/** What the broker makes of a heartbeat. Source: apache/rocketmq remoting/protocol/header/HeartbeatRequestHeader.java HeartbeatRequestHeader. */
export interface HeartbeatResponseHeader {
  /** Whether the broker reads heartbeats without subscriptions. */
  readonly heartbeatV2: boolean;
  /** Whether the heartbeat changed a subscription. */
  readonly subChange: boolean;
}

const heartbeatResponseHeaderCodec: ExtCodec<HeartbeatResponseHeader> = extCodec<HeartbeatResponseHeader>({
  heartbeatV2: named("IS_SUPPORT_HEART_BEAT_V2", flagField(false)),
  subChange: named("IS_SUB_CHANGE", flagField(false)),
});

/**
 * Decodes a {@linkcode HeartbeatResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeHeartbeatResponseHeader(ext: ExtFields): HeartbeatResponseHeader {
  return heartbeatResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode HeartbeatResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeHeartbeatResponseHeader(header: HeartbeatResponseHeader): ExtFields {
  return heartbeatResponseHeaderCodec.encode(header);
}

/** Which client leaves which groups. Source: apache/rocketmq remoting/protocol/header/UnregisterClientRequestHeader.java UnregisterClientRequestHeader. */
export interface UnregisterClientRequestHeader {
  /** Client id. */
  readonly clientID: string;
  /** Producer group. */
  readonly producerGroup?: string | undefined;
  /** Consumer group. */
  readonly consumerGroup?: string | undefined;
}

const unregisterClientRequestHeaderCodec: ExtCodec<UnregisterClientRequestHeader> = extCodec<
  UnregisterClientRequestHeader
>({
  clientID: textField(),
  producerGroup: optionalText(),
  consumerGroup: optionalText(),
});

/**
 * Decodes a {@linkcode UnregisterClientRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeUnregisterClientRequestHeader(ext: ExtFields): UnregisterClientRequestHeader {
  return unregisterClientRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode UnregisterClientRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeUnregisterClientRequestHeader(header: UnregisterClientRequestHeader): ExtFields {
  return unregisterClientRequestHeaderCodec.encode(header);
}

/** Which group, in requests 38, 40 and 203. Source: apache/rocketmq remoting/protocol/header/GetConsumerListByGroupRequestHeader.java GetConsumerListByGroupRequestHeader. */
export interface ConsumerGroupRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const consumerGroupRequestHeaderCodec: ExtCodec<ConsumerGroupRequestHeader> = extCodec<ConsumerGroupRequestHeader>({
  consumerGroup: textField(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode ConsumerGroupRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeConsumerGroupRequestHeader(ext: ExtFields): ConsumerGroupRequestHeader {
  return consumerGroupRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ConsumerGroupRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeConsumerGroupRequestHeader(header: ConsumerGroupRequestHeader): ExtFields {
  return consumerGroupRequestHeaderCodec.encode(header);
}
