import { assertEquals } from "@std/assert";
import { HoldTable, type Parked, type Wake } from "../../../actors/broker/hold/hold_table.ts";
import { WakeReason } from "../../../actors/broker/broker_memory.ts";
import { SeededRandom } from "../../torture/seeded_random.ts";

type Woken = [gateway: number, token: number, reason: number];

const parked = (token: number, offset: number, deadlineMs: number, filterId = 0): Parked => ({
  gateway: token % 3,
  token,
  offset,
  deadlineMs,
  queueId: 0,
  filterId,
});

function wakesOf(run: (wake: Wake) => number): Woken[] {
  const woken: Woken[] = [];
  assertEquals(run((gateway, token, reason) => woken.push([gateway, token, reason])), woken.length);
  return woken;
}

Deno.test("HoldTable.arrived() wakes those who wait below the largest offset of that queue", () => {
  const table = new HoldTable();
  table.park(7, parked(1, 5, 100));
  table.park(7, parked(2, 6, 100));
  table.park(8, parked(3, 5, 100));
  assertEquals(wakesOf((wake) => table.arrived(7, 5, wake)), []);
  assertEquals(wakesOf((wake) => table.arrived(7, 6, wake)), [[1, 1, WakeReason.Arrival]]);
  assertEquals(wakesOf((wake) => table.arrived(9, 100, wake)), []);
  assertEquals([table.size, [...table.slots()]], [2, [7, 8]]);
  assertEquals(wakesOf((wake) => table.arrived(7, 7, wake)), [[2, 2, WakeReason.Arrival]]);
  assertEquals([...table.slots()], [8]);
  table.check();
});

Deno.test("HoldTable.expire() wakes those whose time is over, in every queue", () => {
  const table = new HoldTable();
  table.park(1, parked(1, 0, 100));
  table.park(2, parked(2, 0, 101));
  table.park(2, parked(3, 0, 100));
  assertEquals(wakesOf((wake) => table.expire(99, wake)), []);
  assertEquals(wakesOf((wake) => table.expire(100, wake)), [
    [1, 1, WakeReason.Deadline],
    [0, 3, WakeReason.Deadline],
  ]);
  assertEquals(table.size, 1);
  table.check();
});

Deno.test("HoldTable.arrived() lets a filtered pull sleep over what does not match, and wakes it at what may", () => {
  const looked: [from: number, to: number][] = [];
  const matching = new Set([9]);
  const table = new HoldTable((_, from, to) => {
    looked.push([from, to]);
    for (let offset = from; offset < to; offset++) if (matching.has(offset)) return offset;
    return to;
  });
  const woken: number[][] = [];
  const arrived = (maxOffset: number): number => table.arrived(7, maxOffset, (...wake) => woken.push(wake));
  table.park(7, parked(1, 5, 100, 3));
  assertEquals([arrived(5), arrived(6), arrived(8), arrived(8)], [0, 0, 0, 0]);
  assertEquals(looked, [[5, 6], [6, 8]], "nothing is looked at twice");
  table.park(7, parked(2, 5, 100));
  assertEquals([arrived(12), table.size], [2, 0]);
  assertEquals(woken, [[1, 1, WakeReason.Arrival, 9], [2, 2, WakeReason.Arrival, 5]]);
  table.park(7, parked(3, 10, 100, 3));
  arrived(20);
  table.expire(100, (...wake) => woken.push(wake));
  assertEquals(woken.at(-1), [0, 3, WakeReason.Deadline, 20], "a deadline tells what was passed over");
  table.check();
});

Deno.test("HoldTable.forget() takes out one pull of one gateway, and nothing that is not there", () => {
  const table = new HoldTable();
  for (const token of [1, 4]) table.park(7, parked(token, 5, 100));
  table.park(7, { ...parked(4, 5, 100), gateway: 2 });
  table.forget(7, 1, 4);
  table.forget(7, 1, 4);
  table.forget(8, 1, 1);
  table.check();
  assertEquals(wakesOf((wake) => table.arrived(7, 6, wake)), [
    [1, 1, WakeReason.Arrival],
    [2, 4, WakeReason.Arrival],
  ]);
  table.park(9, parked(2, 5, 100));
  table.forget(9, 2, 2);
  assertEquals([table.size, [...table.slots()]], [0, []]);
});

Deno.test("HoldTable wakes each pull exactly once, over many steps", () => {
  const random = new SeededRandom(1);
  const table = new HoldTable();
  const waiting = new Map<number, { slot: number; offset: number; deadlineMs: number }>();
  let nowMs = 0;
  for (let token = 1; token <= 20_000; token++) {
    const slot = random.between(0, 20);
    const one = { slot, offset: random.between(0, 50), deadlineMs: nowMs + random.between(1, 100) };
    table.park(slot, parked(token, one.offset, one.deadlineMs));
    waiting.set(token, one);
    const expected: number[] = [];
    let woken: Woken[];
    if (random.next() < 0.5) {
      const max = random.between(0, 60);
      const at = random.between(0, 20);
      for (const [each, held] of waiting) if (held.slot === at && held.offset < max) expected.push(each);
      woken = wakesOf((wake) => table.arrived(at, max, wake));
    } else {
      nowMs += random.between(0, 3);
      for (const [each, held] of waiting) if (held.deadlineMs <= nowMs) expected.push(each);
      woken = wakesOf((wake) => table.expire(nowMs, wake));
    }
    const tokens = woken.map(([, each]) => each).sort((a, b) => a - b);
    assertEquals(tokens, expected.sort((a, b) => a - b));
    for (const each of tokens) waiting.delete(each);
    assertEquals(table.size, waiting.size);
    if (token % 100 === 0) table.check();
  }
});
