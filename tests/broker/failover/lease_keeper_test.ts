/** The lease of one broker, over an etcd in memory and a clock that the test moves. */
import { assert, assertEquals } from "@std/assert";
import { LeaseKeeper } from "../../../actors/broker/failover/lease_keeper.ts";
import { createLeaseRegion, KeptLease, LeaseView } from "../../../store/memory/lease_region.ts";
import { EtcdLine, MemoryEtcd } from "../../helpers/memory_etcd.ts";
import { SimulatedClock } from "../../helpers/simulated_clock.ts";

interface Bench {
  readonly keeper: LeaseKeeper;
  readonly clock: SimulatedClock;
  readonly line: EtcdLine;
}

async function withKeeper(ttlSeconds: number, body: (bench: Bench) => Promise<void>): Promise<void> {
  const clock = new SimulatedClock();
  const line = new EtcdLine(new MemoryEtcd(clock));
  const keeper = new LeaseKeeper({ etcd: line, clock, ttlSeconds, changed: () => {}, failed: () => {} });
  const running = keeper.run();
  try {
    await body({ keeper, clock, line });
  } finally {
    line.isCut = false;
    await keeper.stop();
    await clock.run(0);
    await running;
  }
}

function region(clock: SimulatedClock): { kept: KeptLease; view: LeaseView } {
  const buffer = createLeaseRegion();
  const kept = new KeptLease(buffer, clock);
  const view = new LeaseView(buffer, clock);
  kept.answer();
  return { kept, view };
}

Deno.test("LeaseKeeper.publishIn() is for the lease that the mastership lives by, and for no later one", async () => {
  await withKeeper(2, async ({ keeper, clock, line }) => {
    await clock.run(10);
    const first = keeper.lease!;
    const own = region(clock);
    keeper.publishIn(own.kept, first);
    assert(own.view.isHeld);
    line.isCut = true;
    await clock.run(3000);
    assert(!own.view.isHeld);
    line.isCut = false;
    await clock.run(500);
    assert(keeper.lease !== undefined && keeper.lease !== first);
    const late = region(clock);
    keeper.publishIn(late.kept, first);
    assertEquals([late.kept.isOver, late.view.isHeld], [true, false]);
  });
});

Deno.test("LeaseKeeper: a long lease is over here before it is at etcd, also by a clock that is slower by half a thousandth", async () => {
  await withKeeper(600, async ({ keeper, clock, line }) => {
    await clock.run(10);
    line.isCut = true;
    await clock.run(600_000 - 10 - 310);
    assertEquals(keeper.lease, undefined);
  });
});
