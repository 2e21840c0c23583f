/**
 * An etcd of one's own, from the program that is installed: one member, on free ports, in a folder.
 *
 * Owns: the process. Reads: nothing. Never: leaves it behind, or touches another one.
 *
 * @module
 */
import { freePort } from "./free_ports.ts";

/** Longest wait until it answers. Milliseconds. */
const START_MS = 30_000;
const LOOK_MS = 20;

/** Where a member is and how it is reached. */
export interface EtcdPlan {
  /** Folder of its data. */
  readonly dir: string;
  /** Address that it listens on. */
  readonly host?: string;
  readonly clientPort: number;
  readonly peerPort: number;
}

/** Program and arguments of a member by itself. */
export function etcdCommand({ dir, clientPort, peerPort, host = "127.0.0.1" }: EtcdPlan): string[] {
  const [client, peer] = [`http://${host}:${clientPort}`, `http://${host}:${peerPort}`];
  const options = {
    "name": "one",
    "data-dir": dir,
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `one=${peer}`,
    "log-level": "error",
  };
  return ["etcd", ...Object.entries(options).map(([key, value]) => `--${key}=${value}`)];
}

/** A running member. */
export class EtcdProcess {
  /** `host:port` for clients. */
  readonly endpoint: string;
  readonly #plan: EtcdPlan;
  #child: Deno.ChildProcess | undefined;

  private constructor(plan: EtcdPlan) {
    this.#plan = plan;
    this.endpoint = `${plan.host ?? "127.0.0.1"}:${plan.clientPort}`;
  }

  /** Starts one. @param dir of its data; made when it is not there. @throws {Error} when it does not answer in time */
  static async start(dir: string): Promise<EtcdProcess> {
    const etcd = new EtcdProcess({ dir, clientPort: freePort(), peerPort: freePort() });
    await etcd.again();
    return etcd;
  }

  /** Whether it was started and not stopped. */
  get isUp(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it over its data as they are. */
  async again(): Promise<void> {
    const [program, ...args] = etcdCommand(this.#plan);
    this.#child = new Deno.Command(program!, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
    const deadlineMs = performance.now() + START_MS;
    while (!(await answers(this.endpoint))) {
      if (performance.now() > deadlineMs) {
        await this.stop();
        throw new Error(`etcd does not answer at ${this.endpoint}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Sends it a signal. */
  signal(name: Deno.Signal): void {
    this.#child?.kill(name);
  }

  /** Kills it; its data stay. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    try {
      child.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Whether an etcd answers and has a leader. */
export async function answers(endpoint: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${endpoint}/health`, { signal: AbortSignal.timeout(1000) });
    return (await response.text()).includes("true");
  } catch {
    // Not yet, or not any more.
    return false;
  }
}
