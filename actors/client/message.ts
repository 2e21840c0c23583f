/**
 * Messages as the application writes them, and what the producer makes of them before they are encoded.
 *
 * Owns: the mapping from the fields of a message to RocketMQ's properties and their limits. Never does: IO.
 */

import { ClientError } from "./errors.ts";
import { checkSendTopic } from "./names.ts";
import { PropertyName, RESERVED_PROPERTY_NAMES } from "./property_names.ts";

/** A message to be sent. Only topic and body are needed. */
export interface Message {
  /** Topic, without a namespace. */
  readonly topic: string;
  /** Payload; a text is sent as UTF-8. Must not be empty. */
  readonly body: Uint8Array | string;
  /** Tag, on which consumers may filter. */
  readonly tags?: string;
  /** Key or keys by which the message may be found. */
  readonly keys?: string | readonly string[];
  /** Properties of the application; names of RocketMQ's own are refused. */
  readonly properties?: Readonly<Record<string, string>>;
  /** A number the application may use freely, 32 bits. */
  readonly flag?: number;
  /** Whether the broker answers only when the message is stored as its flush mode says; default true. */
  readonly waitStoreMsgOK?: boolean;
  /** Delay level 1 to 18 of the broker's table. */
  readonly delayTimeLevel?: number;
  /** Exact delay in seconds (brokers with the timer wheel). */
  readonly delayTimeSec?: number;
  /** Exact delay in milliseconds (brokers with the timer wheel). */
  readonly delayTimeMs?: number;
  /** Exact delivery time in milliseconds since 1970 (brokers with the timer wheel). */
  readonly deliverTimeMs?: number;
  /** Messages of one sharding key keep their order when the hash selector sends them. */
  readonly shardingKey?: string;
  /** Buyer id, a property of old applications. */
  readonly buyerId?: string;
}

/** Largest properties text, in bytes. Source: apache/rocketmq store/CommitLog.java, a 16-bit length */
const PROPERTIES_BYTES_MAX = 32_767;
/** Separates keys. Source: apache/rocketmq common/message/MessageConst.java KEY_SEPARATOR */
const KEY_SEPARATOR = " ";

const encoder = new TextEncoder();

/** A checked message with its body as bytes and its fields as properties. */
export interface PreparedMessage {
  /** Topic, with the namespace. */
  topic: string;
  /** Body as bytes, not compressed. */
  body: Uint8Array;
  /** User flag. */
  flag: number;
  /** All properties. */
  properties: Map<string, string>;
  /** Whether the broker answers only when the message is stored. */
  waitStoreMsgOK: boolean;
}

/**
 * Checks a message and turns its fields into properties.
 *
 * @param message as the application wrote it
 * @param options bodyBytesMax: largest body in bytes; topicOf: puts the namespace on
 * @returns the prepared message
 * @throws {ClientError} NAME_ILLEGAL or MESSAGE_ILLEGAL
 */
export function prepareMessage(
  message: Message,
  options: { bodyBytesMax: number; topicOf: (topic: string) => string },
): PreparedMessage {
  if (typeof message !== "object" || message === null) {
    throw new ClientError("MESSAGE_ILLEGAL", `Cannot send ${String(message)}: it is no message`);
  }
  checkSendTopic(message.topic);
  const topic = options.topicOf(message.topic);
  checkSendTopic(topic);
  const body = bodyBytes(message.body);
  if (body.length === 0) throw new ClientError("MESSAGE_ILLEGAL", "Cannot send message: the body is empty");
  if (body.length > options.bodyBytesMax) {
    throw new ClientError(
      "MESSAGE_ILLEGAL",
      `Cannot send message: the body has ${body.length} bytes, limit is ${options.bodyBytesMax}`,
    );
  }
  return {
    topic,
    body,
    flag: message.flag ?? 0,
    properties: propertiesOf(message),
    waitStoreMsgOK: message.waitStoreMsgOK ?? true,
  };
}

function bodyBytes(body: unknown): Uint8Array {
  if (typeof body === "string") return encoder.encode(body);
  if (body instanceof Uint8Array) return body;
  throw new ClientError("MESSAGE_ILLEGAL", "Cannot send message: the body is neither bytes nor text");
}

