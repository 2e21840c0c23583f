import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeFrame } from "../../../protocol/frame.ts";
import { isAscii, SendFrame } from "../../../protocol/hot/send_frame.ts";

const FIELDS = {
  producerGroup: "G",
  topic: "Orders",
  createTopicKey: "TBW102",
  defaultTopicQueueNums: 4,
  queueId: 3,
  brokerName: "broker-a",
} as const;

Deno.test("SendFrame.write() writes what the general decoder reads, frame behind frame", () => {
  const frame = new SendFrame(FIELDS);
  const into = new Uint8Array(2_000).fill(0xee);
  const bodies = [new Uint8Array([1, 2, 3]), new Uint8Array(100).fill(9)];
  const properties = ["UNIQ_KEY\u00011\u0002", `KEYS\u0001${"k".repeat(300)}\u0002`];
  let at = 5;
  bodies.forEach((body, i) => {
    const end = frame.write(into, at, 70_000 + i, 1_700_000_000_000 + i, properties[i]!, body);
    const command = decodeFrame(into.subarray(at, end));
    assertEquals([command.code, command.opaque, command.flag, command.version], [310, 70_000 + i, 0, 493]);
    assertEquals(command.ext, {
      a: "G",
      b: "Orders",
      c: "TBW102",
      d: "4",
      e: "3",
      f: "0",
      g: String(1_700_000_000_000 + i),
      h: "0",
      i: properties[i]!,
      j: "0",
      k: "false",
      m: "false",
      n: "broker-a",
    });
    assertEquals(command.body, body);
    assertEquals(end - at, frame.headBytes + properties[i]!.length + body.length);
    at = end;
  });
  assertEquals([...into.subarray(0, 5), into[at]], [0xee, 0xee, 0xee, 0xee, 0xee, 0xee]);
});

Deno.test("SendFrame.write() refuses a time that is not of 13 digits", () => {
  const frame = new SendFrame(FIELDS);
  assertThrows(() => frame.write(new Uint8Array(1_000), 0, 1, 999, "", new Uint8Array(1)), RangeError);
  assertThrows(() => frame.write(new Uint8Array(1_000), 0, 1, 1e13, "", new Uint8Array(1)), RangeError);
});

Deno.test("isAscii() tells ASCII from the rest", () => {
  assert(isAscii("UNIQ_KEY\u0001x\u0002~"));
  assert(!isAscii("é"));
});
