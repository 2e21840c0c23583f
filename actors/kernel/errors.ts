/**
 * Errors of the kernel, and errors as data.
 *
 * Owns: the closed set of kernel error codes; how an error crosses from one actor to another.
 * Reads: nothing.
 * Never: keeps a live error object of another thread; only name, code, message, stack and cause cross.
 *
 * @module
 */

/** Codes of the errors that the kernel itself raises. */
export type ActorErrorCode =
  | "ASK_TIMEOUT"
  | "ASK_OVERFLOW"
  | "ACTOR_GONE"
  | "INIT_FAILED"
  | "INIT_TIMEOUT"
  | "STOP_TIMEOUT"
  | "UNKNOWN_MESSAGE"
  | "PEER_REFUSED"
  | "INJECTED";

/** Base of the errors that the kernel raises. */
export abstract class ActorError extends Error {
  /** Which failure this is. */
  abstract readonly code: ActorErrorCode;
  /** True when the same call may succeed later. */
  abstract readonly retryable: boolean;

  /**
   * Makes an ActorError.
   *
   * @param message What failed.
   * @param options The cause, when there is one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** No reply came in time. */
export class AskTimeoutError extends ActorError {
  /** Which failure this is. */
  readonly code = "ASK_TIMEOUT";
  /** True when the same call may succeed later. */
  readonly retryable = true;
}

/** Too many asks wait for this actor already. */
export class AskOverflowError extends ActorError {
  /** Which failure this is. */
  readonly code = "ASK_OVERFLOW";
  /** True when the same call may succeed later. */
  readonly retryable = true;
}

/** The actor is not there, or it ended before it replied. */
export class ActorGoneError extends ActorError {
  /** Which failure this is. */
  readonly code = "ACTOR_GONE";
  /** True when the same call may succeed later. */
  readonly retryable = true;
}

/** The behaviour could not be started. */
export class InitFailedError extends ActorError {
  /** Which failure this is. */
  readonly code = "INIT_FAILED";
  /** True when the same call may succeed later. */
  readonly retryable = false;
}

/** The actor did not come up in time. */
export class InitTimeoutError extends ActorError {
  /** Which failure this is. */
  readonly code = "INIT_TIMEOUT";
  /** True when the same call may succeed later. */
  readonly retryable = true;
}

/** The actor did not stop in time and was terminated. */
export class StopTimeoutError extends ActorError {
  /** Which failure this is. */
  readonly code = "STOP_TIMEOUT";
  /** True when the same call may succeed later. */
  readonly retryable = false;
}

/** The actor has no handler of that name. */
export class UnknownMessageError extends ActorError {
  /** Which failure this is. */
  readonly code = "UNKNOWN_MESSAGE";
  /** True when the same call may succeed later. */
  readonly retryable = false;
}

/** Two actors could not be introduced to each other. */
export class PeerRefusedError extends ActorError {
  /** Which failure this is. */
  readonly code = "PEER_REFUSED";
  /** True when the same call may succeed later. */
  readonly retryable = false;
}

/** A crash that was asked for by a test. */
export class InjectedCrashError extends ActorError {
  /** Which failure this is. */
  readonly code = "INJECTED";
  /** True when the same call may succeed later. */
  readonly retryable = false;
}

/** An error of another actor of a class that this side does not know. */
export class RemoteError extends Error {
  /** Code that the error carried, if any. */
  readonly code: string | number | undefined;
  /** What the error said of itself; false when it said nothing. */
  readonly retryable: boolean;

  /**
   * Makes a RemoteError.
   *
   * @param data The error as it crossed.
   * @param cause Its cause, rebuilt.
   */
  constructor(data: ErrorData, cause: Error | undefined) {
    super(data.message, cause === undefined ? undefined : { cause });
    this.name = data.name;
    this.code = data.code;
    this.retryable = data.retryable ?? false;
  }
}

/** An error as it crosses. */
export interface ErrorData {
  /** Name of its class. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** Its stack in the thread where it was made. */
  readonly stack?: string;
  /** Its code, if it has one. */
  readonly code?: string | number;
  /** Whether it says that it can be tried again. */
  readonly retryable?: boolean;
  /** Its cause. */
  readonly cause?: ErrorData;
}

/** Causes deeper than this are left out. */
const CAUSE_DEPTH_MAX = 4;

const CLASSES: Readonly<Record<string, new (message: string, options?: ErrorOptions) => Error>> = {
  AskTimeoutError,
  AskOverflowError,
  ActorGoneError,
  InitFailedError,
  InitTimeoutError,
  StopTimeoutError,
  UnknownMessageError,
  PeerRefusedError,
  InjectedCrashError,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/**
 * Turns anything that was thrown into data.
 *
 * @param error What was thrown.
 * @returns Its data.
 */
export function encodeError(error: unknown): ErrorData {
  return encodeAt(error, 0);
}

function encodeAt(error: unknown, depth: number): ErrorData {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { code, retryable } = error as { code?: unknown; retryable?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(typeof retryable === "boolean" ? { retryable } : {}),
    ...(error.cause === undefined || depth >= CAUSE_DEPTH_MAX ? {} : { cause: encodeAt(error.cause, depth + 1) }),
  };
}

/**
 * Rebuilds an error from its data: as its own class when it is the kernel's or the language's and as
 * {@link RemoteError} with its name and code otherwise.
 *
 * @param data The error as it crossed.
 * @returns The error; its stack is that of the thread where it was made.
 */
export function decodeError(data: ErrorData): Error {
  const cause = data.cause === undefined ? undefined : decodeError(data.cause);
  const known = Object.hasOwn(CLASSES, data.name) ? CLASSES[data.name] : undefined;
  let error: Error;
  if (known === undefined) error = new RemoteError(data, cause);
  else {
    error = new known(data.message, cause === undefined ? undefined : { cause });
    if (data.code !== undefined && !(error instanceof ActorError)) Object.assign(error, { code: data.code });
  }
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}

/**
 * Makes an error of anything that was thrown.
 *
 * @param thrown What was thrown.
 * @returns It, when it is an error, else an error with its text.
 */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
