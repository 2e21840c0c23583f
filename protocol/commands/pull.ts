/**
 * Pulling: headers of PULL_MESSAGE (11) and LITE_PULL_MESSAGE (361).
 *
 * @module
 */
import type { ExtFields } from "../command.ts";
import {
  type ExtCodec,
  extCodec,
  intField,
  longField,
  named,
  optionalInt,
  optionalLong,
  optionalText,
  textField,
} from "../ext_codec.ts";

/** Header of a pull. Source: apache/rocketmq remoting/protocol/header/PullMessageRequestHeader.java PullMessageRequestHeader. */
export interface PullMessageRequestHeader {
  /** Consumer group. */
  readonly consumerGroup: string;
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** Offset in the queue. */
  readonly queueOffset: number;
  /** How many messages are wanted. */
  readonly maxMsgNums: number;
  /** System flag. */
  readonly sysFlag: number;
  /** Offset to be stored. */
  readonly commitOffset: number;
  /** How long the request may be parked, ms. */
  readonly suspendTimeoutMillis: number;
  /** Filter expression. */
  readonly subscription?: string | undefined;
  /** Version of the subscription, ms. */
  readonly subVersion: number;
  /** Kind of expression. */
  readonly expressionType?: string | undefined;
  /** How many bytes are wanted. */
  readonly maxMsgBytes?: number | undefined;
  /** Who asks: −2 unknown, −1 SDK, 0 proxy for order, …. */
  readonly requestSource?: number | undefined;
  /** Client that a proxy asks for. */
  readonly proxyFrowardClientId?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const pullMessageRequestHeaderCodec: ExtCodec<PullMessageRequestHeader> = extCodec<PullMessageRequestHeader>({
  consumerGroup: textField(),
  topic: textField(),
  queueId: intField(),
  queueOffset: longField(),
  maxMsgNums: intField(),
  sysFlag: intField(),
  commitOffset: longField(),
  suspendTimeoutMillis: longField(),
  subscription: optionalText(),
  subVersion: longField(),
  expressionType: optionalText(),
  maxMsgBytes: optionalInt(),
  requestSource: optionalInt(),
  proxyFrowardClientId: optionalText(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode PullMessageRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodePullMessageRequestHeader(ext: ExtFields): PullMessageRequestHeader {
  return pullMessageRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode PullMessageRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodePullMessageRequestHeader(header: PullMessageRequestHeader): ExtFields {
  return pullMessageRequestHeaderCodec.encode(header);
}

/** Header of the answer to a pull. Source: apache/rocketmq remoting/protocol/header/PullMessageResponseHeader.java PullMessageResponseHeader. */
export interface PullMessageResponseHeader {
  /** Broker id to pull from next. */
  readonly suggestWhichBrokerId: number;
  /** Offset to pull next. */
  readonly nextBeginOffset: number;
  /** First offset of the queue. */
  readonly minOffset: number;
  /** Offset behind the last message. */
  readonly maxOffset: number;
  /** What is to be added to the offsets of the records. */
  readonly offsetDelta?: number | undefined;
  /** System flag of the topic. */
  readonly topicSysFlag?: number | undefined;
  /** System flag of the group. */
  readonly groupSysFlag?: number | undefined;
  /** Why reading is forbidden. */
  readonly forbiddenType?: number | undefined;
}

const pullMessageResponseHeaderCodec: ExtCodec<PullMessageResponseHeader> = extCodec<PullMessageResponseHeader>({
  suggestWhichBrokerId: longField(),
  nextBeginOffset: longField(),
  minOffset: longField(),
  maxOffset: longField(),
  offsetDelta: optionalLong(),
  topicSysFlag: optionalInt(),
  groupSysFlag: optionalInt(),
  forbiddenType: optionalInt(),
});

/**
 * Decodes a {@linkcode PullMessageResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodePullMessageResponseHeader(ext: ExtFields): PullMessageResponseHeader {
  return pullMessageResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode PullMessageResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodePullMessageResponseHeader(header: PullMessageResponseHeader): ExtFields {
  return pullMessageResponseHeaderCodec.encode(header);
}
