/**
 * Time span of a group on each queue. Owns the answer to request 303.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  encodeBody,
  type JsonCodec,
  list,
  optional,
  text,
  whole,
} from "../json_codec.ts";
import { type MessageQueue, messageQueueJson } from "../message_queue.ts";

/** Times on a queue. Source: apache/rocketmq remoting/protocol/body/QueueTimeSpan.java QueueTimeSpan. */
export interface QueueTimeSpan {
  /** Store time of the last consumed message, ms. */
  readonly consumeTimeStamp: number;
  /** Store time of the last consumed message as text, `yyyy-MM-dd#HH:mm:ss:SSS` in local time; written by 5.x and read by nobody. */
  readonly consumeTimeStampStr?: string | undefined;
  /** How far behind the group is, ms. */
  readonly delayTime: number;
  /** Store time of the last message, ms. */
  readonly maxTimeStamp: number;
  /** Store time of the last message as text, `yyyy-MM-dd#HH:mm:ss:SSS` in local time; written by 5.x and read by nobody. */
  readonly maxTimeStampStr?: string | undefined;
  /** The queue. */
  readonly messageQueue: MessageQueue;
  /** Store time of the first message, ms. */
  readonly minTimeStamp: number;
  /** Store time of the first message as text, `yyyy-MM-dd#HH:mm:ss:SSS` in local time; written by 5.x and read by nobody. */
  readonly minTimeStampStr?: string | undefined;
}

/** JSON codec of {@linkcode QueueTimeSpan}. */
export const queueTimeSpanJson: JsonCodec<QueueTimeSpan> = bean<QueueTimeSpan>({
  consumeTimeStamp: whole(),
  consumeTimeStampStr: optional(text()),
  delayTime: whole(),
  maxTimeStamp: whole(),
  maxTimeStampStr: optional(text()),
  messageQueue: messageQueueJson,
  minTimeStamp: whole(),
  minTimeStampStr: optional(text()),
});

/** Times on all queues. Source: apache/rocketmq remoting/protocol/body/QueryConsumeTimeSpanBody.java QueryConsumeTimeSpanBody. */
export interface ConsumeTimeSpanBody {
  /** Times. */
  readonly consumeTimeSpanSet: readonly QueueTimeSpan[];
}

/** JSON codec of {@linkcode ConsumeTimeSpanBody}. */
export const consumeTimeSpanBodyJson: JsonCodec<ConsumeTimeSpanBody> = bean<ConsumeTimeSpanBody>({
  consumeTimeSpanSet: list(queueTimeSpanJson),
});

/**
 * Decodes the answer to request 303.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeConsumeTimeSpanBody(body: BodyInput): ConsumeTimeSpanBody {
  return decodeBody(consumeTimeSpanBodyJson, body);
}

/**
 * Encodes the answer to request 303.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeConsumeTimeSpanBody(value: ConsumeTimeSpanBody, dialect?: FastDialect): Uint8Array {
  return encodeBody(consumeTimeSpanBodyJson, value, dialect);
}
