/**
 * Configuration of a broker: the schema of broker.conf and the defaults that depend on the machine.
 *
 * Owns: which keys a broker knows, and how an empty name, address, path or port is filled in.
 * Reads: what the caller found out about the machine.
 * Never: opens a file or asks the system; the main actor does.
 */
import {
  type Configuration,
  ConfigurationError,
  type ConfigurationSources,
  type ConfigurationValues,
  readConfiguration,
} from "../../store/configuration.ts";
import { parseDelayLevels } from "../../store/delay_levels.ts";
import { BROKER_KEYS } from "./broker_keys.ts";
import { REMOTING_KEYS } from "./remoting_keys.ts";
import { STORE_KEYS } from "./store_keys.ts";

/** Every key of broker.conf. */
export const BROKER_SCHEMA: typeof BROKER_KEYS & typeof STORE_KEYS & typeof REMOTING_KEYS = {
  ...BROKER_KEYS,
  ...STORE_KEYS,
  ...REMOTING_KEYS,
};

/** Schema of a broker's configuration. */
export type BrokerSchema = typeof BROKER_SCHEMA;

/** A broker's configuration: plain data that crosses actors. */
export type BrokerConfiguration = Configuration<BrokerSchema>;

/** The values of a broker's configuration. */
export type BrokerValues = ConfigurationValues<BrokerSchema>;

/** What defaults depend on. */
export interface Machine {
  /** Default of brokerName. */
  readonly hostName: string;
  /** First non-loopback IPv4 address, default of brokerIP1 and brokerIP2. */
  readonly localAddress: string;
  /** Directory under which the default store root lies. */
  readonly homeDirectory: string;
}

/** Name of a broker whose host has none. Source: apache/rocketmq common BrokerIdentity defaultBrokerName */
const DEFAULT_BROKER_NAME = "DEFAULT_BROKER";

/**
 * Reads a broker's configuration and fills in what depends on the machine.
 *
 * @param sources file, command line and environment
 * @param machine where the broker runs
 * @returns values in which no name, address, path or port is empty
 * @throws {ConfigurationError} when a value is not of its type, a name server has no port, or a slave has the id of a master
 */
export function readBrokerConfiguration(sources: ConfigurationSources, machine: Machine): BrokerConfiguration {
  const configuration = readConfiguration(BROKER_SCHEMA, sources);
  checkAddresses(configuration.values.namesrvAddr);
  checkDelayLevels(configuration.values.messageDelayLevel);
  return { ...configuration, values: withRole(withMachineDefaults(configuration.values, machine)) };
}

/** A name server that cannot be reached may come later; one without a port never does. */
function checkAddresses(namesrvAddr: string): void {
  const bad = namesrvAddr.split(";").filter((address) =>
    address.trim() !== "" && !/^\S+:\d{1,5}$/.test(address.trim())
  );
  if (bad.length > 0) throw new ConfigurationError(bad.map((one) => `namesrvAddr holds "${one}", expected host:port`));
}

function checkDelayLevels(text: string): void {
  try {
    parseDelayLevels(text);
  } catch (cause) {
    throw new ConfigurationError([`messageDelayLevel is "${text}": ${cause instanceof Error ? cause.message : cause}`]);
  }
}

/**
 * Fills in names, addresses, paths and ports that are empty.
 * Source: apache/rocketmq broker BrokerStartup.buildBrokerController, common BrokerConfig, store MessageStoreConfig
 */
export function withMachineDefaults(values: BrokerValues, machine: Machine): BrokerValues {
  const root = values.storePathRootDir || `${machine.homeDirectory}/store`;
  return {
    ...values,
    brokerName: values.brokerName || machine.hostName || DEFAULT_BROKER_NAME,
    brokerIP1: values.brokerIP1 || machine.localAddress,
    brokerIP2: values.brokerIP2 || machine.localAddress,
    storePathRootDir: root,
    storePathCommitLog: values.storePathCommitLog || `${root}/commitlog`,
    haListenPort: values.haListenPort > 0 ? values.haListenPort : values.listenPort + 1,
  };
}

/** Roles of a broker. Source: apache/rocketmq store/config/BrokerRole.java */
export const BROKER_ROLES = ["ASYNC_MASTER", "SYNC_MASTER", "SLAVE"] as const;

/**
 * Brings role and id into step: masters have the id 0, slaves another one.
 * Source: apache/rocketmq broker BrokerStartup.buildBrokerController
 *
 * @throws {ConfigurationError} when there is no such role, or a slave has the id of a master
 */
export function withRole(values: BrokerValues): BrokerValues {
  const { brokerRole, brokerId } = values;
  if (!(BROKER_ROLES as readonly string[]).includes(brokerRole)) {
    throw new ConfigurationError([`brokerRole is "${brokerRole}", must be one of ${BROKER_ROLES.join(", ")}`]);
  }
  if (brokerRole !== "SLAVE") return brokerId === 0 ? values : { ...values, brokerId: 0 };
  if (brokerId > 0) return values;
  throw new ConfigurationError([`brokerId of a slave is ${brokerId}, must be above 0`]);
}

/** Single values over others; the HA port goes with the port that it follows from, unless it is set. */
export function withPorts(values: BrokerValues, settings: Partial<BrokerValues> = {}): BrokerValues {
  const { listenPort, haListenPort } = settings;
  const follows = listenPort !== undefined && haListenPort === undefined;
  return { ...values, ...settings, ...(follows ? { haListenPort: listenPort + 1 } : {}) };
}
