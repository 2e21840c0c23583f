import { assertEquals, assertThrows } from "@std/assert";
import {
  attachRegion,
  createRegion,
  raiseEpoch,
  readEpoch,
  RegionMismatchError,
  WORD_STRIDE_BYTES,
} from "../../../store/memory/region.ts";

const MAGIC = 0xcafe0001;

Deno.test("createRegion() makes zeros behind a descriptor of epoch 1", () => {
  const buffer = createRegion({ magic: MAGIC, layoutVersion: 3, capacity: 77 }, 512);
  assertEquals(buffer.byteLength, 512);
  assertEquals(readEpoch(new Int32Array(buffer)), 1);
  assertEquals(new Uint8Array(buffer, WORD_STRIDE_BYTES).every((byte) => byte === 0), true);
  assertEquals(attachRegion(buffer, MAGIC, 3), 77);
});

Deno.test("createRegion() refuses a region that cannot hold its descriptor", () => {
  assertThrows(
    () => createRegion({ magic: MAGIC, layoutVersion: 1, capacity: 0 }, WORD_STRIDE_BYTES - 1),
    RangeError,
    "127 bytes",
  );
});

Deno.test("attachRegion() refuses another magic and another layout", () => {
  const buffer = createRegion({ magic: MAGIC, layoutVersion: 1, capacity: 0 }, 128);
  const magic = assertThrows(() => attachRegion(buffer, MAGIC + 1, 1), RegionMismatchError, "magic is 0xcafe0001");
  assertEquals(magic.code, "REGION_MISMATCH");
  assertThrows(() => attachRegion(buffer, MAGIC, 2), RegionMismatchError, "layout is 1, expected 2");
  assertThrows(() => attachRegion(new SharedArrayBuffer(128), MAGIC, 1), RegionMismatchError);
});

Deno.test("raiseEpoch() counts up for everybody", () => {
  const buffer = createRegion({ magic: MAGIC, layoutVersion: 1, capacity: 0 }, 128);
  assertEquals(raiseEpoch(new Int32Array(buffer)), 2);
  assertEquals(raiseEpoch(new Int32Array(buffer)), 3);
  assertEquals(readEpoch(new Int32Array(buffer)), 3);
});
