/**
 * Routes of another environment, for a name server that serves tests (`clusterTest=true`): topics that no broker here has are
 * looked up at the name servers that an address server names.
 *
 * Owns: the addresses it learned, the connections to those name servers. Reads: one HTTP address.
 * Never: keeps a route; every unknown topic is asked again, as in RocketMQ.
 * Source: apache/rocketmq namesrv ClusterTestRequestProcessor, common DefaultTopAddressing.fetchNSAddr.
 */

import { createRequest, type RemotingCommand } from "../../protocol/command.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { decodeTopicRouteData, encodeTopicRouteData } from "../../protocol/route.ts";
import type { Clock } from "../../store/clock.ts";
import { PeerPool } from "../net/peer_pool.ts";
import type { Transport } from "../net/transport.ts";
import type { NameServerReply } from "./contracts.ts";
import { done } from "./desk_reply.ts";
import type { NameServerValues } from "./name_server_configuration.ts";

/** Milliseconds an address server gets. Source: apache/rocketmq common DefaultTopAddressing.fetchNSAddr. */
const FETCH_TIMEOUT_MS = 3_000;

/** Milliseconds a name server gets. Source: apache/rocketmq tools DefaultMQAdminExt (timeoutMillis). */
const ROUTE_TIMEOUT_MS = 5_000;

/** Milliseconds that learned addresses are used. Source: apache/rocketmq client MQClientInstance.startScheduledTask. */
const ADDRESSES_FRESH_MS = 120_000;

/** Port of an address server whose domain names none. Source: apache/rocketmq common MixAll.getWSAddr. */
const ADDRESS_SERVER_PORT = 8080;

type AddressSettings = Pick<
  NameServerValues,
  "productEnvName" | "rmqAddressServerDomain" | "rmqAddressServerSubGroup"
>;

/** The other environment. */
export class ProductEnvironment {
  readonly #peers: PeerPool;
  readonly #clock: Clock;
  readonly #url: string;
  #addresses: readonly string[] = [];
  #freshUntilMs = -1;
  #failures = 0;

  /**
   * @param transport Connects to name servers.
   * @param clock Monotonic time counts.
   * @param settings Which address server and environment.
   */
  constructor(transport: Transport, clock: Clock, settings: AddressSettings) {
    this.#peers = new PeerPool({ transport, clock });
    this.#clock = clock;
    this.#url = addressUrl(settings);
  }

  /** Look-ups that ended without an answer. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * Looks a topic up.
   *
   * @param command A route query (code 105).
   * @returns The route in fastjson's dialect, or undefined when it is not known there or nobody answers.
   */
  async route(command: RemotingCommand): Promise<NameServerReply | undefined> {
    try {
      const [address] = await this.#nameServers();
      if (address === undefined) return undefined;
      const request = createRequest(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: command.ext["topic"] ?? "" });
      const response = await this.#peers.invoke(address, request, { timeoutMs: ROUTE_TIMEOUT_MS });
      if (response.code !== ResponseCode.SUCCESS) return undefined;
      return done({ body: encodeTopicRouteData(decodeTopicRouteData(response.body), "fastjson") });
    } catch {
      // Unknown there and unreachable look the same to the client: the topic has no route here.
      this.#failures++;
      this.#freshUntilMs = -1;
      return undefined;
    }
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await this.#peers.close();
  }

  async #nameServers(): Promise<readonly string[]> {
    if (this.#clock.monotonicMs() < this.#freshUntilMs) return this.#addresses;
    const response = await fetch(this.#url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot fetch "${this.#url}": status is ${response.status}`);
    this.#addresses = text.trim().split(";").filter((address) => address !== "");
    this.#freshUntilMs = this.#clock.monotonicMs() + ADDRESSES_FRESH_MS;
    return this.#addresses;
  }
}

/**
 * Where the addresses of an environment are.
 *
 * @param settings Which address server and environment.
 * @returns The URL.
 * Source: apache/rocketmq common MixAll.getWSAddr, DefaultTopAddressing.fetchNSAddr.
 */
export function addressUrl(settings: AddressSettings): string {
  const { productEnvName, rmqAddressServerDomain, rmqAddressServerSubGroup } = settings;
  const host = rmqAddressServerDomain.includes(":")
    ? rmqAddressServerDomain
    : `${rmqAddressServerDomain}:${ADDRESS_SERVER_PORT}`;
  return `http://${host}/rocketmq/${rmqAddressServerSubGroup}-${productEnvName}?nofix=1`;
}
