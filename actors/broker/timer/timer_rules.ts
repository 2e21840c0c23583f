/**
 * What a broker allows of exact times of delivery, and how it says no.
 *
 * Owns: the settings and Apache's words. Reads: nothing. Never: looks at a message.
 *
 * Source: apache/rocketmq broker SendMessageProcessor.handlePutMessageResult, EndTransactionProcessor
 */
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { TimerRefusal, TimerRules as MessageRules } from "../../../store/timer/timer_message.ts";
import type { BrokerValues } from "../broker_configuration.ts";

/** What a broker allows of exact times of delivery. */
export interface TimerRules extends MessageRules {
  /** Messages of one slot from which on more of them are refused. */
  readonly timerCongestNumEachSlot: number;
}

/** The rules that a configuration says. */
export function timerRules(values: BrokerValues): TimerRules {
  const { timerWheelEnable, timerMaxDelaySec, timerPrecisionMs, timerCongestNumEachSlot } = values;
  return { timerWheelEnable, timerMaxDelaySec, timerPrecisionMs, timerCongestNumEachSlot };
}

/** Code and remark of a refusal. */
export function timerAnswer({ refused }: TimerRefusal, rules: TimerRules): { code: number; remark: string } {
  if (refused === "disabled") {
    return {
      code: ResponseCode.SYSTEM_ERROR,
      remark: `accurate timer message is not enabled, timerWheelEnable is ${rules.timerWheelEnable}`,
    };
  }
  const maxMs = rules.timerMaxDelaySec * 1000;
  return {
    code: ResponseCode.MESSAGE_ILLEGAL,
    remark:
      `timer message illegal, the delay time should not be bigger than the max delay ${maxMs}ms; or if set del msg, the delay time should be bigger than the current time`,
  };
}

/** Remark to a message for a slot that has too many. */
export function congestionRemark(limit: number): string {
  return `timer message is under flow control, max num limit is ${
    limit * 2
  } or the current value is greater than ${limit} and less than ${limit * 2}, trigger random flow control`;
}

/**
 * Whether a slot takes no more: never up to the limit, always from twice the limit on, by chance between.
 *
 * @param count messages of the slot
 * @param limit of the configuration
 * @param chance evenly spread from 0 to 999
 *
 * Source: apache/rocketmq store/timer/TimerMessageStore.java isReject
 */
export function isSlotFull(count: number, limit: number, chance: number): boolean {
  if (count <= limit) return false;
  return count >= limit * 2 || chance > 1000 * (count - limit) / (limit + 0.1);
}
