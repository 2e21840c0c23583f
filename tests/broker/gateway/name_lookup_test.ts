import { assertEquals, assertStrictEquals } from "@std/assert";
import { NameLookup } from "../../../actors/broker/gateway/name_lookup.ts";
import { SeededRandom } from "../../torture/seeded_random.ts";

const bytesOf = (name: string): Uint8Array => new TextEncoder().encode(name);

Deno.test("NameLookup.find() resolves a name once and finds it by its bytes, wherever they stand", () => {
  const asked: string[] = [];
  const lookup = new NameLookup((name) => {
    asked.push(name);
    return { name };
  });
  const bytes = bytesOf("xxTopicÄyy");
  const value = lookup.find(bytes, 2, bytes.length - 2);
  assertEquals(value, { name: "TopicÄ" });
  assertStrictEquals(lookup.find(bytesOf("TopicÄ"), 0, 7), value);
  assertStrictEquals(lookup.byName("TopicÄ"), value);
  assertEquals(asked, ["TopicÄ"]);
});

Deno.test("NameLookup does not remember what resolves to nothing", () => {
  const known = new Map<string, string>();
  const lookup = new NameLookup((name) => known.get(name));
  assertEquals(lookup.byName("T"), undefined);
  known.set("T", "there");
  assertEquals(lookup.byName("T"), "there");
  assertEquals(lookup.find(bytesOf("T"), 0, 1), "there");
});

Deno.test("NameLookup.forget() and clear() make it ask again, also for the last one found", () => {
  let version = 1;
  const lookup = new NameLookup((name) => `${name}${version}`);
  for (const name of ["a", "b"]) lookup.find(bytesOf(name), 0, 1);
  version = 2;
  assertEquals(lookup.find(bytesOf("b"), 0, 1), "b1");
  lookup.forget(["b", "unknown"]);
  assertEquals([lookup.find(bytesOf("b"), 0, 1), lookup.byName("a")], ["b2", "a1"]);
  lookup.clear();
  assertEquals(lookup.find(bytesOf("a"), 0, 1), "a2");
});

Deno.test("NameLookup agrees with a map over thousands of names, prefixes of each other among them", () => {
  const random = new SeededRandom(1);
  const lookup = new NameLookup((name) => ({ name }));
  const known = new Map<string, unknown>();
  for (let step = 0; step < 20_000; step++) {
    const name = "n".repeat(random.between(1, 4)) + random.between(0, 2000);
    if (random.next() < 0.1) {
      lookup.forget([name]);
      known.delete(name);
      continue;
    }
    const bytes = bytesOf(`${name}tail`);
    const found = random.next() < 0.5 ? lookup.byName(name) : lookup.find(bytes, 0, bytes.length - 4);
    assertEquals(found?.name, name);
    if (known.has(name)) assertStrictEquals(found, known.get(name));
    known.set(name, found);
  }
  assertEquals([...lookup.values()].length, known.size);
});
