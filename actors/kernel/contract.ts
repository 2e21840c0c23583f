/**
 * What an actor is, as types: a contract says which messages it takes and gives, a role is the contract's value.
 *
 * Owns: the types that both ends of every message are checked against.
 * Reads: nothing at run time.
 * Never: knows how an actor is run; `spawn` and `inline` both take what is written here.
 *
 * @module
 */

import type { Clock } from "../../store/clock.ts";

/** One ask: what is sent and what comes back. */
export interface AskShape {
  /** What is sent. */
  request: unknown;
  /** What comes back. */
  reply: unknown;
}

/** The type of an actor: every message that it takes or gives, by name. */
export interface Contract {
  /** What the actor is started with. */
  init: unknown;
  /** Requests that are answered. */
  asks: Record<string, AskShape>;
  /** Messages that are not answered. */
  tells: Record<string, unknown>;
  /** Messages that the actor gives to whoever runs it. */
  signals: Record<string, unknown>;
  /** Other actors that this one talks to, by the name it uses for them. */
  peers?: Record<string, Contract>;
}

/** Names of a record's string keys. */
export type Names<R> = keyof R & string;

/** Names of the asks of a contract. */
export type AskName<C extends Contract> = Names<C["asks"]>;
/** Names of the tells of a contract. */
export type TellName<C extends Contract> = Names<C["tells"]>;
/** Names of the signals of a contract. */
export type SignalName<C extends Contract> = Names<C["signals"]>;
/** Request type of an ask. */
export type RequestOf<C extends Contract, K extends AskName<C>> = C["asks"][K]["request"];
/** Reply type of an ask. */
export type ReplyOf<C extends Contract, K extends AskName<C>> = C["asks"][K]["reply"];
/** Peers of a contract; none when it names none. */
export type PeersOf<C extends Contract> = C extends { peers: infer P } ? P : Record<never, Contract>;
/** Names of the peers of a contract. */
export type PeerName<C extends Contract> = Names<PeersOf<C>>;
/** Contract of a peer. */
export type PeerContract<C extends Contract, K extends PeerName<C>> = PeersOf<C>[K] extends Contract ? PeersOf<C>[K]
  : never;

/** Types that structured clone carries as they are. */
export type Atom =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | void
  | Date
  | RegExp
  | Error
  | ArrayBuffer
  | SharedArrayBuffer
  | ArrayBufferView
  | MessagePort;

/** A type with everything that structured clone cannot carry replaced by `never`. */
export type Cloneable<T> = unknown extends T ? T
  : T extends Atom ? T
  : T extends ((...args: never[]) => unknown) | symbol | Promise<unknown> | WeakKey & { deref(): unknown } ? never
  : T extends ReadonlyMap<infer K, infer V> ? ReadonlyMap<Cloneable<K>, Cloneable<V>> & T
  : T extends ReadonlySet<infer V> ? ReadonlySet<Cloneable<V>> & T
  : T extends object ? { [K in keyof T]: Cloneable<T[K]> }
  : never;

/** A contract of which every payload can cross a thread border. */
export interface CloneableContract<C extends Contract> {
  /** As in the contract. */
  init: Cloneable<C["init"]>;
  /** As in the contract. */
  asks: { [K in keyof C["asks"]]: Cloneable<C["asks"][K]> };
  /** As in the contract. */
  tells: { [K in keyof C["tells"]]: Cloneable<C["tells"][K]> };
  /** As in the contract. */
  signals: { [K in keyof C["signals"]]: Cloneable<C["signals"][K]> };
}

/** The value of a contract: the actor's name and the module that serves it. */
export interface Role<C extends Contract> {
  /** Name, for messages and thread names. */
  readonly name: string;
  /** Module whose one statement is `serve(role, start)`. */
  readonly module: URL;
  /** Ties the role to its contract; it has no value. */
  readonly contract?: C;
}

/**
 * Makes a role.
 *
 * @param name Name of the actor.
 * @param module `new URL("./x_worker.ts", import.meta.url)`, in exactly that form.
 * @returns The role.
 */
export function defineRole<C extends Contract & CloneableContract<C>>(name: string, module: URL): Role<C> {
  return { name, module };
}

/** How an ask is made. */
export interface AskOptions {
  /** Milliseconds until the ask is given up. */
  readonly timeoutMs: number;
  /** What is moved rather than copied. */
  readonly transfer?: Transferable[];
}

/** How a tell is made. */
export interface TellOptions {
  /** What is moved rather than copied. */
  readonly transfer?: Transferable[];
}

