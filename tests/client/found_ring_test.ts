/** The ring between PullMessageService's thread and the caller's: nothing lost, nothing out of order. */
import { assert, assertEquals } from "@std/assert";
import type { PullListener } from "../../actors/client/actor_set.ts";
import { FoundRing, foundRingMemory } from "../../actors/client/found_ring.ts";
import type { PulledBatch } from "../../actors/client/pull_contract.ts";
import { listenToPulls } from "../../actors/client/pull_inlet.ts";
import { Random } from "../helpers/random.ts";
import { until } from "../helpers/until.ts";

function batch(id: number, bytes: number, records = 1): PulledBatch {
  return {
    id,
    bytes: new Uint8Array(bytes).fill(id),
    starts: Int32Array.from({ length: records }, (_, i) => i * 7),
    bodies: [],
    nextOffset: id * 2 ** 33,
    minOffset: id,
    maxOffset: id + 0.5,
    rtMs: id / 3,
  };
}

Deno.test("FoundRing.take() gives what was put, each batch with memory of its own", () => {
  const memory = foundRingMemory();
  const [put, take] = [new FoundRing(memory), new FoundRing(memory)];
  assertEquals(take.take(0), undefined);
  for (const one of [batch(1, 100, 3), batch(2, 0, 0), batch(3, 16_384, 40)]) {
    assert(put.put(one, 0));
    const taken = take.take(0)!;
    assertEquals(taken, one);
    assert(taken.bytes.buffer instanceof ArrayBuffer && taken.starts.buffer instanceof ArrayBuffer);
  }
  assertEquals(take.hasBatch(0), false);
});

Deno.test("FoundRing.put() refuses what is large, what is decompressed, and what has no room", () => {
  const ring = new FoundRing(foundRingMemory());
  assertEquals(ring.put(batch(1, 16_385), 0), false);
  assertEquals(ring.put({ ...batch(1, 10), bodies: [[0, new Uint8Array(1)]] }, 0), false);
  let held = 0;
  while (ring.put(batch(held + 1, 16_000), 0)) held++;
  assertEquals(held, 16);
  for (let id = 1; id <= held; id++) assertEquals(ring.take(0)?.id, id);
  assert(ring.put(batch(9, 16_000), 0));
});

Deno.test("FoundRing keeps order and bytes over many laps", () => {
  const random = new Random(7);
  const ring = new FoundRing(foundRingMemory());
  const waiting: PulledBatch[] = [];
  let laps = 0;
  for (let id = 1; laps < 4_000_000; id++) {
    const one = batch(id, random.below(5_000), random.below(30));
    if (ring.put(one, 0)) waiting.push(one);
    laps += one.bytes.length;
    while (waiting.length > 0 && random.oneIn(2)) assertEquals(ring.take(0), waiting.shift());
    if (waiting.length > 40) { while (waiting.length > 0) assertEquals(ring.take(0), waiting.shift()); }
  }
});

Deno.test("A batch waits for the signals that were sent before it", () => {
  const ring = new FoundRing(foundRingMemory());
  ring.put(batch(1, 8), 0);
  ring.put(batch(2, 8), 2);
  assertEquals(ring.take(0)?.id, 1);
  assertEquals([ring.take(0), ring.take(1)], [undefined, undefined]);
  assertEquals(ring.take(2)?.id, 2);
  ring.put(batch(3, 8), 2 ** 31);
  assertEquals([ring.hasBatch(2 ** 31 - 1), ring.hasBatch((2 ** 31) | 0)], [false, true]);
});

Deno.test("listenToPulls() hands over batches and signals in the order in which they were given", async () => {
  const heard: string[] = [];
  const handlers = new Map<string, (payload: unknown) => void>();
  const end: PromiseWithResolvers<void> = Promise.withResolvers();
  const ref = {
    on: (name: string, handler: (payload: unknown) => void) => void handlers.set(name, handler),
    ended: end.promise,
  };
  const memory = foundRingMemory();
  const ring = new FoundRing(memory);
  const listener = {
    found: ({ id }: PulledBatch) => void heard.push(`found ${id}`),
    empty: (offset: number) => void heard.push(`empty ${offset}`),
  } as unknown as PullListener;
  listenToPulls(ref as never, memory, (id) => id === 99 ? undefined : listener);
  ring.put(batch(1, 8), 0);
  ring.ring();
  await until(() => heard.length === 1, { timeoutMs: 60_000, what: "the first batch" });
  // Not rung: the signals take along what was put before them, and what waited for them.
  ring.put(batch(2, 8), 0);
  ring.put(batch(99, 8), 1);
  ring.put(batch(3, 8), 1);
  ring.put(batch(5, 8), 2);
  handlers.get("empty")!({ id: 1, nextOffset: 10, rtMs: 1 });
  assertEquals(heard, ["found 1", "found 2", "empty 10", "found 3"]);
  handlers.get("found")!([batch(4, 8)]);
  assertEquals(heard.slice(4), ["found 4", "found 5"]);
  for (let id = 6; id < 200; id++) ring.put(batch(id === 99 ? 98 : id, 8), 2);
  ring.ring();
  await until(() => heard.length === 200, { timeoutMs: 60_000, what: "all that was rung for" });
  end.resolve();
  await end.promise;
  ring.put(batch(300, 8), 2);
  ring.ring();
  assertEquals(heard.length, 200);
});
