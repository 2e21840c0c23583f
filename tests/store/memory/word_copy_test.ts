import { assertEquals } from "@std/assert";
import { copyWords } from "../../../store/memory/word_copy.ts";
import { SeededRandom } from "../../torture/seeded_random.ts";

const BYTES = 200_000;

/** Words of random bytes in memory of either kind, behind a few bytes that are not theirs. */
function wordsOf(random: SeededRandom, isShared: boolean): DataView {
  const offset = random.between(0, 9);
  const buffer = isShared ? new SharedArrayBuffer(BYTES + offset) : new ArrayBuffer(BYTES + offset);
  const bytes = new Uint8Array(buffer);
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.between(0, 256);
  return new DataView(buffer, offset);
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

for (const [fromShared, intoShared] of [[false, true], [true, false], [true, true]] as const) {
  Deno.test(`copyWords() copies what set() copies, shared ${fromShared} into shared ${intoShared}`, () => {
    const random = new SeededRandom(11);
    const from = wordsOf(random, fromShared);
    const into = wordsOf(random, intoShared);
    const expected = bytesOf(into).slice();
    for (let i = 0; i < 400; i++) {
      const bytes = i % 50 === 0 ? random.between(60_000, 80_000) : random.between(0, 300);
      const start = random.between(0, BYTES - bytes + 1);
      const at = random.between(0, BYTES - bytes + 1);
      expected.set(bytesOf(from).slice(start, start + bytes), at);
      assertEquals(copyWords(into, at, from, start, bytes), at + bytes);
    }
    assertEquals(bytesOf(into).every((byte, i) => byte === expected[i]), true);
  });
}

Deno.test("copyWords() keeps bytes that are no number as words", () => {
  const from = new DataView(new ArrayBuffer(64));
  for (let i = 0; i < 64; i += 8) from.setBigUint64(i, 0x7ff4_0000_0000_0001n + BigInt(i), true);
  const into = new DataView(new SharedArrayBuffer(64));
  copyWords(into, 0, from, 0, 64);
  assertEquals([...bytesOf(into)], [...bytesOf(from)]);
});
