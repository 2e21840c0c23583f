/**
 * What every actor of a broker is started with, and how it opens the store.
 *
 * Owns: the shape of the init payload and the store's paths and sizes as they follow from the configuration.
 * Reads: configuration values. Never: opens anything by itself.
 */
import type { Disk } from "../../store/file/disk.ts";
import { DenoDisk } from "../../store/file/deno_disk.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import { queueFileBytes } from "../../store/consume_queue.ts";
import type { IndexShape } from "../../store/index_file.ts";
import { type StorePaths, storePaths } from "../../store/store_paths.ts";
import type { BrokerValues } from "./broker_configuration.ts";
import type { BrokerMemoryBuffers } from "./broker_memory.ts";
import type { ReplicaRole } from "./failover/replica_role.ts";

/** Init payload of a broker's actor; plain data that crosses threads. */
export interface BrokerActorInit {
  /** Effective configuration. */
  readonly values: BrokerValues;
  /** Shared memory. */
  readonly memory: BrokerMemoryBuffers;
  /** Physical memory of the machine in bytes: what lies further behind the end counts as on disk. */
  readonly machineMemoryBytes: number;
  /** False when queues and indexes that recovery left are not all on the device. */
  readonly isDerivedSynced: boolean;
  /** Shared gauges, see store/gauges.ts. */
  readonly gauges: SharedArrayBuffer;
  /** Role in a failover set; undefined where roles are fixed. */
  readonly replicaRole: ReplicaRole | undefined;
}

/**
 * Whether the end of the log may be cut yet, because another broker becomes master that does not have it. Then only what the sync-state set has is dispatched.
 *
 * Source: apache/rocketmq store/CommitLog.java getConfirmOffset
 */
export function isTailOpen(init: Pick<BrokerActorInit, "values" | "replicaRole">): boolean {
  const { values, replicaRole } = init;
  return replicaRole !== undefined && (!replicaRole.isMaster || values.allAckInSyncStateSet);
}

/** Paths and sizes of a store. */
export interface StoreShape extends StorePaths {
  readonly commitLogFileBytes: number;
  readonly consumeQueueFileBytes: number;
  /** Slots and entries of an index file; undefined when records are not indexed. */
  readonly indexShape: IndexShape | undefined;
}

/** Paths and sizes that follow from the configuration. Source: apache/rocketmq store StorePathConfigHelper, MessageStoreConfig */
export function storeShape(values: BrokerValues): StoreShape {
  return {
    ...storePaths(values.storePathRootDir, values.storePathCommitLog),
    commitLogFileBytes: values.mappedFileSizeCommitLog,
    consumeQueueFileBytes: queueFileBytes(values.mappedFileSizeConsumeQueue),
    indexShape: values.messageIndexEnable ? { slots: values.maxHashSlotNum, entries: values.maxIndexNum } : undefined,
  };
}

/** A thread's own handles on the commit log and the queues. */
export interface StoreHandles {
  readonly shape: StoreShape;
  readonly handles: HandleCache;
  readonly commitLog: SegmentSet;
}

/**
 * Opens the store's files for one thread.
 *
 * @param mode whether this thread writes
 * @param handlesMax open files of this thread at most
 * @param disk of this thread; the one that is quick at transfers when left out
 */
export function openStore(
  values: BrokerValues,
  mode: "read" | "write",
  handlesMax: number,
  disk: Disk = new DenoDisk(),
): StoreHandles {
  const shape = storeShape(values);
  const handles = new HandleCache({ disk, mode, handlesMax });
  return {
    shape,
    handles,
    commitLog: SegmentSet.open({ directory: shape.commitLog, fileBytes: shape.commitLogFileBytes, handles }),
  };
}

/** Largest append in bytes: a body, its envelope, or a whole batch. Source: apache/rocketmq store MessageExtEncoder maxMessageSize + 64 KiB */
export function appendBytesMax(values: BrokerValues): number {
  return values.maxMessageSize + 64 * 1024;
}
