import { assertEquals } from "@std/assert";
import {
  formatLong,
  parseLong,
  readInt,
  readLong,
  readShort,
  writeInt,
  writeLong,
  writeShort,
} from "../../protocol/java_number.ts";

const VALUES = [
  0,
  1,
  -1,
  255,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 52 + 1,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
  1_795_254_168_879,
];

Deno.test("readLong() undoes writeLong() within the exact range", () => {
  const bytes = new Uint8Array(10);
  const view = new DataView(bytes.buffer);
  for (const value of VALUES) {
    writeLong(bytes, 1, value);
    assertEquals(view.getBigInt64(1), BigInt(value));
    assertEquals(readLong(bytes, 1), value);
  }
});

Deno.test("writeLong() cuts to the range of a long", () => {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  for (const value of [2 ** 63, 2 ** 70, Infinity]) {
    writeLong(bytes, 0, value);
    assertEquals(view.getBigInt64(0), (1n << 63n) - 1n);
  }
  for (const value of [-(2 ** 63), -(2 ** 70)]) {
    writeLong(bytes, 0, value);
    assertEquals(view.getBigInt64(0), -(1n << 63n));
  }
});

Deno.test("readInt() and readShort() are signed and undo their writers", () => {
  const bytes = new Uint8Array(4);
  for (const value of [0, 1, -1, 0x7fffffff, -0x80000000]) {
    writeInt(bytes, 0, value);
    assertEquals(readInt(bytes, 0), value);
  }
  for (const value of [0, 1, -1, 0x7fff, -0x8000]) {
    writeShort(bytes, 1, value);
    assertEquals(readShort(bytes, 1), value);
  }
});

Deno.test("parseLong() undoes formatLong()", () => {
  for (const value of VALUES) assertEquals(parseLong(formatLong(value)), value);
  assertEquals(formatLong(-0), "0");
  assertEquals(formatLong(1.9), "1");
  assertEquals(formatLong(NaN), "0");
});

Deno.test("formatLong() cuts to the range of a long, so Long.MAX_VALUE comes back as itself", () => {
  for (const text of ["9223372036854775807", "-9223372036854775808"]) {
    assertEquals(formatLong(parseLong(text) ?? 0), text);
  }
  assertEquals(formatLong(2 ** 62), "4611686018427387904");
});

Deno.test("parseLong() returns undefined for what is no long", () => {
  const wrong = [
    "",
    "-",
    "+",
    "1.5",
    " 1",
    "1 ",
    "1e3",
    "0x10",
    "x",
    "--1",
    "9223372036854775808",
    "-9223372036854775809",
  ];
  for (const text of [...wrong, "1".repeat(21)]) assertEquals(parseLong(text), undefined, text);
  assertEquals([parseLong("+7"), parseLong("-0"), parseLong("007")], [7, 0, 7]);
});
