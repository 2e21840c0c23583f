/**
 * Types of the route tables: what a broker registers and what a route is made of.
 *
 * Owns: types only. Reads: nothing. Never: JSON or wire names; `route_answer.ts` writes those.
 */

import type { DataVersion } from "../../protocol/data_version.ts";
import type { TopicQueueMappingInfo } from "../../protocol/topic_queue_mapping.ts";

/** Id of a master in its broker group. Source: apache/rocketmq common MixAll.MASTER_ID. */
export const MASTER_ID = 0;

/** Permission bit for writing. Source: apache/rocketmq common PermName.PERM_WRITE. */
export const PERM_WRITE = 2;

/** Permission bits for reading and writing. Source: apache/rocketmq common PermName.PERM_READ, PERM_WRITE. */
export const PERM_READ_WRITE = 6;

/** Topic flag: messages of the topic belong to one unit. Source: apache/rocketmq common TopicSysFlag.FLAG_UNIT. */
export const TOPIC_FLAG_UNIT = 1;

/** Topic flag: subscriptions belong to one unit. Source: apache/rocketmq common TopicSysFlag.FLAG_UNIT_SUB. */
export const TOPIC_FLAG_UNIT_SUB = 2;

/** What a topic looks like on one broker group. Equal shapes are one frozen object: see `QueueShapes`. */
export interface QueueShape {
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  readonly perm: number;
  readonly topicSysFlag: number;
}

/** A topic as it is registered. */
export interface TopicShape extends QueueShape {
  readonly topicName: string;
}

/** Logical queues of a static topic on one broker; only the two names are looked at, the rest is handed on. */
export interface QueueMapping {
  readonly topic: string;
  readonly brokerName: string;
  /** The mapping as it was decoded, for the route answer. */
  readonly info: TopicQueueMappingInfo;
}

/** One registration (request 103), decoded. */
export interface BrokerRegistration {
  readonly cluster: string;
  readonly brokerName: string;
  readonly brokerId: number;
  /** `host:port` that clients connect to. */
  readonly address: string;
  readonly haServerAddress: string | undefined;
  readonly zoneName: string | undefined;
  /** Milliseconds without a sign of life after which the broker is gone; the default when undefined. */
  readonly timeoutMs: number | undefined;
  /** Undefined when the broker is too old to know of acting masters. */
  readonly enableActingMaster: boolean | undefined;
  readonly topics: readonly TopicShape[];
  readonly mappings: readonly QueueMapping[];
  readonly dataVersion: DataVersion;
  /** Undefined leaves the table of filter servers as it is. */
  readonly filterServers: readonly string[] | undefined;
  /** Connection that the registration came over; its end unregisters the broker. */
  readonly channel: number;
}

/** What became of a registration. */
export type RegistrationOutcome =
  | { readonly kind: "accepted"; readonly masterAddress?: string; readonly masterHaAddress?: string }
  /** Another live broker holds the id with a newer state version; the request is answered as if it was done. */
  | { readonly kind: "conflict" }
  /** The first registration of a broker must bring its whole table, not a single topic. */
  | { readonly kind: "refused" };

/** A broker that leaves (request 104). */
export interface BrokerDeparture {
  readonly cluster: string;
  readonly brokerName: string;
  readonly brokerId: number;
  readonly address: string;
}

/** The replicas of one broker name. */
export interface BrokerGroup {
  readonly cluster: string;
  readonly brokerName: string;
  /** Broker id to `host:port`. */
  readonly addresses: ReadonlyMap<number, string>;
  readonly zoneName: string | undefined;
  readonly enableActingMaster: boolean;
}

/** A route as clients see it. Lists are sorted by broker name, so all name servers answer alike. */
export interface TopicRoute {
  readonly brokers: readonly BrokerGroup[];
  readonly queues: readonly (QueueShape & { readonly brokerName: string })[];
  /** Broker address to its filter servers. */
  readonly filterServers: ReadonlyMap<string, readonly string[]>;
  /** Broker name to the mapping of a static topic; undefined when the topic is none. */
  readonly mappings: ReadonlyMap<string, TopicQueueMappingInfo> | undefined;
}

/** The lowest live id of a broker group changed (request 905). */
export interface MinBrokerIdNotice {
  readonly minBrokerId: number;
  readonly minBrokerAddress: string;
  readonly offlineBrokerAddress: string | undefined;
  readonly haBrokerAddress: string | undefined;
  /** Addresses to tell. */
  readonly receivers: readonly string[];
}

/** What the tables tell their owner while they change. */
export interface RouteObserver {
  /** The route of one topic is another one now. */
  topicChanged(topic: string): void;
  /** Any route may be another one now. */
  everyTopicChanged(): void;
  /** A broker came or went. */
  liveBrokersChanged(): void;
  minBrokerIdChanged(notice: MinBrokerIdNotice): void;
}

/** Settings that the tables look at; they may change while the server runs. */
export interface RouteSettings {
  /** Present the lowest live id as master when there is none. */
  readonly supportActingMaster: boolean;
  /** Topics that a registration does not name are deleted. */
  readonly deleteTopicWithBrokerRegistration: boolean;
  readonly notifyMinBrokerIdChanged: boolean;
}
