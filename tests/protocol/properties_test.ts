import { assertEquals } from "@std/assert";
import { appendProperties, decodeProperties, encodeProperties, findProperty } from "../../protocol/properties.ts";
import { PropertyName } from "../../protocol/property_name.ts";

Deno.test("decodeProperties() reads the three dialects alike", () => {
  const expected = new Map([["TAGS", "a"], ["KEYS", "k1 k2"]]);
  // Up to 4.9.0 and from 5.2.0 on, and the Go, Node and C++ clients: a separator at the end.
  assertEquals(decodeProperties("TAGS\u0001a\u0002KEYS\u0001k1 k2\u0002"), expected);
  // 4.9.1 to 5.1.4: none.
  assertEquals(decodeProperties("TAGS\u0001a\u0002KEYS\u0001k1 k2"), expected);
  // Appended by a broker to a string without one.
  assertEquals(decodeProperties("TAGS\u0001a\u0002\u0002KEYS\u0001k1 k2\u0002"), expected);
});

Deno.test("decodeProperties() skips pieces without a key, without a value, without a separator", () => {
  assertEquals(decodeProperties("\u0001v\u0002k\u0001\u0002abc\u0002\u0002x\u0001y\u0002"), new Map([["x", "y"]]));
  for (const text of ["", "\u0002", "\u0001", "a", "\u0001\u0002", "\u0002\u0002\u0002"]) {
    assertEquals(decodeProperties(text).size, 0);
  }
});

Deno.test("decodeProperties() keeps separators of names inside a value and the later of two equal keys", () => {
  assertEquals(decodeProperties("k\u0001a\u0001b\u0002k\u0001c\u0002"), new Map([["k", "c"]]));
  assertEquals(decodeProperties("k\u0001a\u0001b"), new Map([["k", "a\u0001b"]]));
});

Deno.test("decodeProperties() takes names of object members as keys", () => {
  assertEquals(decodeProperties("__proto__\u0001x\u0002constructor\u0001y\u0002").get("__proto__"), "x");
});

Deno.test("decodeProperties() reads a string of the largest size in linear time", () => {
  assertEquals(decodeProperties("aaa\u0002".repeat(200_000)).size, 0);
  assertEquals(decodeProperties("a\u0001b\u0002".repeat(200_000)).size, 1);
});

Deno.test("encodeProperties() undoes decodeProperties() and writes the last separator", () => {
  const properties = new Map([["b", "2"], ["a", "ä\u{1f600}"]]);
  assertEquals(encodeProperties(properties), "b\u00012\u0002a\u0001ä\u{1f600}\u0002");
  assertEquals(decodeProperties(encodeProperties(properties)), properties);
  assertEquals(encodeProperties(new Map()), "");
});

Deno.test("findProperty() returns what decodeProperties() holds", () => {
  const text = "TAGS\u0001a\u0002XTAGS\u0001b\u0002KEYS\u0001\u0002TAGS\u0001c";
  const properties = decodeProperties(text);
  for (const name of ["TAGS", "XTAGS", "KEYS", "AGS", "", "TAGS\u0001"]) {
    assertEquals(findProperty(text, name), properties.get(name), name);
  }
  assertEquals(findProperty(text, PropertyName.TAGS), "c");
});

Deno.test("appendProperties() adds the separator that is missing at the end", () => {
  const more = new Map([["k", "v"]]);
  assertEquals(appendProperties("", more), "k\u0001v\u0002");
  assertEquals(appendProperties("a\u0001b", more), "a\u0001b\u0002k\u0001v\u0002");
  assertEquals(appendProperties("a\u0001b\u0002", more), "a\u0001b\u0002k\u0001v\u0002");
  assertEquals(appendProperties("a\u0001b", new Map()), "a\u0001b");
});
