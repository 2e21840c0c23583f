/**
 * The two actors of a client instance: started together, started again when they crash.
 *
 * Owns: their references and who listens to which pull. Reads: settings. Never does: decide about queues.
 */

import type { ActorGauges, ActorRef } from "../kernel/contract.ts";
import { inline } from "../kernel/inline.ts";
import { spawn } from "../kernel/spawn.ts";
import type { ClientInstance } from "./client_instance.ts";
import { sendChannel } from "./diagnostics.ts";
import { foundRingMemory } from "./found_ring.ts";
import { hasWorkers } from "./platform.ts";
import type { PullContract, PulledBatch, PullProgress, PullSpec, PullThresholds } from "./pull_contract.ts";
import { listenToPulls } from "./pull_inlet.ts";
import { pullRole, pullStart } from "./pull_service.ts";
import type { Allocation, RebalanceContract, RebalanceGroup, RebalanceTopic } from "./rebalance_contract.ts";
import { rebalanceRole, rebalanceStart } from "./rebalance_service.ts";

/** Milliseconds between two looks at a group. Source: client/impl/consumer/RebalanceService.java waitInterval */
export const REBALANCE_INTERVAL_MS = 20_000;
/** Milliseconds an actor has to stop. */
const STOP_MS = 3_000;
/** Milliseconds before a crashed actor is started again. */
const RESTART_MS = 200;

/** One of a client's actors, to look at and to hold. */
export interface ClientActor {
  /** Counts of what it does, readable while it runs. */
  readonly gauges: ActorGauges;
  /**
   * Has it take no more turns until {@linkcode resume}.
   *
   * @param options `timeoutMs`: milliseconds until this is given up
   */
  pause(options: { readonly timeoutMs: number }): Promise<void>;
  /** Lets it go on. */
  resume(): void;
}

/** The actors of a client; undefined before they are started. */
export interface ClientActors {
  /** Pulls and decodes. */
  readonly pull: ClientActor | undefined;
  /** Says who consumes which queue. */
  readonly rebalance: ClientActor | undefined;
}

/** Hears about one pull. */
export interface PullListener {
  /** Messages came. */
  found(batch: PulledBatch): void;
  /** Nothing came. */
  empty(nextOffset: number, rtMs: number): void;
  /** The broker has not got the offset; the pull has ended. */
  illegal(nextOffset: number): void;
  /** A pull failed and will be tried again. */
  trouble(report: { code: string; responseCode: number; message: string }): void;
  /** The pull loop lives. */
  alive(): void;
  /** How to begin again after the actor crashed; undefined to leave it. */
  reopen(): PullSpec | undefined;
}

/** Hears about the balance of one group. */
export interface RebalanceListener {
  /** What to own of a topic. */
  allocation(allocation: Allocation): void;
  /** A look failed. */
  trouble(topic: string, message: string): void;
}

let lastPullId = 0;

/** @returns a number for a pull that was never used in this process */
export function nextPullId(): number {
  return ++lastPullId;
}

/**
 * Starts both actors.
 *
 * @param instance whose actors they are
 * @returns the pair
 */
export async function startActors(instance: ClientInstance): Promise<ActorSet> {
  const set = new ActorSet(instance);
  await set.start();
  return set;
}

/** The pair of actors. */
export class ActorSet {
  readonly #instance: ClientInstance;
  readonly #pulls = new Map<number, PullListener>();
  readonly #groups = new Map<string, { settings: RebalanceGroup; listener: RebalanceListener }>();
  readonly #topics = new Map<string, RebalanceTopic>();
  #pull: ActorRef<PullContract> | undefined;
  #rebalance: ActorRef<RebalanceContract> | undefined;
  #epoch = 1;
  #stopped = false;

