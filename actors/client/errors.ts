/**
 * Errors of the client: one class, a closed list of codes.
 *
 * Owns: the codes, what each means for a retry, and whether the outcome of the request is known.
 * Never does: map response codes of one request to another's meaning; the call sites say what they asked.
 */

/** Stable codes of {@linkcode ClientError}. */
export const ClientErrorCode = {
  /** The client has not been started, or has been shut down. */
  STATE: "STATE",
  /** An option has a value that cannot work. */
  OPTION_ILLEGAL: "OPTION_ILLEGAL",
  /** A topic or group name is blank, too long or has a character that RocketMQ forbids. */
  NAME_ILLEGAL: "NAME_ILLEGAL",
  /** Body or properties are missing, too large or reserved. */
  MESSAGE_ILLEGAL: "MESSAGE_ILLEGAL",
  /** No name server address is known. */
  NO_NAME_SERVER: "NO_NAME_SERVER",
  /** No name server answers. */
  NAME_SERVER_UNREACHABLE: "NAME_SERVER_UNREACHABLE",
  /** The topic has no route. */
  TOPIC_NOT_FOUND: "TOPIC_NOT_FOUND",
  /** The topic has no route and brokers do not create topics on the first send. */
  AUTO_CREATE_OFF: "AUTO_CREATE_OFF",
  /** The topic has a route, but no queue with a master that may be written. */
  NO_WRITE_PERMISSION: "NO_WRITE_PERMISSION",
  /** The broker does not accept the credentials, or does not allow them what was asked. */
  NOT_AUTHORIZED: "NOT_AUTHORIZED",
  /** No address is known for the broker. */
  BROKER_UNKNOWN: "BROKER_UNKNOWN",
  /** No connection could be opened: nothing was sent. */
  CONNECT_FAILED: "CONNECT_FAILED",
  /** The connection broke after the request may have been sent. */
  CONNECTION_LOST: "CONNECTION_LOST",
  /** The answer did not come within its time. */
  TIMEOUT: "TIMEOUT",
  /** The peer answered with a code that means refusal; see `responseCode`. */
  REFUSED: "REFUSED",
  /** A bound of this client on requests or bytes in flight is reached. */
  TOO_MANY_REQUESTS: "TOO_MANY_REQUESTS",
  /** The caller's `AbortSignal` fired. */
  ABORTED: "ABORTED",
  /** The peer's bytes could not be understood. */
  PROTOCOL: "PROTOCOL",
  /** No reply came to a request–reply call within its time. */
  REPLY_TIMEOUT: "REPLY_TIMEOUT",
  /** A body cannot be compressed or decompressed here. */
  COMPRESSION: "COMPRESSION",
  /** A hook of the application forbade the call. */
  FORBIDDEN: "FORBIDDEN",
  /** A file of the local offset store cannot be read or written. */
  OFFSET_FILE: "OFFSET_FILE",
} as const;

/** One of the stable error codes. */
export type ClientErrorCode = typeof ClientErrorCode[keyof typeof ClientErrorCode];

/** Where a call spent its time, in milliseconds; a phase that was not reached is absent. */
export interface PhaseTimes {
  /** Finding the route of the topic. */
  readonly routeMs?: number;
  /** Opening connections. */
  readonly connectMs?: number;
  /** Waiting in this client for a bound on requests in flight. */
  readonly queueMs?: number;
  /** From handing the request to the socket until the answer arrived: network and broker's store together. */
  readonly storeMs?: number;
  /** From the answer's arrival until the caller was told. */
  readonly answerMs?: number;
}

/** What may accompany a {@linkcode ClientError}. */
export interface ClientErrorInit {
  /** The failure underneath. */
  readonly cause?: unknown;
  /** Whether the same call may succeed later; default false. */
  readonly retryable?: boolean;
  /** "unknown" when the request may have been carried out; default "failed". */
  readonly outcome?: "failed" | "unknown";
  /** `host:port` of the peer. */
  readonly brokerAddr?: string;
  /** Response code of the peer. */
  readonly responseCode?: number;
  /** Time in each phase. */
  readonly phases?: PhaseTimes;
}

/**
 * The one error class of the client.
 *
 * @example
 * ```ts
 * import { ClientError, Producer } from "@ringmq/ringmq/client";
 *
 * await using producer = new Producer({ namesrvAddr: "127.0.0.1:1" });
 * await producer.start();
 * try {
 *   await producer.send({ topic: "Orders", body: "one coffee" });
 * } catch (error) {
 *   if (!(error instanceof ClientError)) throw error;
 *   console.log(error.code, error.retryable, error.outcome); // NAME_SERVER_UNREACHABLE true failed
 * }
 * ```
 */
export class ClientError extends Error {
  /** The class name. */
  override readonly name: string = "ClientError";
  /** Stable code. */
  readonly code: ClientErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** "failed": it did not happen. "unknown": it may have happened. */
  readonly outcome: "failed" | "unknown";
  /** `host:port` of the peer, when one was reached. */
  readonly brokerAddr: string | undefined;
  /** The peer's response code, when it answered. */
  readonly responseCode: number | undefined;
  /** Time spent in each phase, in milliseconds. */
  readonly phases: PhaseTimes;

  /**
   * Makes an error.
   *
   * @param code stable code
   * @param message what happened, action then state
   * @param init cause, outcome, peer
   */
  constructor(code: ClientErrorCode, message: string, init: ClientErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.retryable = init.retryable ?? false;
    this.outcome = init.outcome ?? "failed";
    this.brokerAddr = init.brokerAddr;
    this.responseCode = init.responseCode;
    this.phases = init.phases ?? {};
  }

  /**
   * The same error with the phases filled in.
   *
   * @param phases time in each phase
   * @returns a copy that keeps the stack of the original
   */
  withPhases(phases: PhaseTimes): ClientError {
    const copy = new ClientError(this.code, this.message, {
      cause: this.cause,
      retryable: this.retryable,
      outcome: this.outcome,
      ...(this.brokerAddr === undefined ? {} : { brokerAddr: this.brokerAddr }),
      ...(this.responseCode === undefined ? {} : { responseCode: this.responseCode }),
      phases,
    });
    if (this.stack !== undefined) copy.stack = this.stack;
    return copy;
  }
}

/**
 * The text of anything thrown.
 *
 * @param thrown what a `catch` received
 * @returns its message
 */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
