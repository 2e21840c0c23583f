import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  encodeHaAnswer,
  encodeHaConfirmation,
  encodeHaHandshake,
  encodeHaSwitchTransferHeader,
  HA_ANSWER_HEADER_BYTES,
  HA_CONFIRMATION_BYTES,
  HA_EPOCH_BYTES,
  HA_EPOCHS_MAX,
  HA_HANDSHAKE_BYTES,
  HA_SWITCH_TRANSFER_BYTES_MAX,
  HA_SWITCH_TRANSFER_HEADER_BYTES,
  HaFollowerDecoder,
  HaMasterDecoder,
} from "../../protocol/ha_switch_frame.ts";
import { assertDecodesOrRefuses, randomPieces, seededRandom, withBitFlipped, withInt } from "./fuzz.ts";

const FAR = 2 ** 40 + 12_345;

/** Frames of one side, with what they say; bytes as the layouts of RocketMQ's two classes put them. */
const FOLLOWER: readonly [Uint8Array, unknown][] = [
  [
    encodeHaHandshake({ isFromLastFile: true, isLearner: false, brokerId: 3 }),
    { kind: "handshake", isFromLastFile: true, isLearner: false, brokerId: 3 },
  ],
  [
    encodeHaHandshake({ isFromLastFile: false, isLearner: true, brokerId: 0x7fffffff }),
    { kind: "handshake", isFromLastFile: false, isLearner: true, brokerId: 0x7fffffff },
  ],
  [encodeHaConfirmation(0), { kind: "confirmation", position: 0 }],
  [encodeHaConfirmation(FAR), { kind: "confirmation", position: FAR }],
];

const EPOCHS = [{ epoch: 1, start: 0 }, { epoch: 7, start: FAR }];
const HEADER = { position: FAR + 5, epoch: 7, epochStart: FAR, confirmed: FAR + 2 };
const DATA = Uint8Array.from({ length: 300 }, (_, index) => index);

const MASTER: readonly [Uint8Array, unknown][] = [
  [encodeHaAnswer({ end: FAR, epoch: 7, epochs: EPOCHS }), { kind: "answer", end: FAR, epoch: 7, epochs: EPOCHS }],
  [encodeHaAnswer({ end: 0, epoch: 1, epochs: [] }), { kind: "answer", end: 0, epoch: 1, epochs: [] }],
  [encodeHaSwitchTransferHeader(HEADER, 0), { kind: "transfer", ...HEADER, data: new Uint8Array() }],
  [joined([encodeHaSwitchTransferHeader(HEADER, DATA.length), DATA]), { kind: "transfer", ...HEADER, data: DATA }],
];

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

const SIDES = [
  { name: "HaFollowerDecoder", frames: FOLLOWER, decoder: () => new HaFollowerDecoder() },
  { name: "HaMasterDecoder", frames: MASTER, decoder: () => new HaMasterDecoder() },
] as const;

function framesOf(decoder: HaFollowerDecoder | HaMasterDecoder, pieces: Iterable<Uint8Array>): unknown[] {
  const frames: unknown[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
      frames.push("data" in frame ? { ...frame, data: frame.data.slice() } : frame);
    }
  }
  return frames;
}

Deno.test("frames of the switch protocol have RocketMQ's bytes", () => {
  const hex = (bytes: Uint8Array): string => bytes.toHex();
  assertEquals(hex(FOLLOWER[0]![0]), "00000001" + "0001" + "0000" + "0000000000000003");
  assertEquals(hex(encodeHaConfirmation(258)), "00000002" + "0000000000000102");
  assertEquals(
    hex(encodeHaAnswer({ end: 258, epoch: 2, epochs: [{ epoch: 1, start: 16 }] })),
    "00000001" + "0000000c" + "0000000000000102" + "00000002" + "00000001" + "0000000000000010",
  );
  assertEquals(
    hex(encodeHaSwitchTransferHeader({ position: 1, epoch: 2, epochStart: 3, confirmed: 4 }, 5)),
    "00000002" + "00000005" + "0000000000000001" + "00000002" + "0000000000000003" + "0000000000000004",
  );
  assertEquals(
    [
      HA_HANDSHAKE_BYTES,
      HA_CONFIRMATION_BYTES,
      HA_ANSWER_HEADER_BYTES,
      HA_EPOCH_BYTES,
      HA_SWITCH_TRANSFER_HEADER_BYTES,
    ],
    [16, 12, 20, 12, 36],
  );
});

