/** Memory that is given back before the collector finds it. */
import { assert, assertEquals } from "@std/assert";
import { freeBytes } from "../../protocol/free_bytes.ts";

Deno.test("freed bytes are empty, with every view of the same buffer, and may be freed twice", () => {
  const bytes = new Uint8Array(64 * 1024);
  const view = new DataView(bytes.buffer);
  freeBytes(bytes.subarray(5));
  assertEquals([bytes.length, bytes.buffer.byteLength], [0, 0]);
  assert(bytes.buffer.detached);
  freeBytes(bytes);
  assertEquals(view.buffer.byteLength, 0);
});

Deno.test("shared memory is left alone: others may look at it", () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(16)).fill(7);
  freeBytes(bytes);
  assertEquals(bytes.length, 16);
  assertEquals(bytes[15], 7);
});

Deno.test("large buffers that are freed one by one do not pile up until the collector comes", () => {
  const before = Deno.memoryUsage().external;
  let most = 0;
  for (let i = 0; i < 4_000; i++) {
    const bytes = new Uint8Array(256 * 1024);
    bytes[i] = 1;
    freeBytes(bytes);
    if (i % 100 === 0) most = Math.max(most, Deno.memoryUsage().external - before);
  }
  assert(most < 4 * 1024 * 1024, `${most} bytes were held`);
});
