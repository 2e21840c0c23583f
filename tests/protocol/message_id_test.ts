import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../protocol/errors.ts";
import { encodeAddress, encodeHost } from "../../protocol/host.ts";
import {
  decodeOffsetMessageId,
  decodeUniqueId,
  encodeOffsetMessageId,
  encodeUniqueId,
  monthStartMs,
  uniqueIdTimeMs,
} from "../../protocol/message_id.ts";

Deno.test("encodeOffsetMessageId() writes host and offset as upper-case digits", () => {
  assertEquals(encodeOffsetMessageId(encodeHost("127.0.0.1:20911"), 66_525), "7F000001000051AF00000000000103DD");
  const v6 = encodeOffsetMessageId(encodeHost("[::1]:1"), 255);
  assertEquals(v6, "0000000000000000000000000000000100000001" + "00000000000000FF");
  assertEquals(decodeOffsetMessageId(v6.toLowerCase()), { host: encodeHost("[::1]:1"), offset: 255 });
});

Deno.test("encodeOffsetMessageId() refuses a host of another size", () => {
  assertEquals(
    assertThrows(() => encodeOffsetMessageId(new Uint8Array(4), 0), ProtocolError).code,
    "HOST_MALFORMED",
  );
});

Deno.test("decodeOffsetMessageId() refuses text that is no id", () => {
  for (
    const text of ["", "7F", "7F000001000051AF00000000000103D", "7F000001000051AF00000000000103DG", "0".repeat(34)]
  ) {
    assertEquals(assertThrows(() => decodeOffsetMessageId(text), ProtocolError).code, "MESSAGE_ID_MALFORMED", text);
  }
});

Deno.test("encodeUniqueId() undoes decodeUniqueId() for ids of golden clients", () => {
  const v4 = "C00002022A8D4E0E2F2A6914C52F0000";
  const v6 = "FD00000000000000000000000000000220044E0E2F2A691105A20008";
  for (const text of [v4, v6]) assertEquals(encodeUniqueId(decodeUniqueId(text)), text);
  const id = decodeUniqueId(v4);
  assertEquals(id, {
    address: encodeAddress("192.0.2.2"),
    processId: 0x2a8d,
    hash: 0x4e0e2f2a,
    elapsedMs: 0x6914c52f,
    counter: 0,
  });
  assertEquals(decodeUniqueId(v6).address, encodeAddress("fd00::2"));
  assertEquals(decodeUniqueId(v6).counter, 8);
});

Deno.test("encodeUniqueId() keeps the low bits of what is too large", () => {
  const id = {
    address: encodeAddress("10.0.0.1"),
    processId: 0x12345,
    hash: -1,
    elapsedMs: 2_678_400_000,
    counter: 65_537,
  };
  assertEquals(decodeUniqueId(encodeUniqueId(id)), { ...id, processId: 0x2345, counter: 1 });
});

Deno.test("uniqueIdTimeMs() works out the time within this month and the last", () => {
  const now = new Date(2026, 10, 21, 12).getTime();
  const start = new Date(2026, 10, 1).getTime();
  assertEquals(monthStartMs(now), start);
  const id = { address: encodeAddress("10.0.0.1"), processId: 1, hash: 1, counter: 0 };
  assertEquals(uniqueIdTimeMs({ ...id, elapsedMs: now - start - 5000 }, now), now - 5000);
  const lastMonth = new Date(2026, 9, 1).getTime();
  const late = new Date(2026, 9, 30, 3).getTime();
  assertEquals(uniqueIdTimeMs({ ...id, elapsedMs: late - lastMonth }, now), late);
});
