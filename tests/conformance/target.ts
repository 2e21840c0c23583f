/**
 * A name server and a broker under test, RingMQ's or Apache's, behind one interface.
 *
 * Owns: a temporary folder, two processes, their ports. Reads: `RINGMQ_TARGET`. Never: lets a test know which of the two it
 * talks to, except by {@link Target.name} for what is measured of RingMQ only.
 *
 * @module
 */
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { apachePlan } from "./apache.ts";
import { freeBrokerPort, freePort } from "../../tools/free_ports.ts";
import { RawClient } from "./raw_client.ts";
import { ringmqPlan } from "./ringmq.ts";
import { type ServerCommand, ServerProcess } from "./server_process.ts";

/** Longest wait for a broker that listens to be known to its name server. Milliseconds. */
const REGISTER_MS_MAX = 120_000;

/** Whose servers are run. */
export type TargetName = "ringmq" | "apache";

/** Releases of Apache's servers that are run. */
export type ApacheRelease = "5.4" | "4.9";

/** Configuration of a target. */
export interface TargetOptions {
  /** Whose servers; `RINGMQ_TARGET` or "ringmq" when left out. */
  readonly name?: TargetName;
  /** Which of Apache's releases; 5.4 when left out. */
  readonly release?: ApacheRelease;
  /** Keys of broker.conf, over the defaults below. */
  readonly broker?: Readonly<Record<string, string>>;
  /** Keys of namesrv.conf. */
  readonly nameServer?: Readonly<Record<string, string>>;
}

/** What a plan is made from. */
export interface ServerPlanOptions {
  /** Temporary folder of the target. */
  readonly dir: string;
  readonly nameServerPort: number;
  readonly brokerPort: number;
  /** Path of the written broker.conf. */
  readonly brokerConf: string;
  readonly nameServerConf: Readonly<Record<string, string>>;
  readonly release?: ApacheRelease;
}

/** How the two processes are started. */
export interface ServerPlan {
  readonly nameServer: ServerCommand;
  readonly broker: ServerCommand;
}

/** Name of the target that this run was asked for. */
export function targetName(): TargetName {
  const name = Deno.env.get("RINGMQ_TARGET") ?? "ringmq";
  if (name !== "ringmq" && name !== "apache") {
    throw new Error(`RINGMQ_TARGET is "${name}", must be "ringmq" or "apache"`);
  }
  return name;
}

/** One name server and one broker. */
export class Target {
  readonly name: TargetName;
  /** Address of the name server, host:port. */
  readonly nameServer: string;
  /** Address of the broker, host:port. */
  readonly broker: string;
  /** Address of the broker's fast port. */
  readonly brokerFast: string;
  readonly brokerName = "broker-a";
  readonly clusterName = "DefaultCluster";
  /** Temporary folder of everything, for logs of clients too. */
  readonly dir: string;
  /** The broker's `storePathRootDir`. */
  readonly storeDir: string;
  readonly #plan: ServerPlan;
  #nameServerProcess: ServerProcess | undefined;
  #brokerProcess: ServerProcess | undefined;

  private constructor(name: TargetName, options: ServerPlanOptions, plan: ServerPlan) {
    this.name = name;
    this.dir = options.dir;
    this.storeDir = `${options.dir}/store`;
    this.nameServer = `127.0.0.1:${options.nameServerPort}`;
    this.broker = `127.0.0.1:${options.brokerPort}`;
    this.brokerFast = `127.0.0.1:${options.brokerPort - 2}`;
    this.#plan = plan;
  }

  /**
   * Starts a name server and a broker on free ports over an empty store.
   *
   * @param options Whose, and with which configuration.
   * @returns The running pair; the caller calls {@link down}.
   */
  static async up(options: TargetOptions = {}): Promise<Target> {
    const name = options.name ?? targetName();
    const dir = await Deno.makeTempDir({ prefix: `ringmq-conformance-${name}-` });
    try {
      const planOptions: ServerPlanOptions = {
        dir,
        nameServerPort: freePort(),
        brokerPort: freeBrokerPort(),
        brokerConf: `${dir}/broker.conf`,
        nameServerConf: options.nameServer ?? {},
        ...(options.release === undefined ? {} : { release: options.release }),
      };
      const conf = { ...defaultBrokerConf(planOptions), ...options.broker };
      await Deno.writeTextFile(
        planOptions.brokerConf,
        Object.entries(conf).map(([key, value]) => `${key}=${value}\n`).join(""),
      );
      await Deno.mkdir(`${dir}/namesrv`);
      await Deno.mkdir(`${dir}/broker`);
      const plan = name === "apache" ? await apachePlan(planOptions) : ringmqPlan(planOptions);
      const target = new Target(name, planOptions, plan);
      try {
        await target.startNameServer();
        await target.startBroker();
        if (conf["namesrvAddr"] === target.nameServer) await target.#untilRegistered();
      } catch (error) {
        await target.#killAll();
        throw error;
      }
      return target;
    } catch (error) {
      if (Deno.env.get("RINGMQ_KEEP") === undefined) await Deno.remove(dir, { recursive: true });
      throw error;
    }
  }

