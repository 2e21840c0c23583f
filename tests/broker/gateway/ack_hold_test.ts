import { assert, assertEquals } from "@std/assert";
import { AckQueue } from "../../../actors/broker/gateway/ack_hold.ts";
import type { GatewayConnection } from "../../../actors/broker/gateway/connection.ts";
import { SeededRandom } from "../../torture/seeded_random.ts";
import { connectionOver, outputOf } from "./recording_socket.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function hold(acks: AckQueue, connection: GatewayConnection, ack: string, position: number): void {
  const bytes = new TextEncoder().encode(ack);
  acks.room(bytes.length).set(bytes, acks.start);
  acks.hold(connection, acks.start + bytes.length, position);
}

Deno.test("AckQueue.releaseUpTo() gives each connection what its positions allow, in order", () => {
  const acks = new AckQueue();
  const [one, two] = [connectionOver(), connectionOver()];
  hold(acks, one, "a", 10);
  hold(acks, two, "bb", 20);
  hold(acks, one, "ccc", 30);
  assertEquals([acks.length, acks.nextPosition], [3, 10]);
  const touched: GatewayConnection[] = [];
  acks.releaseUpTo(9, (connection) => touched.push(connection));
  assertEquals(touched, []);
  acks.releaseUpTo(20, (connection) => touched.push(connection));
  assertEquals(touched, [one, two]);
  assertEquals([text(outputOf(one)), text(outputOf(two))], ["a", "bb"]);
  assertEquals([acks.length, acks.nextPosition], [1, 30]);
  acks.releaseUpTo(Infinity, () => {});
  assertEquals([text(outputOf(one)), acks.length, acks.nextPosition, acks.start], ["accc", 0, Infinity, 0]);
});

Deno.test("AckQueue.releaseUpTo() passes over connections that are closed", () => {
  const acks = new AckQueue();
  const [gone, there] = [connectionOver(), connectionOver()];
  hold(acks, gone, "x", 1);
  hold(acks, there, "y", 2);
  gone.close();
  const touched: GatewayConnection[] = [];
  acks.releaseUpTo(5, (connection) => touched.push(connection));
  assertEquals(touched, [there]);
  assertEquals(acks.length, 0);
});

Deno.test("AckQueue.expire() gives up those whose time has come, and no other", () => {
  const acks = new AckQueue();
  const connection = connectionOver();
  for (const [ack, deadlineMs] of [["a", 100], ["b", 100], ["c", 200]] as const) {
    acks.deadlineMs = deadlineMs;
    hold(acks, connection, ack, deadlineMs);
  }
  const late: string[] = [];
  const collect = (_: GatewayConnection, arena: Uint8Array, start: number, end: number): void => {
    late.push(text(arena.slice(start, end)));
  };
  assertEquals(acks.nextDeadlineMs, 100);
  acks.expire(99, collect);
  assertEquals(late, []);
  acks.expire(100, collect);
  assertEquals([late, acks.nextDeadlineMs, acks.length], [["a", "b"], 200, 1]);
});

Deno.test("AckQueue.dropAbove() refuses what the log no longer has, and keeps what is below", () => {
  const acks = new AckQueue();
  const connection = connectionOver();
  for (let i = 1; i <= 5; i++) hold(acks, connection, `ack${i}`, i * 10);
  acks.releaseUpTo(10, () => {});
  const refused: string[] = [];
  acks.dropAbove(30, (_, arena, start, end) => refused.push(text(arena.slice(start, end))));
  assertEquals(refused, ["ack4", "ack5"]);
  hold(acks, connection, "later", 35);
  acks.releaseUpTo(100, () => {});
  assertEquals(text(outputOf(connection)), "ack1ack2ack3later");
  acks.dropAbove(0, () => assert(false, "nothing is left"));
});

Deno.test("AckQueue is full at its bound and takes again when the front is gone", () => {
  const acks = new AckQueue();
  const connection = connectionOver();
  const megabyte = new Uint8Array(1024 * 1024);
  let held = 0;
  while (!acks.isFull) {
    acks.room(megabyte.length).set(megabyte, acks.start);
    acks.hold(connection, acks.start + megabyte.length, ++held);
  }
  assertEquals(held, 64);
  connection.close();
  acks.releaseUpTo(64, () => {});
  assert(!acks.isFull);
});

for (const seed of [1, 2, 3]) {
  Deno.test(`AckQueue behaves as a plain list does, over many thousands of steps (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const acks = new AckQueue();
    const connections = [connectionOver(), connectionOver(), connectionOver()];
    const expected = new Map(connections.map((connection) => [connection, ""]));
    let model: { connection: GatewayConnection; ack: string; position: number; deadlineMs: number }[] = [];
    let position = 0;
    let nowMs = 0;
    for (let step = 0; step < 20_000; step++) {
      const roll = random.next();
      if (roll < 0.8) {
        const connection = connections[random.between(0, 3)]!;
        const ack = `${step};`.repeat(random.between(1, 4));
        position += random.between(1, 100);
        acks.deadlineMs = nowMs + 50;
        hold(acks, connection, ack, position);
        model.push({ connection, ack, position, deadlineMs: nowMs + 50 });
      } else if (roll < 0.94) {
        const upTo = (model[0]?.position ?? position) + random.between(0, 1000);
        acks.releaseUpTo(upTo, () => {});
        for (const each of model.filter((held) => held.position <= upTo)) {
          expected.set(each.connection, expected.get(each.connection) + each.ack);
        }
        model = model.filter((held) => held.position > upTo);
      } else if (roll < 0.97) {
        nowMs += random.between(1, 40);
        const late: string[] = [];
        acks.expire(nowMs, (_, arena, start, end) => late.push(text(arena.slice(start, end))));
        assertEquals(late, model.filter((held) => held.deadlineMs <= nowMs).map(({ ack }) => ack));
        model = model.filter((held) => held.deadlineMs > nowMs);
      } else {
        const above = position - random.between(0, 300);
        const refused: string[] = [];
        acks.dropAbove(above, (_, arena, start, end) => refused.push(text(arena.slice(start, end))));
        assertEquals(refused, model.filter((held) => held.position > above).map(({ ack }) => ack));
        model = model.filter((held) => held.position <= above);
      }
      assertEquals(acks.length, model.length);
      assertEquals(acks.nextPosition, model[0]?.position ?? Infinity);
      assertEquals(acks.nextDeadlineMs, model[0]?.deadlineMs ?? Infinity);
    }
    for (const [connection, ack] of expected) assertEquals(text(outputOf(connection)), ack);
  });
}

for (const waiting of [1, 7, 600, 1023]) {
  Deno.test(`AckQueue gives each acknowledgement once while ${waiting} always wait`, () => {
    const acks = new AckQueue();
    const connection = connectionOver();
    let expected = "";
    for (let position = 1; position <= 5_000; position++) {
      hold(acks, connection, `${position};`, position);
      acks.releaseUpTo(position - waiting, () => {});
      if (position > waiting) expected += `${position - waiting};`;
      assertEquals(acks.length, Math.min(position, waiting));
    }
    assertEquals(text(outputOf(connection)), expected);
  });
}
