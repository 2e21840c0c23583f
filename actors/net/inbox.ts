/**
 * Requests of the other end: they are given to the handler, and its answers go back.
 *
 * Owns: the bounds on requests that are in the handler, and their count.
 * Reads: nothing.
 * Never: answers a one-way request, or answers a request twice.
 *
 * @module
 */

import { createResponse, isOneway, type RemotingCommand } from "../../protocol/command.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { Channel } from "./channel.ts";
import { ResponseError } from "./errors.ts";
import { IN_FLIGHT_MAX, ONEWAY_IN_FLIGHT_MAX } from "./limits.ts";
import type { RpcHook } from "./rpc_hook.ts";

/**
 * Answers a request.
 *
 * @param request The request.
 * @param channel Where it came from; a handler that returns undefined answers later with `channel.respond`, or never.
 * @returns The response. A throw is answered with code 1, a `ResponseError` with its own code.
 */
export type RequestHandler = (
  request: RemotingCommand,
  channel: Channel,
) => RemotingCommand | undefined | Promise<RemotingCommand | undefined>;

/** How an inbox is made. */
export interface InboxOptions {
  /** Answers requests. */
  readonly handler: RequestHandler;
  /** Hooks around each request. */
  readonly hooks: readonly RpcHook[];
  /** Told of what a handler or hook threw, unless it was a `ResponseError`. */
  readonly handlerFailed?: (error: unknown, request: RemotingCommand, channel: Channel) => void;
  /** Requests that may be in the handler at a time. */
  readonly inFlightMax?: number;
  /** One-way requests that may be in the handler at a time. */
  readonly onewayInFlightMax?: number;
}

/** What an inbox has counted. */
export interface InboxCounts {
  /** Requests received. */
  readonly requests: number;
  /** Requests that are in the handler. */
  readonly inFlight: number;
  /** Requests that were answered "busy" because too many were in the handler. */
  readonly refused: number;
  /** One-way requests that were dropped because too many were in the handler. */
  readonly onewayDropped: number;
  /** Requests whose handler threw. */
  readonly failed: number;
}

/** Source: apache/rocketmq remoting/src/main/java/org/apache/rocketmq/remoting/netty/NettyRemotingAbstract.java processRequestCommand */
const OVERLOAD_REMARK = "[OVERLOAD]system busy, start flow control for a while";

/** The inbox. */
export class Inbox {
  readonly #channel: Channel;
  readonly #options: InboxOptions;
  readonly #inFlightMax: number;
  readonly #onewayInFlightMax: number;
  #inFlight = 0;
  #onewayInFlight = 0;
  #requests = 0;
  #refused = 0;
  #onewayDropped = 0;
  #failed = 0;
  #drained: PromiseWithResolvers<void> | undefined;

  /**
   * Makes an Inbox.
   *
   * @param channel Where requests come from.
   * @param options Handler, hooks, bounds.
   */
  constructor(channel: Channel, options: InboxOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#inFlightMax = options.inFlightMax ?? IN_FLIGHT_MAX;
    this.#onewayInFlightMax = options.onewayInFlightMax ?? ONEWAY_IN_FLIGHT_MAX;
  }

  /** What the inbox has counted. */
  get counts(): InboxCounts {
    return {
      requests: this.#requests,
      inFlight: this.#inFlight + this.#onewayInFlight,
      refused: this.#refused,
      onewayDropped: this.#onewayDropped,
      failed: this.#failed,
    };
  }

  /** Takes a request. */
  take(request: RemotingCommand): void {
    this.#requests++;
    const oneway = isOneway(request);
    if (oneway ? this.#onewayInFlight >= this.#onewayInFlightMax : this.#inFlight >= this.#inFlightMax) {
      if (oneway) this.#onewayDropped++;
      else {
        this.#refused++;
        this.#channel.respond(createResponse(request, ResponseCode.SYSTEM_BUSY, OVERLOAD_REMARK));
      }
      return;
    }
    try {
      for (const hook of this.#options.hooks) hook.beforeRequest?.(this.#channel.remoteAddress, request);
      const response = this.#options.handler(request, this.#channel);
      if (response instanceof Promise) void this.#await(request, oneway, response);
      else this.#answer(request, oneway, response);
    } catch (error) {
      this.#refuse(request, oneway, error);
    }
  }

  /** Settles when no request is in the handler. */
  async drained(): Promise<void> {
    if (this.#inFlight + this.#onewayInFlight === 0) return;
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }

  /** Lets go whoever waits for {@link drained}. */
  end(): void {
    this.#drained?.resolve();
  }

  async #await(
    request: RemotingCommand,
    oneway: boolean,
    response: Promise<RemotingCommand | undefined>,
  ): Promise<void> {
    this.#count(oneway, 1);
    try {
      this.#answer(request, oneway, await response);
    } catch (error) {
      this.#refuse(request, oneway, error);
    } finally {
      this.#count(oneway, -1);
    }
  }

  #count(oneway: boolean, by: 1 | -1): void {
    if (oneway) this.#onewayInFlight += by;
    else this.#inFlight += by;
    if (this.#inFlight + this.#onewayInFlight > 0) return;
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #answer(request: RemotingCommand, oneway: boolean, response: RemotingCommand | undefined): void {
    for (const hook of this.#options.hooks) {
      hook.afterResponse?.(this.#channel.remoteAddress, request, response);
    }
    if (!oneway && response !== undefined) this.#channel.respond(response);
  }

  #refuse(request: RemotingCommand, oneway: boolean, error: unknown): void {
    const chosen = error instanceof ResponseError;
    if (!chosen) {
      this.#failed++;
      this.#options.handlerFailed?.(error, request, this.#channel);
    }
    if (oneway) return;
    const remark = error instanceof Error && !chosen ? `${error.name}: ${error.message}` : messageOf(error);
    this.#channel.respond(
      createResponse(request, chosen ? error.responseCode : ResponseCode.SYSTEM_ERROR, remark),
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
