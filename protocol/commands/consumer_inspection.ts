/**
 * Looking into consumers: headers of GET_PRODUCER_CONNECTION_LIST (204), GET_CONSUMER_RUNNING_INFO (307), CONSUME_MESSAGE_DIRECTLY (309)
 * and QUERY_CONSUME_QUEUE (321).
 *
 * @module
 */
import type { ExtFields } from "../command.ts";
import {
  type ExtCodec,
  extCodec,
  flagField,
  intField,
  longField,
  optionalInt,
  optionalText,
  textField,
} from "../ext_codec.ts";

/** Which producer group. Source: apache/rocketmq remoting/protocol/header/GetProducerConnectionListRequestHeader.java GetProducerConnectionListRequestHeader. */
export interface GetProducerConnectionListRequestHeader {
  /** Producer group. */
  readonly producerGroup: string;
}

const getProducerConnectionListRequestHeaderCodec: ExtCodec<GetProducerConnectionListRequestHeader> = extCodec<
  GetProducerConnectionListRequestHeader
>({
  producerGroup: textField(),
});

/**
 * Decodes a {@linkcode GetProducerConnectionListRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetProducerConnectionListRequestHeader(ext: ExtFields): GetProducerConnectionListRequestHeader {
  return getProducerConnectionListRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetProducerConnectionListRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetProducerConnectionListRequestHeader(
  header: GetProducerConnectionListRequestHeader,
): ExtFields {
  return getProducerConnectionListRequestHeaderCodec.encode(header);
}

/** Which consumer. Source: apache/rocketmq remoting/protocol/header/GetConsumerRunningInfoRequestHeader.java GetConsumerRunningInfoRequestHeader. */
export interface GetConsumerRunningInfoRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Client id. */
  readonly clientId: string;
  /** Whether a thread dump is wanted. */
  readonly jstackEnable: boolean;
}

const getConsumerRunningInfoRequestHeaderCodec: ExtCodec<GetConsumerRunningInfoRequestHeader> = extCodec<
  GetConsumerRunningInfoRequestHeader
>({
  consumerGroup: textField(),
  clientId: textField(),
  jstackEnable: flagField(false),
});

/**
 * Decodes a {@linkcode GetConsumerRunningInfoRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetConsumerRunningInfoRequestHeader(ext: ExtFields): GetConsumerRunningInfoRequestHeader {
  return getConsumerRunningInfoRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetConsumerRunningInfoRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetConsumerRunningInfoRequestHeader(header: GetConsumerRunningInfoRequestHeader): ExtFields {
  return getConsumerRunningInfoRequestHeaderCodec.encode(header);
}

/** Which message goes to which consumer. Source: apache/rocketmq remoting/protocol/header/ConsumeMessageDirectlyResultRequestHeader.java ConsumeMessageDirectlyResultRequestHeader. */
export interface ConsumeMessageDirectlyRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Client id. */
  readonly clientId?: string | undefined;
  /** Message id. */
  readonly msgId?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
  /** Topic. */
  readonly topic?: string | undefined;
  /** System flag of the topic. */
  readonly topicSysFlag?: number | undefined;
  /** System flag of the group. */
  readonly groupSysFlag?: number | undefined;
}

const consumeMessageDirectlyRequestHeaderCodec: ExtCodec<ConsumeMessageDirectlyRequestHeader> = extCodec<
  ConsumeMessageDirectlyRequestHeader
>({
  consumerGroup: textField(),
  clientId: optionalText(),
  msgId: optionalText(),
  brokerName: optionalText(),
  topic: optionalText(),
  topicSysFlag: optionalInt(),
  groupSysFlag: optionalInt(),
});

/**
 * Decodes a {@linkcode ConsumeMessageDirectlyRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeConsumeMessageDirectlyRequestHeader(ext: ExtFields): ConsumeMessageDirectlyRequestHeader {
  return consumeMessageDirectlyRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ConsumeMessageDirectlyRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeConsumeMessageDirectlyRequestHeader(header: ConsumeMessageDirectlyRequestHeader): ExtFields {
  return consumeMessageDirectlyRequestHeaderCodec.encode(header);
}

/** Which units are read. Source: apache/rocketmq remoting/protocol/header/QueryConsumeQueueRequestHeader.java QueryConsumeQueueRequestHeader. */
export interface QueryConsumeQueueRequestHeader {
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** Offset of the first unit. */
  readonly index: number;
  /** How many units. */
  readonly count: number;
  /** Consumer group. */
  readonly consumerGroup?: string | undefined;
}

const queryConsumeQueueRequestHeaderCodec: ExtCodec<QueryConsumeQueueRequestHeader> = extCodec<
  QueryConsumeQueueRequestHeader
>({
  topic: textField(""),
  queueId: intField(0),
  index: longField(0),
  count: intField(0),
  consumerGroup: optionalText(),
});

/**
 * Decodes a {@linkcode QueryConsumeQueueRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeQueryConsumeQueueRequestHeader(ext: ExtFields): QueryConsumeQueueRequestHeader {
  return queryConsumeQueueRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode QueryConsumeQueueRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeQueryConsumeQueueRequestHeader(header: QueryConsumeQueueRequestHeader): ExtFields {
  return queryConsumeQueueRequestHeaderCodec.encode(header);
}
