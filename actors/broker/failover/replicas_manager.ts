/**
 * ReplicasManager: agrees through etcd who is master of a broker set, and tells its broker what to be.
 *
 * Owns: this broker's lease, its mastership, what it writes of itself into the set. Reads: the set, a few times a second. Never: touches the log or the connections; the broker's actors are started anew for each role.
 *
 * A mastership is a key that lives by this broker's lease. It is over as soon as the lease is over by the count of this process, which is before etcd lets go of the key; from then on the gateways acknowledge nothing,
 * whether or not this actor had a turn to say so. It is never taken up again: the next one is another, with the next epoch.
 *
 * Source: apache/rocketmq broker controller/ReplicasManager.java
 */
import type { Clock, Timer } from "../../../store/clock.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import { createLeaseRegion, KeptLease } from "../../../store/memory/lease_region.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import { StoreError } from "../../../store/errors.ts";
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import type { Etcd } from "../../net/etcd/etcd.ts";
import { endpointsOf, EtcdClient } from "../../net/etcd/etcd_client.ts";
import {
  encodeMaster,
  encodeRecord,
  type MasterEntry,
  memberOf,
  readReplicaSet,
  ReplicaSetKeys,
  type ReplicaSetRecord,
  type ReplicaSetView,
} from "../../net/etcd/replica_set.ts";
import { BrokerIdentityFiles } from "./broker_identity.ts";
import { electedRecord, type ElectionStep, nextStep } from "./election.ts";
import { LeaseKeeper } from "./lease_keeper.ts";
import { Membership, MembershipError } from "./membership.ts";
import type { ReplicaPeer, ReplicaRole, SyncStateWish } from "./replica_role.ts";
import type { ReplicasManagerContract, ReplicasManagerInit } from "./replicas_manager_contract.ts";

/** Between two looks at the set: of a master, who looks for wishes only, of a follower, and while nobody is master. Milliseconds. */
const LOOK_MS: Readonly<Record<ElectionStep["kind"], number>> = {
  lead: 500,
  follow: 200,
  wait: 100,
  elect: 100,
  report: 100,
};

/** Looks that may follow each other at once, because something was written that has to be seen. */
const TURNS_MAX = 20;

/** How long a call about the set may take. Milliseconds. */
const CALL_MS = 1500;

/** How long a broker that starts waits to learn its role, before it goes on as a follower of nobody. Milliseconds. */
const FIRST_ROLE_MS = 3000;

/** How long a broker that lost its mastership waits to learn who is master, before it goes on as a follower of nobody. Milliseconds. */
const STEP_DOWN_MS = 3000;

/** Between two lines of the log about the same trouble. Milliseconds. */
const REPEAT_MS = 30_000;

/** What a manager works with. */
export interface ReplicasManagerParts {
  readonly init: ReplicasManagerInit;
  readonly clock: Clock;
  /** For the set. */
  readonly etcd: Etcd;
  /** For the lease: its calls end in less than a third of the lease's time. */
  readonly leases: Etcd;
  readonly files: BrokerIdentityFiles;
  readonly newCheckCode: () => string;
  readonly signal: <K extends keyof ReplicasManagerContract["signals"] & string>(
    name: K,
    payload: ReplicasManagerContract["signals"][K],
  ) => void;
}

/** A mastership that lasts. */
interface Mastership {
  readonly masterEpoch: number;
  readonly region: SharedArrayBuffer;
  readonly kept: KeptLease;
  syncStateSetEpoch: number;
}

/** Starts the behaviour. */
export function startReplicasManager(
  init: ReplicasManagerInit,
  context: ActorContext<ReplicasManagerContract>,
): Behaviour<ReplicasManagerContract> {
  const { values } = init;
  const { clock } = context;
  const endpoints = endpointsOf(values.etcdEndpoints);
  const manager = new ReplicasManager({
    init,
    clock,
    etcd: new EtcdClient({ endpoints, clock, timeoutMs: CALL_MS }),
    leases: new EtcdClient({ endpoints, clock, timeoutMs: values.failoverLeaseSeconds * 1000 * 0.3 }),
    files: new BrokerIdentityFiles(new LightDisk(), values.storePathRootDir),
    newCheckCode: () => crypto.randomUUID(),
    signal: (name, payload) => void context.signal(name, payload),
  });
  const run = manager.run().catch((error) => context.fail(error));
  return {
    asks: {},
    tells: {
      started: ({ log, logEpoch }) => manager.started(new LogMemory(log), logEpoch),
      syncStateSetWanted: ({ masterEpoch, ...wish }) => manager.want(masterEpoch, wish),
    },
    stop: async () => {
      await manager.stop();
      await run;
    },
  };
}

