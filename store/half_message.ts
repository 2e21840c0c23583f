/**
 * What a transactional message looks like in the log: as a half message, renewed for another check, committed, discarded, and as the operation record
 * that says that it is done.
 *
 * Owns: the names of the topics and which fields and properties change on the way. Reads: stored records. Never: touches the log.
 *
 * Source: apache/rocketmq broker TransactionalMessageBridge, TransactionalMessageUtil, EndTransactionProcessor, DefaultTransactionalMessageCheckListener
 */
import { decodeProperties, encodeProperties } from "../protocol/properties.ts";
import { PropertyName } from "../protocol/property_name.ts";
import { encodeRecord, type StoredRecord } from "../protocol/record.ts";
import { SysFlag, withTransactionBits } from "../protocol/sys_flag.ts";
import { type NewMessage, redirectDelayed } from "./new_message.ts";

/** Where half messages lie, in queue 0. */
export const HALF_TOPIC = "RMQ_SYS_TRANS_HALF_TOPIC";

/** Where it is written down which half messages are done. */
export const OP_TOPIC = "RMQ_SYS_TRANS_OP_HALF_TOPIC";

/** Where half messages go that were asked about too often. */
export const DISCARD_TOPIC = "TRANS_CHECK_MAX_TIME_TOPIC";

/** The group whose offsets tell how far half messages and operations are worked off. */
export const TRANSACTION_GROUP = "CID_RMQ_SYS_TRANS";

/** Tag of an operation record. */
const REMOVE_TAG = "d";
const OFFSET_SEPARATOR = ",";

/** A message with the text of its properties as it is to be stored. */
export interface MessageWithText {
  readonly message: NewMessage;
  readonly text: string;
}

/**
 * Makes a half message of what a producer sent.
 *
 * @param message for its real topic and queue
 */
export function toHalf(message: NewMessage): NewMessage {
  const properties = new Map(message.properties);
  const uniqueId = properties.get(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
  if (uniqueId !== undefined && uniqueId !== "") properties.set(PropertyName.TRANSACTION_ID, uniqueId);
  properties.set(PropertyName.REAL_TOPIC, message.topic);
  properties.set(PropertyName.REAL_QUEUE_ID, String(message.queueId));
  return { ...message, topic: HALF_TOPIC, queueId: 0, sysFlag: withTransactionBits(message.sysFlag, 0), properties };
}

/**
 * Makes the message that consumers see of a half message.
 *
 * @param half as stored
 * @param properties of it, decoded
 * @param delayLevels how many delay levels there are
 * @returns undefined when the record names no real topic and queue
 */
export function toCommitted(
  half: StoredRecord,
  properties: ReadonlyMap<string, string>,
  delayLevels: number,
): MessageWithText | undefined {
  const topic = properties.get(PropertyName.REAL_TOPIC);
  const queueId = Number(properties.get(PropertyName.REAL_QUEUE_ID));
  if (topic === undefined || !Number.isSafeInteger(queueId) || queueId < 0) return undefined;
  const kept = new Map(properties);
  for (const name of [PropertyName.REAL_TOPIC, PropertyName.REAL_QUEUE_ID, PropertyName.TRANSACTION_PREPARED]) {
    kept.delete(name);
  }
  const message = redirectDelayed({
    ...messageOf(half, kept),
    topic,
    queueId,
    sysFlag: withTransactionBits(half.sysFlag, SysFlag.TRANSACTION_COMMIT),
    preparedTransactionOffset: half.physicalOffset,
  }, delayLevels);
  // The stored text is that of the half message, what was taken off counts for the store only.
  return { message, text: message.topic === topic ? half.properties : encodeProperties(message.properties) };
}

/**
 * Makes the copy of a half message that goes to the end of the half queue. It keeps the user's flag, which RocketMQ's copy loses.
 *
 * @param half as stored
 * @param set properties that the copy has besides
 */
export function toRenewed(half: StoredRecord, set: Readonly<Record<string, string>>): MessageWithText {
  const properties = decodeProperties(half.properties);
  for (const [name, value] of Object.entries(set)) properties.set(name, value);
  return { message: messageOf(half, properties), text: encodeProperties(properties) };
}

/** Makes the message that is kept of a half message that nobody resolved. */
export function toDiscarded(half: StoredRecord): MessageWithText {
  const properties = decodeProperties(half.properties);
  return {
    message: { ...messageOf(half, properties), topic: DISCARD_TOPIC, queueId: 0 },
    text: half.properties,
  };
}

/**
 * Makes the record that half messages are done.
 *
 * @param offsets of the half queue
 * @param storeHost of this broker
 * @param nowMs milliseconds since 1970
 */
export function toOperation(offsets: readonly number[], storeHost: Uint8Array, nowMs: number): MessageWithText {
  const properties = new Map([[PropertyName.WAIT_STORE_MSG_OK, "true"], [PropertyName.TAGS, REMOVE_TAG]]);
  const message: NewMessage = {
    topic: OP_TOPIC,
    queueId: 0,
    body: new TextEncoder().encode(offsets.map((offset) => `${offset}${OFFSET_SEPARATOR}`).join("")),
    flag: 0,
    sysFlag: 0,
    properties,
    bornTimestamp: nowMs,
    bornHost: storeHost,
    storeHost,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
  };
  return { message, text: encodeProperties(properties) };
}

/**
 * Reads which half messages an operation record calls done. Both dialects are read: one offset, and offsets each followed by a comma.
 *
 * @param record of the operation topic
 * @returns offsets of the half queue; empty when it is no such record
 */
export function readOperation(record: StoredRecord): number[] {
  if (decodeProperties(record.properties).get(PropertyName.TAGS) !== REMOVE_TAG) return [];
  return new TextDecoder().decode(record.body).split(OFFSET_SEPARATOR)
    .filter((text) => /^\d{1,15}$/.test(text)).map(Number);
}

/**
 * Encodes a half message as the producer's check shows it: with its real topic and queue, at the place of its newest copy.
 *
 * @param renewed the copy @param place where it lies
 */
export function encodeForCheck(
  { message, text }: MessageWithText,
  place: { readonly queueOffset: number; readonly position: number; readonly storeTimestampMs: number },
): Uint8Array {
  const { properties } = message;
  return encodeRecord({
    ...message,
    topic: properties.get(PropertyName.REAL_TOPIC) ?? message.topic,
    queueId: Number(properties.get(PropertyName.REAL_QUEUE_ID) ?? message.queueId),
    queueOffset: place.queueOffset,
    physicalOffset: place.position,
    storeTimestamp: place.storeTimestampMs,
    properties: text,
  });
}

function messageOf(record: StoredRecord, properties: ReadonlyMap<string, string>): NewMessage {
  return {
    topic: record.topic,
    queueId: record.queueId,
    body: record.body,
    flag: record.flag,
    sysFlag: record.sysFlag,
    properties,
    bornTimestamp: record.bornTimestamp,
    bornHost: record.bornHost,
    storeHost: record.storeHost,
    reconsumeTimes: record.reconsumeTimes,
    preparedTransactionOffset: 0,
  };
}
