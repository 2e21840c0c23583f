/**
 * Steps that the tests of delivery share: messages as Java's consumers keep them, queue locks, send-backs, dead letters.
 *
 * Owns: the header fields of these requests. Reads: nothing. Never: knows which servers it talks to.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { RemotingCommand } from "../../protocol/command.ts";
import { decodeLockBatchResponse, encodeLockBatchRequest } from "../../protocol/bodies/queue_lock.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import type { ClientProcess } from "./client_process.ts";
import type { RawClient } from "./raw_client.ts";
import type { Target } from "./target.ts";

/** Whether tests run that take minutes, because RocketMQ waits so long. */
export const isLong: boolean = Deno.env.get("RINGMQ_CONFORMANCE_LONG") !== undefined;

/** A message as a client program describes it. */
export interface KeptMessage {
  readonly topic: string;
  readonly fromTopic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly msgId: string;
  readonly body?: string;
  readonly seq: number;
  readonly tags?: string;
  readonly reconsumeTimes: number;
  readonly storeMs: number;
  readonly receivedMs: number;
  readonly properties: Readonly<Record<string, string>>;
}

/** What one read of a queue gives. */
export interface QueueRead {
  readonly status: string;
  readonly nextBeginOffset: number;
  readonly minOffset: number;
  readonly maxOffset: number;
  readonly messages: readonly KeptMessage[];
}

/**
 * Reads a queue with the pull client once.
 *
 * @param client Client program.
 * @param target Where.
 * @param args Topic and more of the client's `readQueue`.
 */
export function readQueue(
  client: ClientProcess,
  target: Target,
  args: { readonly topic: string; readonly queueId?: number; readonly offset?: number; readonly expression?: string },
): Promise<QueueRead> {
  return client.call("readQueue", { namesrv: target.nameServer, brokerName: target.brokerName, queueId: 0, ...args });
}

/**
 * Waits for messages of queue 0 of a topic that may not exist yet.
 *
 * @param client Client program.
 * @param target Where.
 * @param topic Which.
 * @param count How many must be there.
 */
export async function messagesOf(
  client: ClientProcess,
  target: Target,
  topic: string,
  count = 1,
): Promise<readonly KeptMessage[]> {
  return await until(async () => {
    const read = await readQueue(client, target, { topic }).catch(() => undefined);
    return read !== undefined && read.messages.length >= count ? read.messages : undefined;
  }, { timeoutMs: 60_000, what: `${count} messages of ${topic}` });
}

/**
 * Waits until a consumer of a client program has kept so many messages.
 *
 * @param client Client program.
 * @param name Name of the consumer.
 * @param count How many.
 * @param timeoutMs Longest wait.
 */
export async function kept(
  client: ClientProcess,
  name: string,
  count: number,
  timeoutMs = 60_000,
): Promise<KeptMessage[]> {
  let seen: KeptMessage[] = [];
  return await until(async () => {
    seen = await client.call<KeptMessage[]>("consumer.messages", { name });
    return seen.length >= count ? seen : undefined;
  }, { timeoutMs, what: `${count} messages at ${name}, ${seen.length} are there` });
}

/**
 * Asks for the lock of one queue (request 41).
 *
 * @param broker Connection.
 * @param target Whose queue.
 * @param lock Group, client and topic; queue 0.
 * @returns Whether the client has it.
 */
export async function lockQueue(
  broker: RawClient,
  target: Target,
  lock: { readonly group: string; readonly clientId: string; readonly topic: string },
): Promise<boolean> {
  const answer = await broker.call(RequestCode.LOCK_BATCH_MQ, {}, text(lockBody(target, lock)));
  assertEquals(answer.code, 0, answer.remark);
  return decodeLockBatchResponse(answer.body).lockOKMQSet.length === 1;
}

/** Gives the lock of queue 0 back (request 42). */
export async function unlockQueue(
  broker: RawClient,
  target: Target,
  lock: { readonly group: string; readonly clientId: string; readonly topic: string },
): Promise<void> {
  assertEquals((await broker.call(RequestCode.UNLOCK_BATCH_MQ, {}, text(lockBody(target, lock)))).code, 0);
}

function lockBody(
  target: Target,
  { group, clientId, topic }: { readonly group: string; readonly clientId: string; readonly topic: string },
): Uint8Array {
  const mqSet = [{ topic, brokerName: target.brokerName, queueId: 0 }];
  return encodeLockBatchRequest({ consumerGroup: group, clientId, mqSet, onlyThisBroker: false });
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/**
 * Sends a message back (request 36).
 *
 * @param broker Connection.
 * @param fields Position of the record, group, origin and level; more fields of the header.
 * @param change What to change in the request.
 */
export function sendBack(
  broker: RawClient,
  fields: {
    readonly position: number;
    readonly group: string;
    readonly topic: string;
    readonly delayLevel?: number;
    readonly maxReconsumeTimes?: number;
  },
  change: Partial<RemotingCommand> = {},
): Promise<RemotingCommand> {
  const { position, group, topic, delayLevel = 0, maxReconsumeTimes } = fields;
  return broker.call(
    RequestCode.CONSUMER_SEND_MSG_BACK,
    {
      offset: String(position),
      group,
      delayLevel: String(delayLevel),
      originMsgId: "",
      originTopic: topic,
      unitMode: "false",
      ...(maxReconsumeTimes === undefined ? {} : { maxReconsumeTimes: String(maxReconsumeTimes) }),
    },
    undefined,
    { change },
  );
}
