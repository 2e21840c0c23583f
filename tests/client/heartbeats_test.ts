/** Who is told of the client, and when. */
import { assertEquals } from "@std/assert";
import { Heartbeats } from "../../actors/client/heartbeats.ts";
import { silentLogger } from "../../actors/client/logger.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";

function bench(): {
  clock: SimulatedClock;
  told: string[];
  away: Set<string>;
  heartbeats: Heartbeats;
  members: { any: boolean };
} {
  const clock = new SimulatedClock();
  const told: string[] = [];
  const away = new Set<string>();
  const members = { any: true };
  const heartbeats = new Heartbeats({
    clock,
    logger: silentLogger,
    body: () => members.any ? new Uint8Array(1) : undefined,
    addresses: () => ["a:1", "b:1"],
    send: (address) => {
      told.push(address);
      return away.has(address) ? Promise.reject(new Error("away")) : Promise.resolve();
    },
  });
  return { clock, told, away, heartbeats, members };
}

Deno.test("Heartbeats.all() tells every broker, and nobody when there is no member", async () => {
  const made = bench();
  await made.heartbeats.all();
  assertEquals(made.told, ["a:1", "b:1"]);
  made.members.any = false;
  await made.heartbeats.all();
  assertEquals(made.told.length, 2);
});

Deno.test("Heartbeats.opened() tells a broker that other work connected to, and no name server", async () => {
  const made = bench();
  made.heartbeats.opened("a:1");
  made.heartbeats.opened("namesrv:1");
  await made.clock.run(0);
  assertEquals(made.told, ["a:1"]);
});

Deno.test("Heartbeats.closed() tries again until the broker is back, then leaves it alone", async () => {
  const made = bench();
  made.away.add("a:1");
  made.heartbeats.closed("a:1");
  await made.clock.run(2_500);
  assertEquals(made.told.length, 3);
  made.away.clear();
  await made.clock.run(1_000);
  assertEquals([made.told.length, made.clock.timers], [4, 0]);
  made.heartbeats.closed("namesrv:1");
  assertEquals(made.clock.timers, 0);
});

Deno.test("Heartbeats.stop() tells nobody any more", async () => {
  const made = bench();
  made.heartbeats.closed("a:1");
  made.heartbeats.stop();
  made.heartbeats.opened("b:1");
  await made.clock.run(5_000);
  assertEquals(made.told, []);
});
