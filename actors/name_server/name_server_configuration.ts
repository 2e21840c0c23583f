/**
 * The keys of `namesrv.conf`, with RocketMQ's defaults.
 *
 * Owns: the schema and nothing else. Reads: nothing. Never: files.
 * Keys that tune Java's thread pools and Netty are accepted and answered by request 319, so that a file written for RocketMQ
 * works and `mqadmin getNamesrvConfig` shows what it shows there; `applies: false` marks them.
 */

import type { Configuration, ConfigurationSchema, ConfigurationValues } from "../../store/configuration.ts";

const NAMESRV = "apache/rocketmq common NamesrvConfig";
const NETTY = "apache/rocketmq remoting NettyServerConfig";

/** All keys that a name server knows. */
export const NAME_SERVER_SCHEMA = {
  rocketmqHome: { type: "string", default: "", source: NAMESRV, environment: "ROCKETMQ_HOME", applies: false },
  kvConfigPath: { type: "string", default: "", source: NAMESRV },
  configStorePath: { type: "string", default: "", source: NAMESRV },
  productEnvName: { type: "string", default: "center", source: NAMESRV },
  clusterTest: { type: "boolean", default: false, source: NAMESRV },
  orderMessageEnable: { type: "boolean", default: false, source: NAMESRV },
  returnOrderTopicConfigToBroker: { type: "boolean", default: true, source: NAMESRV },
  clientRequestThreadPoolNums: { type: "int", default: 8, source: NAMESRV, applies: false },
  defaultThreadPoolNums: { type: "int", default: 16, source: NAMESRV, applies: false },
  clientRequestThreadPoolQueueCapacity: { type: "int", default: 50_000, source: NAMESRV },
  defaultThreadPoolQueueCapacity: { type: "int", default: 10_000, source: NAMESRV },
  scanNotActiveBrokerInterval: { type: "long", default: 5_000, source: NAMESRV },
  unRegisterBrokerQueueCapacity: { type: "int", default: 3_000, source: NAMESRV, applies: false },
  supportActingMaster: { type: "boolean", default: false, source: NAMESRV },
  enableAllTopicList: { type: "boolean", default: true, source: NAMESRV },
  enableTopicList: { type: "boolean", default: true, source: NAMESRV },
  notifyMinBrokerIdChanged: { type: "boolean", default: false, source: NAMESRV },
  enableControllerInNamesrv: { type: "boolean", default: false, source: NAMESRV, applies: false },
  needWaitForService: { type: "boolean", default: false, source: NAMESRV },
  waitSecondsForService: { type: "int", default: 45, source: NAMESRV },
  deleteTopicWithBrokerRegistration: { type: "boolean", default: false, source: NAMESRV },
  configBlackList: { type: "string", default: "configBlackList;configStorePath;kvConfigPath", source: NAMESRV },

  bindAddress: { type: "string", default: "0.0.0.0", source: NETTY },
  listenPort: { type: "int", default: 9876, range: [0, 65_535], source: "apache/rocketmq namesrv NamesrvStartup" },
  serverWorkerThreads: { type: "int", default: 8, source: NETTY, applies: false },
  serverCallbackExecutorThreads: { type: "int", default: 0, source: NETTY, applies: false },
  serverSelectorThreads: { type: "int", default: 3, source: NETTY, applies: false },
  serverOnewaySemaphoreValue: { type: "int", default: 256, source: NETTY },
  serverAsyncSemaphoreValue: { type: "int", default: 64, source: NETTY, applies: false },
  serverChannelMaxIdleTimeSeconds: { type: "int", default: 120, source: NETTY },
  serverSocketSndBufSize: { type: "int", default: 0, source: NETTY, applies: false },
  serverSocketRcvBufSize: { type: "int", default: 0, source: NETTY, applies: false },
  writeBufferHighWaterMark: { type: "int", default: 0, source: NETTY, applies: false },
  writeBufferLowWaterMark: { type: "int", default: 0, source: NETTY, applies: false },
  serverSocketBacklog: { type: "int", default: 1024, source: NETTY, applies: false },
  serverNettyWorkerGroupEnable: { type: "boolean", default: true, source: NETTY, applies: false },
  serverPooledByteBufAllocatorEnable: { type: "boolean", default: true, source: NETTY, applies: false },
  enableShutdownGracefully: { type: "boolean", default: false, source: NETTY, applies: false },
  shutdownWaitTimeSeconds: { type: "int", default: 30, source: NETTY, applies: false },
  useEpollNativeSelector: { type: "boolean", default: false, source: NETTY, applies: false },
} as const satisfies ConfigurationSchema;

