/**
 * The fields of a send request in any of its dialects: long names (10, 324) or one-letter names (310, 320, 325).
 *
 * Source: apache/rocketmq remoting SendMessageRequestHeader, SendMessageRequestHeaderV2
 */
import type { ExtFields, RemotingCommand } from "../../../protocol/command.ts";
import { RequestCode } from "../../../protocol/request_code.ts";

/** What a producer asked for. */
export interface SendFields {
  readonly producerGroup: string;
  readonly topic: string;
  readonly defaultTopic: string;
  readonly defaultTopicQueueNums: number;
  readonly queueId: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly flag: number;
  readonly properties: string;
  readonly reconsumeTimes: number;
  readonly unitMode: boolean;
  readonly batch: boolean;
  /** Undefined when the request does not say. */
  readonly maxReconsumeTimes: number | undefined;
}

/** Thrown when a field that the broker cannot do without is missing or is no number. */
export class SendFieldsError extends TypeError {
  /** Stable code of this error. */
  readonly code = "SEND_FIELDS";
  override readonly name = "SendFieldsError";
}

/**
 * Reads the fields.
 *
 * @throws {SendFieldsError} when one is missing or is no number
 */
export function readSendFields(command: RemotingCommand): SendFields {
  const { ext } = command;
  const short = command.code !== RequestCode.SEND_MESSAGE && command.code !== RequestCode.SEND_REPLY_MESSAGE;
  const name = (long: string, letter: string): string => (short ? letter : long);
  return {
    producerGroup: text(ext, name("producerGroup", "a")),
    topic: text(ext, name("topic", "b")),
    defaultTopic: ext[name("defaultTopic", "c")] ?? "",
    defaultTopicQueueNums: number(ext, name("defaultTopicQueueNums", "d"), 4),
    queueId: number(ext, name("queueId", "e")),
    sysFlag: number(ext, name("sysFlag", "f"), 0),
    bornTimestamp: number(ext, name("bornTimestamp", "g")),
    flag: number(ext, name("flag", "h"), 0),
    properties: ext[name("properties", "i")] ?? "",
    reconsumeTimes: number(ext, name("reconsumeTimes", "j"), 0),
    unitMode: isTrue(ext[name("unitMode", "k")]),
    batch: command.code === RequestCode.SEND_BATCH_MESSAGE || isTrue(ext[name("batch", "m")]),
    maxReconsumeTimes: ext[name("maxReconsumeTimes", "l")] === undefined
      ? undefined
      : number(ext, name("maxReconsumeTimes", "l")),
  };
}

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === "true";
}

function text(ext: ExtFields, name: string): string {
  const value = ext[name];
  if (value === undefined) throw new SendFieldsError(`Cannot read send request: field "${name}" is missing`);
  return value;
}

function number(ext: ExtFields, name: string, fallback?: number): number {
  const value = ext[name];
  if (value === undefined || value === "") {
    if (fallback !== undefined) return fallback;
    throw new SendFieldsError(`Cannot read send request: field "${name}" is missing`);
  }
  const parsed = Number(value);
  if (!Number.isSafeInteger(parsed)) {
    throw new SendFieldsError(`Cannot read send request: field "${name}" is no whole number`);
  }
  return parsed;
}
