/**
 * The servers of a cluster: started, ended, and started again on the same ports and stores.
 *
 * Owns: their settings and the file that lists them. Reads: the folder. Never: touches a process that it did not start.
 */
import { systemClock } from "../../store/clock.ts";
import { freeBrokerPort, freePort } from "../free_ports.ts";
import { type ClusterMember, FAILOVER_SHAPE, membersOf, type Shape } from "./shapes.ts";
import { startDetached, startEtcd, untilForgotten } from "./start.ts";
import { type ClusterServer, type ClusterState, isAlive, removeCluster, signal, writeCluster } from "./state.ts";

/** Name of the name server within a cluster. */
export const NAME_SERVER = "namesrv";

/** Name of etcd within a cluster. */
export const ETCD = "etcd";

/** Settings of every broker over those of its role, `key=value` each. */
export type Settings = readonly string[];

/** Longest wait for servers to stop. Milliseconds. */
const STOP_MS = 30_000;
const LOOK_MS = 50;

/**
 * Starts a cluster. The file that lists its servers grows with each, so that what was started can be ended when one fails.
 *
 * @throws {Error} when a server does not accept
 */
export async function startCluster(dir: string, shape: Shape, settings: Settings = []): Promise<ClusterState> {
  Deno.mkdirSync(`${dir}/logs`, { recursive: true });
  let etcd: ClusterState["etcd"];
  if (shape === FAILOVER_SHAPE) {
    etcd = await startOwnEtcd(dir, { name: ETCD, port: freePort(), peerPort: freePort(), pid: 0 });
  }
  const place = { name: NAME_SERVER, port: freePort(), pid: 0 };
  // Until it runs it is in the list all the same, so that etcd can be ended when it does not start.
  let state: ClusterState = { shape, settings, nameServer: place, brokers: [], etcd };
  writeCluster(dir, state);
  state = { ...state, nameServer: await start(dir, place, (at) => nameServerSettings(at, state)) };
  writeCluster(dir, state);
  for (const member of membersOf(shape)) {
    const port = freeBrokerPort();
    const broker = await start(dir, { ...member, port, pid: 0 }, (at) => brokerSettings(at, member, state));
    state = { ...state, brokers: [...state.brokers, broker] };
    writeCluster(dir, state);
  }
  return state;
}

/**
 * Starts a server again that has ended, where it was.
 *
 * @returns the cluster with its new process id
 * @throws {Error} when there is no such server, or when it does not accept
 */
export async function startAgain(dir: string, state: ClusterState, name: string): Promise<ClusterState> {
  let next: ClusterState;
  if (name === NAME_SERVER) {
    next = { ...state, nameServer: await start(dir, state.nameServer, (at) => nameServerSettings(at, state)) };
  } else if (name === ETCD && state.etcd !== undefined) {
    next = { ...state, etcd: await startOwnEtcd(dir, state.etcd) };
  } else {
    const old = state.brokers.find((broker) => broker.name === name);
    if (old === undefined) throw new Error(`There is no broker "${name}"`);
    const broker = await start(dir, old, (at) => brokerSettings(at, old, state));
    next = { ...state, brokers: state.brokers.map((each) => each.name === name ? broker : each) };
  }
  writeCluster(dir, next);
  return next;
}

/** The server of a name; undefined when there is none. */
export function serverOf(state: ClusterState, name: string): ClusterServer | undefined {
  return serversOf(state).find((server) => server.name === name);
}

function serversOf({ nameServer, brokers, etcd }: ClusterState): ClusterServer[] {
  return [...etcd === undefined ? [] : [etcd], nameServer, ...brokers];
}

/** Stops every server and forgets the cluster; stores and logs stay. @returns names of those that had to be killed */
export async function stopCluster(dir: string, state: ClusterState): Promise<string[]> {
  const killed: string[] = [];
  const deadlineMs = systemClock.monotonicMs() + STOP_MS;
  // Slaves were started last and end first; the name server, and what brokers agree through, end last.
  for (const { pid, name } of serversOf(state).toReversed()) {
    if (pid === 0) continue;
    signal(pid, "SIGTERM");
    while (isAlive(pid)) {
      if (systemClock.monotonicMs() > deadlineMs) {
        signal(pid, "SIGKILL");
        killed.push(name);
        break;
      }
      await systemClock.sleep(LOOK_MS);
    }
    await untilForgotten(pid);
  }
  removeCluster(dir);
  return killed;
}

interface Place {
  readonly dir: string;
  readonly port: number;
}

async function start<S extends ClusterServer>(
  dir: string,
  server: S,
  settings: (at: Place) => Settings,
): Promise<S> {
  const task = server.name === NAME_SERVER ? "namesrv" : "broker";
  const sets = settings({ dir, port: server.port }).flatMap((one) => ["--set", one]);
  return { ...server, pid: await startDetached(task, sets, `${dir}/logs/${server.name}.log`) };
}

async function startOwnEtcd(
  dir: string,
  etcd: NonNullable<ClusterState["etcd"]>,
): Promise<NonNullable<ClusterState["etcd"]>> {
  const plan = { dir: `${dir}/etcd`, clientPort: etcd.port, peerPort: etcd.peerPort };
  return { ...etcd, pid: await startEtcd(plan, `${dir}/logs/${ETCD}.log`) };
}

function nameServerSettings({ dir, port }: Place, state: ClusterState): Settings {
  return [`listenPort=${port}`, `kvConfigPath=${dir}/namesrv/kvConfig.json`, ...etcdSettings(state)];
}

function etcdSettings({ etcd }: ClusterState): Settings {
  return etcd === undefined ? [] : [`etcdEndpoints=127.0.0.1:${etcd.port}`];
}

function brokerSettings({ dir, port }: Place, member: ClusterMember, state: ClusterState): Settings {
  const store = `${dir}/${member.name}/store`;
  return [
    `listenPort=${port}`,
    `namesrvAddr=127.0.0.1:${state.nameServer.port}`,
    "brokerIP1=127.0.0.1",
    "brokerIP2=127.0.0.1",
    `brokerName=${member.brokerName}`,
    `brokerId=${member.brokerId}`,
    `brokerRole=${member.brokerRole}`,
    `storePathRootDir=${store}`,
    `storePathCommitLog=${store}/commitlog`,
    "slaveReadEnable=true",
    `inSyncReplicas=${member.brokerRole === "SYNC_MASTER" ? 2 : 1}`,
    ...member.isFailover === true ? [...etcdSettings(state), "allAckInSyncStateSet=true"] : [],
    ...state.settings ?? [],
  ];
}
