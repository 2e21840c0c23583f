/**
 * How many messages wait in the wheel, by topic.
 *
 * Owns: the counts of config/timermetrics. Reads: nothing. Never: a file.
 *
 * Source: apache/rocketmq store/timer/TimerMetrics.java
 */
import { decodeTimerMetrics, encodeTimerMetrics } from "../../protocol/bodies/queue_metrics.ts";
import { type DataVersion, nextDataVersion, NO_DATA_VERSION } from "../../protocol/data_version.ts";

/** Counts by topic. */
export class TimerCounts {
  readonly #counts = new Map<string, { count: number; timeStamp: number }>();
  #version: DataVersion = NO_DATA_VERSION;
  #dirty = false;

  /** Whether something changed since {@link markSaved}. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** Messages of a topic that wait. */
  get(topic: string): number {
    return this.#counts.get(topic)?.count ?? 0;
  }

  /** Topics that were counted. */
  topics(): IterableIterator<string> {
    return this.#counts.keys();
  }

  /** Adds to a topic. */
  add(topic: string, amount: number, nowMs: number): void {
    this.#counts.set(topic, { count: this.get(topic) + amount, timeStamp: nowMs });
    this.#version = nextDataVersion(this.#version, nowMs);
    this.#dirty = true;
  }

  /** Forgets a topic that was deleted. */
  remove(topic: string): void {
    if (this.#counts.delete(topic)) this.#dirty = true;
  }

  /** What is here is in the file. */
  markSaved(): void {
    this.#dirty = false;
  }

  /** Text of config/timermetrics and of the answer to request 61. */
  encode(): string {
    return new TextDecoder().decode(encodeTimerMetrics({ dataVersion: this.#version, timingCount: this.#counts }));
  }

  /** @throws {ProtocolError} when the text is something else */
  static decode(text: string): TimerCounts {
    const counts = new TimerCounts();
    const { dataVersion, timingCount } = decodeTimerMetrics(text);
    for (const [topic, { count, timeStamp }] of timingCount) counts.#counts.set(topic, { count, timeStamp });
    counts.#version = dataVersion;
    return counts;
  }
}
