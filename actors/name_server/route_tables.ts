/**
 * The route tables of a name server: brokers register, leave and expire, and topics get their routes from that.
 *
 * Owns: `BrokerTable`, `TopicQueues`, filter servers. Reads: the clock and settings it is given.
 * Never: sockets, JSON or files. Whatever must happen outside is told to the observer it was built with.
 * Source: apache/rocketmq namesrv RouteInfoManager.
 */

import { assert } from "../../store/assert.ts";
import type { Clock } from "../../store/clock.ts";
import { type DataVersion, isSameDataVersion } from "../../protocol/data_version.ts";
import { BrokerTable, type LiveBroker, minBrokerId } from "./broker_table.ts";
import {
  type BrokerDeparture,
  type BrokerGroup,
  type BrokerRegistration,
  MASTER_ID,
  PERM_WRITE,
  type QueueShape,
  type RegistrationOutcome,
  type RouteObserver,
  type RouteSettings,
  type TopicRoute,
} from "./route_types.ts";
import { TopicQueues } from "./topic_queues.ts";

/**
 * Milliseconds of silence after which a broker that names no time-out is gone.
 * Source: apache/rocketmq namesrv RouteInfoManager.DEFAULT_BROKER_CHANNEL_EXPIRED_TIME.
 */
export const BROKER_EXPIRY_MS_DEFAULT = 120_000;

/**
 * Topics with this prefix are never given an acting master.
 * Source: apache/rocketmq common TopicValidator.SYNC_BROKER_MEMBER_GROUP_PREFIX.
 */
export const SYNC_BROKER_MEMBER_PREFIX = "rmq_sys_SYNC_BROKER_MEMBER_";

/** Route tables. */
export class RouteTables {
  readonly #brokers: BrokerTable;
  readonly #topics: TopicQueues;
  readonly #filterServers = new Map<string, readonly string[]>();
  readonly #observer: RouteObserver;
  readonly #settings: () => RouteSettings;

  /**
   * @param clock Time for expiry.
   * @param settings Asked again at every use.
   * @param observer Told of changes, while they are made.
   */
  constructor(clock: Clock, settings: () => RouteSettings, observer: RouteObserver) {
    this.#brokers = new BrokerTable(clock);
    this.#topics = new TopicQueues((topic) => observer.topicChanged(topic));
    this.#settings = settings;
    this.#observer = observer;
  }

  /** Groups, clusters and live brokers, to read. */
  get brokers(): Pick<BrokerTable, "groups" | "clusters" | "live" | "group" | "liveAt"> {
    return this.#brokers;
  }

  /** Topics, to read. */
  get topics(): Pick<TopicQueues, "size" | "names" | "namesOn" | "namesByUnit" | "queuesOf"> {
    return this.#topics;
  }

  /**
   * A broker registers, or registers again (request 103).
   *
   * @param registration What it said.
   * @returns What became of it.
   */
  register(registration: BrokerRegistration): RegistrationOutcome {
    const { cluster, brokerName, brokerId, address } = registration;
    const isFirstOfName = this.#brokers.group(brokerName) === undefined;
    const lowestBefore = minBrokerId(this.#brokers.group(brokerName)?.addresses ?? new Map()) ?? MASTER_ID;
    let groupChanged = this.#brokers.putGroup(cluster, brokerName, {
      zoneName: registration.zoneName,
      enableActingMaster: registration.enableActingMaster ?? false,
    });
    groupChanged = this.#brokers.removeAddress(brokerName, address, brokerId) || groupChanged;

    const refusal = this.#refusalOf(registration);
    if (refusal !== undefined) {
      if (refusal.kind === "conflict") this.#brokers.removeLive(cluster, address);
      if (this.#brokers.removeGroupIfEmpty(brokerName)) this.#topics.removeBroker(brokerName);
      if (groupChanged) this.#observer.everyTopicChanged();
      return refusal;
    }

    const addressBefore = this.#brokers.putAddress(brokerName, brokerId, address);
    if (groupChanged || addressBefore !== address) this.#observer.everyTopicChanged();
    this.#takeTopics(registration, isFirstOfName || addressBefore === undefined);
    this.#takeSignOfLife(registration);
    this.#takeFilterServers(registration);
    if (brokerId < lowestBefore) this.#noticeOfJoin(registration);
    return this.#acceptance(registration);
  }

