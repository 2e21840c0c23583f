import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { createRequest, createResponse, type RemotingCommand, SerializeType } from "../../protocol/command.ts";
import { ProtocolError, type ProtocolErrorCode } from "../../protocol/errors.ts";
import { decodeFrame, encodeFrame, encodeFrameHead, FrameDecoder } from "../../protocol/frame.ts";
import { readInt } from "../../protocol/java_number.ts";
import { FRAME_BYTES_MAX } from "../../protocol/limits.ts";
import {
  assertDecodesOrRefuses,
  EXTREME_LENGTHS,
  randomPieces,
  seededRandom,
  withBitFlipped,
  withInt,
} from "./fuzz.ts";
import { goldenFrames } from "./golden.ts";

function sample(bodyBytes = 5): RemotingCommand {
  const body = Uint8Array.from({ length: bodyBytes }, (_, index) => index);
  return { ...createRequest(310, { a: "PG", b: "Topic", i: "TAGS\u0001x\u0002" }, body), opaque: 7 };
}

function drain(decoder: FrameDecoder): RemotingCommand[] {
  const commands: RemotingCommand[] = [];
  for (let command = decoder.next(); command !== undefined; command = decoder.next()) commands.push(command);
  return commands;
}

function assertRefused(bytes: Uint8Array, code: ProtocolErrorCode): ProtocolError {
  const decoder = new FrameDecoder();
  decoder.push(bytes);
  const error = assertThrows(() => decoder.next(), ProtocolError);
  assertEquals(error.code, code);
  return error;
}

Deno.test("FrameDecoder.next() returns undefined when nothing was pushed", () => {
  assertEquals(new FrameDecoder().next(), undefined);
});

Deno.test("FrameDecoder.next() returns undefined for an empty chunk", () => {
  const decoder = new FrameDecoder();
  decoder.push(new Uint8Array(0));
  assertEquals(decoder.next(), undefined);
  decoder.push(encodeFrame(sample()));
  assertEquals(decoder.next(), sample());
});

Deno.test("FrameDecoder.next() yields golden frames that arrive byte by byte", () => {
  const frames = goldenFrames().filter((frame) => frame.file === "java54-producer.jsonl");
  const decoder = new FrameDecoder();
  const seen: RemotingCommand[] = [];
  for (const { bytes } of frames) {
    for (let index = 0; index < bytes.length; index++) {
      decoder.push(bytes.slice(index, index + 1));
      seen.push(...drain(decoder));
    }
  }
  assertEquals(seen, frames.map((frame) => frame.command));
  assertEquals(decoder.pendingBytes, 0);
});

for (const sizeMax of [3, 40, 700, 20_000]) {
  Deno.test(`FrameDecoder.next() yields golden frames that arrive in random pieces of up to ${sizeMax} bytes`, () => {
    const frames = goldenFrames().filter((frame) => frame.file === "go-client.jsonl" || frame.file.includes("binary"));
    const stream = new Uint8Array(frames.reduce((sum, frame) => sum + frame.bytes.length, 0));
    frames.reduce((position, { bytes }) => {
      stream.set(bytes, position);
      return position + bytes.length;
    }, 0);
    for (let seed = 1; seed <= 5; seed++) {
      const decoder = new FrameDecoder();
      const seen: RemotingCommand[] = [];
      for (const piece of randomPieces(stream, sizeMax, seededRandom(seed))) {
        decoder.push(piece);
        seen.push(...drain(decoder));
      }
      assertEquals(seen, frames.map((frame) => frame.command), `seed ${seed}`);
    }
  });
}

Deno.test("FrameDecoder.push() keeps the order when called several times before next()", () => {
  const bytes = encodeFrame(sample());
  const decoder = new FrameDecoder();
  for (let index = 0; index < 50; index++) {
    decoder.push(bytes.slice(0, index % bytes.length));
    decoder.push(bytes.slice(index % bytes.length));
  }
  assertEquals(decoder.pendingBytes, 50 * bytes.length);
  assertEquals(drain(decoder).length, 50);
  assertEquals(decoder.pendingBytes, 0);
});

