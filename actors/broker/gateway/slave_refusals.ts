/**
 * What a slave does not take, and what it says.
 *
 * Owns: which requests only a master serves. Reads: configuration values. Never: asks anybody.
 *
 * Source: apache/rocketmq broker SendMessageProcessor.rejectRequest, PullMessageProcessor.rejectRequest, EndTransactionProcessor.processRequest, remoting NettyRemotingAbstract.processRequestCommand
 */
import { createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { BrokerValues } from "../broker_configuration.ts";
import { isSlave } from "../ha/replication_rules.ts";
import { SendRefusal, type SendRefusalValue } from "./gateway.ts";
import type { PullRefusal } from "./pull_request.ts";

/** The answer of a processor that takes nothing now. */
export const REJECTED: PullRefusal = {
  refused: true,
  code: ResponseCode.SYSTEM_BUSY,
  remark: "[REJECTREQUEST]system busy, start flow control for a while",
};

/** Requests that append. */
const APPENDING: ReadonlySet<number> = new Set([
  RequestCode.SEND_MESSAGE,
  RequestCode.SEND_MESSAGE_V2,
  RequestCode.SEND_BATCH_MESSAGE,
  RequestCode.CONSUMER_SEND_MSG_BACK,
]);

/** Requests that append, but are not rejected before they are looked at. */
const REPLIES: ReadonlySet<number> = new Set([
  RequestCode.SEND_REPLY_MESSAGE,
  RequestCode.SEND_REPLY_MESSAGE_V2,
]);

const UNAVAILABLE =
  "service not available now. It may be caused by one of the following reasons: the broker's disk is full, messages are put to the slave, message store has been shut down, etc.";

/** Settings that decide. */
export type SlaveValues = Pick<BrokerValues, "brokerRole" | "enableSlaveActingMaster" | "slaveReadEnable">;

/** Why this broker takes no sends; undefined when it is a master. */
export function sendRefusalOf(values: SlaveValues): SendRefusalValue | undefined {
  if (!isSlave(values)) return undefined;
  return values.enableSlaveActingMaster ? SendRefusal.Unavailable : SendRefusal.Follower;
}

/** Why this broker takes no pulls; undefined when it does. */
export function pullRefusalOf(values: SlaveValues): PullRefusal | undefined {
  return isSlave(values) && !values.slaveReadEnable ? REJECTED : undefined;
}

/** Makes the check of requests on the general path; undefined when the broker is a master. */
export function slaveRejection(
  values: SlaveValues,
): ((command: RemotingCommand) => RemotingCommand | undefined) | undefined {
  if (!isSlave(values)) return undefined;
  return (command) => {
    if (command.code === RequestCode.END_TRANSACTION) {
      return createResponse(command, ResponseCode.SLAVE_NOT_AVAILABLE);
    }
    const isAppending = APPENDING.has(command.code);
    if (!isAppending && !REPLIES.has(command.code)) return undefined;
    return isAppending && !values.enableSlaveActingMaster
      ? createResponse(command, REJECTED.code, REJECTED.remark)
      : createResponse(command, ResponseCode.SERVICE_NOT_AVAILABLE, UNAVAILABLE);
  };
}
