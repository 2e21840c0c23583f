/** SQL92 expressions evaluated by RocketMQ's own filter module and by ours: the same words for every expression and message. */
import { assert, assertEquals } from "@std/assert";
import { SqlFilter } from "../../store/filter/sql_filter.ts";
import { FilterSyntaxError } from "../../store/filter/sql_tokens.ts";
import { FAILED } from "../../store/filter/sql_value.ts";
import { SeededRandom } from "../torture/seeded_random.ts";
import { ClientProcess } from "./client_process.ts";
import { conformanceRequired, java54Client, missingPrograms } from "./toolbox.ts";

const GENERATED = 3_000;

/** Messages: numbers as texts in every form that Java reads or refuses, booleans, missing ones. */
const MESSAGES: readonly Readonly<Record<string, string>>[] = [
  {},
  { a: "5", b: "x", c: "true", d: "2.5" },
  { a: "6", b: "y", c: "false", d: "1e3" },
  { a: "-7", b: "", c: "TRUE", d: "NaN" },
  { a: "5.0", b: "it's", c: "1", d: "Infinity" },
  { a: "9999999999", b: "X", c: "yes", d: " 2.5 " },
  { a: "99999999999999999999", b: "xyz", d: "-0.0" },
  { a: "+5", b: "5", c: "null", d: "0x1p3" },
  { a: "abc", b: "ünï", c: "tRuE", d: "2.5f" },
  { a: " 5", b: "5.0", d: ".5" },
  { _a$1: "1", A: "5", B: "x" },
];

const WRITTEN: readonly string[] = [
  "a > 5",
  "a >= 5 AND a <= 9999999999",
  "a = 5",
  "5 = a",
  "a <> 5",
  "a = 5L",
  "a = 9999999999",
  "a > 9999999999",
  "a = 5.0",
  "a = 5.",
  "d > .4",
  "d = 2.5E0",
  "d < 1e300",
  "d = 0.0",
  "d = 1e400",
  "a = 99999999999999999999",
  "a = -7",
  "a = - -7",
  "-a = 7",
  "+a = 5",
  "a = +5",
  "a = 007",
  "b = 'x'",
  "b <> 'x'",
  "'x' = b",
  "b = 'it''s'",
  "b = ''",
  "b > 'x'",
  "a > b",
  "a > d",
  "a = b",
  "a = d",
  "a <> d",
  "missing = other",
  "missing <> other",
  "missing = 1",
  "missing > 1",
  "a IS NULL",
  "a IS NOT NULL",
  "a IS",
  "a IS NOT",
  "a NOT",
  "a NOT 5",
  "NOT a",
  "NOT a = 5",
  "NOT (a = 5)",
  "NOT c",
  "c",
  "c = TRUE",
  "c = FALSE",
  "TRUE = c",
  "TRUE",
  "FALSE",
  "NULL",
  "NOT NULL",
  "TRUE = TRUE",
  "TRUE = 5",
  "5 = TRUE",
  "TRUE <> FALSE",
  "'a' = TRUE",
  "a = NULL",
  "NULL = a",
  "NULL IS NULL",
  "5 IS NULL",
  "TRUE > 5",
  "a > TRUE",
  "a > 'x'",
  "(a = 5) = (b = 'x')",
  "(a = 5) = c",
  "c = (a = 5)",
  "(a = 5) > 1",
  "a = (5)",
  "((a)) = 5",
  "5 = (b = 'x')",
  "a BETWEEN 1 AND 6",
  "a BETWEEN 6 AND 1",
  "a BETWEEN 'a' AND 'b'",
  "a BETWEEN NULL AND 5",
  "a BETWEEN 1 AND NULL",
  "a BETWEEN TRUE AND FALSE",
  "a BETWEEN d AND 10",
  "a NOT BETWEEN 1 AND 5",
  "a NOT BETWEEN 9 AND 1",
  "a BETWEEN -10 AND -1",
  "a BETWEEN 1.5 AND 7",
  "5 BETWEEN a AND 10",
  "b IN ('x', 'y')",
  "b IN ('x')",
  "b IN ()",
  "b IN (5)",
  "b NOT IN ('x', 'xyz', 'it''s', 'p', 'q', 'r')",
  "5 IN ('x')",
  "missing IN ('x')",
  "missing NOT IN ('x')",
  "b CONTAINS 'x'",
  "b NOT CONTAINS 'x'",
  "b STARTSWITH 'x'",
  "b NOT STARTSWITH 'x'",
  "b ENDSWITH 'z'",
  "b NOT ENDSWITH 'z'",
  "b CONTAINS ''",
  "b NOT CONTAINS ''",
  "missing CONTAINS 'x'",
  "missing NOT CONTAINS 'x'",
  "'xyz' CONTAINS 'y'",
  "5 CONTAINS '5'",
  "a CONTAINS 5",
  "a contains '5' and b StartsWith 'x'",
  "a > 5 AND b = 'x'",
  "a > 5 OR b = 'x'",
  "a > 5 AND b = 'x' OR c = TRUE",
  "a > 5 AND (b = 'x' OR c = TRUE)",
  "a > 'abc' OR b = 'x'",
  "b = 'x' OR a > 'abc'",
  "a AND b",
  "a OR TRUE",
  "5 AND TRUE",
  "'x'",
  "5",
  "a",
  "a + 5 = 10",
  "a = 5 garbage",
  "a = 5 ?",
  "a = 5 garbage ?",
  "a = 5)",
  "(a = 5",
  "",
  "   ",
  "= 5",
  "a =",
  "a == 5",
  "a != 5",
  "a = 'x",
  'a = "x"',
  "a = 5 -- end",
  "a = -- begin\n5",
  "a /* of */ = 5",
  "a /* open = 5",
  "_a$1 = 1",
  "A = 5 AND a = 5",
  "a = 5l",
  "a = 2147483647",
  "a = 2147483648",
  "a = -2147483648",
  "a = 9223372036854775807",
  "a = 9223372036854775808",
  "a < 5 = c",
  "a = 5 = TRUE",
  "b = 'ünï'",
  "between = 5",
  "a > 1 > 0",
];

