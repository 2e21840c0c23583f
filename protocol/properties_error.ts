/**
 * The error of properties text that cannot be read. It is a file of its own so that readers of text need not
 * import the frame errors.
 */

/** Properties text breaks the grammar; reading it again cannot help. */
export class PropertiesError extends SyntaxError {
  /** Closed code of this error. */
  readonly code = "PROPERTIES_MALFORMED";
  /** The same text fails the same way. */
  readonly retryable = false;

  /**
   * Names the broken rule.
   *
   * @param message What is wrong, with the offending part quoted.
   */
  constructor(message: string) {
    super(message);
    this.name = "PropertiesError";
  }
}
