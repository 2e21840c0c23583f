/**
 * The way to a peer: what the typed calls of the client are made on.
 *
 * Owns: the interface and the mapping from failures of the net to client errors. Never does: retries.
 */

import type { RemotingCommand } from "../../protocol/command.ts";
import type { DirectRequest } from "../net/direct_request.ts";
import { NetError } from "../net/errors.ts";
import { ClientError, type ClientErrorCode, messageOf } from "./errors.ts";

/** Bounds of one call. */
export interface CallOptions {
  /** Milliseconds until the call is given up. */
  readonly timeoutMs: number;
  /** Gives the call up early. */
  readonly signal?: AbortSignal;
  /** Told when the request has its place among those that are written: what is sent from then on follows it. */
  readonly placed?: () => void;
  /** Told how long opening a connection took, in milliseconds, when one had to be opened. */
  readonly connected?: (ms: number) => void;
}

/** An open connection that takes direct requests. */
export interface DirectLine {
  /**
   * Sends a request that writes its own frame.
   *
   * @returns false when it was not taken
   * @throws {NetError} OVERFLOW
   */
  direct(request: DirectRequest): boolean;
}

/** Sends commands to addresses. */
export interface Link {
  /**
   * The open connection to an address, for requests that write their own frames. Links without such connections leave it out.
   *
   * @param address `host:port`
   * @returns undefined when there is none
   */
  direct?(address: string): DirectLine | undefined;
  /**
   * Sends a request and waits for its answer.
   *
   * @param address `host:port`
   * @param request the request; its opaque is assigned here
   * @param options deadline and abort signal
   * @returns the answer, whatever its code
   * @throws {ClientError} CONNECT_FAILED, CONNECTION_LOST, TIMEOUT, ABORTED
   */
  invoke(address: string, request: RemotingCommand, options: CallOptions): Promise<RemotingCommand>;
  /**
   * Sends a request nobody answers.
   *
   * @throws {ClientError} CONNECT_FAILED when no connection can be opened
   */
  oneway(address: string, request: RemotingCommand, options: CallOptions): Promise<void>;
  /**
   * Whether an address accepts connections.
   *
   * @param address `host:port`
   * @param timeoutMs deadline, in milliseconds
   */
  probe(address: string, timeoutMs: number): Promise<boolean>;
  /** Closes all connections; calls in flight fail. */
  close(): Promise<void>;
}

/** What a link tells. */
export interface LinkEvents {
  /** Answers a request that a peer sends; undefined gives no answer. */
  request(
    request: RemotingCommand,
    address: string,
  ): RemotingCommand | undefined | Promise<RemotingCommand | undefined>;
  /** A connection is open. */
  opened(address: string): void;
  /** A connection is gone. */
  closed(address: string): void;
}

const CODE_OF_NET: Readonly<Record<NetError["code"], { code: ClientErrorCode; sent: boolean }>> = {
  BAD_ADDRESS: { code: "OPTION_ILLEGAL", sent: false },
  CONNECT_FAILED: { code: "CONNECT_FAILED", sent: false },
  CONNECT_TIMEOUT: { code: "CONNECT_FAILED", sent: false },
  LISTEN_FAILED: { code: "OPTION_ILLEGAL", sent: false },
  REQUEST_TIMEOUT: { code: "TIMEOUT", sent: true },
  SEND_FAILED: { code: "CONNECTION_LOST", sent: true },
  CLOSED: { code: "CONNECTION_LOST", sent: true },
  OVERFLOW: { code: "TOO_MANY_REQUESTS", sent: false },
  ABORTED: { code: "ABORTED", sent: true },
  SLOW_READER: { code: "CONNECTION_LOST", sent: true },
};

/**
 * Turns a failure below the client into a client error.
 *
 * @param thrown what was thrown
 * @param address peer
 * @returns a client error that says whether the request may have been carried out
 */
export function clientErrorOf(thrown: unknown, address: string): ClientError {
  if (thrown instanceof ClientError) return thrown;
  if (thrown instanceof NetError) {
    const { code, sent } = CODE_OF_NET[thrown.code];
    return new ClientError(code, thrown.message, {
      cause: thrown,
      retryable: thrown.retryable,
      outcome: sent ? "unknown" : "failed",
      brokerAddr: address,
    });
  }
  if (thrown instanceof DOMException && thrown.name === "AbortError") {
    return new ClientError("ABORTED", messageOf(thrown), { cause: thrown, outcome: "unknown", brokerAddr: address });
  }
  return new ClientError("PROTOCOL", messageOf(thrown), { cause: thrown, outcome: "unknown", brokerAddr: address });
}

/**
 * An answer that refuses, as an error.
 *
 * @param what the call, for the message
 * @param answer the answer
 * @param address peer
 * @returns the error
 */
export function refusal(what: string, answer: RemotingCommand, address: string): ClientError {
  return new ClientError("REFUSED", `${what} was refused with code ${answer.code}: ${answer.remark ?? ""}`, {
    brokerAddr: address,
    responseCode: answer.code,
    retryable: RETRYABLE_CODES.has(answer.code),
  });
}

/** Codes after which the same request may succeed elsewhere or later. Source: client/producer/DefaultMQProducer.java retryResponseCodes */
const RETRYABLE_CODES: ReadonlySet<number> = new Set([1, 2, 14, 16, 17, 204, 205, 215, 1500]);
