/**
 * What the admin class takes and gives.
 */

import type { ClientOptions } from "./options.ts";
import type { MessageQueue } from "./message_queue.ts";

/** Options of an {@linkcode Admin}. */
export interface AdminOptions extends ClientOptions {
  /** Milliseconds for a call; 5,000. */
  readonly timeoutMillis?: number;
}

/** Where an order is carried out: one broker, or all masters of a cluster. */
export type AdminTarget = { readonly brokerAddr: string } | { readonly clusterName: string };

/** Settings of a topic. */
export interface TopicSettings {
  /** Name. */
  readonly topic: string;
  /** Queues consumers may read; 8. */
  readonly readQueueNums?: number;
  /** Queues producers may write; 8. */
  readonly writeQueueNums?: number;
  /** Permission bits, 4 read, 2 write; 6. */
  readonly perm?: number;
  /** Whether the topic has a fixed order of queues; false. */
  readonly order?: boolean;
  /** Attributes such as `+message.type=DELAY`. */
  readonly attributes?: string;
}

/** Settings of a consumer group. */
export interface GroupSettings {
  /** Name. */
  readonly groupName: string;
  /** Whether it may consume; true. */
  readonly consumeEnable?: boolean;
  /** Whether it may broadcast; true. */
  readonly consumeBroadcastEnable?: boolean;
  /** Retries before the dead-letter topic; 16. */
  readonly retryMaxTimes?: number;
  /** Queues of its retry topic; 1. */
  readonly retryQueueNums?: number;
  /** Replica it reads from; 0. */
  readonly brokerId?: number;
  /** Replica it reads from when it is far behind; 1. */
  readonly whichBrokerWhenConsumeSlowly?: number;
}

/** A cluster as the name server knows it. */
export interface ClusterInfo {
  /** Broker name → replica id → address. */
  readonly brokers: ReadonlyMap<string, ReadonlyMap<number, string>>;
  /** Cluster name → broker names. */
  readonly clusters: ReadonlyMap<string, readonly string[]>;
}

/** Bounds of a queue. */
export interface QueueStats {
  /** The queue. */
  readonly queue: MessageQueue;
  /** First offset kept. */
  readonly minOffset: number;
  /** Next offset to be written. */
  readonly maxOffset: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly lastUpdateTimestamp: number;
}

/** Progress of a group on a queue. */
export interface ConsumeProgress {
  /** The queue. */
  readonly queue: MessageQueue;
  /** Next offset to be written. */
  readonly brokerOffset: number;
  /** Next offset to be consumed. */
  readonly consumerOffset: number;
  /** When the last consumed message was stored, in milliseconds since 1970. */
  readonly lastTimestamp: number;
}

/** One connected client of a group. */
export interface ClientConnection {
  /** Client id. */
  readonly clientId: string;
  /** `ip:port`. */
  readonly clientAddr: string;
  /** Language name. */
  readonly language: string;
  /** Version ordinal. */
  readonly version: number;
}
