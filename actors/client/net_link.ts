/**
 * Links over the net room's connections, with signing and hooks.
 *
 * Owns: the pool of connections. Reads: settings. Never does: retries.
 */

import type { RemotingCommand } from "../../protocol/command.ts";
import type { Clock } from "../../store/clock.ts";
import type { Peer } from "../net/peer.ts";
import { PeerPool } from "../net/peer_pool.ts";
import type { RpcHook } from "../net/rpc_hook.ts";
import type { Transport } from "../net/transport.ts";
import { aclHook } from "./acl.ts";
import { ClientError } from "./errors.ts";
import type { RPCHook } from "./hooks.ts";
import { type CallOptions, clientErrorOf, type DirectLine, type Link, type LinkEvents } from "./link.ts";
import type { LinkSettings } from "./link_settings.ts";
import type { ResolvedOptions } from "./options.ts";
import { clientTransport } from "./socket_transport.ts";

/**
 * The link of a client instance.
 *
 * @param options settings
 * @param events answers brokers, hears of connections
 * @returns the link
 */
export function createLink(options: ResolvedOptions, events: LinkEvents): Link {
  return new NetLink(options, {
    clock: options.clock,
    transport: options.transport,
    rpcHooks: options.rpcHooks,
    events,
  });
}

/**
 * The link of an actor.
 *
 * @param settings what crossed to it
 * @param clock its clock
 * @param given what only an inline actor has
 * @returns the link
 */
export function workerLink(
  settings: LinkSettings,
  clock: Clock,
  given: { transport?: Transport | undefined; rpcHooks?: readonly RPCHook[] },
): Link {
  return new NetLink(settings, {
    clock,
    transport: given.transport,
    rpcHooks: given.rpcHooks ?? [],
    events: undefined,
  });
}

interface LinkParts {
  readonly clock: Clock;
  readonly transport: Transport | undefined;
  readonly rpcHooks: readonly RPCHook[];
  readonly events: LinkEvents | undefined;
}

class NetLink implements Link {
  readonly #pool: PeerPool;
  readonly #clock: Clock;
  readonly #open = new Map<string, Peer>();

  constructor(settings: LinkSettings, parts: LinkParts) {
    const { events } = parts;
    this.#clock = parts.clock;
    this.#pool = new PeerPool({
      transport: parts.transport ?? clientTransport(settings.tls),
      clock: parts.clock,
      hooks: hooksOf(settings, parts.rpcHooks),
      connectTimeoutMs: settings.connectTimeoutMillis,
      opened: (peer) => {
        this.#open.set(peer.address, peer);
        events?.opened(peer.address);
      },
      closed: (peer) => {
        if (this.#open.get(peer.address) !== peer) return;
        this.#open.delete(peer.address);
        events?.closed(peer.address);
      },
      ...(events === undefined
        ? {}
        : { onRequest: (request, channel) => events.request(request, channel.remoteAddress) }),
    });
  }

  direct(address: string): DirectLine | undefined {
    const peer = this.#open.get(address);
    return peer?.isOpen === true ? peer : undefined;
  }

  async invoke(address: string, request: RemotingCommand, options: CallOptions): Promise<RemotingCommand> {
    try {
      if (this.#open.get(address)?.isOpen !== true) await this.#connect(address, options);
      return await this.#pool.invoke(address, request, options);
    } catch (thrown) {
      throw this.#error(thrown, address, options);
    }
  }

  async oneway(address: string, request: RemotingCommand, options: CallOptions): Promise<void> {
    try {
      if (this.#open.get(address)?.isOpen !== true) await this.#connect(address, options);
      await this.#pool.oneway(address, request);
    } catch (thrown) {
      throw this.#error(thrown, address, options);
    }
  }

  async probe(address: string, timeoutMs: number): Promise<boolean> {
    try {
      await this.#connect(address, { timeoutMs });
      return true;
    } catch (thrown) {
      if (thrown instanceof Error) return false;
      throw thrown;
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Connecting is a phase of its own: what fails here was not sent. */
  async #connect(address: string, options: CallOptions): Promise<void> {
    const begin = this.#clock.monotonicMs();
    const late: PromiseWithResolvers<never> = Promise.withResolvers();
    const timer = this.#clock.setTimer(options.timeoutMs, () =>
      late.reject(
        new ClientError("CONNECT_FAILED", `Cannot connect to ${address} within ${Math.ceil(options.timeoutMs)} ms`, {
          brokerAddr: address,
          retryable: true,
        }),
      ));
    const abort = (): void =>
      late.reject(
        new ClientError("ABORTED", "The call was aborted", { cause: options.signal?.reason, brokerAddr: address }),
      );
    options.signal?.addEventListener("abort", abort, { once: true });
    try {
      if (options.signal?.aborted) abort();
      const connecting = this.#pool.peer(address);
      connecting.catch(() => undefined); // Whoever still waits for the attempt gets its failure.
      await Promise.race([connecting, late.promise]);
    } finally {
      timer.cancel();
      options.signal?.removeEventListener("abort", abort);
      options.connected?.(this.#clock.monotonicMs() - begin);
    }
  }

  #error(thrown: unknown, address: string, options: CallOptions): ClientError {
    if (thrown instanceof ClientError) return thrown;
    if (options.signal?.aborted) {
      return new ClientError("ABORTED", "The call was aborted", {
        cause: thrown,
        brokerAddr: address,
        outcome: "unknown",
      });
    }
    return clientErrorOf(thrown, address);
  }
}

/** The application's hooks first, the signature last: it covers what they add. */
function hooksOf(settings: LinkSettings, rpcHooks: readonly RPCHook[]): RpcHook[] {
  const hooks: RpcHook[] = rpcHooks.map((hook) => ({
    beforeRequest: (address, request) => hook.doBeforeRequest?.(address, request),
    afterResponse: (address, request, response) => {
      if (response !== undefined) hook.doAfterResponse?.(address, request, response);
    },
  }));
  if (settings.credentials !== undefined) hooks.push(aclHook(settings.credentials));
  return hooks;
}
