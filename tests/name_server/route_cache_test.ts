import { assertEquals } from "@std/assert";
import { RouteCache } from "../../actors/name_server/route_cache.ts";
import { RouteGenerations } from "../../actors/name_server/route_generations.ts";

const BODY = new Uint8Array([1, 2, 3]);

function bench(bytesMax = 1_000_000): { writer: RouteGenerations; reader: RouteGenerations; cache: RouteCache } {
  const memory = RouteGenerations.allocate();
  const reader = new RouteGenerations(memory);
  return { writer: new RouteGenerations(memory), reader, cache: new RouteCache(reader, bytesMax) };
}

Deno.test("RouteCache.get() gives what was put until the topic changes", () => {
  const { writer, reader, cache } = bench();
  assertEquals(cache.get("sT"), undefined);
  cache.put("sT", "T", reader.stampOf("T"), BODY);
  cache.put("sU", "U", reader.stampOf("U"), BODY);
  assertEquals(cache.get("sT"), BODY);
  writer.changeTopic("T");
  assertEquals(cache.get("sT"), undefined);
  assertEquals(cache.get("sU"), BODY);
  assertEquals(cache.counts.entries, 1);
});

Deno.test("RouteCache.get() gives nothing when every topic may have changed", () => {
  const { writer, reader, cache } = bench();
  cache.put("sT", "T", reader.stampOf("T"), BODY);
  writer.changeEvery();
  assertEquals(cache.get("sT"), undefined);
  assertEquals(cache.counts, { hits: 0, misses: 1, bytes: 0, entries: 0 });
});

Deno.test("RouteCache.get() gives nothing when the topic changed between question and answer", () => {
  const { writer, reader, cache } = bench();
  const stamp = reader.stampOf("T");
  writer.changeTopic("T");
  cache.put("sT", "T", stamp, BODY);
  assertEquals(cache.get("sT"), undefined);
});

Deno.test("RouteCache.put() drops the oldest when it is full, and keeps nothing larger than its bound", () => {
  const { reader, cache } = bench(2_000);
  for (let at = 0; at < 10; at++) cache.put(`s${at}`, `${at}`, reader.stampOf(`${at}`), new Uint8Array(500));
  assertEquals(cache.counts.entries, 2);
  assertEquals(cache.counts.bytes <= 2_000, true);
  assertEquals(cache.get("s9")?.length, 500);
  cache.put("s9", "9", reader.stampOf("9"), new Uint8Array(5_000));
  assertEquals(cache.get("s9"), undefined);
  assertEquals(cache.counts.entries, 1);
});
