/**
 * The two brokers that are compared, each with its name server: started, stopped, and held still while the other is measured.
 *
 * Owns: their processes. Never: leaves one behind.
 */
import { freeBrokerPort, freePort } from "../free_ports.ts";
import { type ServerProcess, startServerProcess } from "../server_process.ts";
import { signalProcess } from "../signal_process.ts";
import { notePidFiles } from "./bench_folder.ts";

/** A broker under measurement. */
export interface Contender extends AsyncDisposable {
  readonly name: "RingMQ" | "Apache";
  readonly brokerPort: number;
  readonly nameServerPort: number;
  /** Process ids of broker and name server. */
  readonly pids: readonly number[];
  /** Milliseconds from process start until it accepted: name server, broker. */
  readonly startMs: readonly number[];
  /** Lets it run, or holds it still. */
  run(running: boolean): void;
}

/** Starts RingMQ, with so many threads that share its ports. */
export async function startRingMq(folder: string, sets: readonly string[] = [], gateways = 1): Promise<Contender> {
  const nameServerPort = freePort();
  const brokerPort = freeBrokerPort();
  const names = await startServerProcess("actors/name_server/mod.ts", [
    "--set",
    `listenPort=${nameServerPort}`,
    "--set",
    `kvConfigPath=${folder}/kv.json`,
  ]);
  let broker: ServerProcess;
  try {
    const values = [
      `listenPort=${brokerPort}`,
      "brokerIP1=127.0.0.1",
      "brokerName=broker-a",
      `storePathRootDir=${folder}/store`,
      ...sets,
    ];
    broker = await startServerProcess("actors/broker/mod.ts", [
      "-n",
      `127.0.0.1:${nameServerPort}`,
      "--gateways",
      String(gateways),
      ...values.flatMap((value) => ["--set", value]),
    ]);
  } catch (error) {
    await names.stop();
    throw error;
  }
  return {
    name: "RingMQ",
    brokerPort,
    nameServerPort,
    pids: [broker.pid, names.pid],
    startMs: [names.startMs, broker.startMs],
    run: (running) => [broker, names].forEach((server) => server.kill(running ? "SIGCONT" : "SIGSTOP")),
    [Symbol.asyncDispose]: async () => {
      [broker, names].forEach((server) => server.kill("SIGCONT"));
      await broker.stop();
      await names.stop();
    },
  };
}

/** Starts Apache RocketMQ 5.4.0 from Maven, with a 2 GiB heap and its shipped G1 flags. */
export async function startApache(folder: string, sets: readonly string[] = []): Promise<Contender> {
  const nameServerPort = freePort();
  const brokerPort = freeBrokerPort();
  const script = new URL("./apache.sh", import.meta.url).pathname;
  const environment = { NS_PORT: String(nameServerPort), HEAP: "2g", NAME: "broker-a", OWNER: String(Deno.pid) };
  const pidFiles = ["broker", "namesrv"].map((server) => `${folder}/${server}.pid`);
  notePidFiles(...pidFiles);
  const up = await new Deno.Command("bash", {
    args: [script, "up", folder, `listenPort=${brokerPort}`, ...sets],
    env: environment,
  }).output();
  const down = (): Promise<unknown> => new Deno.Command("bash", { args: [script, "down", folder] }).output();
  const text = new TextDecoder().decode(up.stdout);
  if (up.code !== 0) {
    await down();
    throw new Error(`Apache does not start: ${text}${new TextDecoder().decode(up.stderr)}`);
  }
  const pids = pidFiles.map((path) => Number(Deno.readTextFileSync(path)));
  return {
    name: "Apache",
    brokerPort,
    nameServerPort,
    pids,
    startMs: [...text.matchAll(/after (\d+) ms/g)].map((match) => Number(match[1])),
    run: (running) => pids.forEach((pid) => signalProcess(pid, running ? "SIGCONT" : "SIGSTOP")),
    [Symbol.asyncDispose]: async () => {
      pids.forEach((pid) => signalProcess(pid, "SIGCONT"));
      await down();
    },
  };
}
