/**
 * A broker of a failover set: one life of its actors after the other, each in the role that ReplicasManager says.
 *
 * Owns: ReplicasManager and the present life. Reads: nothing. Never: decides a role, or lets two lives overlap.
 *
 * Each change of role stops the actors in order and starts them again in this process: nothing of one role survives into the next but the store. What must not wait for that, the renewal of the lease, has a thread of its own.
 */
import { type Child, child } from "../../kernel/child.ts";
import { ExitCode } from "../../kernel/exit_code.ts";
import { Supervisor } from "../../kernel/supervisor.ts";
import type { WarmUp } from "../../kernel/warm_workers.ts";
import { systemClock } from "../../../store/clock.ts";
import { EpochFile } from "../../../store/epoch_table.ts";
import { StoreError } from "../../../store/errors.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import type { RecoveryResult } from "../../../store/recovery.ts";
import { activityOf, type ActorActivity } from "../actor_activity.ts";
import { startBroker } from "../broker.ts";
import { warmUpChildren } from "../broker_children.ts";
import {
  type BrokerConfiguration,
  type BrokerValues,
  readBrokerConfiguration,
  withPorts,
} from "../broker_configuration.ts";
import { storeShape } from "../broker_init.ts";
import { endpointsOf } from "../../net/etcd/etcd_client.ts";
import { ConfigurationError } from "../../../store/configuration.ts";
import {
  type Broker,
  type BrokerFailure,
  type BrokerOptions,
  type SupervisedBroker,
  thisMachine,
} from "../broker_options.ts";
import { BrokerIdentityFiles } from "./broker_identity.ts";
import { type ReplicaRole, type SyncStateWish, withReplicaRole } from "./replica_role.ts";
import { Rounds } from "./rounds.ts";
import { type FailoverState, type ReplicasManagerContract, replicasManagerRole } from "./replicas_manager_contract.ts";

/** How long ReplicasManager gets to give its lease back. Milliseconds. */
const LEAVE_MS = 5000;

/** Longest lease of a master: a set is without one for as long. Seconds. */
const LEASE_SECONDS_MAX = 600;

/** Between two lines of the log while the first role is waited for. Milliseconds. */
const REMIND_MS = 10_000;

/** What a role change is made of, besides the role. */
type Cut = { readonly position: number; readonly role: ReplicaRole };

/** Whether a broker of this configuration is one of a failover set. */
export function isFailover({ etcdEndpoints }: Pick<BrokerValues, "etcdEndpoints">): boolean {
  return etcdEndpoints.trim() !== "";
}

/**
 * Starts a broker of a failover set, and waits until it has a role and serves in it.
 *
 * @throws {StoreError} `STORE_LOCKED` when another process has the store, others when the store does not belong to the set
 * @throws {InitFailedError} when an actor does not start
 */
export async function startFailoverBroker(options: BrokerOptions): Promise<FailoverBroker> {
  const base = options.configuration ?? readBrokerConfiguration({}, thisMachine());
  const configuration = { ...base, values: withPorts(base.values, options.settings) };
  checkKeys(configuration.values);
  const broker = new FailoverBroker(configuration, options);
  await broker.start();
  return broker;
}

