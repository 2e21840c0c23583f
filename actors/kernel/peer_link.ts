/**
 * The stable address of a peer.
 *
 * Owns: the port to the peer's present incarnation and the asks that wait on it.
 * Reads: the clock, for deadlines.
 * Never: waits for a peer to come back; whoever asks a peer that is away is told so at once.
 *
 * @module
 */

import type { Clock } from "../../store/clock.ts";
import { AskTable } from "./ask_table.ts";
import { type Backlog, tellWithin } from "./backlog.ts";
import type { AskOptions, Contract, PeerRef, TellOptions } from "./contract.ts";
import { ActorGoneError } from "./errors.ts";
import type { Port } from "./port.ts";
import type { ReplyMessage } from "./wire.ts";

/** A peer as its user sees it, without its types. */
export class PeerLink implements PeerRef<Contract> {
  readonly #name: string;
  readonly #asks: AskTable;
  #port: Port | undefined;
  #backlog: Backlog | undefined;
  #link = 0;
  #tellsDropped = 0;

  /**
   * Makes a PeerLink.
   *
   * @param owner Name of the actor that holds this.
   * @param name What it calls the peer.
   * @param clock Its clock.
   */
  constructor(owner: string, name: string, clock: Clock) {
    this.#name = name;
    this.#asks = new AskTable(clock, `peer "${name}" of ${owner}`);
  }

  /** True when there is a live actor at the other end. */
  get connected(): boolean {
    return this.#port !== undefined;
  }

  /** Tells that were dropped: nobody was connected, or too many were under way. */
  get tellsDropped(): number {
    return this.#tellsDropped;
  }

  /** Asks that wait for a reply. */
  get asksWaiting(): number {
    return this.#asks.size;
  }

  /**
   * Sends a request and waits for its reply.
   *
   * @throws {ActorGoneError} When nobody is connected, or the peer ends before it replies.
   */
  ask(name: string, request: unknown, options: AskOptions): Promise<unknown> {
    const port = this.#port;
    if (port === undefined) return Promise.reject(this.#gone(name));
    return this.#asks.open(name, options.timeoutMs, (id) => {
      port.post({ kind: "ask", id, name, payload: request }, options.transfer);
    });
  }

  /** Sends a message that is not answered. */
  tell(name: string, payload: unknown, options: TellOptions = {}): boolean {
    const port = this.#port;
    const backlog = this.#backlog;
    const told = port !== undefined && backlog !== undefined &&
      tellWithin(backlog, () => port.post({ kind: "tell", name, payload }, options.transfer));
    if (!told) this.#tellsDropped++;
    return told;
  }

  /** Connects this address to an incarnation; asks that wait on an earlier one are rejected. */
  connect(link: number, port: Port, backlog: Backlog): void {
    this.disconnect(this.#link);
    this.#link = link;
    this.#port = port;
    this.#backlog = backlog;
  }

  /** Disconnects, when it is this link that is in use. */
  disconnect(link: number): void {
    if (this.#link !== link || this.#port === undefined) return;
    this.#port = undefined;
    this.#asks.rejectAll((name) => this.#gone(name));
  }

  /** Takes a reply. */
  settle(reply: ReplyMessage): void {
    this.#asks.settle(reply);
  }

  #gone(ask: string): ActorGoneError {
    return new ActorGoneError(`Cannot ask "${ask}" of "${this.#name}": it is not connected`);
  }
}
