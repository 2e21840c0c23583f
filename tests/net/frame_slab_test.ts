/** Frames encoded behind each other are those of encodeFrame. */
import { assert, assertEquals } from "@std/assert";
import { createRequest, type RemotingCommand } from "../../protocol/command.ts";
import { encodeFrame } from "../../protocol/frame.ts";
import { FrameSlab } from "../../actors/net/frame_slab.ts";

function request(number: number, bytes: number, text = "plain"): RemotingCommand {
  const command = createRequest(
    310,
    { a: "G", b: text, i: `KEYS\u0001k${number}\u0002` },
    new Uint8Array(bytes).fill(number),
  );
  command.opaque = number;
  return command;
}

Deno.test("FrameSlab.encode() writes what encodeFrame() writes, whatever the sizes", () => {
  const slab = new FrameSlab();
  const kept: [Uint8Array, Uint8Array][] = [];
  for (let i = 0; i < 400; i++) {
    const command = request(i, (i * 977) % 30_000, i % 3 === 0 ? "Tötic 𝄞 日本" : "plain");
    if (i % 7 === 0) command.serializeType = 1;
    if (i % 5 === 0) command.remark = "rémark";
    kept.push([slab.encode(command), encodeFrame(command)]);
  }
  // Compared at the end: a later frame must not have touched an earlier one.
  for (const [frame, expected] of kept) assertEquals(frame, expected);
});

Deno.test("FrameSlab.encode() lays small frames behind each other", () => {
  const slab = new FrameSlab();
  const frames = Array.from({ length: 100 }, (_, i) => slab.encode(request(i, 1_000)));
  const behind = frames.filter((frame, i) => {
    const before = frames[i - 1];
    return before !== undefined && frame.buffer === before.buffer &&
      frame.byteOffset === before.byteOffset + before.length;
  });
  assert(behind.length >= 90, `${behind.length}`);
});

Deno.test("FrameSlab.encode() gives a large frame memory of its own", () => {
  const slab = new FrameSlab();
  const small = slab.encode(request(1, 10));
  const large = slab.encode(request(2, 1_000_000));
  assert(large.buffer !== small.buffer);
  assertEquals(large.buffer.byteLength, large.length);
});
