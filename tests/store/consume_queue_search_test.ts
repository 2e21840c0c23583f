import { assertEquals } from "@std/assert";
import { UNIT_BYTES } from "../../store/consume_queue.ts";
import { offsetByStoreTime, type TimeSearch } from "../../store/consume_queue_search.ts";

const RECORD_BYTES = 100;

/** A queue of ten units in two files, stored at 1000, 1010 … ms, of which the first four have lost their records. */
const SEARCH: TimeSearch = {
  source: {
    readUnits: (offset, count, into, intoStart) => {
      const view = new DataView(into.buffer, into.byteOffset);
      for (let i = 0; i < count; i++) {
        view.setBigInt64(intoStart + i * UNIT_BYTES, BigInt((offset + i) * RECORD_BYTES));
        view.setInt32(intoStart + i * UNIT_BYTES + 8, RECORD_BYTES);
      }
      return count;
    },
  },
  fileUnits: 8,
  first: 0,
  min: 4,
  max: 10,
  logMin: 4 * RECORD_BYTES,
  storeTimeOf: (position) => 1000 + position / RECORD_BYTES * 10,
};

Deno.test("offsetByStoreTime() stays between the smallest and the largest offset, whatever the time", () => {
  const found = (timestampMs: number): number[] =>
    (["lower", "upper"] as const).map((boundary) => offsetByStoreTime(SEARCH, timestampMs, boundary));
  assertEquals(found(0), [4, 4], "before everything, and before what was removed");
  assertEquals(found(1_005), [4, 4], "a time of what was removed");
  assertEquals(found(1_050), [5, 5]);
  assertEquals(found(1_055), [6, 5]);
  assertEquals(found(9_999), [10, 9], "behind everything");
});
