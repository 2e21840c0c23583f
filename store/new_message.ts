/**
 * A message on its way into the log, and the one change that the store makes to it: a delayed message is stored in the schedule topic.
 *
 * Owns: how DELAY, REAL_TOPIC and REAL_QID are set. Reads: nothing. Never: touches the log.
 *
 * Source: apache/rocketmq broker HookUtils.handleScheduleMessage, store MessageExtBrokerInner
 */
import { encodeRecord } from "../protocol/record.ts";
import { encodeProperties } from "../protocol/properties.ts";
import { PropertyName } from "../protocol/property_name.ts";
import { SCHEDULE_TOPIC } from "./dispatch_files.ts";

/** A message that is not stored yet. */
export interface NewMessage {
  readonly topic: string;
  readonly queueId: number;
  readonly body: Uint8Array;
  readonly flag: number;
  readonly sysFlag: number;
  /** Properties in order; the encoder writes a separator behind each. */
  readonly properties: ReadonlyMap<string, string>;
  /** Milliseconds since 1970 at the producer. */
  readonly bornTimestamp: number;
  /** Producer's address, 8 or 20 bytes. */
  readonly bornHost: Uint8Array;
  /** This broker's address, 8 or 20 bytes. */
  readonly storeHost: Uint8Array;
  readonly reconsumeTimes: number;
  /** Position of the half message that this one resolves, or 0. */
  readonly preparedTransactionOffset: number;
}

/** Properties that mean an exact delivery time. Source: apache/rocketmq common MessageConst PROPERTY_TIMER_* */
const TIMER_PROPERTIES = [
  PropertyName.TIMER_DELIVER_MS,
  PropertyName.TIMER_DELAY_MS,
  PropertyName.TIMER_DELAY_SEC,
] as const;

/** Delay level of a message; 0 when it has none. */
export function delayLevelOfMessage(properties: ReadonlyMap<string, string>): number {
  const text = properties.get(PropertyName.DELAY_TIME_LEVEL);
  if (text === undefined) return 0;
  const level = Number(text);
  return Number.isSafeInteger(level) ? level : 0;
}

/** Whether a message asks for an exact delivery time. A delay level wins over it, and one that came out of the wheel asks no more. */
export function isTimerMessage(properties: ReadonlyMap<string, string>): boolean {
  return delayLevelOfMessage(properties) <= 0 && !properties.has(PropertyName.TIMER_OUT_MS) &&
    TIMER_PROPERTIES.some((name) => properties.has(name));
}

/**
 * Redirects a delayed message to the schedule topic.
 *
 * @param levels how many delay levels there are; a larger level becomes the largest
 * @returns the message itself when it has no delay level
 */
export function redirectDelayed(message: NewMessage, levels: number): NewMessage {
  const asked = delayLevelOfMessage(message.properties);
  if (asked <= 0) return message;
  const level = Math.min(asked, levels);
  const properties = new Map(message.properties);
  for (const name of TIMER_PROPERTIES) properties.delete(name);
  properties.set(PropertyName.DELAY_TIME_LEVEL, String(level));
  properties.set(PropertyName.REAL_TOPIC, message.topic);
  properties.set(PropertyName.REAL_QUEUE_ID, String(message.queueId));
  return { ...message, topic: SCHEDULE_TOPIC, queueId: level - 1, properties };
}

/**
 * Encodes a message as a record whose queue offset, position and store time are filled in when it is placed.
 *
 * @param propertiesText properties as they are to be stored; encoded from the message's when left out
 * @throws {ProtocolError} when topic or properties are too long
 */
export function encodeNewMessage(
  message: NewMessage,
  propertiesText: string = encodeProperties(message.properties),
): Uint8Array {
  return encodeRecord({
    queueId: message.queueId,
    flag: message.flag,
    queueOffset: 0,
    physicalOffset: 0,
    sysFlag: message.sysFlag,
    bornTimestamp: message.bornTimestamp,
    bornHost: message.bornHost,
    storeTimestamp: 0,
    storeHost: message.storeHost,
    reconsumeTimes: message.reconsumeTimes,
    preparedTransactionOffset: message.preparedTransactionOffset,
    body: message.body,
    topic: message.topic,
    properties: propertiesText,
  });
}

/**
 * Whether the producer wants its answer only when the message is stored as safely as the broker stores: not when WAIT is there and is not "true".
 * Source: apache/rocketmq common Message.isWaitStoreMsgOK
 */
export function waitsForStore(properties: ReadonlyMap<string, string>): boolean {
  return (properties.get(PropertyName.WAIT_STORE_MSG_OK) ?? "true").toLowerCase() === "true";
}
