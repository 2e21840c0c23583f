import { assertEquals, assertThrows } from "@std/assert";
import { PropertiesError } from "../../protocol/properties_error.ts";
import { formatProperties, parseProperties } from "../../protocol/properties_text.ts";

/** Each row: what it shows, the text, the table that `java.util.Properties.load` makes of it. */
const ROWS: readonly (readonly [string, string, Record<string, string>])[] = [
  ["plain pairs", "a=1\nb=2\n", { a: "1", b: "2" }],
  ["a later line wins", "a=1\na=2", { a: "2" }],
  ["three separators", "a=1\nb:2\nc 3\nd\t4", { a: "1", b: "2", c: "3", d: "4" }],
  ["white space around the separator", "  a  =  1", { a: "1" }],
  ["white space behind the value stays", "a=1  ", { a: "1  " }],
  ["only one separator is dropped", "a==1\nb = = 2", { a: "=1", b: "= 2" }],
  ["comments and blank lines", "# x\n  ! y=1\n\n \t\na=1", { a: "1" }],
  ["no value", "a\nb=\nc:", { a: "", b: "", c: "" }],
  ["an empty key", "=1", { "": "1" }],
  ["a continued line", "a=1,\\\n    2,\\\n    3", { a: "1,2,3" }],
  ["an even number of backslashes does not continue", "a=1\\\\\nb=2", { a: "1\\", b: "2" }],
  ["a comment is not continued", "# x\\\na=1", { a: "1" }],
  ["a continuation may hold a comment sign", "a=1\\\n#2", { a: "1#2" }],
  ["a backslash at the end of the text", "a=1\\", { a: "1" }],
  ["escapes", "a=\\t\\n\\r\\f\\u00e9\\q\\\\", { a: "\t\n\r\f\u00e9q\\" }],
  ["escaped separators in a key", "a\\=b\\:c\\ d=1", { "a=b:c d": "1" }],
  ["all line ends", "a=1\rb=2\r\nc=3", { a: "1", b: "2", c: "3" }],
  ["addresses", "namesrvAddr=127.0.0.1:9876;127.0.0.2:9876", { namesrvAddr: "127.0.0.1:9876;127.0.0.2:9876" }],
];

for (const [name, text, expected] of ROWS) {
  Deno.test(`parseProperties() reads ${name}`, () => {
    assertEquals(Object.fromEntries(parseProperties(text)), expected);
  });
}

Deno.test("parseProperties() throws when a unicode escape is cut short", () => {
  assertThrows(() => parseProperties("a=\\u12"), PropertiesError, `"\\u12"`);
});

Deno.test("formatProperties() writes sorted lines without escapes", () => {
  assertEquals(formatProperties(new Map([["b", "x:y"], ["B", "2"], ["a", "c:\\d"]])), "B=2\na=c:\\d\nb=x:y\n");
  assertEquals(formatProperties(new Map()), "");
});
