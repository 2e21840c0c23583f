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
import { runBroker } from "./broker_program.ts";

export { type Broker, type BrokerFailure, type BrokerOptions, startBroker, thisMachine } from "./broker.ts";
export {
  BROKER_SCHEMA,
  type BrokerConfiguration,
  type BrokerValues,
  readBrokerConfiguration,
} from "./broker_configuration.ts";

if (import.meta.main) Deno.exit(await runBroker(Deno.args, denoWorld()));
