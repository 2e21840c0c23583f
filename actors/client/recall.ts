/**
 * Recall handles: what names a timed message that may still be taken back.
 *
 * Owns: their text form. Never does: IO.
 * Source: apache/rocketmq common/producer/RecallMessageHandle.java
 */

import { ClientError } from "./errors.ts";

/** What a handle says. */
export interface RecallHandle {
  /** Topic. */
  readonly topic: string;
  /** Broker that keeps the message. */
  readonly brokerName: string;
  /** Delivery time, in milliseconds since 1970. */
  readonly deliverMs: number;
  /** Unique id. */
  readonly msgId: string;
}

/**
 * @param handle URL-safe base64 of "v1 topic broker time id"
 * @returns its parts
 * @throws {ClientError} OPTION_ILLEGAL when it is no handle
 */
export function parseRecallHandle(handle: string): RecallHandle {
  const [version, topic, brokerName, time, msgId] = decode(handle).split(" ");
  if (
    version !== "v1" || topic === undefined || brokerName === undefined || time === undefined || msgId === undefined
  ) {
    throw new ClientError("OPTION_ILLEGAL", `Cannot recall message: "${handle}" is no recall handle`);
  }
  return { topic, brokerName, deliverMs: Number(time), msgId };
}

function decode(handle: string): string {
  try {
    const bytes = atob(handle.replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
  } catch (cause) {
    throw new ClientError("OPTION_ILLEGAL", `Cannot recall message: "${handle}" is no recall handle`, { cause });
  }
}
