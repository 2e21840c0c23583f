/**
 * Options all clients share, with Java's names and defaults.
 *
 * Owns: the defaults. Reads: the environment for NAMESRV_ADDR. Never does: network.
 * Source: apache/rocketmq client/ClientConfig.java
 */

import { type Clock, systemClock } from "../../store/clock.ts";
import type { Transport } from "../net/transport.ts";
import type { RPCHook } from "./hooks.ts";
import { type ClientLogger, silentLogger } from "./logger.ts";
import { addressList, positive } from "./option_checks.ts";
import { environment, localAddress, processId, random32 } from "./platform.ts";

/** Access key pair of an ACL. */
export interface SessionCredentials {
  /** User. */
  readonly accessKey: string;
  /** Secret. */
  readonly secretKey: string;
  /** Token of a temporary credential. */
  readonly securityToken?: string;
}

/** TLS settings. */
export interface TlsOptions {
  /** PEM texts of authorities to trust beside the system's. */
  readonly caCerts?: readonly string[];
  /** PEM text of this client's certificate. */
  readonly cert?: string;
  /** PEM text of this client's private key. */
  readonly key?: string;
  /** false: accept any certificate, as Java does unless told to check the server (`tls.client.authServer`). */
  readonly authServer?: boolean;
}

/** Options of every client class. */
export interface ClientOptions {
  /** `host:port` of the name servers, separated by semicolons; default the environment's NAMESRV_ADDR. */
  readonly namesrvAddr?: string;
  /** Address of an HTTP service that answers with `namesrvAddr`; used when no address is given. */
  readonly namesrvDiscoveryUrl?: string;
  /** Clients of one process with the same instance name share connections; default one instance for each client. */
  readonly instanceName?: string;
  /** Address in the client id; default this machine's first IPv4 address. */
  readonly clientIP?: string;
  /** Unit of old deployments, part of the client id. */
  readonly unitName?: string;
  /** Namespace put before topics and groups. */
  readonly namespace?: string;
  /** Milliseconds between route refreshes; 30,000. */
  readonly pollNameServerInterval?: number;
  /** Milliseconds between heartbeats; 30,000. */
  readonly heartbeatBrokerInterval?: number;
  /** Milliseconds between offset commits; 5,000. */
  readonly persistConsumerOffsetInterval?: number;
  /** Milliseconds for calls other than send and pull; 3,000. */
  readonly mqClientApiTimeout?: number;
  /** Milliseconds to open a connection; 3,000. */
  readonly connectTimeoutMillis?: number;
  /** Use the broker's second port (port − 2) for sending; false. */
  readonly vipChannelEnabled?: boolean;
  /** Sign requests with this key pair. */
  readonly credentials?: SessionCredentials;
  /** Use TLS; `true` trusts as Java's client does by default: any certificate. */
  readonly tls?: boolean | TlsOptions;
  /** Hooks around every request. With hooks the pull and rebalance actors run inline: functions cannot cross to a worker. */
  readonly rpcHooks?: readonly RPCHook[];
  /** Takes the client's log lines; silent by default. */
  readonly logger?: ClientLogger;
  /** Run pulling and rebalancing in workers; default true where the runtime has them. */
  readonly workers?: boolean;
  /** Time; for tests. */
  readonly clock?: Clock;
  /** Connections; for tests. With a transport the actors run inline. */
  readonly transport?: Transport;
}

/** Options with defaults filled in. */
export interface ResolvedOptions {
  /** Name server addresses; may be empty with discovery. */
  readonly namesrvAddrs: readonly string[];
  readonly namesrvDiscoveryUrl: string | undefined;
  /** Client id, unique with great likelihood. */
  readonly clientId: string;
  /** Client id without its random part, for files that outlive the process. */
  readonly stableClientId: string;
  readonly clientIP: string;
  readonly namespace: string;
  readonly pollNameServerInterval: number;
  readonly heartbeatBrokerInterval: number;
  readonly persistConsumerOffsetInterval: number;
  readonly mqClientApiTimeout: number;
  readonly connectTimeoutMillis: number;
  readonly vipChannelEnabled: boolean;
  readonly credentials: SessionCredentials | undefined;
  readonly tls: TlsOptions | undefined;
  readonly rpcHooks: readonly RPCHook[];
  readonly logger: ClientLogger;
  readonly workers: boolean;
  readonly clock: Clock;
  readonly transport: Transport | undefined;
}

const PROCESS_RANDOM = random32().toString(36);
let instanceCount = 0;

/**
 * Fills in the defaults.
 *
 * @param options as given
 * @returns all settings
 * @throws {ClientError} OPTION_ILLEGAL when a value cannot be used
 */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  const [addressesFrom, addresses] = options.namesrvAddr === undefined
    ? ["NAMESRV_ADDR of the environment", environment("NAMESRV_ADDR") ?? ""]
    : ["namesrvAddr", options.namesrvAddr];
  const clientIP = options.clientIP ?? localAddress();
  const unit = options.unitName === undefined ? "" : `@${options.unitName}`;
  const name = options.instanceName ?? "DEFAULT";
  const unique = options.instanceName === undefined
    ? `${processId()}#${PROCESS_RANDOM}${(instanceCount++).toString(36)}`
    : `${options.instanceName}#${PROCESS_RANDOM}`;
  return {
    namesrvAddrs: addressList(addressesFrom, addresses),
    namesrvDiscoveryUrl: options.namesrvDiscoveryUrl,
    clientId: `${clientIP}@${unique}${unit}`,
    stableClientId: `${clientIP}@${name}${unit}`,
    clientIP,
    namespace: options.namespace ?? "",
    pollNameServerInterval: positive("pollNameServerInterval", options.pollNameServerInterval, 30_000),
    heartbeatBrokerInterval: positive("heartbeatBrokerInterval", options.heartbeatBrokerInterval, 30_000),
    persistConsumerOffsetInterval: positive(
      "persistConsumerOffsetInterval",
      options.persistConsumerOffsetInterval,
      5_000,
    ),
    mqClientApiTimeout: positive("mqClientApiTimeout", options.mqClientApiTimeout, 3_000),
    connectTimeoutMillis: positive("connectTimeoutMillis", options.connectTimeoutMillis, 3_000),
    vipChannelEnabled: options.vipChannelEnabled ?? false,
    credentials: options.credentials,
    tls: options.tls === true ? {} : options.tls === false ? undefined : options.tls,
    rpcHooks: options.rpcHooks ?? [],
    logger: options.logger ?? silentLogger,
    workers: options.workers ?? true,
    clock: options.clock ?? systemClock,
    transport: options.transport,
  };
}
