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
  | "BAD_ADDRESS"
  | "CONNECT_FAILED"
  | "CONNECT_TIMEOUT"
  | "LISTEN_FAILED"
  | "REQUEST_TIMEOUT"
  | "SEND_FAILED"
  | "CLOSED"
  | "OVERFLOW"
  | "ABORTED"
  | "SLOW_READER";

const RETRYABLE: Readonly<Record<NetErrorCode, boolean>> = {
  "BAD_ADDRESS": false,
  "CONNECT_FAILED": true,
  "CONNECT_TIMEOUT": true,
  "LISTEN_FAILED": false,
  "REQUEST_TIMEOUT": true,
  "SEND_FAILED": true,
  "CLOSED": true,
  "OVERFLOW": true,
  "ABORTED": false,
  "SLOW_READER": true,
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
   * Makes a NetError.
   *
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

/** What a handler or a hook throws to answer a request with a code of its choice. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
  /** Response code of RocketMQ. */
  readonly responseCode: number;

  /**
   * Makes a ResponseError.
   *
   * @param responseCode Response code of RocketMQ.
   * @param remark The response's remark.
   */
  constructor(responseCode: number, remark: string) {
    super(remark);
    this.responseCode = responseCode;
  }
}
