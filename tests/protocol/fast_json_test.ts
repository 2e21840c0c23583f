import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  FastDouble,
  type FastInput,
  FastMap,
  FastText,
  type FastValue,
  parseFastJson,
  stringifyFastJson,
} from "../../protocol/fast_json.ts";
import { JSON_DEPTH_MAX } from "../../protocol/limits.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { assertDecodesOrRefuses, seededRandom, withBitFlipped } from "./fuzz.ts";
import { goldenFrames } from "./golden.ts";

/** An object as the reader makes it, without a prototype. */
function object(entries: Record<string, FastValue>): FastValue {
  return Object.assign(Object.create(null), entries);
}

function assertMalformed(text: string): void {
  const error = assertThrows(() => parseFastJson(text), ProtocolError, undefined, text);
  assertEquals(error.code, "JSON_MALFORMED", text);
  assert(error.position !== undefined && error.position >= 0 && error.position <= text.length, text);
}

Deno.test("parseFastJson() reads what JSON.parse() reads", () => {
  const texts = [
    "null",
    "true",
    " false ",
    "0",
    "-1.5e3",
    "12E-2",
    `""`,
    `"a\\"b\\\\c\\/d\\b\\f\\n\\r\\t\\u00e9"`,
    "[]",
    "[1,[2,[]],null]",
    `{"a":{"b":[{"c":1}]},"d":""}`,
    `\n{ "a" : 1 , "b" : [ 1 , 2 ] }\t`,
  ];
  for (const text of texts) assertEquals(JSON.stringify(parseFastJson(text)), JSON.stringify(JSON.parse(text)), text);
});

Deno.test("parseFastJson() makes a Map of an object with unquoted integer keys", () => {
  assertEquals(parseFastJson(`{0:"a",1:"b"}`), new Map([[0, "a"], [1, "b"]]));
  assertEquals(parseFastJson(`{-1:{2:3}}`), new Map([[-1, new Map([[2, 3]])]]));
});

Deno.test("parseFastJson() makes a FastMap of an object with object keys", () => {
  assertEquals(
    parseFastJson(`{{"q":0}:5,{"q":1}:{"x":6}}`),
    new FastMap([[object({ q: 0 }), 5], [object({ q: 1 }), object({ x: 6 })]]),
  );
});

Deno.test("parseFastJson() reads unquoted and single-quoted names and strings", () => {
  assertEquals(parseFastJson(`{a:'b','c d':"e'f",$_1:'\\''}`), object({ a: "b", "c d": "e'f", $_1: "'" }));
});

Deno.test("parseFastJson() makes text keys of mixed keys", () => {
  assertEquals(parseFastJson(`{0:1,"a":2}`), object({ 0: 1, a: 2 }));
});

Deno.test("parseFastJson() reads fastjson's escapes and raw control characters", () => {
  assertEquals(parseFastJson(`"\\v\\0\\7\\x41\\u0042\\F\u0001\n"`), "\v\0\x07AB\f\u0001\n");
});

Deno.test("parseFastJson() keeps all digits of a long", () => {
  assertEquals(parseFastJson("9223372036854775807"), 9223372036854775807n);
  assertEquals(parseFastJson("-9223372036854775808"), -9223372036854775808n);
  assertEquals(parseFastJson("9007199254740991"), 9007199254740991);
  assertEquals(parseFastJson("1" + "0".repeat(400)), Infinity);
});

Deno.test("parseFastJson() keeps the later of two equal keys", () => {
  assertEquals(parseFastJson(`{"a":1,"a":2}`), object({ a: 2 }));
  assertEquals(parseFastJson(`{1:1,1:2}`), new Map([[1, 2]]));
});

Deno.test("parseFastJson() makes ordinary keys of the names of object members", () => {
  const value = parseFastJson(`{"__proto__":{"polluted":1},"constructor":2,"hasOwnProperty":3}`);
  assertEquals(Object.keys(value as object), ["__proto__", "constructor", "hasOwnProperty"]);
  assertEquals(Object.getPrototypeOf(value), null);
  assertEquals(({} as Record<string, unknown>)["polluted"], undefined);
});

