import { assertEquals } from "@std/assert";
import { CachedUnits } from "../../store/cached_units.ts";
import { UNIT_BYTES } from "../../store/consume_queue.ts";
import type { QueueUnits } from "../../store/consume_queue_reader.ts";
import { SeededRandom } from "../torture/seeded_random.ts";

/** A queue whose unit n begins with n; it counts its reads. */
class Counted implements QueueUnits {
  reads = 0;
  constructor(readonly fileBytes: number, readonly first: number, readonly end: number) {}
  starts(): number[] {
    return [];
  }
  readUnits(offset: number, count: number, into: Uint8Array, intoStart: number): number {
    this.reads++;
    if (offset < this.first) return 0;
    const found = Math.max(0, Math.min(count, this.end - offset));
    const view = new DataView(into.buffer);
    for (let unit = 0; unit < found; unit++) view.setInt32(intoStart + unit * UNIT_BYTES, offset + unit);
    return found;
  }
}

Deno.test("CachedUnits.readUnits() gives what its source gives, in files of any size that begin anywhere", () => {
  const random = new SeededRandom(7);
  for (const fileUnits of [1, 10, 203, 204, 205, 1000, 300_000]) {
    const first = fileUnits * random.between(0, 4);
    const source = new Counted(fileUnits * UNIT_BYTES, first, first + random.between(1, 2000));
    const cached = new CachedUnits(source);
    for (let attempt = 0; attempt < 500; attempt++) {
      const offset = first + random.between(0, 2100);
      const count = random.between(1, 300);
      const [expected, actual] = [new Uint8Array(400 * UNIT_BYTES), new Uint8Array(400 * UNIT_BYTES)];
      const found = source.readUnits(offset, count, expected, UNIT_BYTES);
      assertEquals(cached.readUnits(offset, count, actual, UNIT_BYTES), found, `${fileUnits} ${offset} ${count}`);
      assertEquals(actual, expected);
      if (attempt % 50 === 0) cached.drop();
    }
  }
});

Deno.test("CachedUnits reads a short queue once", () => {
  const source = new Counted(6_000_000, 0, 100);
  const cached = new CachedUnits(source);
  const unit = new Uint8Array(UNIT_BYTES);
  for (const offset of [0, 1, 2, 4, 64, 99, 100, 128]) {
    assertEquals(cached.readUnits(offset, 1, unit), offset < 100 ? 1 : 0);
  }
  assertEquals(source.reads, 1);
  cached.drop();
  cached.readUnits(0, 1, unit);
  assertEquals(source.reads, 2);
});
