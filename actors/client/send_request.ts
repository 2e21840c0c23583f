/**
 * Requests of the send family: the short header of 310 and 320 and the batch body.
 *
 * Owns: their encoding. Never does: IO.
 * Source: apache/rocketmq remoting/protocol/header/SendMessageRequestHeaderV2.java; common/message/MessageDecoder.java encodeMessages
 */

import { createRequest, type RemotingCommand } from "../../protocol/command.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ClientError } from "./errors.ts";
import { type Message, type PreparedMessage, prepareMessage, propertiesText } from "./message.ts";
import type { MessageQueue } from "./message_queue.ts";
import { RETRY_PREFIX } from "./names.ts";
import { PropertyName } from "./property_names.ts";
import { uniqueIds } from "./unique_ids.ts";

/** sysFlag bit: half message of a transaction. Source: common/sysflag/MessageSysFlag.java TRANSACTION_PREPARED_TYPE */
export const TRANSACTION_PREPARED = 0x4;

/** MSG_TYPE of replies. Source: common/MixAll.java REPLY_MESSAGE_FLAG */
export const REPLY_TYPE = "reply";

/** One send: a message or a batch. */
export interface SendUnit {
  /** The message, or the carrier of a batch. */
  readonly message: PreparedMessage;
  /** Messages of a batch, undefined for a single one. */
  readonly batch: readonly PreparedMessage[] | undefined;
}

/** What a send request says besides the message. */
export interface SendHeader {
  /** Producer group, with the namespace. */
  readonly producerGroup: string;
  /** Topic whose settings a new topic takes. */
  readonly createTopicKey: string;
  /** Queues of a new topic. */
  readonly defaultTopicQueueNums: number;
  /** Queue. */
  readonly mq: MessageQueue;
  /** Compression and transaction bits. */
  readonly sysFlag: number;
  /** Milliseconds since 1970. */
  readonly bornTimestamp: number;
  /** Whether the body is a batch. */
  readonly batch: boolean;
}

/**
 * Encodes a send.
 *
 * @param message prepared message; of a batch its carrier
 * @param body body as it travels: compressed, or the batch
 * @param header the rest
 * @returns the request
 * @throws {ClientError} MESSAGE_ILLEGAL when the properties are too long
 */
export function sendRequest(message: PreparedMessage, body: Uint8Array, header: SendHeader): RemotingCommand {
  let properties: ReadonlyMap<string, string> = message.properties;
  let reconsumeTimes = "0";
  let maxReconsumeTimes: string | undefined;
  if (message.topic.startsWith(RETRY_PREFIX)) {
    const rest = new Map(properties);
    reconsumeTimes = rest.get(PropertyName.RECONSUME_TIME) ?? "0";
    maxReconsumeTimes = rest.get(PropertyName.MAX_RECONSUME_TIMES);
    rest.delete(PropertyName.RECONSUME_TIME);
    rest.delete(PropertyName.MAX_RECONSUME_TIMES);
    properties = rest;
  }
  const code = header.batch
    ? RequestCode.SEND_BATCH_MESSAGE
    : message.properties.get(PropertyName.MSG_TYPE) === REPLY_TYPE
    ? RequestCode.SEND_REPLY_MESSAGE_V2
    : RequestCode.SEND_MESSAGE_V2;
  return createRequest(code, {
    a: header.producerGroup,
    b: message.topic,
    c: header.createTopicKey,
    d: String(header.defaultTopicQueueNums),
    e: String(header.mq.queueId),
    f: String(header.sysFlag),
    g: String(header.bornTimestamp),
    h: String(message.flag),
    i: propertiesText(properties),
    j: reconsumeTimes,
    k: "false",
    ...(maxReconsumeTimes === undefined ? {} : { l: maxReconsumeTimes }),
    m: String(header.batch),
    n: header.mq.brokerName,
  }, body);
}

const encoder = new TextEncoder();

/**
 * Encodes the body of a batch.
 *
 * ```text
 * per message | size 4 | magic 0 4 | crc 0 4 | flag 4 | length 4 | body | length 2 | properties |
 * ```
 *
 * @param messages prepared messages with their unique ids
 * @returns the body
 * @throws {ClientError} MESSAGE_ILLEGAL when properties are too long
 */
