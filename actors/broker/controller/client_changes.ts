/**
 * Clients that come and go: their groups change, members are told, gateways learn the subscriptions.
 *
 * Owns: what follows from a heartbeat, a farewell, a closed or an expired channel.
 * Reads: nothing that is not in the state.
 * Never: waits for a client; telling one is one-way.
 */
import { createRequest, markOneway } from "../../../protocol/command.ts";
import type { HeartbeatData } from "../../../protocol/heartbeat.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ExpressionType, type SubscriptionData } from "../../../protocol/subscription.ts";
import type { ClientChannel, ClientEntry } from "../../../store/client_channel.ts";
import type { ConsumerEffect, LiveConsumerGroup, LiveSubscription } from "../../../store/consumer_table.ts";
import { retryTopicOf } from "../../../store/topic_names.ts";
import { TopicPerm } from "../../../store/topic_view.ts";
import type { LiveGroup, SubscriptionEntry, SubscriptionUpdate } from "../broker_controller_contract.ts";
import type { GroupChanges } from "./group_changes.ts";
import type { Outputs } from "./outputs.ts";
import type { ControllerState } from "./state.ts";
import type { Subscribers } from "./subscribers.ts";
import type { TopicChanges } from "./topic_changes.ts";

/** Flag of a retry topic whose group belongs to a unit. Source: apache/rocketmq common TopicSysFlag FLAG_UNIT_SUB */
const UNIT_SUBSCRIPTION_FLAG = 2;

/** What the changes of clients lead to. */
export interface ClientListeners {
  readonly subscribers: Subscribers;
  readonly topics: TopicChanges;
  readonly groups: GroupChanges;
  readonly outputs: Outputs;
}

/** Changes the client tables of one broker. */
export class ClientChanges {
  readonly #state: ControllerState;
  readonly #listeners: ClientListeners;
  readonly #fingerprints = new Map<string, number>();

  /**
   * @param state what changes
   * @param listeners what it leads to
   */
  constructor(state: ControllerState, listeners: ClientListeners) {
    this.#state = state;
    this.#listeners = listeners;
  }

  /** Every live group, for a subscriber that starts. */
  snapshot(): SubscriptionUpdate {
    return {
      version: this.#listeners.subscribers.versionOf("subscriptions"),
      whole: true,
      changed: this.#state.consumers.all().map((group) => this.#liveGroup(group)),
      removed: [],
    };
  }

