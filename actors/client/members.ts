/**
 * What producers and consumers are to the client instance they share.
 *
 * Owns: the two interfaces. Never does: anything itself.
 */

import type { FastInput } from "../../protocol/fast_json.ts";
import type { ConsumerData } from "./bodies.ts";
import type { MessageExt } from "./message_ext.ts";
import type { MessageQueue } from "./message_queue.ts";
import type { TopicRoute } from "./publish_route.ts";

/** A transaction check the broker asks for. */
export interface TransactionCheck {
  /** The half message. */
  readonly message: MessageExt;
  /** Address of the asking broker. */
  readonly brokerAddr: string;
  /** Name of the asking broker. */
  readonly brokerName: string;
  /** Queue offset of the half message. */
  readonly tranStateTableOffset: number;
  /** Log position of the half message. */
  readonly commitLogOffset: number;
  /** Unique id. */
  readonly msgId: string;
  /** Transaction id. */
  readonly transactionId: string;
}

/** A producer at its instance. */
export interface InstanceProducer {
  /** Producer group, with the namespace. */
  readonly group: string;
  /** Topics whose routes are kept fresh. */
  publishTopics(): Iterable<string>;
  /** Answers a check of the broker. */
  checkTransaction(check: TransactionCheck): void;
}

/** Offsets to go back or forward to. */
export type ResetTable = readonly (readonly [MessageQueue, number])[];

/** A consumer at its instance. */
export interface InstanceConsumer {
  /** Consumer group, with the namespace. */
  readonly group: string;
  /** What the heartbeat says of it. */
  heartbeatData(): ConsumerData;
  /** Topics whose routes are kept fresh. */
  subscribeTopics(): Iterable<string>;
  /** Told of a new or different route. */
  routeChanged(topic: string, route: TopicRoute): void;
  /** Commits offsets. */
  persistOffsets(): Promise<void>;
  /** Rebalances soon. */
  rebalanceSoon(): void;
  /** Sets offsets by order of the broker. */
  resetOffsets(topic: string, table: ResetTable): Promise<void>;
  /** Noted offsets of a topic. */
  offsetsOf(topic: string): [MessageQueue, number][];
  /** State for `mqadmin consumerStatus`. */
  runningInfo(): Readonly<Record<string, FastInput>>;
  /** Consumes one message at once, whatever queue it is of. */
  consumeDirectly(message: MessageExt, brokerName: string): Promise<Readonly<Record<string, FastInput>>>;
}
