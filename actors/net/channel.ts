/**
 * One end of a connection that speaks the remoting protocol: it asks, and it answers.
 *
 * Owns: the connection, its session and its writer; the loop that reads.
 * Reads: the clock.
 * Never: outlives its connection. A byte that breaks the protocol closes this channel and no other.
 *
 * Both sides are alike: a client's channel answers requests of the server, and a server's channel may ask its client.
 *
 * @module
 */

import type { Clock, Timer } from "../../store/clock.ts";
import { createResponse, isOneway, isResponse, markOneway, type RemotingCommand } from "../../protocol/command.ts";
import { encodeFrame } from "../../protocol/frame.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { DirectRequest } from "./direct_request.ts";
import { NetError } from "./errors.ts";
import { FrameWriter } from "./frame_writer.ts";
import { PENDING_BYTES_MAX } from "./limits.ts";
import { Inbox, type InboxCounts, type InboxOptions } from "./inbox.ts";
import { ReadBuffer } from "./read_buffer.ts";
import type { RpcHook } from "./rpc_hook.ts";
import { Session } from "./session.ts";
import type { Connection } from "./transport.ts";

/** How a request is made. */
export interface InvokeOptions {
  /** Milliseconds until the request is given up. */
  readonly timeoutMs: number;
  /** Gives the request up early. */
  readonly signal?: AbortSignal;
  /** Told when the request has its place among those that are written: what is sent from then on follows it. */
  readonly placed?: () => void;
}

/** How a channel is made. */
export interface ChannelOptions extends InboxOptions {
  /** Counts deadlines and idleness. */
  readonly clock: Clock;
  /** Hooks around the requests of this end and of the other. */
  readonly hooks: readonly RpcHook[];
  /** Milliseconds without a byte in either direction until the channel is closed. */
  readonly idleMs: number;
  /** Closes the channel when a request is not answered in time. */
  readonly closeOnTimeout?: boolean;
  /** Bytes that may wait to be written; {@link PENDING_BYTES_MAX} when left out. */
  readonly pendingBytesMax?: number;
  /** Requests that may be outstanding. */
  readonly outstandingMax?: number;
  /** Bytes of the largest frame. */
  readonly frameBytesMax?: number;
  /** Room that a frame which comes in pieces is given at once. */
  readonly partialBytesMin?: number;
}

/** What a channel has counted. */
export interface ChannelCounts extends InboxCounts {
  /** Requests of this end that wait for their response. */
  readonly outstanding: number;
  /** Responses that belonged to no request. */
  readonly unknownResponses: number;
  /** Bytes that wait to be written. */
  readonly pendingBytes: number;
}

type Ticket =
  & Pick<DirectRequest, "code" | "timeoutMs" | "resolve" | "reject">
  & Partial<Pick<DirectRequest, "answered">>;

let channels = 0;

/** The channel. */
export class Channel {
  /** Number of this channel, never used twice in a process. */
  readonly number: number = ++channels;
  /** Address of the other end, `ip:port`. */
  readonly remoteAddress: string;
  /** Settles when the channel is closed: with the failure, or with undefined when it ended in order. Never rejects. */
  readonly closed: Promise<Error | undefined>;
  readonly #connection: Connection;
  readonly #options: ChannelOptions;
  readonly #session: Session<Ticket>;
  readonly #writer: FrameWriter;
  readonly #inbox: Inbox;
  readonly #closed: PromiseWithResolvers<Error | undefined> = Promise.withResolvers();
  #quiet: PromiseWithResolvers<void> | undefined;
  #idle: Timer;
  #activeAtMs: number;
  #open = true;

