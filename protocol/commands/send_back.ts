/**
 * Sending back: header of CONSUMER_SEND_MSG_BACK (36).
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
  named,
  optionalInt,
  optionalText,
  textField,
} from "../ext_codec.ts";

/** Which message goes back. Source: apache/rocketmq remoting/protocol/header/ConsumerSendMsgBackRequestHeader.java ConsumerSendMsgBackRequestHeader. */
export interface ConsumerSendMsgBackRequestHeader {
  /** Offset. */
  readonly offset: number;
  /** Consumer group. */
  readonly group: string;
  /** Delay level; 0 lets the broker choose, −1 is the dead letter queue. */
  readonly delayLevel: number;
  /** Offset message id of the message. */
  readonly originMsgId?: string | undefined;
  /** Topic of the message. */
  readonly originTopic?: string | undefined;
  /** Whether the message belongs to a unit. */
  readonly unitMode: boolean;
  /** How often the message may be sent back. */
  readonly maxReconsumeTimes?: number | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const consumerSendMsgBackRequestHeaderCodec: ExtCodec<ConsumerSendMsgBackRequestHeader> = extCodec<
  ConsumerSendMsgBackRequestHeader
>({
  offset: longField(),
  group: textField(),
  delayLevel: intField(),
  originMsgId: optionalText(),
  originTopic: optionalText(),
  unitMode: flagField(false),
  maxReconsumeTimes: optionalInt(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode ConsumerSendMsgBackRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeConsumerSendMsgBackRequestHeader(ext: ExtFields): ConsumerSendMsgBackRequestHeader {
  return consumerSendMsgBackRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ConsumerSendMsgBackRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeConsumerSendMsgBackRequestHeader(header: ConsumerSendMsgBackRequestHeader): ExtFields {
  return consumerSendMsgBackRequestHeaderCodec.encode(header);
}
