/** The contract of TimerMessageService. */
import type { BrokerControllerContract, TopicSubscriberContract } from "../broker_controller_contract.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import { defineRole, type Role } from "../../kernel/contract.ts";

/** Work done since the start. */
export interface TimerCounters {
  /** Messages that came into the wheel. */
  readonly enqueued: number;
  /** Messages given to their topics. */
  readonly delivered: number;
  /** Messages of these that were due before they came to the wheel. */
  readonly late: number;
  /** Messages put into the timer queue once more. */
  readonly rolled: number;
  /** Messages that were recalled. */
  readonly recalled: number;
  /** Records that are gone, are no timer messages, or have no topic any more. */
  readonly dropped: number;
  /** Longest time from the end of a slot to the delivery of its last message, milliseconds. */
  readonly lateMsMax: number;
}

/** Contract of the TimerMessageService actor. */
export type TimerContract = {
  init: BrokerActorInit;
  asks: TopicSubscriberContract["asks"] & {
    /** Bytes of the checkpoint (60). */
    checkpoint: { request: null; reply: { bytes: Uint8Array } };
    /** Text of config/timermetrics (61). */
    metrics: { request: null; reply: { text: string } };
    /** What it did so far. */
    counters: { request: null; reply: TimerCounters };
  };
  tells: Record<never, never>;
  signals: {
    /** The log failed for good. */
    failed: { text: string };
    log: { level: "info" | "warn" | "error"; text: string };
  };
  peers: { "controller": BrokerControllerContract };
};

/** The role of TimerMessageService. */
export const timerRole: Role<TimerContract> = defineRole(
  "timer",
  new URL("./timer_worker.ts", import.meta.url),
);