Deno.test("parseFastJson() refuses what is no value, with the position", () => {
  const texts = ["", " ", "{", "[", "{]", "[1,]", '{"a":1,}', "{,}", "[,1]", `{"a"}`, `{"a":}`, `{:1}`, "1 2", "{} x"];
  const more = [
    `"abc`,
    `"\\`,
    `"\\u12`,
    `"\\u12g4"`,
    `"\\x4"`,
    `"\\q"`,
    "-",
    "1e",
    "1e+",
    "tru",
    "nul",
    "undefined",
    "NaN",
  ];
  const others = ["+1", ".5", "'a", "//x\n1", "[1 2]", `{"a":1 "b":2}`, "{[1]:2}", "\ufeff1"];
  for (const text of [...texts, ...more, ...others]) assertMalformed(text);
});

Deno.test("parseFastJson() refuses every golden body that is cut off", () => {
  const body = goldenFrames().find((frame) => frame.request?.command.code === 202)?.command.body ?? new Uint8Array();
  const text = decodeUtf8(body);
  assert(text.length > 100);
  for (let end = 0; end < text.length; end++) assertMalformed(text.slice(0, end));
});

Deno.test("parseFastJson() refuses nesting beyond the bound and reads nesting at the bound", () => {
  for (const [open, close] of [["[", "]"], [`{"a":`, "}"], ["{1:", "}"]] as const) {
    const nested = (depth: number): string => open.repeat(depth) + "0" + close.repeat(depth);
    parseFastJson(nested(JSON_DEPTH_MAX));
    const error = assertThrows(() => parseFastJson(nested(JSON_DEPTH_MAX + 1)), ProtocolError);
    assertEquals(error.code, "JSON_TOO_DEEP");
  }
  assertEquals(assertThrows(() => parseFastJson("{".repeat(1_000_000)), ProtocolError).code, "JSON_TOO_DEEP");
});

Deno.test("parseFastJson() reads long text in linear time", () => {
  const digits = "7".repeat(1_000_000);
  assertEquals(parseFastJson(digits), Infinity);
  assertEquals((parseFastJson(`"${"\\n".repeat(500_000)}"`) as string).length, 500_000);
  assertEquals((parseFastJson(`[${"1,".repeat(200_000)}1]`) as unknown[]).length, 200_001);
});

Deno.test("parseFastJson() reads or refuses golden bodies with one bit flipped", () => {
  const random = seededRandom(7);
  const bodies = goldenFrames().filter(({ command }) => command.body[0] === 0x7b).filter((_, index) => index % 8 === 0);
  assert(bodies.length > 100);
  for (const { command, name } of bodies) {
    for (let trial = 0; trial < 6; trial++) {
      const bit = Math.floor(random() * Math.min(command.body.length, 4000) * 8);
      const text = decodeUtf8(withBitFlipped(command.body, bit));
      assertDecodesOrRefuses(() => parseFastJson(text), `${name} bit ${bit}`);
    }
  }
});

Deno.test("stringifyFastJson() sorts the keys of beans and leaves null out", () => {
  assertEquals(stringifyFastJson({ b: 1, a: null, c: undefined, B: [null, undefined] }), `{"B":[null,null],"b":1}`);
  assertEquals(stringifyFastJson({ b: 1, a: 2 }, { sortKeys: false }), `{"b":1,"a":2}`);
});

Deno.test("stringifyFastJson() writes maps by dialect", () => {
  const map: FastInput = new Map([[10, "b"], [9, "a"]]);
  assertEquals(stringifyFastJson(map), `{10:"b",9:"a"}`);
  assertEquals(stringifyFastJson(map, { dialect: "standard" }), `{"9":"a","10":"b"}`);
  const names: FastInput = new Map([["b", 1], ["a", 2]]);
  assertEquals(stringifyFastJson(names), `{"b":1,"a":2}`);
  assertEquals(stringifyFastJson(names, { dialect: "standard" }), `{"a":2,"b":1}`);
});

