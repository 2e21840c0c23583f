/**
 * The inside of a running actor: it takes messages and gives them to the behaviour, one turn at a time.
 *
 * Owns: the behaviour, the links to peers, the order of turns, the way to the end.
 * Reads: the control block.
 * Never: knows whether it sits in a worker or on its owner's thread; {@link CellHost} is all it sees of that.
 *
 *     starting ──► running ──► stopping ──► ended        turns are taken while running and stopping;
 *         └───────────┴────────────┴──────────┘          what comes while starting waits; a crash ends at once
 *
 * @module
 */

import type { Clock } from "../../store/clock.ts";
import type { Behaviour, Contract, Start } from "./contract.ts";
import { Backlog, tellWithin } from "./backlog.ts";
import { CellContext } from "./cell_context.ts";
import type { ControlBlock } from "./control_block.ts";
import { encodeError, InjectedCrashError, UnknownMessageError } from "./errors.ts";
import { PeerLink } from "./peer_link.ts";
import type { Port } from "./port.ts";
import { transferOf } from "./transferred.ts";
import { TurnClock } from "./turn_clock.ts";
import type { ActorMessage, AskMessage, OwnerMessage, PeerMessage, TellMessage } from "./wire.ts";

/** What an actor's surroundings do for it. */
export interface CellHost {
  /** Time outside of turns. */
  readonly clock: Clock;
  /** True when the thread is the actor's alone, so that a pause may block it. */
  readonly ownsThread: boolean;
  /** Makes a port of what a link message carries. */
  openPort(port: MessagePort | Port): Port;
  /** Lets waiting messages be taken. */
  breathe(): Promise<void>;
  /** CPU time of the thread in microseconds. */
  cpuUs(): number;
  /** Called once, when the actor has ended and said so. */
  ended(): void;
}

/** Where a cell stands. */
type CellState = "starting" | "running" | "stopping" | "ended";

interface Link {
  readonly port: Port;
  readonly from: string;
  readonly peer: PeerLink | undefined;
  readonly backlog: Backlog;
}

type Handlers = Readonly<Record<string, (payload: never, from: string) => unknown>>;

/** Shortest time between two publications of the CPU time, in milliseconds. */
const CPU_INTERVAL_MS = 100;

/** The cell. */
export class ActorCell<C extends Contract> {
  /** Name of the actor. */
  readonly name: string;
  /** Number of this incarnation, from 1. */
  readonly epoch: number;
  /** The words shared with the owner. */
  readonly control: ControlBlock;
  /** What surrounds the actor. */
  readonly host: CellHost;
  /** The actor's own clock. */
  readonly clock: TurnClock;
  readonly #start: Start<C>;
  readonly #owner: Port;
  readonly #ownerBacklog: Backlog;
  readonly #links = new Map<number, Link>();
  readonly #peers = new Map<string, PeerLink>();
  readonly #waiting: (() => void)[] = [];
  #state: CellState = "starting";
  #held = false;
  #stopAsked = false;
  #behaviour: Behaviour<C> | undefined;
  #cpuAtMs = -Infinity;

  /**
   * Makes an ActorCell.
   *
   * @param identity Name and incarnation of the actor.
   * @param start Makes its behaviour.
   * @param owner The port to its owner.
   * @param shared The words shared with the owner, and the tells under way between the two.
   * @param host What surrounds it.
   */
  constructor(
    identity: { readonly name: string; readonly epoch: number },
    start: Start<C>,
    owner: Port,
    shared: { readonly control: ControlBlock; readonly backlog: Backlog },
    host: CellHost,
  ) {
    this.name = identity.name;
    this.epoch = identity.epoch;
    this.#start = start;
    this.#owner = owner;
    this.control = shared.control;
    this.#ownerBacklog = shared.backlog;
    this.host = host;
    this.clock = new TurnClock(host.clock, (run) => this.turn(run));
  }

  /** True when the actor has ended. */
  get ended(): boolean {
    return this.#state === "ended";
  }

  /** Sends a message to the owner. */
  post(message: ActorMessage, transfer?: Transferable[]): void {
    this.#owner.post(message, transfer);
  }

