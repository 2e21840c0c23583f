/**
 * Requests within a group of brokers: who lives (905), and where the master's HA port is (906).
 *
 * Owns: their answers. Reads: this broker's addresses. Never: keeps what it is told; {@link MemberGroup} and the slave's side do.
 *
 * Source: apache/rocketmq broker AdminBrokerProcessor.notifyMinBrokerIdChange, updateBrokerHaInfo
 */
import {
  decodeExchangeHaInfoHeader,
  decodeNotifyMinBrokerIdChangeRequestHeader,
  encodeExchangeHaInfoHeader,
} from "../../../protocol/commands/broker_admin.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { Gauge } from "../../../store/gauges.ts";
import { isSlave } from "../ha/replication_rules.ts";
import type { MemberGroup } from "./member_group.ts";
import { accept, type HandlerTable, type Room } from "./request_desk.ts";

/** What these handlers do beyond their answers. */
export interface MemberRequestParts {
  readonly members: MemberGroup;
  /** A master says where its log is. */
  readonly followLog: (address: string, haAddress: string) => void;
}

/** Handlers of this family. */
export function memberRequests({ state }: Room, { members, followLog }: MemberRequestParts): HandlerTable {
  return {
    [RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE]: async (call) => {
      const header = decodeNotifyMinBrokerIdChangeRequestHeader(call.command.ext);
      const { minBrokerId: id, minBrokerAddr: address, haBrokerAddr: haAddress } = header;
      if (id !== undefined) await members.changed({ id, address, haAddress });
      return accept(call);
    },

    [RequestCode.EXCHANGE_BROKER_HA_INFO]: (call) => {
      const { masterHaAddress, masterAddress } = decodeExchangeHaInfoHeader(call.command.ext);
      if (masterHaAddress !== undefined) {
        if (masterAddress !== undefined) followLog(masterAddress, masterHaAddress);
        return accept(call);
      }
      if (isSlave(state.values)) return accept(call);
      return accept(
        call,
        encodeExchangeHaInfoHeader({
          masterHaAddress: state.haAddress,
          masterFlushOffset: state.gauges.get(Gauge.LogFlushedPosition),
          masterAddress: state.brokerAddress,
        }),
      );
    },
  };
}
