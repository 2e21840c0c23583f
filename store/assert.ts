/**
 * Assertions that stay on in production: a false one is a programmer error and ends the actor.
 *
 * Owns: the error class. Reads: nothing. Never: used for what a peer or a disk may do wrong; that is a typed error.
 */

/** A statement that the code relies on does not hold. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
  /** Closed code of this error. */
  readonly code = "INVARIANT_BROKEN";
  /** The program is wrong; the same steps fail again. */
  readonly retryable = false;
}

/**
 * Ends the actor when a statement does not hold.
 *
 * @param condition The statement.
 * @param message What does not hold, with the values that show it.
 * @throws {InvariantError} when the condition is false.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
