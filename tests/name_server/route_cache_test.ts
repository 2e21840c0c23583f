import { assert, assertEquals } from "@std/assert";
import { RouteCache } from "../../actors/name_server/route_cache.ts";
import { RouteFrame } from "../../actors/name_server/route_frame.ts";
import { createRequest, createResponse } from "../../protocol/command.ts";
import { encodeFrame } from "../../protocol/frame.ts";
import { RouteGenerations } from "../../actors/name_server/route_generations.ts";

const BODY = frame(3);

function frame(bytes: number): RouteFrame {
  return new RouteFrame(createRequest(105), new Uint8Array(bytes));
}

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
  for (let at = 0; at < 10; at++) cache.put(`s${at}`, `${at}`, reader.stampOf(`${at}`), frame(300));
  assertEquals(cache.counts.entries, 2);
  assertEquals(cache.counts.bytes <= 2_000, true);
  assert((cache.get("s9")?.bytes ?? 0) > 300);
  cache.put("s9", "9", reader.stampOf("9"), frame(5_000));
  assertEquals(cache.get("s9"), undefined);
  assertEquals(cache.counts.entries, 1);
});

Deno.test("RouteFrame.complete() makes what encodeFrame() makes, for every length of an opaque", () => {
  const body = new TextEncoder().encode(`{"opaque":1234567890}`);
  const template = new RouteFrame(createRequest(105, { topic: "T" }), body);
  const opaques = [0, 1, 9, 10, 99, 100, 12_345, 999_999_999, 1_234_567_890, 2_147_483_647, -1, -10, -2_147_483_648];
  for (const opaque of opaques) {
    const request = { ...createRequest(105, { topic: "T" }), opaque };
    assertEquals(template.complete(opaque), encodeFrame(createResponse(request, 0, undefined, {}, body)));
  }
});