/** @throws {ConfigurationError} when a key cannot be kept to */
function checkKeys({ failoverLeaseSeconds, etcdEndpoints }: BrokerValues): void {
  const problems: string[] = [];
  if (failoverLeaseSeconds < 1 || failoverLeaseSeconds > LEASE_SECONDS_MAX) {
    problems.push(`failoverLeaseSeconds is ${failoverLeaseSeconds}, must be from 1 to ${LEASE_SECONDS_MAX}`);
  }
  const endpoints = endpointsOf(etcdEndpoints);
  for (const endpoint of endpoints) {
    if (!/^(https?:\/\/)?[^\s/]+:\d+$/.test(endpoint)) {
      problems.push(`etcdEndpoints has "${endpoint}", must be host:port`);
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
}

/** A broker whose role changes. */
export class FailoverBroker implements Broker {
  readonly failed: Promise<BrokerFailure>;
  readonly #configuration: BrokerConfiguration;
  readonly #options: BrokerOptions;
  readonly #failed: PromiseWithResolvers<BrokerFailure> = Promise.withResolvers();
  readonly #served: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #manager: Child<ReplicasManagerContract>;
  readonly #supervisor: Supervisor;
  readonly #changes = new Rounds({
    next: () => this.#nextChange(),
    failed: (error) => this.#changeFailed(error),
  });
  #life: SupervisedBroker | undefined;
  #role: ReplicaRole | undefined;
  #wanted: ReplicaRole | undefined;
  #cut: Cut | undefined;
  #set: ReplicasManagerContract["signals"]["syncStateSet"] | undefined;
  #state: FailoverState = { text: "no role yet", isEtcdReachable: true };
  /** Threads that have loaded what a master's actors need, while this broker follows. */
  #warm: WarmUp | undefined;
  #stopping: Promise<number> | undefined;

  /** @param configuration of every life; @param options of every life */
  constructor(configuration: BrokerConfiguration, options: BrokerOptions) {
    this.#configuration = configuration;
    this.#options = options;
    // Who starts this broker is told; nobody else waits for it.
    this.#served.promise.catch(() => undefined);
    this.failed = this.#failed.promise;
    this.#manager = child<ReplicasManagerContract>({
      name: "replicas-manager",
      role: replicasManagerRole,
      init: () => ({ values: configuration.values, logEpoch: this.#logEpoch() }),
      restart: "exit-process",
      stopDeadlineMs: LEAVE_MS,
    });
    this.#supervisor = new Supervisor({ children: [this.#manager] });
    this.#listen();
  }

  get address(): string {
    const { brokerIP1, listenPort } = this.#configuration.values;
    return `${brokerIP1}:${listenPort}`;
  }

  get port(): number {
    return this.#configuration.values.listenPort;
  }

  get values(): BrokerValues {
    return this.#life?.values ?? this.#configuration.values;
  }

  /** What recovery found when the present life began. */
  get recovery(): RecoveryResult | undefined {
    return this.#life?.recovery;
  }

  /** The role of the present life. */
  get role(): ReplicaRole | undefined {
    return this.#role;
  }

  /** How failover stands. */
  get state(): FailoverState {
    return this.#state;
  }

  activity(): ActorActivity[] {
    return [...activityOf(this.#supervisor), ...this.#life?.activity() ?? []];
  }

  /** Starts ReplicasManager and waits for the first life. */
  async start(): Promise<void> {
    this.#checkLock();
    this.#beginAlone();
    await this.#supervisor.start();
    this.#tellStarted();
    void this.#supervisor.ended.then(({ error }) => {
      if (error !== undefined) this.#fail(ExitCode.FAILED, `"replicas-manager" crashed: ${error.message}`);
    });
    const remind = (): ReturnType<typeof systemClock.setTimer> =>
      systemClock.setTimer(REMIND_MS, () => {
        this.#log("warn", `Failover: still without a role: ${this.#state.text}`);
        reminder = remind();
      });
    let reminder = remind();
    try {
      await Promise.race([
        this.#served.promise,
        this.failed.then(({ text }) => Promise.reject(new Error(text))),
      ]);
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      reminder.cancel();
    }
  }

  /** Stops the broker, then gives its lease back, so that another one is elected at once. */
  stop(): Promise<number> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<number> {
    await this.#changes.ended;
    this.#warm?.[Symbol.dispose]();
    const exitCode = await this.#life?.stop() ?? ExitCode.OK;
    const exit = await this.#supervisor.stop();
    return exitCode === ExitCode.OK ? exit.exitCode : exitCode;
  }

  #listen(): void {
    const supervisor = this.#supervisor;
    supervisor.on(this.#manager, "role", (role) => {
      if (this.#wanted !== undefined && isSameFollower(role, this.#wanted)) return;
      this.#wanted = role;
      this.#changes.look();
    });
    supervisor.on(this.#manager, "syncStateSet", (set) => {
      this.#set = set;
      this.#tellSet();
    });
    supervisor.on(this.#manager, "state", (state) => {
      this.#state = state;
      this.#tellState();
    });
    supervisor.on(this.#manager, "log", ({ level, text }) => this.#log(level, text));
    supervisor.on(this.#manager, "failed", ({ text }) => this.#fail(ExitCode.STORE_DAMAGED, text));
  }

  /** The change that brings the broker to what is wanted. */
  #nextChange(): (() => Promise<void>) | undefined {
    if (this.#stopping !== undefined) return undefined;
    const role = this.#wanted;
    const cut = this.#cut?.role === role ? this.#cut : undefined;
    this.#cut = undefined;
    if (role === undefined || (role === this.#role && cut === undefined)) return undefined;
    return async () => {
      await this.#endLife();
      if (this.#wanted === role) await this.#beginLife(role, cut?.position);
    };
  }

  #changeFailed(error: unknown): void {
    this.#served.reject(error);
    this.#fail(ExitCode.FAILED, `Cannot change the role: ${error instanceof Error ? error.message : error}`);
  }

  async #endLife(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.#role = undefined;
    const began = systemClock.monotonicMs();
    const exitCode = await life.stop({ staysRegistered: true });
    const tookMs = Math.round(systemClock.monotonicMs() - began);
    this.#log("info", `Failover: the actors of the last role ended within ${tookMs} ms`);
    // Threads that did not end might go on with the files of the store.
    if (exitCode !== ExitCode.OK) throw new Error(`the actors of the last role ended with exit code ${exitCode}`);
  }

  async #beginLife(role: ReplicaRole, truncateTo: number | undefined): Promise<void> {
    const began = systemClock.monotonicMs();
    let isCutWanted = false;
    using warm = this.#warm;
    this.#warm = undefined;
    const life = await startBroker({
      ...this.#options,
      configuration: this.#configuration,
      replicaRole: role,
      isWarm: warm !== undefined,
      truncateTo,
      failover: {
        onSyncStateSetWanted: (wish) => this.#want(role, wish),
        onTruncationWanted: (position) => {
          // One that is asked for again while this life ends would cut the next one's log.
          if (isCutWanted) return;
          isCutWanted = true;
          this.#cut = { position, role };
          this.#changes.look();
        },
      },
    });
    this.#life = life;
    this.#role = role;
    void life.failed.then(({ exitCode, text }) => {
      if (this.#life === life) this.#fail(exitCode, text);
    });
    const tookMs = Math.round(systemClock.monotonicMs() - began);
    this.#log(
      "info",
      `Failover: serves as ${role.isMaster ? "master" : "follower"}, its actors started in ${tookMs} ms`,
    );
    this.#tellStarted();
    this.#tellSet();
    this.#tellState();
    this.#served.resolve();
    if (!role.isMaster) this.#warmUp(role);
  }

  /** A follower may be master in a moment: starting threads and loading modules is most of what that takes. */
  #warmUp(role: ReplicaRole): void {
    const values = withReplicaRole(this.#configuration.values, { ...role, isMaster: true, master: undefined });
    this.#warm = warmUpChildren(this.#options.gateways ?? 1, values, true);
  }

  /**
   * Where the longest log is to be elected, a store that was a member before is opened first: only recovery knows where its log ends. Until there is a master it can be read.
   */
  #beginAlone(): void {
    const { values } = this.#configuration;
    const identity = new BrokerIdentityFiles(new LightDisk(), values.storePathRootDir).read();
    if (identity === undefined || values.allAckInSyncStateSet) return;
    const { brokerId } = identity;
    const masterEpoch = this.#logEpoch();
    this.#wanted = { brokerId, masterEpoch, isMaster: false, syncStateSet: [], syncStateSetEpoch: 0 };
    this.#changes.look();
  }

  /** Tells ReplicasManager where the log is. */
  #tellStarted(): void {
    if (this.#life === undefined || !this.#supervisor.isUp(this.#manager)) return;
    const started = { log: this.#life.memory.buffers, logEpoch: this.#logEpoch() };
    this.#supervisor.ref(this.#manager).tell("started", started);
  }

  #want({ masterEpoch }: ReplicaRole, wish: SyncStateWish): void {
    this.#supervisor.ref(this.#manager).tell("syncStateSetWanted", { masterEpoch, ...wish });
  }

  #tellSet(): void {
    const set = this.#set;
    if (set === undefined || this.#role?.isMaster !== true || this.#role.masterEpoch !== set.masterEpoch) return;
    this.#life?.setSyncStateSet(set.syncStateSet, set.syncStateSetEpoch);
  }

  #tellState(): void {
    const life = this.#life;
    if (life === undefined || !life.supervisor.isUp(life.children.controller)) return;
    life.supervisor.ref(life.children.controller).tell("failover", this.#state);
  }

  /** Epoch of the last part of the log. */
  #logEpoch(): number {
    return EpochFile.open(new LightDisk(), storeShape(this.#configuration.values).epochs).table.last?.epoch ?? 0;
  }

  /** A store that another process has is none to agree with others about. */
  #checkLock(): void {
    const { root } = storeShape(this.#configuration.values);
    const disk = new LightDisk();
    disk.makeDirectory(root);
    const lock = disk.lock(`${root}/lock`);
    if (lock === undefined) {
      throw new StoreError("STORE_LOCKED", `Cannot open store "${root}": another process holds it`, { path: root });
    }
    lock.release();
  }

  #log(level: "info" | "warn" | "error", text: string): void {
    this.#options.onLog?.(level, text);
  }

  #fail(exitCode: number, text: string): void {
    if (this.#stopping !== undefined) return;
    this.#log("error", text);
    this.#failed.resolve({ exitCode, text });
  }
}

/** Whether two roles are the same to the actors of a follower. */
function isSameFollower(left: ReplicaRole, right: ReplicaRole): boolean {
  return !left.isMaster && !right.isMaster && left.brokerId === right.brokerId &&
    left.masterEpoch === right.masterEpoch && left.master?.brokerId === right.master?.brokerId &&
    left.master?.address === right.master?.address && left.master?.haAddress === right.master?.haAddress;
}
