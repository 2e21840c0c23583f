/**
 * How a gateway answers requests: routes from its cache where it can, everything else by asking RouteInfoManager.
 *
 * Owns: the route cache, the bound of requests that wait. Reads: the shared generations. Never: sockets or opaques.
 */

import type { RemotingCommand } from "../../protocol/command.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { ActorGoneError, AskOverflowError, AskTimeoutError } from "../kernel/errors.ts";
import type { PeerRef } from "../kernel/contract.ts";
import type { NameServerReply, RouteInfoManagerContract, RouteQuery } from "./contracts.ts";
import { NOT_READY, refuse } from "./desk_reply.ts";
import type { NameServerValues } from "./name_server_configuration.ts";
import { RouteCache, type RouteCacheCounts } from "./route_cache.ts";
import { RouteFrame } from "./route_frame.ts";
import type { RouteGenerations, RouteStamp } from "./route_generations.ts";

/**
 * First version that reads standard JSON: V4_9_4.
 * Source: apache/rocketmq namesrv ClientRequestProcessor.getRouteInfoByTopic.
 */
const STANDARD_JSON_VERSION = 401;

/** Extension fields of zone mode. Source: apache/rocketmq common MixAll.ZONE_MODE, MixAll.ZONE_NAME. */
const ZONE_MODE_FIELD = "__ZONE_MODE";
const ZONE_NAME_FIELD = "__ZONE_NAME";

/**
 * Answer when too many requests wait. Source: apache/rocketmq remoting NettyRemotingAbstract.processRequestCommand.
 */
const OVERLOADED = refuse(ResponseCode.SYSTEM_BUSY, "[OVERLOAD]system busy, start flow control for a while");

/** Answer when the tables do not answer in time. A word of ours in RocketMQ's form. */
const TIMED_OUT = refuse(ResponseCode.SYSTEM_BUSY, "[TIMEOUT]system busy, start flow control for a while");

/** A route that has been asked for and has not come yet. */
interface Pending {
  readonly stamp: RouteStamp;
  readonly reply: Promise<NameServerReply>;
}

/** Counts since the gateway started. */
export interface GatewayCounts extends RouteCacheCounts {
  readonly waiting: number;
  readonly refused: number;
  readonly timedOut: number;
}

/** Answers requests of one gateway. */
export class GatewayRoutes {
  readonly #routes: PeerRef<RouteInfoManagerContract>;
  readonly #generations: RouteGenerations;
  readonly #cache: RouteCache;
  readonly #pending = new Map<string, Pending>();
  readonly #routeTimeoutMs: number;
  readonly #requestTimeoutMs: number;
  readonly #routeWaitingMax: number;
  readonly #otherWaitingMax: number;
  #routeWaiting = 0;
  #otherWaiting = 0;
  #refused = 0;
  #timedOut = 0;

  /**
   * @param routes RouteInfoManager.
   * @param generations Shared with it.
   * @param values Time-out and bounds.
   */
  constructor(routes: PeerRef<RouteInfoManagerContract>, generations: RouteGenerations, values: NameServerValues) {
    this.#routes = routes;
    this.#generations = generations;
    this.#cache = new RouteCache(generations, values.routeCacheBytesMax);
    this.#routeTimeoutMs = values.routeAskTimeoutMs;
    this.#requestTimeoutMs = values.requestAskTimeoutMs;
    this.#routeWaitingMax = values.clientRequestThreadPoolQueueCapacity;
    this.#otherWaitingMax = values.defaultThreadPoolQueueCapacity;
  }

