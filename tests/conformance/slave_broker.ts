/**
 * A slave beside the target's broker, RingMQ's or Apache's.
 *
 * Owns: its process, its folder below the target's. Reads: the target's addresses; the master's topics, where Apache's slave would ask for them only after a minute. Never: starts a name server.
 *
 * @module
 */
import { decodeHaRuntimeInfo, type HaRuntimeInfo } from "../../protocol/bodies/ha_runtime_info.ts";
import { decodeTopicRouteData } from "../../protocol/route.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { apachePlan } from "./apache.ts";
import { freeBrokerPort } from "../../tools/free_ports.ts";
import { RawClient } from "./raw_client.ts";
import { ringmqPlan } from "./ringmq.ts";
import { type ServerCommand, ServerProcess } from "./server_process.ts";
import { defaultBrokerConf, type ServerPlanOptions, type Target, type TargetName } from "./target.ts";

/** What a master needs so that its slave finds it on this machine and may be read. */
export const PAIR_CONF = { brokerIP2: "127.0.0.1", slaveReadEnable: "true" } as const;

/** Longest wait for a slave. */
const PATIENCE_MS = 60_000;

/** A slave of the target's broker. */
export class SlaveBroker {
  /** Its address, host:port. */
  readonly address: string;
  /** Its `storePathRootDir`. */
  readonly storeDir: string;
  readonly #name: TargetName;
  readonly #target: Target;
  readonly #dir: string;
  readonly #command: ServerCommand;
  #process: ServerProcess | undefined;

  private constructor(name: TargetName, target: Target, options: ServerPlanOptions, command: ServerCommand) {
    this.#name = name;
    this.#target = target;
    this.#dir = options.dir;
    this.#command = command;
    this.address = `127.0.0.1:${options.brokerPort}`;
    this.storeDir = `${options.dir}/store`;
  }

  /**
   * Starts it over an empty store.
   *
   * @param target Whose broker it follows.
   * @param options Whose broker it is, and keys of its broker.conf.
   */
  static async up(
    target: Target,
    options: { readonly name: TargetName; readonly broker?: Readonly<Record<string, string>> },
  ): Promise<SlaveBroker> {
    const dir = `${target.dir}/slave`;
    await Deno.mkdir(`${dir}/broker`, { recursive: true });
    const planOptions: ServerPlanOptions = {
      dir,
      nameServerPort: Number(target.nameServer.split(":")[1]),
      brokerPort: freeBrokerPort(),
      brokerConf: `${dir}/broker.conf`,
      nameServerConf: {},
    };
    const conf = {
      ...defaultBrokerConf(planOptions),
      ...PAIR_CONF,
      brokerRole: "SLAVE",
      brokerId: "1",
      ...options.broker,
    };
    await Deno.writeTextFile(
      planOptions.brokerConf,
      Object.entries(conf).map(([key, value]) => `${key}=${value}\n`).join(""),
    );
    const plan = options.name === "apache" ? await apachePlan(planOptions) : ringmqPlan(planOptions);
    const slave = new SlaveBroker(options.name, target, planOptions, plan.broker);
    // Apache's slave asks for the topics a minute after its start and not before.
    if (options.name === "apache" && Deno.env.get("RINGMQ_PAIR_TABLES") === undefined) {
      await Deno.mkdir(`${slave.storeDir}/config`, { recursive: true });
      await Deno.copyFile(`${target.storeDir}/config/topics.json`, `${slave.storeDir}/config/topics.json`);
    }
    await slave.start();
    return slave;
  }

  /** Starts it over its store as it is. */
  async start(): Promise<void> {
    this.#process = await ServerProcess.start(`${this.#dir}/broker`, this.#command);
  }

  /** Kills it with SIGKILL. */
  async kill9(): Promise<void> {
    await this.#process?.kill();
    this.#process = undefined;
  }

  /** Holds it still, or lets it go on. */
  run(isRunning: boolean): void {
    this.#process?.signal(isRunning ? "SIGCONT" : "SIGSTOP");
  }

  /** Milliseconds that the last start took. */
  get startMs(): number {
    return this.#process?.startMs ?? 0;
  }

  /** What the master says of replication. */
  async status(): Promise<HaRuntimeInfo> {
    using master = await RawClient.connect(this.#target.broker);
    return decodeHaRuntimeInfo((await master.call(RequestCode.GET_BROKER_HA_STATUS)).body);
  }

  /** Waits until the slave has confirmed all that the master has. @returns the position */
  async caughtUp(): Promise<number> {
    const done = await until(async () => {
      const { haConnectionInfo, masterCommitLogMaxOffset } = await this.status();
      return haConnectionInfo.find(({ slaveAckOffset }) =>
        slaveAckOffset > 0 && slaveAckOffset >= masterCommitLogMaxOffset
      );
    }, { timeoutMs: PATIENCE_MS, what: "the slave to have everything" });
    return done.slaveAckOffset;
  }

  /** Waits until the slave knows a topic and the name server routes to the slave. */
  async routed(topic: string, timeoutMs: number = PATIENCE_MS): Promise<void> {
    using nameServer = await RawClient.connect(this.#target.nameServer);
    using slave = await RawClient.connect(this.address);
    await until(async () => {
      const { code } = await slave.call(RequestCode.GET_TOPIC_CONFIG, { topic });
      if (code !== 0) return false;
      const route = await nameServer.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic });
      if (route.code !== 0) return false;
      return decodeTopicRouteData(route.body).brokerDatas.some(({ brokerAddrs }) =>
        [...brokerAddrs.values()].includes(this.address)
      );
    }, { timeoutMs, what: `a route of ${topic} to the slave` });
  }

  /** Stops it; Apache's is killed: how it stops is not under test. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#name === "apache") await this.kill9();
    else await this.#process?.stop();
  }
}