const OPERANDS = [
  "a",
  "b",
  "c",
  "d",
  "missing",
  "5",
  "6",
  "5L",
  "9999999999",
  "2.5",
  "5.0",
  "-7",
  "'x'",
  "'5'",
  "TRUE",
  "FALSE",
  "NULL",
];
const LEAVES: readonly ((pick: () => string) => string)[] = [
  (pick) => `${pick()} = ${pick()}`,
  (pick) => `${pick()} <> ${pick()}`,
  (pick) => `${pick()} > ${pick()}`,
  (pick) => `${pick()} <= ${pick()}`,
  (pick) => `${pick()} BETWEEN ${pick()} AND ${pick()}`,
  (pick) => `${pick()} NOT BETWEEN ${pick()} AND ${pick()}`,
  (pick) => `${pick()} IN ('x', '5')`,
  (pick) => `${pick()} NOT IN ('x', '5', '6', 'y', 'abc')`,
  (pick) => `${pick()} IS NULL`,
  (pick) => `${pick()} IS NOT NULL`,
  (pick) => `${pick()} CONTAINS '5'`,
  (pick) => `${pick()} NOT ENDSWITH 'x'`,
  (pick) => pick(),
];

function generate(random: SeededRandom, depth: number): string {
  const pick = (): string => OPERANDS[random.between(0, OPERANDS.length)]!;
  if (depth === 0 || random.next() < 0.4) return LEAVES[random.between(0, LEAVES.length)]!(pick);
  const inner = (): string => generate(random, depth - 1);
  switch (random.between(0, 5)) {
    case 0:
      return `${inner()} AND ${inner()}`;
    case 1:
      return `${inner()} OR ${inner()}`;
    case 2:
      return `NOT (${inner()})`;
    case 3:
      return `(${inner()}) = (${inner()})`;
    default:
      return `(${inner()})`;
  }
}

function ours(text: string): string {
  let filter: SqlFilter;
  try {
    filter = new SqlFilter(text);
  } catch (error) {
    if (error instanceof FilterSyntaxError) return "syntax";
    throw error;
  }
  return MESSAGES.map((message) => {
    const result = filter.evaluate((name) => message[name] ?? null);
    return result === FAILED ? "error" : String(result);
  }).join(" ");
}

const missing = missingPrograms(["java", "javac", "mvn"]);

Deno.test({
  name: "SQL92 expressions mean what they mean to RocketMQ's filter module",
  ignore: missing.length > 0 && !conformanceRequired,
  fn: async (): Promise<void> => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const random = new SeededRandom(seed);
    const generated = Array.from({ length: GENERATED }, () => generate(random, 3));
    const dir = await Deno.makeTempDir({ prefix: "ringmq-sql-" });
    try {
      const java = await ClientProcess.start(await java54Client(), dir);
      try {
        const expressions = [...WRITTEN, ...generated];
        const theirs = await java.call<string[]>("sql.evaluate", { expressions, properties: MESSAGES }, {
          timeoutMs: 60_000,
        });
        const differing = expressions.flatMap((text, index) =>
          ours(text) === theirs[index] ? [] : [`${text}\n  theirs ${theirs[index]}\n  ours   ${ours(text)}`]
        );
        assertEquals(differing.slice(0, 20), [], `${differing.length} of ${expressions.length} differ, seed ${seed}`);
        const compiled = theirs.filter((words) => words !== "syntax").length;
        assert(compiled > 300 && compiled < expressions.length, `${compiled} compile`);
      } finally {
        await java.stop();
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