/** The properties of a message in the order in which they are written. */
function propertiesOf(message: Message): Map<string, string> {
  const properties = new Map<string, string>();
  for (const [name, value] of Object.entries(message.properties ?? {})) {
    checkUserProperty(name, value);
    properties.set(name, value);
  }
  const put = (name: string, value: string | number | undefined): void => {
    if (value === undefined || value === "") return;
    properties.set(name, checkValue(name, typeof value === "number" ? String(value) : value));
  };
  put(PropertyName.TAGS, message.tags);
  put(PropertyName.KEYS, keysOf(message));
  put(PropertyName.WAIT, String(message.waitStoreMsgOK ?? true));
  put(PropertyName.DELAY, message.delayTimeLevel);
  put(PropertyName.TIMER_DELAY_SEC, message.delayTimeSec);
  put(PropertyName.TIMER_DELAY_MS, message.delayTimeMs);
  put(PropertyName.TIMER_DELIVER_MS, message.deliverTimeMs);
  put(PropertyName.SHARDING_KEY, message.shardingKey);
  put(PropertyName.BUYER_ID, message.buyerId);
  return properties;
}

/** Whether a message has nothing that changes how it is sent or stored: no delay, flag or sharding key. */
export function isPlain(message: Message): boolean {
  return message.delayTimeLevel === undefined && message.delayTimeSec === undefined &&
    message.delayTimeMs === undefined && message.deliverTimeMs === undefined && message.shardingKey === undefined &&
    message.buyerId === undefined && (message.flag === undefined || message.flag === 0);
}

/**
 * The text that {@linkcode prepareMessage} and {@linkcode propertiesText} make of a plain message, without a map in between.
 *
 * @param message a message that is plain
 * @param uniqueId its unique id
 * @returns names and values as they are stored
 * @throws {ClientError} MESSAGE_ILLEGAL
 */
export function plainPropertiesText(message: Message, uniqueId: string): string {
  const { tags, keys, properties } = message;
  let text = "";
  if (properties !== undefined) {
    for (const [name, value] of Object.entries(properties)) {
      checkUserProperty(name, value);
      text += `${name}\u0001${value}\u0002`;
    }
  }
  if (tags !== undefined && tags !== "") text += `TAGS\u0001${checkValue(PropertyName.TAGS, tags)}\u0002`;
  if (keys !== undefined) {
    const joined = checkValue(PropertyName.KEYS, keysOf(message) ?? "");
    if (joined !== "") text += `KEYS\u0001${joined}\u0002`;
  }
  const wait = message.waitStoreMsgOK === false ? "WAIT\u0001false\u0002" : "WAIT\u0001true\u0002";
  return `${text}${wait}UNIQ_KEY\u0001${uniqueId}\u0002`;
}

function keysOf({ keys }: Message): string | undefined {
  if (keys === undefined || typeof keys === "string") return keys;
  if (Array.isArray(keys)) return keys.join(KEY_SEPARATOR);
  throw new ClientError("MESSAGE_ILLEGAL", 'Cannot set property "KEYS": keys are neither a text nor a list of texts');
}

function checkUserProperty(name: string, value: string): void {
  if (RESERVED_PROPERTY_NAMES.has(name)) {
    throw new ClientError("MESSAGE_ILLEGAL", `Cannot set property "${name}": RocketMQ uses the name itself`);
  }
  checkValue(name, value);
  if (name.trim().length === 0 || value.trim().length === 0) {
    throw new ClientError("MESSAGE_ILLEGAL", `Cannot set property "${name}": name and value must not be blank`);
  }
  checkValue(name, name);
}

function checkValue(name: string, value: string): string {
  if (typeof value !== "string") {
    throw new ClientError("MESSAGE_ILLEGAL", `Cannot set property "${name}": ${String(value)} is no text`);
  }
  if (value.includes("\u0001") || value.includes("\u0002")) {
    throw new ClientError("MESSAGE_ILLEGAL", `Cannot set property "${name}": it contains a separator character`);
  }
  return value;
}

/**
 * Properties as the text that is stored.
 *
 * @param properties names and values
 * @returns text with 0x01 between name and value and 0x02 after each pair
 * @throws {ClientError} MESSAGE_ILLEGAL when it is longer than 32,767 bytes
 */
export function propertiesText(properties: ReadonlyMap<string, string>): string {
  let text = "";
  for (const [name, value] of properties) text += `${name}\u0001${value}\u0002`;
  if (text.length > PROPERTIES_BYTES_MAX / 3 && encoder.encode(text).length > PROPERTIES_BYTES_MAX) {
    throw new ClientError(
      "MESSAGE_ILLEGAL",
      `Cannot send message: the properties have ${encoder.encode(text).length} bytes, limit is ${PROPERTIES_BYTES_MAX}`,
    );
  }
  return text;
}
