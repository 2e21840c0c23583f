/**
 * The optional logger: silent unless the application gives one.
 *
 * Owns: the interface and the silent logger. Never does: IO.
 */

/** Takes what the client has to say; every method may be left out. */
export interface ClientLogger {
  /** Steps of the normal course. */
  debug?(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Changes an operator wants to know: started, rebalanced, stopped. */
  info?(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Failures the client deals with itself. */
  warn?(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Failures of the application's own code or of the client. */
  error?(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Says nothing. */
export const silentLogger: ClientLogger = {};
