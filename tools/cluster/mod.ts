/**
 * Clusters on this machine: a name server and brokers as processes, on free ports, in one folder.
 *
 *     deno task cluster up 2m-2s-sync
 *     deno task cluster status
 *     deno task cluster kill a
 *     deno task cluster start a
 *     deno task cluster down
 *
 * Owns: the command line. Reads: the folder. Never: touches a process that it did not start.
 */
import { parseArgs } from "@std/cli/parse-args";
import { refuseUnknownOption } from "../help.ts";
import { denoWorld } from "../../actors/kernel/deno_world.ts";
import { serverOf, startAgain, startCluster, stopCluster } from "./cluster.ts";
import { type Shape, SHAPES } from "./shapes.ts";
import { isAlive, readCluster, signal } from "./state.ts";
import { statusLines, statusOf } from "./status.ts";

const USAGE = `Clusters on this machine

Usage: deno task cluster <command> [--dir FOLDER]

  up <shape>      starts one: ${SHAPES.join(", ")}
  status          shows its brokers: role, address, end of the log, lag of slaves, epoch and sync-state set
  kill <server>   ends one with SIGKILL: a broker, namesrv, or etcd
  start <server>  starts it again where it was
  down            stops all; stores and logs stay in the folder

      --dir FOLDER   where stores, logs and the list of processes are (ringmq-cluster below TMPDIR or /tmp)
`;

const world = denoWorld();

async function up(dir: string, shape: string): Promise<number> {
  if (!(SHAPES as readonly string[]).includes(shape)) return refuse(`"${shape}" is no shape, see --help`);
  if (readCluster(dir) !== undefined) return refuse(`"${dir}" has a cluster already, see status and down`);
  const { nameServer, etcd } = await startCluster(dir, shape as Shape).catch(async (error) => {
    const state = readCluster(dir);
    if (state !== undefined) await stopCluster(dir, state);
    throw error;
  });
  const through = etcd === undefined ? "" : `, etcd 127.0.0.1:${etcd.port}`;
  world.print(`Name server 127.0.0.1:${nameServer.port}${through}, folder ${dir}`);
  return await status(dir);
}

async function status(dir: string): Promise<number> {
  const cluster = readCluster(dir);
  if (cluster === undefined) return refuse(`"${dir}" has no cluster, see up`);
  for (const line of statusLines(await statusOf(cluster))) world.print(line);
  return 0;
}

function kill(dir: string, name: string): number {
  const cluster = readCluster(dir);
  const server = cluster === undefined ? undefined : serverOf(cluster, name);
  if (server === undefined) return refuse(`there is no server "${name}" in "${dir}"`);
  world.print(signal(server.pid, "SIGKILL") ? `Killed ${name} (${server.pid})` : `${name} is down already`);
  return 0;
}

async function start(dir: string, name: string): Promise<number> {
  const cluster = readCluster(dir);
  const server = cluster === undefined ? undefined : serverOf(cluster, name);
  if (cluster === undefined || server === undefined) return refuse(`there is no server "${name}" in "${dir}"`);
  if (isAlive(server.pid)) return refuse(`"${name}" is up`);
  await startAgain(dir, cluster, name);
  return await status(dir);
}

async function down(dir: string): Promise<number> {
  const cluster = readCluster(dir);
  if (cluster === undefined) return refuse(`"${dir}" has no cluster`);
  for (const name of await stopCluster(dir, cluster)) world.complain(`${name} did not stop in time and was killed`);
  world.print(`Stopped; stores and logs are in ${dir}`);
  return 0;
}

function refuse(text: string): number {
  world.complain(`Cannot do that: ${text}`);
  return 2;
}

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, {
    string: ["dir"],
    boolean: ["help"],
    alias: { h: "help" },
    unknown: refuseUnknownOption,
  });
  const [command, name = ""] = args._.map(String);
  const dir = String(args["dir"] ?? `${Deno.env.get("TMPDIR") ?? "/tmp"}/ringmq-cluster`);
  if (args.help || command === undefined) {
    world.print(USAGE.trimEnd());
    return args.help ? 0 : 2;
  }
  if (command === "up") return await up(dir, name);
  if (command === "status") return await status(dir);
  if (command === "kill") return kill(dir, name);
  if (command === "start") return await start(dir, name);
  if (command === "down") return await down(dir);
  return refuse(`"${command}" is no command, see --help`);
}

if (import.meta.main) Deno.exit(await main());
