/** The back-off table and the detector of latency fault tolerance. */
import { assertEquals } from "@std/assert";
import { LatencyFaultTable, notAvailableMs } from "../../actors/client/latency_fault.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";

Deno.test("notAvailableMs() is Java's table", () => {
  const table = [[0, 0], [50, 0], [100, 0], [549, 0], [550, 2_000], [1_800, 5_000], [3_000, 6_000], [5_000, 10_000]];
  for (const [latency, wait] of [...table, [15_000, 30_000], [99_999, 30_000]]) {
    assertEquals(notAvailableMs(latency ?? 0), wait, `${latency} ms`);
  }
});

Deno.test("LatencyFaultTable.isAvailable() is false until the time of the broker is over", () => {
  const clock = new SimulatedClock();
  const table = new LatencyFaultTable(clock);
  table.update("a", 600, { isolation: false, reachable: true });
  assertEquals(table.isAvailable("a"), false);
  clock.advance(2_000);
  assertEquals(table.isAvailable("a"), true);
});

Deno.test("LatencyFaultTable.detectOnce() finds brokers that answer again and forgets those without a route", async () => {
  const clock = new SimulatedClock();
  const table = new LatencyFaultTable(clock);
  for (const name of ["a", "b"]) table.update(name, 10, { isolation: true, reachable: false });
  const probed: string[] = [];
  const round = (): Promise<void> =>
    table.detectOnce({
      intervalMs: 2_000,
      resolve: (name) => name === "a" ? "a:1" : undefined,
      probe: (address) => {
        probed.push(address);
        return Promise.resolve(true);
      },
    });
  await round();
  await round();
  assertEquals([probed, table.isReachable("a"), table.isReachable("b")], [["a:1"], true, true]);
  clock.advance(2_000);
  await round();
  assertEquals(probed, ["a:1", "a:1"]);
});
