import { assertEquals, assertThrows } from "@std/assert";
import { KV_CHARACTERS_MAX, KvConfig, KvConfigFullError } from "../../actors/name_server/kv_config.ts";
import { StoreError } from "../../store/errors.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";

const PATH = "/ns/namesrv/kvConfig.json";

function textOf(disk: MemoryDisk, path: string = PATH): string {
  return new TextDecoder().decode(disk.readFile(path));
}

Deno.test("KvConfig.put() writes the file in RocketMQ's form before the value shows", () => {
  const disk = new MemoryDisk();
  const config = new KvConfig(disk, PATH);
  assertEquals(config.get("n", "k"), undefined);
  config.put("ADM_NS", "key1", "value1");
  assertEquals(textOf(disk), `{"configTable":{"ADM_NS":{"key1":"value1"}}}`);
  config.put("ADM_NS", "key2", "é\n");
  assertEquals(textOf(disk, `${PATH}.bak`), `{"configTable":{"ADM_NS":{"key1":"value1"}}}`);
  const again = new KvConfig(disk, PATH);
  assertEquals([...again.list("ADM_NS") ?? []], [["key1", "value1"], ["key2", "é\n"]]);
});

Deno.test("KvConfig.delete() keeps the namespace when its last key goes", () => {
  const disk = new MemoryDisk();
  const config = new KvConfig(disk, PATH);
  config.put("ORDER_TOPIC_CONFIG", "T", "a:3");
  config.delete("ORDER_TOPIC_CONFIG", "T");
  config.delete("nowhere", "T");
  assertEquals(config.list("ORDER_TOPIC_CONFIG")?.size, 0);
  assertEquals(config.list("nowhere"), undefined);
  assertEquals(new KvConfig(disk, PATH).list("ORDER_TOPIC_CONFIG")?.size, 0);
});

Deno.test("KvConfig reads what a Java name server wrote", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory("/ns/namesrv");
  disk.writeFile(PATH, new TextEncoder().encode(`{"configTable":{"ORDER_TOPIC_CONFIG":{"1":"a:1","T":"b:2"},"N":{}}}`));
  const config = new KvConfig(disk, PATH);
  assertEquals(config.get("ORDER_TOPIC_CONFIG", "1"), "a:1");
  assertEquals(config.list("N")?.size, 0);
});

Deno.test("KvConfig throws when the file is something else, and does not touch it", () => {
  for (const text of ["{", "[]", `{"configTable":{"N":3}}`, "\xff"]) {
    const disk = new MemoryDisk();
    disk.makeDirectory("/ns/namesrv");
    disk.writeFile(PATH, Uint8Array.from(text, (character) => character.charCodeAt(0)));
    assertThrows(() => new KvConfig(disk, PATH), StoreError, PATH);
    assertEquals(disk.readFile(PATH).length, text.length);
  }
});

Deno.test("KvConfig.put() refuses what would pass its bound, and keeps the rest", () => {
  const disk = new MemoryDisk();
  const config = new KvConfig(disk, PATH);
  config.put("n", "k", "v");
  assertThrows(() => config.put("n", "big", "x".repeat(KV_CHARACTERS_MAX)), KvConfigFullError);
  assertEquals([...config.list("n") ?? []], [["k", "v"]]);
});
