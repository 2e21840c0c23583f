/**
 * RocketMQ's name server and ours side by side, with one RocketMQ broker that registers at both: whatever is asked of one is
 * asked of the other, and the answers must be the same.
 *
 * Owns: three processes and their folder, an mqadmin that stays up. Reads: the jars of the toolbox.
 * Never: compares; the test does.
 *
 * @module
 */
import type { ExtFields, RemotingCommand } from "../../protocol/command.ts";
import { until } from "../helpers/until.ts";
import { apachePlan } from "./apache.ts";
import { ClientProcess } from "./client_process.ts";
import { freeBrokerPort, freePort } from "../../tools/free_ports.ts";
import { RawClient } from "./raw_client.ts";
import { ringmqPlan } from "./ringmq.ts";
import { type ServerCommand, ServerProcess } from "./server_process.ts";
import { java54Client } from "./toolbox.ts";

/** The same thing of both name servers. */
export interface Both<T> {
  readonly apache: T;
  readonly ringmq: T;
}

/** Three servers and an mqadmin. */
export class TwoNameServers {
  /** Addresses, host:port. */
  readonly address: Both<string>;
  /** Address of the broker. */
  readonly broker: string;
  readonly #dir: string;
  readonly #brokerCommand: ServerCommand;
  readonly #processes = new Map<string, ServerProcess>();
  #admin: ClientProcess | undefined;

  private constructor(dir: string, address: Both<string>, broker: string, brokerCommand: ServerCommand) {
    this.#dir = dir;
    this.address = address;
    this.broker = broker;
    this.#brokerCommand = brokerCommand;
  }

  /**
   * Starts both name servers on free ports, and with them a broker and mqadmin unless they are not wanted.
   *
   * @param options Keys of namesrv.conf; whether there is a broker, which both then know, and an mqadmin.
   */
  static async up(
    options: { readonly nameServer?: Readonly<Record<string, string>>; readonly bare?: boolean } = {},
  ): Promise<TwoNameServers> {
    const dir = await Deno.makeTempDir({ prefix: "ringmq-name-servers-" });
    const [apachePort, ringmqPort, brokerPort] = [freePort(), freePort(), freeBrokerPort()];
    const address = { apache: `127.0.0.1:${apachePort}`, ringmq: `127.0.0.1:${ringmqPort}` };
    const brokerConf = `${dir}/broker.conf`;
    await Deno.writeTextFile(brokerConf, brokerConfOf(dir, brokerPort, address));
    const plan = { dir, brokerPort, brokerConf, nameServerConf: { orderMessageEnable: "true", ...options.nameServer } };
    const apache = await apachePlan({ ...plan, nameServerPort: apachePort });
    const ringmq = ringmqPlan({ ...plan, nameServerPort: ringmqPort });
    const servers = new TwoNameServers(dir, address, `127.0.0.1:${brokerPort}`, apache.broker);
    try {
      await Promise.all([
        servers.#start("apache", apache.nameServer),
        servers.#start("ringmq", { ...ringmq.nameServer, command: direct(ringmq.nameServer.command) }),
      ]);
      if (options.bare === true) return servers;
      await servers.startBroker();
      servers.#admin = await ClientProcess.start(await java54Client(), dir);
    } catch (error) {
      await servers.down();
      throw error;
    }
    return servers;
  }

  /** Starts the broker, and waits until both name servers know it. */
  async startBroker(): Promise<void> {
    await this.#start("broker", this.#brokerCommand);
    await until(async () => {
      const { apache, ringmq } = await this.ask(105, { topic: "TBW102" });
      return apache.code === 0 && ringmq.code === 0;
    }, { timeoutMs: 60_000, what: "the registration at both name servers" });
  }

  /** Stops the broker, which says goodbye, or kills it. */
  async stopBroker(how: "SIGTERM" | "SIGKILL"): Promise<void> {
    const broker = this.#processes.get("broker");
    this.#processes.delete("broker");
    await (how === "SIGTERM" ? broker?.stop() : broker?.kill());
  }

  /** Asks both the same. */
  async ask(
    code: number,
    ext: ExtFields = {},
    body?: Uint8Array | string,
    version = 493,
  ): Promise<Both<RemotingCommand>> {
    const of = async (address: string): Promise<RemotingCommand> => {
      using client = await RawClient.connect(address);
      return await client.call(code, ext, body, { change: { version } });
    };
    return { apache: await of(this.address.apache), ringmq: await of(this.address.ringmq) };
  }

  /** What mqadmin prints when it is pointed at the one and at the other. */
  async admin(command: string, ...args: string[]): Promise<Both<string>> {
    const at = async (address: string): Promise<string> => {
      const answer = await this.#adminProcess.call<{ exit: number; text: string }>("mqadmin", {
        args: [command, "-n", address, ...args],
      });
      return `${answer.text.trimEnd()}\n(exit ${answer.exit})`;
    };
    return { apache: await at(this.address.apache), ringmq: await at(this.address.ringmq) };
  }

  /** Stops everything. */
  async down(): Promise<void> {
    await this.#admin?.stop();
    // RocketMQ's processes take long to stop, and how they do it is not under test.
    await Promise.allSettled([this.#processes.get("ringmq")?.stop()]);
    for (const process of this.#processes.values()) if (!process.ended) await process.kill();
    if (Deno.env.get("RINGMQ_KEEP") === undefined) await Deno.remove(this.#dir, { recursive: true });
  }

  get #adminProcess(): ClientProcess {
    if (this.#admin === undefined) throw new Error("mqadmin is not running");
    return this.#admin;
  }

  async #start(name: string, command: ServerCommand): Promise<void> {
    await Deno.mkdir(`${this.#dir}/${name}`, { recursive: true });
    this.#processes.set(name, await ServerProcess.start(`${this.#dir}/${name}`, command));
  }
}

/** The plan names the files of one name server; here it shares the folder with another. */
function direct(command: readonly string[]): readonly string[] {
  return command.map((word) => word.startsWith("kvConfigPath=") ? word.replace("/namesrv/", "/ringmq/") : word);
}

function brokerConfOf(dir: string, listenPort: number, address: Both<string>): string {
  return Object.entries({
    brokerClusterName: "DefaultCluster",
    brokerName: "broker-a",
    brokerId: "0",
    brokerIP1: "127.0.0.1",
    namesrvAddr: `${address.apache};${address.ringmq}`,
    listenPort,
    storePathRootDir: `${dir}/store`,
    storePathCommitLog: `${dir}/store/commitlog`,
    mappedFileSizeCommitLog: 16 * 1024 * 1024,
    diskMaxUsedSpaceRatio: 95,
    registerNameServerPeriod: 10_000,
  }).map(([key, value]) => `${key}=${value}\n`).join("");
}
