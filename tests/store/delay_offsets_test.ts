import { assert, assertEquals, assertThrows } from "@std/assert";
import { NO_DATA_VERSION } from "../../protocol/data_version.ts";
import { CHANGES_PER_VERSION, DelayOffsets } from "../../store/delay_offsets.ts";
import { StoreError } from "../../store/errors.ts";

const GOLDEN = new URL("../golden/stores/", import.meta.url);

function golden(store: string): string {
  return Deno.readTextFileSync(new URL(`${store}/config/delayOffset.json`, GOLDEN));
}

Deno.test("DelayOffsets.decode() reads what Apache wrote", () => {
  const offsets = DelayOffsets.decode(golden("store-clean"));
  assertEquals([...offsets.entries()].sort(([a], [b]) => a - b), [[1, 8], [2, 1], [16, 0], [17, 0], [18, 0]]);
  assertEquals(offsets.get(1), 8);
  assertEquals(offsets.get(3), 0);
  assertEquals(offsets.dirty, false);
  assertEquals([...DelayOffsets.decode(golden("store-timer")).entries()], []);
});

for (const store of ["store-clean", "store-killed"]) {
  Deno.test(`DelayOffsets.encode() writes the bytes of Apache's file again (${store})`, () => {
    const text = golden(store);
    assertEquals(DelayOffsets.decode(text).encode(), text);
  });
}

Deno.test("DelayOffsets.decode() reads a file of 4.9, which has no data version", () => {
  const offsets = DelayOffsets.decode(`{"offsetTable":{1:10,18:4}}`);
  assertEquals([offsets.get(1), offsets.get(18)], [10, 4]);
  assertEquals(DelayOffsets.decode(`{"offsetTable":{"3":7}}`).get(3), 7);
  assertEquals([...DelayOffsets.decode("{}").entries()], []);
});

Deno.test("DelayOffsets.encode() keeps fields that it does not know", () => {
  const offsets = DelayOffsets.decode(`{"dataVersion":{"counter":1,"future":7},"later":{"a":1},"offsetTable":{1:10}}`);
  offsets.set(2, 5, 100);
  const text = offsets.encode();
  for (const kept of ['"future":7', '"later":{', "1:10", "2:5"]) {
    assert(text.replaceAll(/\s/g, "").includes(kept), text);
  }
});

Deno.test("DelayOffsets.decode() refuses what it is not", () => {
  for (const text of ["[]", "7", `{"offsetTable":{1:"x"}}`, `{"offsetTable":{"a":1}}`, `{"offsetTable":{1:1.5}}`]) {
    assertThrows(() => DelayOffsets.decode(text), StoreError, "Cannot read delay offsets", text);
  }
});

Deno.test("DelayOffsets.set() is dirty when something changed only, and moves the version every 200 changes", () => {
  const offsets = new DelayOffsets(NO_DATA_VERSION);
  offsets.set(1, 5, 100);
  assertEquals(offsets.dirty, true);
  offsets.markSaved();
  offsets.set(1, 5, 100);
  assertEquals(offsets.dirty, false);
  for (let i = 0; i < CHANGES_PER_VERSION - 2; i++) offsets.set(1, 6 + i, 100);
  const before = offsets.encode();
  assertEquals(DelayOffsets.decode(before).get(1), 5 + CHANGES_PER_VERSION - 2);
  const counterOf = (text: string): number => Number(/"counter":(\d+)/.exec(text)?.[1]);
  assertEquals(counterOf(before), 0);
  offsets.set(2, 1, 12_345);
  assertEquals(counterOf(offsets.encode()), 1);
});
