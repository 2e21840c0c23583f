/**
 * What a behaviour is given of the world.
 *
 * Owns: nothing; it is the behaviour's view of its cell.
 * Reads: the cell.
 * Never: handed to anything but the behaviour of that cell.
 *
 * @module
 */

import type { Clock } from "../../store/clock.ts";
import type { ActorCell } from "./actor_cell.ts";
import type { ActorContext, Contract, PeerContract, PeerName, PeerRef, SignalName, TellOptions } from "./contract.ts";

/** The context. */
export class CellContext<C extends Contract> implements ActorContext<C> {
  readonly #cell: ActorCell<C>;

  /**
   * Makes a CellContext.
   *
   * @param cell The actor's cell.
   */
  constructor(cell: ActorCell<C>) {
    this.#cell = cell;
  }

  /** Number of this incarnation, from 1. */
  get epoch(): number {
    return this.#cell.epoch;
  }

  /** Name of this actor. */
  get name(): string {
    return this.#cell.name;
  }

  /** Time; its timers are turns of this actor. */
  get clock(): Clock {
    return this.#cell.clock;
  }

  /** One word, 0 until a stop is asked for. */
  get stopWord(): Int32Array {
    return this.#cell.control.stopWord;
  }

  /** Gives a message to whoever runs this actor. */
  signal<K extends SignalName<C>>(name: K, payload: C["signals"][K], options: TellOptions = {}): boolean {
    return this.#cell.signal(name, payload, options.transfer);
  }

  /** The stable address of a peer. */
  peer<K extends PeerName<C>>(name: K): PeerRef<PeerContract<C, K>> {
    return this.#cell.peer(name) as unknown as PeerRef<PeerContract<C, K>>;
  }

  /** Ends this actor as crashed. */
  fail(error: unknown): never {
    this.#cell.crash(error);
    throw error;
  }

  /**
   * Blocks while the actor is paused.
   *
   * @returns False when a stop is asked for.
   */
  gate(): boolean {
    this.#cell.park();
    this.#cell.publishCpu();
    return !this.#cell.control.stopAsked;
  }

  /** True when the thread is this actor's alone. */
  get ownsThread(): boolean {
    return this.#cell.host.ownsThread;
  }

  /** Lets waiting messages be taken, then does as {@link gate}. */
  async breathe(): Promise<boolean> {
    await this.#cell.host.breathe();
    return this.gate();
  }

  /** Adds to the shared work counter. */
  countWork(count: number): void {
    this.#cell.control.countWork(count);
  }
}
