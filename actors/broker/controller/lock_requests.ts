/**
 * Queue locks of orderly consumers.
 *
 * Owns: the answers to 41 and 42.
 * Reads: the lock table.
 * Never: asks replicas: a lock holds on this broker (`lockInStrictMode` is off in RocketMQ too).
 *
 * Source: apache/rocketmq broker AdminBrokerProcessor.lockBatchMQ, unlockBatchMQ
 */
import { decodeLockBatchRequest, encodeLockBatchResponse } from "../../../protocol/bodies/queue_lock.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { accept, type HandlerTable, type Room } from "./request_desk.ts";

/** Handlers of this family. */
export function lockRequests({ state }: Room): HandlerTable {
  return {
    [RequestCode.LOCK_BATCH_MQ]: (call) => {
      const { consumerGroup, mqSet, clientId } = decodeLockBatchRequest(call.command.body);
      const lockOKMQSet = state.locks.lock(consumerGroup, mqSet, clientId, state.nowMs());
      return accept(call, {}, encodeLockBatchResponse({ lockOKMQSet }));
    },

    [RequestCode.UNLOCK_BATCH_MQ]: (call) => {
      const { consumerGroup, mqSet, clientId } = decodeLockBatchRequest(call.command.body);
      state.locks.unlock(consumerGroup, mqSet, clientId);
      return accept(call);
    },
  };
}
