/**
 * The name servers a client knows: which one is asked, and what is done when it does not answer.
 *
 * Owns: the list and the current choice. Reads: a broker API. Never does: cache routes.
 * Source: apache/rocketmq remoting/netty/NettyRemotingClient.java getAndCreateNameserverChannel
 */

import type { BrokerApi } from "./broker_api.ts";
import { ClientError } from "./errors.ts";
import type { CallOptions } from "./link.ts";
import { random32 } from "./platform.ts";
import type { TopicRoute } from "./publish_route.ts";

/** The list of name servers and the one in use. */
export class NameServers {
  readonly #api: BrokerApi;
  #addresses: readonly string[];
  #index: number = random32();

  /**
   * @param api calls
   * @param addresses `host:port` of each
   */
  constructor(api: BrokerApi, addresses: readonly string[]) {
    this.#api = api;
    this.#addresses = addresses;
  }

  /** All known addresses. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /**
   * Replaces the list; discovery does.
   *
   * @param addresses `host:port` of each
   */
  setAddresses(addresses: readonly string[]): void {
    this.#addresses = addresses;
  }

  /**
   * Asks for a route: the server in use first, each other one when it does not answer.
   *
   * @param topic topic
   * @param call deadline of each try
   * @returns the route; undefined when the topic is not known
   * @throws {ClientError} NO_NAME_SERVER, NAME_SERVER_UNREACHABLE, ABORTED
   */
  route(topic: string, call: CallOptions): Promise<TopicRoute | undefined> {
    return this.ask((address) => this.#api.route(address, topic, call));
  }

  /**
   * Makes a call on the server in use, on each other one when it does not answer.
   *
   * @param call the call
   * @returns its result
   * @throws {ClientError} NO_NAME_SERVER, NAME_SERVER_UNREACHABLE, and what the call throws when a server refuses
   */
  async ask<T>(call: (address: string) => Promise<T>): Promise<T> {
    if (this.#addresses.length === 0) {
      throw new ClientError("NO_NAME_SERVER", "Cannot ask a name server: no address is known");
    }
    let last: ClientError | undefined;
    for (let tries = 0; tries < this.#addresses.length; tries++) {
      const address = this.#addresses[this.#index % this.#addresses.length] ?? "";
      try {
        return await call(address);
      } catch (thrown) {
        if (!(thrown instanceof ClientError) || thrown.code === "REFUSED" || thrown.code === "ABORTED") throw thrown;
        last = thrown;
        this.#index = (this.#index + 1) >>> 0;
      }
    }
    throw new ClientError("NAME_SERVER_UNREACHABLE", `Cannot reach a name server: ${last?.message ?? ""}`, {
      cause: last,
      retryable: true,
      ...(last?.brokerAddr === undefined ? {} : { brokerAddr: last.brokerAddr }),
    });
  }
}
