/**
 * Bounds of the net room. Passing one is a typed refusal.
 *
 * Owns: the numbers. Reads: nothing. Never: anything else.
 *
 * @module
 */

/** Requests that may wait for their response on one connection. Source: apache/rocketmq remoting/src/main/java/org/apache/rocketmq/remoting/netty/NettySystemConfig.java CLIENT_ASYNC_SEMAPHORE_VALUE */
export const OUTSTANDING_MAX = 65_535;

/** Requests of one connection that may be in their handlers at a time. Source: own bound; Apache bounds its thread pools instead. */
export const IN_FLIGHT_MAX = 10_000;

/** One-way requests of one connection that may be in their handlers at a time. Source: apache/rocketmq remoting/src/main/java/org/apache/rocketmq/remoting/netty/NettyServerConfig.java serverOnewaySemaphoreValue */
export const ONEWAY_IN_FLIGHT_MAX = 256;

/** Bytes that may wait to be written on one connection: two of the largest frames. Source: own bound. */
export const PENDING_BYTES_MAX = 33_554_432;

/** Milliseconds without a byte in either direction after which a connection is closed. Source: apache/rocketmq remoting/src/main/java/org/apache/rocketmq/remoting/netty/NettyServerConfig.java serverChannelMaxIdleTimeSeconds */
export const IDLE_MS = 120_000;

/** Milliseconds until an attempt to connect is given up. Source: apache/rocketmq remoting/src/main/java/org/apache/rocketmq/remoting/netty/NettySystemConfig.java connectTimeoutMillis */
export const CONNECT_TIMEOUT_MS = 3_000;

/** Connections that a server accepts at a time. Source: own bound. */
export const CONNECTIONS_MAX = 20_000;

/** Addresses that a pool keeps connections to at a time. Source: own bound. */
export const PEERS_MAX = 4_096;
