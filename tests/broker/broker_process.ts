/**
 * A broker in a process of its own, as a user starts it, by itself or under strace.
 *
 * Owns: the process, its folder, its stop. Reads: nothing. Never: outlives the test.
 *
 * @module
 */
import { freeBrokerPort } from "../../tools/free_ports.ts";
import { withOpenFiles } from "../helpers/open_files_limit.ts";
import { residentBytesOf } from "../helpers/resident_bytes.ts";
import { until, within } from "../helpers/until.ts";
import { PATIENCE_MS } from "./broker_bench.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** How a broker is started. */
export interface BrokerProcessOptions {
  /** Values over the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** System calls that strace writes down; not traced when left out. */
  readonly trace?: readonly string[];
  /** System calls on the first file of the commit log that strace makes fail. */
  readonly fail?: DiskFault;
  /** Files that it may have open; as many as the test when left out. */
  readonly openFilesMax?: number;
  /** Folder that stays; one of its own when left out, removed at the end. */
  readonly dir?: string;
}

/** A fault of the disk. */
export interface DiskFault {
  readonly call: "fdatasync" | "pwrite64" | "write";
  readonly error: "EIO" | "ENOSPC";
  /** Which calls, as strace counts them in each thread: `5`, `5+`, `5..9`. */
  readonly when: string;
}

/** A running broker. */
export class BrokerProcess {
  readonly port: number;
  readonly dir: string;
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<unknown>;
  #output = "";
  #ended = false;

  private constructor(child: Deno.ChildProcess, port: number, dir: string) {
    this.#child = child;
    this.pid = child.pid;
    this.port = port;
    this.dir = dir;
    void child.status.then(() => this.#ended = true);
    this.#read = Promise.all([child.stdout, child.stderr].map((stream) => this.#keep(stream)));
  }

  /** `host:port` of the main port. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** `host:port` of the fast port. */
  get fastAddress(): string {
    return `127.0.0.1:${this.port - 2}`;
  }

  /** What it printed. */
  get output(): string {
    return this.#output;
  }

  /** True when the process has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Waits until the process has ended by itself. @returns its exit code */
  async untilEnded(): Promise<number> {
    return (await within(this.#child.status, { timeoutMs: PATIENCE_MS, what: "the end of the broker" })).code;
  }

  /** Runs a body with a broker, and stops that. */
  static async with(options: BrokerProcessOptions, body: (broker: BrokerProcess) => Promise<void>): Promise<void> {
    const dir = options.dir ?? await Deno.makeTempDir({ prefix: "ringmq-broker-" });
    try {
      const broker = await BrokerProcess.#start(options, dir);
      try {
        await body(broker);
      } finally {
        await broker.#stop();
      }
    } finally {
      if (options.dir === undefined) await Deno.remove(dir, { recursive: true });
    }
  }

  /** Resident memory in bytes. */
  residentBytes(): number {
    return residentBytesOf(this.pid);
  }

  /** Sends the process a signal. */
  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** Lines that strace wrote so far. */
  trace(): string[] {
    return Deno.readTextFileSync(`${this.dir}/trace`).split("\n");
  }

  static async #start(options: BrokerProcessOptions, dir: string): Promise<BrokerProcess> {
    const port = freeBrokerPort();
    const settings = {
      listenPort: String(port),
      brokerIP1: "127.0.0.1",
      storePathRootDir: `${dir}/store`,
      storePathCommitLog: `${dir}/store/commitlog`,
      waitTimeMillsInSendQueue: "60000",
      diskMaxUsedSpaceRatio: "98",
      ...options.settings,
    };
    const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
    const sets = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    const program = [Deno.execPath(), "run", "--quiet", "--no-check", ...permissions, "actors/broker/mod.ts", ...sets];
    const { openFilesMax } = options;
    const limited = openFilesMax === undefined ? program : withOpenFiles(openFilesMax, program);
    const [command, ...args] = [...tracerOf(options, dir), ...limited];
    const child = new Deno.Command(command!, { args, cwd: ROOT, stdin: "null", stdout: "piped", stderr: "piped" })
      .spawn();
    const broker = new BrokerProcess(child, port, dir);
    try {
      await until(() => {
        if (broker.ended) throw new Error(`The broker ended: ${broker.output}`);
        return broker.output.includes("boot success");
      }, { timeoutMs: PATIENCE_MS, what: `"boot success"` });
      return broker;
    } catch (error) {
      await broker.#stop();
      throw error;
    }
  }

  async #keep(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#output += decoder.decode(chunk, { stream: true });
  }

  async #stop(): Promise<void> {
    try {
      if (!this.#ended) this.#child.kill("SIGTERM");
      await within(this.#child.status, { timeoutMs: PATIENCE_MS, what: "the end of the broker" });
    } catch (error) {
      if (!this.#ended) this.#child.kill("SIGKILL");
      throw error;
    } finally {
      await this.#child.status;
      await this.#read;
    }
  }
}

/** strace and its options; nothing when nothing is traced. */
function tracerOf({ trace, fail }: BrokerProcessOptions, dir: string): string[] {
  if (trace === undefined && fail === undefined) return [];
  // With -D the tracer is a grandchild, so that the process which is started here is the broker itself.
  const tracer = ["strace", "-D", "-f", "-y", "-s", "600", "-o", `${dir}/trace`];
  if (trace !== undefined) tracer.push("-e", `trace=${trace.join(",")}`);
  if (fail !== undefined) {
    const { call, error, when } = fail;
    const firstFile = `${dir}/store/commitlog/${"0".repeat(20)}`;
    tracer.push(
      "-P",
      firstFile,
      "-e",
      `trace=pwrite64,fdatasync,${call}`,
      "-e",
      `inject=${call}:error=${error}:when=${when}`,
    );
  }
  return tracer;
}
