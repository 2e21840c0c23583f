/**
 * An actor as its owner holds it.
 *
 * Owns: the asks of the owner, the listeners to signals, the links that were made for the actor, its end.
 * Reads: the clock, for deadlines.
 * Never: knows whether the actor runs in a worker; {@link OwnedActorOptions} is all it sees of that.
 *
 * @module
 */

import type { Clock, Timer } from "../../store/clock.ts";
import { AskTable } from "./ask_table.ts";
import { type Backlog, tellWithin } from "./backlog.ts";
import type {
  ActorExit,
  ActorGauges,
  ActorRef,
  AskName,
  AskOptions,
  Contract,
  ReplyOf,
  RequestOf,
  SignalName,
  TellName,
  TellOptions,
} from "./contract.ts";
import type { ControlBlock } from "./control_block.ts";
import {
  ActorGoneError,
  AskTimeoutError,
  decodeError,
  InitFailedError,
  InitTimeoutError,
  PeerRefusedError,
  StopTimeoutError,
  toError,
} from "./errors.ts";
import type { InlineRuntime } from "./inline_runtime.ts";
import type { Port } from "./port.ts";
import type { ActorMessage, OwnerMessage } from "./wire.ts";

/** What runs the actor, as the owner's side sees it. */
export interface OwnedActorOptions {
  /** Name of the actor. */
  readonly name: string;
  /** Number of this incarnation. */
  readonly epoch: number;
  /** The port to the actor. */
  readonly port: Port;
  /** Counts deadlines. */
  readonly clock: Clock;
  /** The words shared with the actor. */
  readonly control: ControlBlock;
  /** Tells and signals under way. */
  readonly backlog: Backlog;
  /** What runs it on this thread; undefined when it has a worker. */
  readonly runtime: InlineRuntime | undefined;
  /** Sends a link message together with its port. */
  readonly postLink: (message: OwnerMessage & { kind: "link" }) => void;
  /** Ends what runs the actor; `stuck` is true when the actor did not answer to the stop. */
  readonly terminate: (stuck: boolean) => void;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** The owner's side of an actor. */
export class OwnedActor<C extends Contract> implements ActorRef<C> {
  /** Name of this actor. */
  readonly name: string;
  /** Number of this incarnation, from 1. */
  readonly epoch: number;
  /** Settles when the actor has ended; never rejects. */
  readonly ended: Promise<ActorExit>;
  /** What runs the actor. */
  readonly options: OwnedActorOptions;
  readonly #asks: AskTable;
  readonly #listeners = new Map<string, Set<(payload: never) => void>>();
  readonly #linking = new Map<number, Deferred<void>>();
  readonly #unlinkAtEnd = new Map<number, () => void>();
  readonly #ended: Deferred<ActorExit> = Promise.withResolvers();
  readonly #hello: Deferred<void> = Promise.withResolvers();
  readonly #started: Deferred<void> = Promise.withResolvers();
  #paused: Deferred<void> | undefined;
  #exit: ActorExit | undefined;
  #stopping: Promise<void> | undefined;
  #tellsDropped = 0;

