/**
 * The state of a consumer as `mqadmin consumerStatus` reads it.
 * Source: apache/rocketmq remoting/protocol/body/ConsumerRunningInfo.java, ProcessQueueInfo.java
 */

import type { FastInput } from "../../protocol/fast_json.ts";
import { FastDouble } from "../../protocol/fast_value.ts";
import { queueTable, subscriptionBody } from "./bodies.ts";
import type { ConsumeStatus } from "./consume_stats.ts";
import type { MessageQueue } from "./message_queue.ts";
import type { ProcessQueue } from "./process_queue.ts";
import type { Subscription } from "./subscription.ts";

/** What the answer is made of. */
export interface RunningState {
  readonly nameServers: readonly string[];
  readonly consumeType: "CONSUME_PASSIVELY" | "CONSUME_ACTIVELY";
  readonly orderly: boolean;
  readonly threads: number;
  readonly startMs: number;
  readonly subscriptions: readonly Subscription[];
  readonly queues: readonly { queue: MessageQueue; process: ProcessQueue; commitOffset: number }[];
  readonly statuses: ReadonlyMap<string, ConsumeStatus>;
}

/** Version name this client reports. Source: common/MQVersion.java V5_4_0 */
const CLIENT_VERSION = "V5_4_0";

/**
 * @param state the consumer's state
 * @returns the body's fields
 */
export function runningInfoBody(state: RunningState): Readonly<Record<string, FastInput>> {
  return {
    mqPopTable: {},
    mqTable: queueTable(
      state.queues.map(({ queue, process, commitOffset }) => [queue, processQueueInfo(process, commitOffset)]),
    ),
    properties: {
      PROP_CLIENT_VERSION: CLIENT_VERSION,
      PROP_CONSUMEORDERLY: String(state.orderly),
      PROP_CONSUMER_START_TIMESTAMP: String(state.startMs),
      PROP_CONSUME_TYPE: state.consumeType,
      PROP_NAMESERVER_ADDR: state.nameServers.join(";"),
      PROP_THREADPOOL_CORE_SIZE: String(state.threads),
    },
    statusTable: new Map([...state.statuses].map(([topic, status]) => [topic, statusBody(status)])),
    subscriptionSet: state.subscriptions.map(subscriptionBody),
    userConsumerInfo: {},
  };
}

function processQueueInfo(process: ProcessQueue, commitOffset: number): FastInput {
  const taken = process.takenSpan;
  return {
    cachedMsgCount: process.count,
    cachedMsgMaxOffset: process.count === 0 ? 0 : process.maxOffset,
    cachedMsgMinOffset: Math.max(0, process.minOffset),
    cachedMsgSizeInMiB: Math.floor(process.bytes / (1024 * 1024)),
    commitOffset,
    droped: process.dropped,
    lastConsumeTimestamp: process.lastConsumeMs,
    lastLockTimestamp: process.lastLockMs,
    lastPullTimestamp: process.lastPullMs,
    locked: process.locked,
    transactionMsgCount: process.takenCount,
    transactionMsgMaxOffset: Math.max(0, taken.max),
    transactionMsgMinOffset: Math.max(0, taken.min),
    tryUnlockTimes: process.tryUnlockTimes,
  };
}

function statusBody(status: ConsumeStatus): FastInput {
  return {
    consumeFailedMsgs: status.consumeFailedMsgs,
    consumeFailedTPS: new FastDouble(status.consumeFailedTPS),
    consumeOKTPS: new FastDouble(status.consumeOKTPS),
    consumeRT: new FastDouble(status.consumeRT),
    pullRT: new FastDouble(status.pullRT),
    pullTPS: new FastDouble(status.pullTPS),
  };
}