  /**
   * Makes a Channel.
   *
   * @param connection An open connection; it is the channel's from now on.
   * @param options Clock, bounds, handler.
   */
  constructor(connection: Connection, options: ChannelOptions) {
    this.#connection = connection;
    this.#options = options;
    this.remoteAddress = connection.remoteAddress;
    this.closed = this.#closed.promise;
    this.#session = new Session<Ticket>({
      clock: options.clock,
      expired: (ticket): void => this.#expire(ticket),
      answered: (ticket, ...response): boolean => ticket.answered !== undefined && ticket.answered(...response),
      ...(options.outstandingMax === undefined ? {} : { outstandingMax: options.outstandingMax }),
      ...(options.frameBytesMax === undefined ? {} : { frameBytesMax: options.frameBytesMax }),
      ...(options.partialBytesMin === undefined ? {} : { partialBytesMin: options.partialBytesMin }),
    });
    this.#writer = new FrameWriter({
      connection,
      pendingBytesMax: options.pendingBytesMax ?? PENDING_BYTES_MAX,
      wrote: (): void => this.#touch(),
      failed: (error): void => this.close(error),
    });
    this.#inbox = new Inbox(this, options);
    this.#activeAtMs = options.clock.monotonicMs();
    this.#idle = options.clock.setTimer(options.idleMs, () => this.#checkIdle());
    void this.#read();
  }

  /** True until the channel is closed. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Address of this end, `ip:port`. */
  get localAddress(): string {
    return this.#connection.localAddress;
  }

  /** What the channel has counted. */
  get counts(): ChannelCounts {
    return {
      ...this.#inbox.counts,
      outstanding: this.#session.outstanding,
      unknownResponses: this.#session.unknownResponses,
      pendingBytes: this.#writer.pendingBytes,
    };
  }

  /**
   * Sends a request and waits for its response, whatever code that has.
   *
   * @param request The request; its opaque is set here.
   * @param options Deadline and abort signal.
   * @throws {NetError} `REQUEST_TIMEOUT`, `CLOSED`, `SEND_FAILED`, `SLOW_READER`, `OVERFLOW`, with the address.
   * @throws {unknown} The signal's reason when it is aborted, or what a hook threw.
   */
  async invoke(request: RemotingCommand, options: InvokeOptions): Promise<RemotingCommand> {
    options.signal?.throwIfAborted();
    if (!this.#open) throw this.#closedError(request.code);
    for (const hook of this.#options.hooks) hook.beforeRequest?.(this.remoteAddress, request);
    const response = await this.#send(request, options);
    for (const hook of this.#options.hooks) hook.afterResponse?.(this.remoteAddress, request, response);
    return response;
  }

  /**
   * Sends a request that writes its own frame.
   *
   * @param request The request.
   * @returns False when it was not taken: the channel is closed or has hooks.
   * @throws {NetError} `OVERFLOW`.
   */
  direct(request: DirectRequest): boolean {
    if (!this.#open || this.#options.hooks.length > 0) return false;
    const opaque = this.#session.enter(request, request);
    try {
      this.#writer.place(request, opaque);
    } catch (error) {
      this.#session.forget(opaque);
      throw error;
    }
    return true;
  }

  /**
   * Sends a request that nobody answers.
   *
   * @param request The request; it is marked one-way and its opaque is set here.
   * @throws {NetError} `CLOSED` when the channel is.
   */
  oneway(request: RemotingCommand): void {
    if (!this.#open) throw this.#closedError(request.code);
    markOneway(request);
    for (const hook of this.#options.hooks) hook.beforeRequest?.(this.remoteAddress, request);
    this.#writer.offer(this.#session.oneway(request));
  }

  /** Sends a response; for handlers that returned undefined and answer later. Nothing is sent on a closed channel. */
  respond(response: RemotingCommand): void {
    if (this.#open) this.#writer.offer(encodeFrame(response));
  }

  /** Sends a frame that was encoded elsewhere. */
  sendFrame(frame: Uint8Array): void {
    this.#writer.offer(frame);
  }

  /** Settles when no request of this end waits for its response, or the channel is closed. */
  async quiet(): Promise<void> {
    if (this.#session.outstanding === 0 || !this.#open) return;
    this.#quiet ??= Promise.withResolvers();
    await this.#quiet.promise;
  }

  /** Settles when all that was sent is written and every request of the other end has left its handler. */
  async drained(): Promise<void> {
    await this.#inbox.drained();
    await this.#writer.drained();
  }

  /**
   * Closes the channel; what waits for a response is rejected.
   *
   * @param error Why, when it is a failure.
   */
  close(error?: Error): void {
    if (!this.#open) return;
    this.#open = false;
    this.#idle.cancel();
    this.#writer.end();
    this.#inbox.end();
    this.#connection.close();
    for (const ticket of this.#session.end()) ticket.reject(this.#closedError(ticket.code, error));
    this.#closed.resolve(error);
  }

  #send(request: RemotingCommand, options: InvokeOptions): Promise<RemotingCommand> {
    const { signal, timeoutMs } = options;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        signal?.removeEventListener("abort", abort);
        if (this.#session.outstanding === 0) this.#quiet?.resolve();
      };
      const abort = (): void => {
        this.#session.forget(opaque);
        settle();
        reject(signal?.reason);
      };
      const ticket: Ticket = {
        code: request.code,
        timeoutMs,
        resolve: (response): void => {
          settle();
          resolve(response);
        },
        reject: (error): void => {
          settle();
          reject(error);
        },
      };
      const frame = this.#session.request(request, timeoutMs, ticket);
      // Kept apart: the caller may send the same command elsewhere, which numbers it anew.
      const { opaque } = request;
      signal?.addEventListener("abort", abort, { once: true });
      this.#writer.offer(frame);
      options.placed?.();
    });
  }

  async #read(): Promise<void> {
    const buffer = new ReadBuffer();
    const commands: RemotingCommand[] = [];
    try {
      while (this.#open) {
        const count = await this.#connection.read(buffer.space());
        if (count === null) return this.close();
        this.#touch();
        const bytes = buffer.filled(count);
        try {
          this.#session.receive(bytes, commands);
          if (this.#session.outstanding === 0) this.#quiet?.resolve();
        } finally {
          // Whole commands in front of a broken frame are still taken.
          for (const command of commands.splice(0)) this.#take(buffer.detach(command));
        }
      }
    } catch (error) {
      if (this.#open) this.close(this.#readError(error));
    }
  }

  #take(command: RemotingCommand): void {
    if (!this.#open) return;
    if (!isResponse(command)) this.#inbox.take(command);
    else this.#session.take(command)?.resolve(command);
  }

  #expire(ticket: Ticket): void {
    const address = this.remoteAddress;
    const error = new NetError(
      "REQUEST_TIMEOUT",
      `Cannot complete request ${ticket.code} to ${address}: no response within ${ticket.timeoutMs} ms`,
      { address },
    );
    ticket.reject(error);
    if (this.#options.closeOnTimeout === true) this.close(error);
  }

  #touch(): void {
    this.#activeAtMs = this.#options.clock.monotonicMs();
  }

  #checkIdle(): void {
    const idleMs = this.#options.clock.monotonicMs() - this.#activeAtMs;
    const leftMs = this.#options.idleMs - idleMs;
    if (leftMs <= 0) this.close();
    else this.#idle = this.#options.clock.setTimer(leftMs, () => this.#checkIdle());
  }

  #readError(cause: unknown): Error {
    const address = this.remoteAddress;
    const why = cause instanceof Error ? cause.message : String(cause);
    return new NetError("CLOSED", `Cannot read from ${address}: ${why}`, { address, cause });
  }

  #closedError(code: number, cause?: Error): NetError {
    const address = this.remoteAddress;
    if (cause instanceof NetError && cause.code !== "REQUEST_TIMEOUT") {
      return new NetError(cause.code, `Cannot complete request ${code}: ${cause.message}`, { address, cause });
    }
    return new NetError(
      "CLOSED",
      `Cannot complete request ${code} to ${address}: the connection is closed`,
      { address, ...(cause === undefined ? {} : { cause }) },
    );
  }
}

/** The answer to a request that nobody here knows. Source: apache/rocketmq remoting/src/main/java/org/apache/rocketmq/remoting/netty/NettyRemotingAbstract.java processRequestCommand */
export function notSupported(request: RemotingCommand): RemotingCommand | undefined {
  if (isOneway(request)) return undefined;
  return createResponse(
    request,
    ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
    ` request type ${request.code} not supported`,
  );
}
