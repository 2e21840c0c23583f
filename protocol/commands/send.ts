/**
 * Sending: headers of SEND_MESSAGE (10), SEND_MESSAGE_V2 (310), SEND_BATCH_MESSAGE (320), and of replies
 * SEND_REPLY_MESSAGE (324) and SEND_REPLY_MESSAGE_V2 (325).
 *
 * Owns both spellings: long names in 10 and 324, one letter in the others.
 *
 * | key | field | key | field |
 * |---|---|---|---|
 * | a | producerGroup | h | flag |
 * | b | topic | i | properties |
 * | c | defaultTopic | j | reconsumeTimes |
 * | d | defaultTopicQueueNums | k | unitMode |
 * | e | queueId | l | maxReconsumeTimes |
 * | f | sysFlag | m | batch |
 * | g | bornTimestamp | n | brokerName |
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
  optionalFlag,
  optionalInt,
  optionalText,
  textField,
} from "../ext_codec.ts";

/** Header of a send with long names. Source: apache/rocketmq remoting/protocol/header/SendMessageRequestHeader.java SendMessageRequestHeader. */
export interface SendMessageRequestHeader {
  /** Producer group. */
  readonly producerGroup: string;
  /** Topic. */
  readonly topic: string;
  /** Topic whose configuration a new topic takes. */
  readonly defaultTopic: string;
  /** Queues of a new topic. */
  readonly defaultTopicQueueNums: number;
  /** Queue id. */
  readonly queueId: number;
  /** System flag. */
  readonly sysFlag: number;
  /** When the producer made the message, ms. */
  readonly bornTimestamp: number;
  /** User flag. */
  readonly flag: number;
  /** Properties string. */
  readonly properties?: string | undefined;
  /** How often the message was sent back. */
  readonly reconsumeTimes?: number | undefined;
  /** Whether the message belongs to a unit. */
  readonly unitMode?: boolean | undefined;
  /** Whether the body is a batch. */
  readonly batch?: boolean | undefined;
  /** How often the message may be sent back. */
  readonly maxReconsumeTimes?: number | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const sendMessageRequestHeaderCodec: ExtCodec<SendMessageRequestHeader> = extCodec<SendMessageRequestHeader>({
  producerGroup: textField(),
  topic: textField(),
  defaultTopic: textField(),
  defaultTopicQueueNums: intField(),
  queueId: intField(),
  sysFlag: intField(),
  bornTimestamp: longField(),
  flag: intField(),
  properties: optionalText(),
  reconsumeTimes: optionalInt(),
  unitMode: optionalFlag(),
  batch: optionalFlag(),
  maxReconsumeTimes: optionalInt(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode SendMessageRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeSendMessageRequestHeader(ext: ExtFields): SendMessageRequestHeader {
  return sendMessageRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode SendMessageRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeSendMessageRequestHeader(header: SendMessageRequestHeader): ExtFields {
  return sendMessageRequestHeaderCodec.encode(header);
}

/** Header of a send with one-letter names. Source: apache/rocketmq remoting/protocol/header/SendMessageRequestHeaderV2.java SendMessageRequestHeaderV2. */
export interface SendMessageRequestHeaderV2 {
  /** Producer group. */
  readonly producerGroup: string;
  /** Topic. */
  readonly topic: string;
  /** Topic whose configuration a new topic takes. */
  readonly defaultTopic: string;
  /** Queues of a new topic. */
  readonly defaultTopicQueueNums: number;
  /** Queue id. */
  readonly queueId: number;
  /** System flag. */
  readonly sysFlag: number;
  /** When the producer made the message, ms. */
  readonly bornTimestamp: number;
  /** User flag. */
  readonly flag: number;
  /** Properties string. */
  readonly properties?: string | undefined;
  /** How often the message was sent back. */
  readonly reconsumeTimes?: number | undefined;
  /** Whether the message belongs to a unit. */
  readonly unitMode?: boolean | undefined;
  /** How often the message may be sent back. */
  readonly maxReconsumeTimes?: number | undefined;
  /** Whether the body is a batch. */
  readonly batch?: boolean | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const sendMessageRequestHeaderV2Codec: ExtCodec<SendMessageRequestHeaderV2> = extCodec<SendMessageRequestHeaderV2>({
  producerGroup: named("a", textField()),
  topic: named("b", textField()),
  defaultTopic: named("c", textField()),
  defaultTopicQueueNums: named("d", intField()),
  queueId: named("e", intField()),
  sysFlag: named("f", intField()),
  bornTimestamp: named("g", longField()),
  flag: named("h", intField()),
  properties: named("i", optionalText()),
  reconsumeTimes: named("j", optionalInt()),
  unitMode: named("k", optionalFlag()),
  maxReconsumeTimes: named("l", optionalInt()),
  batch: named("m", optionalFlag()),
  brokerName: named("n", optionalText()),
});

/**
 * Decodes a {@linkcode SendMessageRequestHeaderV2}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeSendMessageRequestHeaderV2(ext: ExtFields): SendMessageRequestHeaderV2 {
  return sendMessageRequestHeaderV2Codec.decode(ext);
}

/**
 * Encodes a {@linkcode SendMessageRequestHeaderV2}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeSendMessageRequestHeaderV2(header: SendMessageRequestHeaderV2): ExtFields {
  return sendMessageRequestHeaderV2Codec.encode(header);
}

/** Header of the answer to a send. Source: apache/rocketmq remoting/protocol/header/SendMessageResponseHeader.java SendMessageResponseHeader. */
export interface SendMessageResponseHeader {
  /** Message id. */
  readonly msgId: string;
  /** Queue id. */
  readonly queueId: number;
  /** Offset in the queue. */
  readonly queueOffset: number;
  /** Transaction id. */
  readonly transactionId?: string | undefined;
  /** Unique id of a batch. */
  readonly batchUniqId?: string | undefined;
  /** Handle to recall a delayed message. */
  readonly recallHandle?: string | undefined;
  /** Region of the broker. */
  readonly region?: string | undefined;
  /** Whether the broker wants traces. */
  readonly traceOn?: string | undefined;
}

const sendMessageResponseHeaderCodec: ExtCodec<SendMessageResponseHeader> = extCodec<SendMessageResponseHeader>({
  msgId: textField(),
  queueId: intField(),
  queueOffset: longField(),
  transactionId: optionalText(),
  batchUniqId: optionalText(),
  recallHandle: optionalText(),
  region: named("MSG_REGION", optionalText()),
  traceOn: named("TRACE_ON", optionalText()),
});

/**
 * Decodes a {@linkcode SendMessageResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeSendMessageResponseHeader(ext: ExtFields): SendMessageResponseHeader {
  return sendMessageResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode SendMessageResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeSendMessageResponseHeader(header: SendMessageResponseHeader): ExtFields {
  return sendMessageResponseHeaderCodec.encode(header);
}
