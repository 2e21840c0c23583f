/**
 * Which topics count when a group's progress is told or copied.
 *
 * Owns: the rule.
 * Reads: live subscriptions.
 * Never: looks at offsets.
 */
import type { ConsumerTable } from "../../../store/consumer_table.ts";

/**
 * Whether a topic counts: a group that is online counts only for what it subscribes to now, any other for everything.
 * Source: apache/rocketmq broker AdminBrokerProcessor.getTopicsForCollectingConsumeStats
 */
export function isConsumedTopic(consumers: ConsumerTable, group: string, topic: string): boolean {
  return consumers.subscriptionOf(group, topic) !== undefined || consumers.subscriptionCountOf(group) === 0;
}
