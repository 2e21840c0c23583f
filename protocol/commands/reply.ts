/**
 * Replies: header of PUSH_REPLY_MESSAGE_TO_CLIENT (326), by which a broker hands a reply to the client that waits for it.
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

/** Header of a reply on its way to the requester. Source: apache/rocketmq remoting/protocol/header/ReplyMessageRequestHeader.java ReplyMessageRequestHeader. */
export interface ReplyMessageRequestHeader {
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
  readonly unitMode: boolean;
  /** Producer `ip:port`. */
  readonly bornHost: string;
  /** Broker `ip:port`. */
  readonly storeHost: string;
  /** When the broker stored the message, ms. */
  readonly storeTimestamp: number;
}

const replyMessageRequestHeaderCodec: ExtCodec<ReplyMessageRequestHeader> = extCodec<ReplyMessageRequestHeader>({
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
  unitMode: flagField(false),
  bornHost: textField(),
  storeHost: textField(),
  storeTimestamp: longField(),
});

/**
 * Decodes a {@linkcode ReplyMessageRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeReplyMessageRequestHeader(ext: ExtFields): ReplyMessageRequestHeader {
  return replyMessageRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ReplyMessageRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeReplyMessageRequestHeader(header: ReplyMessageRequestHeader): ExtFields {
  return replyMessageRequestHeaderCodec.encode(header);
}
