import { assertEquals, assertThrows } from "@std/assert";
import { createRequest, type RemotingCommand, SerializeType } from "../../protocol/command.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { BINARY_HEADER_BYTES_MIN, decodeBinaryHeader, encodeBinaryHeader } from "../../protocol/header_binary.ts";
import { writeShort } from "../../protocol/java_number.ts";
import { encodeUtf8 } from "../../protocol/utf8.ts";
import { assertDecodesOrRefuses, EXTREME_LENGTHS, withBitFlipped, withInt } from "./fuzz.ts";

function sample(changes: Partial<RemotingCommand> = {}): RemotingCommand {
  return {
    ...createRequest(310, { topic: "T", empty: "", umlaut: "ä\u{1f600}" }),
    serializeType: SerializeType.ROCKETMQ,
    opaque: -5,
    flag: 3,
    language: 9,
    remark: "grüße",
    ...changes,
  };
}

function decode(bytes: Uint8Array): RemotingCommand {
  return decodeBinaryHeader(bytes, 0, bytes.length);
}

function assertRefused(bytes: Uint8Array): void {
  assertEquals(assertThrows(() => decode(bytes), ProtocolError).code, "HEADER_MALFORMED");
}

Deno.test("encodeBinaryHeader() undoes decodeBinaryHeader()", () => {
  for (const command of [sample(), sample({ ext: {} }), sample({ remark: undefined }), sample({ code: -1000 })]) {
    assertEquals(decode(encodeBinaryHeader(command)), command);
  }
});

Deno.test("encodeBinaryHeader() writes the layout of the specification", () => {
  const bytes = encodeBinaryHeader({ ...createRequest(1, { a: "b" }), opaque: 2, version: 493, flag: 1 });
  // deno-fmt-ignore
  assertEquals([...bytes], [0, 1, 0, 1, 0xed, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 1, 0x61, 0, 0, 0, 1, 0x62]);
});

Deno.test("encodeBinaryHeader() refuses a code that does not fit 16 bits", () => {
  assertEquals(
    assertThrows(() => encodeBinaryHeader(sample({ code: 200_050 })), ProtocolError).code,
    "HEADER_MALFORMED",
  );
});

Deno.test("encodeBinaryHeader() refuses a key that is too long", () => {
  assertThrows(() => encodeBinaryHeader(sample({ ext: { ["k".repeat(32_768)]: "" } })), ProtocolError);
});

Deno.test("decodeBinaryHeader() reads from the middle of a buffer", () => {
  const bytes = encodeBinaryHeader(sample());
  const padded = new Uint8Array(bytes.length + 20);
  padded.set(bytes, 7);
  assertEquals(decodeBinaryHeader(padded, 7, 7 + bytes.length), sample());
});

Deno.test("decodeBinaryHeader() refuses a header that is cut off, at every byte", () => {
  const bytes = encodeBinaryHeader(sample());
  for (let end = 0; end < bytes.length; end++) assertRefused(bytes.slice(0, end));
});

Deno.test("decodeBinaryHeader() refuses extreme lengths of the remark and of ext values", () => {
  const bytes = encodeBinaryHeader(sample({ remark: "x", ext: { a: "b" } }));
  const extLength = 18;
  const valueLength = extLength + 4 + 3;
  for (const length of EXTREME_LENGTHS) {
    assertRefused(withInt(bytes, 13, length));
    assertRefused(withInt(bytes, valueLength, length));
    // An ext block of length 0 with bytes behind it is a header without fields, as in Java.
    if (length === 0) assertEquals(decode(withInt(bytes, extLength, length)).ext, {});
    else assertRefused(withInt(bytes, extLength, length));
  }
});

Deno.test("decodeBinaryHeader() refuses extreme lengths of ext keys", () => {
  const bytes = encodeBinaryHeader(sample({ remark: undefined, ext: { abc: "b" } }));
  for (const length of [-1, 0x7fff]) {
    const damaged = bytes.slice();
    writeShort(damaged, BINARY_HEADER_BYTES_MIN, length);
    assertRefused(damaged);
  }
});

Deno.test("decodeBinaryHeader() keeps `__proto__` as a field", () => {
  const ext: Record<string, string> = JSON.parse(`{"__proto__":"x"}`);
  assertEquals(Object.entries(decode(encodeBinaryHeader(sample({ ext }))).ext), [["__proto__", "x"]]);
});

Deno.test("decodeBinaryHeader() reads malformed UTF-8 as Java does", () => {
  const bytes = encodeBinaryHeader(sample({ ext: { a: "bc" }, remark: undefined }));
  bytes[bytes.length - 1] = 0xff;
  assertEquals(decode(bytes).ext, { a: "b\ufffd" });
});

Deno.test("decodeBinaryHeader() decodes or refuses headers with one bit flipped, each bit in turn", () => {
  const bytes = encodeBinaryHeader(sample());
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    assertDecodesOrRefuses(() => decode(withBitFlipped(bytes, bit)), `bit ${bit}`);
  }
});

Deno.test("decodeBinaryHeader() reads many small fields in linear time", () => {
  const ext = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key${index}`, "v"]));
  assertEquals(Object.keys(decode(encodeBinaryHeader(sample({ ext }))).ext).length, 20_000);
  assertEquals(encodeUtf8("v").length, 1);
});
