import { assertEquals } from "@std/assert";
import { DispatchProperties } from "../../store/dispatch_properties.ts";
import { hashOn } from "../../store/dispatch_text.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Values that a scan found in properties which lie behind a few other bytes. */
function valuesIn(scan: DispatchProperties, text: string): Record<string, string> {
  const bytes = encoder.encode(`??${text}??`);
  scan.scan(bytes, new DataView(bytes.buffer), 2, bytes.length - 2);
  const value = (start: number, end: number): string => decoder.decode(bytes.subarray(start, end));
  return {
    tags: value(scan.tagsStart, scan.tagsEnd),
    keys: value(scan.keysStart, scan.keysEnd),
    uniqKey: value(scan.uniqKeyStart, scan.uniqKeyEnd),
    delay: value(scan.delayStart, scan.delayEnd),
  };
}

/** Properties in a row: what follows a known one must be found as if it were the first. */
const ROWS: readonly string[] = [
  "UNIQ_KEY\x0100FF01\x02TAGS\x01a\x02WAIT\x01true\x02",
  "UNIQ_KEY\x0100FF02\x02TAGS\x01a\x02WAIT\x01true\x02",
  "UNIQ_KEY\x0100FF0\x02TAGS\x01ab\x02WAIT\x01true\x02",
  "UNIQ_KEY\x01\x02F\x01xxx\x02TAGS\x01a\x02WAIT\x01true\x02",
  "UNIQ_KEY\x0100FF03\x02TAGS\x01b\x02WAIT\x01true\x02",
  "UNIQ_KEY\x0100FF03\x02TAGS\x01a\x02WAIT\x01tru\x02\x02",
  "KEYS\x01k1 k2\x02DELAY\x013\x02UNIQ_KEY\x01zz\x02",
  "KEYS\x01k1 k2\x02DELAY\x013\x02UNIQ_KEY\x01yy\x02",
  "KEYS\x01k1 k3\x02DELAY\x014\x02UNIQ_KEY\x01yy\x02",
  "TAGS\x01no key\x02",
  "TAGS\x01no kez\x02",
  "UNIQ_KEY\x01first\x02UNIQ_KEY\x01later\x02",
  "UNIQ_KEY\x01fir\x02t\x02UNIQ_KEY\x01later\x02",
  "",
];

for (const [known, first] of ROWS.entries()) {
  Deno.test(`DispatchProperties.scan() finds the same behind properties that it knows, row ${known}`, () => {
    const scan = new DispatchProperties();
    valuesIn(scan, first);
    for (const row of ROWS) assertEquals(valuesIn(scan, row), valuesIn(new DispatchProperties(), row), row);
    for (const row of ROWS) assertEquals(valuesIn(scan, row), valuesIn(new DispatchProperties(), row), row);
  });
}

Deno.test("DispatchProperties.scan() finds nothing of the record before, and does not keep what is too long", () => {
  const scan = new DispatchProperties();
  const long = `UNIQ_KEY\x01${"k".repeat(2000)}\x02TAGS\x01t\x02`;
  assertEquals(valuesIn(scan, long), { tags: "t", keys: "", uniqKey: "k".repeat(2000), delay: "" });
  assertEquals(valuesIn(scan, "TAGS\x01no key\x02"), { tags: "no key", keys: "", uniqKey: "", delay: "" });
  assertEquals(valuesIn(scan, "WAIT\x01no key\x02"), { tags: "", keys: "", uniqKey: "", delay: "" });
});

/** Java's rule, one character after the other. */
function javaHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

Deno.test("hashOn() is Java's String.hashCode() at every length, continued anywhere", () => {
  const texts = ["7F00000100012A139A5515D4C91A0000", "TopicTest#a key", "Größe, 東京 und 🦆", "äbcd", "abcä", "abcdeä"];
  for (const text of texts) {
    for (let length = 0; length <= text.length; length++) {
      const bytes = encoder.encode(text.slice(0, length).toWellFormed());
      assertEquals(hashOn(0, bytes, 0, bytes.length), javaHash(decoder.decode(bytes)), text.slice(0, length));
    }
  }
  const bytes = encoder.encode("TopicTest#a key");
  for (let cut = 0; cut <= bytes.length; cut++) {
    assertEquals(hashOn(hashOn(0, bytes, 0, cut), bytes, cut, bytes.length), javaHash("TopicTest#a key"));
  }
});
