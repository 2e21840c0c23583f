/**
 * The queues a consumer owns: carrying out allocations, step by step, one at a time.
 *
 * Owns: the table of queues. Reads: actors, offsets. Never does: decide who owns what, consume.
 * Source: apache/rocketmq client/impl/consumer/RebalanceImpl.java updateProcessQueueTableInRebalance; RebalancePushImpl.java
 */

import type { Timer } from "../../store/clock.ts";
import { type ActorSet, nextPullId } from "./actor_set.ts";
import type { ConsumptionHost } from "./consumption.ts";
import { sendChannel } from "./diagnostics.ts";
import { MessageExt } from "./message_ext.ts";
import { type MessageQueue, queueKey } from "./message_queue.ts";
import { OwnedQueue } from "./owned_queue.ts";
import type { PulledBatch, PullSpec, PullThresholds } from "./pull_contract.ts";
import type { Subscription } from "./subscription.ts";

/** A new pull waits so long after rebalance, in milliseconds. Source: client/impl/consumer/RebalanceImpl.java dispatchPullRequest(…, 500) */
const START_DELAY_MS = 500;
/** Longest wait for a listener before a queue is let go, in milliseconds. Source: RebalancePushImpl.java UNLOCK_DELAY_TIME_MILLS */
const LEAVE_MS = 20_000;
/** Broker's hold and client's deadline of a pull, in milliseconds. Source: DefaultMQPushConsumerImpl.java BROKER_SUSPEND_MAX_TIME_MILLIS, CONSUMER_TIMEOUT_MILLIS_WHEN_SUSPEND */
const PULL_MS = { suspend: 15_000, timeout: 30_000 } as const;
/** Progress is told to the pull service within so long, in milliseconds, and at once when flow control may wait for it. */
const PROGRESS_MS = 20;
/** Flow control may wait when this part of what may be cached is finished and not told. */
const UNTOLD_PART = 1 / 4;

/** What the table needs of its consumer. */
export interface QueueHost extends ConsumptionHost {
  readonly orderly: boolean;
  /** Whether pulls are those of a lite pull consumer. */
  readonly lite: boolean;
  /** Subscription of a topic. */
  subscriptionOf(topic: string): Subscription | undefined;
  /** First offset to consume. @throws {ClientError} when it is not known now */
  startOffset(queue: MessageQueue): Promise<number>;
  /** Messages came. */
  pulled(owned: OwnedQueue, messages: MessageExt[]): void;
  /** A pull was refused or lost. */
  pullTrouble(owned: OwnedQueue, report: { code: string; responseCode: number; message: string }): void;
  /** Releases the lock of a queue. */
  unlock(queue: MessageQueue): Promise<void>;
}

/** The queues a consumer owns. */
export class OwnedQueues {
  readonly #host: QueueHost;
  readonly #actors: ActorSet;
  readonly #owned = new Map<string, OwnedQueue>();
  readonly #leaving = new Map<string, { queue: MessageQueue; gone: Promise<void> }>();
  readonly #dirty = new Set<OwnedQueue>();
  #work: Promise<unknown> = Promise.resolve();
  #progressTimer: Timer | undefined;
  #paused = false;
  #stopped = false;

  /**
   * @param host consumer
   * @param actors pull service
   */
  constructor(host: QueueHost, actors: ActorSet) {
    this.#host = host;
    this.#actors = actors;
  }