Deno.test("FrameDecoder.next() gives a view of the chunk as body when the frame is whole in it", () => {
  const chunk = encodeFrame(sample());
  const decoder = new FrameDecoder();
  decoder.push(chunk);
  const command = decoder.next();
  assertStrictEquals(command?.body.buffer, chunk.buffer);
  assertEquals(decoder.heldBytes, 0);
});

Deno.test("FrameDecoder.next() gives a body that outlives its chunks when the frame was split", () => {
  const bytes = encodeFrame(sample(1000));
  const decoder = new FrameDecoder();
  const chunk = new Uint8Array(256);
  let command: RemotingCommand | undefined;
  for (let position = 0; position < bytes.length; position += chunk.length) {
    const piece = bytes.subarray(position, position + chunk.length);
    chunk.set(piece);
    decoder.push(chunk.subarray(0, piece.length));
    command = decoder.next();
  }
  chunk.fill(0xff);
  assertEquals(command, sample(1000));
});

Deno.test("FrameDecoder holds memory for what arrived and not for what was declared", () => {
  const decoder = new FrameDecoder();
  const prefix = new Uint8Array(8);
  decoder.push(withInt(prefix, 0, FRAME_BYTES_MAX - 4));
  assertEquals(decoder.next(), undefined);
  let arrived = prefix.length;
  for (let index = 0; index < 64; index++) {
    decoder.push(new Uint8Array(1000));
    assertEquals(decoder.next(), undefined);
    arrived += 1000;
    assert(decoder.heldBytes <= Math.max(4096, 2 * arrived), `${decoder.heldBytes} for ${arrived}`);
  }
});

Deno.test("FrameDecoder doubles its room, so that small chunks are not copied again and again", () => {
  const bytes = encodeFrame(sample(1_000_000));
  const decoder = new FrameDecoder();
  let growths = 0;
  let held = 0;
  for (let position = 0; position < bytes.length - 1; position += 61) {
    decoder.push(bytes.subarray(position, Math.min(position + 61, bytes.length - 1)));
    assertEquals(decoder.next(), undefined);
    if (decoder.heldBytes !== held) growths++;
    held = decoder.heldBytes;
  }
  assert(growths < 12, `${growths}`);
  decoder.push(bytes.subarray(bytes.length - 1));
  assertEquals(decoder.next()?.body.length, 1_000_000);
});

Deno.test("FrameDecoder.next() accepts a frame of exactly the bound and refuses one byte more", () => {
  const head = encodeFrameHead(sample(0), 0).length;
  const frame = encodeFrame(sample(100));
  const exact = new FrameDecoder({ frameBytesMax: frame.length });
  exact.push(frame);
  assertEquals(exact.next()?.body.length, 100);
  const small = new FrameDecoder({ frameBytesMax: frame.length - 1 });
  small.push(frame);
  const error = assertThrows(() => small.next(), ProtocolError);
  assertEquals([error.code, error.position, error.need, error.have], [
    "FRAME_LENGTH",
    0,
    frame.length - 4,
    frame.length - 5,
  ]);
  assertEquals(head + 100, frame.length);
});

Deno.test("FrameDecoder.next() accepts 16 MiB and refuses more from the length word alone", () => {
  const word = new Uint8Array(4);
  const decoder = new FrameDecoder();
  decoder.push(withInt(word, 0, FRAME_BYTES_MAX - 4));
  assertEquals(decoder.next(), undefined);
  assertRefused(withInt(word, 0, FRAME_BYTES_MAX - 3), "FRAME_LENGTH");
});

Deno.test("FrameDecoder.next() throws the same error again after the first", () => {
  const decoder = new FrameDecoder();
  decoder.push(withInt(encodeFrame(sample()), 0, -1));
  const first = assertThrows(() => decoder.next(), ProtocolError);
  decoder.push(encodeFrame(sample()));
  assertStrictEquals(assertThrows(() => decoder.next(), ProtocolError), first);
  assertEquals(decoder.heldBytes, 0);
});

