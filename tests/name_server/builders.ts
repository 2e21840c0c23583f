/**
 * Builders for name server tests: registrations with defaults, and an observer that remembers what it was told.
 */

import type {
  BrokerRegistration,
  MinBrokerIdNotice,
  RouteObserver,
  RouteSettings,
  TopicShape,
} from "../../actors/name_server/route_types.ts";

/** A topic of four queues, read and write. */
export function topic(topicName: string, fields: Partial<TopicShape> = {}): TopicShape {
  return { topicName, readQueueNums: 4, writeQueueNums: 4, perm: 6, topicSysFlag: 0, ...fields };
}

/** A master that brings two topics. */
export function registration(fields: Partial<BrokerRegistration> = {}): BrokerRegistration {
  return {
    cluster: "c",
    brokerName: "a",
    brokerId: 0,
    address: "10.0.0.1:10911",
    haServerAddress: "10.0.0.1:10912",
    zoneName: undefined,
    timeoutMs: undefined,
    enableActingMaster: false,
    topics: [topic("T"), topic("TBW102", { perm: 7 })],
    mappings: [],
    dataVersion: { stateVersion: 0, timestamp: 1, counter: 1 },
    filterServers: [],
    channel: 1,
    ...fields,
  };
}

/** Settings as RocketMQ's defaults have them. */
export function settings(fields: Partial<RouteSettings> = {}): RouteSettings {
  return {
    supportActingMaster: false,
    deleteTopicWithBrokerRegistration: false,
    notifyMinBrokerIdChanged: false,
    ...fields,
  };
}

/** Remembers everything. */
export class RecordingObserver implements RouteObserver {
  readonly topics: string[] = [];
  readonly notices: MinBrokerIdNotice[] = [];
  everyCount = 0;
  liveCount = 0;

  topicChanged(topic: string): void {
    this.topics.push(topic);
  }

  everyTopicChanged(): void {
    this.everyCount++;
  }

  liveBrokersChanged(): void {
    this.liveCount++;
  }

  minBrokerIdChanged(notice: MinBrokerIdNotice): void {
    this.notices.push(notice);
  }

  /** Forgets what was told so far. */
  clear(): void {
    this.topics.length = 0;
    this.notices.length = 0;
    this.everyCount = 0;
    this.liveCount = 0;
  }
}
