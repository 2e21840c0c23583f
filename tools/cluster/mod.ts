/**
 * Clusters on this machine: a name server and brokers as processes, on free ports, in one folder.
 *
 *     deno task cluster up 2m-2s-sync
 *     deno task cluster status
 *     deno task cluster kill a
 *     deno task cluster down
 *
 * Owns: the command line. Reads: the folder. Never: touches a process that it did not start.
 */
import { parseArgs } from "@std/cli/parse-args";
import { denoWorld } from "../../actors/kernel/deno_world.ts";
import { systemClock } from "../../store/clock.ts";
import { freeBrokerPort, freePort } from "../free_ports.ts";
import { membersOf, type Shape, SHAPES } from "./shapes.ts";
import { startDetached } from "./start.ts";
import { type ClusterBroker, isAlive, readCluster, removeCluster, signal, writeCluster } from "./state.ts";
import { statusLines, statusOf } from "./status.ts";

const USAGE = `Clusters on this machine

Usage: deno task cluster <command> [--dir FOLDER]

  up <shape>      starts one: ${SHAPES.join(", ")}
  status          shows its brokers: role, address, end of the log, lag of slaves
  kill <broker>   ends one with SIGKILL
  down            stops all; stores and logs stay in the folder

      --dir FOLDER   where stores, logs and the list of processes are (ringmq-cluster below TMPDIR or /tmp)
`;

/** Longest wait for servers to stop. Milliseconds. */
const STOP_MS = 30_000;
const LOOK_MS = 50;

const world = denoWorld();

async function up(dir: string, shape: string): Promise<number> {
  if (!(SHAPES as readonly string[]).includes(shape)) return refuse(`"${shape}" is no shape, see --help`);
  if (readCluster(dir) !== undefined) return refuse(`"${dir}" has a cluster already, see status and down`);
  Deno.mkdirSync(`${dir}/logs`, { recursive: true });
  const nameServerPort = freePort();
  const nameServer = {
    name: "namesrv",
    port: nameServerPort,
    pid: await startDetached(
      "namesrv",
      ["--set", `listenPort=${nameServerPort}`, "--set", `kvConfigPath=${dir}/namesrv/kvConfig.json`],
      `${dir}/logs/namesrv.log`,
    ),
  };
  const brokers: ClusterBroker[] = [];
  writeCluster(dir, { shape: shape as Shape, nameServer, brokers });
  for (const member of membersOf(shape as Shape)) {
    const port = freeBrokerPort();
    const store = `${dir}/${member.name}/store`;
    const values = {
      listenPort: port,
      namesrvAddr: `127.0.0.1:${nameServerPort}`,
      brokerIP1: "127.0.0.1",
      brokerIP2: "127.0.0.1",
      brokerName: member.brokerName,
      brokerId: member.brokerId,
      brokerRole: member.brokerRole,
      storePathRootDir: store,
      storePathCommitLog: `${store}/commitlog`,
      slaveReadEnable: true,
      inSyncReplicas: member.brokerRole === "SYNC_MASTER" ? 2 : 1,
    };
    const sets = Object.entries(values).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    const pid = await startDetached("broker", sets, `${dir}/logs/${member.name}.log`);
    brokers.push({ ...member, port, pid });
    writeCluster(dir, { shape: shape as Shape, nameServer, brokers });
  }
  world.print(`Name server 127.0.0.1:${nameServerPort}, folder ${dir}`);
  return await status(dir);
}

async function status(dir: string): Promise<number> {
  const cluster = readCluster(dir);
  if (cluster === undefined) return refuse(`"${dir}" has no cluster, see up`);
  for (const line of statusLines(await statusOf(cluster))) world.print(line);
  return 0;
}

function kill(dir: string, name: string): number {
  const broker = readCluster(dir)?.brokers.find((each) => each.name === name);
  if (broker === undefined) return refuse(`there is no broker "${name}" in "${dir}"`);
  world.print(signal(broker.pid, "SIGKILL") ? `Killed ${name} (${broker.pid})` : `${name} is down already`);
  return 0;
}

async function down(dir: string): Promise<number> {
  const cluster = readCluster(dir);
  if (cluster === undefined) return refuse(`"${dir}" has no cluster`);
  const deadlineMs = systemClock.monotonicMs() + STOP_MS;
  // Slaves were started last and end first; the name server ends last.
  for (const { pid, name } of [...cluster.brokers.toReversed(), cluster.nameServer]) {
    signal(pid, "SIGTERM");
    while (isAlive(pid)) {
      if (systemClock.monotonicMs() > deadlineMs) {
        signal(pid, "SIGKILL");
        world.complain(`${name} did not stop in time and was killed`);
        break;
      }
      await systemClock.sleep(LOOK_MS);
    }
  }
  removeCluster(dir);
  world.print(`Stopped; stores and logs are in ${dir}`);
  return 0;
}

function refuse(text: string): number {
  world.complain(`Cannot do that: ${text}`);
  return 2;
}

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, { string: ["dir"], boolean: ["help"], alias: { h: "help" } });
  const [command, name = ""] = args._.map(String);
  const dir = String(args["dir"] ?? `${Deno.env.get("TMPDIR") ?? "/tmp"}/ringmq-cluster`);
  if (args.help || command === undefined) {
    world.print(USAGE.trimEnd());
    return args.help ? 0 : 2;
  }
  if (command === "up") return await up(dir, name);
  if (command === "status") return await status(dir);
  if (command === "kill") return kill(dir, name);
  if (command === "down") return await down(dir);
  return refuse(`"${command}" is no command, see --help`);
}

if (import.meta.main) Deno.exit(await main());
