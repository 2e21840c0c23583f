/**
 * Offsets that consumers are set to. Owns the bodies of requests 220 and 222.
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
  objectTable,
  type Pair,
  text,
  whole,
} from "../json_codec.ts";
import { type MessageQueue, messageQueueJson } from "../message_queue.ts";

/** New offsets by queue. Source: apache/rocketmq remoting/protocol/body/ResetOffsetBody.java ResetOffsetBody. */
export interface ResetOffsetBody {
  /** Offset by queue. */
  readonly offsetTable: readonly Pair<MessageQueue, number>[];
}

/** JSON codec of {@linkcode ResetOffsetBody}. */
export const resetOffsetBodyJson: JsonCodec<ResetOffsetBody> = bean<ResetOffsetBody>({
  offsetTable: objectTable(messageQueueJson, whole()),
});

/**
 * Decodes the body of request 220 or the answer to 222.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeResetOffsetBody(body: BodyInput): ResetOffsetBody {
  return decodeBody(resetOffsetBodyJson, body);
}

/**
 * Encodes the body of request 220 or the answer to 222.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeResetOffsetBody(value: ResetOffsetBody, dialect?: FastDialect): Uint8Array {
  return encodeBody(resetOffsetBodyJson, value, dialect);
}

/** A queue and its offset in one object. Source: apache/rocketmq common/message/MessageQueueForC.java MessageQueueForC. */
export interface MessageQueueOffset {
  /** Broker name. */
  readonly brokerName: string;
  /** Offset. */
  readonly offset: number;
  /** Queue id. */
  readonly queueId: number;
  /** Topic. */
  readonly topic: string;
}

/** JSON codec of {@linkcode MessageQueueOffset}. */
export const messageQueueOffsetJson: JsonCodec<MessageQueueOffset> = bean<MessageQueueOffset>({
  brokerName: text(),
  offset: whole(),
  queueId: whole(),
  topic: text(),
});

/** New offsets as a list, for C++ clients, which cannot read object keys. Source: apache/rocketmq remoting/protocol/body/ResetOffsetBodyForC.java ResetOffsetBodyForC. */
export interface ResetOffsetBodyForC {
  /** Offsets. */
  readonly offsetTable: readonly MessageQueueOffset[];
}

/** JSON codec of {@linkcode ResetOffsetBodyForC}. */
export const resetOffsetBodyForCJson: JsonCodec<ResetOffsetBodyForC> = bean<ResetOffsetBodyForC>({
  offsetTable: list(messageQueueOffsetJson),
});

/**
 * Decodes the body of request 220 to a C++ client.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeResetOffsetBodyForC(body: BodyInput): ResetOffsetBodyForC {
  return decodeBody(resetOffsetBodyForCJson, body);
}

/**
 * Encodes the body of request 220 to a C++ client.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeResetOffsetBodyForC(value: ResetOffsetBodyForC, dialect?: FastDialect): Uint8Array {
  return encodeBody(resetOffsetBodyForCJson, value, dialect);
}
