/**
 * Subscription: which messages of a topic a consumer group wants.
 *
 * Owns the body type and how a tag expression is taken apart.
 *
 * @module
 */
import type { FastDialect } from "./fast_json_writer.ts";
import { javaStringHash } from "./java_hash.ts";
import { bean, type BodyInput, decodeBody, encodeBody, flag, type JsonCodec, list, text, whole } from "./json_codec.ts";

/** Expression that asks for every message. Source: apache/rocketmq remoting/protocol/heartbeat/SubscriptionData.java SUB_ALL. */
export const SUBSCRIBE_ALL = "*";

/** Kinds of expression. Source: apache/rocketmq common/filter/ExpressionType.java ExpressionType. */
export const ExpressionType = {
  /** Tags joined by `||`. */
  TAG: "TAG",
  /** A condition over properties. */
  SQL92: "SQL92",
} as const;

/** Subscription of a topic. Source: apache/rocketmq remoting/protocol/heartbeat/SubscriptionData.java SubscriptionData. */
export interface SubscriptionData {
  /** Whether the filter is a class (4.x). */
  readonly classFilterMode: boolean;
  /** Java hash of each tag. */
  readonly codeSet: readonly number[];
  /** `TAG` or `SQL92`. */
  readonly expressionType: string;
  /** Filter expression. */
  readonly subString: string;
  /** Version: when the subscription was made, ms. */
  readonly subVersion: number;
  /** The tags. */
  readonly tagsSet: readonly string[];
  /** Topic. */
  readonly topic: string;
}

/** JSON codec of {@linkcode SubscriptionData}. */
export const subscriptionDataJson: JsonCodec<SubscriptionData> = bean<SubscriptionData>({
  classFilterMode: flag(),
  codeSet: list(whole()),
  expressionType: text("TAG"),
  subString: text(),
  subVersion: whole(),
  tagsSet: list(text()),
  topic: text(),
});

/**
 * Decodes a subscription.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeSubscriptionData(body: BodyInput): SubscriptionData {
  return decodeBody(subscriptionDataJson, body);
}

/**
 * Encodes a subscription.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeSubscriptionData(value: SubscriptionData, dialect?: FastDialect): Uint8Array {
  return encodeBody(subscriptionDataJson, value, dialect);
}

/**
 * Builds a subscription.
 *
 * Source: apache/rocketmq remoting/protocol/filter/FilterAPI.java buildSubscriptionData, build.
 *
 * @param topic Topic
 * @param expression Tags joined by `||`, `*` or nothing for all, or a condition
 * @param options `type`: kind of expression, TAG when left out; `version`: ms, 0 when left out
 * @returns The subscription; tags and codes are in the order of the expression
 */
export function buildSubscription(
  topic: string,
  expression: string,
  options: { type?: string; version?: number } = {},
): SubscriptionData {
  const { type = ExpressionType.TAG, version = 0 } = options;
  const tags = type === ExpressionType.TAG ? parseTags(expression) : [];
  return {
    classFilterMode: false,
    codeSet: [...new Set(tags.map(javaStringHash))],
    expressionType: type,
    subString: expression === "" ? SUBSCRIBE_ALL : expression,
    subVersion: version,
    tagsSet: tags,
    topic,
  };
}

/**
 * Takes a tag expression apart.
 *
 * @param expression Tags joined by `||`
 * @returns The tags without repeats; none for `*` and for an empty expression
 */
export function parseTags(expression: string): string[] {
  if (expression === "" || expression === SUBSCRIBE_ALL) return [];
  return [...new Set(expression.split("||").map((tag) => tag.trim()).filter((tag) => tag !== ""))];
}
