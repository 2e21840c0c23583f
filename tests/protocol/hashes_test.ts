import { assertEquals } from "@std/assert";
import { bodyCrc } from "../../protocol/crc32.ts";
import { decodeHex, encodeHex } from "../../protocol/hex.ts";
import { javaHashOfUtf8, javaStringHash, tagsCode } from "../../protocol/java_hash.ts";
import { decodeUtf8, encodeUtf8 } from "../../protocol/utf8.ts";

Deno.test("javaStringHash() equals Java's String.hashCode()", () => {
  const known: [string, number][] = [
    ["", 0],
    ["a", 97],
    ["TagA", 2_598_919],
    ["TagB", 2_598_920],
    ["hello world", 1_794_106_052],
    ["polygenelubricants", -2_147_483_648],
  ];
  for (const [text, hash] of known) assertEquals(javaStringHash(text), hash, text);
});

Deno.test("javaHashOfUtf8() equals javaStringHash() of the decoded text", () => {
  for (const text of ["", "TagA", "ä", "\u4e2d\u6587 tag", "\u{1f600}", "a\u0000b", "\ufeffbom"]) {
    const bytes = encodeUtf8(`<${text}>`);
    assertEquals(javaHashOfUtf8(bytes, 1, bytes.length - 1), javaStringHash(text), text);
  }
  assertEquals(javaHashOfUtf8(Uint8Array.of(0x61, 0xff), 0, 2), javaStringHash("a\ufffd"));
});

Deno.test("tagsCode() is 0 when there is no tag", () => {
  assertEquals([tagsCode(undefined), tagsCode(""), tagsCode("TagA")], [0, 0, 2_598_919]);
});

Deno.test("bodyCrc() is the zip sum cut to 31 bits", () => {
  assertEquals(bodyCrc(encodeUtf8("123456789")), 0xcbf43926 & 0x7fffffff);
  assertEquals(bodyCrc(new Uint8Array()), 0);
  const shared = new Uint8Array(new SharedArrayBuffer(9));
  shared.set(encodeUtf8("123456789"));
  assertEquals(bodyCrc(shared), 0x4bf43926);
});

Deno.test("decodeHex() undoes encodeHex() and refuses other characters", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  assertEquals(decodeHex(encodeHex(bytes)), bytes);
  assertEquals(encodeHex(Uint8Array.of(0, 171)), "00AB");
  assertEquals([decodeHex("0"), decodeHex("0g"), decodeHex("")], [undefined, undefined, new Uint8Array()]);
});

Deno.test("decodeUtf8() keeps a byte order mark and replaces malformed input", () => {
  assertEquals(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xc3)), "\ufeffa\ufffd");
  assertEquals(decodeUtf8(encodeUtf8("xäy"), 1, 3), "ä");
});
