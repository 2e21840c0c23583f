/**
 * The pull loop of one queue: flow control, request, answer, again.
 *
 * Owns: the next offset and the counts of what was handed over. Reads: a link, broker addresses. Never does: consume.
 * Source: apache/rocketmq client/impl/consumer/DefaultMQPushConsumerImpl.java pullMessage
 */

import { createRequest, type ExtFields, type RemotingCommand } from "../../protocol/command.ts";
import { pullSysFlag } from "../../protocol/pull_sys_flag.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { Clock } from "../../store/clock.ts";
import { ClientError } from "./errors.ts";
import { clientErrorOf, type Link, refusal } from "./link.ts";
import type { PulledBatch, PullProgress, PullSpec, PullThresholds } from "./pull_contract.ts";
import { indexRecords, ownBytes } from "./pull_records.ts";
import { MASTER_ID } from "./publish_route.ts";

/** Longest wait before flow control looks again, in milliseconds. Source: DefaultMQPushConsumerImpl.java PULL_TIME_DELAY_MILLS_WHEN_CACHE_FLOW_CONTROL */
const CACHE_FLOW_CONTROL_MS = 50;
/** Wait after the broker's flow control, in milliseconds. Source: DefaultMQPushConsumerImpl.java PULL_TIME_DELAY_MILLS_WHEN_BROKER_FLOW_CONTROL */
const BROKER_FLOW_CONTROL_MS = 20;
/** Wait while the consumer is paused, in milliseconds. Source: DefaultMQPushConsumerImpl.java PULL_TIME_DELAY_MILLS_WHEN_SUSPEND */
const SUSPENDED_MS = 1_000;

/** What a puller works with. */
export interface PullerParts {
  readonly link: Link;
  readonly clock: Clock;
  /** Address of a broker's replica, of any replica when that one is missing. */
  address(brokerName: string, brokerId: number): { address: string; brokerId: number } | undefined;
  /** Waits for the actor's turn; false when it must stop. */
  breathe(): Promise<boolean>;
  found(batch: PulledBatch): void;
  empty(report: { id: number; nextOffset: number; rtMs: number }): void;
  illegal(report: { id: number; nextOffset: number }): void;
  trouble(report: { id: number; code: string; responseCode: number; message: string }): void;
  alive(id: number): void;
}

/** Pulls one queue until it is closed. */
export class QueuePuller {
  /** The queue. */
  readonly spec: PullSpec;
  readonly #parts: PullerParts;
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  #thresholds: PullThresholds;
  #nextOffset: number;
  #commitOffset: number;
  #brokerId = MASTER_ID;
  #deliveredCount = 0;
  #deliveredBytes = 0;
  #releasedCount = 0;
  #releasedBytes = 0;
  #minOffset = -1;
  #maxDelivered = -1;
  #paused = false;
  #wake: (() => void) | undefined;

  /**
   * @param spec the queue
   * @param parts with what
   */
  constructor(spec: PullSpec, parts: PullerParts) {
    this.spec = spec;
    this.#parts = parts;
    this.#thresholds = spec.thresholds;
    this.#nextOffset = spec.offset;
    this.#commitOffset = spec.commitOffset;
    this.#ended = this.#run();
  }

  /**
   * Ends the loop; a pull in flight is given up.
   *
   * @returns settles when nothing will be handed over any more
   */
  close(): Promise<void> {
    this.#closing.abort();
    this.#wake?.();
    return this.#ended;
  }

