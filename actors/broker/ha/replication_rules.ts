/**
 * What an acknowledgement of a SYNC_MASTER waits for, as the configuration says.
 *
 * Owns: the meaning of the keys. Reads: configuration values and the replication table. Never: waits.
 *
 * Source: apache/rocketmq store/CommitLog.java asyncPutMessage, calcNeedAckNums, handleHA; for 4.9 store/CommitLog.java submitReplicaRequest of release 4.9
 */
import type { ReplicationTable } from "../../../store/memory/replication_table.ts";
import type { BrokerValues } from "../broker_configuration.ts";

/** Keys that matter here. */
export type ReplicationValues = Pick<
  BrokerValues,
  | "brokerRole"
  | "inSyncReplicas"
  | "minInSyncReplicas"
  | "enableAutoInSyncReplicas"
  | "enableSlaveActingMaster"
  | "haMaxGapNotInSync"
  | "syncMasterVersion"
  | "allAckInSyncStateSet"
>;

/** Value of `syncMasterVersion` with which SYNC_MASTER means what it meant before 5.0. */
export const SYNC_MASTER_4 = "4.9";

/** Whether this broker follows another one. */
export function isSlave(values: Pick<BrokerValues, "brokerRole">): boolean {
  return values.brokerRole === "SLAVE";
}

/** What the acknowledgements of one broker wait for. */
export class ReplicationRules {
  readonly #values: ReplicationValues;
  readonly #isFailover: boolean;

  /** @param values of the broker; @param isFailover whether it has a role in a failover set */
  constructor(values: ReplicationValues, isFailover = false) {
    this.#values = values;
    this.#isFailover = isFailover;
  }

  /** Whether a message is acknowledged when the whole sync-state set has it. Source: apache/rocketmq store/ha/GroupTransferService.java doWaitTransfer */
  get awaitsSet(): boolean {
    return this.#isFailover && this.#values.brokerRole === "SYNC_MASTER" && this.#values.allAckInSyncStateSet;
  }

  /** Members that the sync-state set must have for a message to be taken that wants to be waited for; 0 without a set. Source: apache/rocketmq store/CommitLog.java asyncPutMessage */
  get membersMin(): number {
    return this.#isFailover && this.#values.brokerRole === "SYNC_MASTER" ? this.#values.minInSyncReplicas : 0;
  }

  /** Whether acknowledgements wait for slaves at all. */
  get waits(): boolean {
    return this.#values.brokerRole === "SYNC_MASTER" && (this.awaitsSet || this.required(Infinity) > 1);
  }

  /** Whether the number of replicas that are in step decides if a send is taken. */
  get isCounted(): boolean {
    return this.#values.brokerRole === "SYNC_MASTER" && !this.#isOld && !this.#isFailover &&
      this.#values.enableSlaveActingMaster;
  }

  /** Whether a message is answered with SLAVE_NOT_AVAILABLE at once while no slave is near enough. */
  get answersAtOnce(): boolean {
    return this.#values.brokerRole === "SYNC_MASTER" && this.#isOld;
  }

  /**
   * Replicas that must have a message, the master included.
   *
   * @param inSync replicas that are in step, the master included
   */
  required(inSync: number): number {
    if (this.#isOld) return 2;
    const { inSyncReplicas, minInSyncReplicas, enableAutoInSyncReplicas } = this.#values;
    if (!this.isCounted || !enableAutoInSyncReplicas) return inSyncReplicas;
    return Math.max(Math.min(inSyncReplicas, inSync), minInSyncReplicas);
  }

  /** Replicas that are less than the allowed gap behind a position, the master included. */
  inSync(table: ReplicationTable, position: number): number {
    return 1 + table.inSync(position, this.#values.haMaxGapNotInSync);
  }

  /** Whether too few replicas are in step to take a message that wants to be waited for. */
  isShort(table: ReplicationTable, position: number): boolean {
    if (!this.isCounted) return false;
    const inSync = this.inSync(table, position);
    return this.required(inSync) > inSync;
  }

  get #isOld(): boolean {
    return !this.#isFailover && this.#values.syncMasterVersion === SYNC_MASTER_4;
  }
}

/** What an acknowledgement of this broker says of slaves, in words; undefined for roles that promise nothing. */
export function describeReplication(values: ReplicationValues): string | undefined {
  const { brokerRole } = values;
  if (brokerRole === "SLAVE") return "Role SLAVE: follows its master, takes no sends";
  if (brokerRole !== "SYNC_MASTER") return undefined;
  const rules = new ReplicationRules(values);
  if (!rules.waits) {
    return `Role SYNC_MASTER: with inSyncReplicas=${values.inSyncReplicas} an acknowledgement waits for no slave, as in RocketMQ 5`;
  }
  return `Role SYNC_MASTER: an acknowledged message is at ${rules.required(Infinity) - 1} slave(s) too`;
}