export function batchBody(messages: readonly PreparedMessage[]): Uint8Array {
  const properties = messages.map((message) => encoder.encode(propertiesText(message.properties)));
  const bytes = messages.reduce((sum, message, i) => sum + 22 + message.body.length + (properties[i]?.length ?? 0), 0);
  const output = new Uint8Array(bytes);
  const view = new DataView(output.buffer);
  let at = 0;
  messages.forEach((message, i) => {
    const text = properties[i] ?? new Uint8Array(0);
    view.setInt32(at, 22 + message.body.length + text.length);
    view.setInt32(at + 12, message.flag);
    view.setInt32(at + 16, message.body.length);
    output.set(message.body, at + 20);
    at += 20 + message.body.length;
    view.setInt16(at, text.length);
    output.set(text, at + 2);
    at += 2 + text.length;
  });
  return output;
}

/**
 * Checks that messages may travel together.
 * Source: apache/rocketmq common/message/MessageBatch.java generateFromList
 *
 * @param messages prepared messages
 * @returns topic and flush wish of the batch
 * @throws {ClientError} MESSAGE_ILLEGAL when they may not
 */
export function checkBatch(messages: readonly PreparedMessage[]): { topic: string; waitStoreMsgOK: boolean } {
  const first = messages[0];
  if (first === undefined) throw new ClientError("MESSAGE_ILLEGAL", "Cannot send batch: it has no message");
  for (const message of messages) {
    if (Number(message.properties.get(PropertyName.DELAY) ?? 0) > 0 || isTimed(message.properties)) {
      throw new ClientError("MESSAGE_ILLEGAL", "Cannot send batch: delayed messages are not supported in a batch");
    }
    if (message.topic.startsWith(RETRY_PREFIX)) {
      throw new ClientError(
        "MESSAGE_ILLEGAL",
        "Cannot send batch: messages of a retry topic are not supported in a batch",
      );
    }
    if (message.topic !== first.topic) {
      throw new ClientError("MESSAGE_ILLEGAL", "Cannot send batch: the messages have different topics");
    }
    if (message.waitStoreMsgOK !== first.waitStoreMsgOK) {
      throw new ClientError("MESSAGE_ILLEGAL", "Cannot send batch: the messages differ in waitStoreMsgOK");
    }
  }
  return { topic: first.topic, waitStoreMsgOK: first.waitStoreMsgOK };
}

/**
 * A batch of messages as one unit.
 *
 * @param messages prepared messages with their unique ids
 * @returns the messages and their carrier
 * @throws {ClientError} MESSAGE_ILLEGAL when they may not travel together
 */
export function batchUnit(messages: readonly PreparedMessage[]): SendUnit {
  const { topic, waitStoreMsgOK } = checkBatch(messages);
  const carrier: PreparedMessage = {
    topic,
    waitStoreMsgOK,
    body: new Uint8Array(0),
    flag: 0,
    properties: new Map([
      [PropertyName.WAIT, String(waitStoreMsgOK)],
      [PropertyName.UNIQ_KEY, uniqueIds().next()],
    ]),
  };
  return { message: carrier, batch: messages };
}

/**
 * @param properties properties of a message
 * @returns whether it has an exact delivery time
 */
export function isTimed(properties: ReadonlyMap<string, string>): boolean {
  return properties.has(PropertyName.TIMER_DELAY_SEC) || properties.has(PropertyName.TIMER_DELAY_MS) ||
    properties.has(PropertyName.TIMER_DELIVER_MS);
}

/**
 * Splits messages into batches that fit the size limit.
 *
 * @example
 * ```ts
 * import { splitBatch } from "@ringmq/ringmq/client";
 *
 * const messages = Array.from({ length: 10 }, () => ({ topic: "Orders", body: "x".repeat(1_000) }));
 * console.log(splitBatch(messages, 5_000).map((batch) => batch.length)); // [ 4, 4, 2 ]
 * ```
 *
 * @param messages messages of one topic
 * @param bytesMax largest batch body, in bytes; a little below the broker's 4 MiB by default
 * @returns batches in order; each message is in exactly one
 * @throws {ClientError} MESSAGE_ILLEGAL when a single message is larger than the limit
 */
export function splitBatch(messages: readonly Message[], bytesMax: number = 4_000_000): Message[][] {
  const batches: Message[][] = [];
  let batch: Message[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = batchBytes(message);
    if (size > bytesMax) {
      throw new ClientError(
        "MESSAGE_ILLEGAL",
        `Cannot split batch: one message takes ${size} bytes, limit is ${bytesMax}`,
      );
    }
    if (batch.length > 0 && bytes + size > bytesMax) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(message);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** Bytes of a message in a batch, with room for the unique id that is added on sending. */
function batchBytes(message: Message): number {
  const prepared = prepareMessage(message, { bodyBytesMax: Number.MAX_SAFE_INTEGER, topicOf: (topic) => topic });
  return 22 + prepared.body.length + encoder.encode(propertiesText(prepared.properties)).length + 80;
}
