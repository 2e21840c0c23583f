/**
 * Consumers that are online: channels and subscriptions of each group.
 *
 * Owns: consumer group → channels, consume type, message model, from-where and subscriptions, as the newest heartbeat said.
 * Reads: the wall clock that the caller hands in.
 * Never: tells anybody. Each change is returned as an effect: which groups changed and which channels are to be told.
 */
import { MEMBERSHIPS_MAX, TableFullError } from "./table_limit.ts";
import { CHANNEL_EXPIRY_MS, channelKey, type ClientChannel, type ClientEntry } from "./client_channel.ts";

/** One subscription of a group, as a heartbeat carries it. */
export interface LiveSubscription {
  readonly topic: string;
  readonly subString: string;
  /** Grows with each change at the client, milliseconds. */
  readonly subVersion: number;
  /** "TAG", "SQL92" or what the client said. */
  readonly expressionType: string;
  readonly tags: readonly string[];
  /** Java hash codes of the tags. */
  readonly codes: readonly number[];
  readonly classFilterMode: boolean;
}

/** What a heartbeat says of one consumer group. */
export interface ConsumerHeartbeat {
  readonly group: string;
  /** "CONSUME_PASSIVELY", "CONSUME_ACTIVELY" or "CONSUME_POP". */
  readonly consumeType: string;
  /** "CLUSTERING" or "BROADCASTING". */
  readonly messageModel: string;
  readonly consumeFromWhere: string;
  /** undefined when the heartbeat says that it leaves them out. */
  readonly subscriptions: readonly LiveSubscription[] | undefined;
}

/** A consumer group that is online. */
export interface LiveConsumerGroup {
  readonly group: string;
  readonly consumeType: string;
  readonly messageModel: string;
  readonly consumeFromWhere: string;
  readonly clients: readonly ClientEntry[];
  readonly subscriptions: readonly LiveSubscription[];
}

/** What a change of the table asks the caller to do. */
export interface ConsumerEffect {
  readonly group: string;
  /** Whether members or subscriptions changed. */
  readonly changed: boolean;
  /** Whether what pulls are checked against changed (subscriptions, model, type, or the group's existence). */
  readonly publish: boolean;
  /** Channels to tell that the members changed (request 40); empty for broadcasting groups. */
  readonly notify: readonly ClientChannel[];
}

interface Group {
  consumeType: string;
  messageModel: string;
  consumeFromWhere: string;
  readonly clients: Map<string, ClientEntry>;
  readonly subscriptions: Map<string, LiveSubscription>;
}

/** The consumer table of one broker. */
export class ConsumerTable {
  readonly #groups = new Map<string, Group>();
  readonly #limit: number;
  #count = 0;

  /** @param limit memberships at most */
  constructor(limit: number = MEMBERSHIPS_MAX) {
    this.#limit = limit;
  }

