/**
 * The fields of request 905, which tells brokers that the lowest live id of their group changed.
 *
 * Owns: the step from a notice to header fields. Reads: nothing. Never: sends.
 */

import type { ExtFields } from "../../protocol/command.ts";
import { encodeNotifyMinBrokerIdChangeRequestHeader } from "../../protocol/commands/broker_admin.ts";
import type { MinBrokerIdNotice } from "./route_types.ts";

/**
 * The header fields of a notice. The broker name is left out: receivers know their own, and RocketMQ leaves it out.
 *
 * @param notice The notice.
 * @returns Extension fields.
 * Source: apache/rocketmq namesrv RouteInfoManager.notifyMinBrokerIdChanged.
 */
export function noticeExt(notice: MinBrokerIdNotice): ExtFields {
  return encodeNotifyMinBrokerIdChangeRequestHeader({
    minBrokerId: notice.minBrokerId,
    minBrokerAddr: notice.minBrokerAddress,
    offlineBrokerAddr: notice.offlineBrokerAddress,
    haBrokerAddr: notice.haBrokerAddress,
  });
}
