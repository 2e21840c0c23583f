/**
 * Acknowledgement of several popped messages. Owns the body of request 200151.
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
  list,
  optional,
  text,
  whole,
} from "../json_codec.ts";

/** Messages of one pop. Source: apache/rocketmq remoting/protocol/body/BatchAck.java BatchAck. */
export interface BatchAck {
  /** Which messages: a Java BitSet as base64. */
  readonly b: string;
  /** Group. */
  readonly c: string;
  /** Invisible time, ms. */
  readonly it: number;
  /** Pop time, ms. */
  readonly pt: number;
  /** Queue id. */
  readonly q: number;
  /** Retry mark: 0 normal, 1 or 2 a retry topic. */
  readonly r: string;
  /** Revive queue id. */
  readonly rq: number;
  /** Offset of the first message of the pop. */
  readonly so: number;
  /** Topic. */
  readonly t: string;
}

/** JSON codec of {@linkcode BatchAck}. */
export const batchAckJson: JsonCodec<BatchAck> = bean<BatchAck>({
  b: text(),
  c: text(),
  it: whole(),
  pt: whole(),
  q: whole(),
  r: text(),
  rq: whole(),
  so: whole(),
  t: text(),
});

/** Acknowledgements. Source: apache/rocketmq remoting/protocol/body/BatchAckMessageRequestBody.java BatchAckMessageRequestBody. */
export interface BatchAckRequest {
  /** Acknowledgements. */
  readonly acks: readonly BatchAck[];
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

/** JSON codec of {@linkcode BatchAckRequest}. */
export const batchAckRequestJson: JsonCodec<BatchAckRequest> = bean<BatchAckRequest>({
  acks: list(batchAckJson),
  brokerName: optional(text()),
});

/**
 * Decodes the body of request 200151.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeBatchAckRequest(body: BodyInput): BatchAckRequest {
  return decodeBody(batchAckRequestJson, body);
}

/**
 * Encodes the body of request 200151.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeBatchAckRequest(value: BatchAckRequest, dialect?: FastDialect): Uint8Array {
  return encodeBody(batchAckRequestJson, value, dialect);
}
