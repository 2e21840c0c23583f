import { assertEquals } from "@std/assert";
import { bodyCrc, crcOfFew } from "../../protocol/crc32.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("bodyCrc() is the zip sum without its sign", () => {
  assertEquals(bodyCrc(bytes("")), 0);
  assertEquals(bodyCrc(bytes("123456789")), 0xcbf43926 & 0x7fffffff);
});

Deno.test("crcOfFew() is the zip sum as a Java int", () => {
  assertEquals(crcOfFew(bytes("")), 0);
  assertEquals(crcOfFew(bytes("123456789")), 0xcbf43926 | 0);
});

Deno.test("crcOfFew() and bodyCrc() agree on bytes of every length up to 500, and when 64 KiB have been summed", () => {
  for (let length = 0; length <= 500; length++) {
    const some = Uint8Array.from({ length }, (_, index) => (index * 167 + length * 31) & 0xff);
    assertEquals(crcOfFew(some) & 0x7fffffff, bodyCrc(some));
  }
});
