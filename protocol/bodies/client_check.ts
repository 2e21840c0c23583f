/**
 * Check of a subscription before a consumer starts. Owns the body of request 46.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import { bean, type BodyInput, decodeBody, encodeBody, type JsonCodec, optional, text } from "../json_codec.ts";
import { type SubscriptionData, subscriptionDataJson } from "../subscription.ts";

/** Subscription to be checked. Source: apache/rocketmq remoting/protocol/body/CheckClientRequestBody.java CheckClientRequestBody. */
export interface CheckClientRequest {
  /** Client id. */
  readonly clientId: string;
  /** Group. */
  readonly group: string;
  /** Namespace. */
  readonly namespace?: string | undefined;
  /** The subscription. */
  readonly subscriptionData: SubscriptionData;
}

/** JSON codec of {@linkcode CheckClientRequest}. */
export const checkClientRequestJson: JsonCodec<CheckClientRequest> = bean<CheckClientRequest>({
  clientId: text(),
  group: text(),
  namespace: optional(text()),
  subscriptionData: subscriptionDataJson,
});

/**
 * Decodes the body of request 46.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeCheckClientRequest(body: BodyInput): CheckClientRequest {
  return decodeBody(checkClientRequestJson, body);
}

/**
 * Encodes the body of request 46.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeCheckClientRequest(value: CheckClientRequest, dialect?: FastDialect): Uint8Array {
  return encodeBody(checkClientRequestJson, value, dialect);
}
