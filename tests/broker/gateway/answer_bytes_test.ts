import { assert, assertEquals } from "@std/assert";
import {
  AckEncoder,
  ackOpaque,
  BROKER_VERSION,
  isAck,
  type PullAnswer,
  pushPullHeader,
  type UniqKey,
} from "../../../actors/broker/gateway/answer_bytes.ts";
import { createRequest, createResponse } from "../../../protocol/command.ts";
import { decodeFrame, encodeFrame } from "../../../protocol/frame.ts";
import { decodeOffsetMessageId } from "../../../protocol/message_id.ts";
import { SeededRandom } from "../../torture/seeded_random.ts";
import { connectionOver, outputOf } from "./recording_socket.ts";

const HOST = Uint8Array.of(10, 0, 0, 1, 0, 0, 0x2a, 0x9f);
const REGION = { regionId: "DefaultRegion", traceOn: true };
const KEY = new TextEncoder().encode("xx7F000001ABCDyy");

/** A part of the key. */
function keyOf(uniqKeyStart: number, uniqKeyEnd: number): UniqKey {
  return { bytes: KEY, view: new DataView(KEY.buffer), uniqKeyStart, uniqKeyEnd };
}

/** Numbers at the edges of what the fields hold. */
const INTS = [0, 1, 9, 10, 99, 2_147_483_647];
const LONGS = [...INTS, 4_294_967_295, 4_294_967_296, 1_099_511_627_776, Number.MAX_SAFE_INTEGER];

function encoded(
  values: {
    readonly opaque: number;
    readonly queueId: number;
    readonly queueOffset: number;
    readonly position: number;
  },
  acks: AckEncoder = new AckEncoder(HOST, REGION),
): { readonly out: Uint8Array; readonly end: number } {
  const out = new Uint8Array(7 + acks.bytesMax(12) + 5).fill(0xee);
  const { opaque, queueId, queueOffset, position } = values;
  const end = acks.encode(out, new DataView(out.buffer), 7, opaque, queueId, queueOffset, position, keyOf(2, 14));
  assert(end <= 7 + acks.bytesMax(12), "the bound holds");
  assert(out.subarray(0, 7).every((byte) => byte === 0xee), "nothing before the start");
  assert(out.subarray(end).every((byte) => byte === 0xee), "nothing behind the end");
  return { out, end };
}

Deno.test("AckEncoder.encode() writes what a general encoder would, for every edge of every field", () => {
  const acks = new AckEncoder(HOST, REGION);
  for (const opaque of [...INTS, -1, -2_147_483_648]) {
    for (const queueId of INTS) {
      for (const long of LONGS) {
        const position = LONGS[LONGS.length - 1]! - long;
        const { out, end } = encoded({ opaque, queueId, queueOffset: long, position }, acks);
        const command = decodeFrame(out.slice(7, end));
        assertEquals([command.code, command.flag, command.opaque, command.version], [0, 1, opaque, BROKER_VERSION]);
        const { msgId, ...ext } = command.ext;
        assertEquals(ext, {
          queueId: String(queueId),
          transactionId: "7F000001ABCD",
          queueOffset: String(long),
          TRACE_ON: "true",
          MSG_REGION: "DefaultRegion",
        });
        assertEquals(Number(decodeOffsetMessageId(msgId!).offset), LONGS[LONGS.length - 1]! - long);
      }
    }
  }
});

Deno.test("AckEncoder.encode() writes what a new encoder would after an acknowledgement with another key", () => {
  const acks = new AckEncoder(HOST, REGION);
  const used = new Uint8Array(1024);
  const fresh = new Uint8Array(1024);
  for (const [keyEnd, queueId] of [[14, 3], [10, 4], [14, 5], [14, 12], [14, 6], [10, 7]] as const) {
    const end = acks.encode(used, new DataView(used.buffer), 0, 7, queueId, 8, 1234, keyOf(2, keyEnd));
    const freshEnd = new AckEncoder(HOST, REGION).encode(
      fresh,
      new DataView(fresh.buffer),
      0,
      7,
      queueId,
      8,
      1234,
      keyOf(2, keyEnd),
    );
    assertEquals(used.subarray(0, end), fresh.subarray(0, freshEnd));
  }
});

