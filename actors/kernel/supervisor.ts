/**
 * Keeps a list of actors running.
 *
 * Owns: the children's present incarnations, who knows whom, the budget of restarts.
 * Reads: the clock.
 * Never: ends the process; it says that it should, and with which exit code.
 *
 *     start  left to right, each wired to the children before it while it starts; dormant ones when they are woken
 *     crash  restarted with the next epoch and wired to every child that is up, or given up
 *     stop   right to left, each with its own deadline
 *
 * @module
 */

import { type Clock, systemClock } from "../../store/clock.ts";
import type { AnyChild, Child, ChildSurroundings } from "./child.ts";
import type { ActorExit, ActorGauges, ActorHandle, ActorRef, Contract, SignalName } from "./contract.ts";
import { ActorGoneError, toError } from "./errors.ts";
import { ExitCode } from "./exit_code.ts";
import type { TurnScheduler } from "./inline_runtime.ts";
import { RestartBudget } from "./restart_budget.ts";
import type { Acquaintance } from "./spawn.ts";
import { type Wire, wiresOf } from "./wires.ts";

/** What happens under a supervisor. */
export type SupervisorEvent =
  | { readonly kind: "started"; readonly child: string; readonly epoch: number }
  | { readonly kind: "crashed"; readonly child: string; readonly epoch: number; readonly error: Error }
  | { readonly kind: "restarted"; readonly child: string; readonly epoch: number }
  | { readonly kind: "gave-up"; readonly child: string; readonly error: Error; readonly exitCode: number }
  | { readonly kind: "stopped"; readonly child: string; readonly exit: ActorExit };

/** How a supervisor ended. */
export interface SupervisorExit {
  /** Exit code that the process should have. */
  readonly exitCode: number;
  /** Child because of which it gave up. */
  readonly child?: string;
  /** Why it gave up. */
  readonly error?: Error;
  /** Children that had to be terminated; their threads may still run, so the process has to be ended by force. */
  readonly stuck: readonly string[];
}

/** How a supervisor is made. */
export interface SupervisorOptions {
  /** The children, in the order of their start. */
  readonly children: readonly AnyChild[];
  /** Told of what happens. */
  readonly onEvent?: (event: SupervisorEvent) => void;
  /** Restarts of one child that are allowed within a time; 3 in 30 s when left out. */
  readonly budget?: { readonly restarts: number; readonly withinMs: number };
  /** Counts deadlines and the budget; the machine's clock when left out. */
  readonly clock?: Clock;
  /** Picks the turns of inline children. */
  readonly scheduler?: TurnScheduler;
}

/** Where a supervisor stands. */
type SupervisorState = "new" | "running" | "given-up" | "stopping" | "stopped";

interface Slot {
  readonly child: AnyChild;
  readonly budget: RestartBudget;
  readonly prepare: Set<(ref: ActorHandle) => void>;
  epoch: number;
  ref: ActorHandle | undefined;
}

const BUDGET = { restarts: 3, withinMs: 30_000 };

/** The supervisor. */
export class Supervisor {
  /** Settles when the supervisor gives up or has stopped, whichever is first. Never rejects. */
  readonly ended: Promise<SupervisorExit>;
  readonly #slots = new Map<string, Slot>();
  readonly #wires: readonly Wire[];
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  readonly #ended: PromiseWithResolvers<SupervisorExit> = Promise.withResolvers();
  #state: SupervisorState = "new";
  /** Starts and restarts happen one after the other, so that no two miss each other while they are wired. */
  #last: Promise<void> = Promise.resolve();
  #stopping: Promise<SupervisorExit> | undefined;
  #gaveUp: Omit<SupervisorExit, "stuck"> | undefined;

  /**
   * Makes a Supervisor.
   *
   * @param options The children, and who is told.
   * @throws {RangeError} When two children have one name, or a peer is no child.
   */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.ended = this.#ended.promise;
    const { restarts, withinMs } = options.budget ?? BUDGET;
    for (const child of options.children) {
      if (this.#slots.has(child.name)) throw new RangeError(`Cannot supervise two children named "${child.name}"`);
      const budget = new RestartBudget(restarts, withinMs);
      this.#slots.set(child.name, { child, budget, prepare: new Set(), epoch: 0, ref: undefined });
    }
    this.#wires = wiresOf(options.children);
  }

