/**
 * How a broker is started, and what the starter gets.
 *
 * Owns: the shapes that `startBroker` takes and returns. Reads: names and addresses of this machine. Never: starts anything.
 */
import type { Supervisor } from "../kernel/supervisor.ts";
import type { LogMemory } from "../../store/memory/log_memory.ts";
import type { RecoveryProgress, RecoveryResult } from "../../store/recovery.ts";
import type { ActorActivity } from "./actor_activity.ts";
import type { BrokerChildren } from "./broker_children.ts";
import type { BrokerConfiguration, BrokerValues, Machine } from "./broker_configuration.ts";
import type { FailoverControl, FailoverListener, ReplicaRole } from "./failover/replica_role.ts";

/** How a broker is started. */
export interface BrokerOptions {
  /** A configuration that was read; Apache's defaults when left out. */
  readonly configuration?: BrokerConfiguration;
  /** Single values over the configuration. */
  readonly settings?: Partial<BrokerValues>;
  /** File that UPDATE_BROKER_CONFIG rewrites; changes stay in memory when left out. */
  readonly configurationPath?: string | undefined;
  /** Gateways that share the ports; 1 when left out. More than one needs `--unstable-net`. */
  readonly gateways?: number;
  /** Bytes of the log ring; 16 MiB, or what the largest message needs, when left out. */
  readonly ringBytes?: number;
  /** Told what recovery is doing. */
  readonly onProgress?: (progress: RecoveryProgress) => void;
  /** Told what the actors log. */
  readonly onLog?: (level: "info" | "warn" | "error", text: string) => void;
}

/** How a broker is started by who gives it a role in a failover set. */
export interface SupervisedOptions extends BrokerOptions {
  /** Role in a failover set; it comes before `brokerRole` and `brokerId` of the configuration. Without it roles are fixed. */
  readonly replicaRole?: ReplicaRole | undefined;
  /** Position that a follower's log is cut at before anything else, as `onTruncationWanted` said. */
  readonly truncateTo?: number | undefined;
  /** Its threads are warm already; whoever warmed them ends those that were not needed. */
  readonly isWarm?: boolean;
  /** Told what replication wants of who agrees with the other brokers of the set. */
  readonly failover?: FailoverListener;
}

/** Why a broker gave up. */
export interface BrokerFailure {
  /** Exit code that the process should have. */
  readonly exitCode: number;
  /** What happened. */
  readonly text: string;
}

/** A running broker. */
export interface Broker extends AsyncDisposable {
  /** `host:port` that clients are told. */
  readonly address: string;
  /** Port that is listened on; the fast port is two below. */
  readonly port: number;
  /** Effective values. */
  readonly values: BrokerValues;
  /** Settles when the broker cannot go on. */
  readonly failed: Promise<BrokerFailure>;
  /** What each actor did so far. */
  activity(): ActorActivity[];
  /** Stops: unregister, stop reading, answer what is parked, write, dispatch, sync, checkpoint. @returns exit code */
  stop(): Promise<number>;
}

/** How a broker is stopped. */
export interface StopOptions {
  /** It goes on at once in another role: name servers keep it until it says what it is then. */
  readonly staysRegistered?: boolean;
}

/** A running broker with its parts, for those who look inside. */
export interface SupervisedBroker extends Broker, FailoverControl {
  /** As {@link Broker.stop}. */
  stop(options?: StopOptions): Promise<number>;
  /** What recovery found. */
  readonly recovery: RecoveryResult;
  /** The actors. */
  readonly children: BrokerChildren;
  /** Their supervisor. */
  readonly supervisor: Supervisor;
  /** Shared memory of the log. */
  readonly memory: LogMemory;
}

/** What defaults depend on, read off this machine. */
export function thisMachine(): Machine {
  const address = Deno.networkInterfaces().find((entry) => entry.family === "IPv4" && !isLoopback(entry.address))
    ?.address;
  return {
    hostName: Deno.hostname(),
    localAddress: address ?? "127.0.0.1",
    homeDirectory: Deno.env.get("HOME") ?? ".",
  };
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.");
}
