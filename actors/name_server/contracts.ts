/**
 * What the actors of a name server say to each other.
 *
 * Owns: message types and roles. Reads: nothing at run time. Never: behaviour.
 *
 * ```
 *   clients, brokers ⇄ NameServerGateway ── request, route ──► RouteInfoManager
 *                             ▲                                      │
 *                             └──── closeChannel, sendOneway ────────┘
 * ```
 */

import type { ExtFields } from "../../protocol/command.ts";
import { defineRole, type Role } from "../kernel/contract.ts";
import type { NameServerConfiguration } from "./name_server_configuration.ts";

/** A request as it is handed to the tables; the frame around it stays with the gateway. */
export interface NameServerRequest {
  readonly code: number;
  /** Version ordinal of the sender. */
  readonly version: number;
  readonly ext: ExtFields;
  readonly body: Uint8Array;
  /** Connection that it came over; unique for the life of the process. */
  readonly channel: number;
}

/** An answer without opaque and flag. */
export interface NameServerReply {
  readonly code: number;
  readonly remark?: string;
  readonly ext?: ExtFields;
  readonly body?: Uint8Array;
}

/** A route query (request 105). */
export interface RouteQuery {
  readonly topic: string;
  /** Quoted keys and escaped text, for those who asked for it or are new enough. */
  readonly standardJson: boolean;
  /** Only brokers of this zone, for clients that asked for their own. */
  readonly zoneName: string | undefined;
}

/** A broker as RouteInfoManager reports it to the supervisor. */
export interface KnownBroker {
  readonly cluster: string;
  readonly address: string;
}

/** What RouteInfoManager starts with. */
export interface RouteInfoManagerInit {
  readonly configuration: NameServerConfiguration;
  /** Words of `RouteGenerations`. */
  readonly generations: SharedArrayBuffer;
  /**
   * Brokers that were registered with an incarnation that crashed. Until they are back, or the recovery wait is over, reads of
   * the tables are answered not ready.
   */
  readonly expected: readonly KnownBroker[];
}

/** The actor that owns route tables, KV configuration and the running configuration. */
export interface RouteInfoManagerContract {
  init: RouteInfoManagerInit;
  asks: {
    /** Answers a route query. */
    route: { request: RouteQuery; reply: NameServerReply };
    /** Answers any other request. */
    request: { request: NameServerRequest; reply: NameServerReply };
  };
  tells: {
    /** A connection of the gateway ended. */
    channelClosed: { readonly channel: number };
  };
  signals: {
    /** The configuration is another one now; a restart must begin with it. */
    configurationChanged: NameServerConfiguration;
    /** Who is registered; a restart must wait for them. */
    liveBrokersChanged: readonly KnownBroker[];
  };
  peers: { gateway: NameServerGatewayContract };
}

/** What the gateway starts with. */
export interface NameServerGatewayInit {
  readonly hostname: string;
  /** Port to listen on, 0 for any free one. */
  readonly port: number;
  readonly configuration: NameServerConfiguration;
  /** Words of `RouteGenerations`. */
  readonly generations: SharedArrayBuffer;
}

/** What a gateway did since it started. */
export interface GatewayReport {
  /** Connections that are open. */
  readonly connections: number;
  /** Routes answered from the cache. */
  readonly cacheHits: number;
  /** Routes that had to be asked for. */
  readonly cacheMisses: number;
  /** Bytes of the answers in the cache. */
  readonly cacheBytes: number;
  /** Answers in the cache. */
  readonly cacheEntries: number;
  /** Requests that wait for the tables now. */
  readonly asksWaiting: number;
  /** Requests refused because too many waited. */
  readonly refused: number;
  /** Requests that the tables did not answer in time. */
  readonly timedOut: number;
  /** Notices to brokers that could not be sent. */
  readonly noticesFailed: number;
  /** Requests whose handling threw; a defect when it is not 0. */
  readonly handlersFailed: number;
}

/** The actor that owns the sockets. */
export interface NameServerGatewayContract {
  init: NameServerGatewayInit;
  asks: {
    /** Where it listens. */
    address: { request: null; reply: { readonly hostname: string; readonly port: number } };
    /** Counts since it started. */
    report: { request: null; reply: GatewayReport };
  };
  tells: {
    /** Ends a connection: its broker expired. */
    closeChannel: { readonly channel: number };
    /** Sends a one-way request to addresses outside. */
    sendOneway: { readonly addresses: readonly string[]; readonly code: number; readonly ext: ExtFields };
  };
  signals: {
    /** It listens; a restart must take the same port. */
    listening: { readonly port: number };
  };
  peers: { routes: RouteInfoManagerContract };
}

/** Role of RouteInfoManager. */
export const ROUTE_INFO_MANAGER: Role<RouteInfoManagerContract> = defineRole<RouteInfoManagerContract>(
  "RouteInfoManager",
  new URL("./route_info_manager_worker.ts", import.meta.url),
);

/** Role of the gateway. */
export const NAME_SERVER_GATEWAY: Role<NameServerGatewayContract> = defineRole<NameServerGatewayContract>(
  "NameServerGateway",
  new URL("./gateway_worker.ts", import.meta.url),
);
