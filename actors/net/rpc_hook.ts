/**
 * Hooks around each request: what signs, checks or traces requests, on either side.
 *
 * Owns: the interface. Reads: nothing. Never: takes part in the transport.
 *
 * Source: apache/rocketmq remoting/src/main/java/org/apache/rocketmq/remoting/RPCHook.java
 *
 * @module
 */

import type { RemotingCommand } from "../../protocol/command.ts";

/** A hook. What it throws fails the request: a `ResponseError` decides the response code. */
export interface RpcHook {
  /**
   * Called before a request is encoded by the side that asks, or before it is given to the handler by the side that
   * answers.
   *
   * @param address The other end, `ip:port`.
   * @param request The request; it may be changed.
   */
  beforeRequest?(address: string, request: RemotingCommand): void;
  /**
   * Called when the response is there: received by the side that asks, not yet encoded by the side that answers.
   *
   * @param address The other end, `ip:port`.
   * @param request The request.
   * @param response The response; it may be changed. Undefined when there is none.
   */
  afterResponse?(address: string, request: RemotingCommand, response: RemotingCommand | undefined): void;
}