for (const { name, frames, decoder } of SIDES) {
  const expected = frames.map(([, frame]) => frame);
  const stream = joined(frames.map(([bytes]) => bytes));

  Deno.test(`${name}.next() reads frames whole, byte by byte and in random pieces`, () => {
    assertEquals(framesOf(decoder(), [stream]), expected);
    assertEquals(framesOf(decoder(), [...stream].map((byte) => Uint8Array.of(byte))), expected);
    for (let seed = 1; seed <= 30; seed++) {
      assertEquals(
        framesOf(decoder(), randomPieces(stream, 1 + seed * 3, seededRandom(seed))),
        expected,
        `seed ${seed}`,
      );
    }
  });

  Deno.test(`${name}.next() waits for the last byte of each frame`, () => {
    for (const [bytes, frame] of frames) {
      const reading = decoder();
      reading.push(bytes.subarray(0, -1));
      assertEquals(reading.next(), undefined);
      reading.push(bytes.subarray(-1));
      assertEquals(framesOf(reading, [new Uint8Array()]), [frame]);
    }
  });

  Deno.test(`${name}.next() decodes or refuses frames with one bit flipped`, () => {
    for (const [bytes] of frames) {
      for (let bit = 0; bit < Math.min(bytes.length, 60) * 8; bit++) {
        assertDecodesOrRefuses(() => framesOf(decoder(), [withBitFlipped(bytes, bit)]), `bit ${bit}`);
      }
    }
  });

  Deno.test(`${name}.next() refuses other states`, () => {
    for (const state of [0, 3, 4, -1]) {
      const reading = decoder();
      reading.push(withInt(stream, 0, state));
      const error = assertThrows(() => reading.next(), ProtocolError, `state is ${state}`);
      assertEquals(error.code, "BODY_MALFORMED");
    }
  });
}

Deno.test("HaMasterDecoder.next() refuses sizes that no frame has", () => {
  const answer = MASTER[0]![0];
  const transfer = MASTER[2]![0];
  const limit = HA_EPOCHS_MAX * HA_EPOCH_BYTES;
  for (const [frame, size] of [[answer, -12], [answer, 13], [answer, limit + 12], [transfer, -1]] as const) {
    const decoder = new HaMasterDecoder();
    decoder.push(withInt(frame, 4, size));
    assertThrows(() => decoder.next(), ProtocolError, String(size));
  }
  const decoder = new HaMasterDecoder();
  decoder.push(withInt(transfer, 4, HA_SWITCH_TRANSFER_BYTES_MAX + 1));
  assertThrows(() => decoder.next(), ProtocolError, "limit is");
  const largest = new HaMasterDecoder();
  largest.push(withInt(transfer, 4, HA_SWITCH_TRANSFER_BYTES_MAX));
  assertEquals(largest.next(), undefined);
});

Deno.test("encodeHaAnswer() refuses more epochs than a follower takes", () => {
  const epochs = Array.from({ length: HA_EPOCHS_MAX + 1 }, (_, epoch) => ({ epoch, start: epoch }));
  assertThrows(() => encodeHaAnswer({ end: 0, epoch: 0, epochs }), ProtocolError);
  assert(encodeHaAnswer({ end: 0, epoch: 0, epochs: epochs.slice(1) }).length > 12_000);
});
