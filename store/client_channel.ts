/**
 * A client's connection as the producer and consumer tables know it.
 *
 * Owns: the identity of a channel inside the broker and what its last heartbeat said.
 * Reads: nothing.
 * Never: the connection itself; that is the gateway's.
 */

/** A client connection inside one broker process. Channel numbers are never reused in a process. */
export interface ClientChannel {
  readonly gateway: number;
  readonly channel: number;
}

/** One client of one group on one channel. */
export interface ClientEntry {
  readonly channel: ClientChannel;
  readonly clientId: string;
  /** Language code of the remoting header. */
  readonly language: number;
  /** Version code of the remoting header. */
  readonly version: number;
  /** "ip:port" of the peer. */
  readonly remoteAddress: string;
  /** Wall time of the last heartbeat, milliseconds. */
  lastHeartbeatMs: number;
}

/** Time without heartbeat after which a channel is expired, milliseconds. Source: apache/rocketmq broker ProducerManager CHANNEL_EXPIRED_TIMEOUT */
export const CHANNEL_EXPIRY_MS = 120_000;

/** Text that names a channel in a map. */
export function channelKey(channel: ClientChannel): string {
  return `${channel.gateway}:${channel.channel}`;
}
