/**
 * Concurrent consumption: messages of all queues, so many listener calls at a time.
 *
 * Owns: the queue of tasks and the count of running calls. Reads: the host. Never does: pull.
 * Source: apache/rocketmq client/impl/consumer/ConsumeMessageConcurrentlyService.java
 */

import type { Timer } from "../../store/clock.ts";
import {
  afterConsume,
  beforeConsume,
  checkStatus,
  type Consumption,
  type ConsumptionHost,
  type DirectResult,
  restoreTopics,
  returnTypeOf,
} from "./consumption.ts";
import { sendChannel } from "./diagnostics.ts";
import { messageOf } from "./errors.ts";
import { CONCURRENT_STATUSES, type ConsumeConcurrentlyContext, type MessageListenerConcurrently } from "./listeners.ts";
import type { MessageExt } from "./message_ext.ts";
import type { OwnedQueue } from "./owned_queue.ts";
import { TaskQueue } from "./task_queue.ts";

/** Wait before messages are consumed again that could not be sent back, in milliseconds. Source: submitConsumeRequestLater */
const CONSUME_AGAIN_MS = 5_000;
/** Messages of a queue that one sweep sends back. Source: client/impl/consumer/ProcessQueue.java cleanExpiredMsg */
const SWEEP_MAX = 16;
/** Delay level of messages that took too long. Source: client/impl/consumer/ProcessQueue.java cleanExpiredMsg */
const EXPIRED_DELAY_LEVEL = 3;

interface Task {
  readonly owned: OwnedQueue;
  readonly messages: readonly MessageExt[];
}

/** A call that ended without a decision: the consumer stops, the messages stay unfinished. */
export const ABANDONED: unique symbol = Symbol("abandoned");

/** What the inner listener may answer. */
export type InnerStatus = Awaited<ReturnType<MessageListenerConcurrently>> | typeof ABANDONED;
/** A listener that may also abandon messages. */
export type InnerListener = (
  messages: readonly MessageExt[],
  context: ConsumeConcurrentlyContext,
) => InnerStatus | Promise<InnerStatus>;

/** Hands messages to a concurrent listener. */
export class ConsumeConcurrently implements Consumption {
  readonly #host: ConsumptionHost;
  readonly #listener: InnerListener;
  readonly #tasks: TaskQueue<Task>;
  readonly #timers = new Set<Timer>();
  #stopped = false;

  /**
   * @param host consumer
   * @param listener the application's code
   */
  constructor(host: ConsumptionHost, listener: InnerListener) {
    this.#host = host;
    this.#listener = listener;
    this.#tasks = new TaskQueue(host.settings.consumeThreadMax, (task) => this.#run(task));
  }

  /** See {@linkcode Consumption.submit}. */
  submit(owned: OwnedQueue, messages: readonly MessageExt[]): void {
    const size = this.#host.settings.consumeMessageBatchMaxSize;
    for (let i = 0; i < messages.length; i += size) {
      this.#tasks.push({ owned, messages: size === 1 ? [messages[i]!] : messages.slice(i, i + size) });
    }
  }

