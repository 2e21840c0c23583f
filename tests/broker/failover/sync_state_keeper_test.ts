import { assertEquals } from "@std/assert";
import { SyncStateKeeper } from "../../../actors/broker/failover/sync_state_keeper.ts";
import { createSyncState, SyncStateRegion } from "../../../store/memory/sync_state.ts";
import { SimulatedClock } from "../../helpers/simulated_clock.ts";

interface Bench {
  readonly keeper: SyncStateKeeper;
  readonly region: SyncStateRegion;
  readonly clock: SimulatedClock;
  /** Followers that are about to join, and who decides it. */
  readonly joining: Map<number, PromiseWithResolvers<void>>;
  readonly asked: (readonly number[])[];
}

function bench(members: readonly number[] = [1]): Bench {
  const region = new SyncStateRegion(createSyncState());
  const clock = new SimulatedClock();
  const joining = new Map<number, PromiseWithResolvers<void>>();
  const asked: (readonly number[])[] = [];
  const keeper = new SyncStateKeeper({
    region,
    clock,
    join: (brokerId) => {
      const decided = Promise.withResolvers<void>();
      joining.set(brokerId, decided);
      return decided.promise;
    },
    changed: () => {},
    ask: ({ syncStateSet }) => asked.push(syncStateSet),
    log: () => {},
  }, { members, epoch: 1 });
  return { keeper, region, clock, joining, asked };
}

const required = ({ region }: Bench): readonly number[] => region.read().required;

Deno.test("SyncStateKeeper.want() waits for a new member before it asks for it, and until it is known to be one", async () => {
  const set = bench();
  const wanting = set.keeper.want([1, 2]);
  assertEquals([required(set), set.region.read().members, set.asked], [[1, 2], [1], []]);
  set.joining.get(2)!.resolve();
  await wanting;
  assertEquals([required(set), set.asked], [[1, 2], [[1, 2]]]);
  set.keeper.set([1, 2], 2);
  assertEquals(set.region.read(), { epoch: 2, members: [1, 2], required: [1, 2] });
});

Deno.test("SyncStateKeeper.want() lets a follower go that has not what was acknowledged in time", async () => {
  const set = bench();
  const wanting = set.keeper.want([1, 2]);
  set.joining.get(2)!.reject(new Error("too slow"));
  await wanting;
  assertEquals([required(set), set.asked], [[1], []]);
});

Deno.test("SyncStateKeeper.want() keeps waiting for who is to go until the set is known to be without it", async () => {
  const set = bench([1, 2]);
  await set.keeper.want([1]);
  assertEquals([required(set), set.asked], [[1, 2], [[1]]]);
  set.keeper.set([1, 2], 1);
  assertEquals(required(set), [1, 2]);
  await set.keeper.want([1]);
  set.keeper.set([1], 2);
  assertEquals([required(set), set.asked.length], [[1], 2]);
});

Deno.test("SyncStateKeeper.want() waits for both when the outcome is not known, and asks again after a while", async () => {
  const set = bench([1, 2]);
  const wanting = set.keeper.want([1, 3]);
  set.joining.get(3)!.resolve();
  await wanting;
  await set.keeper.want([1]);
  assertEquals([required(set), set.asked], [[1, 2, 3], [[1, 3]]]);
  set.clock.advance(5001);
  await set.keeper.want([1]);
  assertEquals([required(set), set.asked], [[1, 2, 3], [[1, 3], [1]]]);
  set.keeper.set([1, 3], 2);
  assertEquals(required(set), [1, 3]);
});

Deno.test("SyncStateKeeper.set() passes an older set over, and one of the same number does not let go who is about to join", async () => {
  const set = bench();
  set.keeper.set([1, 4], 5);
  set.keeper.set([1], 4);
  assertEquals(required(set), [1, 4]);
  const wanting = set.keeper.want([1, 2, 4]);
  set.keeper.set([1, 4], 5);
  assertEquals(required(set), [1, 4, 2]);
  set.joining.get(2)!.resolve();
  await wanting;
  assertEquals(set.asked, [[1, 2, 4]]);
});

Deno.test("SyncStateKeeper.want() asks for nothing when the set became another one meanwhile", async () => {
  const set = bench();
  const wanting = set.keeper.want([1, 2]);
  set.keeper.set([1, 3], 2);
  set.joining.get(2)!.resolve();
  await wanting;
  assertEquals([required(set), set.asked], [[1, 3], []]);
});

Deno.test("SyncStateKeeper.want() passes over a set with more members than there is room for", async () => {
  const set = bench();
  await set.keeper.want(Array.from({ length: 18 }, (_, index) => index + 1));
  assertEquals([required(set), set.asked], [[1], []]);
});
