/**
 * Messages as a consumer receives them: a view on the stored record that decodes fields when they are asked for.
 *
 * Owns: reading the fields of a record. Reads: the bytes of one answer, shared by all its messages. Never does: IO, copies of bodies.
 * Layout: protocol/record.ts.
 */

import { PropertyName } from "./property_names.ts";
import type { MessageQueue } from "./message_queue.ts";

/** Second magic, whose topic length has two bytes. Source: apache/rocketmq common/message/MessageVersion.java MESSAGE_VERSION_V2 */
const MAGIC_V2 = 0xdaa320ab | 0;
/** sysFlag bit: the born host has 16 bytes. Source: common/sysflag/MessageSysFlag.java BORNHOST_V6_FLAG */
const BORN_HOST_V6 = 0x10;
/** sysFlag bit: the store host has 16 bytes. Source: common/sysflag/MessageSysFlag.java STOREHOSTADDRESS_V6_FLAG */
const STORE_HOST_V6 = 0x20;

/** Where a record with IPv4 hosts has the length of its body. Source: store/CommitLog.java, protocol/record.ts */
const BODY_LENGTH_AT = 84;

const decoder = new TextDecoder();

/** Where variable fields of one record begin, relative to the buffer. */
interface Layout {
  readonly storeTimestamp: number;
  readonly reconsumeTimes: number;
  readonly body: number;
  readonly bodyEnd: number;
  readonly topic: number;
  readonly topicEnd: number;
  readonly properties: number;
  readonly propertiesEnd: number;
}

/** One received message. */
export class MessageExt {
  /** Queue it was pulled from; its topic may be a retry topic. */
  readonly queue: MessageQueue;
  readonly #view: DataView;
  readonly #start: number;
  #layout: Layout | undefined;
  #body: Uint8Array | undefined;
  #topic: string | undefined;
  #properties: Map<string, string> | undefined;
  #reconsumeTimes: number | undefined;
  #minOffset = -1;
  #maxOffset = -1;
  #consumeStartMs = 0;

  /**
   * Makes a message of a stored record; nothing is copied.
   *
   * @param queue queue it was pulled from
   * @param view the bytes of the answer
   * @param start where the record begins
   * @param body decompressed body, when the stored one is compressed
   */
  constructor(queue: MessageQueue, view: DataView, start: number, body?: Uint8Array) {
    this.queue = queue;
    this.#view = view;
    this.#start = start;
    this.#body = body;
  }

  /** Topic; for a retried message the original one once the consumer has put it back. */
  get topic(): string {
    if (this.#topic === undefined) {
      const layout = this.#fields();
      this.#topic = this.#text(layout.topic, layout.topicEnd);
    }
    return this.#topic;
  }

  /** Payload, decompressed. */
  get body(): Uint8Array {
    if (this.#body === undefined) {
      const layout = this.#fields();
      this.#body = this.#bytes(layout.body, layout.bodyEnd);
    }
    return this.#body;
  }

