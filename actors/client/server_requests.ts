/**
 * Requests that brokers send to clients, and the answers.
 *
 * | code | what is done |
 * |---|---|
 * | 39 check transaction state | the producer is asked; it answers with 37 |
 * | 40 consumer ids changed | the group is balanced soon |
 * | 220 reset offsets | the consumer goes to the given offsets |
 * | 221 consumer status | the table of offsets |
 * | 307 running info | the state of the consumer |
 * | 309 consume directly | the message is consumed and the result answered |
 * | 326 reply message | the waiting request is answered |
 *
 * Owns: decoding and encoding. Reads: the members. Never does: consume by itself.
 * Source: apache/rocketmq client/impl/ClientRemotingProcessor.java processRequest
 */

import { createResponse, isOneway, type RemotingCommand } from "../../protocol/command.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import {
  fields,
  items,
  numberOf,
  queueTable,
  readObject,
  readQueue,
  readQueueTable,
  textOf,
  writeBody,
} from "./bodies.ts";
import type { ClientInstance } from "./client_instance.ts";
import { decompressBody } from "./compression/body.ts";
import { sendChannel } from "./diagnostics.ts";
import { messageOf } from "./errors.ts";
import { MessageExt, recordRanges } from "./message_ext.ts";
import type { MessageQueue } from "./message_queue.ts";
import { PropertyName } from "./property_names.ts";

/**
 * Answers a broker.
 *
 * @param instance whose members are asked
 * @param request the broker's request
 * @param address the broker
 * @returns the answer; undefined for one-way requests
 */
export async function answerServerRequest(
  instance: ClientInstance,
  request: RemotingCommand,
  address: string,
): Promise<RemotingCommand | undefined> {
  try {
    const answer = await answerOf(instance, request, address);
    return isOneway(request) ? undefined : answer;
  } catch (error) {
    instance.options.logger.warn?.("Request of a broker failed", { code: request.code, address, error });
    sendChannel("server-request-failed", { code: request.code, address, error });
    return isOneway(request) ? undefined : createResponse(request, ResponseCode.SYSTEM_ERROR, messageOf(error));
  }
}

async function answerOf(
  instance: ClientInstance,
  request: RemotingCommand,
  address: string,
): Promise<RemotingCommand | undefined> {
  switch (request.code) {
    case RequestCode.CHECK_TRANSACTION_STATE:
      checkTransaction(instance, request, address);
      return undefined;
    case RequestCode.NOTIFY_CONSUMER_IDS_CHANGED:
      instance.consumers.get(request.ext["consumerGroup"] ?? "")?.rebalanceSoon();
      return undefined;
    case RequestCode.RESET_CONSUMER_CLIENT_OFFSET:
      await resetOffsets(instance, request);
      return undefined;
    case RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT:
      return consumerStatus(instance, request);
    case RequestCode.GET_CONSUMER_RUNNING_INFO:
      return runningInfo(instance, request);
    case RequestCode.CONSUME_MESSAGE_DIRECTLY:
      return await consumeDirectly(instance, request);
    case RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT:
      return instance.replyTaker?.(request)
        ? createResponse(request, ResponseCode.SUCCESS)
        : createResponse(request, ResponseCode.SYSTEM_ERROR, "no request waits for this reply");
    default:
      return createResponse(
        request,
        ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
        ` request type ${request.code} not supported`,
      );
  }
}

/** One stored record as a message, decompressed. */
function messageOfBody(body: Uint8Array, brokerName: string): MessageExt {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const ranges = recordRanges(view, 0);
  const plain = decompressBody(body.subarray(ranges.body, ranges.bodyEnd), ranges.sysFlag);
  const probe = new MessageExt({ topic: "", brokerName, queueId: 0 }, view, 0, plain);
  const queue: MessageQueue = { topic: probe.topic, brokerName, queueId: probe.queueId };
  return new MessageExt(queue, view, 0, plain);
}

function checkTransaction(instance: ClientInstance, request: RemotingCommand, brokerAddr: string): void {
  const brokerName = request.ext["bname"] ?? brokerNameOf(instance, brokerAddr);
  const message = messageOfBody(request.body, brokerName);
  const producer = instance.producers.get(message.getProperty(PropertyName.PGROUP) ?? "");
  if (producer === undefined) {
    instance.options.logger.warn?.("Transaction check for a group without producer", { msgId: message.msgId });
    return;
  }
  producer.checkTransaction({
    message,
    brokerAddr,
    brokerName,
    tranStateTableOffset: Number(request.ext["tranStateTableOffset"] ?? 0),
    commitLogOffset: Number(request.ext["commitLogOffset"] ?? 0),
    msgId: request.ext["msgId"] ?? message.msgId,
    transactionId: request.ext["transactionId"] ?? message.transactionId ?? "",
  });
}

function brokerNameOf(instance: ClientInstance, address: string): string {
  for (const [name, replicas] of instance.routes.brokers) {
    for (const one of replicas.values()) if (one === address) return name;
  }
  return "";
}

async function resetOffsets(instance: ClientInstance, request: RemotingCommand): Promise<void> {
  const { group = "", topic = "" } = request.ext;
  const table = readObject(request.body)["offsetTable"];
  const entries = Array.isArray(table)
    ? items(table).map((item) => [readQueue(item), numberOf(fields(item)["offset"])] as const)
    : readQueueTable(table).map(([queue, offset]) => [queue, Number(offset)] as const);
  await instance.consumers.get(group)?.resetOffsets(topic, entries);
}

function consumerStatus(instance: ClientInstance, request: RemotingCommand): RemotingCommand {
  const { group = "", topic = "" } = request.ext;
  const table = instance.consumers.get(group)?.offsetsOf(topic) ?? [];
  const body = writeBody({ messageQueueTable: queueTable(table) });
  return createResponse(request, ResponseCode.SUCCESS, undefined, {}, body);
}

function runningInfo(instance: ClientInstance, request: RemotingCommand): RemotingCommand {
  const group = request.ext["consumerGroup"] ?? "";
  const consumer = instance.consumers.get(group);
  if (consumer === undefined) return groupMissing(request, group);
  const info = request.ext["jstackEnable"] === "true"
    ? { ...consumer.runningInfo(), jstack: `This client runs on one event loop.\n${new Error("here").stack ?? ""}` }
    : consumer.runningInfo();
  return createResponse(request, ResponseCode.SUCCESS, undefined, {}, writeBody(info));
}

async function consumeDirectly(instance: ClientInstance, request: RemotingCommand): Promise<RemotingCommand> {
  const group = request.ext["consumerGroup"] ?? "";
  const consumer = instance.consumers.get(group);
  if (consumer === undefined) return groupMissing(request, group);
  const brokerName = textOf(request.ext["brokerName"]);
  const result = await consumer.consumeDirectly(messageOfBody(request.body, brokerName), brokerName);
  return createResponse(request, ResponseCode.SUCCESS, undefined, {}, writeBody(result));
}

function groupMissing(request: RemotingCommand, group: string): RemotingCommand {
  return createResponse(
    request,
    ResponseCode.SYSTEM_ERROR,
    `The Consumer Group <${group}> not exist in this consumer`,
  );
}