  /** See {@linkcode Consumption.consumeDirectly}. */
  async consumeDirectly(message: MessageExt): Promise<DirectResult> {
    restoreTopics(this.#host, [message]);
    const begin = this.#host.clock.monotonicMs();
    const done = (consumeResult: string, remark?: string): DirectResult => ({
      consumeResult,
      order: false,
      autoCommit: true,
      spentTimeMills: Math.round(this.#host.clock.monotonicMs() - begin),
      remark,
    });
    try {
      const status = await this.#listener([message], contextOf(message));
      if (status === null || status === ABANDONED) return done("CR_RETURN_NULL");
      return done(status === "RECONSUME_LATER" ? "CR_LATER" : "CR_SUCCESS");
    } catch (thrown) {
      return done("CR_THROW_EXCEPTION", messageOf(thrown));
    }
  }

  /** See {@linkcode Consumption.stop}. */
  stop(): void {
    this.#stopped = true;
    this.#tasks.clear();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  /**
   * Sends back messages whose listener call takes too long.
   *
   * @param queues queues to look at
   */
  async sweep(queues: Iterable<OwnedQueue>): Promise<void> {
    const { clock, settings } = this.#host;
    for (const owned of queues) {
      for (let i = 0; i < SWEEP_MAX; i++) {
        const message = owned.process.first();
        const startMs = message?.consumeStartMs ?? 0;
        if (message === undefined || startMs === 0 || clock.nowMs() - startMs <= settings.consumeTimeoutMs) break;
        if (!await this.#host.sendBack(message, EXPIRED_DELAY_LEVEL)) break;
        this.#finish(owned, [message]);
      }
    }
  }

  async #run({ owned, messages }: Task): Promise<void> {
    if (this.#stopped || owned.process.dropped) return;
    const { clock, settings, stats } = this.#host;
    owned.enter();
    try {
      restoreTopics(this.#host, messages);
      const hooks = beforeConsume(this.#host, owned.queue, messages);
      const startMs = clock.nowMs();
      for (const message of messages) message.startConsume(startMs);
      const context: ConsumeConcurrentlyContext = {
        messageQueue: owned.queue,
        delayLevelWhenNextConsume: 0,
        ackIndex: Number.MAX_SAFE_INTEGER,
      };
      const begin = clock.monotonicMs();
      let status: Exclude<InnerStatus, void> = null;
      let threw = false;
      try {
        const answer = await this.#listener(messages, context);
        if (answer !== undefined && answer !== null && answer !== ABANDONED) checkStatus(answer, CONCURRENT_STATUSES);
        status = answer === undefined ? "CONSUME_SUCCESS" : answer;
      } catch (error) {
        threw = true;
        this.#host.logger.warn?.("Listener threw", { group: this.#host.group, error, queue: owned.queue });
        sendChannel("consume-failed", { group: this.#host.group, queue: owned.queue, error });
      }
      const tookMs = clock.monotonicMs() - begin;
      if (status === ABANDONED) return;
      const returnType = returnTypeOf({ status, threw, tookMs, timeoutMs: settings.consumeTimeoutMs });
      const success = status === "CONSUME_SUCCESS";
      afterConsume(this.#host, hooks, { success, status: status ?? "RECONSUME_LATER", returnType });
      stats.consumed(owned.queue.topic, tookMs);
      const ackIndex = success ? context.ackIndex : -1;
      if (!owned.process.dropped) await this.#settle(owned, messages, ackIndex, context);
      else this.#finish(owned, messages.slice(0, Math.max(0, ackIndex + 1)));
    } finally {
      owned.leave();
    }
  }

  async #settle(
    owned: OwnedQueue,
    messages: readonly MessageExt[],
    ackIndex: number,
    context: ConsumeConcurrentlyContext,
  ): Promise<void> {
    const acked = Math.max(0, Math.min(ackIndex + 1, messages.length));
    this.#host.stats.finished(owned.queue.topic, { ok: acked, failed: messages.length - acked });
    if (acked === messages.length) return this.#finish(owned, messages);
    const failed = messages.slice(acked);
    if (this.#host.settings.messageModel === "BROADCASTING") {
      this.#host.logger.warn?.("Broadcast messages dropped after the listener failed", { count: failed.length });
      return this.#finish(owned, messages);
    }
    const kept: MessageExt[] = [];
    for (const message of failed) {
      if (!await this.#host.sendBack(message, context.delayLevelWhenNextConsume)) {
        message.setReconsumeTimes(message.reconsumeTimes + 1);
        kept.push(message);
      }
    }
    this.#finish(owned, messages.filter((message) => !kept.includes(message)));
    if (kept.length > 0) this.#later(owned, kept);
  }

  #finish(owned: OwnedQueue, messages: readonly MessageExt[]): void {
    if (owned.process.voided) return;
    const offset = owned.process.remove(messages, this.#host.clock.nowMs());
    if (offset >= 0) this.#host.offsets.update(owned.queue, offset, true);
    this.#host.released(owned);
  }

  #later(owned: OwnedQueue, messages: readonly MessageExt[]): void {
    const timer = this.#host.clock.setTimer(CONSUME_AGAIN_MS, () => {
      this.#timers.delete(timer);
      if (!this.#stopped) this.submit(owned, messages);
    });
    this.#timers.add(timer);
  }
}

function contextOf(message: MessageExt): ConsumeConcurrentlyContext {
  return { messageQueue: message.queue, delayLevelWhenNextConsume: 0, ackIndex: Number.MAX_SAFE_INTEGER };
}
