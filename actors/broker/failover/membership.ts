/**
 * A broker's membership in its set: the id that it is given once, its addresses, its entry as one that runs.
 *
 * Owns: what this broker writes of itself. Reads: the set. Never: becomes master.
 *
 * Source: apache/rocketmq broker controller/ReplicasManager.java register
 */
import type { AliveEntry, ReplicaMember, ReplicaSetRecord, ReplicaSetView } from "../../net/etcd/replica_set.ts";
import { encodeAlive, encodeRecord, memberOf } from "../../net/etcd/replica_set.ts";
import type { Etcd } from "../../net/etcd/etcd.ts";
import type { BrokerIdentityFiles } from "./broker_identity.ts";

/** Members of one set at most, those that went included. A word of ours. */
export const MEMBERS_MAX = 16;

/** This store cannot belong to the set. */
export class MembershipError extends Error {
  override readonly name = "MembershipError";
  /** Stable code. */
  readonly code = "NO_MEMBER";
}

/** What a membership works with. */
export interface MembershipParts {
  readonly etcd: Etcd;
  readonly files: BrokerIdentityFiles;
  readonly cluster: string;
  readonly brokerName: string;
  readonly address: string;
  readonly haAddress: string;
  /** Whether a set that etcd has forgotten may begin anew from this store. */
  readonly mayBeginAnew: boolean;
  /** Epoch of the last part of the log. */
  readonly logEpoch: () => number;
  /** A new word by which this broker knows its entry again. */
  readonly newCheckCode: () => string;
}

/** What a member says of its log. */
export type LogReport = Pick<AliveEntry, "logEnd" | "logEpoch" | "seenEpoch">;

/** The membership of one broker. */
export class Membership {
  readonly #parts: MembershipParts;
  #brokerId: number | undefined;
  #alive: string | undefined;

  /** @param parts etcd, files, names. @throws {StoreError} when the files are damaged; @throws {MembershipError} when they are of another set */
  constructor(parts: MembershipParts) {
    this.#parts = parts;
    const { files, cluster, brokerName } = parts;
    const identity = files.read();
    if (identity === undefined) return;
    if (identity.cluster !== cluster || identity.brokerName !== brokerName) {
      throw new MembershipError(
        `Cannot join the set of "${brokerName}" in "${cluster}": the store is broker ${identity.brokerId} of "${identity.brokerName}" in "${identity.cluster}"`,
      );
    }
    this.#brokerId = identity.brokerId;
  }

  /** Id in the set; undefined before it is given. */
  get brokerId(): number | undefined {
    return this.#brokerId;
  }

  /**
   * Makes the record name this broker with its addresses as they are.
   *
   * @returns whether it does; when not, the set has to be read again
   * @throws {MembershipError} when the store cannot belong to the set
   * @throws {EtcdError}
   */
  async join(view: ReplicaSetView): Promise<boolean> {
    const { record } = view;
    const { address, haAddress } = this.#parts;
    if (this.#brokerId === undefined) return await this.#apply(view);
    const own = memberOf(record, this.#brokerId);
    if (own !== undefined && own.address === address && own.haAddress === haAddress) return true;
    if (record === undefined && !this.#parts.mayBeginAnew) {
      throw new MembershipError(
        `etcd does not know the set that this store, broker ${this.#brokerId}, belongs to: restore etcd's data, or start the broker whose store is best with enableElectUncleanMaster=true`,
      );
    }
    const member = { brokerId: this.#brokerId, address, haAddress, checkCode: own?.checkCode ?? "" };
    await this.#write(view, withMember(record ?? this.#begin(), member));
    return false;
  }

  /**
   * Makes the entry of a running member say this of its log.
   *
   * @param lease that the entry lives by
   * @throws {EtcdError}
   */
  async report(view: ReplicaSetView, lease: string, log: LogReport): Promise<void> {
    const brokerId = this.#brokerId!;
    const value = encodeAlive({ brokerId, ...log });
    const seen = view.alive.get(brokerId);
    const written = `${lease} ${value}`;
    if (seen?.lease === lease && this.#alive === written) return;
    await this.#parts.etcd.commit([], [{ put: view.keys.alive(brokerId), value, lease }]);
    this.#alive = written;
  }

  /** Applies for an id: notes what it is about to write, writes it, and notes that it did. */
  async #apply(view: ReplicaSetView): Promise<boolean> {
    const { files, cluster, brokerName, address, haAddress, newCheckCode } = this.#parts;
    const applied = files.readApplied();
    const granted = applied === undefined ? undefined : memberOf(view.record, applied.brokerId);
    if (applied !== undefined && granted?.checkCode === applied.checkCode) {
      files.write({ cluster, brokerName, brokerId: applied.brokerId });
      this.#brokerId = applied.brokerId;
      return false;
    }
    const record = view.record ?? this.#begin();
    const brokerId = record.lastBrokerId + 1;
    if (record.members.length >= MEMBERS_MAX) {
      throw new MembershipError(`The set of "${brokerName}" has ${MEMBERS_MAX} members already`);
    }
    const checkCode = newCheckCode();
    files.writeApplied({ cluster, brokerName, brokerId, checkCode });
    await this.#write(view, withMember(record, { brokerId, address, haAddress, checkCode }));
    return false;
  }

  async #write(view: ReplicaSetView, record: ReplicaSetRecord): Promise<void> {
    const condition = { key: view.keys.set, modRevision: view.recordRevision };
    await this.#parts.etcd.commit([condition], [{ put: view.keys.set, value: encodeRecord(record) }]);
  }

  /** A set that nobody has begun, or that etcd has forgotten: its epochs go on behind those of this log. */
  #begin(): ReplicaSetRecord {
    const masterEpoch = this.#brokerId === undefined ? 0 : this.#parts.logEpoch();
    const { brokerId } = this;
    return {
      masterEpoch,
      masterBrokerId: 0,
      syncStateSet: masterEpoch === 0 || brokerId === undefined ? [] : [brokerId],
      syncStateSetEpoch: 0,
      members: [],
      lastBrokerId: 0,
    };
  }
}

function withMember(record: ReplicaSetRecord, member: ReplicaMember): ReplicaSetRecord {
  const others = record.members.filter(({ brokerId }) => brokerId !== member.brokerId);
  const members = [...others, member].sort((left, right) => left.brokerId - right.brokerId);
  return { ...record, members, lastBrokerId: Math.max(record.lastBrokerId, member.brokerId) };
}