/**
 * Keys of ours. They are kept apart so that request 319 answers exactly the keys that it answers in RocketMQ.
 */
export const NAME_SERVER_OWN_SCHEMA = {
  rmqAddressServerDomain: {
    type: "string",
    default: "jmenv.tbsite.net",
    source:
      "apache/rocketmq common BrokerConfig; with clusterTest it names the address server of the other environment",
  },
  rmqAddressServerSubGroup: { type: "string", default: "nsaddr", source: "apache/rocketmq common BrokerConfig" },
  etcdEndpoints: {
    type: "string",
    default: "",
    source: "ours: etcd that brokers agree through; with it the requests that tools make to a controller are answered",
  },
  routeAskTimeoutMs: {
    type: "int",
    default: 2_500,
    source: "ours: milliseconds a gateway waits for the tables, below the 3 s that clients wait for a route",
  },
  requestAskTimeoutMs: {
    type: "int",
    default: 20_000,
    source:
      "ours: milliseconds a gateway waits for any other answer, below the 24 s that brokers wait for a registration",
  },
  routeCacheBytesMax: { type: "int", default: 67_108_864, source: "ours: encoded routes a gateway keeps, in bytes" },
  recoveryWaitSeconds: {
    type: "int",
    default: 65,
    source:
      "ours: longest time after a restart of the tables in which reads answer not ready; brokers register every 60 s or more often",
  },
} as const satisfies ConfigurationSchema;

/** Every key that a name server reads. */
export const NAME_SERVER_FULL_SCHEMA: typeof NAME_SERVER_SCHEMA & typeof NAME_SERVER_OWN_SCHEMA = {
  ...NAME_SERVER_SCHEMA,
  ...NAME_SERVER_OWN_SCHEMA,
};

/** A name server's configuration with origins. */
export type NameServerConfiguration = Configuration<typeof NAME_SERVER_FULL_SCHEMA>;

/** The values of a name server's configuration. */
export type NameServerValues = ConfigurationValues<typeof NAME_SERVER_FULL_SCHEMA>;

/**
 * Keys that request 318 may never change, whatever `configBlackList` says.
 * Source: apache/rocketmq namesrv DefaultRequestProcessor.initConfigBlackList.
 */
export const UNCHANGEABLE_KEYS: readonly string[] = [
  "configBlackList",
  "configStorePath",
  "kvConfigPath",
  "rocketmqHome",
];

/**
 * Fills the two paths that depend on where the program runs.
 *
 * @param configuration What was read.
 * @param home Home directory of the user.
 * @param file The configuration file, if there was one; updates are written to it.
 * @returns The configuration with both paths set.
 * Source: apache/rocketmq common NamesrvConfig, namesrv NamesrvStartup.parseCommandlineAndConfigFile.
 */
export function withPaths(
  configuration: NameServerConfiguration,
  home: string,
  file?: string,
): NameServerConfiguration {
  const { values } = configuration;
  const kvConfigPath = values.kvConfigPath === "" ? `${home}/namesrv/kvConfig.json` : values.kvConfigPath;
  const storePath = values.configStorePath === "" ? `${home}/namesrv/namesrv.properties` : values.configStorePath;
  return { ...configuration, values: { ...values, kvConfigPath, configStorePath: file ?? storePath } };
}
