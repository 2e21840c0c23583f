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
import { DirectPull, isCommand, type PullPlace, type PullReply, pullReplyOf } from "./direct_pull.ts";
import { ClientError } from "./errors.ts";
import { clientErrorOf, type Link, refusal } from "./link.ts";
import type { PulledBatch, PullProgress, PullSpec, PullThresholds } from "./pull_contract.ts";
import { answerBytes, indexRecords } from "./pull_records.ts";
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

type ReplicaAddress = NonNullable<ReturnType<PullerParts["address"]>>;

function codeOf(spec: PullSpec): number {
  return spec.lite ? RequestCode.LITE_PULL_MESSAGE : RequestCode.PULL_MESSAGE;
}

/** Pulls one queue until it is closed. */
export class QueuePuller {
  /** The queue. */
  readonly spec: PullSpec;
  readonly #parts: PullerParts;
  readonly #closing = new AbortController();
  readonly #direct: DirectPull;
  /** As the signal says, which is slow to ask. */
  #isClosing = false;
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
    this.#direct = new DirectPull(codeOf(spec), this.#fixedFields(), spec.timeoutMs);
    this.#ended = this.#run();
  }

  /**
   * Ends the loop; a pull in flight is given up.
   *
   * @returns settles when nothing will be handed over any more
   */
  close(): Promise<void> {
    this.#close();
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
    await this.#wait(this.spec.startDelayMs);
    while (!this.#isClosing) {
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
      const reply = await (this.#askDirect(where) ?? this.#ask(where));
      if (this.#isClosing || reply === undefined) return 0;
      return this.#answer(reply, where.address, this.#parts.clock.monotonicMs() - begin);
    } catch (thrown) {
      if (this.#isClosing) return 0;
      this.#trouble(clientErrorOf(thrown, where.address));
      return spec.exceptionDelayMs;
    }
  }

  /** The short path, where the connection is there and nothing looks on; ends without an answer on closing. */
  #askDirect(where: ReplicaAddress): Promise<PullReply | RemotingCommand | undefined> | undefined {
    const line = this.#parts.link.direct?.(where.address);
    return line === undefined ? undefined : this.#direct.send(line, this.#place(where.brokerId));
  }

  #ask({ address, brokerId }: ReplicaAddress): Promise<RemotingCommand> {
    const { queueOffset, commitOffset, sysFlag } = this.#place(brokerId);
    const ext: ExtFields = {
      ...this.#fixedFields(),
      queueOffset: String(queueOffset),
      commitOffset: String(commitOffset),
      sysFlag: String(sysFlag),
    };
    return this.#parts.link.invoke(address, createRequest(codeOf(this.spec), ext), {
      timeoutMs: this.spec.timeoutMs,
      signal: this.#closing.signal,
    });
  }

  #place(brokerId: number): PullPlace {
    const { commitOnPull, postSubscription, lite } = this.spec;
    return {
      queueOffset: this.#nextOffset,
      commitOffset: this.#commitOffset,
      sysFlag: pullSysFlag({
        commitOffset: commitOnPull && this.#commitOffset > 0 && brokerId === MASTER_ID,
        suspend: true,
        subscription: postSubscription,
        classFilter: false,
        litePull: lite,
      }),
    };
  }

  #fixedFields(): ExtFields {
    const { spec } = this;
    return {
      consumerGroup: spec.group,
      topic: spec.topic,
      queueId: String(spec.queueId),
      maxMsgNums: String(spec.batchSize),
      maxMsgBytes: String(spec.batchBytes),
      suspendTimeoutMillis: String(spec.suspendMs),
      subVersion: String(spec.subVersion),
      expressionType: spec.expressionType,
      bname: spec.brokerName,
      ...(spec.postSubscription ? { subscription: spec.subString } : {}),
    };
  }

  #answer(answer: PullReply | RemotingCommand, address: string, rtMs: number): number {
    const { spec } = this;
    const reply = isCommand(answer) ? pullReplyOf(answer) : answer;
    if (reply.suggestedBrokerId !== undefined) this.#brokerId = reply.suggestedBrokerId;
    const nextOffset = reply.nextOffset ?? this.#nextOffset;
    switch (reply.code) {
      case ResponseCode.SUCCESS:
        this.#found(reply, nextOffset, rtMs);
        return spec.intervalMs;
      case ResponseCode.PULL_NOT_FOUND:
      case ResponseCode.PULL_RETRY_IMMEDIATELY:
        this.#nextOffset = nextOffset;
        this.#parts.empty({ id: spec.id, nextOffset, rtMs });
        return 0;
      case ResponseCode.PULL_OFFSET_MOVED:
        this.#close();
        this.#parts.illegal({ id: spec.id, nextOffset });
        return 0;
      default:
        if (isCommand(answer)) this.#trouble(refusal("Pull", answer, address));
        return reply.code === ResponseCode.FLOW_CONTROL ? BROKER_FLOW_CONTROL_MS : spec.exceptionDelayMs;
    }
  }

  #close(): void {
    this.#isClosing = true;
    this.#closing.abort();
    this.#direct.giveUp();
  }

  #found(answer: PullReply, nextOffset: number, rtMs: number): void {
    const { spec } = this;
    const bytes = answerBytes(answer.body);
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
      minOffset: answer.minOffset,
      maxOffset: answer.maxOffset,
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
    if (ms <= 0 || this.#isClosing) return Promise.resolve();
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
