import { assert, assertEquals } from "@std/assert";
import { hostBytes, OUT_BYTES_MAX } from "../../../actors/broker/gateway/connection.ts";
import { until } from "../../helpers/until.ts";
import { SeededRandom } from "../../torture/seeded_random.ts";
import { connectionOver, outputOf, RecordingSocket } from "./recording_socket.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const patience = (what: string): { timeoutMs: number; what: string } => ({ timeoutMs: 10_000, what });

Deno.test("hostBytes() writes addresses as records hold them", () => {
  assertEquals([...hostBytes("10.20.30.255:10911")], [10, 20, 30, 255, 0, 0, 0x2a, 0x9f]);
  assertEquals([...hostBytes("[::ffff:1.2.3.4]:5")], [1, 2, 3, 4, 0, 0, 0, 5]);
  const v6 = (address: string): string => hostBytes(address).subarray(0, 16).toHex();
  assertEquals(v6("[::1]:9"), "1".padStart(32, "0"));
  assertEquals(v6("[fe80::1:2%eth0]:9"), "fe800000000000000000000000010002");
  assertEquals(v6("[2001:db8:1:2:3:4:5:6]:9"), "20010db8000100020003000400050006");
  assertEquals(hostBytes("[::]:65535").length, 20);
});

Deno.test("GatewayConnection.release() sends what was there, and what comes later waits for the next", async () => {
  const socket = new RecordingSocket();
  const connection = connectionOver(socket);
  connection.push(bytesOf("one"));
  assertEquals(socket.text, "");
  socket.hold();
  connection.release();
  connection.push(bytesOf("two"));
  connection.push(bytesOf("three"));
  socket.open();
  await until(() => socket.text === "one", patience("the first write"));
  assertEquals(new TextDecoder().decode(outputOf(connection)), "twothree");
  connection.release();
  await until(() => socket.text === "onetwothree", patience("the second write"));
  assertEquals(socket.written.length, 2);
});

Deno.test("GatewayConnection.release() while a write is under way sends all of it in one more write", async () => {
  const socket = new RecordingSocket();
  const connection = connectionOver(socket);
  socket.hold();
  connection.push(bytesOf("a"));
  connection.release();
  for (const piece of ["b", "c", "d"]) {
    connection.push(bytesOf(piece));
    connection.release();
  }
  connection.push(bytesOf("not released"));
  socket.open();
  await until(() => socket.text === "abcd", patience("both writes"));
  assertEquals(socket.written.length, 2);
  assertEquals(new TextDecoder().decode(outputOf(connection)), "not released");
  assertEquals(connection.releasedEnd, 0);
});

Deno.test("GatewayConnection goes on when a socket takes a few bytes at a time, and nothing is mixed up", async () => {
  const random = new SeededRandom(3);
  const socket = new RecordingSocket();
  const connection = connectionOver(socket);
  let sent = "";
  for (let i = 0; i < 300; i++) {
    socket.writeBytesMax = random.between(1, 3000);
    const frame = `${i}:${"x".repeat(random.between(0, 5000))};`;
    sent += frame;
    connection.push(bytesOf(frame));
    if (random.next() < 0.5) connection.release();
    if (random.next() < 0.3) await Promise.resolve();
  }
  connection.release();
  await until(() => socket.text.length === sent.length, patience("everything written"));
  assertEquals(socket.text, sent);
});

Deno.test("GatewayConnection.reserve() cuts off a client that does not read", () => {
  const socket = new RecordingSocket();
  const connection = connectionOver(socket);
  assert(connection.reserve(OUT_BYTES_MAX));
  connection.outEnd = 1;
  assert(!connection.reserve(OUT_BYTES_MAX));
  assert(connection.closed);
  assert(socket.isClosed);
  connection.push(bytesOf("late"));
  assertEquals(connection.outEnd, 0);
});

Deno.test("GatewayConnection closes when a write fails, once", async () => {
  const socket = new RecordingSocket();
  const connection = connectionOver(socket);
  socket.failure = new Error("broken pipe");
  connection.push(bytesOf("x"));
  connection.release();
  await until(() => connection.closed, patience("the close"));
  connection.close();
  assertEquals(socket.written, []);
});

/** Feeds bytes in pieces as the gateway does, taking frames of `4 + length` bytes. */
async function feed(stream: Uint8Array, piecesMax: () => number): Promise<{ frames: Uint8Array[]; capacity: number }> {
  const socket = new RecordingSocket();
  const connection = connectionOver(socket);
  for (let at = 0; at < stream.length;) {
    const count = Math.min(stream.length - at, piecesMax());
    socket.arrive(stream.subarray(at, at + count));
    at += count;
  }
  const frames: Uint8Array[] = [];
  let capacity = 0;
  for (let count = await connection.read(); count !== null; count = await connection.read()) {
    assert(count > 0, "there is always room for a read");
    connection.end += count;
    const view = (): DataView => new DataView(connection.input.buffer);
    while (connection.end - connection.start >= 4) {
      const bytes = 4 + view().getInt32(connection.start);
      if (connection.end - connection.start < bytes) break;
      frames.push(connection.input.slice(connection.start, connection.start + bytes));
      connection.start += bytes;
    }
    const held = connection.end - connection.start;
    connection.makeRoom(held >= 4 ? 4 + view().getInt32(connection.start) : 0);
    capacity = Math.max(capacity, connection.input.length);
  }
  return { frames, capacity };
}

function frameOf(bytes: number, fill: number): Uint8Array {
  const frame = new Uint8Array(4 + bytes).fill(fill);
  new DataView(frame.buffer).setInt32(0, bytes);
  return frame;
}

for (const seed of [1, 2, 3]) {
  Deno.test(`GatewayConnection.makeRoom() loses nothing, whatever the pieces (seed ${seed})`, async () => {
    const random = new SeededRandom(seed);
    const sent = Array.from({ length: 60 }, (_, i) => {
      const bytes = random.next() < 0.1 ? random.between(200_000, 900_000) : random.between(1, 20_000);
      return frameOf(bytes, i);
    });
    const stream = new Uint8Array(await new Blob(sent as Uint8Array<ArrayBuffer>[]).arrayBuffer());
    const { frames } = await feed(
      stream,
      () => random.next() < 0.5 ? random.between(1, 50) : random.between(1, 400_000),
    );
    assertEquals(frames.length, sent.length);
    frames.forEach((frame, i) => assertEquals(frame, sent[i]));
  });
}

Deno.test("GatewayConnection.makeRoom() grows with what arrives, not with what is announced", async () => {
  const announced = frameOf(16_000_000, 1).subarray(0, 100);
  const { frames, capacity } = await feed(announced, () => 10);
  assertEquals(frames, []);
  assert(capacity < 64 * 1024, `${capacity} bytes for 100 that arrived`);
  const small = await feed(
    new Uint8Array(
      await new Blob(
        Array.from({ length: 1000 }, () => frameOf(60, 2)) as Uint8Array<ArrayBuffer>[],
      ).arrayBuffer(),
    ),
    () => 64,
  );
  assertEquals(small.frames.length, 1000);
  assertEquals(small.capacity, 8 * 1024);
});
