/**
 * How the brokers of a cluster stand: alive or not, ends of their logs, how far slaves are behind.
 *
 * Owns: the table. Reads: requests 28 and 907. Never: changes anything.
 */
import { PeerPool } from "../../actors/net/peer_pool.ts";
import { tcpTransport } from "../../actors/net/transport.ts";
import { decodeHaRuntimeInfo } from "../../protocol/bodies/ha_runtime_info.ts";
import { createRequest } from "../../protocol/command.ts";
import { decodeKvTable } from "../../protocol/kv_table.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { type ClusterBroker, type ClusterState, isAlive } from "./state.ts";

const CALL_MS = 3000;

/** One broker. */
export interface BrokerStatus {
  readonly name: string;
  readonly brokerName: string;
  readonly role: string;
  readonly address: string;
  readonly pid: number;
  /** "up", "silent" or "down". */
  readonly state: string;
  /** End of the log; empty when the broker does not answer. */
  readonly logEnd: number | "";
  /** Bytes that are not dispatched. */
  readonly undispatched: number | "";
  /** Slaves that are connected; of a slave nothing. */
  readonly slaves: number | "";
  /** Bytes that a slave is behind its master. */
  readonly lag: number | "";
  /** Of a failover set: how it stands with the set, as the broker says. */
  readonly failover?: string;
}

/** Asks every broker. */
export async function statusOf(cluster: ClusterState): Promise<BrokerStatus[]> {
  const pool = new PeerPool({ transport: tcpTransport });
  try {
    const rows = await Promise.all(cluster.brokers.map((broker) => ask(pool, broker)));
    return rows.map((row) => withLag(row, rows));
  } finally {
    await pool.close();
  }
}

async function ask(pool: PeerPool, broker: ClusterBroker): Promise<BrokerStatus> {
  const address = `127.0.0.1:${broker.port}`;
  const { name, brokerName, pid, isFailover } = broker;
  // Who is down or silent has no role in a set that gives it.
  const role = isFailover === true ? "?" : broker.brokerRole;
  const silent = {
    ...{ name, brokerName, role, address, pid, logEnd: "", undispatched: "", slaves: "", lag: "" } as const,
    ...isFailover === true ? { failover: "" } : {},
  };
  if (!isAlive(pid)) return { ...silent, state: "down" };
  const call = async (code: number): Promise<Uint8Array> =>
    (await pool.invoke(address, createRequest(code), { timeoutMs: CALL_MS })).body;
  try {
    const { table } = decodeKvTable(await call(RequestCode.GET_BROKER_RUNTIME_INFO));
    const info = decodeHaRuntimeInfo(await call(RequestCode.GET_BROKER_HA_STATUS));
    const logEnd = info.master ? info.masterCommitLogMaxOffset : info.haClientRuntimeInfo?.maxOffset ?? 0;
    return {
      ...silent,
      state: "up",
      logEnd,
      undispatched: Number(table.get("dispatchBehindBytes") ?? 0),
      slaves: info.master ? info.haConnectionInfo.length : "",
      ...broker.isFailover === true
        ? { role: info.master ? "MASTER" : "FOLLOWER", failover: table.get("failoverState") ?? "" }
        : {},
    };
  } catch {
    // Its state says it: it lives and does not answer.
    return { ...silent, state: "silent" };
  }
}

function withLag(row: BrokerStatus, rows: readonly BrokerStatus[]): BrokerStatus {
  const isBehind = (role: string): boolean => role === "SLAVE" || role === "FOLLOWER";
  if (!isBehind(row.role) || row.logEnd === "") return row;
  const master = rows.find(({ brokerName, role }) => brokerName === row.brokerName && !isBehind(role));
  return master === undefined || master.logEnd === "" ? row : { ...row, lag: Math.max(0, master.logEnd - row.logEnd) };
}

/** The table as lines. */
export function statusLines(rows: readonly BrokerStatus[]): string[] {
  const names = Object.keys(rows[0] ?? {}) as (keyof BrokerStatus)[];
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => String(row[name]).length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, index) => cell.padEnd(widths[index]!)).join("  ").trimEnd();
  return [line(names), ...rows.map((row) => line(names.map((name) => String(row[name]))))];
}
