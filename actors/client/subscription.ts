/**
 * Subscriptions: what of a topic a group wants, and the tag check the client makes itself.
 *
 * Owns: parsing of tag expressions and the check. Never does: IO.
 */

import { ClientError } from "./errors.ts";

/** What to consume of a topic: a tag expression text, or one of the two kinds. */
export type MessageSelector = string | { readonly tag: string } | { readonly sql: string };

/** One topic's subscription. */
export interface Subscription {
  /** Topic, with the namespace. */
  readonly topic: string;
  /** "TAG" or "SQL92". */
  readonly expressionType: "TAG" | "SQL92";
  /** Expression as given, "*" for all. */
  readonly subString: string;
  /** Tags of a TAG expression; empty means all. */
  readonly tagsSet: readonly string[];
  /** Java hash of each tag. */
  readonly codeSet: readonly number[];
  /** Version, milliseconds since 1970; a newer one replaces an older one at the broker. */
  readonly subVersion: number;
}

/** Longest SQL expression that makes sense, in characters. */
const SQL_CHARS_MAX = 32_767;

/**
 * Builds a subscription.
 * Source: apache/rocketmq remoting/protocol/filter/FilterAPI.java buildSubscriptionData
 *
 * @param topic topic, with the namespace
 * @param selector expression
 * @param subVersion milliseconds since 1970
 * @returns the subscription
 * @throws {ClientError} OPTION_ILLEGAL when the expression has no tag at all
 */
export function buildSubscription(topic: string, selector: MessageSelector, subVersion: number): Subscription {
  if (typeof selector === "object" && "sql" in selector) {
    if (selector.sql.trim().length === 0 || selector.sql.length > SQL_CHARS_MAX) {
      throw new ClientError(
        "OPTION_ILLEGAL",
        `Cannot subscribe to "${topic}": the SQL expression is empty or too long`,
      );
    }
    return { topic, expressionType: "SQL92", subString: selector.sql, tagsSet: [], codeSet: [], subVersion };
  }
  const expression = typeof selector === "string" ? selector : selector.tag;
  if (expression.length === 0 || expression === "*") {
    return { topic, expressionType: "TAG", subString: "*", tagsSet: [], codeSet: [], subVersion };
  }
  const tags = [...new Set(expression.split("||").map((tag) => tag.trim()).filter((tag) => tag.length > 0))];
  if (tags.length === 0) {
    throw new ClientError("OPTION_ILLEGAL", `Cannot subscribe to "${topic}": "${expression}" names no tag`);
  }
  const codeSet = [...new Set(tags.map(javaHash))];
  return { topic, expressionType: "TAG", subString: expression, tagsSet: tags, codeSet, subVersion };
}

/**
 * Java's `String.hashCode`.
 *
 * @param text text
 * @returns signed 32-bit hash over UTF-16 code units
 */
export function javaHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/**
 * Whether a message's tag is one of those wanted; brokers compare only hashes.
 * Source: apache/rocketmq client/impl/consumer/PullAPIWrapper.java processPullResult
 *
 * @param subscription what is wanted
 * @param tag the message's tag
 * @returns true when the subscription takes it
 */
export function tagMatches(subscription: Pick<Subscription, "tagsSet">, tag: string | undefined): boolean {
  return subscription.tagsSet.length === 0 || (tag !== undefined && subscription.tagsSet.includes(tag));
}