  /**
   * Registers a channel with what its heartbeat says.
   * Source: apache/rocketmq broker ConsumerManager.registerConsumer, ConsumerGroupInfo.updateChannel and updateSubscription
   *
   * @throws {TableFullError} when the client is new to the group and there is no room for it
   */
  register(heartbeat: ConsumerHeartbeat, client: ClientEntry): ConsumerEffect {
    let group = this.#groups.get(heartbeat.group);
    if (this.#count >= this.#limit && group?.clients.has(channelKey(client.channel)) !== true) {
      throw new TableFullError("consumers", this.#limit);
    }
    const isNew = group === undefined;
    if (group === undefined) {
      const { consumeType, messageModel, consumeFromWhere } = heartbeat;
      group = { consumeType, messageModel, consumeFromWhere, clients: new Map(), subscriptions: new Map() };
      this.#groups.set(heartbeat.group, group);
    }
    const modelChanged = group.consumeType !== heartbeat.consumeType || group.messageModel !== heartbeat.messageModel;
    group.consumeType = heartbeat.consumeType;
    group.messageModel = heartbeat.messageModel;
    group.consumeFromWhere = heartbeat.consumeFromWhere;
    const joined = placeClient(group, client);
    if (joined) this.#count++;
    const subscribed = heartbeat.subscriptions === undefined
      ? NOTHING_CHANGED
      : placeSubscriptions(group, heartbeat.subscriptions);
    const changed = joined || subscribed.topics;
    return {
      group: heartbeat.group,
      changed,
      publish: isNew || modelChanged || subscribed.topics || subscribed.versions,
      notify: changed ? membersToTell(group) : [],
    };
  }

  /** Takes a channel out of a group. */
  unregister(group: string, channel: ClientChannel): ConsumerEffect | undefined {
    const found = this.#groups.get(group);
    if (found === undefined) return undefined;
    return this.#leave(group, found, channelKey(channel));
  }

  /** Takes a closed channel out of every group. */
  removeChannel(channel: ClientChannel): ConsumerEffect[] {
    const key = channelKey(channel);
    const effects: ConsumerEffect[] = [];
    for (const [name, group] of this.#groups) {
      if (group.clients.has(key)) effects.push(this.#leave(name, group, key));
    }
    return effects;
  }

  /**
   * Drops channels without a heartbeat for `expiryMs`. The members that stay are told, so that they take over its queues.
   *
   * @returns the channels dropped, which the caller closes, and what to publish
   */
  expire(
    nowMs: number,
    expiryMs: number = CHANNEL_EXPIRY_MS,
  ): { channels: ClientChannel[]; effects: ConsumerEffect[] } {
    const channels: ClientChannel[] = [];
    const effects: ConsumerEffect[] = [];
    for (const [name, group] of this.#groups) {
      for (const [key, entry] of group.clients) {
        if (nowMs - entry.lastHeartbeatMs <= expiryMs) continue;
        channels.push(entry.channel);
        effects.push(this.#leave(name, group, key));
      }
    }
    return { channels, effects };
  }

  /** A group that is online. */
  get(group: string): LiveConsumerGroup | undefined {
    const found = this.#groups.get(group);
    return found === undefined ? undefined : viewOf(group, found);
  }

  /** Every group that is online. */
  all(): LiveConsumerGroup[] {
    return [...this.#groups].map(([name, group]) => viewOf(name, group));
  }

  /** Client ids of a group in the order they came, or undefined when it is not online. */
  clientIdsOf(group: string): string[] | undefined {
    const found = this.#groups.get(group);
    return found === undefined ? undefined : [...found.clients.values()].map((client) => client.clientId);
  }

  /** A client of a group by its id. */
  clientOf(group: string, clientId: string): ClientEntry | undefined {
    for (const client of this.#groups.get(group)?.clients.values() ?? []) {
      if (client.clientId === clientId) return client;
    }
    return undefined;
  }

  /** Subscription of a group to a topic. */
  subscriptionOf(group: string, topic: string): LiveSubscription | undefined {
    return this.#groups.get(group)?.subscriptions.get(topic);
  }

  /** How many topics the group subscribes to; 0 when it is not online. */
  subscriptionCountOf(group: string): number {
    return this.#groups.get(group)?.subscriptions.size ?? 0;
  }

  /** Groups online that subscribe to the topic. */
  groupsOf(topic: string): string[] {
    return [...this.#groups].filter(([, group]) => group.subscriptions.has(topic)).map(([name]) => name);
  }

  #leave(name: string, group: Group, key: string): ConsumerEffect {
    const left = group.clients.delete(key);
    if (left) this.#count--;
    const empty = group.clients.size === 0;
    if (empty) this.#groups.delete(name);
    return { group: name, changed: left, publish: empty, notify: membersToTell(group) };
  }
}

const NOTHING_CHANGED = { topics: false, versions: false } as const;

function placeClient(group: Group, client: ClientEntry): boolean {
  const key = channelKey(client.channel);
  const known = group.clients.get(key);
  if (known === undefined || known.clientId !== client.clientId) {
    group.clients.set(key, client);
    return known === undefined;
  }
  known.lastHeartbeatMs = client.lastHeartbeatMs;
  return false;
}

/** `topics`: the set of topics changed, which members are told. `versions`: an expression changed, which only pulls see. */
function placeSubscriptions(
  group: Group,
  subscriptions: readonly LiveSubscription[],
): { topics: boolean; versions: boolean } {
  let topics = false;
  let versions = false;
  const wanted = new Set<string>();
  for (const subscription of subscriptions) {
    wanted.add(subscription.topic);
    const known = group.subscriptions.get(subscription.topic);
    if (known === undefined) {
      topics = true;
      group.subscriptions.set(subscription.topic, subscription);
    } else if (subscription.subVersion > known.subVersion) {
      versions = true;
      group.subscriptions.set(subscription.topic, subscription);
    }
  }
  for (const topic of group.subscriptions.keys()) {
    if (wanted.has(topic)) continue;
    group.subscriptions.delete(topic);
    topics = true;
  }
  return { topics, versions };
}

function membersToTell(group: Group): ClientChannel[] {
  return group.messageModel === "BROADCASTING" ? [] : [...group.clients.values()].map((client) => client.channel);
}

function viewOf(group: string, found: Group): LiveConsumerGroup {
  return {
    group,
    consumeType: found.consumeType,
    messageModel: found.messageModel,
    consumeFromWhere: found.consumeFromWhere,
    clients: [...found.clients.values()],
    subscriptions: [...found.subscriptions.values()],
  };
}
