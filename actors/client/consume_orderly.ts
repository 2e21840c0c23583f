/**
 * Orderly consumption: one listener call at a time for each queue, in order, under the broker's queue lock.
 *
 * Owns: the loop of each queue. Reads: the host. Never does: pull, renew locks.
 * Source: apache/rocketmq client/impl/consumer/ConsumeMessageOrderlyService.java
 */

import type { Timer } from "../../store/clock.ts";
import { ABANDONED } from "./consume_concurrently.ts";
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
import {
  type ConsumeOrderlyContext,
  type ConsumeOrderlyStatus,
  type MessageListenerOrderly,
  ORDERLY_STATUSES,
} from "./listeners.ts";
import type { MessageExt } from "./message_ext.ts";
import type { OwnedQueue } from "./owned_queue.ts";
import { PropertyName } from "./property_names.ts";
import { TaskQueue } from "./task_queue.ts";

/** Milliseconds. Source: ConsumeMessageOrderlyService.java MAX_TIME_CONSUME_CONTINUOUSLY, tryLockLaterAndReconsume, submitConsumeRequestLater */
const WAIT = { continuousMax: 60_000, lockLost: 10, lockMissing: 100, lockRefused: 3_000, again: 10 } as const;
/** Bounds of a suspension, in milliseconds. Source: ConsumeMessageOrderlyService.java submitConsumeRequestLater */
const SUSPEND_MS = { min: 10, max: 30_000 } as const;

type Status = ConsumeOrderlyStatus | null | typeof ABANDONED;
/** An orderly listener that may also abandon messages. */
export type InnerOrderlyListener = (
  messages: readonly MessageExt[],
  context: ConsumeOrderlyContext,
) =>
  | Awaited<ReturnType<MessageListenerOrderly>>
  | typeof ABANDONED
  | Promise<Awaited<ReturnType<MessageListenerOrderly>> | typeof ABANDONED>;

/** Hands messages to an orderly listener. */
export class ConsumeOrderly implements Consumption {
  readonly #host: ConsumptionHost;
  readonly #listener: InnerOrderlyListener;
  readonly #tasks: TaskQueue<OwnedQueue>;
  readonly #active = new Set<OwnedQueue>();
  readonly #timers = new Set<Timer>();
  #stopped = false;

  /**
   * @param host consumer
   * @param listener the application's code
   */
  constructor(host: ConsumptionHost, listener: InnerOrderlyListener) {
    this.#host = host;
    this.#listener = listener;
    this.#tasks = new TaskQueue(host.settings.consumeThreadMax, (owned) => this.#loop(owned));
  }

