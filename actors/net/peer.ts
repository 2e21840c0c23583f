/**
 * An outgoing connection to one address.
 *
 * Owns: how the connection is opened; the rest is its channel's.
 * Reads: the clock.
 * Never: connects again; that is the pool's.
 *
 * @module
 */

import { type Clock, systemClock } from "../../store/clock.ts";
import type { RemotingCommand } from "../../protocol/command.ts";
import { Channel, type ChannelCounts, type InvokeOptions, notSupported } from "./channel.ts";
import type { DirectRequest } from "./direct_request.ts";
import type { RequestHandler } from "./inbox.ts";
import { CONNECT_TIMEOUT_MS, IDLE_MS } from "./limits.ts";
import type { RpcHook } from "./rpc_hook.ts";
import type { Transport } from "./transport.ts";

/** How a peer is made. */
export interface PeerOptions {
  /** Opens the connection. */
  readonly transport: Transport;
  /** Counts deadlines; the machine's clock when left out. */
  readonly clock?: Clock;
  /** Answers requests of the other end; they are refused as not supported when left out. */
  readonly onRequest?: RequestHandler;
  /** Told of what `onRequest` threw. */
  readonly handlerFailed?: (error: unknown, request: RemotingCommand, channel: Channel) => void;
  /** Hooks around each request. */
  readonly hooks?: readonly RpcHook[];
  /** Milliseconds until an attempt to connect is given up. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds without a byte in either direction until the connection is closed. */
  readonly idleMs?: number;
  /**
   * Closes the connection when a request is not answered in time.
   * Source: apache/rocketmq remoting/src/main/java/org/apache/rocketmq/remoting/netty/NettyClientConfig.java clientCloseSocketIfTimeout
   */
  readonly closeOnTimeout?: boolean;
  /** Requests that may be outstanding. */
  readonly outstandingMax?: number;
  /** Bytes that may wait to be written. */
  readonly pendingBytesMax?: number;
  /** Bytes of the largest frame. */
  readonly frameBytesMax?: number;
}

/** Room for an answer that comes in pieces: that of an ordinary pull, so that it is copied once. */
const PARTIAL_BYTES_MIN = 65_536;

/** The peer. */
export class Peer {
  /** The address as it was given, `host:port`. */
  readonly address: string;
  readonly #channel: Channel;

  private constructor(address: string, channel: Channel) {
    this.address = address;
    this.#channel = channel;
  }

  /**
   * Connects.
   *
   * @param address `host:port`.
   * @param options Transport, clock, bounds, hooks.
   * @throws {NetError} `CONNECT_FAILED`, `CONNECT_TIMEOUT` or `BAD_ADDRESS`.
   */
  static async connect(address: string, options: PeerOptions): Promise<Peer> {
    const connection = await options.transport.connect(address, {
      timeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    });
    const channel = new Channel(connection, {
      clock: options.clock ?? systemClock,
      hooks: options.hooks ?? [],
      idleMs: options.idleMs ?? IDLE_MS,
      handler: options.onRequest ?? notSupported,
      partialBytesMin: PARTIAL_BYTES_MIN,
      ...(options.handlerFailed === undefined ? {} : { handlerFailed: options.handlerFailed }),
      ...(options.closeOnTimeout === undefined ? {} : { closeOnTimeout: options.closeOnTimeout }),
      ...(options.outstandingMax === undefined ? {} : { outstandingMax: options.outstandingMax }),
      ...(options.pendingBytesMax === undefined ? {} : { pendingBytesMax: options.pendingBytesMax }),
      ...(options.frameBytesMax === undefined ? {} : { frameBytesMax: options.frameBytesMax }),
    });
    return new Peer(address, channel);
  }

  /** True until the connection is closed. */
  get isOpen(): boolean {
    return this.#channel.isOpen;
  }

  /** Settles when the connection is closed: with the failure, or with undefined. Never rejects. */
  get closed(): Promise<Error | undefined> {
    return this.#channel.closed;
  }

  /** Address of this end, `ip:port`. */
  get localAddress(): string {
    return this.#channel.localAddress;
  }

  /** What the connection has counted. */
  get counts(): ChannelCounts {
    return this.#channel.counts;
  }

  /**
   * Sends a request and waits for its response, whatever code that has.
   *
   * @param request The request; its opaque is set here.
   * @param options Deadline and abort signal.
   * @throws {NetError} `REQUEST_TIMEOUT`, `CLOSED`, `SEND_FAILED`, `SLOW_READER` or `OVERFLOW`, with the address.
   */
  invoke(request: RemotingCommand, options: InvokeOptions): Promise<RemotingCommand> {
    return this.#channel.invoke(request, options);
  }

  /**
   * Sends a request that writes its own frame.
   *
   * @param request The request.
   * @returns False when it was not taken: the connection is closed or has hooks.
   * @throws {NetError} `OVERFLOW`.
   */
  direct(request: DirectRequest): boolean {
    return this.#channel.direct(request);
  }

  /**
   * Sends a request that nobody answers.
   *
   * @param request The request; it is marked one-way.
   * @throws {NetError} `CLOSED` when the connection is.
   */
  oneway(request: RemotingCommand): void {
    this.#channel.oneway(request);
  }

  /** Settles when no request waits for its response, or the connection is closed. */
  quiet(): Promise<void> {
    return this.#channel.quiet();
  }

  /** Settles when all that was sent is written and every request of the other end has been handled. */
  drained(): Promise<void> {
    return this.#channel.drained();
  }

  /** Closes the connection; what waits for a response is rejected. */
  close(): void {
    this.#channel.close();
  }
}