  /** Bytes of the payload, decompressed. */
  get bodyBytes(): number {
    if (this.#body !== undefined) return this.#body.length;
    return this.#view.getInt32(this.#start + BODY_LENGTH_AT + hostBytesBeyondIpv4(this.sysFlag));
  }

  /** Payload as UTF-8 text. */
  get bodyText(): string {
    return decoder.decode(this.body);
  }

  /** All properties, RocketMQ's own included. */
  get properties(): ReadonlyMap<string, string> {
    return this.#propertyMap();
  }

  /** Broker the message lies on. */
  get brokerName(): string {
    return this.queue.brokerName;
  }

  /** Bytes of the stored record. */
  get storeSize(): number {
    return this.#view.getInt32(this.#start);
  }

  /** 31-bit CRC of the stored body. */
  get bodyCRC(): number {
    return this.#view.getInt32(this.#start + 8);
  }

  /** Queue number. */
  get queueId(): number {
    return this.#view.getInt32(this.#start + 12);
  }

  /** The application's number. */
  get flag(): number {
    return this.#view.getInt32(this.#start + 16);
  }

  /** Position in the queue. */
  get queueOffset(): number {
    return this.#long(this.#start + 20);
  }

  /** Position in the broker's commit log. */
  get commitLogOffset(): number {
    return this.#long(this.#start + 28);
  }

  /** Bits about compression, transaction and hosts. */
  get sysFlag(): number {
    return this.#view.getInt32(this.#start + 36);
  }

  /** When the producer made it, in milliseconds since 1970. */
  get bornTimestamp(): number {
    return this.#long(this.#start + 40);
  }

  /** `ip:port` of the producer. */
  get bornHost(): string {
    return this.#host(this.#start + 48, (this.sysFlag & BORN_HOST_V6) !== 0);
  }

  /** When the broker stored it, in milliseconds since 1970. */
  get storeTimestamp(): number {
    return this.#long(this.#fields().storeTimestamp);
  }

  /** `ip:port` of the broker. */
  get storeHost(): string {
    return this.#host(this.#fields().storeTimestamp + 8, (this.sysFlag & STORE_HOST_V6) !== 0);
  }

  /** How often it was handed out before. */
  get reconsumeTimes(): number {
    return this.#reconsumeTimes ?? this.#view.getInt32(this.#fields().reconsumeTimes);
  }

  /** Position of the half message of a transaction. */
  get preparedTransactionOffset(): number {
    return this.#long(this.#fields().reconsumeTimes + 4);
  }

  /** Tag, if any. */
  get tags(): string | undefined {
    return this.getProperty(PropertyName.TAGS);
  }

  /** Keys, separated by spaces, if any. */
  get keys(): string | undefined {
    return this.getProperty(PropertyName.KEYS);
  }

  /** The producer's unique id, or the offset id where the producer gave none. */
  get msgId(): string {
    return this.getProperty(PropertyName.UNIQ_KEY) ?? this.offsetMsgId;
  }

  /** Id made of the broker's address and the commit log position. */
  get offsetMsgId(): string {
    const at = this.#fields().storeTimestamp + 8;
    const length = (this.sysFlag & STORE_HOST_V6) !== 0 ? 20 : 8;
    return hexOf(this.#bytes(at, at + length)) + hexOf(this.#bytes(this.#start + 28, this.#start + 36));
  }

  /** Delay level it was sent with, 0 for none. */
  get delayTimeLevel(): number {
    return Number(this.getProperty(PropertyName.DELAY) ?? 0);
  }

  /** Transaction id: the unique id of the half message. */
  get transactionId(): string | undefined {
    return this.getProperty(PropertyName.TRANSACTION_ID) ?? this.getProperty(PropertyName.UNIQ_KEY);
  }

  /**
   * Reads one property.
   *
   * @param name property
   * @returns its value, undefined when absent
   */
  getProperty(name: string): string | undefined {
    return this.#propertyMap().get(name);
  }

  /**
   * Sets a property of this copy; nothing is sent.
   *
   * @param name property
   * @param value value
   */
  putProperty(name: string, value: string): void {
    this.#propertyMap().set(name, value);
  }

  /**
   * Puts another topic on this copy: consumers turn the retry topic back into the original one.
   *
   * @param topic new topic
   */
  setTopic(topic: string): void {
    this.#topic = topic;
  }

  /**
   * Counts a redelivery that happens inside this client.
   *
   * @param times new count
   */
  setReconsumeTimes(times: number): void {
    this.#reconsumeTimes = times;
  }

  /**
   * Notes the bounds of the queue when it was pulled; they appear as MIN_OFFSET and MAX_OFFSET.
   *
   * @param min first offset kept
   * @param max next offset to be written
   */
  setBounds(min: number, max: number): void {
    this.#minOffset = min;
    this.#maxOffset = max;
  }

  /** When the listener was last called with it, in milliseconds since 1970; 0 before. */
  get consumeStartMs(): number {
    return this.#consumeStartMs;
  }

  /**
   * Notes that the listener is called with it; it appears as CONSUME_START_TIME.
   *
   * @param nowMs milliseconds since 1970
   */
  startConsume(nowMs: number): void {
    this.#consumeStartMs = nowMs;
    this.#properties?.set(PropertyName.CONSUME_START_TIME, String(nowMs));
  }

  #propertyMap(): Map<string, string> {
    if (this.#properties === undefined) {
      const layout = this.#fields();
      this.#properties = parseProperties(this.#text(layout.properties, layout.propertiesEnd));
      if (this.#minOffset >= 0) {
        this.#properties.set(PropertyName.MIN_OFFSET, String(this.#minOffset));
        this.#properties.set(PropertyName.MAX_OFFSET, String(this.#maxOffset));
      }
      if (this.#consumeStartMs > 0) {
        this.#properties.set(PropertyName.CONSUME_START_TIME, String(this.#consumeStartMs));
      }
    }
    return this.#properties;
  }

  #fields(): Layout {
    this.#layout ??= layoutOf(this.#view, this.#start);
    return this.#layout;
  }

