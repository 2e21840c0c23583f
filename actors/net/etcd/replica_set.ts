/**
 * What etcd keeps of a broker set: who belongs to it, who is its master, who has everything that was acknowledged.
 *
 * ```
 *   /ringmq/<cluster>/<brokerName>/set         the record; lives on; every change is a transaction on its revision
 *   /ringmq/<cluster>/<brokerName>/master      the master; lives by its lease
 *   /ringmq/<cluster>/<brokerName>/alive/<id>  each member that runs; lives by that member's lease
 *   /ringmq/<cluster>/<brokerName>/wish        who is asked for as the next master; lives by a short lease
 * ```
 *
 * Owns: the keys and the forms of the values. Reads: what {@link Etcd} lists. Never: decides anything.
 *
 * @module
 */
import { type Etcd, type EtcdEntry, EtcdError } from "./etcd.ts";

/** A member. */
export interface ReplicaMember {
  /** Its id in the set, from 1; given once. */
  readonly brokerId: number;
  /** `host:port` that clients are told. */
  readonly address: string;
  /** `host:port` of its HA port. */
  readonly haAddress: string;
  /** Word by which a member whose start was cut short knows its own entry again. */
  readonly checkCode: string;
}

/** The record of a set. */
export interface ReplicaSetRecord {
  /** Number of the last mastership; 0 before the first. */
  readonly masterEpoch: number;
  /** Master of that epoch; 0 before the first. Whether it still is says the master's key. */
  readonly masterBrokerId: number;
  readonly syncStateSet: readonly number[];
  readonly syncStateSetEpoch: number;
  readonly members: readonly ReplicaMember[];
  /** Largest id that was ever given. */
  readonly lastBrokerId: number;
}

/** The master's entry. */
export interface MasterEntry {
  readonly brokerId: number;
  readonly masterEpoch: number;
  /** Lease that it lives by. */
  readonly lease: string;
  /** Revision at which it was written: no other mastership has it. */
  readonly revision: number;
}

/** The entry of a member that runs. */
export interface AliveEntry {
  readonly brokerId: number;
  /** Lease that it lives by. */
  readonly lease: string;
  /** End of its log when the mastership of {@link AliveEntry.seenEpoch} was seen to be vacant. */
  readonly logEnd: number;
  /** Epoch of the last part of its log. */
  readonly logEpoch: number;
  /** Mastership whose end it has seen; −1 when it has seen none. */
  readonly seenEpoch: number;
}

/** A set as it stands. */
export interface ReplicaSetView {
  /** Where it is kept. */
  readonly keys: ReplicaSetKeys;
  /** Its record; undefined before the first member. */
  readonly record: ReplicaSetRecord | undefined;
  /** Revision of the record; 0 when there is none. */
  readonly recordRevision: number;
  readonly master: MasterEntry | undefined;
  readonly alive: ReadonlyMap<number, AliveEntry>;
  /** Who is asked for as the next master. */
  readonly wish: number | undefined;
}

/** The keys of one set. */
export class ReplicaSetKeys {
  /** What all its keys begin with. */
  readonly prefix: string;

  /** @param cluster and @param brokerName of the set */
  constructor(readonly cluster: string, readonly brokerName: string) {
    this.prefix = `${ROOT}${encodeURIComponent(cluster)}/${encodeURIComponent(brokerName)}/`;
  }

  /** The record. */
  get set(): string {
    return `${this.prefix}set`;
  }

  /** The master. */
  get master(): string {
    return `${this.prefix}master`;
  }

  /** Who is asked for. */
  get wish(): string {
    return `${this.prefix}wish`;
  }

  /** A member that runs. */
  alive(brokerId: number): string {
    return `${this.prefix}alive/${brokerId}`;
  }
}

const ROOT = "/ringmq/";

/** Reads one set. @throws {EtcdError} `ETCD_MALFORMED` when its keys hold what is no value of theirs */
export async function readReplicaSet(etcd: Etcd, keys: ReplicaSetKeys): Promise<ReplicaSetView> {
  return viewOf(keys, await etcd.list(keys.prefix));
}

