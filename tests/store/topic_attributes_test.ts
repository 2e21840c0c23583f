import { assertEquals, assertThrows } from "@std/assert";
import {
  alterGroupAttributes,
  alterTopicAttributes,
  AttributeError,
  parseAttributeChange,
} from "../../store/topic_attributes.ts";

Deno.test("parseAttributeChange() reads additions and deletions", () => {
  assertEquals(
    parseAttributeChange("+message.type=FIFO,-reserve.time"),
    new Map([["+message.type", "FIFO"], ["-reserve.time", ""]]),
  );
  assertEquals(parseAttributeChange("").size, 0);
  assertEquals(parseAttributeChange(undefined).size, 0);
});

Deno.test("parseAttributeChange() refuses parts without a sign and keys that come twice", () => {
  for (
    const [text, message] of [
      ["message.type=FIFO", "add/alter attribute format is wrong: message.type"],
      ["message.type", "delete attribute format is wrong: message.type"],
      ["+a=1,+a=2", "key duplication: +a"],
    ] as const
  ) assertThrows(() => parseAttributeChange(text), AttributeError, message);
});

/** Rows: whether the topic is new, what it has, the change, and the refusal. */
const REFUSALS: readonly [boolean, Record<string, string>, Record<string, string>, string][] = [
  [true, {}, { "+queue.type": "Odd" }, "value is not in set: [BatchCQ, SimpleCQ]"],
  [true, {}, { "-message.type": "" }, "only add attribute is supported while creating topic. key: message.type"],
  [false, {}, { "-message.type": "" }, "attempt to delete a nonexistent key: message.type"],
  [
    false,
    { "queue.type": "SimpleCQ" },
    { "+queue.type": "BatchCQ" },
    "attempt to update an unchangeable attribute. key: queue.type",
  ],
  [false, {}, { "+nobody": "x" }, "unsupported key: nobody"],
  [false, {}, { "message.type": "FIFO" }, "wrong format key: essage.type"],
  [false, {}, { "+": "FIFO" }, "kv string format wrong."],
  [false, {}, { "+a+b": "FIFO" }, "kv string format wrong."],
  [
    false,
    { "message.type": "FIFO" },
    { "+message.type": "NORMAL", "-message.type": "" },
    "alter duplication key. key: message.type",
  ],
  [true, {}, { "+reserve.time": "-2" }, "value is not in range(-1, 9223372036854775807)"],
  [true, {}, { "+reserve.time": "soon" }, 'For input string: "soon"'],
];

for (const [isNew, current, change, message] of REFUSALS) {
  Deno.test(`alterTopicAttributes() refuses ${JSON.stringify(change)} on ${isNew ? "a new topic" : JSON.stringify(current)}`, () => {
    const before = new Map(Object.entries(current));
    assertThrows(() => alterTopicAttributes(isNew, before, new Map(Object.entries(change))), AttributeError, message);
    assertEquals(before, new Map(Object.entries(current)));
  });
}

Deno.test("alterTopicAttributes() adds, replaces and deletes", () => {
  const current = new Map([["message.type", "FIFO"], ["reserve.time", "1"]]);
  const change = new Map([["+message.type", "DELAY"], ["-reserve.time", ""]]);
  assertEquals(alterTopicAttributes(false, current, change), new Map([["message.type", "DELAY"]]));
});

Deno.test("alterGroupAttributes() knows no attribute", () => {
  assertEquals(alterGroupAttributes(true, new Map(), new Map()).size, 0);
  assertThrows(
    () => alterGroupAttributes(true, new Map(), new Map([["+message.type", "FIFO"]])),
    AttributeError,
    "unsupported key",
  );
});
