import { assertEquals } from "@std/assert";
import { Cursor } from "../../../store/memory/cursor.ts";

Deno.test("Cursor.load() gives what was stored, beyond 32 bits too", () => {
  const buffer = new SharedArrayBuffer(64);
  const cursor = new Cursor(buffer, 16);
  assertEquals(cursor.load(), 0);
  for (const position of [1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER]) {
    cursor.store(position);
    assertEquals(new Cursor(buffer, 16).load(), position);
  }
});

Deno.test("Cursor.store() touches its own eight bytes only", () => {
  const buffer = new SharedArrayBuffer(32);
  new Cursor(buffer, 8).store(-1);
  const bytes = new Uint8Array(buffer);
  assertEquals([...bytes.subarray(0, 8), ...bytes.subarray(16)].every((byte) => byte === 0), true);
  assertEquals(bytes.subarray(8, 16).every((byte) => byte === 255), true);
});

Deno.test("Cursor.raise() never lowers a position", () => {
  const cursor = new Cursor(new SharedArrayBuffer(8), 0);
  assertEquals([cursor.raise(5), cursor.load()], [true, 5]);
  assertEquals([cursor.raise(5), cursor.raise(4), cursor.load()], [false, false, 5]);
  assertEquals([cursor.raise(2 ** 40), cursor.load()], [true, 2 ** 40]);
});
