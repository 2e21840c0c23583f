/**
 * Outgoing connections by address, opened when they are first needed.
 *
 * Owns: one peer for each address; attempts to connect that are under way.
 * Reads: the clock.
 * Never: repeats a request, but for one that the other end refused with "go away" before it had any effect.
 *
 * @module
 */

import { type Clock, systemClock } from "../../store/clock.ts";
import type { RemotingCommand } from "../../protocol/command.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { InvokeOptions } from "./channel.ts";
import { NetError } from "./errors.ts";
import { CONNECT_TIMEOUT_MS, PEERS_MAX } from "./limits.ts";
import { Peer, type PeerOptions } from "./peer.ts";

/** How a pool is made. */
export interface PeerPoolOptions extends PeerOptions {
  /** Addresses that connections are kept to; {@link PEERS_MAX} when left out. */
  readonly peersMax?: number;
  /** Told when a connection is opened. */
  readonly opened?: (peer: Peer) => void;
  /** Told when a connection has closed, with the failure if it was one. */
  readonly closed?: (peer: Peer, error: Error | undefined) => void;
}

/** The pool. */
export class PeerPool {
  readonly #options: PeerPoolOptions;
  readonly #clock: Clock;
  readonly #peersMax: number;
  /** In the order of their last use. */
  readonly #peers = new Map<string, Peer>();
  readonly #connecting = new Map<string, Promise<Peer>>();
  /** Peers that are no longer asked and close when their last response is there. */
  readonly #leaving = new Set<Peer>();
  #open = true;

  /**
   * Makes a PeerPool.
   *
   * @param options Transport, clock, bounds, hooks.
   */
  constructor(options: PeerPoolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#peersMax = options.peersMax ?? PEERS_MAX;
  }

  /** Addresses that there is an open connection to. */
  get addresses(): string[] {
    return [...this.#peers.keys()];
  }

  /**
   * Gives the peer of an address; connects when there is none.
   *
   * @param address `host:port`.
   * @throws {NetError} `CONNECT_FAILED`, `CONNECT_TIMEOUT`, `BAD_ADDRESS`, `CLOSED` when the pool is, `OVERFLOW` when
   * every peer of a full pool is in use.
   */
  peer(address: string): Promise<Peer> {
    const peer = this.#peers.get(address);
    if (peer?.isOpen) {
      this.#peers.delete(address);
      this.#peers.set(address, peer);
      return Promise.resolve(peer);
    }
    let connecting = this.#connecting.get(address);
    if (connecting === undefined) {
      connecting = this.#connect(address).finally(() => this.#connecting.delete(address));
      this.#connecting.set(address, connecting);
    }
    return connecting;
  }

  /**
   * Sends a request and waits for its response. The time to connect is part of the deadline.
   *
   * @param address `host:port`.
   * @param request The request; its opaque is set here.
   * @param options Deadline and abort signal.
   * @throws {NetError} As {@link peer} and `Peer.invoke`.
   */
  async invoke(address: string, request: RemotingCommand, options: InvokeOptions): Promise<RemotingCommand> {
    const deadlineMs = this.#clock.monotonicMs() + options.timeoutMs;
    const peer = await this.#peerWithin(address, options);
    const response = await peer.invoke(request, this.#rest(address, options, deadlineMs));
    if (response.code !== ResponseCode.GO_AWAY) return response;
    this.#leave(peer);
    const next = await this.#peerWithin(address, this.#rest(address, options, deadlineMs));
    return next.invoke({ ...request, opaque: 0 }, this.#rest(address, options, deadlineMs));
  }

  /**
   * Sends a request that nobody answers.
   *
   * @param address `host:port`.
   * @param request The request; it is marked one-way.
   * @throws {NetError} As {@link peer}.
   */
  async oneway(address: string, request: RemotingCommand): Promise<void> {
    (await this.peer(address)).oneway(request);
  }

  /** Closes the connection to an address; what waits for a response is rejected. */
  drop(address: string): void {
    this.#peers.get(address)?.close();
  }

  /** Closes all connections, those under way included, and opens no more. */
  async close(): Promise<void> {
    this.#open = false;
    for (const peer of [...this.#peers.values(), ...this.#leaving]) peer.close();
    await Promise.allSettled(this.#connecting.values());
  }

  async #connect(address: string): Promise<Peer> {
    this.#requireOpen(address);
    this.#makeRoom(address);
    const peer = await Peer.connect(address, this.#options);
    if (!this.#open) {
      peer.close();
      this.#requireOpen(address);
    }
    this.#peers.set(address, peer);
    this.#options.opened?.(peer);
    void peer.closed.then((error) => {
      if (this.#peers.get(address) === peer) this.#peers.delete(address);
      this.#leaving.delete(peer);
      this.#options.closed?.(peer, error);
    });
    return peer;
  }

  /** A caller that has less time than the attempt to connect leaves early; the attempt goes on for others. */
  async #peerWithin(address: string, options: InvokeOptions): Promise<Peer> {
    const open = this.#peers.get(address);
    const connectTimeoutMs = this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    if (open?.isOpen || (options.timeoutMs >= connectTimeoutMs && options.signal === undefined)) {
      return this.peer(address);
    }
    const left: PromiseWithResolvers<never> = Promise.withResolvers();
    const timer = this.#clock.setTimer(options.timeoutMs, () => left.reject(lateError(address, options)));
    const abort = (): void => left.reject(options.signal?.reason);
    options.signal?.addEventListener("abort", abort, { once: true });
    try {
      options.signal?.throwIfAborted();
      const connecting = this.peer(address);
      connecting.catch(() => {}); // The attempt's failure belongs to whoever still waits for it.
      return await Promise.race([connecting, left.promise]);
    } finally {
      timer.cancel();
      options.signal?.removeEventListener("abort", abort);
    }
  }

  #rest(address: string, options: InvokeOptions, deadlineMs: number): InvokeOptions {
    const timeoutMs = deadlineMs - this.#clock.monotonicMs();
    if (timeoutMs <= 0) throw lateError(address, options);
    return { ...options, timeoutMs };
  }

  #leave(peer: Peer): void {
    if (this.#peers.get(peer.address) !== peer) return;
    this.#peers.delete(peer.address);
    this.#leaving.add(peer);
    void this.#closeWhenQuiet(peer);
  }

  async #closeWhenQuiet(peer: Peer): Promise<void> {
    await peer.quiet();
    peer.close();
  }

  #makeRoom(address: string): void {
    if (this.#peers.size + this.#connecting.size < this.#peersMax) return;
    for (const peer of this.#peers.values()) {
      if (peer.counts.outstanding > 0) continue;
      peer.close();
      this.#peers.delete(peer.address);
      return;
    }
    throw new NetError("OVERFLOW", `Cannot connect to ${address}: ${this.#peersMax} connections are in use`, {
      address,
    });
  }

  #requireOpen(address: string): void {
    if (!this.#open) throw new NetError("CLOSED", `Cannot connect to ${address}: the pool is closed`, { address });
  }
}

function lateError(address: string, options: InvokeOptions): NetError {
  return new NetError(
    "REQUEST_TIMEOUT",
    `Cannot send to ${address}: not connected within ${Math.ceil(options.timeoutMs)} ms`,
    { address },
  );
}
