/**
 * Producers that are online.
 *
 * Owns: producer group → channels, client id → channel.
 * Reads: the wall clock that the caller hands in.
 * Never: closes a channel; it reports which ones expired.
 */
import { MEMBERSHIPS_MAX, TableFullError } from "./table_limit.ts";
import { CHANNEL_EXPIRY_MS, channelKey, type ClientChannel, type ClientEntry } from "./client_channel.ts";

/** The producer table of one broker. */
export class ProducerTable {
  readonly #groups = new Map<string, Map<string, ClientEntry>>();
  readonly #clients = new Map<string, ClientChannel>();
  #turn = 0;
  readonly #limit: number;
  #count = 0;

  /** @param limit memberships at most */
  constructor(limit: number = MEMBERSHIPS_MAX) {
    this.#limit = limit;
  }

  /** Registers a channel in a group, or renews it. @throws {TableFullError} when there is no room for another */
  register(group: string, entry: ClientEntry): void {
    const key = channelKey(entry.channel);
    const known = this.#groups.get(group)?.get(key);
    if (known !== undefined) {
      known.lastHeartbeatMs = entry.lastHeartbeatMs;
      return;
    }
    if (this.#count >= this.#limit) throw new TableFullError("producers", this.#limit);
    this.#count++;
    const channels = this.#groups.get(group) ?? new Map<string, ClientEntry>();
    this.#groups.set(group, channels.set(key, entry));
    this.#clients.set(entry.clientId, entry.channel);
  }

  /** Takes a channel out of a group. */
  unregister(group: string, channel: ClientChannel, clientId: string): void {
    const channels = this.#groups.get(group);
    if (channels === undefined) return;
    if (channels.delete(channelKey(channel))) this.#count--;
    this.#clients.delete(clientId);
    if (channels.size === 0) this.#groups.delete(group);
  }

  /** Takes a closed channel out of every group. */
  removeChannel(channel: ClientChannel): void {
    const key = channelKey(channel);
    for (const [group, channels] of this.#groups) {
      const entry = channels.get(key);
      if (entry === undefined) continue;
      channels.delete(key);
      this.#count--;
      this.#clients.delete(entry.clientId);
      if (channels.size === 0) this.#groups.delete(group);
    }
  }

  /**
   * Drops channels without a heartbeat for `expiryMs`.
   *
   * @returns the channels dropped; the caller closes them
   */
  expire(nowMs: number, expiryMs: number = CHANNEL_EXPIRY_MS): ClientChannel[] {
    const expired: ClientChannel[] = [];
    for (const [group, channels] of this.#groups) {
      for (const [key, entry] of channels) {
        if (nowMs - entry.lastHeartbeatMs <= expiryMs) continue;
        channels.delete(key);
        this.#count--;
        if (this.#clients.get(entry.clientId) === entry.channel) this.#clients.delete(entry.clientId);
        expired.push(entry.channel);
      }
      if (channels.size === 0) this.#groups.delete(group);
    }
    return expired;
  }

  /** Clients of a group, or undefined when it is not online. */
  clientsOf(group: string): ClientEntry[] | undefined {
    const channels = this.#groups.get(group);
    return channels === undefined ? undefined : [...channels.values()];
  }

  /** Every group with its clients. */
  groups(): Map<string, ClientEntry[]> {
    return new Map([...this.#groups].map(([group, channels]) => [group, [...channels.values()]]));
  }

  /** Channel of a client id. */
  channelOf(clientId: string): ClientChannel | undefined {
    return this.#clients.get(clientId);
  }

  /** One channel of a group, in turn. Source: apache/rocketmq broker ProducerManager.getAvailableChannel */
  nextChannel(group: string): ClientChannel | undefined {
    const clients = this.clientsOf(group);
    if (clients === undefined || clients.length === 0) return undefined;
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    return clients[this.#turn % clients.length]?.channel;
  }
}
