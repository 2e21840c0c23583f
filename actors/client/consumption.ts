/**
 * What concurrent and orderly consumption have in common.
 *
 * Owns: the interface to the consumer and the steps around a listener call. Reads: hooks, statistics. Never does: pull.
 */

import type { Clock } from "../../store/clock.ts";
import type { ConsumeStats } from "./consume_stats.ts";
import type { ConsumerSettings } from "./consumer_options.ts";
import { sendChannel } from "./diagnostics.ts";
import type { ConsumeMessageContext, ConsumeMessageHook } from "./hooks.ts";
import type { ClientLogger } from "./logger.ts";
import type { MessageExt } from "./message_ext.ts";
import type { MessageQueue } from "./message_queue.ts";
import { retryTopicOf, unwrapNamespace } from "./names.ts";
import type { OffsetStore } from "./offset_store.ts";
import type { OwnedQueue } from "./owned_queue.ts";
import { PropertyName } from "./property_names.ts";

/** What consumption needs of its consumer. */
export interface ConsumptionHost {
  readonly group: string;
  readonly namespace: string;
  readonly settings: ConsumerSettings;
  readonly clock: Clock;
  readonly logger: ClientLogger;
  readonly stats: ConsumeStats;
  readonly offsets: OffsetStore;
  readonly consumeHooks: readonly ConsumeMessageHook[];
  /** Gives a message to the broker to be delivered later. @returns whether it took it */
  sendBack(message: MessageExt, delayLevel: number): Promise<boolean>;
  /** Sends a message of an orderly queue to the retry topic, where it ends as a dead letter. @returns whether it is stored */
  sendToRetry(message: MessageExt): Promise<boolean>;
  /** Tells the pull service that messages were finished. */
  released(owned: OwnedQueue): void;
  /** Locks a queue at its broker. @returns whether it is ours */
  lock(queue: MessageQueue): Promise<boolean>;
}

/** Result of consuming one message out of turn. */
export interface DirectResult {
  /** CR_SUCCESS, CR_LATER, CR_ROLLBACK, CR_COMMIT, CR_THROW_EXCEPTION or CR_RETURN_NULL. */
  readonly consumeResult: string;
  /** Whether the listener is an orderly one. */
  readonly order: boolean;
  /** Whether offsets move by themselves. */
  readonly autoCommit: boolean;
  /** Milliseconds it took. */
  readonly spentTimeMills: number;
  /** What was thrown. */
  readonly remark: string | undefined;
}

/** Consumes pulled messages. */
export interface Consumption {
  /** Messages came. */
  submit(owned: OwnedQueue, messages: readonly MessageExt[]): void;
  /** Consumes one message out of turn. */
  consumeDirectly(message: MessageExt): Promise<DirectResult>;
  /** Stops taking messages; those being consumed go on. */
  stop(): void;
}

/**
 * Puts the original topic back on retried messages and takes the namespace off.
 * Source: apache/rocketmq client/impl/consumer/DefaultMQPushConsumerImpl.java resetRetryAndNamespace
 *
 * @param host consumer
 * @param messages messages about to be handed out
 */
export function restoreTopics(
  host: Pick<ConsumptionHost, "group" | "namespace">,
  messages: readonly MessageExt[],
): void {
  const retryTopic = retryTopicOf(host.group);
  for (const message of messages) {
    if (message.queue.topic === retryTopic) {
      const original = message.getProperty(PropertyName.RETRY_TOPIC);
      if (original !== undefined) message.setTopic(original);
    }
    if (host.namespace.length > 0) message.setTopic(unwrapNamespace(host.namespace, message.topic));
  }
}

/**
 * Begins a hook context.
 *
 * @param host consumer
 * @param mq queue
 * @param msgList messages about to be handed out
 * @returns the context; undefined without hooks
 */
export function beforeConsume(
  host: ConsumptionHost,
  mq: MessageQueue,
  msgList: readonly MessageExt[],
): ConsumeMessageContext | undefined {
  if (host.consumeHooks.length === 0) return undefined;
  const context: ConsumeMessageContext = {
    consumerGroup: host.group,
    msgList,
    mq,
    success: false,
    status: "",
    returnType: "SUCCESS",
  };
  for (const hook of host.consumeHooks) quietly(host, hook.hookName, () => hook.consumeMessageBefore?.(context));
  return context;
}

/**
 * Ends a hook context.
 *
 * @param host consumer
 * @param context from {@linkcode beforeConsume}
 * @param result how the listener came back
 */
export function afterConsume(
  host: ConsumptionHost,
  context: ConsumeMessageContext | undefined,
  result: { success: boolean; status: string; returnType: string },
): void {
  if (context === undefined) return;
  Object.assign(context, result);
  for (const hook of host.consumeHooks) quietly(host, hook.hookName, () => hook.consumeMessageAfter?.(context));
}

function quietly(host: ConsumptionHost, hookName: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    host.logger.warn?.("Consume hook threw", { hookName, error });
    sendChannel("hook-failed", { hookName, error });
  }
}

/**
 * Refuses an answer that a listener cannot give: JavaScript may return anything.
 *
 * @param answer what the listener returned
 * @param statuses the answers there are
 * @throws {TypeError} when it is none of them
 */
export function checkStatus(answer: unknown, statuses: readonly string[]): void {
  if (statuses.includes(answer as string)) return;
  throw new TypeError(`A listener must return ${statuses.join(", ")} or nothing, not ${String(answer)}`);
}

/**
 * Says what kind of return a listener call had, for hooks and traces.
 * Source: apache/rocketmq client/impl/consumer/ConsumeMessageConcurrentlyService.java ConsumeRequest.run
 *
 * @param call status, whether it threw, how long it took against the time-out
 * @returns "SUCCESS", "TIME_OUT", "EXCEPTION", "RETURNNULL" or "FAILED"
 */
export function returnTypeOf(
  call: { status: string | null; threw: boolean; tookMs: number; timeoutMs: number },
): string {
  if (call.threw) return "EXCEPTION";
  if (call.status === null) return "RETURNNULL";
  if (call.tookMs >= call.timeoutMs) return "TIME_OUT";
  return call.status === "RECONSUME_LATER" || call.status === "SUSPEND_CURRENT_QUEUE_A_MOMENT" ? "FAILED" : "SUCCESS";
}
