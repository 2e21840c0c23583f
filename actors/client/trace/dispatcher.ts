/**
 * Sends traces: collected, joined, sent as messages of the trace topic.
 *
 * Owns: what waits to be sent. Reads: a pipeline of its own. Never does: hold back the application; what does not fit is counted and dropped.
 * Source: apache/rocketmq client/trace/AsyncTraceDispatcher.java
 */

import type { Timer } from "../../../store/clock.ts";
import type { ClientInstance } from "../client_instance.ts";
import { sendChannel } from "../diagnostics.ts";
import type { ConsumeMessageHook, EndTransactionHook, SendMessageHook } from "../hooks.ts";
import { createInnerPipeline, innerMessage } from "../inner_producer.ts";
import { TRACE_TOPIC } from "../names.ts";
import type { SendPipeline } from "../send_pipeline.ts";
import { consumeTraceHook, endTransactionTraceHook, sendTraceHook } from "./hooks.ts";
import type { TraceRecord } from "./encode.ts";

/** Largest trace message, in bytes. Source: AsyncTraceDispatcher.java maxMsgSize */
const MESSAGE_BYTES_MAX = 128_000;
/** Records that make a send worth while. Source: AsyncTraceDispatcher.java batchNum */
const BATCH_RECORDS = 10;
/** Longest wait of a record, in milliseconds. Source: AsyncTraceDispatcher.java flushTraceInterval */
const FLUSH_INTERVAL_MS = 5_000;
/** Records that may wait. Source: AsyncTraceDispatcher.java queueSize */
const RECORDS_MAX = 2_048;
/** Milliseconds for a trace send. Source: AsyncTraceDispatcher.java sendTraceDataByMQ */
const SEND_MS = 5_000;

/** Collects and sends trace records of one producer or consumer. */
export class TraceDispatcher {
  /** Hook that traces sends. */
  readonly sendHook: SendMessageHook;
  /** Hook that traces ends of transactions. */
  readonly endTransactionHook: EndTransactionHook;
  /** Hook that traces consumption. */
  readonly consumeHook: ConsumeMessageHook;
  /** Topic traces go to. */
  readonly topic: string;
  readonly #instance: ClientInstance;
  readonly #pipeline: SendPipeline;
  readonly #waiting: TraceRecord[] = [];
  readonly #sending = new Set<Promise<void>>();
  #timer: Timer | undefined;
  #dropped = 0;

  /**
   * @param instance whose connections are used
   * @param topic trace topic; RocketMQ's own when undefined
   */
  constructor(instance: ClientInstance, topic: string | undefined) {
    this.#instance = instance;
    this.topic = topic ?? TRACE_TOPIC;
    this.#pipeline = createInnerPipeline(instance, "_INNER_TRACE_PRODUCER");
    this.sendHook = sendTraceHook(this, instance);
    this.endTransactionHook = endTransactionTraceHook(this, instance);
    this.consumeHook = consumeTraceHook(this, instance);
  }

  /** Records that did not fit. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param record a trace; sent soon */
  append(record: TraceRecord): void {
    if (this.#waiting.length >= RECORDS_MAX) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(record);
    if (this.#waiting.length >= BATCH_RECORDS) this.#flush();
    else this.#timer ??= this.#instance.options.clock.setTimer(FLUSH_INTERVAL_MS, () => this.#flush());
  }

  /** Sends what waits. */
  async stop(): Promise<void> {
    this.#flush();
    await Promise.all(this.#sending);
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    let keys = new Set<string>();
    let data = "";
    const send = (): void => {
      if (data.length === 0) return;
      const work = this.#send(data, keys).finally(() => this.#sending.delete(work));
      this.#sending.add(work);
      keys = new Set();
      data = "";
    };
    for (const record of this.#waiting.splice(0)) {
      if (data.length + record.data.length > MESSAGE_BYTES_MAX) send();
      data += record.data;
      for (const key of record.keys) keys.add(key);
    }
    send();
  }

  async #send(data: string, keys: ReadonlySet<string>): Promise<void> {
    try {
      const message = innerMessage(this.topic, data, new Map([["KEYS", [...keys].join(" ")]]));
      await this.#pipeline.send({ message, batch: undefined }, {
        timeoutMs: SEND_MS,
        signal: undefined,
        choose: undefined,
        queue: undefined,
      });
    } catch (error) {
      this.#instance.options.logger.warn?.("Sending traces failed", { error });
      sendChannel("trace-failed", { error });
    }
  }
}
