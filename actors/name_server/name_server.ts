/**
 * Runs a name server: its two actors under a supervisor.
 *
 * Owns: the children, and what they must know after a restart. Reads: options. Never: serves a request itself.
 */

import type { ActorRef } from "../kernel/contract.ts";
import { spawn } from "../kernel/spawn.ts";
import { readConfiguration } from "../../store/configuration.ts";
import {
  type GatewayReport,
  type KnownBroker,
  NAME_SERVER_GATEWAY,
  type NameServerGatewayContract,
  ROUTE_INFO_MANAGER,
  type RouteInfoManagerContract,
} from "./contracts.ts";
import {
  NAME_SERVER_FULL_SCHEMA,
  type NameServerConfiguration,
  type NameServerValues,
  withPaths,
} from "./name_server_configuration.ts";
import { RouteGenerations } from "./route_generations.ts";

/** How a name server is started. */
export interface NameServerOptions {
  /** A configuration that was read; defaults when left out. */
  readonly configuration?: NameServerConfiguration;
  /** Single values over the configuration; `listenPort: 0` takes any free port. */
  readonly settings?: Partial<NameServerValues>;
}

/** A running name server. */
export interface NameServer extends AsyncDisposable {
  /** Host that is listened on. */
  readonly hostname: string;
  /** Port that is listened on. */
  readonly port: number;
  /** Settles with the reason when an actor has crashed too often; the server answers nothing then. */
  readonly gaveUp: Promise<Error>;
  /** Counts of the gateway since it started. */
  report(): Promise<GatewayReport>;
  /** Stops accepting, answers what is in work, ends the actors. */
  stop(): Promise<void>;
}
export async function startNameServer(options: NameServerOptions = {}): Promise<NameServer> {
  const base = options.configuration ??
    withPaths(readConfiguration(NAME_SERVER_FULL_SCHEMA, {}), Deno.env.get("HOME") ?? ".");
  const configuration = { ...base, values: { ...base.values, ...options.settings } };
  const generations = RouteGenerations.allocate();
  const expected: readonly KnownBroker[] = [];
  const routes: ActorRef<RouteInfoManagerContract> = await spawn(ROUTE_INFO_MANAGER, {
    configuration,
    generations,
    expected,
  });
  const gateway: ActorRef<NameServerGatewayContract> = await spawn(NAME_SERVER_GATEWAY, {
    hostname: configuration.values.bindAddress,
    port: configuration.values.listenPort,
    configuration,
    generations,
  }, { peers: [{ as: "routes", ref: routes, knownAs: "gateway" }] });
  const { hostname, port } = await gateway.ask("address", null, { timeoutMs: 5000 });
  const stop = async (): Promise<void> => {
    await gateway.stop({ timeoutMs: 5000 });
    await routes.stop({ timeoutMs: 5000 });
  };
  return {
    hostname,
    port,
    gaveUp: new Promise(() => {}),
    report: () => gateway.ask("report", null, { timeoutMs: 5000 }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