/** Reads the sets of some names, whatever their clusters. What is kept of others is not looked at, and may be anything. @throws {EtcdError} */
export async function readReplicaSetsOf(etcd: Etcd, brokerNames: readonly string[]): Promise<ReplicaSetView[]> {
  const wanted = new Set(brokerNames.map(encodeURIComponent));
  const groups = new Map<string, EtcdEntry[]>();
  for (const entry of await etcd.list(ROOT)) {
    const [cluster, brokerName, ...rest] = entry.key.slice(ROOT.length).split("/");
    if (cluster === undefined || brokerName === undefined || rest.length === 0 || !wanted.has(brokerName)) continue;
    const name = `${cluster}/${brokerName}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [entry]);
    else group.push(entry);
  }
  return [...groups].map(([name, entries]) => {
    const [cluster, brokerName] = name.split("/").map(decodeURIComponent);
    return viewOf(new ReplicaSetKeys(cluster!, brokerName!), entries);
  });
}

/** The record as a value. */
export function encodeRecord(record: ReplicaSetRecord): string {
  return JSON.stringify(record);
}

/** A master's entry as a value. */
export function encodeMaster({ brokerId, masterEpoch }: Pick<MasterEntry, "brokerId" | "masterEpoch">): string {
  return JSON.stringify({ brokerId, masterEpoch });
}

/** The entry of a member that runs, as a value. */
export function encodeAlive({ brokerId, logEnd, logEpoch, seenEpoch }: Omit<AliveEntry, "lease">): string {
  return JSON.stringify({ brokerId, logEnd, logEpoch, seenEpoch });
}

/** A member of a record. */
export function memberOf(record: ReplicaSetRecord | undefined, brokerId: number): ReplicaMember | undefined {
  return record?.members.find((member) => member.brokerId === brokerId);
}

function viewOf(keys: ReplicaSetKeys, entries: readonly EtcdEntry[]): ReplicaSetView {
  const at = (key: string): EtcdEntry | undefined => entries.find((entry) => entry.key === key);
  const [set, master, wish] = [at(keys.set), at(keys.master), at(keys.wish)];
  const alive = entries.filter(({ key }) => key.startsWith(keys.alive(0).slice(0, -1))).map(aliveOf);
  return {
    keys,
    record: set === undefined ? undefined : recordOf(set),
    recordRevision: set?.modRevision ?? 0,
    master: master === undefined ? undefined : masterOf(master),
    alive: new Map(alive.map((entry) => [entry.brokerId, entry])),
    wish: wish === undefined ? undefined : wholeNumber(wish, fieldsOf(wish), "brokerId"),
  };
}

function recordOf(entry: EtcdEntry): ReplicaSetRecord {
  const fields = fieldsOf(entry);
  const whole = (name: string): number => wholeNumber(entry, fields, name);
  const syncStateSet = listOf(entry, fields, "syncStateSet");
  if (!syncStateSet.every((id) => Number.isSafeInteger(id))) throw malformed(entry, "syncStateSet");
  return {
    masterEpoch: whole("masterEpoch"),
    masterBrokerId: whole("masterBrokerId"),
    syncStateSet: syncStateSet as number[],
    syncStateSetEpoch: whole("syncStateSetEpoch"),
    members: listOf(entry, fields, "members").map((each) => {
      const member = each as Record<string, unknown>;
      const { address, haAddress, checkCode } = member;
      if (typeof address !== "string" || typeof haAddress !== "string" || typeof checkCode !== "string") {
        throw malformed(entry, "members");
      }
      return { brokerId: wholeNumber(entry, member, "brokerId"), address, haAddress, checkCode };
    }),
    lastBrokerId: whole("lastBrokerId"),
  };
}

function masterOf(entry: EtcdEntry): MasterEntry {
  const fields = fieldsOf(entry);
  return {
    brokerId: wholeNumber(entry, fields, "brokerId"),
    masterEpoch: wholeNumber(entry, fields, "masterEpoch"),
    lease: entry.lease,
    revision: entry.modRevision,
  };
}

function aliveOf(entry: EtcdEntry): AliveEntry {
  const fields = fieldsOf(entry);
  const whole = (name: string): number => wholeNumber(entry, fields, name);
  return {
    brokerId: whole("brokerId"),
    logEnd: whole("logEnd"),
    logEpoch: whole("logEpoch"),
    seenEpoch: whole("seenEpoch"),
    lease: entry.lease,
  };
}

function fieldsOf(entry: EtcdEntry): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(entry.value);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new EtcdError("ETCD_MALFORMED", `Cannot read "${entry.key}" of etcd: "${entry.value}"`, { cause: error });
  }
  throw new EtcdError("ETCD_MALFORMED", `Cannot read "${entry.key}" of etcd: "${entry.value}"`);
}

function wholeNumber(entry: EtcdEntry, fields: Record<string, unknown>, name: string): number {
  const value = fields[name];
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw malformed(entry, name);
}

function listOf(entry: EtcdEntry, fields: Record<string, unknown>, name: string): unknown[] {
  const value = fields[name];
  if (Array.isArray(value)) return value;
  throw malformed(entry, name);
}

function malformed(entry: EtcdEntry, name: string): EtcdError {
  return new EtcdError("ETCD_MALFORMED", `Cannot read "${name}" in "${entry.key}" of etcd: "${entry.value}"`);
}
