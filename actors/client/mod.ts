/**
 * A RocketMQ client: producers and consumers in pure TypeScript, against RingMQ and Apache RocketMQ alike.
 *
 * @example
 * ```ts
 * import { Producer, PushConsumer } from "@ringmq/ringmq/client";
 *
 * // Without the option namesrvAddr the name server's address comes from the environment's NAMESRV_ADDR.
 * await using producer = new Producer();
 * await producer.start();
 * await producer.send({ topic: "Greetings", body: "hello" });
 *
 * await using consumer = new PushConsumer({
 *   consumerGroup: "readers",
 *   consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
 * });
 * consumer.subscribe("Greetings");
 * await consumer.start();
 * for await (const message of consumer) {
 *   console.log(message.bodyText);
 *   break;
 * }
 * ```
 *
 * @module
 */

export { ClientError, ClientErrorCode, type ClientErrorInit, type PhaseTimes } from "./errors.ts";
export type { Message, PreparedMessage } from "./message.ts";
export { MessageExt } from "./message_ext.ts";
export type { MessageQueue } from "./message_queue.ts";
export { Producer, type SendOptions } from "./producer.ts";
export type { ProducerOptions } from "./producer_options.ts";
export type { SendResult, SendStatus } from "./send_result.ts";
export { splitBatch } from "./send_request.ts";
export type { LocalTransactionState, TransactionListener, TransactionSendResult } from "./transaction.ts";
export {
  type MessageQueueSelector,
  selectMessageQueueByHash,
  selectMessageQueueByMachineRoom,
  selectMessageQueueByRandom,
} from "./queue_selectors.ts";
export { PushConsumer } from "./push_consumer.ts";
export { LitePullConsumer, type PollOptions } from "./lite_pull_consumer.ts";
export type { LitePullConsumerOptions } from "./lite_pull_options.ts";
export {
  PullConsumer,
  type PullConsumerOptions,
  type PullOptions,
  type PullResult,
  type PullStatus,
} from "./pull_consumer.ts";
export { Admin } from "./admin.ts";
export type {
  AdminOptions,
  AdminTarget,
  ClientConnection,
  ClusterInfo,
  ConsumeProgress,
  GroupSettings,
  QueueStats,
  TopicSettings,
} from "./admin_types.ts";
export type { RouteBroker, RouteQueues, TopicRoute } from "./publish_route.ts";
export type { ConsumeFromWhere, MessageModel, PushConsumerOptions } from "./consumer_options.ts";
export type { ConsumeStatus } from "./consume_stats.ts";
export type {
  ConsumeConcurrentlyContext,
  ConsumeConcurrentlyStatus,
  ConsumeOrderlyContext,
  ConsumeOrderlyStatus,
  MessageListenerConcurrently,
  MessageListenerOrderly,
  MessageQueueListener,
} from "./listeners.ts";
export type { MessageSelector } from "./subscription.ts";
export type { ClientOptions, SessionCredentials, TlsOptions } from "./options.ts";
export type { ClientActor, ClientActors } from "./actor_set.ts";
export type { ActorGauges } from "../kernel/contract.ts";
export type { Clock, Timer } from "../../store/clock.ts";
export type { Connection, ConnectOptions, Listener, ListenOptions, Transport } from "../net/transport.ts";
export type { ClientLogger } from "./logger.ts";
export type {
  CheckForbiddenHook,
  ConsumeMessageContext,
  ConsumeMessageHook,
  EndTransactionContext,
  EndTransactionHook,
  FilterMessageHook,
  RPCHook,
  SendMessageContext,
  SendMessageHook,
} from "./hooks.ts";
export type { AllocateMessageQueueStrategy, AllocationInput, StrategyPlan } from "./allocation/strategy.ts";
export { AllocateMessageQueueAveragely, AllocateMessageQueueAveragelyByCircle } from "./allocation/averagely.ts";
export { AllocateMessageQueueByConfig } from "./allocation/by_config.ts";
export {
  AllocateMachineRoomNearby,
  AllocateMessageQueueByMachineRoom,
  type MachineRoomResolver,
} from "./allocation/by_machine_room.ts";
export { AllocateMessageQueueConsistentHash, type RingHash } from "./allocation/consistent_hash.ts";
export type { CompressionType } from "./compression/body.ts";