  /**
   * Makes an OwnedActor.
   *
   * @param options What runs the actor.
   */
  constructor(options: OwnedActorOptions) {
    this.options = options;
    this.name = options.name;
    this.epoch = options.epoch;
    this.ended = this.#ended.promise;
    this.#asks = new AskTable(options.clock, options.name);
    // Each is awaited only on some paths; an end before that is told by `ended` alone.
    this.#hello.promise.catch(() => {});
    this.#started.promise.catch(() => {});
    options.port.listen((message) => this.#receive(message as ActorMessage));
  }

  /** True until the actor has ended. */
  get connected(): boolean {
    return this.#exit === undefined;
  }

  /** Tells that were dropped: the actor had ended, or too many were under way. */
  get tellsDropped(): number {
    return this.#tellsDropped;
  }

  /** Counts of work as the actor publishes them. */
  get gauges(): ActorGauges {
    return this.options.control;
  }

  /**
   * Brings the actor up.
   *
   * @param init What it is started with, with the name of its role.
   * @param limits Deadline in milliseconds and what is moved with the init.
   * @param wire Makes the links that are there before the behaviour starts.
   */
  async bringUp(
    init: { readonly role: string; readonly value: C["init"] },
    limits: { readonly timeoutMs: number; readonly transfer: Transferable[] },
    wire: () => Promise<void>,
  ): Promise<void> {
    const late = this.#deadline(limits.timeoutMs, () => {
      this.#end({
        kind: "stuck",
        error: new InitTimeoutError(`Cannot start ${this.name}: it is not up within ${limits.timeoutMs} ms`),
      });
    });
    try {
      await this.#hello.promise;
      const { name, epoch } = this;
      const { control, backlog } = this.options;
      this.#post({
        kind: "attach",
        name,
        role: init.role,
        epoch,
        control: control.memory,
        backlog: backlog.memory,
      });
      await wire();
      this.#post({ kind: "init", init: init.value }, limits.transfer);
      await this.#started.promise;
    } catch (thrown) {
      this.#end({ kind: "crashed", error: toError(thrown) });
      // When the actor had ended by itself, that is the reason, whatever was thrown on the way.
      throw this.#exit?.kind === "crashed" || this.#exit?.kind === "stuck" ? this.#exit.error : thrown;
    } finally {
      late.cancel();
    }
  }

  /** Sends a request and waits for its reply. */
  ask<K extends AskName<C>>(name: K, request: RequestOf<C, K>, options: AskOptions): Promise<ReplyOf<C, K>> {
    if (this.#exit !== undefined) return Promise.reject(this.#gone(name));
    return this.#asks.open(name, options.timeoutMs, (id) => {
      this.#post({ kind: "ask", id, name, payload: request }, options.transfer);
    });
  }

  /** Sends a message that is not answered. */
  tell<K extends TellName<C>>(name: K, payload: C["tells"][K], options: TellOptions = {}): boolean {
    const told = this.#exit === undefined &&
      tellWithin(this.options.backlog, () => this.#post({ kind: "tell", name, payload }, options.transfer));
    if (!told) this.#tellsDropped++;
    return told;
  }

  /**
   * Listens to a signal.
   *
   * @returns Ends the listening.
   */
  on<K extends SignalName<C>>(signal: K, handler: (payload: C["signals"][K]) => void): () => void {
    let handlers = this.#listeners.get(signal);
    if (handlers === undefined) this.#listeners.set(signal, handlers = new Set());
    handlers.add(handler);
    return (): void => {
      this.#listeners.get(signal)?.delete(handler);
    };
  }

  /**
   * Stops the actor; asked for again it waits for the same end.
   *
   * @throws {StopTimeoutError} When it had to be terminated.
   */
  stop(options: { readonly timeoutMs: number }): Promise<void> {
    this.#stopping ??= this.#stop(options.timeoutMs);
    return this.#stopping;
  }

  /** Tells the actor to take no more turns until it is resumed. */
  async pause(options: { readonly timeoutMs: number }): Promise<void> {
    if (this.#exit !== undefined) throw this.#gone("pause");
    const paused = this.#paused ??= Promise.withResolvers();
    this.options.control.askPause(true);
    this.#post({ kind: "pause" });
    const late = this.#deadline(options.timeoutMs, () => {
      paused.reject(new AskTimeoutError(`Cannot pause ${this.name}: it takes turns after ${options.timeoutMs} ms`));
    });
    try {
      await paused.promise;
    } finally {
      late.cancel();
      if (this.#paused === paused) this.#paused = undefined;
    }
  }

  /** Lets a paused actor go on. */
  resume(): void {
    this.options.control.askPause(false);
    if (this.#exit === undefined) this.#post({ kind: "resume" });
  }

  /** Makes the actor throw inside its next turn. */
  crash(message: string): void {
    if (this.#exit === undefined) this.#post({ kind: "crash", message });
  }

  /** Reports a crash that the actor could not report itself. */
  crashed(error: Error): void {
    this.#end({ kind: "crashed", error });
  }

  /**
   * Gives the actor its end of a link.
   *
   * @param message The link, with the port.
   * @param atEnd Called when this actor ends.
   */
  link(message: OwnerMessage & { kind: "link" }, atEnd: () => void): Promise<void> {
    if (this.#exit !== undefined) {
      return Promise.reject(new PeerRefusedError(`Cannot introduce ${this.name}: it has ended`));
    }
    const linking: Deferred<void> = Promise.withResolvers();
    this.#linking.set(message.link, linking);
    this.#unlinkAtEnd.set(message.link, atEnd);
    this.options.postLink(message);
    return linking.promise;
  }

  /** Takes the actor's end of a link away. */
  unlink(link: number): void {
    this.#unlinkAtEnd.delete(link);
    if (this.#exit === undefined) this.#post({ kind: "unlink", link });
  }

  async #stop(timeoutMs: number): Promise<void> {
    if (this.#exit !== undefined) return;
    this.options.control.askStop();
    this.#post({ kind: "stop" });
    const error = new StopTimeoutError(`Cannot stop ${this.name}: it runs after ${timeoutMs} ms`);
    const late = this.#deadline(timeoutMs, () => this.#end({ kind: "stuck", error }));
    const exit = await this.ended;
    late.cancel();
    if (exit.kind === "stuck") throw exit.error;
  }

  #receive(message: ActorMessage): void {
    if (this.#exit !== undefined) return;
    switch (message.kind) {
      case "reply":
        return this.#asks.settle(message);
      case "signal":
        this.options.backlog.take();
        for (const handler of this.#listeners.get(message.name) ?? []) handler(message.payload as never);
        return;
      case "hello":
        return this.#hello.resolve();
      case "started":
        return this.#started.resolve();
      case "refused": {
        const cause = decodeError(message.error);
        const error = new InitFailedError(`Cannot start ${this.name}: ${cause.message}`, { cause });
        return this.#end({ kind: "crashed", error });
      }
      case "linked":
        this.#linking.get(message.link)?.resolve();
        this.#linking.delete(message.link);
        return;
      case "paused":
        return this.#paused?.resolve();
      case "farewell":
        return this.#end({ kind: "stopped" });
      case "crashed":
        return this.#end({ kind: "crashed", error: decodeError(message.error) });
    }
  }

  #end(exit: ActorExit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    this.options.control.askStop();
    this.options.port.close();
    this.options.terminate(exit.kind === "stuck");
    const why = exit.kind === "stopped" ? this.#gone("start") : exit.error;
    this.#hello.reject(why);
    this.#started.reject(why);
    this.#paused?.reject(this.#gone("pause"));
    for (const linking of this.#linking.values()) {
      linking.reject(new PeerRefusedError(`Cannot introduce ${this.name}: it has ended`));
    }
    this.#linking.clear();
    const unlink = [...this.#unlinkAtEnd.values()];
    this.#unlinkAtEnd.clear();
    for (const atEnd of unlink) atEnd();
    this.#asks.rejectAll((name) => this.#gone(name));
    this.#ended.resolve(exit);
  }

  #post(message: OwnerMessage, transfer?: Transferable[]): void {
    this.options.port.post(message, transfer);
  }

  #deadline(timeoutMs: number, late: () => void): Timer {
    return this.options.clock.setTimer(timeoutMs, late);
  }

  #gone(ask: string): ActorGoneError {
    const exit = this.#exit;
    const how = exit === undefined ? "it is going" : `it has ${exit.kind === "stopped" ? "stopped" : exit.kind}`;
    const cause = exit === undefined || exit.kind === "stopped" ? undefined : { cause: exit.error };
    return new ActorGoneError(`Cannot ask "${ask}" of ${this.name}: ${how}`, cause);
  }
}
