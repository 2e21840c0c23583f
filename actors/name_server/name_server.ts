/**
 * Runs a name server: its two actors under a supervisor.
 *
 * Owns: the children, and what they must know after a restart. Reads: options. Never: serves a request itself.
 *
 * Start is RouteInfoManager, then the gateway; stop is the other way round. Both are restarted when they crash:
 *
 * - The gateway's truth is its peers. Clients connect again; brokers stay registered, because it was not they who left.
 * - RouteInfoManager's truth is the brokers, who register again within 10 to 60 seconds. Until all who were registered are
 *   back (at most `recoveryWaitSeconds`) reads are answered "name server not ready", on which clients keep the routes they
 *   have; a gateway goes on answering what it has in its cache. An empty table is thus never answered as "no such topic".
 */

import { readConfiguration } from "../../store/configuration.ts";
import { type Child, child } from "../kernel/child.ts";
import { StopTimeoutError } from "../kernel/errors.ts";
import { Supervisor, type SupervisorEvent, type SupervisorExit } from "../kernel/supervisor.ts";
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
import { WarmUp } from "../kernel/warm_workers.ts";
import { RouteGenerations } from "./route_generations.ts";

/** Milliseconds that an actor gets to stop; the gateway lets requests in work be answered meanwhile. */
const STOP_DEADLINE_MS = 5_000;

/** Milliseconds that an actor gets to start: compiling its module on a busy machine takes most of them. */
const START_DEADLINE_MS = 60_000;

/** Milliseconds for a question to the gateway. */
const ASK_TIMEOUT_MS = 5_000;

/** How a name server is started. */
export interface NameServerOptions {
  /** A configuration that was read; RocketMQ's defaults when left out. */
  readonly configuration?: NameServerConfiguration;
  /** Single values over the configuration; `listenPort: 0` takes any free port. */
  readonly settings?: Partial<NameServerValues>;
  /** Told when an actor starts, crashes, or is given up. */
  readonly onEvent?: (event: SupervisorEvent) => void;
}

/** A running name server. */
export interface NameServer extends AsyncDisposable {
  /** Host that is listened on. */
  readonly hostname: string;
  /** Port that is listened on. */
  readonly port: number;
  /** Settles when the server was stopped, or when an actor crashed too often; nothing is answered then. Never rejects. */
  readonly ended: Promise<SupervisorExit>;
  /**
   * Counts of the gateway since it started.
   *
   * @throws {ActorGoneError} when the gateway is not up.
   */
  report(): Promise<GatewayReport>;
  /**
   * Stops accepting, answers what is in work, ends the actors.
   *
   * @throws {StopTimeoutError} when an actor had to be cut off; its thread may keep the process alive.
   */
  stop(): Promise<void>;
}

/** A name server's supervisor with its children, for those who look inside. */
export interface SupervisedNameServer {
  readonly supervisor: Supervisor;
  readonly routes: Child<RouteInfoManagerContract>;
  readonly gateway: Child<NameServerGatewayContract>;
}

/**
 * Starts a name server.
 *
 * @param options Configuration.
 * @returns The server; it accepts connections.
 * @throws {InitFailedError} when an actor cannot start; the cause says why: the address is taken, the KV file is damaged.
 * @example
 * ```ts
 * import { startNameServer } from "./name_server.ts";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   await using server = await startNameServer({ settings: { listenPort: 0, kvConfigPath: `${folder}/kvConfig.json` } });
 *   console.log(`listening on ${server.port}`);
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function startNameServer(options: NameServerOptions = {}): Promise<NameServer> {
  using warm = new WarmUp();
  warm.start(ROUTE_INFO_MANAGER);
  warm.start(NAME_SERVER_GATEWAY);
  const supervised = superviseNameServer(options);
  await supervised.supervisor.start();
  return await nameServerOf(supervised);
}

/**
 * The supervisor of a name server, not yet started.
 *
 * @param options Configuration.
 * @returns Supervisor and children.
 */
export function superviseNameServer(options: NameServerOptions = {}): SupervisedNameServer {
  const generations = RouteGenerations.allocate();
  let configuration = configurationOf(options);
  let expected: readonly KnownBroker[] = [];
  let port = configuration.values.listenPort;
  const routes = child<RouteInfoManagerContract>({
    name: "RouteInfoManager",
    role: ROUTE_INFO_MANAGER,
    init: () => ({ configuration, generations, expected }),
    peers: { gateway: "NameServerGateway" },
    restart: "restart",
    stopDeadlineMs: STOP_DEADLINE_MS,
    startDeadlineMs: START_DEADLINE_MS,
  });
  const gateway = child<NameServerGatewayContract>({
    name: "NameServerGateway",
    role: NAME_SERVER_GATEWAY,
    init: () => ({ hostname: configuration.values.bindAddress, port, configuration, generations }),
    peers: { routes: "RouteInfoManager" },
    restart: "restart",
    stopDeadlineMs: STOP_DEADLINE_MS,
    startDeadlineMs: START_DEADLINE_MS,
  });
  const { onEvent } = options;
  const supervisor = new Supervisor({ children: [routes, gateway], ...(onEvent === undefined ? {} : { onEvent }) });
  supervisor.on(routes, "configurationChanged", (changed) => {
    configuration = changed;
  });
  supervisor.on(routes, "liveBrokersChanged", (brokers) => {
    expected = brokers;
  });
  supervisor.on(gateway, "listening", (address) => {
    port = address.port;
  });
  return { supervisor, routes, gateway };
}

/**
 * The public face of a supervised name server.
 *
 * @param supervised A name server whose supervisor has started.
 * @returns Its face.
 */
export async function nameServerOf(supervised: SupervisedNameServer): Promise<NameServer> {
  const { supervisor, gateway } = supervised;
  const { hostname, port } = await supervisor.ref(gateway).ask("address", null, { timeoutMs: ASK_TIMEOUT_MS });
  const stop = async (): Promise<void> => {
    const { stuck } = await supervisor.stop();
    if (stuck.length > 0) throw new StopTimeoutError(`Cannot stop ${stuck.join(", ")} within ${STOP_DEADLINE_MS} ms`);
  };
  return {
    hostname,
    port,
    ended: supervisor.ended,
    report: () => supervisor.ref(gateway).ask("report", null, { timeoutMs: ASK_TIMEOUT_MS }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function configurationOf(options: NameServerOptions): NameServerConfiguration {
  const base = options.configuration ?? readConfiguration(NAME_SERVER_FULL_SCHEMA, {});
  const values = { ...base.values, ...options.settings };
  // Who names both paths needs no permission to look at the environment.
  if (values.kvConfigPath !== "" && values.configStorePath !== "") return { ...base, values };
  return withPaths({ ...base, values }, Deno.env.get("HOME") ?? ".");
}
