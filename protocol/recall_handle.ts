/**
 * Recall handle: names a delayed message so that RECALL_MESSAGE can take it back.
 *
 * Owns the text: URL-safe base64 of `v1 topic brokerName deliverMs uniqueId`.
 *
 * Source: apache/rocketmq common/producer/RecallMessageHandle.java HandleV1.
 *
 * @module
 */
import { ProtocolError } from "./errors.ts";
import { formatLong, parseLong } from "./java_number.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

const VERSION = "v1";
const SEPARATOR = " ";

/** What a recall handle says. */
export interface RecallHandle {
  /** Topic of the message. */
  readonly topic: string;
  /** Broker that keeps it. */
  readonly brokerName: string;
  /** When it would be delivered, ms since 1970. */
  readonly deliverMs: number;
  /** Unique id of the message. */
  readonly messageId: string;
}

/**
 * Encodes a recall handle.
 *
 * @param handle What it says
 * @returns URL-safe base64 with padding, as Java writes it
 */
export function encodeRecallHandle(handle: RecallHandle): string {
  const words = [VERSION, handle.topic, handle.brokerName, formatLong(handle.deliverMs), handle.messageId];
  const bytes = encodeUtf8(words.join(SEPARATOR));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

/**
 * Decodes a recall handle.
 *
 * @param text The handle, in URL-safe base64
 * @returns What it says
 * @throws {ProtocolError} MESSAGE_ID_MALFORMED when it is none
 */
export function decodeRecallHandle(text: string): RecallHandle {
  const words = /^[A-Za-z0-9_-]+=*$/.test(text) ? decodeUtf8(fromBase64Url(text)).split(SEPARATOR) : [];
  const [version, topic = "", brokerName = "", deliver = "", messageId = ""] = words;
  const deliverMs = parseLong(deliver);
  if (version !== VERSION || words.length < 5 || deliverMs === undefined) {
    throw new ProtocolError("MESSAGE_ID_MALFORMED", `Cannot decode recall handle: "${text.slice(0, 64)}" is none`);
  }
  return { topic, brokerName, deliverMs, messageId };
}

function fromBase64Url(text: string): Uint8Array {
  const digits = text.replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/");
  // A lone digit at the end holds no byte; Java leaves it out.
  const whole = digits.length % 4 === 1 ? digits.slice(0, -1) : digits;
  return Uint8Array.from(atob(whole), (unit) => unit.charCodeAt(0));
}
