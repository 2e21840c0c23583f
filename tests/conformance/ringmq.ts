/**
 * RingMQ as a target: its name server and broker as a user starts them, through the tasks of deno.json.
 *
 * Owns: the command lines. Reads: nothing. Never: imports the servers.
 *
 * @module
 */
import type { ServerPlan, ServerPlanOptions } from "./target.ts";

/** Root of the repository, where the tasks are. */
const ROOT = new URL("../../", import.meta.url).pathname;

/**
 * Plans the two processes.
 *
 * @param options Ports, folder and configuration.
 * @returns The commands.
 */
export function ringmqPlan(options: ServerPlanOptions): ServerPlan {
  const { dir, nameServerPort, brokerPort, brokerConf } = options;
  const env = { HOME: dir, ROCKETMQ_HOME: `${dir}/rocketmq`, NO_COLOR: "1", DENO_DIR: denoDir() };
  const settings = Object.entries({
    listenPort: String(nameServerPort),
    kvConfigPath: `${dir}/namesrv/kvConfig.json`,
    ...options.nameServerConf,
  }).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  return {
    nameServer: { command: [Deno.execPath(), "task", "namesrv", ...settings], env, cwd: ROOT, port: nameServerPort },
    broker: {
      command: [Deno.execPath(), "task", "broker", "-n", `127.0.0.1:${nameServerPort}`, "-c", brokerConf],
      env,
      cwd: ROOT,
      port: brokerPort,
    },
  };
}

/** Deno's cache is under HOME by default, and the servers run with a home of their own. */
function denoDir(): string {
  return Deno.env.get("DENO_DIR") || `${Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`}/deno`;
}
