/**
 * The role of a broker in a failover set: master or follower, for one life of its actors.
 *
 * Owns: the shape of the role and what must hold of it. Reads: nothing. Never: decides who is master; the agreement does, and starts the actors anew when the answer changes.
 *
 * A master's life begins with a new epoch and, as Apache's controller does it, with itself alone in the sync-state set: whatever is in its log then is the log. Others join the set once they have all of it.
 */

import type { BrokerValues } from "../broker_configuration.ts";
import { SYNC_STATE_MEMBERS_MAX } from "../../../store/memory/sync_state.ts";

/** Another broker of the set. */
export interface ReplicaPeer {
  /** Its id in the set. */
  readonly brokerId: number;
  /** `host:port` that clients are told. */
  readonly address: string;
  /** `host:port` of its HA port. */
  readonly haAddress: string;
}

/** What a broker of a failover set is, as long as its actors live; plain data that crosses threads. */
export interface ReplicaRole {
  /** Id in the set, from 1; not the `brokerId` that clients see, which is 0 for the master. */
  readonly brokerId: number;
  /** Number of the mastership: rises with each election. */
  readonly masterEpoch: number;
  /** Whether this broker is the master of that epoch. */
  readonly isMaster: boolean;
  /** Whom a follower follows; undefined for the master, and while nobody is master. */
  readonly master?: ReplicaPeer | undefined;
  /** Ids of those that have everything that was acknowledged. */
  readonly syncStateSet: readonly number[];
  /** Number of the set: rises with each change. */
  readonly syncStateSetEpoch: number;
  /** The lease, as gateways read it before they acknowledge; undefined where no lease is kept. */
  readonly lease?: SharedArrayBuffer | undefined;
}

/**
 * Asserts what must hold of a role.
 *
 * @throws {RangeError} that names what is wrong
 */
export function checkReplicaRole(role: ReplicaRole): void {
  const { brokerId, masterEpoch, isMaster, master, syncStateSet } = role;
  const problem = !isId(brokerId)
    ? `brokerId is ${brokerId}`
    : !Number.isInteger(masterEpoch) || masterEpoch < 0 || masterEpoch > 0x7fffffff
    ? `masterEpoch is ${masterEpoch}`
    : syncStateSet.length > SYNC_STATE_MEMBERS_MAX || !syncStateSet.every(isId)
    ? `syncStateSet is [${syncStateSet}]`
    : isMaster && master !== undefined
    ? "a master follows nobody"
    : isMaster && (syncStateSet.length !== 1 || syncStateSet[0] !== brokerId)
    ? `master ${brokerId} begins with syncStateSet [${syncStateSet}] and not with itself alone`
    : master?.brokerId === brokerId
    ? "it would follow itself"
    : undefined;
  if (problem !== undefined) throw new RangeError(`Cannot take the role of a replica: ${problem}`);
}

/**
 * The configuration with what follows from a role: a master waits for the others if it is told so, and clients know it as broker 0.
 *
 * Source: apache/rocketmq broker/controller/ReplicasManager.java changeToMaster, changeToSlave
 */
export function withReplicaRole(values: BrokerValues, role: ReplicaRole): BrokerValues {
  const { isMaster, brokerId, master } = role;
  return {
    ...values,
    brokerRole: isMaster ? "SYNC_MASTER" : "SLAVE",
    brokerId: isMaster ? 0 : brokerId,
    haMasterAddress: master?.haAddress ?? "",
  };
}

function isId(brokerId: number): boolean {
  return Number.isInteger(brokerId) && brokerId >= 1 && brokerId <= 0x7fffffff;
}

/** A set that a master wants instead of the one that is. */
export interface SyncStateWish {
  readonly syncStateSet: readonly number[];
  /** Number of the set that it is to come after. What acknowledgements wait for was made ready from that one: once the set is another one, the wish is void. */
  readonly after: number;
}

/** What the replication half of a failover broker tells the half that agrees with others; called on the main thread. */
export interface FailoverListener {
  /**
   * The sync-state set should become another one. A member that is new in it is waited for by acknowledgements already, and has everything that was acknowledged before; one that is
   * to go is waited for until {@link FailoverControl.setSyncStateSet} says that it went. Not called again before that, or before some seconds have passed. It holds only as long as the set is the one that it
   * is to come after.
   */
  readonly onSyncStateSetWanted?: (wish: SyncStateWish) => void;
  /**
   * This follower's log has to be cut at a position before it can follow its master: stop the broker and start it with the same role and `truncateTo`. Until then it does not follow. Called once at most in the life of
   * the actors; the position is for the next start and for no later one.
   */
  readonly onTruncationWanted?: (position: number) => void;
}

/** What the half that agrees with others tells the replication half. */
export interface FailoverControl {
  /**
   * What the sync-state set is now: acknowledgements wait for its members and for nobody else. Call it only when no write of another set can still come to pass; after a write whose outcome is
   * not known, not at all until it is known. A set with an older number is passed over.
   */
  setSyncStateSet(syncStateSet: readonly number[], syncStateSetEpoch: number): void;
}