  /**
   * Gives the owner a signal.
   *
   * @returns False when too many are under way, or the actor has ended.
   */
  signal(name: string, payload: unknown, transfer?: Transferable[]): boolean {
    if (this.ended) return false;
    return tellWithin(this.#ownerBacklog, () => this.post({ kind: "signal", name, payload }, transfer));
  }

  /** The stable address of a peer. */
  peer(name: string): PeerLink {
    let peer = this.#peers.get(name);
    if (peer === undefined) {
      peer = new PeerLink(this.name, name, this.clock);
      this.#peers.set(name, peer);
    }
    return peer;
  }

  /** Takes a message of the owner. */
  receive(message: OwnerMessage): void {
    switch (message.kind) {
      case "ask":
        return this.turn(() => this.#answer(message, this.#owner, "owner"));
      case "tell":
        return this.turn(() => this.#take(message, "owner", this.#ownerBacklog));
      case "link":
        return this.#connect(message);
      case "unlink":
        return this.#unlink(message.link);
      case "stop":
        return this.#stop();
      case "pause":
        return this.#pause();
      case "resume":
        this.#held = false;
        return this.#release();
      case "crash":
        return this.turn(() => {
          throw new InjectedCrashError(message.message);
        });
      case "init":
        return void this.#bringUp(message.init as C["init"]);
      case "attach":
        // The surroundings made this cell with what the message says.
        return;
    }
  }

  /** Runs a function as one turn; what it throws ends the actor. */
  turn(run: () => void): void {
    if (this.#state === "ended") return;
    if (this.#held || this.#state === "starting") {
      this.#waiting.push(run);
      return;
    }
    this.control.countTurn();
    try {
      run();
    } catch (error) {
      this.crash(error);
    }
    this.publishCpu();
  }

  /** Publishes the CPU time of the thread when somebody wants it and the last time was long enough ago. */
  publishCpu(): void {
    if (!this.control.cpuAsked) return;
    const now = this.host.clock.monotonicMs();
    if (now - this.#cpuAtMs < CPU_INTERVAL_MS) return;
    this.#cpuAtMs = now;
    this.control.publishCpu(this.host.cpuUs());
  }

  /** Ends the actor as crashed. */
  crash(error: unknown): void {
    this.#end({ kind: "crashed", error: encodeError(error) });
  }

  /** Blocks the thread while a pause is asked for, when the thread is the actor's own. */
  park(): void {
    if (!this.host.ownsThread || !this.control.pauseAsked) return;
    this.post({ kind: "paused" });
    this.control.parkWhilePaused();
  }

  /** Ends without a word; for an owner that has given the actor up. */
  abandon(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#close();
  }

  async #bringUp(init: C["init"]): Promise<void> {
    try {
      const behaviour = await this.#start(init, new CellContext<C>(this));
      if (this.ended) return;
      this.#behaviour = behaviour;
    } catch (error) {
      if (this.ended) return;
      this.#end({ kind: "refused", error: encodeError(error) });
      return;
    }
    this.#state = "running";
    this.post({ kind: "started" });
    this.#release();
    if (this.#stopAsked) this.#stop();
  }

  #pause(): void {
    if (this.host.ownsThread) {
      this.park();
      return;
    }
    if (!this.control.pauseAsked) return;
    this.#held = true;
    this.post({ kind: "paused" });
  }

  #release(): void {
    while (!this.#held && this.#state !== "starting") {
      const run = this.#waiting.shift();
      if (run === undefined) return;
      this.turn(run);
    }
  }

  #stop(): void {
    this.#stopAsked = true;
    if (this.#state !== "running") return;
    this.#state = "stopping";
    this.#held = false;
    this.#release();
    const behaviour = this.#behaviour;
    if (behaviour === undefined || this.ended) return;
    void (async (): Promise<void> => {
      try {
        await behaviour.stop();
      } catch (error) {
        this.crash(error);
        return;
      }
      this.#end({ kind: "farewell" });
    })();
  }

  #end(last: ActorMessage): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    for (const link of this.#links.values()) link.port.post({ kind: "bye" } satisfies PeerMessage);
    this.post(last);
    this.#close();
  }

  #close(): void {
    this.clock.end();
    this.#waiting.length = 0;
    for (const id of [...this.#links.keys()]) this.#unlink(id);
    this.#owner.close();
    this.host.ended();
  }

  #connect(message: OwnerMessage & { kind: "link" }): void {
    const port = this.host.openPort(message.port);
    const peer = message.as === null ? undefined : this.peer(message.as);
    const backlog = new Backlog(message.side, message.backlog);
    this.#links.set(message.link, { port, from: message.from, peer, backlog });
    peer?.connect(message.link, port, backlog);
    port.listen((received) => this.#receivePeer(message.link, received as PeerMessage));
    this.post({ kind: "linked", link: message.link });
  }

  #unlink(id: number): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#links.delete(id);
    link.peer?.disconnect(id);
    link.port.close();
  }

  #receivePeer(id: number, message: PeerMessage): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    switch (message.kind) {
      case "ask":
        return this.turn(() => this.#answer(message, link.port, link.from));
      case "tell":
        return this.turn(() => this.#take(message, link.from, link.backlog));
      case "reply":
        // A reply wakes the turn that asked; while the actor is held it waits as every other message does.
        if (!this.#held) link.peer?.settle(message);
        else this.#waiting.push(() => link.peer?.settle(message));
        return;
      case "bye":
        return this.#unlink(id);
    }
  }

  #take(message: TellMessage, from: string, backlog: Backlog): void {
    backlog.take();
    const tells: Handlers = this.#behaviour?.tells ?? {};
    const handler = Object.hasOwn(tells, message.name) ? tells[message.name] : undefined;
    if (handler === undefined) {
      throw new UnknownMessageError(`Cannot take tell "${message.name}": ${this.name} has none`);
    }
    handler.call(tells, message.payload as never, from);
  }

  #answer(message: AskMessage, port: Port, from: string): void {
    const asks: Handlers = this.#behaviour?.asks ?? {};
    const handler = Object.hasOwn(asks, message.name) ? asks[message.name] : undefined;
    if (handler === undefined) {
      this.#refuse(
        port,
        message.id,
        new UnknownMessageError(`Cannot answer "${message.name}": ${this.name} has no such ask`),
      );
      return;
    }
    try {
      const reply: unknown = handler.call(asks, message.payload as never, from);
      if (reply instanceof Promise) {
        reply.then((value) => this.#reply(port, message.id, value), (error) => this.#refuse(port, message.id, error));
      } else this.#reply(port, message.id, reply);
    } catch (error) {
      this.#refuse(port, message.id, error);
    }
  }

  #reply(port: Port, id: number, value: unknown): void {
    if (this.ended) return;
    try {
      port.post({ kind: "reply", id, value } satisfies PeerMessage, transferOf(value));
    } catch (error) {
      // What cannot be cloned is the answerer's mistake, and the asker is told rather than left to wait.
      this.#refuse(port, id, error);
    }
  }

  #refuse(port: Port, id: number, error: unknown): void {
    if (this.ended) return;
    port.post({ kind: "reply", id, error: encodeError(error) } satisfies PeerMessage);
    // An assertion that fails means that the actor's own state can no longer be trusted.
    if (error instanceof Error && error.name === "AssertionError") this.crash(error);
  }
}
