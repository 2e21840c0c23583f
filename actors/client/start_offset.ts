/**
 * Where a consumer begins with a queue.
 *
 * Owns: the rule. Reads: offsets, the broker. Never does: keep state.
 * Source: apache/rocketmq client/impl/consumer/RebalancePushImpl.java computePullFromWhereWithException
 */

import type { BrokerAccess } from "./broker_access.ts";
import type { ConsumeFromWhere } from "./consumer_options.ts";
import type { MessageQueue } from "./message_queue.ts";
import { RETRY_PREFIX } from "./names.ts";
import type { OffsetStore } from "./offset_store.ts";

/** Milliseconds back that CONSUME_FROM_TIMESTAMP begins by default. Source: client/consumer/DefaultMQPushConsumer.java consumeTimestamp */
const TIMESTAMP_BACK_MS = 30 * 60_000;

/**
 * @param queue queue
 * @param from what the options say, and the wall clock
 * @param parts offsets and broker
 * @returns first offset to consume
 * @throws {ClientError} when it is not known now
 */
export async function computeStartOffset(
  queue: MessageQueue,
  from: { where: ConsumeFromWhere; timestampMs: number | undefined; nowMs: number },
  parts: { offsets: OffsetStore; access: Pick<BrokerAccess, "boundOffset" | "searchOffset"> },
): Promise<number> {
  const stored = await parts.offsets.readStored(queue);
  if (stored !== undefined && stored >= 0) return stored;
  const retry = queue.topic.startsWith(RETRY_PREFIX);
  switch (from.where) {
    case "CONSUME_FROM_FIRST_OFFSET":
      return 0;
    case "CONSUME_FROM_LAST_OFFSET":
      return retry ? 0 : await parts.access.boundOffset(queue, "max");
    case "CONSUME_FROM_TIMESTAMP":
      return retry
        ? await parts.access.boundOffset(queue, "max")
        : await parts.access.searchOffset(queue, from.timestampMs ?? from.nowMs - TIMESTAMP_BACK_MS);
  }
}
