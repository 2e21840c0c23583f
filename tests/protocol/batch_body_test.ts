import { assert, assertEquals, assertThrows } from "@std/assert";
import { BATCH_ITEM_BYTES_MIN, decodeBatchBody, encodeBatchBody } from "../../protocol/batch_body.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { writeShort } from "../../protocol/java_number.ts";
import { encodeUtf8 } from "../../protocol/utf8.ts";
import { assertDecodesOrRefuses, EXTREME_LENGTHS, withBitFlipped, withInt } from "./fuzz.ts";
import { goldenFrames } from "./golden.ts";

const ITEMS = [
  { flag: 1, body: encodeUtf8("one"), properties: "TAGS\u0001a\u0002" },
  { flag: -1, body: new Uint8Array(), properties: "" },
  { flag: 0, body: encodeUtf8("drei"), properties: "k\u0001ä\u0002" },
];

function assertRefused(bytes: Uint8Array): void {
  assertEquals(assertThrows(() => decodeBatchBody(bytes), ProtocolError).code, "BODY_MALFORMED");
}

Deno.test("encodeBatchBody() undoes decodeBatchBody()", () => {
  assertEquals(decodeBatchBody(encodeBatchBody(ITEMS)), ITEMS);
  assertEquals(encodeBatchBody(ITEMS.slice(1, 2)).length, BATCH_ITEM_BYTES_MIN);
  assertEquals(decodeBatchBody(new Uint8Array()), []);
});

Deno.test("encodeBatchBody() writes every golden batch byte for byte", () => {
  const batches = goldenFrames().filter(({ command }) => command.code === 320 && command.flag === 0);
  assert(batches.length >= 5);
  for (const { command, name } of batches) {
    const items = decodeBatchBody(command.body);
    assert(items.length > 1, name);
    assertEquals(encodeBatchBody(items), command.body, name);
  }
});

Deno.test("encodeBatchBody() refuses properties that do not fit", () => {
  const properties = "p".repeat(32_768);
  assertThrows(() => encodeBatchBody([{ flag: 0, body: new Uint8Array(), properties }]), ProtocolError);
});

Deno.test("decodeBatchBody() refuses a batch that is cut off, at every byte that ends no item", () => {
  const bytes = encodeBatchBody(ITEMS);
  const ends = [0, encodeBatchBody(ITEMS.slice(0, 1)).length, encodeBatchBody(ITEMS.slice(0, 2)).length];
  for (let end = 0; end < bytes.length; end++) {
    if (ends.includes(end)) assertEquals(decodeBatchBody(bytes.slice(0, end)).length, ends.indexOf(end));
    else assertRefused(bytes.slice(0, end));
  }
});

Deno.test("decodeBatchBody() refuses extreme lengths", () => {
  const bytes = encodeBatchBody(ITEMS.slice(0, 1));
  for (const length of EXTREME_LENGTHS) {
    assertRefused(withInt(bytes, 0, length));
    assertRefused(withInt(bytes, 16, length));
  }
  for (const length of [0, -1, 0x7fff]) {
    const damaged = bytes.slice();
    writeShort(damaged, 23, length);
    assertRefused(damaged);
  }
});

Deno.test("decodeBatchBody() decodes or refuses a batch with one bit flipped, each bit in turn", () => {
  const bytes = encodeBatchBody(ITEMS);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    assertDecodesOrRefuses(() => decodeBatchBody(withBitFlipped(bytes, bit)), `bit ${bit}`);
  }
});