  /**
   * Brokers leave (request 104, end of a connection, expiry). Unknown ones are ignored.
   *
   * @param departures Who leaves.
   */
  unregister(departures: readonly BrokerDeparture[]): void {
    for (const departure of departures) this.#remove(departure);
  }

  /**
   * A connection ended: whoever registered over it is gone at once.
   *
   * @param channel Number of the connection.
   */
  channelClosed(channel: number): void {
    this.#drop(this.#brokers.onChannel(channel));
  }

  /**
   * Removes brokers that were silent for too long.
   *
   * @returns Connections to close.
   */
  removeExpired(): number[] {
    const expired = this.#brokers.expired();
    this.#drop(expired);
    return expired.map((broker) => broker.channel);
  }

  /**
   * Notes a sign of life (requests 904 and 322).
   *
   * @param cluster Cluster of the broker.
   * @param address Its address.
   */
  touch(cluster: string, address: string): void {
    this.#brokers.touch(cluster, address);
  }

  /**
   * The data version that a broker registered last.
   *
   * @param cluster Cluster of the broker.
   * @param address Its address.
   * @returns The version, or undefined when the broker is not registered.
   */
  dataVersionOf(cluster: string, address: string): DataVersion | undefined {
    return this.#brokers.liveAt(cluster, address)?.dataVersion;
  }