  /** Counts since the gateway started. */
  get counts(): GatewayCounts {
    const waiting = this.#routeWaiting + this.#otherWaiting;
    return { ...this.#cache.counts, waiting, refused: this.#refused, timedOut: this.#timedOut };
  }

  /**
   * A route from the cache. Allocates one key; asks nobody.
   *
   * @param command A route query (code 105).
   * @returns The answer without its opaque, or undefined when it must be asked for.
   */
  cached(command: RemotingCommand): RouteFrame | undefined {
    return this.#cache.get(cacheKey(queryOf(command)));
  }

  /**
   * Answers a request by asking.
   *
   * @param command Any request.
   * @param channel Connection that it came over.
   * @returns The answer; never rejects.
   */
  async ask(command: RemotingCommand, channel: number): Promise<NameServerReply> {
    try {
      return command.code === RequestCode.GET_ROUTEINFO_BY_TOPIC
        ? await this.#askRoute(command)
        : await this.#askOther(command, channel);
    } catch (error) {
      if (error instanceof AskOverflowError) {
        this.#refused++;
        return OVERLOADED;
      }
      if (error instanceof AskTimeoutError) {
        this.#timedOut++;
        return TIMED_OUT;
      }
      if (error instanceof ActorGoneError) return NOT_READY;
      return refuse(
        ResponseCode.SYSTEM_ERROR,
        error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      );
    }
  }

  /** Queries for the same route share one ask, unless the route has changed since it was asked for. */
  async #askRoute(command: RemotingCommand): Promise<NameServerReply> {
    const query = queryOf(command);
    const key = cacheKey(query);
    const pending = this.#pending.get(key);
    if (pending !== undefined && this.#generations.holds(query.topic, pending.stamp)) return await pending.reply;
    if (this.#routeWaiting >= this.#routeWaitingMax) throw new AskOverflowError("Too many route queries wait");
    const stamp = this.#generations.stampOf(query.topic);
    const mine: Pending = { stamp, reply: this.#routes.ask("route", query, { timeoutMs: this.#routeTimeoutMs }) };
    this.#pending.set(key, mine);
    this.#routeWaiting++;
    try {
      const reply = await mine.reply;
      if (reply.code === ResponseCode.SUCCESS && reply.body !== undefined) {
        this.#cache.put(key, query.topic, stamp, new RouteFrame(command, reply.body));
      }
      return reply;
    } finally {
      this.#routeWaiting--;
      if (this.#pending.get(key) === mine) this.#pending.delete(key);
    }
  }

  /** The body is moved. What a channel hands on lies in memory of its own: alone, or in the frame that was joined for it. */
  async #askOther(command: RemotingCommand, channel: number): Promise<NameServerReply> {
    if (this.#otherWaiting >= this.#otherWaitingMax) throw new AskOverflowError("Too many requests wait");
    const { code, version, ext, body } = command;
    const transfer = body.length === 0 ? [] : [body.buffer as ArrayBuffer];
    const request = { code, version, ext, body, channel };
    this.#otherWaiting++;
    try {
      return await this.#routes.ask("request", request, { timeoutMs: this.#requestTimeoutMs, transfer });
    } finally {
      this.#otherWaiting--;
    }
  }
}

/**
 * What a route request asks for.
 *
 * @param command A route query (code 105).
 * @returns Topic, dialect and zone; a missing topic reads as Java's "null".
 */
export function queryOf(command: RemotingCommand): RouteQuery {
  const { ext } = command;
  const zoneName = isTrue(ext[ZONE_MODE_FIELD]) ? ext[ZONE_NAME_FIELD] : undefined;
  return {
    topic: ext["topic"] ?? "null",
    standardJson: command.version >= STANDARD_JSON_VERSION || isTrue(ext["acceptStandardJsonOnly"]),
    zoneName: zoneName?.trim() === "" ? undefined : zoneName,
  };
}

function isTrue(text: string | undefined): boolean {
  return text !== undefined && text.toLowerCase() === "true";
}

/** Different answers have different keys; with a zone there is one dialect only. */
function cacheKey({ topic, standardJson, zoneName }: RouteQuery): string {
  return zoneName === undefined ? (standardJson ? "s" : "f") + topic : `z${zoneName.length}:${zoneName}${topic}`;
}
