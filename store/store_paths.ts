/**
 * Where the files of a store are.
 *
 * Owns: the names below the root directory.
 * Reads: nothing.
 * Never: makes anything.
 * Source: apache/rocketmq store/src/main/java/org/apache/rocketmq/store/config/StorePathConfigHelper.java
 */

/** Paths of a store. */
export interface StorePaths {
  /** The root directory. */
  readonly root: string;
  /** Directory of the commit log. */
  readonly commitLog: string;
  /** Directory of all consume queues. */
  readonly consumeQueue: string;
  /** Directory of the index files. */
  readonly index: string;
  /** Directory of the configuration files. */
  readonly config: string;
  /** The checkpoint. */
  readonly checkpoint: string;
  /** The mark of a store that is open. */
  readonly abort: string;
  /** What is on the device; ours, Apache does not know it. */
  readonly durablePosition: string;
  /** Which topics were deleted; ours, Apache does not know it. */
  readonly deletedTopics: string;
  /** Epochs of the log, of brokers of a failover set. Source: apache/rocketmq store/config/MessageStoreConfig.java getStorePathEpochFile */
  readonly epochs: string;
}

/**
 * Paths of a store.
 *
 * @param root the root directory
 * @param commitLog directory of the commit log when it is not below the root
 */
export function storePaths(root: string, commitLog = `${root}/commitlog`): StorePaths {
  return {
    root,
    commitLog,
    consumeQueue: `${root}/consumequeue`,
    index: `${root}/index`,
    config: `${root}/config`,
    checkpoint: `${root}/checkpoint`,
    abort: `${root}/abort`,
    durablePosition: `${root}/ringmq.durable`,
    deletedTopics: `${root}/ringmq.deleted`,
    epochs: `${root}/epochFileCheckpoint`,
  };
}