  /** See {@linkcode Consumption.submit}: starts the queue's loop unless it runs. */
  submit(owned: OwnedQueue): void {
    if (this.#stopped || owned.process.dropped || this.#active.has(owned)) return;
    this.#active.add(owned);
    this.#tasks.push(owned);
  }

  /** See {@linkcode Consumption.consumeDirectly}. */
  async consumeDirectly(message: MessageExt): Promise<DirectResult> {
    restoreTopics(this.#host, [message]);
    const context: ConsumeOrderlyContext = {
      messageQueue: message.queue,
      autoCommit: true,
      suspendCurrentQueueTimeMillis: -1,
    };
    const begin = this.#host.clock.monotonicMs();
    const done = (consumeResult: string, remark?: string): DirectResult => ({
      consumeResult,
      order: true,
      autoCommit: context.autoCommit,
      spentTimeMills: Math.round(this.#host.clock.monotonicMs() - begin),
      remark,
    });
    try {
      const answer = await this.#listener([message], context);
      switch (answer === undefined ? "SUCCESS" : answer) {
        case "SUCCESS":
          return done("CR_SUCCESS");
        case "COMMIT":
          return done("CR_COMMIT");
        case "ROLLBACK":
          return done("CR_ROLLBACK");
        case "SUSPEND_CURRENT_QUEUE_A_MOMENT":
          return done("CR_LATER");
        default:
          return done("CR_RETURN_NULL");
      }
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

  get #needsLock(): boolean {
    return this.#host.settings.messageModel === "CLUSTERING";
  }

  /** Consumes one queue until it is empty, suspended, lost or had its minute. */
  async #loop(owned: OwnedQueue): Promise<void> {
    const { clock } = this.#host;
    const begin = clock.monotonicMs();
    let first = true;
    let againMs: number | undefined;
    try {
      while (!this.#stopped && !owned.process.dropped && againMs === undefined) {
        if (this.#needsLock && (!owned.process.locked || owned.process.lockExpired(clock.nowMs()))) {
          this.#lockLater(owned, first ? WAIT.lockMissing : WAIT.lockLost);
          return;
        }
        if (clock.monotonicMs() - begin > WAIT.continuousMax) {
          againMs = WAIT.again;
          break;
        }
        first = false;
        const messages = owned.process.take(this.#host.settings.consumeMessageBatchMaxSize, clock.nowMs());
        if (messages.length === 0) break;
        againMs = await this.#call(owned, messages);
      }
    } finally {
      this.#active.delete(owned);
    }
    if (againMs !== undefined) this.#later(owned, againMs);
    else if (owned.process.first() !== undefined) this.submit(owned);
  }

  /** One listener call. @returns milliseconds to hold the queue; undefined to go on */
  async #call(owned: OwnedQueue, messages: readonly MessageExt[]): Promise<number | undefined> {
    const { clock, settings, stats, group, logger } = this.#host;
    owned.enter();
    try {
      restoreTopics(this.#host, messages);
      const hooks = beforeConsume(this.#host, owned.queue, messages);
      const context: ConsumeOrderlyContext = {
        messageQueue: owned.queue,
        autoCommit: true,
        suspendCurrentQueueTimeMillis: -1,
      };
      const begin = clock.monotonicMs();
      let status: Status = null;
      let threw = false;
      try {
        const answer = await this.#listener(messages, context);
        if (answer !== undefined && answer !== null && answer !== ABANDONED) checkStatus(answer, ORDERLY_STATUSES);
        status = answer === undefined ? (context.autoCommit ? "SUCCESS" : "COMMIT") : answer;
      } catch (error) {
        threw = true;
        logger.warn?.("Orderly listener threw", { group, error, queue: owned.queue });
        sendChannel("consume-failed", { group, queue: owned.queue, error });
      }
      const tookMs = clock.monotonicMs() - begin;
      if (status === ABANDONED) {
        owned.process.consumeAgain(messages);
        return undefined;
      }
      const returnType = returnTypeOf({ status, threw, tookMs, timeoutMs: settings.consumeTimeoutMs });
      const decided: ConsumeOrderlyStatus = status ?? "SUSPEND_CURRENT_QUEUE_A_MOMENT";
      afterConsume(this.#host, hooks, {
        success: decided === "SUCCESS" || decided === "COMMIT",
        status: decided,
        returnType,
      });
      stats.consumed(owned.queue.topic, tookMs);
      return await this.#settle(owned, messages, decided, context);
    } finally {
      owned.leave();
    }
  }

  /** Source: ConsumeMessageOrderlyService.java processConsumeResult */
  async #settle(
    owned: OwnedQueue,
    messages: readonly MessageExt[],
    status: ConsumeOrderlyStatus,
    context: ConsumeOrderlyContext,
  ): Promise<number | undefined> {
    const { stats, settings, offsets } = this.#host;
    const { topic } = owned.queue;
    const suspendMs = context.suspendCurrentQueueTimeMillis === -1
      ? settings.suspendCurrentQueueTimeMillis
      : context.suspendCurrentQueueTimeMillis;
    const holdMs = Math.min(SUSPEND_MS.max, Math.max(SUSPEND_MS.min, suspendMs));
    let againMs: number | undefined;
    let offset = -1;
    if (status === "SUSPEND_CURRENT_QUEUE_A_MOMENT") {
      stats.finished(topic, { ok: 0, failed: messages.length });
      if (await this.#mustRetry(messages)) {
        owned.process.consumeAgain(messages);
        againMs = holdMs;
      } else if (context.autoCommit) offset = owned.process.commit();
    } else if (status === "ROLLBACK" && !context.autoCommit) {
      owned.process.rollback();
      againMs = holdMs;
    } else {
      stats.finished(topic, { ok: messages.length, failed: 0 });
      if (context.autoCommit || status === "COMMIT") offset = owned.process.commit();
    }
    if (offset >= 0 && !owned.process.voided) offsets.update(owned.queue, offset, false);
    this.#host.released(owned);
    return againMs;
  }

  /**
   * Counts the redelivery; a message that had its last one goes to the broker's dead letters.
   * Source: ConsumeMessageOrderlyService.java checkReconsumeTimes
   *
   * @returns whether any message must be consumed again here
   */
  async #mustRetry(messages: readonly MessageExt[]): Promise<boolean> {
    const { maxReconsumeTimes } = this.#host.settings;
    let retry = false;
    for (const message of messages) {
      const last = maxReconsumeTimes >= 0 && message.reconsumeTimes >= maxReconsumeTimes;
      if (last) message.putProperty(PropertyName.RECONSUME_TIME, String(message.reconsumeTimes));
      if (last && await this.#host.sendToRetry(message)) continue;
      message.setReconsumeTimes(message.reconsumeTimes + 1);
      retry = true;
    }
    return retry;
  }

  #lockLater(owned: OwnedQueue, ms: number): void {
    this.#timer(ms, async () => {
      if (owned.process.dropped) return;
      const locked = await this.#host.lock(owned.queue);
      this.#later(owned, locked ? WAIT.again : WAIT.lockRefused);
    });
  }

  #later(owned: OwnedQueue, ms: number): void {
    this.#timer(ms, () => {
      this.submit(owned);
      return Promise.resolve();
    });
  }

  #timer(ms: number, run: () => Promise<void>): void {
    if (this.#stopped) return;
    const timer = this.#host.clock.setTimer(ms, () => {
      this.#timers.delete(timer);
      if (!this.#stopped) void run();
    });
    this.#timers.add(timer);
  }
}