  /**
   * Gives a topic queues on brokers that are registered (request 217). It stops at the first unknown broker: a new topic is
   * then not made, of a known one the brokers before it are kept.
   *
   * @param topic The topic.
   * @param queues Its queues.
   * Source: apache/rocketmq namesrv RouteInfoManager.registerTopic.
   */
  registerTopic(topic: string, queues: readonly (QueueShape & { readonly brokerName: string })[]): void {
    const unknownAt = queues.findIndex((queue) => this.#brokers.group(queue.brokerName) === undefined);
    const isKnown = this.#topics.queuesOf(topic) !== undefined;
    if (unknownAt >= 0 && !isKnown) return;
    for (const queue of unknownAt < 0 ? queues : queues.slice(0, unknownAt)) {
      this.#topics.set(topic, queue.brokerName, queue);
    }
  }

  /**
   * Deletes a topic (request 216).
   *
   * @param topic The topic.
   * @param cluster Only on the brokers of this cluster, when given.
   */
  deleteTopic(topic: string, cluster?: string): void {
    if (cluster === undefined) this.#topics.delete(topic);
    else this.#topics.delete(topic, this.#brokers.clusters.get(cluster) ?? []);
  }

  /**
   * Clears the write permission of a broker's topics (request 205).
   *
   * @param brokerName The broker name.
   * @returns Topics that it has.
   */
  wipeWritePermission(brokerName: string): number {
    return this.#topics.wipeWritePermission(brokerName);
  }

  /**
   * Gives a broker's topics read and write permission (request 327).
   *
   * @param brokerName The broker name.
   * @returns Topics that it has.
   */
  addWritePermission(brokerName: string): number {
    return this.#topics.addWritePermission(brokerName);
  }

  /**
   * The route of a topic, with an acting master where that is wanted and needed.
   *
   * @param topic The topic.
   * @returns The route, or undefined when no live broker has the topic.
   * Source: apache/rocketmq namesrv RouteInfoManager.pickupTopicRouteData.
   */
  routeOf(topic: string): TopicRoute | undefined {
    const queues = this.#topics.queuesOf(topic);
    if (queues === undefined) return undefined;
    const names = [...queues.keys()].sort();
    const brokers = names.map((name) => this.#brokers.group(name)).filter((group) => group !== undefined);
    if (brokers.length === 0) return undefined;
    const acts = this.#settings().supportActingMaster && !topic.startsWith(SYNC_BROKER_MEMBER_PREFIX);
    return {
      brokers: acts ? brokers.map((group) => withActingMaster(group, queues.get(group.brokerName))) : brokers,
      queues: names.map((brokerName) => ({ brokerName, ...this.#shapeOf(queues, brokerName) })),
      filterServers: this.#filterServersOf(brokers),
      mappings: this.#topics.mappingsOf(topic),
    };
  }

  /** Asserts the invariants of all tables. */
  check(): void {
    this.#brokers.check();
    this.#topics.check((brokerName) => this.#brokers.group(brokerName) !== undefined);
  }

  #shapeOf(queues: ReadonlyMap<string, QueueShape>, brokerName: string): QueueShape {
    const shape = queues.get(brokerName);
    assert(shape !== undefined, `No queues on "${brokerName}"`);
    return shape;
  }

  #refusalOf(registration: BrokerRegistration): RegistrationOutcome | undefined {
    const { cluster, brokerName, brokerId, address } = registration;
    const holder = this.#brokers.group(brokerName)?.addresses.get(brokerId);
    if (holder === undefined) return registration.topics.length === 1 ? { kind: "refused" } : undefined;
    if (holder === address) return undefined;
    const known = this.#brokers.liveAt(cluster, holder);
    if (known === undefined) return undefined;
    return known.dataVersion.stateVersion > registration.dataVersion.stateVersion ? { kind: "conflict" } : undefined;
  }

  /** Masters bring topics, and the lowest slave of a broker new enough to act as one. */
  #takeTopics(registration: BrokerRegistration, isFirst: boolean): void {
    const { cluster, brokerName, brokerId, address, topics, dataVersion } = registration;
    const addresses = this.#brokers.group(brokerName)?.addresses ?? new Map();
    const isPrimeSlave = registration.enableActingMaster !== undefined && brokerId !== MASTER_ID &&
      brokerId === minBrokerId(addresses);
    if (brokerId !== MASTER_ID && !isPrimeSlave) return;
    if (this.#settings().deleteTopicWithBrokerRegistration && registration.mappings.length === 0) {
      this.#topics.deleteOthers(brokerName, new Set(topics.map((topic) => topic.topicName)));
    }
    const before = this.#brokers.liveAt(cluster, address)?.dataVersion;
    const isChanged = isFirst || before === undefined || !isSameDataVersion(before, dataVersion);
    const permMask = isPrimeSlave && registration.enableActingMaster === true ? ~PERM_WRITE : -1;
    for (const topic of topics) {
      if (isChanged || this.#topics.queuesOf(topic.topicName)?.has(brokerName) !== true) {
        this.#topics.set(topic.topicName, brokerName, topic, topic.perm & permMask);
      }
    }
    if (isChanged) { for (const mapping of registration.mappings) this.#topics.setMapping(mapping); }
  }

  #takeSignOfLife(registration: BrokerRegistration): void {
    const isNew = this.#brokers.putLive({
      cluster: registration.cluster,
      address: registration.address,
      timeoutMs: registration.timeoutMs ?? BROKER_EXPIRY_MS_DEFAULT,
      dataVersion: registration.dataVersion,
      channel: registration.channel,
      haServerAddress: registration.haServerAddress,
    });
    if (isNew) this.#observer.liveBrokersChanged();
  }