/** The address of an actor. */
export interface PeerRef<C extends Contract> {
  /** True when there is a live actor at the other end. */
  readonly connected: boolean;
  /** Tells that were dropped: nobody was connected, or too many were under way. */
  readonly tellsDropped: number;
  /**
   * Sends a request and waits for its reply.
   *
   * @throws {AskTimeoutError} When no reply comes in time.
   * @throws {ActorGoneError} When the actor is not there or ends before it replies.
   * @throws {AskOverflowError} When too many asks wait already.
   * @throws {Error} What the actor threw, rebuilt from its data.
   */
  ask<K extends AskName<C>>(name: K, request: RequestOf<C, K>, options: AskOptions): Promise<ReplyOf<C, K>>;
  /**
   * Sends a message that is not answered.
   *
   * @returns False when it was dropped and counted: nobody is connected, or 65,536 tells wait to be taken.
   */
  tell<K extends TellName<C>>(name: K, payload: C["tells"][K], options?: TellOptions): boolean;
}

/** How an actor ended. */
export type ActorExit =
  | { readonly kind: "stopped" }
  | { readonly kind: "crashed"; readonly error: Error }
  | { readonly kind: "stuck"; readonly error: Error };

/** Address of an actor as its owner holds it, whatever its contract. */
export interface ActorHandle {
  /** Name of this actor. */
  readonly name: string;
  /** Number of this incarnation, from 1. */
  readonly epoch: number;
  /** True until the actor has ended. */
  readonly connected: boolean;
  /** Settles when the actor has ended; never rejects. */
  readonly ended: Promise<ActorExit>;
  /** Counts of work as the actor publishes them; readable while it runs. */
  readonly gauges: ActorGauges;
  /**
   * Stops the actor.
   *
   * @param options `timeoutMs`: milliseconds until it is terminated instead.
   * @throws {StopTimeoutError} When it had to be terminated.
   */
  stop(options: { readonly timeoutMs: number }): Promise<void>;
  /**
   * Tells the actor to take no more turns until {@link resume}; for tests.
   *
   * @param options `timeoutMs`: milliseconds until this is given up.
   * @throws {AskTimeoutError} When the actor does not come to rest in time.
   */
  pause(options: { readonly timeoutMs: number }): Promise<void>;
  /** Lets a paused actor go on. */
  resume(): void;
  /** Makes the actor throw inside its next turn; for tests. */
  crash(message: string): void;
}

/** Address of an actor as its owner holds it. */
export interface ActorRef<C extends Contract> extends PeerRef<C>, ActorHandle {
  /**
   * Listens to a signal.
   *
   * @returns Ends the listening.
   */
  on<K extends SignalName<C>>(signal: K, handler: (payload: C["signals"][K]) => void): () => void;
}

/** What an actor publishes about itself in shared memory. */
export interface ActorGauges {
  /** Turns taken: messages and timers. Wraps at 2^32. */
  readonly turns: number;
  /** Work counted by the behaviour itself. Wraps at 2^32. */
  readonly work: number;
  /** CPU time of the actor's thread in microseconds as of its last look at itself; 0 inline. Wraps at 2^32. */
  readonly cpuUs: number;
}

/** What an actor is given of the world. */
export interface ActorContext<C extends Contract> {
  /** Name of this actor. */
  readonly name: string;
  /** Number of this incarnation, from 1: a fence against what an earlier one left behind. */
  readonly epoch: number;
  /** Time; its timers are turns of this actor. */
  readonly clock: Clock;
  /** One word, 0 until a stop is asked for; loops that block look at it at least every 100 ms. */
  readonly stopWord: Int32Array;
  /**
   * Gives a message to whoever runs this actor.
   *
   * @returns False when it was dropped because 65,536 signals wait to be taken.
   */
  signal<K extends SignalName<C>>(name: K, payload: C["signals"][K], options?: TellOptions): boolean;
  /** The stable address of a peer; it is rewired when the peer is started again. */
  peer<K extends PeerName<C>>(name: K): PeerRef<PeerContract<C, K>>;
  /** Ends this actor as crashed. */
  fail(error: unknown): never;
  /**
   * Blocks while the actor is paused; for loops that block.
   *
   * @returns False when a stop is asked for.
   */
  gate(): boolean;
  /** True when the thread is this actor's alone, so that it may block for a moment. */
  readonly ownsThread: boolean;
  /** Lets waiting messages be taken, then does as {@link gate}; for loops that block. */
  breathe(): Promise<boolean>;
  /** Adds to the shared work counter. */
  countWork(count: number): void;
}

/** Replies may come later. */
export type MaybeLater<T> = T | Promise<T>;

/** What an actor does. Handlers take one turn each; `from` is the name of the asking actor. */
export interface Behaviour<C extends Contract> {
  /** One handler for each ask. What it throws goes to the asker. */
  readonly asks: {
    readonly [K in keyof C["asks"]]: (
      request: C["asks"][K]["request"],
      from: string,
    ) => MaybeLater<C["asks"][K]["reply"]>;
  };
  /** One handler for each tell. What it throws ends the actor. */
  readonly tells: { readonly [K in keyof C["tells"]]: (payload: C["tells"][K], from: string) => void };
  /** Called once, after which no more turns are taken. */
  stop(): void | Promise<void>;
}

/** Starts a behaviour. */
export type Start<C extends Contract> = (
  init: C["init"],
  context: ActorContext<C>,
) => Behaviour<C> | Promise<Behaviour<C>>;
