/**
 * A master with its slave and a name server, of one make, for measurements.
 *
 * Owns: the slave; the master is a contender. Never: leaves one behind.
 */
import { decodeHaRuntimeInfo } from "../../protocol/bodies/ha_runtime_info.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { freeBrokerPort } from "../free_ports.ts";
import { startServerProcess } from "../server_process.ts";
import { signalProcess } from "../signal_process.ts";
import { notePidFiles } from "./bench_folder.ts";
import { type Contender, startApache, startRingMq } from "./contender.ts";
import { RawClient } from "./raw_client.ts";

/** Longest wait for a slave to follow: it learns of its master from the name server. Milliseconds. */
const FOLLOW_MS_MAX = 60_000;

/** Where master and slave are at one moment. */
export interface Positions {
  /** Of the monotonic clock. */
  readonly atMs: number;
  readonly master: number;
  /** What the slave has confirmed; -1 without a slave. */
  readonly slave: number;
}

/** Settings that both brokers of a pair have: the one that is held still must not be given up by the other. */
const COMMON = ["brokerIP2=127.0.0.1", "haHousekeepingInterval=600000"];

/** Starts a pair. */
export async function startPair(
  name: Contender["name"],
  folder: string,
  masterSets: readonly string[],
): Promise<Contender> {
  const start = name === "RingMQ" ? startRingMq : startApache;
  const master = await start(`${folder}/master`, [...COMMON, ...masterSets]);
  let slave: Awaited<ReturnType<typeof startSlave>> | undefined;
  try {
    const started = slave = await startSlave(name, `${folder}/slave`, master);
    const pair: Contender = {
      ...master,
      pids: [...master.pids, started.pid],
      run: (running) => {
        master.run(running);
        signalProcess(started.pid, running ? "SIGCONT" : "SIGSTOP");
      },
      [Symbol.asyncDispose]: async () => {
        signalProcess(started.pid, "SIGCONT");
        await started.stop();
        await master[Symbol.asyncDispose]();
      },
    };
    await untilFollowing(pair);
    return pair;
  } catch (error) {
    await slave?.stop();
    await master[Symbol.asyncDispose]();
    throw error;
  }
}

async function startSlave(
  name: Contender["name"],
  folder: string,
  master: Contender,
): Promise<{ readonly pid: number; stop(): Promise<unknown> }> {
  const values = [
    ...COMMON,
    `listenPort=${freeBrokerPort()}`,
    "brokerRole=SLAVE",
    "brokerId=1",
    "brokerName=broker-a",
    "brokerIP1=127.0.0.1",
    `storePathRootDir=${folder}/store`,
  ];
  if (name === "RingMQ") {
    const names = ["-n", `127.0.0.1:${master.nameServerPort}`];
    return await startServerProcess("actors/broker/mod.ts", [...names, ...values.flatMap((one) => ["--set", one])]);
  }
  const script = new URL("./apache.sh", import.meta.url).pathname;
  const pidFile = `${folder}/broker.pid`;
  notePidFiles(pidFile);
  const { code, stderr } = await new Deno.Command("bash", {
    args: [script, "slave", folder, ...values],
    env: { NS_PORT: String(master.nameServerPort), HEAP: "1g", NAME: "broker-a", OWNER: String(Deno.pid) },
  }).output();
  const stop = (): Promise<unknown> => new Deno.Command("bash", { args: [script, "down", folder] }).output();
  if (code !== 0) {
    await stop();
    throw new Error(`Apache's slave does not start: ${new TextDecoder().decode(stderr)}`);
  }
  return { pid: Number(Deno.readTextFileSync(pidFile)), stop };
}

async function untilFollowing(pair: Contender): Promise<void> {
  using client = await RawClient.connect(pair.brokerPort);
  const began = performance.now();
  while ((await positionsOf(client)).slave < 0) {
    if (performance.now() - began > FOLLOW_MS_MAX) throw new Error(`${pair.name}: the slave does not follow`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Asks a master how far it and its slave are. */
export async function positionsOf(master: RawClient): Promise<Positions> {
  const { body } = await master.ask(RequestCode.GET_BROKER_HA_STATUS);
  const { haConnectionInfo, masterCommitLogMaxOffset } = decodeHaRuntimeInfo(body);
  return {
    atMs: performance.now(),
    master: masterCommitLogMaxOffset,
    slave: Math.max(-1, ...haConnectionInfo.map(({ slaveAckOffset }) => slaveAckOffset)),
  };
}
