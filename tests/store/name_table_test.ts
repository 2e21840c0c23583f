/** Numbers of names: found by bytes wherever they stand, whatever was added and taken out before. */
import { assertEquals } from "@std/assert";
import { NameTable } from "../../store/name_table.ts";
import { SeededRandom } from "../torture/seeded_random.ts";

const bytesOf = (name: string): Uint8Array => new TextEncoder().encode(name);

const findIn = (table: NameTable, name: string): number => {
  const bytes = bytesOf(`x${name}y`);
  return table.find(bytes, 1, bytes.length - 1);
};

Deno.test("NameTable numbers names from 0 and gives the number of one that was taken out again", () => {
  const table = new NameTable();
  assertEquals(["a", "b", "c"].map((name) => table.add(bytesOf(name))), [0, 1, 2]);
  assertEquals(["a", "b", "c", "d", "", "ab"].map((name) => findIn(table, name)), [0, 1, 2, -1, -1, -1]);
  assertEquals([table.remove(bytesOf("b")), table.remove(bytesOf("b"))], [1, -1]);
  assertEquals([findIn(table, "b"), table.add(bytesOf("d")), table.add(bytesOf("b")), table.count], [-1, 1, 3, 4]);
});

Deno.test("NameTable.clear() leaves nothing, also not of the name found last", () => {
  const table = new NameTable();
  for (const name of ["a", "b"]) table.add(bytesOf(name));
  assertEquals(findIn(table, "b"), 1);
  table.clear();
  assertEquals([findIn(table, "b"), findIn(table, "a"), table.count, table.add(bytesOf("b"))], [-1, -1, 0, 0]);
});

Deno.test("NameTable agrees with a map while thousands of names come and go", () => {
  for (const seed of [1, 2, 3]) {
    const random = new SeededRandom(seed);
    const table = new NameTable();
    const known = new Map<string, number>();
    for (let step = 0; step < 30_000; step++) {
      const name = "n".repeat(random.between(0, 5)) + random.between(0, 3000);
      const number = known.get(name) ?? -1;
      if (random.next() < 0.4) {
        assertEquals(table.remove(bytesOf(name)), number);
        known.delete(name);
      } else {
        assertEquals(findIn(table, name), number);
        if (number < 0) known.set(name, table.add(bytesOf(name)));
      }
    }
    assertEquals(table.count, known.size);
    assertEquals(new Set(known.values()).size, known.size);
    for (const [name, number] of known) assertEquals(findIn(table, name), number);
  }
});
