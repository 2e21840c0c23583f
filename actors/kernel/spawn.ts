/**
 * Runs an actor in a worker of its own.
 *
 * Owns: the worker.
 * Reads: nothing.
 * Never: asks for permissions of its own; a worker has those of the process.
 *
 * @module
 */

import { type Clock, systemClock } from "../../store/clock.ts";
import { Backlog } from "./backlog.ts";
import type { ActorHandle, ActorRef, Contract, PeerName, Role } from "./contract.ts";
import { ControlBlock } from "./control_block.ts";
import { PeerRefusedError } from "./errors.ts";
import { introduceHandles } from "./introduce.ts";
import { OwnedActor } from "./owned_actor.ts";
import { takeWorker } from "./warm_workers.ts";
import { workerEnded } from "./worker_count.ts";

/** A peer that is there before the behaviour starts. */
export interface Acquaintance<C extends Contract = Contract> {
  /** What the new actor calls the peer; null when it only answers it. */
  readonly as: PeerName<C> | null;
  /** The peer. */
  readonly ref: ActorHandle;
  /** What the peer calls the new actor; null when it only answers it. */
  readonly knownAs: string | null;
}

/** How an actor is started. */
export interface StartOptions<C extends Contract> {
  /** Name of this actor; that of its role when left out. */
  readonly name?: string;
  /** Number of this incarnation; 1 when left out. */
  readonly epoch?: number;
  /** Milliseconds until the start is given up; 30,000 when left out. */
  readonly initTimeoutMs?: number;
  /** What is moved with the init rather than copied. */
  readonly transfer?: Transferable[];
  /** Peers that are there before the behaviour starts. */
  readonly peers?: readonly Acquaintance<C>[];
  /** Called before the behaviour starts; for listening to signals of the start. */
  readonly prepare?: (ref: ActorRef<C>) => void;
  /** Counts the owner's deadlines; the machine's clock when left out. */
  readonly clock?: Clock;
}

/** Milliseconds until a start is given up, when nothing else is said. */
export const INIT_TIMEOUT_MS = 30_000;

/**
 * Runs an actor in a worker.
 *
 * @param role What the actor is.
 * @param init What it is started with.
 * @param options Names, deadline, peers.
 * @returns Its address, once its behaviour has started.
 * @throws {InitFailedError} When the behaviour refuses to start; the cause is what it threw.
 * @throws {InitTimeoutError} When it is not up in time.
 */
export async function spawn<C extends Contract>(
  role: Role<C>,
  init: C["init"],
  options: StartOptions<C> = {},
): Promise<ActorRef<C>> {
  const name = options.name ?? role.name;
  const { worker, counted, port, failures } = takeWorker(role, name);
  const actor = new OwnedActor<C>({
    name,
    epoch: options.epoch ?? 1,
    port,
    clock: options.clock ?? systemClock,
    control: new ControlBlock(),
    backlog: new Backlog(0),
    runtime: undefined,
    postLink: (message): void => worker.postMessage(message, [message.port as MessagePort]),
    terminate: (stuck): void => {
      worker.terminate();
      workerEnded(counted, stuck);
    },
  });
  worker.onerror = (event: ErrorEvent): void => {
    // Without this the process would end with the worker.
    event.preventDefault();
    actor.crashed(new Error(`${event.message} at ${event.filename}:${event.lineno}:${event.colno}`));
  };
  worker.onmessageerror = (): void => actor.crashed(new Error(`Cannot read a message of ${name}`));
  for (const failure of failures) actor.crashed(failure);
  options.prepare?.(actor);
  await actor.bringUp(
    { role: role.name, value: init },
    { timeoutMs: options.initTimeoutMs ?? INIT_TIMEOUT_MS, transfer: options.transfer ?? [] },
    () => meet(actor, options.peers ?? []),
  );
  return actor;
}

/**
 * Introduces a new actor to its peers. One that has ended meanwhile is left out: the new actor finds it not connected.
 *
 * @param actor The new actor.
 * @param peers Its peers.
 * @throws {PeerRefusedError} When the new actor itself has ended.
 */
export async function meet(actor: ActorHandle, peers: readonly Acquaintance<never>[]): Promise<void> {
  await Promise.all(peers.map(async (peer) => {
    try {
      await introduceHandles(actor, peer.as, peer.ref, peer.knownAs);
    } catch (error) {
      if (!(error instanceof PeerRefusedError) || peer.ref.connected) throw error;
    }
  }));
}
