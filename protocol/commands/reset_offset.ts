/**
 * Resetting offsets: headers of RESET_CONSUMER_CLIENT_OFFSET (220), GET_CONSUMER_STATUS_FROM_CLIENT (221), INVOKE_BROKER_TO_RESET_OFFSET (222)
 * and INVOKE_BROKER_TO_GET_CONSUMER_STATUS (223).
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
  optionalLong,
  optionalText,
  textField,
} from "../ext_codec.ts";

/** Where a group is set to. Source: apache/rocketmq remoting/protocol/header/ResetOffsetRequestHeader.java ResetOffsetRequestHeader. */
export interface ResetOffsetRequestHeader {
  /** Consumer group. */
  readonly group: string;
  /** Topic. */
  readonly topic: string;
  /** Queue id. */
  readonly queueId: number;
  /** Offset. */
  readonly offset?: number | undefined;
  /** Time, ms. */
  readonly timestamp: number;
  /** Whether offsets may also be moved forward. */
  readonly isForce: boolean;
}

const resetOffsetRequestHeaderCodec: ExtCodec<ResetOffsetRequestHeader> = extCodec<ResetOffsetRequestHeader>({
  group: textField(),
  topic: textField(),
  queueId: intField(-1),
  offset: optionalLong(),
  timestamp: longField(),
  isForce: flagField(),
});

/**
 * Decodes a {@linkcode ResetOffsetRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeResetOffsetRequestHeader(ext: ExtFields): ResetOffsetRequestHeader {
  return resetOffsetRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ResetOffsetRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeResetOffsetRequestHeader(header: ResetOffsetRequestHeader): ExtFields {
  return resetOffsetRequestHeaderCodec.encode(header);
}

/** Whose offsets are asked for. Source: apache/rocketmq remoting/protocol/header/GetConsumerStatusRequestHeader.java GetConsumerStatusRequestHeader. */
export interface GetConsumerStatusRequestHeader {
  /** Topic. */
  readonly topic: string;
  /** Consumer group. */
  readonly group: string;
  /** Client id; all when empty. */
  readonly clientAddr?: string | undefined;
}

const getConsumerStatusRequestHeaderCodec: ExtCodec<GetConsumerStatusRequestHeader> = extCodec<
  GetConsumerStatusRequestHeader
>({
  topic: textField(),
  group: textField(),
  clientAddr: optionalText(),
});

/**
 * Decodes a {@linkcode GetConsumerStatusRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetConsumerStatusRequestHeader(ext: ExtFields): GetConsumerStatusRequestHeader {
  return getConsumerStatusRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetConsumerStatusRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetConsumerStatusRequestHeader(header: GetConsumerStatusRequestHeader): ExtFields {
  return getConsumerStatusRequestHeaderCodec.encode(header);
}
