/**
 * What a producer gets back.
 */

import type { PhaseTimes } from "./errors.ts";
import type { MessageQueue } from "./message_queue.ts";

/** How durably a message is stored. Source: apache/rocketmq client/producer/SendStatus.java */
export type SendStatus = "SEND_OK" | "FLUSH_DISK_TIMEOUT" | "FLUSH_SLAVE_TIMEOUT" | "SLAVE_NOT_AVAILABLE";

/** Result of a send. */
export interface SendResult {
  /** Anything but SEND_OK: stored, but not as durably as asked. */
  readonly sendStatus: SendStatus;
  /** Unique id; for a batch those of its messages, separated by commas. */
  readonly msgId: string;
  /** Id made of broker address and log position; for a batch all of them. */
  readonly offsetMsgId: string;
  /** Queue it went to. */
  readonly messageQueue: MessageQueue;
  /** Position in the queue; of the first message of a batch. */
  readonly queueOffset: number;
  /** Transaction id the broker gave. */
  readonly transactionId: string | undefined;
  /** Region of the broker. */
  readonly regionId: string;
  /** Whether the broker wants traces. */
  readonly traceOn: boolean;
  /** Handle with which a timed message may be recalled. */
  readonly recallHandle: string | undefined;
  /** `host:port` of the broker. */
  readonly brokerAddr: string;
  /** Time in each phase, in milliseconds. */
  readonly phases: PhaseTimes;
}

/** Source: apache/rocketmq client/impl/MQClientAPIImpl.java processSendResponse */
const STATUS_OF_CODE: ReadonlyMap<number, SendStatus> = new Map([
  [0, "SEND_OK"],
  [10, "FLUSH_DISK_TIMEOUT"],
  [11, "SLAVE_NOT_AVAILABLE"],
  [12, "FLUSH_SLAVE_TIMEOUT"],
]);

/**
 * @param code response code of a send
 * @returns the status; undefined when the message was refused
 */
export function sendStatusOf(code: number): SendStatus | undefined {
  return STATUS_OF_CODE.get(code);
}
