/**
 * One way to say what an answer must be.
 *
 * Owns: the comparison and its message. Reads: nothing. Never: looks at a remark of a success unless it is told to.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import type { RemotingCommand } from "../../protocol/command.ts";

/** What an answer must be. */
export interface ExpectedAnswer {
  readonly code: number;
  /** Whole text, or a pattern. */
  readonly remark?: string | RegExp;
  /** Header fields that must be there with this value; others may be there too. */
  readonly ext?: Readonly<Record<string, string>>;
}

/**
 * Asserts that an answer is as expected.
 *
 * @param what Which request it answers, for the message.
 * @param answer The answer.
 * @param expected What it must be.
 */
export function expectAnswer(what: string, answer: RemotingCommand, expected: ExpectedAnswer): void {
  const said = `${what} was answered ${answer.code} "${answer.remark ?? ""}" ${JSON.stringify(answer.ext)}`;
  assertEquals(answer.code, expected.code, said);
  if (typeof expected.remark === "string") assertEquals(answer.remark, expected.remark, said);
  if (expected.remark instanceof RegExp) assertMatch(answer.remark ?? "", expected.remark, said);
  for (const [name, value] of Object.entries(expected.ext ?? {})) {
    assertEquals(answer.ext[name], value, `${name}: ${said}`);
  }
}
