/**
 * Which brokers exist: names with their replicas, clusters with their names, and who was last heard of when.
 *
 * Owns: broker name → group, cluster → broker names, (cluster, address) → sign of life.
 * Reads: the clock it is given. Never: knows topics.
 *
 * Invariant: a group has at least one address, and every cluster that names a group has that group in the table.
 */

import type { DataVersion } from "../../protocol/data_version.ts";
import { assert } from "../../store/assert.ts";
import type { Clock } from "../../store/clock.ts";
import type { BrokerDeparture, BrokerGroup } from "./route_types.ts";

/** A broker that has registered and not left. */
export interface LiveBroker {
  readonly cluster: string;
  readonly address: string;
  readonly timeoutMs: number;
  readonly dataVersion: DataVersion;
  readonly channel: number;
  readonly haServerAddress: string | undefined;
}

/** A group whose fields may change. */
interface MutableGroup extends BrokerGroup {
  addresses: Map<number, string>;
  zoneName: string | undefined;
  enableActingMaster: boolean;
}

interface Life extends LiveBroker {
  heardAtMs: number;
}

/** Broker tables; pure but for the clock. */
export class BrokerTable {
  readonly #clock: Clock;
  readonly #groups = new Map<string, MutableGroup>();
  readonly #clusters = new Map<string, Set<string>>();
  readonly #live = new Map<string, Life>();

  /** @param clock Its monotonic time counts for expiry. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All groups by broker name. */
  get groups(): ReadonlyMap<string, BrokerGroup> {
    return this.#groups;
  }

  /** All clusters with their broker names. */
  get clusters(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#clusters;
  }

  /** Brokers that have registered and not left. */
  get live(): Iterable<LiveBroker> {
    return this.#live.values();
  }

  /**
   * The group of a broker name.
   *
   * @param brokerName The name.
   * @returns The group or undefined.
   */
  group(brokerName: string): BrokerGroup | undefined {
    return this.#groups.get(brokerName);
  }

  /**
   * The group of a broker name, made when missing, as a member of a cluster.
   *
   * @param cluster Cluster that now names the group; a known group keeps the cluster it was made with.
   * @param brokerName The name.
   * @param fields What the registration says of the group.
   * @returns Whether the group changed.
   */
  putGroup(
    cluster: string,
    brokerName: string,
    fields: { readonly zoneName: string | undefined; readonly enableActingMaster: boolean },
  ): boolean {
    const names = this.#clusters.get(cluster);
    if (names === undefined) this.#clusters.set(cluster, new Set([brokerName]));
    else names.add(brokerName);
    const group = this.#groups.get(brokerName);
    if (group === undefined) {
      this.#groups.set(brokerName, { cluster, brokerName, addresses: new Map(), ...fields });
      return true;
    }
    const changed = group.zoneName !== fields.zoneName || group.enableActingMaster !== fields.enableActingMaster;
    group.zoneName = fields.zoneName;
    group.enableActingMaster = fields.enableActingMaster;
    return changed;
  }

  /**
   * Gives an id of a group an address.
   *
   * @param brokerName A known name.
   * @param brokerId The id.
   * @param address `host:port`.
   * @returns The address that the id had before.
   */
  putAddress(brokerName: string, brokerId: number, address: string): string | undefined {
    const addresses = this.#mutable(brokerName).addresses;
    const before = addresses.get(brokerId);
    addresses.set(brokerId, address);
    return before;
  }

  /**
   * Takes an address away from a group.
   *
   * @param brokerName A name, known or not.
   * @param address `host:port`.
   * @param exceptId Id that keeps it.
   * @returns Whether an id had it.
   */
  removeAddress(brokerName: string, address: string, exceptId?: number): boolean {
    const addresses = this.#groups.get(brokerName)?.addresses;
    let removed = false;
    for (const [brokerId, known] of addresses ?? []) {
      if (known === address && brokerId !== exceptId) removed = addresses?.delete(brokerId) === true || removed;
    }
    return removed;
  }

