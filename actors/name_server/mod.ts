/**
 * The name server of RingMQ: brokers register here, clients ask for routes. It speaks RocketMQ's remoting protocol.
 *
 * Import it to run a name server inside a program, or run it:
 *
 * ```sh
 * deno run --allow-net --allow-read --allow-write --allow-env jsr:@ringmq/ringmq/namesrv -c namesrv.conf
 * ```
 *
 * @example Start a name server on a free port
 * ```ts
 * import { startNameServer } from "./mod.ts";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   await using server = await startNameServer({ settings: { listenPort: 0, kvConfigPath: `${folder}/kvConfig.json` } });
 *   console.log(server.port > 0);
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @module
 */

import { denoWorld } from "../kernel/deno_world.ts";
import { runNameServer } from "./name_server_program.ts";

export { type NameServer, type NameServerOptions, startNameServer } from "./name_server.ts";
export {
  NAME_SERVER_FULL_SCHEMA,
  NAME_SERVER_OWN_SCHEMA,
  NAME_SERVER_SCHEMA,
  type NameServerConfiguration,
  type NameServerValues,
} from "./name_server_configuration.ts";
export type { GatewayReport } from "./contracts.ts";
export type { SupervisorEvent, SupervisorExit } from "../kernel/supervisor.ts";
export type { ActorExit } from "../kernel/contract.ts";
export type {
  Configuration,
  ConfigurationKey,
  ConfigurationOrigin,
  ConfigurationSchema,
  ConfigurationType,
  ConfigurationValues,
  UnknownKey,
} from "../../store/configuration.ts";

if (import.meta.main) Deno.exit(await runNameServer(Deno.args, denoWorld()));
