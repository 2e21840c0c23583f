/**
 * The broker of RingMQ: stores messages and gives them to consumers. It speaks RocketMQ's remoting protocol and keeps RocketMQ's files.
 *
 * Import it to run a broker inside a program, or run it:
 *
 * ```sh
 * deno run --allow-net --allow-read --allow-write --allow-env --allow-sys jsr:@ringmq/ringmq/broker -n 127.0.0.1:9876
 * ```
 *
 * @module
 */
import { denoWorld } from "../kernel/deno_world.ts";
import { startBroker as startSupervised } from "./broker.ts";
import type { Broker, BrokerOptions } from "./broker_options.ts";
import { runBroker } from "./broker_program.ts";

export { type Broker, type BrokerFailure, type BrokerOptions, thisMachine } from "./broker_options.ts";
export type { ActorActivity } from "./actor_activity.ts";
export type { RecoveryProgress } from "../../store/recovery.ts";
export type {
  Configuration,
  ConfigurationKey,
  ConfigurationOrigin,
  ConfigurationSchema,
  ConfigurationSources,
  ConfigurationType,
  ConfigurationValues,
  UnknownKey,
} from "../../store/configuration.ts";
export {
  BROKER_SCHEMA,
  type BrokerConfiguration,
  type BrokerSchema,
  type BrokerValues,
  type Machine,
  readBrokerConfiguration,
} from "./broker_configuration.ts";

export { BROKER_KEYS } from "./broker_keys.ts";
export { REMOTING_KEYS } from "./remoting_keys.ts";
export { STORE_KEYS } from "./store_keys.ts";

/**
 * Starts a broker.
 *
 * @param options Configuration and settings; Apache's defaults when left out
 * @returns The broker; it accepts connections
 * @throws {StoreError} `STORE_LOCKED` when another process has the store, `LOG_DAMAGED` and others when it cannot be served
 * @throws {DiskError} when the disk refuses
 * @throws {InitFailedError} when an actor does not start; a port that is taken is its cause
 * @example
 * ```ts
 * import { startBroker } from "./mod.ts";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   await using broker = await startBroker({ settings: { brokerIP1: "127.0.0.1", storePathRootDir: folder } });
 *   console.log(`listening on ${broker.port}`);
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  return startSupervised(options);
}

if (import.meta.main) Deno.exit(await runBroker(Deno.args, denoWorld()));
