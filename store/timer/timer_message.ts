/**
 * What a timer message looks like: on its way into the timer queue, rolled on, delivered, and the message that recalls another.
 *
 * Owns: which fields and properties change on the way. Reads: stored records. Never: touches a file.
 *
 * Source: apache/rocketmq broker HookUtils.handleScheduleMessage, RecallMessageProcessor, store/timer/TimerMessageStore.java convert
 */
import { formatLong, parseLong } from "../../protocol/java_number.ts";
import { decodeProperties, encodeProperties } from "../../protocol/properties.ts";
import { PropertyName } from "../../protocol/property_name.ts";
import type { StoredRecord } from "../../protocol/record.ts";
import type { MessageWithText } from "../half_message.ts";
import { isTimerMessage, type NewMessage } from "../new_message.ts";

/** Where timer messages lie, in queue 0. Source: apache/rocketmq store/timer/TimerMessageStore.java TIMER_TOPIC */
export const TIMER_TOPIC = "rmq_sys_wheel_timer";

/** Enqueue time of a message that came too late for the wheel. Source: apache/rocketmq store/timer/TimerMessageStore.java putMessageToTimerWheel */
export const NEVER_ENQUEUED: string = String((1n << 63n) - 1n);

/** What the broker allows of timers. */
export interface TimerRules {
  readonly timerWheelEnable: boolean;
  /** Furthest time of delivery, seconds from now. */
  readonly timerMaxDelaySec: number;
  /** Milliseconds of a slot. */
  readonly timerPrecisionMs: number;
}

/** A timer message that is not taken. */
export interface TimerRefusal {
  readonly refused: "disabled" | "illegal";
}

/**
 * Redirects a message with an exact time of delivery to the timer queue.
 *
 * @param message for its real topic and queue
 * @param rules of the broker
 * @param nowMs milliseconds since 1970
 * @returns the message itself when it has no such time or the time has come, or why it is refused
 */
export function redirectTimer(message: NewMessage, rules: TimerRules, nowMs: number): NewMessage | TimerRefusal {
  if (message.topic === TIMER_TOPIC || !isTimerMessage(message.properties)) return message;
  if (!rules.timerWheelEnable) return { refused: "disabled" };
  const deliverMs = deliverTime(message.properties, nowMs);
  if (deliverMs === undefined || deliverMs - nowMs > rules.timerMaxDelaySec * 1000) return { refused: "illegal" };
  if (deliverMs <= nowMs) {
    return message.properties.has(PropertyName.TIMER_DEL_UNIQKEY) ? { refused: "illegal" } : message;
  }
  const properties = new Map(message.properties);
  properties.set(PropertyName.TIMER_OUT_MS, String(slotTime(deliverMs, rules.timerPrecisionMs)));
  properties.set(PropertyName.REAL_TOPIC, message.topic);
  properties.set(PropertyName.REAL_QUEUE_ID, String(message.queueId));
  return { ...message, topic: TIMER_TOPIC, queueId: 0, properties };
}

/** The slot of a time of delivery. A slot is read when it is over, so that a time on its border belongs to the slot before. */
export function slotTime(deliverMs: number, precisionMs: number): number {
  return (Math.ceil(deliverMs / precisionMs) - 1) * precisionMs;
}

function deliverTime(properties: ReadonlyMap<string, string>, nowMs: number): number | undefined {
  const seconds = properties.get(PropertyName.TIMER_DELAY_SEC);
  const delay = properties.get(PropertyName.TIMER_DELAY_MS);
  const text = seconds ?? delay ?? properties.get(PropertyName.TIMER_DELIVER_MS) ?? "";
  const value = parseLong(text);
  if (value === undefined) return undefined;
  if (seconds !== undefined) return nowMs + value * 1000;
  return delay === undefined ? value : nowMs + value;
}

/** What the wheel needs to know of a stored timer message. */
export interface StoredTimer {
  readonly record: StoredRecord;
  readonly properties: ReadonlyMap<string, string>;
  /** Slot in which it is due, milliseconds since 1970. */
  readonly outMs: number;
  readonly realTopic: string;
  /** Key of the message that this one recalls; undefined when it recalls none. */
  readonly recalls: string | undefined;
}

