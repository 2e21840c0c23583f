/**
 * The client instance: what all producers and consumers of one client id share.
 *
 * Owns: connections, routes, heartbeats, the table of members, the timers. Reads: options. Never does: send or consume messages.
 * Source: apache/rocketmq client/impl/factory/MQClientInstance.java
 */

import type { RemotingCommand } from "../../protocol/command.ts";
import type { Clock, Timer } from "../../store/clock.ts";
import { type ActorSet, startActors } from "./actor_set.ts";
import { heartbeatBody } from "./bodies.ts";
import { BrokerApi } from "./broker_api.ts";
import { sendChannel } from "./diagnostics.ts";
import { discoverNameServers } from "./http_discovery.ts";
import { ClientError } from "./errors.ts";
import { Heartbeats } from "./heartbeats.ts";
import type { Link } from "./link.ts";
import type { InstanceConsumer, InstanceProducer } from "./members.ts";
import { NameServers } from "./name_servers.ts";
import { INNER_PRODUCER_GROUP } from "./names.ts";
import { createLink } from "./net_link.ts";
import type { ResolvedOptions } from "./options.ts";
import { MASTER_ID } from "./publish_route.ts";
import { RouteTable } from "./route_table.ts";
import { answerServerRequest } from "./server_requests.ts";

/** First wait of each timer, in milliseconds. Source: client/impl/factory/MQClientInstance.java startScheduledTask */
const FIRST_MS = { heartbeat: 1_000, persist: 10_000, discovery: 10_000 } as const;
/** Milliseconds between looks at the discovery service. Source: MQClientInstance.java startScheduledTask */
const DISCOVERY_INTERVAL_MS = 120_000;

/** Takes replies of request–reply calls; see request_reply.ts. */
export type ReplyTaker = (request: RemotingCommand) => boolean;

/** What all members of one client id share. */
export class ClientInstance {
  /** Client id. */
  readonly clientId: string;
  /** Settings of the member that came first. */
  readonly options: ResolvedOptions;
  /** Connections. */
  readonly link: Link;
  /** Typed calls. */
  readonly api: BrokerApi;
  /** Name servers. */
  readonly nameServers: NameServers;
  /** Routes. */
  readonly routes: RouteTable;
  /** Consumer groups of this client. */
  readonly consumers: Map<string, InstanceConsumer> = new Map();
  /** Producer groups of this client. */
  readonly producers: Map<string, InstanceProducer> = new Map();
  /** Takes replies for request–reply calls. */
  replyTaker: ReplyTaker | undefined;
  readonly #clock: Clock;
  readonly #timers = new Map<string, Timer>();
  readonly #heartbeats: Heartbeats;
  #actors: Promise<ActorSet> | undefined;
  #started: Promise<void> | undefined;
  #stopped = false;

