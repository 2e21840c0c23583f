/**
 * Answers to sends: a result, or the refusal as an error.
 *
 * Owns: the mapping. Never does: IO, retries.
 */

import type { RemotingCommand } from "../../protocol/command.ts";
import { ClientError, type PhaseTimes } from "./errors.ts";
import { refusal } from "./link.ts";
import type { MessageQueue } from "./message_queue.ts";
import { PropertyName } from "./property_names.ts";
import type { SendUnit } from "./send_request.ts";
import { type SendResult, sendStatusOf } from "./send_result.ts";

/**
 * What an answer means for the sender.
 * Source: apache/rocketmq client/impl/MQClientAPIImpl.java processSendResponse
 *
 * @param unit what was sent
 * @param mq where to
 * @param answer the broker's answer
 * @param brokerAddr `host:port` of the broker
 * @param phases times so far; copied
 * @returns the result
 * @throws {ClientError} when the answer is a refusal
 */
export function resultOf(
  unit: SendUnit,
  mq: MessageQueue,
  answer: RemotingCommand,
  brokerAddr: string,
  phases: PhaseTimes,
): SendResult {
  const sendStatus = sendStatusOf(answer.code);
  if (sendStatus === undefined) throw sendRefusal(unit.message.topic, answer, brokerAddr);
  const ids = (unit.batch ?? [unit.message]).map((message) => message.properties.get(PropertyName.UNIQ_KEY) ?? "");
  const queueId = Number(answer.ext["queueId"] ?? mq.queueId);
  return {
    sendStatus,
    msgId: ids.join(","),
    offsetMsgId: answer.ext["msgId"] ?? "",
    messageQueue: { topic: mq.topic, brokerName: mq.brokerName, queueId },
    queueOffset: Number(answer.ext["queueOffset"] ?? -1),
    transactionId: answer.ext["transactionId"],
    regionId: answer.ext["MSG_REGION"] ?? "DefaultRegion",
    traceOn: answer.ext["TRACE_ON"] !== "false",
    recallHandle: answer.ext["recallHandle"],
    brokerAddr,
    phases: { ...phases },
  };
}

function sendRefusal(topic: string, answer: RemotingCommand, brokerAddr: string): ClientError {
  const general = refusal(`Sending to topic "${topic}"`, answer, brokerAddr);
  const code = answer.code === 17
    ? "TOPIC_NOT_FOUND"
    : answer.code === 16
    ? (isForbidden(answer) ? "NO_WRITE_PERMISSION" : "NOT_AUTHORIZED")
    : answer.code === 13
    ? "MESSAGE_ILLEGAL"
    : undefined;
  if (code === undefined) return general;
  return new ClientError(code, general.message, {
    brokerAddr,
    responseCode: answer.code,
    retryable: code !== "NOT_AUTHORIZED" && general.retryable,
  });
}

/**
 * Whether a topic or broker takes no messages. Access control refuses with the same code.
 * Source: apache/rocketmq broker/processor/AbstractSendMessageProcessor.java msgCheck
 */
function isForbidden({ remark }: RemotingCommand): boolean {
  return remark?.includes("sending message is forbidden") ?? false;
}