Deno.test("stringifyFastJson() writes object keys in both dialects", () => {
  const map = new FastMap([[{ topic: "T", queueId: 1 }, 5]]);
  assertEquals(stringifyFastJson({ m: map }), `{"m":{{"queueId":1,"topic":"T"}:5}}`);
  assertEquals(stringifyFastJson(map, { dialect: "standard" }), `{{"queueId":1,"topic":"T"}:5}`);
});

Deno.test("stringifyFastJson() puts text that was written before in its place", () => {
  assertEquals(stringifyFastJson({ b: 1, a: new FastText('{"x":2}') }), '{"a":{"x":2},"b":1}');
  assertEquals(
    stringifyFastJson(new Map([["a", new FastText('{\n\t\t"x":2\n\t}')]]), { pretty: true }),
    stringifyFastJson(new Map([["a", { x: 2 }]]), { pretty: true }),
  );
});

Deno.test("stringifyFastJson() writes doubles as Java does", () => {
  const cases: [number, string][] = [
    [0, "0.0"],
    [-0, "-0.0"],
    [1, "1.0"],
    [0.1, "0.1"],
    [123456.789, "123456.789"],
    [1e7, "1.0E7"],
    [12345678.5, "1.23456785E7"],
    [1e-3, "0.001"],
    [1e-4, "1.0E-4"],
    [1.5e300, "1.5E300"],
    [NaN, "null"],
    [Infinity, "null"],
  ];
  for (const [value, text] of cases) assertEquals(stringifyFastJson(new FastDouble(value)), text);
});

Deno.test("stringifyFastJson() writes numbers as Java's longs", () => {
  assertEquals(
    stringifyFastJson([1, -0, 2 ** 53, 2 ** 63, -(2 ** 63), 1.5, NaN, 5n]),
    "[1,0,9007199254740992,9223372036854775807,-9223372036854775808,1.5,null,5]",
  );
});

Deno.test("stringifyFastJson() escapes quotes, backslashes and control characters in both dialects", () => {
  const text = `"\\/\b\f\n\r\t\u0000\u001f\u007f\u00e9\u2028\u4e2d\u{1f600}`;
  const expected = `"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u007f\u00e9\u2028\u4e2d\u{1f600}"`;
  assertEquals(stringifyFastJson(text), expected);
  assertEquals(stringifyFastJson(text, { dialect: "standard" }), expected);
});

Deno.test("stringifyFastJson() undoes parseFastJson() for every character in both dialects", () => {
  const text = Array.from({ length: 0xd800 }, (_, unit) => String.fromCharCode(unit)).join("");
  assertEquals(parseFastJson(stringifyFastJson(text)), text);
  assertEquals(parseFastJson(stringifyFastJson(text, { dialect: "standard" })), text);
  assertEquals(JSON.parse(stringifyFastJson(text, { dialect: "standard" })), text);
});

Deno.test("stringifyFastJson() pretty-prints as RocketMQ's configuration files are", () => {
  const value: FastInput = { a: {}, b: [], c: [1, { d: 2 }], e: new Map([[1, 2]]), f: Int32Array.of(1, 2), g: "" };
  assertEquals(
    stringifyFastJson(value, { pretty: true }),
    `{\n\t"a":{\n\t\t\n\t},\n\t"b":[],\n\t"c":[\n\t\t1,\n\t\t{\n\t\t\t"d":2\n\t\t}\n\t],\n\t"e":{\n\t\t1:2\n\t},\n\t"f":[1,2],\n\t"g":""\n}`,
  );
});

Deno.test("stringifyFastJson() refuses a cycle", () => {
  const cycle: Record<string, FastInput> = {};
  cycle["self"] = cycle;
  assertEquals(assertThrows(() => stringifyFastJson(cycle), ProtocolError).code, "JSON_TOO_DEEP");
});

Deno.test("stringifyFastJson() writes a `__proto__` key that was read", () => {
  const text = `{"__proto__":{"a":1}}`;
  assertEquals(stringifyFastJson(parseFastJson(text) as FastInput), text);
});
