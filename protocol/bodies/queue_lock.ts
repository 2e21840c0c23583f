/**
 * Queue locks of orderly consumers. Owns the bodies of requests 41 and 42.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import { bean, type BodyInput, decodeBody, encodeBody, flag, type JsonCodec, list, text } from "../json_codec.ts";
import { type MessageQueue, messageQueueJson } from "../message_queue.ts";

/** Queues to be locked: body of request 41; of request 42 to be unlocked. Source: apache/rocketmq remoting/protocol/body/LockBatchRequestBody.java LockBatchRequestBody. */
export interface LockBatchRequest {
  /** Client id. */
  readonly clientId: string;
  /** Group. */
  readonly consumerGroup: string;
  /** Queues. */
  readonly mqSet: readonly MessageQueue[];
  /** Whether other replicas are left out. */
  readonly onlyThisBroker: boolean;
}

/** JSON codec of {@linkcode LockBatchRequest}. */
export const lockBatchRequestJson: JsonCodec<LockBatchRequest> = bean<LockBatchRequest>({
  clientId: text(),
  consumerGroup: text(),
  mqSet: list(messageQueueJson),
  onlyThisBroker: flag(),
});

/**
 * Decodes the body of request 41 or 42.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeLockBatchRequest(body: BodyInput): LockBatchRequest {
  return decodeBody(lockBatchRequestJson, body);
}

/**
 * Encodes the body of request 41 or 42.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeLockBatchRequest(value: LockBatchRequest, dialect?: FastDialect): Uint8Array {
  return encodeBody(lockBatchRequestJson, value, dialect);
}

/** Queues that are locked now: answer to request 41. Source: apache/rocketmq remoting/protocol/body/LockBatchResponseBody.java LockBatchResponseBody. */
export interface LockBatchResponse {
  /** Queues. */
  readonly lockOKMQSet: readonly MessageQueue[];
}

/** JSON codec of {@linkcode LockBatchResponse}. */
export const lockBatchResponseJson: JsonCodec<LockBatchResponse> = bean<LockBatchResponse>({
  lockOKMQSet: list(messageQueueJson),
});

/**
 * Decodes the answer to request 41.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeLockBatchResponse(body: BodyInput): LockBatchResponse {
  return decodeBody(lockBatchResponseJson, body);
}

/**
 * Encodes the answer to request 41.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeLockBatchResponse(value: LockBatchResponse, dialect?: FastDialect): Uint8Array {
  return encodeBody(lockBatchResponseJson, value, dialect);
}
