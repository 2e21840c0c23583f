import { assertEquals } from "@std/assert";
import { sameButHex, sameBytes } from "../../../protocol/hot/header_shape.ts";

const AROUND = 5;
const LENGTH_MAX = 41;

/** A view of bytes that begin at {@link AROUND}, in memory that ends with them. */
function viewOf(bytes: Uint8Array): DataView {
  const all = new Uint8Array(AROUND + bytes.length).fill(0x7e);
  all.set(bytes, AROUND);
  return new DataView(all.buffer);
}

Deno.test("sameBytes() and sameButHex() look at each byte and at no other, whatever the length", () => {
  for (let length = 0; length <= LENGTH_MAX; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i % 3 === 0 ? 0x30 + i % 10 : 0x67 + i % 18);
    const known = viewOf(bytes);
    assertEquals(sameBytes(viewOf(bytes), AROUND, known, AROUND, length), true);
    assertEquals(sameButHex(viewOf(bytes), AROUND, known, AROUND, length), true);
    for (let at = 0; at < length; at++) {
      const isDigit = at % 3 === 0;
      const other = bytes.slice();
      other[at] = isDigit ? 0x41 : 0x7a;
      assertEquals(sameBytes(viewOf(other), AROUND, known, AROUND, length), false, `byte ${at} of ${length}`);
      assertEquals(sameButHex(viewOf(other), AROUND, known, AROUND, length), isDigit, `byte ${at} of ${length}`);
    }
  }
});

Deno.test("sameButHex() takes no other letter behind a backslash, wherever its words end", () => {
  for (let before = 0; before <= 20; before++) {
    const text = (escape: string): DataView =>
      new DataView(new TextEncoder().encode(`"${"1".repeat(before)}\\${escape}22222222`).buffer);
    const bytes = before + 10;
    assertEquals(sameButHex(text("b"), 1, text("f"), 1, bytes), false, `${before} digits before`);
    assertEquals(sameButHex(text("b"), 1, text("b"), 1, bytes), true);
  }
});