/** Reads a record of the timer queue. @returns undefined when it is no timer message */
export function readTimer(record: StoredRecord): StoredTimer | undefined {
  if (record.topic !== TIMER_TOPIC) return undefined;
  const properties = decodeProperties(record.properties);
  const outMs = parseLong(properties.get(PropertyName.TIMER_OUT_MS) ?? "");
  const realTopic = properties.get(PropertyName.REAL_TOPIC);
  if (outMs === undefined || realTopic === undefined) return undefined;
  return { record, properties, outMs, realTopic, recalls: properties.get(PropertyName.TIMER_DEL_UNIQKEY) };
}

/** When a message was to be delivered, milliseconds since 1970; one that was rolled counts its delay anew. @returns undefined when it does not say */
export function deliverTimeOf({ record, properties }: StoredTimer): number | undefined {
  return deliverTime(properties, record.storeTimestamp);
}

/** Whether a recall means this message; both spellings of the key are understood. */
export function isRecalled(
  { properties, realTopic }: StoredTimer,
  recalls: Pick<ReadonlyMap<string, unknown>, "has">,
): string | undefined {
  const uniqueId = properties.get(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
  if (uniqueId === undefined) return undefined;
  return [uniqueId, recallKey(realTopic, uniqueId, true)].find((key) => recalls.has(key));
}

/** Key under which a message is recalled. Source: apache/rocketmq store/timer/TimerMessageStore.java buildDeleteKey */
export function recallKey(topic: string, uniqueId: string, withTopic: boolean): string {
  return withTopic ? `${topic}+${uniqueId}` : uniqueId;
}

/** Tag of a recall. Source: apache/rocketmq broker RecallMessageProcessor.RECALL_MESSAGE_TAG */
const RECALL_TAG = "_RECALL_TAG_";

/** What a recall is made of. */
export interface RecallParts {
  readonly topic: string;
  readonly uniqueId: string;
  /** Key of the message. */
  readonly key: string;
  /** When the message is due, milliseconds since 1970. */
  readonly deliverMs: number;
  readonly producerGroup: string;
  readonly bornHost: Uint8Array;
  readonly storeHost: Uint8Array;
}

/** Makes the message that recalls another. */
export function toRecall(parts: RecallParts, nowMs: number): NewMessage {
  const { topic, uniqueId, key, deliverMs, producerGroup, bornHost, storeHost } = parts;
  return {
    topic,
    queueId: 0,
    body: new TextEncoder().encode("0"),
    flag: 0,
    sysFlag: 0,
    properties: new Map([
      [PropertyName.TAGS, RECALL_TAG],
      [PropertyName.TIMER_DEL_UNIQKEY, key],
      [PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX, uniqueId],
      [PropertyName.TIMER_DELIVER_MS, formatLong(deliverMs)],
      [PropertyName.BORN_TIMESTAMP, String(nowMs)],
      [PropertyName.PRODUCER_GROUP, producerGroup],
    ]),
    bornTimestamp: nowMs,
    bornHost,
    storeHost,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
  };
}

/**
 * Makes the message that goes on: to its real topic and queue, or once more into the timer queue.
 *
 * @param timer as stored
 * @param enqueueMs when it came into the wheel; {@link NEVER_ENQUEUED} when it never did
 * @param isRoll whether it goes into the timer queue again
 * @param nowMs milliseconds since 1970
 */
export function toDequeued(timer: StoredTimer, enqueueMs: string, isRoll: boolean, nowMs: number): MessageWithText {
  const { record } = timer;
  const properties = new Map(timer.properties);
  properties.set(PropertyName.TIMER_ENQUEUE_MS, enqueueMs);
  if (isRoll) {
    const times = parseLong(properties.get(PropertyName.TIMER_ROLL_TIMES) ?? "0") ?? 0;
    properties.set(PropertyName.TIMER_ROLL_TIMES, String(times + 1));
  }
  properties.set(PropertyName.TIMER_DEQUEUE_MS, String(nowMs));
  const queueId = parseLong(properties.get(PropertyName.REAL_QUEUE_ID) ?? "") ?? 0;
  const message: NewMessage = {
    topic: isRoll ? TIMER_TOPIC : timer.realTopic,
    queueId: isRoll ? 0 : queueId,
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
  // Like RocketMQ's, the stored text keeps REAL_TOPIC and REAL_QID, so that a consumer sees them.
  return { message, text: encodeProperties(properties) };
}
