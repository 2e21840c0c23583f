/**
 * The fields of a pull request as the general decoder reads them.
 *
 * Source: apache/rocketmq remoting PullMessageRequestHeader
 */
import type { RemotingCommand } from "../../../protocol/command.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import type { PullFields } from "./pull_request.ts";

/** Thrown when a field that a pull cannot do without is missing or is no number. */
export class PullFieldsError extends TypeError {
  /** Stable code of this error. */
  readonly code = "PULL_FIELDS";
  override readonly name = "PullFieldsError";
}

/**
 * Reads the fields of a pull.
 *
 * @throws {PullFieldsError} when one is missing or is no number
 */
export function readPullFields(command: RemotingCommand): PullFields {
  const { ext } = command;
  const number = (name: string, fallback?: number): number => {
    const text = ext[name];
    const value = text === undefined || text === "" ? fallback : Number(text);
    if (value === undefined || Number.isNaN(value)) {
      throw new PullFieldsError(`Cannot read pull request: field "${name}" is missing or no number`);
    }
    return value;
  };
  const text = (name: string): string => {
    const value = ext[name];
    if (value === undefined) throw new PullFieldsError(`Cannot read pull request: field "${name}" is missing`);
    return value;
  };
  return {
    lite: command.code === RequestCode.LITE_PULL_MESSAGE,
    groupName: text("consumerGroup"),
    topicName: text("topic"),
    queueId: number("queueId"),
    queueOffset: number("queueOffset"),
    maxMsgNums: number("maxMsgNums"),
    maxMsgBytes: number("maxMsgBytes", Infinity),
    sysFlag: number("sysFlag"),
    suspendTimeoutMs: number("suspendTimeoutMillis", 0),
    subVersion: number("subVersion", 0),
    subscription: ext.subscription,
    expressionType: ext.expressionType,
  };
}
