import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodeProperties } from "../../../protocol/properties.ts";
import { FilterCache } from "../../../store/filter/filter_cache.ts";
import { EXPRESSION_CHARACTERS_MAX, SqlFilter } from "../../../store/filter/sql_filter.ts";
import { FilterSyntaxError } from "../../../store/filter/sql_tokens.ts";

function matches(text: string, properties: Record<string, string>): boolean {
  const bytes = new TextEncoder().encode(`before${encodeProperties(new Map(Object.entries(properties)))}behind`);
  return new SqlFilter(text).matches(bytes, 6, bytes.length - 6);
}

Deno.test("SqlFilter.matches() finds properties in the bytes of a record", () => {
  assertEquals(matches("a > 5 AND b = 'x'", { z: "1", a: "6", b: "x" }), true);
  assertEquals(matches("a > 5 AND b = 'x'", { a: "6", b: "xy" }), false);
  assertEquals(matches("a > 5 AND b = 'x'", { b: "x" }), false);
  assertEquals(matches("a > 5", { a: "no number" }), false);
  assertEquals(matches("aa = '1' AND a = '2'", { a: "2", aa: "1" }), true);
  assertEquals(matches("stadt = 'Zürich'", { stadt: "Zürich" }), true);
  assertEquals(matches("a = ''", { a: "" }), true);
});

Deno.test("SqlFilter.matches() takes the last of two properties of one name, and text without a separator for none", () => {
  const bytes = new TextEncoder().encode("a\u00011\u0002lone\u0002a\u00012");
  assertEquals(new SqlFilter("a = '2' AND lone IS NULL").matches(bytes, 0, bytes.length), true);
});

Deno.test("SqlFilter says where an expression stops to be one", () => {
  const rows: readonly [string, number][] = [
    ["", 0],
    ["a >", 3],
    ["a = 5 AND", 9],
    ["a ? 5", 2],
    ["a > 'x'", 2],
    ["b = 1 OR a BETWEEN 6 AND 1", 11],
    ["5 IN ('x')", 2],
    ["99999999999999999999 = a", 0],
  ];
  for (const [text, position] of rows) {
    const error = assertThrows(() => new SqlFilter(text), FilterSyntaxError);
    assertEquals([error.position, error.code], [position, "FILTER_SYNTAX"], `${text}: ${error.message}`);
  }
});

Deno.test("SqlFilter refuses what is too long or nested too deeply", () => {
  assertThrows(() => new SqlFilter("a".repeat(EXPRESSION_CHARACTERS_MAX + 1)), FilterSyntaxError, "too long");
  assertThrows(() => new SqlFilter(`${"(".repeat(5_000)}a = 1`), FilterSyntaxError, "too deeply");
  assertThrows(() => new SqlFilter(`${"NOT ".repeat(5_000)}a`), FilterSyntaxError, "too deeply");
});

Deno.test("SqlFilter evaluates a million messages a second at least", () => {
  const bytes = new TextEncoder().encode(encodeProperties(
    new Map([["UNIQ_KEY", "7F0000010001"], ["a", "7"], ["b", "x"], ["TAGS", "A"]]),
  ));
  const filter = new SqlFilter("a > 5 AND b = 'x'");
  const rate = (): number => {
    const began = performance.now();
    let hits = 0;
    for (let i = 0; i < 200_000; i++) hits += filter.matches(bytes, 0, bytes.length) ? 1 : 0;
    assertEquals(hits, 200_000);
    return 200_000 / (performance.now() - began) * 1000;
  };
  const best = Math.max(...Array.from({ length: 5 }, rate));
  console.log(`${Math.round(best)} evaluations/s`);
  assert(best > 1_000_000, `${best}`);
});

Deno.test("FilterCache keeps what compiles and what does not, up to its bound", () => {
  const cache = new FilterCache();
  const first = cache.compile("a = 1");
  assertEquals(cache.compile("a = 1") === first, true);
  assertEquals([cache.isValid("a = 1"), cache.isValid("a =")], [true, false]);
  for (let i = 0; i < 1_000; i++) cache.compile(`a = ${i + 2}`);
  assertEquals(cache.compile("a = 1") === first, false);
});