/** The manager of one broker. */
export class ReplicasManager {
  readonly #parts: ReplicasManagerParts;
  readonly #keys: ReplicaSetKeys;
  readonly #keeper: LeaseKeeper;
  readonly #membership: Membership;
  readonly #abort = new AbortController();
  readonly #complaints = new Map<string, number>();
  #wake: (() => void) | undefined;
  #memory: LogMemory | undefined;
  #logEpoch: number;
  #mastership: Mastership | undefined;
  #wanted: (SyncStateWish & { readonly masterEpoch: number }) | undefined;
  #vacantSinceMs: number | undefined;
  #stepDown: Timer | undefined;
  #lookMs = LOOK_MS.wait;
  #told: string | undefined;
  #state = "";
  #lastEpoch = 0;
  #overEpoch = 0;
  #isReachable = true;
  #running: Promise<unknown> = Promise.resolve();

  /** @param parts etcd, clock, files. @throws {StoreError} and @throws {MembershipError} when the store is not of this set */
  constructor(parts: ReplicasManagerParts) {
    const { init: { values, logEpoch }, files, newCheckCode } = parts;
    this.#parts = parts;
    this.#logEpoch = logEpoch;
    this.#keys = new ReplicaSetKeys(values.brokerClusterName, values.brokerName);
    this.#keeper = new LeaseKeeper({
      etcd: parts.leases,
      clock: parts.clock,
      ttlSeconds: values.failoverLeaseSeconds,
      changed: () => this.#leaseChanged(),
      failed: (error) => this.#failed("Cannot renew the lease", error),
    });
    this.#membership = new Membership({
      etcd: parts.etcd,
      files,
      cluster: values.brokerClusterName,
      brokerName: values.brokerName,
      address: `${values.brokerIP1}:${values.listenPort}`,
      haAddress: `${values.brokerIP2}:${values.haListenPort}`,
      mayBeginAnew: values.enableElectUncleanMaster,
      logEpoch: () => this.#logEpoch,
      newCheckCode,
    });
  }

  /** Looks and decides, until {@link stop}. */
  async run(): Promise<void> {
    const { brokerId } = this.#membership;
    // A store that was a member before can be read while etcd is away.
    if (brokerId !== undefined) this.#armStepDown(FIRST_ROLE_MS);
    this.#running = Promise.all([this.#keeper.run(), this.#loop()]);
    await this.#running;
  }

  /** Ends: the lease is given back, so that another one takes over at once. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake?.();
    this.#stepDown?.cancel();
    await this.#keeper.stop();
    await this.#running;
  }

  /** The broker's actors were started anew. @param memory of their log; @param logEpoch epoch of its last part */
  started(memory: LogMemory, logEpoch: number): void {
    this.#memory = memory;
    this.#logEpoch = logEpoch;
  }

  /** The master wants another sync-state set. */
  want(masterEpoch: number, wish: SyncStateWish): void {
    this.#wanted = { masterEpoch, ...wish };
    this.#wake?.();
  }

  async #loop(): Promise<void> {
    let unsettled = 0;
    while (!this.#abort.signal.aborted) {
      try {
        const isSettled = await this.#turn();
        this.#reached();
        if (!isSettled && ++unsettled < TURNS_MAX) continue;
      } catch (error) {
        if (error instanceof MembershipError || error instanceof StoreError) {
          this.#say(error.message, false);
          if (error instanceof StoreError || this.#membership.brokerId === undefined) {
            this.#parts.signal("failed", { text: error.message });
            return;
          }
          this.#complain(error.message);
        } else {
          this.#failed("Cannot agree with the other brokers", error);
        }
      }
      unsettled = 0;
      await this.#sleep();
    }
  }

  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#parts.clock.setTimer(this.#lookMs, resolve);
      this.#wake = (): void => {
        timer.cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** @returns false when something was written that has to be seen before more is decided */
  async #turn(): Promise<boolean> {
    const { etcd, init: { values } } = this.#parts;
    const view = await readReplicaSet(etcd, this.#keys);
    if (!(await this.#membership.join(view))) return false;
    const brokerId = this.#membership.brokerId!;
    const { lease } = this.#keeper;
    const { record } = view;
    if (lease === undefined || record === undefined) {
      this.#say("no lease of etcd: nothing is acknowledged", this.#isReachable);
      return true;
    }
    this.#lastEpoch = Math.max(this.#lastEpoch, record.masterEpoch);
    const vacantMs = this.#vacancy(view);
    await this.#membership.report(view, lease, this.#report(view, record));
    const step = nextStep(view, { brokerId, lease, vacantMs }, values);
    this.#lookMs = LOOK_MS[step.kind];
    if (step.kind === "lead") return await this.#lead(view, record, view.master!);
    this.#endMastership();
    if (step.kind === "follow") this.#follow(record, step.brokerId);
    else if (step.kind === "elect") return await this.#elect(view, record, lease);
    else if (step.kind === "wait") this.#say(`no master: ${step.why}`, true);
    return step.kind !== "report";
  }

  /** How long nobody has been master. */
  #vacancy(view: ReplicaSetView): number {
    const nowMs = this.#parts.clock.monotonicMs();
    if (view.master !== undefined) this.#vacantSinceMs = undefined;
    else this.#vacantSinceMs ??= nowMs;
    return nowMs - (this.#vacantSinceMs ?? nowMs);
  }

  /** What this member says of its log: its end once nobody is master any more, which is when it counts. */
  #report({ master, alive }: ReplicaSetView, record: ReplicaSetRecord): Parameters<Membership["report"]>[2] {
    const known = alive.get(this.#membership.brokerId!);
    if (known !== undefined && (master !== undefined || known.seenEpoch === record.masterEpoch)) return known;
    const logEnd = this.#memory?.written.load() ?? 0;
    return { logEnd, logEpoch: this.#logEpoch, seenEpoch: master === undefined ? record.masterEpoch : -1 };
  }

  async #elect(view: ReplicaSetView, record: ReplicaSetRecord, lease: string): Promise<boolean> {
    const brokerId = this.#membership.brokerId!;
    const elected = electedRecord(record, brokerId);
    const { masterEpoch } = elected;
    await this.#parts.etcd.commit(
      [{ key: this.#keys.set, modRevision: view.recordRevision }, { key: this.#keys.master, modRevision: 0 }],
      [
        { put: this.#keys.set, value: encodeRecord(elected) },
        { put: this.#keys.master, value: encodeMaster({ brokerId, masterEpoch }), lease },
        { remove: this.#keys.wish },
      ],
    );
    // Who won stands in the set, also when the answer was lost.
    return false;
  }

  async #lead(view: ReplicaSetView, record: ReplicaSetRecord, master: MasterEntry): Promise<boolean> {
    const brokerId = this.#membership.brokerId!;
    const { masterEpoch, syncStateSet, syncStateSetEpoch } = record;
    if (this.#mastership?.masterEpoch !== masterEpoch && masterEpoch > this.#overEpoch) {
      this.#begin(record, master.lease);
    }
    const mastership = this.#mastership;
    if (mastership === undefined) {
      // It was over before etcd said so.
      await this.#letGo(master);
      return false;
    }
    const { wish } = view;
    if (wish !== undefined && wish !== brokerId && syncStateSet.includes(wish) && view.alive.has(wish)) {
      this.#log("info", `Broker ${wish} is asked for as master: this one lets go`);
      this.#endMastership();
      await this.#letGo(master);
      return false;
    }
    if (mastership.syncStateSetEpoch !== syncStateSetEpoch) {
      mastership.syncStateSetEpoch = syncStateSetEpoch;
      this.#parts.signal("syncStateSet", { masterEpoch, syncStateSet, syncStateSetEpoch });
      this.#log("info", `The sync-state set of epoch ${masterEpoch} is [${syncStateSet}]`);
    }
    this.#say(`master of epoch ${masterEpoch}, syncStateSet [${syncStateSet}]`, true);
    return await this.#alter(view, record, master);
  }

  #begin(record: ReplicaSetRecord, lease: string): void {
    const { clock, signal } = this.#parts;
    const brokerId = this.#membership.brokerId!;
    const { masterEpoch, syncStateSetEpoch } = record;
    this.#endMastership();
    const region = createLeaseRegion();
    const kept = new KeptLease(region, clock);
    this.#mastership = { masterEpoch, region, kept, syncStateSetEpoch };
    this.#keeper.publishIn(kept, lease);
    void kept.serve();
    this.#stepDown?.cancel();
    this.#log("info", `This broker, ${brokerId} of the set, is master of epoch ${masterEpoch}`);
    const role = { brokerId, masterEpoch, isMaster: true, syncStateSet: [brokerId], syncStateSetEpoch, lease: region };
    this.#told = `master ${masterEpoch} ${lease}`;
    signal("role", role);
    if (kept.isOver) this.#endMastership();
  }

  /** Takes the master's key away, of a mastership that is over here. The next one may live by the same lease, and this may come late: so it is for the one entry only. */
  async #letGo({ revision }: MasterEntry): Promise<void> {
    await this.#parts.etcd.commit([{ key: this.#keys.master, modRevision: revision }], [{ remove: this.#keys.master }]);
  }

  /**
   * Makes the sync-state set the one that the master wants, with the next number: also when it is the same, so that whatever was asked for before, or is still on its way to etcd, is void.
   *
   * @returns false when it has to be seen first
   */
  async #alter(view: ReplicaSetView, record: ReplicaSetRecord, master: MasterEntry): Promise<boolean> {
    const wanted = this.#wanted;
    if (wanted === undefined) return true;
    // What the master's acknowledgements wait for was made ready from the set that it knew: with another one they may wait for less.
    if (wanted.masterEpoch !== record.masterEpoch || wanted.after !== record.syncStateSetEpoch) {
      this.#wanted = undefined;
      return true;
    }
    const syncStateSet = this.#membersOf(record, wanted.syncStateSet);
    const altered = { ...record, syncStateSet, syncStateSetEpoch: record.syncStateSetEpoch + 1 };
    await this.#parts.etcd.commit(
      [
        { key: this.#keys.set, modRevision: view.recordRevision },
        { key: this.#keys.master, modRevision: master.revision },
      ],
      [{ put: this.#keys.set, value: encodeRecord(altered) }],
    );
    // Whether or not this was the one that was written, the number says when it is done.
    return false;
  }

  /** Those of some brokers who belong to the set, in order: who follows without that can be no master. */
  #membersOf(record: ReplicaSetRecord, ids: readonly number[]): number[] {
    const members = ids.filter((id) => memberOf(record, id) !== undefined);
    if (members.length < ids.length) this.#complain(`Brokers of [${ids}] follow that are no members of the set`);
    return members.sort((left, right) => left - right);
  }

  #follow(record: ReplicaSetRecord, masterId: number): void {
    const { masterEpoch, syncStateSet, syncStateSetEpoch } = record;
    const member = memberOf(record, masterId);
    if (member === undefined) return this.#complain(`Master ${masterId} is no member of the set`);
    const { address, haAddress } = member;
    this.#say(`follower of broker ${masterId} (${address}) in epoch ${masterEpoch}`, true);
    this.#become({ masterEpoch, syncStateSet, syncStateSetEpoch }, { brokerId: masterId, address, haAddress });
  }

  #followNobody(): void {
    this.#become({ masterEpoch: this.#lastEpoch, syncStateSet: [], syncStateSetEpoch: 0 }, undefined);
  }

  #become(
    set: Pick<ReplicaRole, "masterEpoch" | "syncStateSet" | "syncStateSetEpoch">,
    master: ReplicaPeer | undefined,
  ): void {
    const brokerId = this.#membership.brokerId;
    const told = `follower ${set.masterEpoch} ${master?.brokerId} ${master?.address} ${master?.haAddress}`;
    if (brokerId === undefined || told === this.#told) return;
    this.#endMastership();
    this.#stepDown?.cancel();
    this.#told = told;
    this.#log(
      "info",
      master === undefined
        ? `This broker, ${brokerId} of the set, follows nobody`
        : `This broker, ${brokerId} of the set, follows ${master.brokerId} (${master.address}) in epoch ${set.masterEpoch}`,
    );
    this.#parts.signal("role", { brokerId, isMaster: false, master, ...set });
  }

  #leaseChanged(): void {
    if (this.#keeper.lease === undefined && this.#mastership !== undefined) {
      this.#log("warn", `The lease of epoch ${this.#mastership.masterEpoch} is over: nothing is acknowledged any more`);
      this.#endMastership();
    }
    this.#wake?.();
  }

  /** The mastership is over: its broker acknowledges nothing more, and stands until a new master is known, but not for long. */
  #endMastership(): void {
    if (this.#mastership === undefined) return;
    this.#mastership.kept.end();
    this.#overEpoch = this.#mastership.masterEpoch;
    this.#mastership = undefined;
    this.#armStepDown(STEP_DOWN_MS);
  }

  #armStepDown(waitMs: number): void {
    this.#stepDown?.cancel();
    this.#stepDown = this.#parts.clock.setTimer(waitMs, () => this.#followNobody());
  }

  #failed(what: string, error: unknown): void {
    this.#isReachable = false;
    const why = error instanceof Error ? error.message : String(error);
    this.#complain(`${what}: ${why}`);
    if (this.#keeper.lease === undefined) this.#say(`no lease, nothing is acknowledged: ${why}`, false);
  }

  #reached(): void {
    if (this.#isReachable) return;
    this.#isReachable = true;
    this.#complaints.clear();
    this.#log("info", "etcd answers again");
  }

  #complain(text: string): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const last = this.#complaints.get(text);
    if (last !== undefined && nowMs - last < REPEAT_MS) return;
    if (this.#complaints.size > 100) this.#complaints.clear();
    this.#complaints.set(text, nowMs);
    this.#log("warn", text);
  }

  #say(text: string, isEtcdReachable: boolean): void {
    const state = `${isEtcdReachable} ${text}`;
    if (state === this.#state) return;
    this.#state = state;
    this.#parts.signal("state", { text, isEtcdReachable });
  }

  #log(level: "info" | "warn" | "error", text: string): void {
    this.#parts.signal("log", { level, text: `Failover: ${text}` });
  }
}
