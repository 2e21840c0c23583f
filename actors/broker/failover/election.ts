/**
 * Who should be master: what one member makes of a set as etcd shows it.
 *
 * Owns: the rules. Reads: a view of the set. Never: changes anything, waits, or knows etcd.
 *
 * Only who has everything that was acknowledged may become master: the members of the sync-state set; with `enableElectUncleanMaster` anyone, when none of those runs. Where an acknowledgement waits for the whole
 * set (`allAckInSyncStateSet`) all of them are equal and the first one takes it. Else the one with the longest log does: members say how far theirs goes once they see that nobody is master, and wait a short while for each other.
 *
 * Source: apache/rocketmq controller impl/manager/ReplicasInfoManager.java electMaster, controller elect/impl/DefaultElectPolicy.java
 */
import type { AliveEntry, ReplicaSetRecord, ReplicaSetView } from "../../net/etcd/replica_set.ts";

/** How long members wait for what others say of their logs. Milliseconds. */
export const REPORT_GRACE_MS = 400;

/** How long the others wait for the one with the longest log, or the one that is asked for, once they know who it is. Milliseconds. */
export const PRECEDENCE_MS = 1000;

/** What the rules depend on. */
export interface ElectionRules {
  readonly allAckInSyncStateSet: boolean;
  readonly enableElectUncleanMaster: boolean;
}

/** What a member knows of itself. */
export interface ElectionSelf {
  readonly brokerId: number;
  /** Lease that its own entries live by now; undefined when it has none. */
  readonly lease: string | undefined;
  /** How long it has seen that nobody is master. Milliseconds. */
  readonly vacantMs: number;
}

/** What a member does next. */
export type ElectionStep =
  /** It is the master. */
  | { readonly kind: "lead" }
  /** Another one is. */
  | { readonly kind: "follow"; readonly brokerId: number }
  /** It says how far its log goes. */
  | { readonly kind: "report" }
  /** It tries to become master. */
  | { readonly kind: "elect" }
  /** It waits. */
  | { readonly kind: "wait"; readonly why: string };

/** Decides. @param view of a set that this member belongs to */
export function nextStep(view: ReplicaSetView, self: ElectionSelf, rules: ElectionRules): ElectionStep {
  const { record, master } = view;
  if (record === undefined || self.lease === undefined) return { kind: "wait", why: "no lease of etcd yet" };
  if (master !== undefined) {
    if (master.brokerId !== self.brokerId) return { kind: "follow", brokerId: master.brokerId };
    if (master.lease === self.lease) return { kind: "lead" };
    return { kind: "wait", why: "the lease of this broker's last mastership has to end" };
  }
  const candidates = candidatesOf(view, record, rules);
  if (!candidates.some(({ brokerId }) => brokerId === self.brokerId)) {
    return { kind: "wait", why: `nobody of syncStateSet [${record.syncStateSet}] is there` };
  }
  const { wish } = view;
  if (wish === self.brokerId) return { kind: "elect" };
  if (wish !== undefined && candidates.some(({ brokerId }) => brokerId === wish) && self.vacantMs < PRECEDENCE_MS) {
    return { kind: "wait", why: `broker ${wish} is asked for` };
  }
  if (rules.allAckInSyncStateSet || candidates.length === 1) return { kind: "elect" };
  return longestFirst(candidates, record, self);
}

/** Members that run and may become master. */
export function candidatesOf(
  view: Pick<ReplicaSetView, "alive">,
  record: ReplicaSetRecord,
  rules: Pick<ElectionRules, "enableElectUncleanMaster">,
): AliveEntry[] {
  const alive = [...view.alive.values()].filter(({ brokerId }) =>
    record.members.some((member) => member.brokerId === brokerId)
  );
  // Before the first master nothing was acknowledged.
  if (record.masterEpoch === 0) return alive;
  const inSync = alive.filter(({ brokerId }) => record.syncStateSet.includes(brokerId));
  return inSync.length > 0 || !rules.enableElectUncleanMaster ? inSync : alive;
}

function longestFirst(candidates: readonly AliveEntry[], record: ReplicaSetRecord, self: ElectionSelf): ElectionStep {
  const isReport = (entry: AliveEntry): boolean => entry.seenEpoch === record.masterEpoch;
  const own = candidates.find(({ brokerId }) => brokerId === self.brokerId);
  if (own === undefined || !isReport(own)) return { kind: "report" };
  const reports = candidates.filter(isReport);
  if (reports.length < candidates.length && self.vacantMs < REPORT_GRACE_MS) {
    return { kind: "wait", why: "other members have not said yet how far their logs go" };
  }
  const best = reports.reduce((left, right) => isBefore(right, left) ? right : left);
  if (best.brokerId === self.brokerId || self.vacantMs >= REPORT_GRACE_MS + PRECEDENCE_MS) return { kind: "elect" };
  return { kind: "wait", why: `the log of broker ${best.brokerId} is longer` };
}

/** Order of candidates: the later epoch, then the longer log, then the smaller id. Source: apache/rocketmq controller elect/impl/DefaultElectPolicy.java comparator */
function isBefore(left: AliveEntry, right: AliveEntry): boolean {
  if (left.logEpoch !== right.logEpoch) return left.logEpoch > right.logEpoch;
  if (left.logEnd !== right.logEnd) return left.logEnd > right.logEnd;
  return left.brokerId < right.brokerId;
}

/** The record after a broker became master: the next epoch, and alone in the sync-state set. Source: apache/rocketmq controller impl/manager/ReplicasInfoManager.java applyElectMasterEvent */
export function electedRecord(record: ReplicaSetRecord, brokerId: number): ReplicaSetRecord {
  return {
    ...record,
    masterEpoch: record.masterEpoch + 1,
    masterBrokerId: brokerId,
    syncStateSet: [brokerId],
    syncStateSetEpoch: record.syncStateSetEpoch + 1,
  };
}
