/**
 * A supervised actor as data.
 *
 * Owns: the shape, and the one place where the contract's type is left behind so that children of all contracts fit
 * into one list.
 * Reads: nothing.
 * Never: keeps state; the same child may be given to another supervisor.
 *
 * @module
 */

import type { Clock } from "../../store/clock.ts";
import type { ActorHandle, ActorRef, Contract, PeerName, Role, Start } from "./contract.ts";
import { inline } from "./inline.ts";
import type { TurnScheduler } from "./inline_runtime.ts";
import { type Acquaintance, INIT_TIMEOUT_MS, spawn, type StartOptions } from "./spawn.ts";

/** What is to be done when a child crashes. `restart`: its truth is elsewhere. `exit-process`: it is not. */
export type RestartPolicy = "restart" | "exit-process";

/** Who a new incarnation is. */
export interface Incarnation {
  /** Number of the incarnation, from 1. */
  readonly epoch: number;
}

/** A child. */
export interface ChildSpec<C extends Contract> {
  /** Name of the actor, unique among the children. */
  readonly name: string;
  /** What it is. */
  readonly role: Role<C>;
  /** Makes its behaviour on the supervisor's thread; it has a worker of its own when this is left out. */
  readonly start?: Start<C>;
  /** What it is started with, made anew for each incarnation. */
  readonly init: (incarnation: Incarnation) => C["init"] | Promise<C["init"]>;
  /** What of the init is moved rather than copied. */
  readonly transfer?: (init: C["init"]) => Transferable[];
  /** What it calls other children: peer name to child name. */
  readonly peers?: { readonly [K in PeerName<C>]?: string };
  /** What is to be done when it crashes. */
  readonly restart: RestartPolicy;
  /** Exit code of the process when the supervisor gives up because of this child; 7 when left out. */
  readonly exitCode?: (error: Error) => number;
  /** Milliseconds it gets to stop. */
  readonly stopDeadlineMs: number;
  /** Milliseconds it gets to start; 30,000 when left out. */
  readonly startDeadlineMs?: number;
  /** True for a child that is not started with the others, but when it is woken, or never. */
  readonly isDormant?: boolean;
}

/** What surrounds a child when it is started. */
export interface ChildSurroundings<C extends Contract> {
  /** Number of the incarnation. */
  readonly epoch: number;
  /** Peers that are up. */
  readonly peers: readonly Acquaintance<C>[];
  /** Counts deadlines. */
  readonly clock: Clock;
  /** Picks the turns of inline children. */
  readonly scheduler: TurnScheduler | undefined;
  /** Called before the behaviour starts. */
  readonly prepare: (ref: ActorRef<C>) => void;
}

/** A child whose contract is left open. */
export interface AnyChild {
  /** Name of the actor. */
  readonly name: string;
  /** What it calls other children. */
  readonly peers: ReadonlyMap<string, string>;
  /** What is to be done when it crashes. */
  readonly restart: RestartPolicy;
  /** Milliseconds it gets to stop. */
  readonly stopDeadlineMs: number;
  /** Exit code when the supervisor gives up because of it. */
  readonly exitCode: ((error: Error) => number) | undefined;
  /** Whether it is started only when it is woken. */
  readonly isDormant: boolean;
  /** Starts an incarnation. */
  bringUp(surroundings: ChildSurroundings<never>): Promise<ActorHandle>;
}

/** A child; the supervisor gives its address for it. */
export interface Child<C extends Contract> extends AnyChild {
  /** What the actor is. */
  readonly role: Role<C>;
}

/**
 * Makes a child.
 *
 * @param spec What it is.
 * @returns The child, for the supervisor's list.
 */
export function child<C extends Contract>(spec: ChildSpec<C>): Child<C> {
  return {
    name: spec.name,
    role: spec.role,
    peers: new Map(Object.entries(spec.peers ?? {}) as [string, string][]),
    restart: spec.restart,
    stopDeadlineMs: spec.stopDeadlineMs,
    exitCode: spec.exitCode,
    isDormant: spec.isDormant ?? false,
    bringUp: async (surroundings: ChildSurroundings<never>): Promise<ActorHandle> => {
      const { epoch, peers, clock, scheduler, prepare } = surroundings as unknown as ChildSurroundings<C>;
      const init = await spec.init({ epoch });
      const options: StartOptions<C> = {
        name: spec.name,
        epoch,
        peers,
        clock,
        prepare,
        transfer: spec.transfer?.(init) ?? [],
        initTimeoutMs: spec.startDeadlineMs ?? INIT_TIMEOUT_MS,
      };
      if (spec.start === undefined) return spawn(spec.role, init, options);
      return inline(spec.role, spec.start, init, scheduler === undefined ? options : { ...options, scheduler });
    },
  };
}
