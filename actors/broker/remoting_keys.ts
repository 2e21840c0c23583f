/**
 * Configuration keys of connections.
 *
 * Owns: names, types and defaults as RocketMQ 5.4.0 answers request 26. `applies: false` says that the key is accepted and
 * shown but changes nothing here, most often because it sizes something that does not exist (thread pools, mapped files).
 * Never: a derived default. An empty text or 0 of an address, path or port is filled in by broker_configuration.ts.
 */
import type { ConfigurationSchema } from "../../store/configuration.ts";

const SERVER = "apache/rocketmq remoting NettyServerConfig";
const CLIENT = "apache/rocketmq remoting NettyClientConfig";

/** Keys of RocketMQ's NettyServerConfig and NettyClientConfig. */
export const REMOTING_KEYS = {
  bindAddress: { type: "string", default: "0.0.0.0", source: SERVER },
  channelNotActiveInterval: { type: "long", default: 60000, source: CLIENT, applies: false },
  clientAsyncSemaphoreValue: { type: "int", default: 65535, source: CLIENT, applies: false },
  clientCallbackExecutorThreads: { type: "int", default: 2, source: CLIENT, applies: false },
  clientChannelMaxIdleTimeSeconds: { type: "int", default: 120, source: CLIENT, applies: false },
  clientCloseSocketIfTimeout: { type: "boolean", default: true, source: CLIENT, applies: false },
  clientOnewaySemaphoreValue: { type: "int", default: 65535, source: CLIENT, applies: false },
  clientPooledByteBufAllocatorEnable: { type: "boolean", default: false, source: CLIENT, applies: false },
  clientSocketRcvBufSize: { type: "int", default: 0, source: CLIENT, applies: false },
  clientSocketSndBufSize: { type: "int", default: 0, source: CLIENT, applies: false },
  clientWorkerThreads: { type: "int", default: 4, source: CLIENT, applies: false },
  connectTimeoutMillis: { type: "int", default: 3000, source: CLIENT, applies: false },
  disableCallbackExecutor: { type: "boolean", default: false, source: CLIENT, applies: false },
  disableNettyWorkerGroup: { type: "boolean", default: false, source: CLIENT, applies: false },
  enableReconnectForGoAway: { type: "boolean", default: true, source: CLIENT, applies: false },
  enableShutdownGracefully: { type: "boolean", default: false, source: SERVER, applies: false },
  isScanAvailableNameSrv: { type: "boolean", default: true, source: CLIENT, applies: false },
  maxReconnectIntervalTimeSeconds: { type: "long", default: 60, source: CLIENT, applies: false },
  serverAsyncSemaphoreValue: { type: "int", default: 64, source: SERVER, applies: false },
  serverCallbackExecutorThreads: { type: "int", default: 0, source: SERVER, applies: false },
  serverChannelMaxIdleTimeSeconds: { type: "int", default: 120, source: SERVER },
  serverNettyWorkerGroupEnable: { type: "boolean", default: true, source: SERVER, applies: false },
  serverOnewaySemaphoreValue: { type: "int", default: 256, source: SERVER, applies: false },
  serverPooledByteBufAllocatorEnable: { type: "boolean", default: true, source: SERVER, applies: false },
  serverSelectorThreads: { type: "int", default: 3, source: SERVER, applies: false },
  serverSocketBacklog: { type: "int", default: 1024, source: SERVER, applies: false },
  serverSocketRcvBufSize: { type: "int", default: 0, source: SERVER, applies: false },
  serverSocketSndBufSize: { type: "int", default: 0, source: SERVER, applies: false },
  serverWorkerThreads: { type: "int", default: 8, source: SERVER, applies: false },
  shutdownWaitTimeSeconds: { type: "int", default: 30, source: SERVER, applies: false },
  socksProxyConfig: { type: "string", default: "{}", source: CLIENT, applies: false },
  useEpollNativeSelector: { type: "boolean", default: false, source: SERVER, applies: false },
  useTLS: { type: "boolean", default: false, source: CLIENT, applies: false },
  writeBufferHighWaterMark: { type: "int", default: 0, source: SERVER, applies: false },
  writeBufferLowWaterMark: { type: "int", default: 0, source: SERVER, applies: false },
} as const satisfies ConfigurationSchema;
