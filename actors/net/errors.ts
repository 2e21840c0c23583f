/**
 * Errors of the net room.
 *
 * Owns: the closed set of codes for what goes wrong between two ends of a connection.
 * Reads: nothing.
 * Never: carries a response code of RocketMQ; a response with an error code is a response, not a failure of the net.
 *
 * @module
 */

/** What can go wrong on the net. */
export type NetErrorCode =
  | "bad-address"
  | "connect-failed"
  | "connect-timeout"
  | "listen-failed"
  | "request-timeout"
  | "send-failed"
  | "closed"
  | "overflow"
  | "aborted"
  | "slow-reader";

const RETRYABLE: Readonly<Record<NetErrorCode, boolean>> = {
  "bad-address": false,
  "connect-failed": true,
  "connect-timeout": true,
  "listen-failed": false,
  "request-timeout": true,
  "send-failed": true,
  "closed": true,
  "overflow": true,
  "aborted": false,
  "slow-reader": true,
};

/** A failure between two ends of a connection. */
export class NetError extends Error {
  /** Which failure this is. */
  readonly code: NetErrorCode;
  /** True when the same call may succeed later. */
  readonly retryable: boolean;
  /** Address of the other end, `host:port`; empty when there is none. */
  readonly address: string;

  /**
   * @param code Which failure this is.
   * @param message What failed.
   * @param options The other end's address and the cause.
   */
  constructor(
    code: NetErrorCode,
    message: string,
    options: { readonly address?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "NetError";
    this.code = code;
    this.retryable = RETRYABLE[code];
    this.address = options.address ?? "";
  }
}