  /** @param progress how far the caller is */
  progress(progress: PullProgress): void {
    this.#releasedCount = progress.releasedCount;
    this.#releasedBytes = progress.releasedBytes;
    this.#minOffset = progress.minOffset;
    this.#commitOffset = progress.commitOffset;
    if (!this.#overflows()) this.#wake?.();
  }

  /** @param thresholds new bounds */
  setThresholds(thresholds: PullThresholds): void {
    this.#thresholds = thresholds;
    if (!this.#overflows()) this.#wake?.();
  }

  /** @param paused whether to hold pulls */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.#wake?.();
  }

  /** Whether flow control holds the queue back. */
  #overflows(): boolean {
    const count = this.#deliveredCount - this.#releasedCount;
    if (count === 0) return false;
    const { count: countMax, bytes, span } = this.#thresholds;
    if (countMax >= 0 && count > countMax) return true;
    if (bytes >= 0 && this.#deliveredBytes - this.#releasedBytes > bytes) return true;
    return span >= 0 && this.#minOffset >= 0 && this.#maxDelivered - this.#minOffset > span;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    await this.#wait(this.spec.startDelayMs);
    while (!signal.aborted) {
      if (!await this.#parts.breathe()) return;
      this.#parts.alive(this.spec.id);
      if (this.#paused) {
        await this.#wait(SUSPENDED_MS);
        continue;
      }
      if (this.#overflows()) {
        await this.#wait(CACHE_FLOW_CONTROL_MS);
        continue;
      }
      const waitMs = await this.#once();
      if (waitMs > 0) await this.#wait(waitMs);
    }
  }

  /** One pull. @returns milliseconds until the next */
  async #once(): Promise<number> {
    const { spec } = this;
    const where = this.#parts.address(spec.brokerName, this.#brokerId);
    if (where === undefined) {
      this.#trouble(
        new ClientError("BROKER_UNKNOWN", `Cannot pull from broker "${spec.brokerName}": no address is known`, {
          retryable: true,
        }),
      );
      return spec.exceptionDelayMs;
    }
    const begin = this.#parts.clock.monotonicMs();
    try {
      const answer = await this.#parts.link.invoke(
        where.address,
        createRequest(
          spec.lite ? RequestCode.LITE_PULL_MESSAGE : RequestCode.PULL_MESSAGE,
          this.#header(where.brokerId),
        ),
        { timeoutMs: spec.timeoutMs, signal: this.#closing.signal },
      );
      if (this.#closing.signal.aborted) return 0;
      return this.#answer(answer, where.address, this.#parts.clock.monotonicMs() - begin);
    } catch (thrown) {
      if (this.#closing.signal.aborted) return 0;
      this.#trouble(clientErrorOf(thrown, where.address));
      return spec.exceptionDelayMs;
    }
  }

  #header(brokerId: number): ExtFields {
    const { spec } = this;
    const ext: ExtFields = {
      consumerGroup: spec.group,
      topic: spec.topic,
      queueId: String(spec.queueId),
      queueOffset: String(this.#nextOffset),
      maxMsgNums: String(spec.batchSize),
      maxMsgBytes: String(spec.batchBytes),
      sysFlag: String(pullSysFlag({
        commitOffset: spec.commitOnPull && this.#commitOffset > 0 && brokerId === MASTER_ID,
        suspend: true,
        subscription: spec.postSubscription,
        classFilter: false,
        litePull: spec.lite,
      })),
      commitOffset: String(this.#commitOffset),
      suspendTimeoutMillis: String(spec.suspendMs),
      subVersion: String(spec.subVersion),
      expressionType: spec.expressionType,
      bname: spec.brokerName,
    };
    if (spec.postSubscription) ext["subscription"] = spec.subString;
    return ext;
  }

  #answer(answer: RemotingCommand, address: string, rtMs: number): number {
    const { spec } = this;
    if (answer.ext["suggestWhichBrokerId"] !== undefined) this.#brokerId = Number(answer.ext["suggestWhichBrokerId"]);
    const nextOffset = Number(answer.ext["nextBeginOffset"] ?? this.#nextOffset);
    switch (answer.code) {
      case ResponseCode.SUCCESS:
        this.#found(answer, nextOffset, rtMs);
        return spec.intervalMs;
      case ResponseCode.PULL_NOT_FOUND:
      case ResponseCode.PULL_RETRY_IMMEDIATELY:
        this.#nextOffset = nextOffset;
        this.#parts.empty({ id: spec.id, nextOffset, rtMs });
        return 0;
      case ResponseCode.PULL_OFFSET_MOVED:
        this.#closing.abort();
        this.#parts.illegal({ id: spec.id, nextOffset });
        return 0;
      default:
        this.#trouble(refusal("Pull", answer, address));
        return answer.code === ResponseCode.FLOW_CONTROL ? BROKER_FLOW_CONTROL_MS : spec.exceptionDelayMs;
    }
  }

  #found(answer: RemotingCommand, nextOffset: number, rtMs: number): void {
    const { spec } = this;
    const bytes = ownBytes(answer.body);
    const indexed = indexRecords(bytes, spec.expressionType === "TAG" ? spec.tagsSet : []);
    this.#nextOffset = nextOffset;
    if (indexed.starts.length === 0) {
      this.#parts.empty({ id: spec.id, nextOffset, rtMs });
      return;
    }
    if (this.#deliveredCount === this.#releasedCount) this.#minOffset = indexed.firstOffset;
    this.#deliveredCount += indexed.starts.length;
    this.#deliveredBytes += indexed.bodyBytes;
    this.#maxDelivered = indexed.lastOffset;
    this.#parts.found({
      id: spec.id,
      bytes,
      starts: indexed.starts,
      bodies: indexed.bodies,
      nextOffset,
      minOffset: Number(answer.ext["minOffset"] ?? 0),
      maxOffset: Number(answer.ext["maxOffset"] ?? 0),
      rtMs,
    });
  }

  #trouble(error: ClientError): void {
    this.#parts.trouble({
      id: this.spec.id,
      code: error.code,
      responseCode: error.responseCode ?? -1,
      message: error.message,
    });
  }

  /** Waits, at most so long; progress and closing end it. */
  #wait(ms: number): Promise<void> {
    if (ms <= 0 || this.#closing.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#wake = undefined;
        resolve();
      };
      const timer = this.#parts.clock.setTimer(ms, done);
      this.#wake = done;
    });
  }
}
