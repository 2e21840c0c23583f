/**
 * Events for observers, by `node:diagnostics_channel`.
 *
 * Owns: the channel names. Never does: work when nobody listens.
 *
 * | channel | when |
 * |---|---|
 * | `ringmq:client:route-refresh-failed` | a route query in the background failed |
 * | `ringmq:client:hook-failed` | a hook of the application threw |
 * | `ringmq:client:pull-failed` | a pull was refused or lost |
 * | `ringmq:client:rebalanced` | the queues of a group changed |
 * | `ringmq:client:consume-failed` | a listener threw or asked for a retry |
 * | `ringmq:client:offset-commit-failed` | offsets could not be kept |
 * | `ringmq:client:heartbeat-failed` | a broker did not take a heartbeat |
 * | `ringmq:client:actor-restarted` | a worker of the client crashed and was started again |
 * | `ringmq:client:send-back-failed` | a message could not be given back to the broker |
 */

import { channel } from "node:diagnostics_channel";

/** The last part of a channel name. */
export type ClientEvent =
  | "route-refresh-failed"
  | "hook-failed"
  | "pull-failed"
  | "rebalanced"
  | "consume-failed"
  | "offset-commit-failed"
  | "heartbeat-failed"
  | "actor-restarted"
  | "send-back-failed"
  | "trace-failed"
  | "server-request-failed";

/**
 * Publishes an event when somebody listens.
 *
 * @param event last part of the channel name
 * @param message what happened
 */
export function sendChannel(event: ClientEvent, message: Readonly<Record<string, unknown>>): void {
  const target = channel(`ringmq:client:${event}`);
  if (target.hasSubscribers) target.publish(message);
}