Deno.test("FrameDecoder.next() refuses each extreme length, whole and byte by byte", () => {
  for (const serializeType of [SerializeType.JSON, SerializeType.ROCKETMQ]) {
    const bytes = encodeFrame({ ...sample(), serializeType });
    for (const length of EXTREME_LENGTHS) {
      const damaged = withInt(bytes, 0, length);
      assertRefused(damaged, "FRAME_LENGTH");
      const decoder = new FrameDecoder();
      assertThrows(() => {
        for (const byte of damaged) {
          decoder.push(Uint8Array.of(byte));
          decoder.next();
        }
      }, ProtocolError);
    }
  }
});

Deno.test("FrameDecoder.next() refuses a header that is longer than its frame", () => {
  const bytes = encodeFrame(sample());
  const headerAndBody = bytes.length - 8;
  const error = assertRefused(withInt(bytes, 4, headerAndBody + 1), "FRAME_HEADER_LENGTH");
  assertEquals([error.position, error.need, error.have], [4, headerAndBody + 1, headerAndBody]);
  assertRefused(withInt(bytes, 4, 0xffffff), "FRAME_HEADER_LENGTH");
});

Deno.test("FrameDecoder.next() refuses an empty header", () => {
  assertRefused(withInt(encodeFrame(sample()), 4, 0), "JSON_MALFORMED");
  assertRefused(withInt(encodeFrame(sample()), 4, 1 << 24), "HEADER_MALFORMED");
});

Deno.test("FrameDecoder.next() refuses an unknown serialize type", () => {
  const bytes = encodeFrame(sample());
  for (const type of [2, 0x7f, 0xff]) {
    assertRefused(withInt(bytes, 4, (type << 24) | (readInt(bytes, 4) & 0xffffff)), "FRAME_SERIALIZE_TYPE");
  }
});

Deno.test("FrameDecoder.next() decodes or refuses golden frames with one bit flipped", () => {
  const random = seededRandom(20_261_121);
  for (const { bytes, name } of goldenFrames().filter((_, index) => index % 16 === 0)) {
    for (let trial = 0; trial < 12; trial++) {
      // The first bits hold the lengths and the beginning of the header: they are hit more often than the rest.
      const reach = trial < 8 ? Math.min(bytes.length, 120) : bytes.length;
      const bit = Math.floor(random() * reach * 8);
      const decoder = new FrameDecoder();
      decoder.push(withBitFlipped(bytes, bit));
      assertDecodesOrRefuses(() => drain(decoder), `${name} bit ${bit}`);
    }
  }
});

Deno.test("decodeFrame() refuses bytes that are not exactly one frame", () => {
  const bytes = encodeFrame(sample());
  for (const wrong of [bytes.subarray(0, 3), bytes.subarray(0, bytes.length - 1), Uint8Array.of(...bytes, 0)]) {
    assertEquals(assertThrows(() => decodeFrame(wrong), ProtocolError).code, "FRAME_LENGTH");
  }
});

Deno.test("encodeFrame() undoes decodeFrame() for requests and responses of both header types", () => {
  const request = sample();
  for (const serializeType of [SerializeType.JSON, SerializeType.ROCKETMQ]) {
    const response = createResponse(request, 1, "Fehler: schön \u{1f600}", { key: "wert" }, Uint8Array.of(1));
    for (const command of [request, response, { ...createRequest(11), opaque: -1 }]) {
      assertEquals(decodeFrame(encodeFrame({ ...command, serializeType })), { ...command, serializeType });
    }
  }
});

Deno.test("encodeFrameHead() gives what encodeFrame() puts before the body", () => {
  const bytes = encodeFrame(sample(9));
  const head = encodeFrameHead(sample(0), 9);
  assertEquals(head, bytes.subarray(0, head.length));
  assertEquals(head.length + 9, bytes.length);
});

Deno.test("encodeFrame() refuses a frame above 16 MiB", () => {
  const error = assertThrows(() => encodeFrameHead(sample(0), FRAME_BYTES_MAX), ProtocolError);
  assertEquals(error.code, "FRAME_LENGTH");
});