  #takeFilterServers(registration: BrokerRegistration): void {
    const { cluster, address, filterServers } = registration;
    if (filterServers === undefined) return;
    const key = `${cluster}\n${address}`;
    const before = this.#filterServers.get(key) ?? [];
    if (before.length === filterServers.length && before.every((server, at) => server === filterServers[at])) return;
    if (filterServers.length === 0) this.#filterServers.delete(key);
    else this.#filterServers.set(key, filterServers);
    this.#observer.everyTopicChanged();
  }

  #acceptance(registration: BrokerRegistration): RegistrationOutcome {
    if (registration.brokerId === MASTER_ID) return { kind: "accepted" };
    const masterAddress = this.#brokers.group(registration.brokerName)?.addresses.get(MASTER_ID);
    if (masterAddress === undefined) return { kind: "accepted" };
    const master = this.#brokers.liveAt(registration.cluster, masterAddress);
    if (master === undefined) return { kind: "accepted" };
    const ha = master.haServerAddress;
    return { kind: "accepted", masterAddress, ...(ha === undefined ? {} : { masterHaAddress: ha }) };
  }

  #drop(brokers: readonly LiveBroker[]): void {
    for (const broker of brokers) {
      const departure = this.#brokers.departureOf(broker);
      if (departure !== undefined) this.#remove(departure);
      else if (this.#brokers.removeLive(broker.cluster, broker.address)) this.#observer.liveBrokersChanged();
    }
  }

  #remove(departure: BrokerDeparture): void {
    const { cluster, brokerName, brokerId, address } = departure;
    if (this.#brokers.removeLive(cluster, address)) this.#observer.liveBrokersChanged();
    const hadFilters = this.#filterServers.delete(`${cluster}\n${address}`);
    const wasLowest = minBrokerId(this.#brokers.group(brokerName)?.addresses ?? new Map()) === brokerId;
    const removed = this.#brokers.removeAddress(brokerName, address);
    if (removed || hadFilters) this.#observer.everyTopicChanged();
    if (this.#brokers.removeGroupIfEmpty(brokerName)) {
      this.#topics.removeBroker(brokerName);
      return;
    }
    const group = this.#brokers.group(brokerName);
    if (group === undefined || !group.enableActingMaster) return;
    if (minBrokerId(group.addresses) !== MASTER_ID) this.#topics.wipeWritePermission(brokerName);
    if (wasLowest) this.#notify(group, [...group.addresses.values()], address, undefined);
  }

  #noticeOfJoin(registration: BrokerRegistration): void {
    const group = this.#brokers.group(registration.brokerName);
    if (group === undefined) return;
    const lowest = minBrokerId(group.addresses);
    const others = [...group.addresses].filter(([brokerId]) => group.addresses.size === 1 || brokerId !== lowest);
    this.#notify(group, others.map(([, address]) => address), undefined, registration.haServerAddress);
  }

  #notify(group: BrokerGroup, receivers: string[], offline: string | undefined, ha: string | undefined): void {
    if (!this.#settings().notifyMinBrokerIdChanged) return;
    const lowest = minBrokerId(group.addresses);
    const minBrokerAddress = lowest === undefined ? undefined : group.addresses.get(lowest);
    if (lowest === undefined || minBrokerAddress === undefined) return;
    this.#observer.minBrokerIdChanged({
      minBrokerId: lowest,
      minBrokerAddress,
      offlineBrokerAddress: offline,
      haBrokerAddress: ha,
      receivers,
    });
  }

  /** Filter servers of the addresses of a route. */
  #filterServersOf(brokers: readonly BrokerGroup[]): Map<string, readonly string[]> {
    const found = new Map<string, readonly string[]>();
    if (this.#filterServers.size === 0) return found;
    for (const group of brokers) {
      for (const address of group.addresses.values()) {
        const servers = this.#filterServers.get(`${group.cluster}\n${address}`);
        if (servers !== undefined) found.set(address, servers);
      }
    }
    return found;
  }
}

/** Presents the lowest id as master when there is none, provided that the topic cannot be written there. */
function withActingMaster(group: BrokerGroup, queues: QueueShape | undefined): BrokerGroup {
  if (group.addresses.has(MASTER_ID) || !group.enableActingMaster) return group;
  const lowest = minBrokerId(group.addresses);
  const actingAddress = lowest === undefined ? undefined : group.addresses.get(lowest);
  if (lowest === undefined || actingAddress === undefined) return group;
  if (queues === undefined || (queues.perm & PERM_WRITE) !== 0) return group;
  const addresses = new Map(group.addresses);
  addresses.delete(lowest);
  addresses.set(MASTER_ID, actingAddress);
  return { ...group, addresses };
}
