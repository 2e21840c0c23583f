/**
 * A second broker beside the target's, at the same name server.
 *
 * Owns: its process, its folder below the target's. Reads: the target's addresses. Never: starts a name server.
 *
 * @module
 */
import { apachePlan } from "./apache.ts";
import { freeBrokerPort } from "../../tools/free_ports.ts";
import { ringmqPlan } from "./ringmq.ts";
import { ServerProcess } from "./server_process.ts";
import { defaultBrokerConf, type ServerPlanOptions, type Target } from "./target.ts";

/** One more broker. */
export class SecondBroker {
  /** Its name. */
  readonly name = "broker-b";
  /** Its address, host:port. */
  readonly address: string;
  readonly #process: ServerProcess;

  private constructor(address: string, process: ServerProcess) {
    this.address = address;
    this.#process = process;
  }

  /**
   * Starts it over an empty store.
   *
   * @param target Whose name server it registers at; of the same kind as the target's broker.
   */
  static async up(target: Target): Promise<SecondBroker> {
    const dir = `${target.dir}/second`;
    await Deno.mkdir(`${dir}/broker`, { recursive: true });
    const options: ServerPlanOptions = {
      dir,
      nameServerPort: Number(target.nameServer.split(":")[1]),
      brokerPort: freeBrokerPort(),
      brokerConf: `${dir}/broker.conf`,
      nameServerConf: {},
    };
    const conf = { ...defaultBrokerConf(options), brokerName: "broker-b" };
    await Deno.writeTextFile(
      options.brokerConf,
      Object.entries(conf).map(([key, value]) => `${key}=${value}\n`).join(""),
    );
    const plan = target.name === "apache" ? await apachePlan(options) : ringmqPlan(options);
    return new SecondBroker(
      `127.0.0.1:${options.brokerPort}`,
      await ServerProcess.start(`${dir}/broker`, plan.broker),
    );
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
  }
}
