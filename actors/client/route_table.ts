/**
 * Routes this client knows: where topics live, where brokers listen.
 *
 * Owns: the cache of routes and broker addresses. Reads: name servers. Never does: talk to brokers.
 * A route that was found once stays until a newer one is found: brokers that are away for a moment must not make their topics unknown.
 * Source: apache/rocketmq client/impl/factory/MQClientInstance.java updateTopicRouteInfoFromNameServer
 */

import { ClientError } from "./errors.ts";
import type { CallOptions } from "./link.ts";
import { AUTO_CREATE_TOPIC_KEY } from "./names.ts";
import { random32 } from "./platform.ts";
import { MASTER_ID, TopicPublishInfo, type TopicRoute } from "./publish_route.ts";

/** Asks for routes. */
export interface RouteSource {
  /** The route; undefined when the topic is not known. */
  route(topic: string, call: CallOptions): Promise<TopicRoute | undefined>;
}

/** How a topic that does not exist is published to. */
export interface AutoCreate {
  /** Topic whose route stands in. */
  readonly createTopicKey: string;
  /** Queues it gets at most. */
  readonly defaultTopicQueueNums: number;
}

interface Entry {
  readonly route: TopicRoute;
  readonly text: string;
  readonly publish: TopicPublishInfo;
  /** True when it was made from the route of the auto-create topic. */
  readonly derived: boolean;
}

/** Told of a route that is new or different. */
export type RouteListener = (topic: string, route: TopicRoute) => void;

/** The cache of routes. */
export class RouteTable {
  readonly #source: RouteSource;
  readonly #timeoutMs: number;
  readonly #entries = new Map<string, Entry>();
  readonly #brokers = new Map<string, ReadonlyMap<number, string>>();
  readonly #refreshing = new Map<string, Promise<TopicRoute | undefined>>();
  readonly #listeners = new Set<RouteListener>();

