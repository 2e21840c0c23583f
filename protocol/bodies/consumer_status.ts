/**
 * Offsets that clients have in memory. Owns the answers to requests 221 and 223.
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
  objectTable,
  type Pair,
  table,
  whole,
} from "../json_codec.ts";
import { type MessageQueue, messageQueueJson } from "../message_queue.ts";

/** Offsets of one client, or of several. Source: apache/rocketmq remoting/protocol/body/GetConsumerStatusBody.java GetConsumerStatusBody. */
export interface ConsumerStatusBody {
  /** Offset by client id and queue. */
  readonly consumerTable: ReadonlyMap<string, readonly Pair<MessageQueue, number>[]>;
  /** Offset by queue. */
  readonly messageQueueTable: readonly Pair<MessageQueue, number>[];
}

/** JSON codec of {@linkcode ConsumerStatusBody}. */
export const consumerStatusBodyJson: JsonCodec<ConsumerStatusBody> = bean<ConsumerStatusBody>({
  consumerTable: table(objectTable(messageQueueJson, whole())),
  messageQueueTable: objectTable(messageQueueJson, whole()),
});

/**
 * Decodes the answer to request 221 or 223.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeConsumerStatusBody(body: BodyInput): ConsumerStatusBody {
  return decodeBody(consumerStatusBodyJson, body);
}

/**
 * Encodes the answer to request 221 or 223.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeConsumerStatusBody(value: ConsumerStatusBody, dialect?: FastDialect): Uint8Array {
  return encodeBody(consumerStatusBodyJson, value, dialect);
}
