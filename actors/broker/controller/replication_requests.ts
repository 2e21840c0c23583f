/**
 * Requests about replication.
 *
 * Owns: the answer to 907. Reads: the state of HAService and HAClient, gauges. Never: changes replication.
 *
 * Source: apache/rocketmq store/ha/DefaultHAService.java, ha/autoswitch/AutoSwitchHAService.java getRuntimeInfo
 */
import {
  encodeHaRuntimeInfo,
  type HaClientInfo,
  type HaRuntimeInfo,
} from "../../../protocol/bodies/ha_runtime_info.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { Gauge } from "../../../store/gauges.ts";
import type { SlaveReport } from "../ha/ha_contract.ts";
import { isSlave } from "../ha/replication_rules.ts";
import { accept, type HandlerTable, type Room } from "./request_desk.ts";

/** What RocketMQ says of a slave side that does not run. */
const NO_CLIENT: HaClientInfo = {
  lastReadTimestamp: 0,
  lastWriteTimestamp: 0,
  masterFlushOffset: 0,
  maxOffset: 0,
  transferredByteInSecond: 0,
};

interface SlavesAndEnd {
  readonly slaves: readonly SlaveReport[];
  readonly end: number;
}

/** Handlers of this family. */
export function replicationRequests({ state, outputs }: Room): HandlerTable {
  return {
    [RequestCode.GET_BROKER_HA_STATUS]: async (call) => {
      const info = isSlave(state.values)
        ? await followerInfo(outputs.replication.master)
        : masterInfo(await slavesOf({ state, outputs }), state.values.haMaxGapNotInSync);
      return accept(call, {}, encodeHaRuntimeInfo(info));
    },
  };
}

/** HAService knows the end of the log; without it the gauge does, which is published now and then. */
async function slavesOf({ state, outputs }: Pick<Room, "state" | "outputs">): Promise<SlavesAndEnd> {
  return await outputs.replication.slaves() ?? { slaves: [], end: state.gauges.get(Gauge.LogMaxPosition) };
}

function masterInfo({ slaves, end }: SlavesAndEnd, gapBytes: number): HaRuntimeInfo {
  const connections = slaves.map(({ address, confirmed, next, bytesPerSecond, isMember }) => ({
    addr: address,
    diff: end - confirmed,
    inSync: isMember ?? end - confirmed < gapBytes,
    slaveAckOffset: confirmed,
    transferFromWhere: next,
    transferredByteInSecond: bytesPerSecond,
  }));
  return {
    master: true,
    masterCommitLogMaxOffset: end,
    inSyncSlaveNums: connections.filter(({ inSync }) => inSync).length,
    haConnectionInfo: connections,
    haClientRuntimeInfo: NO_CLIENT,
  };
}

async function followerInfo(ask: Room["outputs"]["replication"]["master"]): Promise<HaRuntimeInfo> {
  const report = await ask();
  return {
    master: false,
    masterCommitLogMaxOffset: 0,
    inSyncSlaveNums: 0,
    haConnectionInfo: [],
    haClientRuntimeInfo: report === undefined ? NO_CLIENT : {
      ...NO_CLIENT,
      masterAddr: report.address,
      lastReadTimestamp: report.lastReadMs,
      lastWriteTimestamp: report.lastWriteMs,
      maxOffset: report.end,
      transferredByteInSecond: report.bytesPerSecond,
    },
  };
}