  #bytes(start: number, end: number): Uint8Array {
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + start, end - start);
  }

  #text(start: number, end: number): string {
    return decoder.decode(this.#bytes(start, end));
  }

  #long(at: number): number {
    return this.#view.getInt32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4);
  }

  #host(at: number, v6: boolean): string {
    const length = v6 ? 16 : 4;
    const bytes = this.#bytes(at, at + length);
    const port = this.#view.getInt32(at + length);
    if (!v6) return `${bytes.join(".")}:${port}`;
    const parts: string[] = [];
    for (let i = 0; i < 16; i += 2) parts.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
    return `[${parts.join(":")}]:${port}`;
  }
}

/** Bytes that the hosts of a record take beyond two IPv4 ones. */
function hostBytesBeyondIpv4(sysFlag: number): number {
  return ((sysFlag & BORN_HOST_V6) !== 0 ? 12 : 0) + ((sysFlag & STORE_HOST_V6) !== 0 ? 12 : 0);
}

function layoutOf(view: DataView, start: number): Layout {
  const sysFlag = view.getInt32(start + 36);
  const storeTimestamp = start + 48 + ((sysFlag & BORN_HOST_V6) !== 0 ? 20 : 8);
  const reconsumeTimes = storeTimestamp + 8 + ((sysFlag & STORE_HOST_V6) !== 0 ? 20 : 8);
  const body = reconsumeTimes + 16;
  const bodyEnd = body + view.getInt32(reconsumeTimes + 12);
  const wide = view.getInt32(start + 4) === MAGIC_V2;
  const topic = bodyEnd + (wide ? 2 : 1);
  const topicEnd = topic + (wide ? view.getInt16(bodyEnd) : view.getUint8(bodyEnd));
  const properties = topicEnd + 2;
  return {
    storeTimestamp,
    reconsumeTimes,
    body,
    bodyEnd,
    topic,
    topicEnd,
    properties,
    propertiesEnd: properties + view.getUint16(topicEnd),
  };
}

/**
 * Reads a properties text; pieces without name or value are dropped.
 * Source: apache/rocketmq common/message/MessageDecoder.java string2messageProperties
 *
 * @param text stored text
 * @returns names and values
 */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    let end = text.indexOf("\u0002", at);
    if (end < 0) end = text.length;
    const split = text.indexOf("\u0001", at);
    if (split > at && split < end - 1) properties.set(text.slice(at, split), text.slice(split + 1, end));
    at = end + 1;
  }
  return properties;
}

/**
 * Where the fields of a record lie that a filter needs, without decoding the rest.
 *
 * @param view bytes
 * @param start where the record begins
 * @returns body and properties ranges and the sysFlag
 */
export function recordRanges(
  view: DataView,
  start: number,
): { body: number; bodyEnd: number; properties: number; propertiesEnd: number; sysFlag: number } {
  const layout = layoutOf(view, start);
  return {
    body: layout.body,
    bodyEnd: layout.bodyEnd,
    properties: layout.properties,
    propertiesEnd: layout.propertiesEnd,
    sysFlag: view.getInt32(start + 36),
  };
}

function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).toUpperCase().padStart(2, "0");
  return text;
}
