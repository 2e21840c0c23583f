/** The lease in shared memory, as its keeper writes it and others read it whose clocks began at other moments. */
import { assert, assertEquals } from "@std/assert";
import { type Clock, systemClock } from "../../store/clock.ts";
import { createLeaseRegion, KeptLease, LeaseView } from "../../store/memory/lease_region.ts";
import { within } from "../helpers/until.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";

/** A clock that shows the same time from another beginning. */
function shifted(clock: SimulatedClock, byMs: number): Clock {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs() + byMs,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    setTimer: (ms, fn) => clock.setTimer(ms, fn),
  };
}

Deno.test("LeaseView.isHeld follows the keeper's clock, whatever its own began with", () => {
  for (const byMs of [0, 5000, -5000]) {
    const clock = new SimulatedClock();
    clock.advance(10_000);
    const region = createLeaseRegion();
    const kept = new KeptLease(region, clock);
    const view = new LeaseView(region, shifted(clock, byMs));
    kept.publish(clock.monotonicMs() + 1000, clock.nowMs() + 1000);
    assert(!view.isHeld, "the clocks are not compared yet");
    kept.answer();
    assert(view.isHeld);
    clock.advance(999);
    assert(view.isHeld);
    clock.advance(1);
    assert(!view.isHeld, `clock ${byMs} ms ahead`);
  }
});

Deno.test("LeaseView counts the lease as over too early, never too late, when its answer took long, and asks again", () => {
  const clock = new SimulatedClock();
  const region = createLeaseRegion();
  const kept = new KeptLease(region, clock);
  const view = new LeaseView(region, shifted(clock, 123));
  kept.publish(1000, clock.nowMs() + 1000);
  clock.advance(300);
  kept.answer();
  assert(view.isHeld);
  assertEquals(view.leftMs, 400);
  kept.answer();
  assert(view.isHeld);
  assertEquals(view.leftMs, 700);
});

Deno.test("LeaseView finds its own answer, however late it looks and whoever asked since", () => {
  const clock = new SimulatedClock();
  const region = createLeaseRegion();
  const kept = new KeptLease(region, clock);
  const view = new LeaseView(region, clock);
  kept.answer();
  for (let asked = 0; asked < 10; asked++) {
    clock.advance(500);
    new LeaseView(region, clock);
    kept.answer();
  }
  kept.publish(clock.monotonicMs() + 1000, clock.nowMs() + 1000);
  assertEquals(view.leftMs, 1000);
});

Deno.test("LeaseView.isOver says nothing for a clock that is compared badly, and everything once the lease is over", () => {
  const clock = new SimulatedClock();
  const region = createLeaseRegion();
  const kept = new KeptLease(region, clock);
  const view = new LeaseView(region, clock);
  kept.publish(1000, clock.nowMs() + 1000);
  clock.advance(900);
  kept.answer();
  assert(!view.isHeld);
  assert(!view.isOver);
  clock.advance(100);
  assert(view.isOver);
  kept.publish(5000, clock.nowMs() + 4000);
  assert(!view.isOver);
  kept.end();
  assert(view.isOver);
});

Deno.test("LeaseView.isHeld ends with the wall clock, which goes on while the machine sleeps", () => {
  const clock = new SimulatedClock();
  const region = createLeaseRegion();
  const kept = new KeptLease(region, clock);
  const view = new LeaseView(region, clock);
  kept.publish(1000, clock.nowMs() + 1000);
  kept.answer();
  assert(view.isHeld);
  clock.jumpWall(2000);
  assert(!view.isHeld);
});

Deno.test("KeptLease.end() is for good", () => {
  const clock = new SimulatedClock();
  const region = createLeaseRegion();
  const kept = new KeptLease(region, clock);
  const view = new LeaseView(region, clock);
  kept.answer();
  kept.publish(1000, clock.nowMs() + 1000);
  assert(view.isHeld);
  kept.end();
  kept.publish(2000, clock.nowMs() + 2000);
  assert(!view.isHeld);
  assert(kept.isOver);
});

Deno.test("KeptLease.serve() answers views of other threads until the lease is over", async () => {
  const region = createLeaseRegion();
  const kept = new KeptLease(region, systemClock);
  kept.publish(systemClock.monotonicMs() + 60_000, systemClock.nowMs() + 60_000);
  const serving = kept.serve();
  const view = new LeaseView(region, systemClock);
  const deadlineMs = systemClock.monotonicMs() + 10_000;
  while (!view.isHeld && systemClock.monotonicMs() < deadlineMs) await systemClock.sleep(1);
  assert(view.isHeld);
  kept.end();
  await within(serving, { timeoutMs: 60_000, what: "the keeper to end" });
});