Deno.test("AckEncoder.encode() writes what a new encoder would, whatever it wrote before", () => {
  const random = new SeededRandom(9);
  const acks = new AckEncoder(HOST, REGION);
  const used = new Uint8Array(1024);
  const fresh = new Uint8Array(1024);
  const digits = (): number => Math.floor(random.next() * 10 ** random.between(0, 11));
  for (let i = 0; i < 3000; i++) {
    const opaque = random.next() < 0.1 ? -random.between(0, 1000) : Math.min(digits(), 2_147_483_647);
    const keyStart = random.between(0, 3);
    const keyEnd = random.between(keyStart, KEY.length + 1);
    const values = [opaque, random.between(0, 12), digits() * random.between(1, 100_000), digits()] as const;
    const end = acks.encode(used, new DataView(used.buffer), 0, ...values, keyOf(keyStart, keyEnd));
    const freshEnd = new AckEncoder(HOST, REGION).encode(
      fresh,
      new DataView(fresh.buffer),
      0,
      ...values,
      keyOf(keyStart, keyEnd),
    );
    assertEquals(used.subarray(0, end), fresh.subarray(0, freshEnd));
  }
});

Deno.test("AckEncoder.encode() writes an address of IPv6 and a region with quotes", () => {
  const host = new Uint8Array(20).fill(0xab);
  const acks = new AckEncoder(host, { regionId: 'a"b\\c', traceOn: false });
  const { out, end } = encoded({ opaque: 5, queueId: 1, queueOffset: 2, position: 3 }, acks);
  const { ext } = decodeFrame(out.slice(7, end));
  assertEquals([ext["MSG_REGION"], ext["TRACE_ON"]], ['a"b\\c', "false"]);
  assertEquals(ext["msgId"], `${"AB".repeat(20)}${"3".padStart(16, "0")}`);
});

Deno.test("isAck() and ackOpaque() know an acknowledgement, and nothing else", () => {
  const random = new SeededRandom(1);
  for (let i = 0; i < 500; i++) {
    const opaque = random.between(-2_147_483_648, 2_147_483_647);
    const { out, end } = encoded({ opaque, queueId: 3, queueOffset: i, position: i * 1000 });
    assert(isAck(out, 7));
    assertEquals(ackOpaque(out, 7, end), opaque);
  }
  const request = createRequest(310, {});
  for (const code of [0, 1, 2, 10, 14, 19]) {
    assert(!isAck(encodeFrame(createResponse(request, code, "x", { offset: "1" })), 0), `code ${code}`);
  }
});

Deno.test("pushPullHeader() writes what a general encoder would, and counts the body in", () => {
  const random = new SeededRandom(2);
  const long = (): number => LONGS[random.between(0, LONGS.length)]!;
  for (let i = 0; i < 300; i++) {
    const connection = connectionOver();
    connection.push(Uint8Array.of(1, 2, 3));
    const answer: PullAnswer = {
      code: random.between(0, 30),
      remark: ["FOUND", "OFFSET_OVERFLOW_ONE", ""][random.between(0, 3)]!,
      suggestWhichBrokerId: random.between(0, 3),
      groupSysFlag: INTS[random.between(0, INTS.length)]!,
      topicSysFlag: random.between(0, 3),
      nextBeginOffset: long(),
      minOffset: long(),
      maxOffset: long(),
    };
    const opaque = random.between(-1000, 1000);
    const body = new Uint8Array(random.between(0, 3000)).fill(i);
    assert(pushPullHeader(connection, opaque, answer, body.length));
    connection.out.set(body, connection.outEnd);
    connection.outEnd += body.length;
    const command = decodeFrame(outputOf(connection).slice(3));
    assertEquals([command.code, command.opaque, command.flag], [answer.code, opaque, 1]);
    assertEquals(command.remark ?? "", answer.remark);
    assertEquals(command.body, body);
    const { code: _code, remark: _remark, ...numbers } = answer;
    assertEquals(
      command.ext,
      Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)])),
    );
  }
});

Deno.test("pushPullHeader() refuses when the client does not read, and when the connection is closed", () => {
  const answer: PullAnswer = {
    code: 0,
    remark: "FOUND",
    suggestWhichBrokerId: 0,
    groupSysFlag: 0,
    topicSysFlag: 0,
    nextBeginOffset: 1,
    minOffset: 0,
    maxOffset: 1,
  };
  const connection = connectionOver();
  assert(!pushPullHeader(connection, 1, answer, 65 * 1024 * 1024));
  assert(connection.closed);
  assert(!pushPullHeader(connection, 1, answer, 0));
});
