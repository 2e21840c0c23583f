import { assertEquals } from "@std/assert";
import { LogLimit } from "../../actors/broker/controller/log_limit.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";

Deno.test("LogLimit lets ten lines a second out and says how many it held back", () => {
  const clock = new SimulatedClock();
  const lines: string[] = [];
  const limit = new LogLimit(clock, (text) => lines.push(text));
  for (let i = 0; i < 25; i++) limit.write(`line ${i}`);
  assertEquals(lines.length, 10);
  clock.advance(999);
  limit.write("early");
  assertEquals(lines.length, 10);
  clock.advance(1);
  limit.write("late");
  limit.write("later");
  assertEquals(lines.slice(10), ["late (16 lines like this were held back)", "later"]);
});
