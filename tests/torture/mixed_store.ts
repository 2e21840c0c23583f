/**
 * One store directory that RingMQ's broker and Apache's broker serve in turn, behind one address.
 *
 * Owns: a temporary folder, a name server of RingMQ for all the time, at most one broker at a time.
 * Reads: the two plans of the conformance harness. Never: touches the store by itself.
 *
 * @module
 */
import { apachePlan } from "../conformance/apache.ts";
import { freeBrokerPort, freePort } from "../../tools/free_ports.ts";
import { ringmqPlan } from "../conformance/ringmq.ts";
import { ServerProcess } from "../conformance/server_process.ts";
import type { ServerPlan, TargetName } from "../conformance/target.ts";

/** One store and whoever serves it now. */
export class MixedStore {
  /** Temporary folder. */
  readonly dir: string;
  /** Address of the name server, host:port. */
  readonly nameServer: string;
  /** Address of the broker, whichever it is. */
  readonly broker: string;
  readonly #plans: Readonly<Record<TargetName, ServerPlan>>;
  #nameServerProcess: ServerProcess | undefined;
  #brokerProcess: ServerProcess | undefined;

  private constructor(
    dir: string,
    ports: { readonly nameServer: number; readonly broker: number },
    plans: Readonly<Record<TargetName, ServerPlan>>,
  ) {
    this.dir = dir;
    this.nameServer = `127.0.0.1:${ports.nameServer}`;
    this.broker = `127.0.0.1:${ports.broker}`;
    this.#plans = plans;
  }

  /**
   * Makes the folder and starts the name server.
   *
   * @param conf Keys of broker.conf over the defaults.
   */
  static async up(conf: Readonly<Record<string, string>>): Promise<MixedStore> {
    const dir = await Deno.makeTempDir({ prefix: "ringmq-mixed-" });
    const ports = { nameServer: freePort(), broker: freeBrokerPort() };
    const values = {
      brokerClusterName: "DefaultCluster",
      brokerName: "broker-a",
      brokerId: "0",
      brokerIP1: "127.0.0.1",
      namesrvAddr: `127.0.0.1:${ports.nameServer}`,
      listenPort: String(ports.broker),
      storePathRootDir: `${dir}/store`,
      storePathCommitLog: `${dir}/store/commitlog`,
      autoCreateTopicEnable: "true",
      diskMaxUsedSpaceRatio: "95",
      waitTimeMillsInSendQueue: "20000",
      ...conf,
    };
    const brokerConf = `${dir}/broker.conf`;
    await Deno.writeTextFile(brokerConf, Object.entries(values).map(([key, value]) => `${key}=${value}\n`).join(""));
    for (const folder of ["namesrv", "broker"]) await Deno.mkdir(`${dir}/${folder}`);
    const options = {
      dir,
      nameServerPort: ports.nameServer,
      brokerPort: ports.broker,
      brokerConf,
      nameServerConf: {},
    };
    const store = new MixedStore(dir, ports, { apache: await apachePlan(options), ringmq: ringmqPlan(options) });
    store.#nameServerProcess = await ServerProcess.start(`${dir}/namesrv`, store.#plans.ringmq.nameServer);
    return store;
  }

  /** The running broker. */
  get brokerProcess(): ServerProcess {
    if (this.#brokerProcess === undefined) throw new Error("No broker is running");
    return this.#brokerProcess;
  }

  /** Starts a broker on the store. */
  async start(whose: TargetName): Promise<void> {
    this.#brokerProcess = await ServerProcess.start(`${this.dir}/broker`, this.#plans[whose].broker);
  }

  /** Stops the broker in order. @returns Its exit status. */
  async stop(): Promise<number> {
    const process = this.brokerProcess;
    this.#brokerProcess = undefined;
    return await process.stop();
  }

  /** Kills the broker with SIGKILL. */
  async kill(): Promise<void> {
    const process = this.brokerProcess;
    this.#brokerProcess = undefined;
    await process.kill();
  }

  /** Ends all processes and removes the folder, unless `RINGMQ_KEEP` is set. */
  async down(): Promise<void> {
    for (const process of [this.#brokerProcess, this.#nameServerProcess]) {
      if (process !== undefined && !process.ended) await process.kill();
    }
    if (Deno.env.get("RINGMQ_KEEP") === undefined) await Deno.remove(this.dir, { recursive: true });
  }
}
