/**
 * Accepts connections and answers what comes on them.
 *
 * Owns: the listening address and the channels.
 * Reads: the clock.
 * Never: lets one connection's failure reach another, or the listening.
 *
 * @module
 */

import { type Clock, systemClock } from "../../store/clock.ts";
import type { RemotingCommand } from "../../protocol/command.ts";
import { Channel } from "./channel.ts";
import type { RequestHandler } from "./inbox.ts";
import { CONNECTIONS_MAX, IDLE_MS } from "./limits.ts";
import type { RpcHook } from "./rpc_hook.ts";
import type { Connection, Listener, Transport } from "./transport.ts";

/** How a server is made. */
export interface ServerOptions {
  /** Accepts the connections. */
  readonly transport: Transport;
  /** Host to listen on. */
  readonly hostname: string;
  /** Port to listen on, 0 for any free one. */
  readonly port: number;
  /** Shares the port with other listeners of this process. */
  readonly reusePort?: boolean;
  /** Answers requests. */
  readonly handler: RequestHandler;
  /** Counts idleness and deadlines; the machine's clock when left out. */
  readonly clock?: Clock;
  /** Hooks around each request. */
  readonly hooks?: readonly RpcHook[];
  /** Told when a connection is accepted. */
  readonly opened?: (channel: Channel) => void;
  /** Told when a connection has closed, with the failure if it was one. */
  readonly closed?: (channel: Channel, error: Error | undefined) => void;
  /** Told of what the handler or a hook threw. */
  readonly handlerFailed?: (error: unknown, request: RemotingCommand, channel: Channel) => void;
  /** Told when nothing more can be accepted. */
  readonly listenFailed?: (error: unknown) => void;
  /** Milliseconds without a byte in either direction until a connection is closed. */
  readonly idleMs?: number;
  /** Connections that are accepted at a time; more are closed at once. */
  readonly connectionsMax?: number;
  /** Requests of one connection that may be in the handler at a time. */
  readonly inFlightMax?: number;
  /** One-way requests of one connection that may be in the handler at a time. */
  readonly onewayInFlightMax?: number;
  /** Bytes that may wait to be written on one connection. */
  readonly pendingBytesMax?: number;
  /** Bytes of the largest frame. */
  readonly frameBytesMax?: number;
}

/** The server. It listens from the moment it is made. */
export class Server {
  readonly #options: ServerOptions;
  readonly #listener: Listener;
  readonly #channels = new Map<number, Channel>();
  readonly #accepting: Promise<void>;
  readonly #clock: Clock;
  #refused = 0;

  /**
   * Makes a Server.
   *
   * @param options Address, handler, bounds.
   * @throws {NetError} `LISTEN_FAILED` when the address cannot be listened on.
   */
  constructor(options: ServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#listener = options.transport.listen({
      hostname: options.hostname,
      port: options.port,
      ...(options.reusePort === undefined ? {} : { reusePort: options.reusePort }),
    });
    this.#accepting = this.#accept();
  }

  /** Port that is listened on. */
  get port(): number {
    return this.#listener.port;
  }

  /** Address that is listened on, `host:port`. */
  get address(): string {
    return `${this.#listener.hostname}:${this.#listener.port}`;
  }

  /** Open connections, oldest first. */
  get channels(): Channel[] {
    return [...this.#channels.values()];
  }

  /** Connections that were closed at once because there were too many. */
  get connectionsRefused(): number {
    return this.#refused;
  }

  /** The open connection of a number. */
  channel(number: number): Channel | undefined {
    return this.#channels.get(number);
  }

  /**
   * Stops: accepts no more, lets requests in the handler be answered, closes the connections.
   *
   * @param options `timeoutMs`: milliseconds until connections are closed with requests unanswered.
   */
  async stop(options: { readonly timeoutMs: number }): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    const late: PromiseWithResolvers<void> = Promise.withResolvers();
    const timer = this.#clock.setTimer(options.timeoutMs, () => late.resolve());
    await Promise.race([Promise.all(this.channels.map((channel) => channel.drained())), late.promise]);
    timer.cancel();
    const channels = this.channels;
    for (const channel of channels) channel.close();
    await Promise.all(channels.map((channel) => channel.closed));
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) this.#open(connection);
    } catch (error) {
      this.#options.listenFailed?.(error);
    }
  }

  #open(connection: Connection): void {
    if (this.#channels.size >= (this.#options.connectionsMax ?? CONNECTIONS_MAX)) {
      this.#refused++;
      connection.close();
      return;
    }
    const { hooks, handler, handlerFailed, inFlightMax, onewayInFlightMax, pendingBytesMax, frameBytesMax } =
      this.#options;
    const channel = new Channel(connection, {
      clock: this.#clock,
      hooks: hooks ?? [],
      idleMs: this.#options.idleMs ?? IDLE_MS,
      handler,
      ...(handlerFailed === undefined ? {} : { handlerFailed }),
      ...(inFlightMax === undefined ? {} : { inFlightMax }),
      ...(onewayInFlightMax === undefined ? {} : { onewayInFlightMax }),
      ...(pendingBytesMax === undefined ? {} : { pendingBytesMax }),
      ...(frameBytesMax === undefined ? {} : { frameBytesMax }),
    });
    this.#channels.set(channel.number, channel);
    this.#options.opened?.(channel);
    void channel.closed.then((error) => {
      this.#channels.delete(channel.number);
      this.#options.closed?.(channel, error);
    });
  }
}
