/**
 * Requests of clients about themselves: heartbeat, farewell, members of a group, check of a subscription.
 *
 * Owns: the answers to 34, 35, 38 and 46.
 * Reads: client tables.
 * Never: changes a table itself.
 *
 * Source: apache/rocketmq broker ClientManageProcessor, ConsumerManageProcessor.getConsumerListByGroup
 */
import type { RemotingCommand } from "../../../protocol/command.ts";
import { decodeCheckClientRequest } from "../../../protocol/bodies/client_check.ts";
import { encodeConsumerIdList } from "../../../protocol/bodies/name_lists.ts";
import {
  decodeConsumerGroupRequestHeader,
  decodeUnregisterClientRequestHeader,
  encodeHeartbeatResponseHeader,
} from "../../../protocol/commands/client.ts";
import { decodeHeartbeatData } from "../../../protocol/heartbeat.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { ExpressionType } from "../../../protocol/subscription.ts";
import { SqlFilter } from "../../../store/filter/sql_filter.ts";
import { FilterSyntaxError } from "../../../store/filter/sql_tokens.ts";
import { accept, type Call, type HandlerTable, refuse, type Room } from "./request_desk.ts";

/** Handlers of this family. */
export function clientRequests(room: Room): HandlerTable {
  return {
    [RequestCode.HEART_BEAT]: async (call) => {
      const { command, channel, remoteAddress } = call;
      const heartbeat = decodeHeartbeatData(command.body);
      const fingerprintChanged = await room.clients.heartbeat(heartbeat, {
        channel,
        clientId: heartbeat.clientID,
        language: command.language,
        version: command.version,
        remoteAddress,
        lastHeartbeatMs: room.state.nowMs(),
      });
      const subChange = heartbeat.heartbeatFingerprint === 0 || fingerprintChanged;
      return accept(call, encodeHeartbeatResponseHeader({ heartbeatV2: true, subChange }));
    },

    [RequestCode.UNREGISTER_CLIENT]: async (call) => {
      const { clientID, producerGroup, consumerGroup } = decodeUnregisterClientRequestHeader(call.command.ext);
      await room.clients.unregister({ producerGroup, consumerGroup, clientId: clientID }, call.channel);
      return accept(call);
    },

    [RequestCode.GET_CONSUMER_LIST_BY_GROUP]: (call) => {
      const { consumerGroup } = decodeConsumerGroupRequestHeader(call.command.ext);
      const consumerIdList = room.state.consumers.clientIdsOf(consumerGroup);
      if (consumerIdList === undefined || consumerIdList.length === 0) {
        return refuse(call, ResponseCode.SYSTEM_ERROR, `no consumer for this group, ${consumerGroup}`);
      }
      return accept(call, {}, encodeConsumerIdList({ consumerIdList }));
    },

    [RequestCode.CHECK_CLIENT_CONFIG]: (call) => {
      const { expressionType, subString } = decodeCheckClientRequest(call.command.body).subscriptionData;
      if (expressionType === ExpressionType.TAG) return accept(call);
      if (room.state.values.enablePropertyFilter) return checkExpression(call, expressionType, subString);
      return refuse(
        call,
        ResponseCode.SYSTEM_ERROR,
        `The broker does not support consumer to filter message by ${expressionType}`,
      );
    },
  };
}

/** Whether an expression can be compiled; the refusal says where it cannot. */
function checkExpression(call: Call, expressionType: string | undefined, text: string | undefined): RemotingCommand {
  if (expressionType !== ExpressionType.SQL92) {
    const remark = `The broker does not support consumer to filter message by ${expressionType}`;
    return refuse(call, ResponseCode.SUBSCRIPTION_PARSE_FAILED, remark);
  }
  try {
    new SqlFilter(text ?? "");
    return accept(call);
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    return refuse(call, ResponseCode.SUBSCRIPTION_PARSE_FAILED, `Invalid MessageSelector. ${error.message}`);
  }
}
