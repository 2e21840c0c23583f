/** The bound on requests and bytes in flight. */
import { assertEquals, assertRejects } from "@std/assert";
import { ClientError } from "../../actors/client/errors.ts";
import { InFlight } from "../../actors/client/in_flight.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";

Deno.test("InFlight.enter() waits for bytes too, first come, first served", async () => {
  const bound = new InFlight({ countMax: 10, bytesMax: 100 }, new SimulatedClock());
  assertEquals([bound.tryEnter(80), bound.tryEnter(30)], [true, false]);
  const order: string[] = [];
  const large = bound.enter(50, { timeoutMs: 1_000 }).then(() => order.push("large"));
  const small = bound.enter(10, { timeoutMs: 1_000 }).then(() => order.push("small"));
  assertEquals(bound.tryEnter(1), false);
  bound.leave(80);
  await Promise.all([large, small]);
  assertEquals([order, bound.count, bound.bytes], [["large", "small"], 2, 60]);
});

Deno.test("InFlight.tryEnter() lets a request in that is larger than the bound, alone", () => {
  const bound = new InFlight({ countMax: 10, bytesMax: 100 }, new SimulatedClock());
  assertEquals([bound.tryEnter(500), bound.tryEnter(1)], [true, false]);
});

Deno.test("InFlight.enter() ends with its deadline or its signal", async () => {
  const clock = new SimulatedClock();
  const bound = new InFlight({ countMax: 1, bytesMax: 100 }, clock);
  bound.tryEnter(1);
  const late = assertRejects(() => bound.enter(1, { timeoutMs: 50 }), ClientError);
  clock.advance(50);
  assertEquals((await late).code, "TOO_MANY_REQUESTS");
  const abort = new AbortController();
  const aborted = assertRejects(() => bound.enter(1, { timeoutMs: 50, signal: abort.signal }), ClientError);
  abort.abort();
  assertEquals((await aborted).code, "ABORTED");
  assertEquals(clock.timers, 0);
});
