import { assert, assertEquals, assertThrows } from "@std/assert";
import { RegionMismatchError } from "../../../store/memory/region.ts";
import { createTokenRing, putLong, takeLong, TokenRing } from "../../../store/memory/token_ring.ts";
import { withActors } from "../../helpers/with_actors.ts";
import { startThreads } from "./threads.ts";

Deno.test("createTokenRing() takes powers of two only", () => {
  for (const records of [0, -4, 3, 100]) {
    assertThrows(() => createTokenRing({ records, recordWords: 1 }), RangeError, "no power of two");
  }
  assertThrows(() => new TokenRing(new SharedArrayBuffer(4096)), RegionMismatchError);
});

Deno.test("TokenRing.accept() gives records in the order of their offers, lap after lap", () => {
  const buffer = createTokenRing({ records: 4, recordWords: 2 });
  const offering = new TokenRing(buffer);
  const accepting = new TokenRing(buffer);
  const into = new Int32Array(2);
  assertEquals(accepting.accept(into), false);
  for (let lap = 0; lap < 50; lap++) {
    for (let i = 0; i < 3; i++) assert(offering.offer(Int32Array.of(lap, i)));
    assertEquals(accepting.length, 3);
    for (let i = 0; i < 3; i++) {
      assert(accepting.accept(into));
      assertEquals([...into], [lap, i]);
    }
    assert(accepting.isEmpty);
  }
});

Deno.test("TokenRing.offer() refuses when the ring is full, raises the mark and keeps what was there", () => {
  const ring = new TokenRing(createTokenRing({ records: 2, recordWords: 1 }));
  const into = new Int32Array(1);
  assert(ring.offer(Int32Array.of(1)));
  assert(ring.offer(Int32Array.of(2)));
  assertEquals(ring.offer(Int32Array.of(3)), false);
  assertEquals(ring.length, 2);
  assert(ring.accept(into));
  assertEquals(into[0], 1);
  assert(ring.accept(into));
  assertEquals(into[0], 2);
  assertEquals(ring.isEmpty, false, "the overflow mark counts as work");
  assertEquals(ring.takeOverflow(), true);
  assertEquals(ring.takeOverflow(), false);
  assert(ring.isEmpty);
});

Deno.test("TokenRing goes on when its positions pass 2^31", () => {
  const buffer = createTokenRing({ records: 8, recordWords: 1 });
  const words = new Int32Array(buffer);
  // Head and tail as they stand after 2^31 − 3 records.
  words[32] = 0x7ffffffd;
  words[64] = 0x7ffffffd;
  const ring = new TokenRing(buffer);
  const into = new Int32Array(1);
  for (let i = 0; i < 20; i++) {
    assert(ring.offer(Int32Array.of(i)));
    assertEquals(ring.length, 1);
    assert(ring.accept(into));
    assertEquals(into[0], i);
  }
  for (let i = 0; i < 8; i++) assert(ring.offer(Int32Array.of(i)));
  assertEquals(ring.offer(Int32Array.of(8)), false);
});

Deno.test("TokenRing carries records between two threads without loss, doubling or disorder", async () => {
  await withActors(async (keep) => {
    const [offering, accepting] = await startThreads(keep, "offering", "accepting");
    const ring = createTokenRing({ records: 16, recordWords: 2 });
    const count = 200_000;
    const [{ disorder }] = await Promise.all([
      accepting!.ask("acceptTokens", { ring, count }, { timeoutMs: 60_000 }),
      offering!.ask("offerTokens", { ring, count }, { timeoutMs: 60_000 }),
    ]);
    assertEquals(disorder, 0);
    assertEquals(new TokenRing(ring).length, 0);
  });
});

Deno.test("putLong() and takeLong() carry whole numbers up to 2^53 − 1", () => {
  const record = new Int32Array(2);
  for (const value of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 48 + 5, Number.MAX_SAFE_INTEGER]) {
    putLong(record, 0, value);
    assertEquals(takeLong(record, 0), value);
  }
});