  /**
   * @param source name servers
   * @param timeoutMs deadline of one query, in milliseconds
   */
  constructor(source: RouteSource, timeoutMs: number) {
    this.#source = source;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param listener told of each change
   * @returns ends the telling
   */
  onChange(listener: RouteListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * @param topic topic
   * @returns cached route
   */
  cached(topic: string): TopicRoute | undefined {
    return this.#entries.get(topic)?.route;
  }

  /**
   * @param topic topic
   * @returns cached list of queues to publish to, when it has any
   */
  publishInfo(topic: string): TopicPublishInfo | undefined {
    const info = this.#entries.get(topic)?.publish;
    return info !== undefined && info.queues.length > 0 ? info : undefined;
  }

  /**
   * Finds where to publish, from the cache or the name server, or by auto-creation.
   *
   * @param topic topic
   * @param create how a missing topic is published to; undefined refuses it
   * @param signal gives up early
   * @returns queues to publish to
   * @throws {ClientError} TOPIC_NOT_FOUND, AUTO_CREATE_OFF, NO_WRITE_PERMISSION, NAME_SERVER_UNREACHABLE
   */
  async findPublish(topic: string, create: AutoCreate | undefined, signal?: AbortSignal): Promise<TopicPublishInfo> {
    const cached = this.publishInfo(topic);
    if (cached !== undefined) return cached;
    const route = await this.refresh(topic, signal) ?? this.cached(topic) ?? await this.#derive(topic, create, signal);
    const info = this.publishInfo(topic);
    if (info !== undefined) return info;
    const masters = route.brokers.filter((broker) => broker.brokerAddrs.has(MASTER_ID)).length;
    throw new ClientError(
      "NO_WRITE_PERMISSION",
      `Cannot send to topic "${topic}": none of its queues may be written, ${masters} of ${route.brokers.length} brokers have a master`,
      { retryable: true },
    );
  }

  /**
   * Asks the name server for a topic's route; calls for one topic at a time share one query.
   *
   * @param topic topic
   * @param signal gives up early; the shared query goes on
   * @returns the route; undefined when the topic is not known
   * @throws {ClientError} NO_NAME_SERVER, NAME_SERVER_UNREACHABLE
   */
  refresh(topic: string, signal?: AbortSignal): Promise<TopicRoute | undefined> {
    let query = this.#refreshing.get(topic);
    if (query === undefined) {
      query = this.#query(topic).finally(() => this.#refreshing.delete(topic));
      this.#refreshing.set(topic, query);
    }
    return signal === undefined ? query : raceAbort(query, signal);
  }

  /**
   * @param brokerName broker
   * @returns address of its master
   */
  masterAddress(brokerName: string): string | undefined {
    return this.#brokers.get(brokerName)?.get(MASTER_ID);
  }

  /**
   * Address to read from.
   * Source: apache/rocketmq client/impl/factory/MQClientInstance.java findBrokerAddressInSubscribe
   *
   * @param brokerName broker
   * @param brokerId wanted replica
   * @returns address of that replica, of any other when it is missing
   */
  readAddress(brokerName: string, brokerId: number): { address: string; brokerId: number } | undefined {
    const replicas = this.#brokers.get(brokerName);
    if (replicas === undefined) return undefined;
    const wanted = replicas.get(brokerId);
    if (wanted !== undefined) return { address: wanted, brokerId };
    for (const [id, address] of replicas) return { address, brokerId: id };
    return undefined;
  }

  /** Addresses of all brokers: name → id → address. */
  get brokers(): ReadonlyMap<string, ReadonlyMap<number, string>> {
    return this.#brokers;
  }

  /** Forgets brokers that no route names any more. */
  dropUnusedBrokers(): void {
    const used = new Set<string>();
    for (const entry of this.#entries.values()) for (const broker of entry.route.brokers) used.add(broker.brokerName);
    for (const name of this.#brokers.keys()) if (!used.has(name)) this.#brokers.delete(name);
  }

  async #query(topic: string): Promise<TopicRoute | undefined> {
    const route = await this.#source.route(topic, { timeoutMs: this.#timeoutMs });
    if (route !== undefined) this.#set(topic, route, false);
    return route;
  }

  async #derive(topic: string, create: AutoCreate | undefined, signal?: AbortSignal): Promise<TopicRoute> {
    if (create === undefined) {
      throw new ClientError("TOPIC_NOT_FOUND", `Cannot find a route of topic "${topic}": no broker has it`);
    }
    const base = await this.refresh(create.createTopicKey || AUTO_CREATE_TOPIC_KEY, signal);
    if (base === undefined) {
      throw new ClientError(
        "AUTO_CREATE_OFF",
        `Cannot send to topic "${topic}": it does not exist and no broker creates topics by itself`,
      );
    }
    const queues = base.queues.map((queue) => {
      const count = Math.min(create.defaultTopicQueueNums, queue.readQueueNums);
      return { ...queue, readQueueNums: count, writeQueueNums: count };
    });
    const route = { ...base, queues, orderTopicConf: undefined };
    this.#set(topic, route, true);
    return route;
  }

  #set(topic: string, route: TopicRoute, derived: boolean): void {
    for (const broker of route.brokers) this.#brokers.set(broker.brokerName, broker.brokerAddrs);
    const text = routeText(route);
    const known = this.#entries.get(topic);
    if (known?.text === text && known.derived === derived) return;
    const publish = new TopicPublishInfo(topic, route, random32());
    this.#entries.set(topic, { route, text, publish, derived });
    for (const listener of this.#listeners) listener(topic, route);
  }
}

/** The parts of a route that matter, in an order that does not depend on the name server's. */
function routeText(route: TopicRoute): string {
  const brokers = route.brokers.map((one) => `${one.brokerName}=${[...one.brokerAddrs].sort().join("|")}`).sort();
  const queues = route.queues
    .map((one) => `${one.brokerName}:${one.readQueueNums}:${one.writeQueueNums}:${one.perm}`)
    .sort();
  return `${brokers.join(",")};${queues.join(",")};${route.orderTopicConf ?? ""}`;
}

/**
 * Waits for a promise or an abort, whichever comes first.
 *
 * @param promise what is waited for
 * @param signal ends the wait
 * @returns the promise's value
 * @throws {ClientError} ABORTED when the signal fires first
 */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new ClientError("ABORTED", "The call was aborted", { cause: signal.reason }));
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
