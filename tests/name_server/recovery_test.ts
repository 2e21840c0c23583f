import { assertEquals } from "@std/assert";
import { Recovery } from "../../actors/name_server/recovery.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";

const EXPECTED = [{ cluster: "c", address: "a:1" }, { cluster: "c", address: "b:1" }];

Deno.test("Recovery.isRunning is false when nobody was registered before", () => {
  assertEquals(new Recovery(new SimulatedClock(), [], 1_000).isRunning, false);
});

Deno.test("Recovery.isRunning ends when everybody has come back", () => {
  const recovery = new Recovery(new SimulatedClock(), EXPECTED, 1_000);
  recovery.heardOf("c", "a:1");
  recovery.heardOf("d", "b:1");
  assertEquals([recovery.isRunning, recovery.missingCount], [true, 1]);
  recovery.heardOf("c", "b:1");
  assertEquals(recovery.isRunning, false);
});

Deno.test("Recovery.isRunning ends when the wait is over", () => {
  const clock = new SimulatedClock();
  const recovery = new Recovery(clock, EXPECTED, 1_000);
  clock.advance(999);
  assertEquals(recovery.isRunning, true);
  clock.advance(1);
  assertEquals([recovery.isRunning, recovery.missingCount], [false, 0]);
});
