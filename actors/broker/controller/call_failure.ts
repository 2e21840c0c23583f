/**
 * Why a request to a client failed.
 *
 * Owns: which errors mean that the client was too slow.
 * Reads: nothing.
 * Never: hides an error; its message is the text.
 */

/** Codes of errors that mean "no answer in time": of the gateway that waited for the client, of the ask to the gateway. */
const LATE_CODES: ReadonlySet<unknown> = new Set(["TIMEOUT", "ASK_TIMEOUT"]);

/**
 * Reads an error of a call.
 *
 * @param error what the call threw
 * @returns whether the client was too slow, and a text for the remark
 */
export function callFailure(error: unknown): { late: boolean; text: string } {
  if (!(error instanceof Error)) return { late: false, text: String(error) };
  const { code } = error as Error & { code?: unknown };
  return { late: LATE_CODES.has(code), text: error.message };
}
