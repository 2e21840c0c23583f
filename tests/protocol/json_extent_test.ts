import { assertEquals } from "@std/assert";
import { walkMembers } from "../../protocol/json_extent.ts";
import { decodeUtf8, encodeUtf8 } from "../../protocol/utf8.ts";

/** The members as texts, or undefined when the walk refused. */
function membersOf(text: string): [string, string][] | undefined {
  const bytes = encodeUtf8(text);
  const members: [string, string][] = [];
  const isWhole = walkMembers(bytes, 0, bytes.length, (key, start, end) => {
    members.push([key, decodeUtf8(bytes, start, end)]);
    return true;
  });
  return isWhole ? members : undefined;
}

Deno.test("walkMembers() finds each value whatever stands inside it", () => {
  const members = {
    text: `},]"\\`,
    "ключ": "é",
    'a"b\\c': [{ x: "]" }, [], "}"],
    n: -1.5e3,
    t: true,
    none: null,
    o: {},
  };
  for (const indent of [0, 2]) {
    const found = membersOf(` ${JSON.stringify(members, null, indent)}\n`);
    assertEquals(found?.map(([key, value]) => [key, JSON.parse(value)]), Object.entries(members));
  }
});

Deno.test("walkMembers() takes an empty object, and keeps keys that come twice", () => {
  assertEquals(membersOf(" { } "), []);
  assertEquals(membersOf(`{"a":1,"a":2}`), [["a", "1"], ["a", "2"]]);
});

Deno.test("walkMembers() refuses what is cut, not an object, or not strict", () => {
  const whole = `{"a":{"b":["c",1]},"d":"e"}`;
  for (let end = 0; end < whole.length; end++) assertEquals(membersOf(whole.slice(0, end)), undefined);
  const texts = ["[]", "1", `{"a":1}x`, `{"a":1,}`, `{"a":}`, `{"a"}`, `{"a" 1}`, `{a:1}`, `{'a':1}`, `{"a":'}'}`];
  for (const text of [...texts, `{"a":1/*}*/}`, `{"\\x":1}`, `{"a":1 "b":2}`, `{"a":{"b":'"'}}`]) {
    assertEquals(membersOf(text), undefined, text);
  }
});

Deno.test("walkMembers() stops when a member is not taken", () => {
  const bytes = encodeUtf8(`{"a":1,"b":2,"c":3}`);
  const keys: string[] = [];
  assertEquals(walkMembers(bytes, 0, bytes.length, (key) => keys.push(key) < 2), false);
  assertEquals(keys, ["a", "b"]);
});