  /** @param options settings */
  constructor(options: ResolvedOptions) {
    this.options = options;
    this.clientId = options.clientId;
    this.#clock = options.clock;
    this.link = createLink(options, {
      request: (request, address) => answerServerRequest(this, request, address),
      opened: (address) => this.#heartbeats.opened(address),
      closed: (address) => this.#heartbeats.closed(address),
    });
    this.api = new BrokerApi(this.link);
    this.#heartbeats = new Heartbeats({
      clock: options.clock,
      logger: options.logger,
      body: () => this.#heartbeatBody(),
      addresses: () => this.#heartbeatAddresses(this.consumers.size > 0),
      send: (address, body) => this.api.heartbeat(address, body, this.#call()),
    });
    this.nameServers = new NameServers(this.api, options.namesrvAddrs);
    this.routes = new RouteTable(this.nameServers, options.mqClientApiTimeout);
    this.routes.onChange((topic, route) => {
      for (const consumer of this.consumers.values()) consumer.routeChanged(topic, route);
    });
  }

  /** Starts the timers; the second call waits for the first. */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /**
   * The pull and rebalance actors, started on first use.
   *
   * @returns references to them
   */
  actors(): Promise<ActorSet> {
    if (this.#stopped) return Promise.reject(new ClientError("STATE", "The client has been shut down"));
    this.#actors ??= startActors(this);
    return this.#actors;
  }

  /**
   * @param producer a producer
   * @throws {ClientError} STATE when its group is taken
   */
  addProducer(producer: InstanceProducer): void {
    if (this.producers.has(producer.group)) {
      throw new ClientError("STATE", `Cannot start producer: group "${producer.group}" has one in this client`);
    }
    this.producers.set(producer.group, producer);
  }

  /**
   * @param consumer a consumer
   * @throws {ClientError} STATE when its group is taken
   */
  addConsumer(consumer: InstanceConsumer): void {
    if (this.consumers.has(consumer.group)) {
      throw new ClientError("STATE", `Cannot start consumer: group "${consumer.group}" has one in this client`);
    }
    this.consumers.set(consumer.group, consumer);
  }

  /**
   * Takes a group away, here and at the brokers.
   *
   * @param group group with which
   */
  async remove(group: { producerGroup: string } | { consumerGroup: string }): Promise<void> {
    if ("producerGroup" in group) this.producers.delete(group.producerGroup);
    else this.consumers.delete(group.consumerGroup);
    const addresses = this.#heartbeatAddresses(true);
    await Promise.all(addresses.map(async (address) => {
      try {
        await this.api.unregister(address, { clientID: this.clientId, ...group }, this.#call());
      } catch (error) {
        sendChannel("heartbeat-failed", { address, error });
      }
    }));
  }

  /** Whether no member is left. */
  get unused(): boolean {
    return this.producers.size === 0 && this.consumers.size === 0;
  }

  /** Sends a heartbeat to all brokers now; failures are told to the logger only. */
  heartbeatNow(): Promise<void> {
    return this.#heartbeats.all();
  }

  /** Reads the routes of all topics of all members anew. */
  async refreshRoutes(): Promise<void> {
    const topics = new Set<string>();
    for (const producer of this.producers.values()) for (const topic of producer.publishTopics()) topics.add(topic);
    for (const consumer of this.consumers.values()) for (const topic of consumer.subscribeTopics()) topics.add(topic);
    await Promise.all([...topics].map((topic) => this.refreshRoute(topic)));
    this.routes.dropUnusedBrokers();
  }

  /**
   * Reads one route anew; failures are told to the logger only.
   *
   * @param topic topic
   */
  async refreshRoute(topic: string): Promise<void> {
    try {
      await this.routes.refresh(topic);
    } catch (error) {
      this.options.logger.warn?.("Route refresh failed", { topic, error });
      sendChannel("route-refresh-failed", { topic, error });
    }
  }

  /** Stops timers and actors and closes connections. Members must be gone. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#heartbeats.stop();
    if (this.#actors !== undefined) await (await this.#actors).stop();
    this.link.close();
  }

  async #start(): Promise<void> {
    const { namesrvDiscoveryUrl, logger } = this.options;
    if (this.nameServers.addresses.length === 0) {
      if (namesrvDiscoveryUrl === undefined) {
        throw new ClientError(
          "NO_NAME_SERVER",
          "Cannot start: give the option namesrvAddr or namesrvDiscoveryUrl, or set NAMESRV_ADDR in the environment",
        );
      }
      this.nameServers.setAddresses(await discoverNameServers(namesrvDiscoveryUrl, this.options.mqClientApiTimeout));
      this.#every("discovery", FIRST_MS.discovery, DISCOVERY_INTERVAL_MS, async () => {
        this.nameServers.setAddresses(await discoverNameServers(namesrvDiscoveryUrl, this.options.mqClientApiTimeout));
      });
    }
    const { pollNameServerInterval, heartbeatBrokerInterval, persistConsumerOffsetInterval } = this.options;
    this.#every("routes", pollNameServerInterval, pollNameServerInterval, () => this.refreshRoutes());
    this.#every("heartbeat", FIRST_MS.heartbeat, heartbeatBrokerInterval, () => this.heartbeatNow());
    this.#every(
      "persist",
      Math.min(FIRST_MS.persist, persistConsumerOffsetInterval),
      persistConsumerOffsetInterval,
      async () => {
        for (const consumer of this.consumers.values()) await consumer.persistOffsets();
      },
    );
    logger.info?.("Client started", { clientId: this.clientId });
  }

  /** Repeats work; one round ends before the next is timed. */
  #every(name: string, firstMs: number, intervalMs: number, work: () => Promise<void>): void {
    const round = async (): Promise<void> => {
      try {
        await work();
      } catch (error) {
        this.options.logger.warn?.("Periodic work failed", { name, error });
      }
      if (!this.#stopped) this.#timers.set(name, this.#clock.setTimer(intervalMs, round));
    };
    if (!this.#stopped) this.#timers.set(name, this.#clock.setTimer(firstMs, round));
  }

  #heartbeatBody(): Uint8Array | undefined {
    if (this.unused) return undefined;
    return heartbeatBody(
      this.clientId,
      [...new Set([...this.producers.keys(), INNER_PRODUCER_GROUP])],
      [...this.consumers.values()].map((consumer) => consumer.heartbeatData()),
    );
  }

  #heartbeatAddresses(allReplicas: boolean): string[] {
    const addresses = new Set<string>();
    for (const replicas of this.routes.brokers.values()) {
      for (const [id, address] of replicas) if (allReplicas || id === MASTER_ID) addresses.add(address);
    }
    return [...addresses];
  }

  #call(): { timeoutMs: number } {
    return { timeoutMs: this.options.mqClientApiTimeout };
  }
}