  /**
   * Forgets a group when no replica is left.
   *
   * @param brokerName A name, known or not.
   * @returns Whether it was forgotten.
   */
  removeGroupIfEmpty(brokerName: string): boolean {
    const group = this.#groups.get(brokerName);
    if (group === undefined || group.addresses.size > 0) return false;
    this.#groups.delete(brokerName);
    for (const [cluster, names] of this.#clusters) {
      if (names.delete(brokerName) && names.size === 0) this.#clusters.delete(cluster);
    }
    return true;
  }

  /**
   * Notes a sign of life with everything that a registration says.
   *
   * @param broker The broker.
   * @returns Whether it was unknown before.
   */
  putLive(broker: LiveBroker): boolean {
    const key = liveKey(broker.cluster, broker.address);
    const isNew = !this.#live.has(key);
    this.#live.set(key, { ...broker, heardAtMs: this.#clock.monotonicMs() });
    return isNew;
  }

  /**
   * A live broker by its address.
   *
   * @param cluster Its cluster.
   * @param address `host:port`.
   * @returns The broker or undefined.
   */
  liveAt(cluster: string, address: string): LiveBroker | undefined {
    return this.#live.get(liveKey(cluster, address));
  }

  /**
   * Notes a sign of life of a known broker; an unknown one is left unknown.
   *
   * @param cluster Its cluster.
   * @param address `host:port`.
   */
  touch(cluster: string, address: string): void {
    const life = this.#live.get(liveKey(cluster, address));
    if (life !== undefined) life.heardAtMs = this.#clock.monotonicMs();
  }

  /**
   * Forgets a live broker; its group is not touched.
   *
   * @param cluster Its cluster.
   * @param address `host:port`.
   * @returns Whether it was known.
   */
  removeLive(cluster: string, address: string): boolean {
    return this.#live.delete(liveKey(cluster, address));
  }

  /**
   * Brokers that were silent for longer than their time-out.
   *
   * @returns A new list.
   */
  expired(): LiveBroker[] {
    const now = this.#clock.monotonicMs();
    return [...this.#live.values()].filter((life) => life.heardAtMs + life.timeoutMs < now);
  }

  /**
   * Brokers that registered over a connection.
   *
   * @param channel Number of the connection.
   * @returns A new list; a container registers several brokers over one connection.
   */
  onChannel(channel: number): LiveBroker[] {
    return [...this.#live.values()].filter((life) => life.channel === channel);
  }

  /**
   * The departure that says that a live broker is gone.
   *
   * @param broker The broker.
   * @returns Its name and id, or undefined when no group has the address.
   */
  departureOf(broker: LiveBroker): BrokerDeparture | undefined {
    const { cluster, address } = broker;
    for (const group of this.#groups.values()) {
      if (group.cluster !== cluster) continue;
      for (const [brokerId, known] of group.addresses) {
        if (known === address) return { cluster, brokerName: group.brokerName, brokerId, address };
      }
    }
    return undefined;
  }

  /** Asserts the invariant of the module. */
  check(): void {
    for (const group of this.#groups.values()) {
      assert(group.addresses.size > 0, `Broker "${group.brokerName}" has no address`);
    }
    for (const [cluster, names] of this.#clusters) {
      assert(names.size > 0, `Cluster "${cluster}" has no broker`);
      for (const name of names) assert(this.#groups.has(name), `Cluster "${cluster}" names unknown broker "${name}"`);
    }
  }

  #mutable(brokerName: string): MutableGroup {
    const group = this.#groups.get(brokerName);
    assert(group !== undefined, `Broker "${brokerName}" is unknown`);
    return group;
  }
}

/**
 * Lowest id of a group.
 *
 * @param addresses Broker id to address.
 * @returns The id, or undefined when there is none.
 */
export function minBrokerId(addresses: ReadonlyMap<number, string>): number | undefined {
  let lowest: number | undefined;
  for (const brokerId of addresses.keys()) {
    if (lowest === undefined || brokerId < lowest) lowest = brokerId;
  }
  return lowest;
}

/** A cluster name cannot hold the separator's line end in any broker that Apache starts. */
function liveKey(cluster: string, address: string): string {
  return `${cluster}\n${address}`;
}