  /** True while children are kept running. */
  get running(): boolean {
    return this.#state === "running";
  }

  /**
   * Starts the children, left to right. When one fails, those before it are stopped again.
   *
   * @throws {Error} What the child failed with.
   */
  async start(): Promise<void> {
    if (this.#state !== "new") throw new RangeError(`Cannot start supervisor: it is ${this.#state}`);
    this.#state = "running";
    for (const slot of this.#slots.values()) {
      if (!this.running) {
        throw new ActorGoneError(`Cannot start "${slot.child.name}": the supervisor is ${this.#state}`);
      }
      if (slot.child.isDormant) continue;
      try {
        await this.#inTurn(() => this.#bringUp(slot));
      } catch (error) {
        this.#state = "given-up";
        await this.stop();
        throw error;
      }
      this.#tell({ kind: "started", child: slot.child.name, epoch: slot.epoch });
    }
  }

  /**
   * Starts a dormant child, which from then on is kept running as the others are. Harmless when it is up.
   *
   * @throws {ActorGoneError} When the supervisor does not run.
   * @throws {Error} What the child failed with; it stays dormant.
   */
  async wake<C extends Contract>(child: Child<C>): Promise<void> {
    const slot = this.#slotOf(child);
    await this.#inTurn(async () => {
      if (!this.running) throw new ActorGoneError(`Cannot wake "${child.name}": the supervisor is ${this.#state}`);
      if (slot.ref !== undefined) return;
      await this.#bringUp(slot);
      this.#tell({ kind: "started", child: child.name, epoch: slot.epoch });
    });
  }

  /** Whether a child is up. */
  isUp<C extends Contract>(child: Child<C>): boolean {
    return this.#slotOf(child).ref !== undefined;
  }

  /**
   * Gives the address of a child's present incarnation.
   *
   * @throws {ActorGoneError} When it is not up.
   */
  ref<C extends Contract>(child: Child<C>): ActorRef<C> {
    const ref = this.#slotOf(child).ref;
    if (ref === undefined) throw new ActorGoneError(`Cannot address "${child.name}": it is not up`);
    return ref as ActorRef<C>;
  }

  /**
   * Listens to a signal of a child, of this and of every later incarnation; signals of its start included when this is
   * called before.
   *
   * @returns Ends the listening.
   */
  on<C extends Contract, K extends SignalName<C>>(
    child: Child<C>,
    signal: K,
    handler: (payload: C["signals"][K]) => void,
  ): () => void {
    const slot = this.#slotOf(child);
    let off = (): void => {};
    const prepare = (ref: ActorHandle): void => {
      off = (ref as ActorRef<C>).on(signal, handler);
    };
    slot.prepare.add(prepare);
    if (slot.ref !== undefined) prepare(slot.ref);
    return (): void => {
      slot.prepare.delete(prepare);
      off();
    };
  }

  /** What the children publish about themselves, in their order. */
  gauges(): { readonly child: string; readonly epoch: number; readonly gauges: ActorGauges | undefined }[] {
    return Array.from(this.#slots.values(), (slot) => ({
      child: slot.child.name,
      epoch: slot.epoch,
      gauges: slot.ref?.gauges,
    }));
  }

  /** Stops the children, right to left, each within its deadline; asked for again it waits for the same end. */
  stop(): Promise<SupervisorExit> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<SupervisorExit> {
    this.#state = "stopping";
    // A start that is under way comes to its end first: what it brings up is stopped with the rest.
    await this.#last;
    const stuck: string[] = [];
    for (const slot of [...this.#slots.values()].reverse()) {
      const ref = slot.ref;
      if (ref === undefined) continue;
      ref.stop({ timeoutMs: slot.child.stopDeadlineMs }).catch(() => {}); // The exit below tells the same.
      const exit = await ref.ended;
      slot.ref = undefined;
      if (exit.kind === "stuck") stuck.push(slot.child.name);
      this.#tell({ kind: "stopped", child: slot.child.name, exit });
    }
    this.#state = "stopped";
    const exitCode = this.#gaveUp?.exitCode ?? (stuck.length > 0 ? ExitCode.STOP_TIMED_OUT : ExitCode.OK);
    const exit: SupervisorExit = { ...this.#gaveUp, exitCode, stuck };
    this.#ended.resolve(exit);
    return exit;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {}); // Whoever asked for the turn is told by the promise that is returned.
    return turn;
  }

  async #bringUp(slot: Slot): Promise<void> {
    slot.epoch++;
    const surroundings: ChildSurroundings<Contract> = {
      epoch: slot.epoch,
      peers: this.#acquaintances(slot.child.name),
      clock: this.#clock,
      scheduler: this.#options.scheduler,
      prepare: (ref): void => {
        for (const prepare of slot.prepare) prepare(ref);
      },
    };
    const ref = await slot.child.bringUp(surroundings as ChildSurroundings<never>);
    slot.ref = ref;
    void ref.ended.then((exit) => this.#childEnded(slot, ref, exit));
  }

  /** Peers of a child that are up, whichever of the two names the other. */
  #acquaintances(name: string): Acquaintance[] {
    const peers: Acquaintance[] = [];
    for (const wire of this.#wires) {
      if (wire.left !== name && wire.right !== name) continue;
      const isLeft = wire.left === name;
      const ref = this.#slots.get(isLeft ? wire.right : wire.left)?.ref;
      if (ref === undefined) continue;
      peers.push({
        as: (isLeft ? wire.atLeft : wire.atRight) as Acquaintance["as"],
        ref,
        knownAs: isLeft ? wire.atRight : wire.atLeft,
      });
    }
    return peers;
  }

  #childEnded(slot: Slot, ref: ActorHandle, exit: ActorExit): void {
    if (slot.ref !== ref || !(this.running || this.#state === "given-up")) return;
    slot.ref = undefined;
    const error = exit.kind === "stopped" ? new ActorGoneError(`"${slot.child.name}" ended unasked`) : exit.error;
    this.#tell({ kind: "crashed", child: slot.child.name, epoch: slot.epoch, error });
    this.#afterCrash(slot, error);
  }

  #afterCrash(slot: Slot, error: Error): void {
    if (!this.running) return;
    if (slot.child.restart === "exit-process" || !slot.budget.take(this.#clock.monotonicMs())) {
      this.#giveUp(slot, error);
      return;
    }
    void this.#inTurn(async () => {
      // Somebody's wake-up may have come before: a second incarnation beside that would be nobody's.
      if (!this.running || slot.ref !== undefined) return;
      try {
        await this.#bringUp(slot);
      } catch (thrown) {
        const failure = toError(thrown);
        this.#tell({ kind: "crashed", child: slot.child.name, epoch: slot.epoch, error: failure });
        this.#afterCrash(slot, failure);
        return;
      }
      this.#tell({ kind: "restarted", child: slot.child.name, epoch: slot.epoch });
    });
  }

  #giveUp(slot: Slot, error: Error): void {
    const child = slot.child.name;
    const exitCode = slot.child.exitCode?.(error) ?? ExitCode.ACTOR_GAVE_UP;
    this.#state = "given-up";
    this.#gaveUp = { exitCode, child, error };
    this.#tell({ kind: "gave-up", child, error, exitCode });
    this.#ended.resolve({ ...this.#gaveUp, stuck: [] });
  }

  #slotOf(child: AnyChild): Slot {
    const slot = this.#slots.get(child.name);
    if (slot === undefined || slot.child !== child) {
      throw new RangeError(`"${child.name}" is no child of this supervisor`);
    }
    return slot;
  }

  #tell(event: SupervisorEvent): void {
    this.#options.onEvent?.(event);
  }
}
