/**
 * Direct requests: the short path of a channel for requests that are made many thousand times a second.
 *
 * Owns: the interface. Reads: nothing.
 * Never: passes a hook. A channel with hooks takes no direct requests, since hooks are promised to see every command.
 *
 * @module
 */

import type { RemotingCommand } from "../../protocol/command.ts";
import type { HeaderScan } from "../../protocol/hot/header_scan.ts";

/** A request that writes its own frame and reads its own response: no command is made for either. */
export interface DirectRequest {
  /** Request code, for errors. */
  readonly code: number;
  /** Milliseconds until the request is given up. */
  readonly timeoutMs: number;
  /** Bytes that its frame takes at most. */
  readonly frameBytesMax: number;
  /**
   * Writes the frame.
   *
   * @param into Where it goes.
   * @param at First byte; `frameBytesMax` are free from there.
   * @param opaque Number of the request.
   * @returns Byte behind the frame.
   */
  write(into: Uint8Array, at: number, opaque: number): number;
  /**
   * Takes the response out of a scanned header. Called once at most.
   *
   * @param bytes What the scan's positions point into; they change after the call, unless `own`.
   * @param scan The header.
   * @param bodyStart First byte of the body.
   * @param bodyEnd Byte behind the body.
   * @param own Whether the memory holds nothing but this response and may be kept.
   * @returns False to be given the decoded response instead.
   */
  answered(bytes: Uint8Array, scan: HeaderScan, bodyStart: number, bodyEnd: number, own: boolean): boolean;
  /** Takes a response that {@link answered} left alone, as a command. */
  resolve(response: RemotingCommand): void;
  /** Told when there will be no response. */
  reject(error: Error): void;
}
