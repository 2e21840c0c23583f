/**
 * How what is appended comes to the file and to the device, as it follows from the configuration.
 *
 * Owns: RocketMQ's conditions. Reads: values. Never: a clock or a disk.
 */
import type { BrokerValues } from "./broker_configuration.ts";

/**
 * Whether messages are acknowledged when they are in memory, and CommitRealTimeService writes them later (transientStorePoolEnable). On a slave there is nothing to
 * acknowledge; with SYNC_FLUSH the acknowledgement waits for the device anyway, so the way there is not made longer.
 *
 * Source: apache/rocketmq store DefaultMessageStore.isTransientStorePoolEnable
 */
export function isWrittenLater(values: BrokerValues): boolean {
  const { transientStorePoolEnable, flushDiskType, brokerRole, enableControllerMode, writeWithoutMmap } = values;
  return transientStorePoolEnable && flushDiskType !== "SYNC_FLUSH" && !writeWithoutMmap &&
    (brokerRole !== "SLAVE" || enableControllerMode);
}

/**
 * Whether FlushCommitLogService is woken by each write: always when sends wait for the device. In ASYNC_FLUSH it sleeps its interval (flushCommitLogTimed), or can
 * be woken by writers (wakeFlushWhenPutMessage), or by CommitRealTimeService.
 *
 * Source: apache/rocketmq store CommitLog.DefaultFlushManager.handleDiskFlush, FlushRealTimeService.run, CommitRealTimeService.run
 */
export function wakesFlush(values: BrokerValues): boolean {
  if (values.flushDiskType === "SYNC_FLUSH") return true;
  return !values.flushCommitLogTimed && (values.wakeFlushWhenPutMessage || isWrittenLater(values));
}

/** Bytes that may be in memory and not in the file: the buffers of RocketMQ's pool, each as large as a commit-log file, and not more than the ring. */
export function unwrittenBytesMax(values: BrokerValues, ringBytes: number): number {
  if (!isWrittenLater(values)) return ringBytes;
  return Math.min(ringBytes, values.transientStorePoolSize * values.mappedFileSizeCommitLog);
}