  /** @param instance whose actors they are */
  constructor(instance: ClientInstance) {
    this.#instance = instance;
    instance.routes.onChange(() => this.#tellBrokers());
  }

  /** The actors themselves, to look at their gauges or to pause them in tests. */
  get refs(): ClientActors {
    return { pull: this.#pull, rebalance: this.#rebalance };
  }

  /** Starts both. */
  async start(): Promise<void> {
    await Promise.all([this.#startPull(), this.#startRebalance()]);
  }

  /** Stops both. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([
      this.#rebalance?.stop({ timeoutMs: STOP_MS }),
      this.#pull?.stop({ timeoutMs: STOP_MS }),
    ]);
  }

  /**
   * Begins to pull.
   *
   * @param spec the queue
   * @param listener hears about it
   */
  open(spec: PullSpec, listener: PullListener): void {
    this.#pulls.set(spec.id, listener);
    this.#pull?.tell("open", spec);
  }

  /**
   * Ends pulls; nothing of them is heard any more.
   *
   * @param ids numbers of pulls
   */
  async close(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    for (const id of ids) this.#pulls.delete(id);
    try {
      await this.#pull?.ask("close", { ids }, { timeoutMs: STOP_MS });
    } catch (error) {
      // An actor that is gone pulls nothing any more.
      this.#instance.options.logger.debug?.("Closing pulls failed", { error });
    }
  }

  /** @param list progress of pulls */
  progress(list: readonly PullProgress[]): void {
    this.#pull?.tell("progress", list);
  }

  /**
   * @param id number of the pull
   * @param thresholds new bounds
   */
  thresholds(id: number, thresholds: PullThresholds): void {
    this.#pull?.tell("thresholds", { id, thresholds });
  }

  /**
   * @param ids numbers of pulls
   * @param paused whether to hold them
   */
  pause(ids: readonly number[], paused: boolean): void {
    this.#pull?.tell("pause", { ids, paused });
  }

  /**
   * A group is new or has changed.
   *
   * @param settings the group
   * @param listener hears about it
   */
  group(settings: RebalanceGroup, listener: RebalanceListener): void {
    this.#groups.set(settings.group, { settings, listener });
    this.#rebalance?.tell("group", settings);
  }

  /** @param group a group that is gone */
  forget(group: string): void {
    this.#groups.delete(group);
    this.#rebalance?.tell("forget", { group });
  }

  /** @param topic a topic that is new or has changed */
  topic(topic: RebalanceTopic): void {
    this.#topics.set(topic.topic, topic);
    this.#rebalance?.tell("topic", topic);
  }

  /** @param group group whose members changed */
  wake(group: string): void {
    this.#rebalance?.tell("wake", { group });
  }

  /** @param group group whose allocation could not be carried out wholly */
  unbalanced(group: string): void {
    this.#rebalance?.tell("unbalanced", { group });
  }

  /** Whether the actors can run in workers: what they need must be able to cross. */
  get #inWorkers(): boolean {
    const { workers, transport, rpcHooks } = this.#instance.options;
    return workers && hasWorkers() && transport === undefined && rpcHooks.length === 0;
  }

  async #startPull(): Promise<void> {
    const { options } = this.#instance;
    const ring = this.#inWorkers ? foundRingMemory() : undefined;
    const init = { link: linkSettings(options), ring };
    const given = { transport: options.transport, rpcHooks: options.rpcHooks };
    const ref = this.#inWorkers
      ? await spawn(pullRole, init, { epoch: this.#epoch })
      : await inline(pullRole, pullStart(given), init, { clock: options.clock, epoch: this.#epoch });
    this.#pull = ref;
    listenToPulls(ref, ring, (id) => this.#pulls.get(id));
    this.#tellBrokers();
    for (const listener of this.#pulls.values()) {
      const spec = listener.reopen();
      if (spec !== undefined) ref.tell("open", spec);
    }
    this.#watch(ref, () => this.#startPull());
  }

  async #startRebalance(): Promise<void> {
    const { options, clientId } = this.#instance;
    const init = {
      clientId,
      link: linkSettings(options),
      timeoutMs: options.mqClientApiTimeout,
      intervalMs: REBALANCE_INTERVAL_MS,
    };
    const given = { transport: options.transport, rpcHooks: options.rpcHooks };
    const ref = this.#inWorkers
      ? await spawn(rebalanceRole, init, { epoch: this.#epoch })
      : await inline(rebalanceRole, rebalanceStart(given), init, { clock: options.clock, epoch: this.#epoch });
    this.#rebalance = ref;
    ref.on("allocation", (allocation) => this.#groups.get(allocation.group)?.listener.allocation(allocation));
    ref.on("trouble", ({ group, topic, message }) => this.#groups.get(group)?.listener.trouble(topic, message));
    for (const topic of this.#topics.values()) ref.tell("topic", topic);
    for (const { settings } of this.#groups.values()) {
      ref.tell("group", settings);
      ref.tell("wake", { group: settings.group });
    }
    this.#watch(ref, () => this.#startRebalance());
  }

  /** Starts an actor again when it ends though nobody stopped it: its truth is with the brokers and the listeners. */
  #watch(ref: ActorRef<PullContract> | ActorRef<RebalanceContract>, again: () => Promise<void>): void {
    void ref.ended.then((exit) => {
      if (this.#stopped) return;
      this.#epoch++;
      this.#instance.options.logger.error?.("Actor ended, starting it again", { actor: ref.name, exit });
      sendChannel("actor-restarted", { actor: ref.name, exit });
      const retry = (): void => {
        if (this.#stopped) return;
        again().catch(() => this.#instance.options.clock.setTimer(RESTART_MS, retry));
      };
      this.#instance.options.clock.setTimer(RESTART_MS, retry);
    });
  }

  #tellBrokers(): void {
    this.#pull?.tell(
      "brokers",
      [...this.#instance.routes.brokers].map(([name, replicas]) => [name, [...replicas]] as const),
    );
  }
}

function linkSettings(options: ClientInstance["options"]): PullContract["init"]["link"] {
  return { connectTimeoutMillis: options.connectTimeoutMillis, credentials: options.credentials, tls: options.tls };
}
