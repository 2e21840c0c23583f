/**
 * Where a topic may be sent to: the list of writable queues and the round robin over it.
 *
 * Owns: the list and its cursor. Reads: a route as the name server gave it. Never does: IO.
 */

import { compareQueues, type MessageQueue } from "./message_queue.ts";

/** Queues of one broker, as a route has them. */
export interface RouteQueues {
  /** Broker name. */
  readonly brokerName: string;
  /** Queues consumers may read. */
  readonly readQueueNums: number;
  /** Queues producers may write. */
  readonly writeQueueNums: number;
  /** Permission bits: 4 read, 2 write. */
  readonly perm: number;
}

/** One broker of a route. */
export interface RouteBroker {
  /** Broker name. */
  readonly brokerName: string;
  /** Cluster name. */
  readonly cluster: string;
  /** Broker id → `host:port`; id 0 is the master. */
  readonly brokerAddrs: ReadonlyMap<number, string>;
}

/** Route of a topic. */
export interface TopicRoute {
  /** Brokers. */
  readonly brokers: readonly RouteBroker[];
  /** Queues of each broker. */
  readonly queues: readonly RouteQueues[];
  /** `broker:count;…` for topics with a fixed order. */
  readonly orderTopicConf: string | undefined;
}

/** Permission bit to read. Source: apache/rocketmq common/constant/PermName.java PERM_READ */
export const PERM_READ = 4;
/** Permission bit to write. Source: apache/rocketmq common/constant/PermName.java PERM_WRITE */
export const PERM_WRITE = 2;
/** Id of the master. Source: apache/rocketmq common/MixAll.java MASTER_ID */
export const MASTER_ID = 0;

/**
 * Queues to send to, in Java's order.
 * Source: apache/rocketmq client/impl/factory/MQClientInstance.java topicRouteData2TopicPublishInfo
 *
 * @param topic topic
 * @param route its route
 * @returns writable queues of brokers that have a master
 */
export function publishQueues(topic: string, route: TopicRoute): MessageQueue[] {
  if (route.orderTopicConf !== undefined && route.orderTopicConf.length > 0) {
    return route.orderTopicConf.split(";").filter((item) => item.length > 0).flatMap((item) => {
      const [brokerName = "", count = "0"] = item.split(":");
      return numbered(topic, brokerName, Number.parseInt(count, 10));
    });
  }
  const sorted = [...route.queues].sort((a, b) =>
    a.brokerName < b.brokerName ? -1 : a.brokerName > b.brokerName ? 1 : 0
  );
  return sorted.flatMap((queues) => {
    if ((queues.perm & PERM_WRITE) === 0) return [];
    const broker = route.brokers.find((one) => one.brokerName === queues.brokerName);
    return broker?.brokerAddrs.has(MASTER_ID) ? numbered(topic, queues.brokerName, queues.writeQueueNums) : [];
  });
}

/**
 * Queues to consume, sorted.
 * Source: apache/rocketmq client/impl/factory/MQClientInstance.java topicRouteData2TopicSubscribeInfo
 *
 * @param topic topic
 * @param route its route
 * @returns readable queues
 */
export function subscribeQueues(topic: string, route: TopicRoute): MessageQueue[] {
  return route.queues
    .filter((queues) => (queues.perm & PERM_READ) !== 0)
    .flatMap((queues) => numbered(topic, queues.brokerName, queues.readQueueNums))
    .sort(compareQueues);
}

function numbered(topic: string, brokerName: string, count: number): MessageQueue[] {
  return Array.from({ length: Math.max(0, count || 0) }, (_, queueId) => ({ topic, brokerName, queueId }));
}

/** Says whether a queue may be taken. */
export type QueueFilter = (queue: MessageQueue) => boolean;

/** The writable queues of a topic and the round robin over them. */
export class TopicPublishInfo {
  /** Queues in order. */
  readonly queues: readonly MessageQueue[];
  /** The route they came from. */
  readonly route: TopicRoute;
  /** Whether the topic has a fixed order of queues. */
  readonly orderTopic: boolean;
  #index: number;

  /**
   * @param topic topic
   * @param route its route
   * @param startIndex where the round robin starts, any number ≥ 0
   */
  constructor(topic: string, route: TopicRoute, startIndex: number) {
    this.queues = publishQueues(topic, route);
    this.route = route;
    this.orderTopic = route.orderTopicConf !== undefined && route.orderTopicConf.length > 0;
    this.#index = startIndex & 0x7fffffff;
  }

  /**
   * Next queue of the round robin that passes all filters.
   * Source: apache/rocketmq client/impl/producer/TopicPublishInfo.java selectOneMessageQueue
   *
   * @param filters conditions
   * @returns a queue, or undefined when none passes
   */
  select(...filters: readonly QueueFilter[]): MessageQueue | undefined {
    for (let tries = 0; tries < this.queues.length; tries++) {
      const queue = this.queues[this.#next() % this.queues.length];
      if (queue !== undefined && filters.every((filter) => filter(queue))) return queue;
    }
    return undefined;
  }

  #next(): number {
    this.#index = (this.#index + 1) & 0x7fffffff;
    return this.#index;
  }
}