  /** The running broker. @throws {Error} When it is not running. */
  get brokerProcess(): ServerProcess {
    if (this.#brokerProcess === undefined) throw new Error("The broker is not running");
    return this.#brokerProcess;
  }

  /** The running name server. @throws {Error} When it is not running. */
  get nameServerProcess(): ServerProcess {
    if (this.#nameServerProcess === undefined) throw new Error("The name server is not running");
    return this.#nameServerProcess;
  }

  /** End of what a server printed that ended by itself; undefined when none did. */
  get lastWords(): string | undefined {
    const ended = [this.#brokerProcess, this.#nameServerProcess].find((process) => process?.ended);
    return ended?.output.split("\n").slice(-30).join("\n");
  }

  /** A broker listens before it has registered: until then no client finds it. */
  async #untilRegistered(): Promise<void> {
    using client = await RawClient.connect(this.nameServer);
    const isRegistered = async (): Promise<boolean> => {
      const { body } = await client.call(RequestCode.GET_BROKER_CLUSTER_INFO, {});
      return new TextDecoder().decode(body).includes(`"${this.broker}"`);
    };
    await until(isRegistered, { timeoutMs: REGISTER_MS_MAX, what: "the broker's registration" });
  }

  /** Starts the name server on its port. */
  async startNameServer(): Promise<void> {
    this.#nameServerProcess = await ServerProcess.start(`${this.dir}/namesrv`, this.#plan.nameServer);
  }

  /** Starts the broker on its port over the store as it is. */
  async startBroker(): Promise<void> {
    this.#brokerProcess = await ServerProcess.start(`${this.dir}/broker`, this.#plan.broker);
  }

  /** Kills the broker with SIGKILL. */
  async kill9Broker(): Promise<void> {
    await this.brokerProcess.kill();
    this.#brokerProcess = undefined;
  }

  /** Kills the name server with SIGKILL. */
  async kill9NameServer(): Promise<void> {
    await this.nameServerProcess.kill();
    this.#nameServerProcess = undefined;
  }

  /** Stops the broker with SIGTERM. @returns Its exit status. */
  async stopBroker(): Promise<number> {
    const process = this.brokerProcess;
    this.#brokerProcess = undefined;
    return await process.stop();
  }

  /** Adds keys to broker.conf, over those that are there; they count from the next start of the broker on. */
  async configure(keys: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(keys).map(([key, value]) => `${key}=${value}\n`).join("");
    await Deno.writeTextFile(`${this.dir}/broker.conf`, lines, { append: true });
  }

  /** Stops the broker if it runs, then starts it over the same store. */
  async restartBroker(): Promise<void> {
    if (this.#brokerProcess !== undefined) await this.stopBroker();
    await this.startBroker();
  }

  /** Stops both and removes the folder, unless `RINGMQ_KEEP` is set. Apache's are killed: how they stop is not under test. */
  async down(): Promise<void> {
    try {
      if (this.name === "ringmq") {
        await this.#brokerProcess?.stop();
        await this.#nameServerProcess?.stop();
      }
    } finally {
      await this.#killAll();
      if (Deno.env.get("RINGMQ_KEEP") === undefined) await Deno.remove(this.dir, { recursive: true });
    }
  }

  async #killAll(): Promise<void> {
    for (const process of [this.#brokerProcess, this.#nameServerProcess]) {
      if (process !== undefined && !process.ended) await process.kill();
    }
  }
}

/**
 * What every broker under test is configured with.
 *
 * @param options Ports and folder.
 */
export function defaultBrokerConf(options: ServerPlanOptions): Record<string, string> {
  return {
    brokerClusterName: "DefaultCluster",
    brokerName: "broker-a",
    brokerId: "0",
    brokerIP1: "127.0.0.1",
    namesrvAddr: `127.0.0.1:${options.nameServerPort}`,
    listenPort: String(options.brokerPort),
    storePathRootDir: `${options.dir}/store`,
    storePathCommitLog: `${options.dir}/store/commitlog`,
    autoCreateTopicEnable: "true",
    enablePropertyFilter: "true",
    mappedFileSizeCommitLog: String(64 * 1024 * 1024),
    diskMaxUsedSpaceRatio: "95",
    // A machine that is busy with the tests themselves must not make the broker refuse sends that waited for 200 ms.
    waitTimeMillsInSendQueue: "20000",
  };
}
