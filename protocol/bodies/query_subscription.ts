/**
 * Subscription of a group. Owns the answer to request 345.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import { bean, type BodyInput, decodeBody, encodeBody, type JsonCodec, optional, text } from "../json_codec.ts";
import { type SubscriptionData, subscriptionDataJson } from "../subscription.ts";

/** Subscription of a group on a topic. Source: apache/rocketmq remoting/protocol/body/QuerySubscriptionResponseBody.java QuerySubscriptionResponseBody. */
export interface QuerySubscriptionResponse {
  /** Group. */
  readonly group: string;
  /** The subscription. */
  readonly subscriptionData?: SubscriptionData | undefined;
  /** Topic. */
  readonly topic: string;
}

/** JSON codec of {@linkcode QuerySubscriptionResponse}. */
export const querySubscriptionResponseJson: JsonCodec<QuerySubscriptionResponse> = bean<QuerySubscriptionResponse>({
  group: text(),
  subscriptionData: optional(subscriptionDataJson),
  topic: text(),
});

/**
 * Decodes the answer to request 345.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeQuerySubscriptionResponse(body: BodyInput): QuerySubscriptionResponse {
  return decodeBody(querySubscriptionResponseJson, body);
}

/**
 * Encodes the answer to request 345.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeQuerySubscriptionResponse(value: QuerySubscriptionResponse, dialect?: FastDialect): Uint8Array {
  return encodeBody(querySubscriptionResponseJson, value, dialect);
}