  /** Queues owned now. */
  get all(): OwnedQueue[] {
    return [...this.#owned.values()];
  }

  /** Queues whose offsets are still ours to commit: those owned and those being let go. */
  get committing(): MessageQueue[] {
    return [...this.#owned.values(), ...this.#leaving.values()].map(({ queue }) => queue);
  }

  /**
   * @param queue a queue
   * @returns it, when it is owned
   */
  get(queue: MessageQueue): OwnedQueue | undefined {
    return this.#owned.get(queueKey(queue));
  }

  /**
   * Makes the queues of a topic those given.
   *
   * @param topic topic
   * @param queues what to own
   * @returns whether something changed, and whether all is as wished
   */
  apply(topic: string, queues: readonly MessageQueue[]): Promise<{ changed: boolean; balanced: boolean }> {
    const work = this.#work.then(() => this.#apply(topic, queues));
    this.#work = work.catch(() => undefined);
    return work;
  }

  /**
   * Lets go of queues, and waits until they are let go.
   *
   * @param queues which; all when not given
   */
  async drop(queues: readonly OwnedQueue[] = this.all): Promise<void> {
    await Promise.all(queues.map((owned) => this.#leave(owned)));
  }

  /** Settles when no allocation is being carried out. */
  async settled(): Promise<void> {
    await this.#work;
    await Promise.all([...this.#leaving.values()].map(({ gone }) => gone));
  }

  /** Opens no queue any more. */
  stop(): void {
    this.#stopped = true;
    this.#progressTimer?.cancel();
  }

  /** Ends all pulls; caches stay. */
  async closePulls(): Promise<void> {
    await this.#actors.close(this.all.map((owned) => owned.pullId));
  }

  /** @param paused whether to hold all pulls */
  pauseAll(paused: boolean): void {
    this.#paused = paused;
    this.#actors.pause(this.all.map((owned) => owned.pullId), paused);
  }

  /**
   * Messages of a queue were finished: the pull service is told soon.
   *
   * @param owned the queue
   */
  released(owned: OwnedQueue): void {
    this.#dirty.add(owned);
    if (owned.untold(UNTOLD_PART)) this.#tellProgress();
    else this.#progressTimer ??= this.#host.clock.setTimer(PROGRESS_MS, () => this.#tellProgress());
  }

  #tellProgress(): void {
    this.#progressTimer?.cancel();
    this.#progressTimer = undefined;
    this.#actors.progress([...this.#dirty].map((one) => one.progress(this.#host.offsets.readMemory(one.queue) ?? 0)));
    this.#dirty.clear();
  }

  async #apply(topic: string, queues: readonly MessageQueue[]): Promise<{ changed: boolean; balanced: boolean }> {
    if (this.#stopped) return { changed: false, balanced: true };
    let changed = false;
    const wanted = new Map(queues.map((queue) => [queueKey(queue), queue]));
    for (const [key, owned] of [...this.#owned]) {
      if (owned.queue.topic !== topic) continue;
      const expired = owned.process.count === 0 && owned.process.pullExpired(this.#host.clock.nowMs());
      if (wanted.has(key) && !expired) continue;
      changed = true;
      void this.#leave(owned);
    }
    let balanced = true;
    for (const [key, queue] of wanted) {
      if (this.#owned.has(key)) continue;
      if (this.#leaving.has(key) || !await this.#add(key, queue)) balanced = false;
      else changed = true;
    }
    if (changed) this.#divideThresholds();
    return { changed, balanced };
  }

  async #add(key: string, queue: MessageQueue): Promise<boolean> {
    const host = this.#host;
    const subscription = host.subscriptionOf(queue.topic);
    if (subscription === undefined) return true;
    const mustLock = host.orderly && host.settings.messageModel === "CLUSTERING";
    if (mustLock && !await host.lock(queue)) return false;
    host.offsets.remove(queue);
    let offset: number;
    try {
      offset = await host.startOffset(queue);
    } catch (error) {
      host.logger.warn?.("Start offset is not known", { group: host.group, queue, error });
      return false;
    }
    if (this.#stopped) return true;
    const owned = new OwnedQueue(queue, nextPullId(), { offset, nowMs: host.clock.nowMs() });
    if (mustLock) {
      owned.process.locked = true;
      owned.process.lastLockMs = host.clock.nowMs();
    }
    owned.thresholds = this.#thresholds();
    this.#owned.set(key, owned);
    this.#open(owned, subscription, START_DELAY_MS);
    return true;
  }

  #open(owned: OwnedQueue, subscription: Subscription, startDelayMs: number): void {
    const host = this.#host;
    this.#actors.open(this.#spec(owned, subscription, startDelayMs), {
      found: (batch) => this.#found(owned, batch),
      empty: (nextOffset, rtMs) => {
        owned.nextOffset = nextOffset;
        owned.process.lastPullMs = host.clock.nowMs();
        host.stats.pulled(owned.queue.topic, rtMs, 0);
        // Nothing is cached, so all before the next offset is finished; what a poll took is the application's to commit.
        if (!host.lite && owned.process.count === 0 && !owned.process.dropped) {
          host.offsets.update(owned.queue, nextOffset, true);
        }
      },
      illegal: (nextOffset) => void this.#illegal(owned, nextOffset),
      trouble: (report) => host.pullTrouble(owned, report),
      alive: () => {
        owned.process.lastPullMs = host.clock.nowMs();
      },
      reopen: () => {
        const current = host.subscriptionOf(owned.queue.topic);
        return owned.process.dropped || current === undefined ? undefined : this.#spec(owned, current, 0);
      },
    });
    if (this.#paused) this.#actors.pause([owned.pullId], true);
  }

  #spec(owned: OwnedQueue, subscription: Subscription, startDelayMs: number): PullSpec {
    const { settings, group, offsets } = this.#host;
    return {
      id: owned.pullId,
      group,
      topic: owned.queue.topic,
      brokerName: owned.queue.brokerName,
      queueId: owned.queue.queueId,
      offset: owned.nextOffset,
      commitOffset: offsets.readMemory(owned.queue) ?? 0,
      expressionType: subscription.expressionType,
      subString: subscription.subString,
      subVersion: subscription.subVersion,
      tagsSet: subscription.tagsSet,
      postSubscription: settings.postSubscriptionWhenPull,
      commitOnPull: !this.#host.lite && settings.messageModel === "CLUSTERING",
      lite: this.#host.lite,
      batchSize: settings.pullBatchSize,
      batchBytes: settings.pullBatchSizeInBytes,
      intervalMs: settings.pullInterval,
      suspendMs: PULL_MS.suspend,
      timeoutMs: PULL_MS.timeout,
      exceptionDelayMs: settings.pullTimeDelayMillsWhenException,
      thresholds: this.#thresholds(),
      startDelayMs,
    };
  }

  #found(owned: OwnedQueue, batch: PulledBatch): void {
    const host = this.#host;
    owned.nextOffset = batch.nextOffset;
    owned.process.lastPullMs = host.clock.nowMs();
    if (owned.process.dropped) return;
    const messages = messagesOf(owned.queue, batch);
    host.stats.pulled(owned.queue.topic, batch.rtMs, messages.length);
    host.pulled(owned, messages);
  }

  /** The broker has not got the offset: go to the one it gives, finished work or not. */
  async #illegal(owned: OwnedQueue, nextOffset: number): Promise<void> {
    const host = this.#host;
    host.logger.warn?.("Offset is out of range", { group: host.group, queue: owned.queue, nextOffset });
    owned.process.dropped = true;
    owned.process.voided = true;
    host.offsets.update(owned.queue, nextOffset, false);
    await this.#persist(owned.queue);
    this.#owned.delete(queueKey(owned.queue));
    this.#actors.wake(host.group);
  }

  /** Lets a queue go: no more pulls, running listener calls end, offsets are kept, the lock is released. */
  #leave(owned: OwnedQueue): Promise<void> {
    const key = queueKey(owned.queue);
    const known = this.#leaving.get(key);
    if (known !== undefined) return known.gone;
    owned.process.dropped = true;
    this.#owned.delete(key);
    const gone = this.#let(owned).finally(() => this.#leaving.delete(key));
    this.#leaving.set(key, { queue: owned.queue, gone });
    return gone;
  }

  async #let(owned: OwnedQueue): Promise<void> {
    const { orderly, settings, clock, offsets } = this.#host;
    await this.#actors.close([owned.pullId]);
    const locked = orderly && settings.messageModel === "CLUSTERING";
    if (locked && owned.running > 0) {
      const limit = new AbortController();
      const late = clock.sleep(LEAVE_MS, limit.signal).catch(() => undefined);
      await Promise.race([owned.quiet(), late]);
      limit.abort();
    }
    owned.process.voided = true;
    await this.#persist(owned.queue);
    offsets.remove(owned.queue);
    owned.process.clear();
    if (locked) await this.#host.unlock(owned.queue);
  }

  async #persist(queue: MessageQueue): Promise<void> {
    try {
      await this.#host.offsets.persist(queue);
    } catch (error) {
      this.#host.logger.warn?.("Offset commit failed", { group: this.#host.group, queue, error });
      sendChannel("offset-commit-failed", { group: this.#host.group, queue, error });
    }
  }

  /** Bounds of one queue: its own, or its share of the bound on all. */
  #thresholds(): PullThresholds {
    const { settings, orderly } = this.#host;
    const count = Math.max(1, this.#owned.size);
    const share = (total: number, own: number): number => total < 0 ? own : Math.max(1, Math.floor(total / count));
    return {
      count: share(settings.pullThresholdForTopic, settings.pullThresholdForQueue),
      bytes: share(settings.pullThresholdBytesForTopic, settings.pullThresholdBytesForQueue),
      span: orderly ? -1 : settings.consumeConcurrentlyMaxSpan,
    };
  }

  #divideThresholds(): void {
    const { pullThresholdForTopic, pullThresholdBytesForTopic } = this.#host.settings;
    if (pullThresholdForTopic < 0 && pullThresholdBytesForTopic < 0) return;
    const thresholds = this.#thresholds();
    for (const owned of this.#owned.values()) {
      owned.thresholds = thresholds;
      this.#actors.thresholds(owned.pullId, thresholds);
    }
  }
}

/**
 * @param queue queue of the batch
 * @param batch what was pulled
 * @returns its messages, with the queue's bounds as properties
 */
export function messagesOf(queue: MessageQueue, batch: PulledBatch): MessageExt[] {
  const view = new DataView(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
  const bodies = batch.bodies.length === 0 ? undefined : new Map(batch.bodies);
  const messages: MessageExt[] = [];
  const { starts } = batch;
  for (let i = 0; i < starts.length; i++) {
    const message = new MessageExt(queue, view, starts[i]!, bodies?.get(i));
    message.setBounds(batch.minOffset, batch.maxOffset);
    messages.push(message);
  }
  return messages;
}
