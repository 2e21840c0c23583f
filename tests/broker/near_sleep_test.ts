import { assert, assertEquals } from "@std/assert";
import { NearSleep } from "../../actors/broker/near_sleep.ts";
import { BELL_BYTES, Doorbell } from "../../store/memory/doorbell.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";
import { within } from "../helpers/until.ts";

function sleepOf(ownsThread: boolean): { near: NearSleep; clock: SimulatedClock; breaths: () => number } {
  const clock = new SimulatedClock();
  let breaths = 0;
  const breathe = (): Promise<boolean> => {
    breaths++;
    return Promise.resolve(true);
  };
  const near = new NearSleep({ clock, ownsThread, breathe }, new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0));
  return { near, clock, breaths: () => breaths };
}

Deno.test("NearSleep.doze() blocks a thread of its own, whose event loop has its turn every 10 ms", async () => {
  const { near, clock, breaths } = sleepOf(true);
  const beganMs = performance.now();
  await near.doze(2);
  assert(performance.now() - beganMs >= 1.9, "it blocks");
  assertEquals(breaths(), 1);
  for (let dozes = 0; dozes < 5; dozes++) {
    await near.doze(1);
    clock.advance(2);
  }
  assertEquals(breaths(), 1);
  await near.doze(1);
  assertEquals(breaths(), 2);
});

Deno.test("NearSleep.doze() waits on the clock where other actors share the thread", async () => {
  const { near, clock, breaths } = sleepOf(false);
  let isOver = false;
  const doze = near.doze(2).then(() => isOver = true);
  await Promise.resolve();
  assertEquals(isOver, false);
  clock.advance(2);
  await within(doze, { timeoutMs: 4000, what: "the doze ends" });
  assertEquals(breaths(), 0);
});
