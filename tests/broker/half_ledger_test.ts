import { assertEquals } from "@std/assert";
import { HalfLedger } from "../../actors/broker/transactions/half_ledger.ts";

Deno.test("HalfLedger counts the end of an old place for the newest copy", () => {
  const ledger = new HalfLedger(5, 0);
  ledger.moved(8);
  ledger.pass();
  ledger.pass();
  ledger.moved(9);
  assertEquals([ledger.halfOffset, ledger.newest(5), ledger.newest(8)], [9, 9, 9]);
  assertEquals(ledger.isDone(5), false);
  assertEquals([ledger.placesOf(5), ledger.placesOf(9), ledger.placesOf(4)], [[9, 8, 5], [9, 8, 5], [4]]);
  assertEquals(ledger.resolve(5), [9, 8, 5]);
  assertEquals([ledger.isResolved(9), ledger.isDone(5), ledger.isDone(8), ledger.isDone(9)], [true, true, true, true]);
});

Deno.test("HalfLedger passes a place that another one stands for, and ends all of them at once", () => {
  const ledger = new HalfLedger(5, 0);
  ledger.linked(5, 7);
  ledger.linked(7, 8);
  assertEquals([5, 6, 7, 8].map((at) => ledger.isSettled(at)), [true, false, true, false]);
  ledger.pass();
  assertEquals([ledger.halfOffset, ledger.newest(5), ledger.placesOf(8)], [6, 8, [8, 7, 5]]);
  ledger.readOperation(0, [5]);
  assertEquals([ledger.isDone(5), ledger.isDone(7), ledger.isDone(8), ledger.isSettled(8)], [true, true, true, true]);
});

Deno.test("HalfLedger takes a message that was passed without a copy for done, and one from before its time for open", () => {
  const ledger = new HalfLedger(5, 0);
  ledger.resolve(5);
  ledger.pass();
  assertEquals([ledger.isDone(5), ledger.isDone(4), ledger.isDone(6)], [true, false, false]);
});

Deno.test("HalfLedger lets a discarded message be ended late, once", () => {
  const ledger = new HalfLedger(0, 0);
  ledger.moved(1);
  ledger.discarded();
  assertEquals([ledger.halfOffset, ledger.isDone(1)], [2, false]);
  ledger.resolve(1);
  assertEquals(ledger.isDone(1), true);
});

Deno.test("HalfLedger works an operation off when all that it names is passed", () => {
  const ledger = new HalfLedger(10, 3);
  ledger.readOperation(3, [10, 12]);
  ledger.readOperation(4, [2]);
  ledger.readOperation(5, [11]);
  assertEquals([ledger.nextOperation, ledger.operationOffset], [6, 3]);
  ledger.pass();
  ledger.pass();
  assertEquals(ledger.operationOffset, 3);
  ledger.pass();
  assertEquals([ledger.halfOffset, ledger.operationOffset], [13, 6]);
});

Deno.test("HalfLedger passes what is settled up to the first open message, and takes that for done", () => {
  const ledger = new HalfLedger(5, 0);
  ledger.linked(6, 9);
  for (const offset of [8, 5]) ledger.resolve(offset);
  ledger.passSettled();
  assertEquals([ledger.halfOffset, ledger.isDone(5), ledger.isDone(7), ledger.isDone(8)], [7, true, false, true]);
  ledger.resolve(7);
  ledger.passSettled();
  assertEquals([ledger.halfOffset, ledger.isDone(6), ledger.isDone(9)], [9, false, false]);
  assertEquals(ledger.resolve(6), [9, 6]);
  ledger.passSettled();
  assertEquals([ledger.halfOffset, [5, 6, 7, 8, 9].every((at) => ledger.isDone(at))], [10, true]);
});

Deno.test("HalfLedger skips what retention took", () => {
  const ledger = new HalfLedger(0, 0);
  ledger.skipHalves(4);
  ledger.skipOperations(7);
  assertEquals([ledger.halfOffset, ledger.nextOperation, ledger.operationOffset], [4, 7, 7]);
});
