/**
 * Recalling a delayed message: header of RECALL_MESSAGE (370).
 *
 * @module
 */
import type { ExtFields } from "../command.ts";
import { type ExtCodec, extCodec, named, optionalText, textField } from "../ext_codec.ts";

/** Which message is recalled. Source: apache/rocketmq remoting/protocol/header/RecallMessageRequestHeader.java RecallMessageRequestHeader. */
export interface RecallMessageRequestHeader {
  /** Producer group. */
  readonly producerGroup?: string | undefined;
  /** Topic. */
  readonly topic: string;
  /** Handle to recall a delayed message. */
  readonly recallHandle: string;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const recallMessageRequestHeaderCodec: ExtCodec<RecallMessageRequestHeader> = extCodec<RecallMessageRequestHeader>({
  producerGroup: optionalText(),
  topic: textField(),
  recallHandle: textField(),
  brokerName: named("bname", optionalText()),
});

/**
 * Decodes a {@linkcode RecallMessageRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeRecallMessageRequestHeader(ext: ExtFields): RecallMessageRequestHeader {
  return recallMessageRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode RecallMessageRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeRecallMessageRequestHeader(header: RecallMessageRequestHeader): ExtFields {
  return recallMessageRequestHeaderCodec.encode(header);
}

/** The message that was recalled. Source: apache/rocketmq remoting/protocol/header/RecallMessageResponseHeader.java RecallMessageResponseHeader. */
export interface RecallMessageResponseHeader {
  /** Message id. */
  readonly msgId: string;
}

const recallMessageResponseHeaderCodec: ExtCodec<RecallMessageResponseHeader> = extCodec<RecallMessageResponseHeader>({
  msgId: textField(),
});

/**
 * Decodes a {@linkcode RecallMessageResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeRecallMessageResponseHeader(ext: ExtFields): RecallMessageResponseHeader {
  return recallMessageResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode RecallMessageResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeRecallMessageResponseHeader(header: RecallMessageResponseHeader): ExtFields {
  return recallMessageResponseHeaderCodec.encode(header);
}