  /**
   * Takes a heartbeat.
   * Source: apache/rocketmq broker ClientManageProcessor.heartBeat and heartBeatV2
   *
   * @returns whether some group of the client was known with another fingerprint (only told in version 2)
   */
  async heartbeat(heartbeat: HeartbeatData, client: ClientEntry): Promise<boolean> {
    let fingerprintChanged = false;
    const effects: ConsumerEffect[] = [];
    for (const consumer of heartbeat.consumerDataSet) {
      if (this.#state.values.rejectPullConsumerEnable && consumer.consumeType === "CONSUME_ACTIVELY") continue;
      const known = this.#fingerprints.get(consumer.groupName);
      if (known !== undefined && known !== heartbeat.heartbeatFingerprint) fingerprintChanged = true;
      this.#fingerprints.set(consumer.groupName, heartbeat.heartbeatFingerprint);
      const group = await this.#listeners.groups.find(consumer.groupName);
      if (group === undefined) continue;
      await this.#listeners.topics.ensureFixed({
        topic: retryTopicOf(consumer.groupName),
        queueNums: group.retryQueueNums,
        perm: TopicPerm.Read | TopicPerm.Write,
        order: consumer.subscriptionDataSet.some(({ topic }) => this.#state.topics.get(topic)?.order === true),
        topicSysFlag: consumer.unitMode ? UNIT_SUBSCRIPTION_FLAG : 0,
      });
      const withoutSubscriptions = heartbeat.heartbeatFingerprint !== 0 && heartbeat.withoutSub;
      const subscriptions = withoutSubscriptions ? undefined : consumer.subscriptionDataSet.map(liveSubscriptionOf);
      const effect = this.#state.consumers.register({
        group: consumer.groupName,
        consumeType: consumer.consumeType,
        messageModel: consumer.messageModel,
        consumeFromWhere: consumer.consumeFromWhere,
        subscriptions,
      }, client);
      if (subscriptions !== undefined) {
        this.#state.filters.register(consumer.groupName, subscriptions, this.#state.nowMs());
      }
      effects.push(group.notifyConsumerIdsChangedEnable ? effect : { ...effect, notify: [] });
    }
    for (const producer of heartbeat.producerDataSet) this.#state.producers.register(producer.groupName, { ...client });
    await this.#follow(effects);
    return fingerprintChanged;
  }

  /** Takes a client out of a producer group, a consumer group, or both. */
  async unregister(
    groups: { producerGroup: string | undefined; consumerGroup: string | undefined; clientId: string },
    channel: ClientChannel,
  ): Promise<void> {
    const { producerGroup, consumerGroup, clientId } = groups;
    if (producerGroup !== undefined) this.#state.producers.unregister(producerGroup, channel, clientId);
    if (consumerGroup === undefined) return;
    const group = await this.#listeners.groups.find(consumerGroup);
    const effect = this.#state.consumers.unregister(consumerGroup, channel);
    if (effect === undefined) return;
    await this.#follow([group?.notifyConsumerIdsChangedEnable === false ? { ...effect, notify: [] } : effect]);
  }

  /** A connection is gone. */
  async channelClosed(channel: ClientChannel): Promise<void> {
    this.#state.producers.removeChannel(channel);
    await this.#follow(this.#state.consumers.removeChannel(channel));
  }

  /** Drops clients that have not been heard for too long, and closes their connections. */
  async expire(): Promise<void> {
    const nowMs = this.#state.nowMs();
    const producers = this.#state.producers.expire(nowMs);
    const consumers = this.#state.consumers.expire(nowMs, this.#state.values.channelExpiredTimeout);
    for (const channel of [...producers, ...consumers.channels]) this.#listeners.outputs.closeChannel(channel);
    await this.#follow(consumers.effects);
  }

  /** Tells members and gateways what changed. */
  async #follow(effects: readonly ConsumerEffect[]): Promise<void> {
    const publish = new Set(effects.filter((effect) => effect.publish).map((effect) => effect.group));
    const published = publish.size === 0 ? undefined : this.#publish([...publish]);
    if (this.#state.values.notifyConsumerIdsChangedEnable) {
      for (const { group, notify } of effects) {
        const command = markOneway(createRequest(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, { consumerGroup: group }));
        for (const channel of notify) this.#listeners.outputs.push(channel, command);
      }
    }
    await published;
  }

  async #publish(groups: readonly string[]): Promise<void> {
    const live = groups.map((group) => ({ group, found: this.#state.consumers.get(group) }));
    for (const { group, found } of live) {
      if (found !== undefined) continue;
      this.#fingerprints.delete(group);
      this.#state.filters.unregister(group, this.#state.nowMs());
    }
    await this.#listeners.subscribers.publish("subscriptions", (version): SubscriptionUpdate => ({
      version,
      whole: false,
      changed: live.flatMap(({ found }) => found === undefined ? [] : [this.#liveGroup(found)]),
      removed: live.flatMap(({ group, found }) => found === undefined ? [group] : []),
    }));
  }

  /** A group as gateways check pulls against it: with the expressions that are in force, which may be others than the heartbeat's. */
  #liveGroup({ group, consumeType, messageModel, subscriptions }: LiveConsumerGroup): LiveGroup {
    const entries = subscriptions.map((subscription): SubscriptionEntry => {
      const filter = isTagType(subscription.expressionType)
        ? undefined
        : this.#state.filters.get(subscription.topic, group);
      if (filter === undefined) return subscription;
      return { ...subscription, filter: { expression: filter.expression, clientVersion: filter.clientVersion } };
    });
    return { group, consumeType, messageModel, subscriptions: entries };
  }
}

function isTagType(type: string): boolean {
  return type === "" || type === ExpressionType.TAG;
}

/** A subscription of a heartbeat as the table keeps it. */
export function liveSubscriptionOf(data: SubscriptionData): LiveSubscription {
  const { topic, subString, subVersion, expressionType, tagsSet, codeSet, classFilterMode } = data;
  return { topic, subString, subVersion, expressionType, tags: tagsSet, codes: codeSet, classFilterMode };
}

/** A subscription of the table as answers carry it. */
export function subscriptionDataOf(live: LiveSubscription): SubscriptionData {
  const { topic, subString, subVersion, expressionType, tags, codes, classFilterMode } = live;
  return { topic, subString, subVersion, expressionType, tagsSet: tags, codeSet: codes, classFilterMode };
}
