import { assertEquals } from "@std/assert";
import { SyncStateTracker } from "../../../actors/broker/failover/sync_state_tracker.ts";

const OWN = 1;
const STALE_MS = 15_000;

function tracker(epochStart = 0): SyncStateTracker {
  return new SyncStateTracker({ ownId: OWN, epochStart, staleMs: STALE_MS, nowMs: 0 });
}

Deno.test("SyncStateTracker.wanted() adds a follower that has what the master has", () => {
  const followers = tracker();
  followers.connected(2, false, 1000, 10);
  followers.confirmed(2, 500, 1000, 20);
  assertEquals(followers.wanted([OWN], 20), undefined);
  followers.confirmed(2, 1000, 1000, 30);
  assertEquals(followers.wanted([OWN], 30), [1, 2]);
  assertEquals(followers.wanted([1, 2], 30), undefined);
});

Deno.test("SyncStateTracker.wanted() adds a follower under load, which has what the master had a moment ago", () => {
  const followers = tracker();
  followers.connected(2, false, 1000, 0);
  followers.confirmed(2, 999, 1500, 5);
  assertEquals(followers.wanted([OWN], 5), undefined);
  followers.confirmed(2, 1200, 2000, 10);
  assertEquals(followers.wanted([OWN], 10), [1, 2]);
});

Deno.test("SyncStateTracker.wanted() does not add who is long behind, of an epoch before, or a learner", () => {
  const late = tracker();
  late.connected(2, false, 1000, 0);
  late.confirmed(2, 1000, 9000, 5000);
  assertEquals(late.wanted([OWN], 5000), undefined);
  const before = tracker(1000);
  before.connected(2, false, 900, 0);
  before.confirmed(2, 900, 900, 1);
  assertEquals(before.wanted([OWN], 1), undefined);
  const learner = tracker();
  learner.connected(2, true, 0, 0);
  learner.confirmed(2, 0, 0, 1);
  assertEquals(learner.wanted([OWN], 1), undefined);
});

Deno.test("SyncStateTracker.wanted() drops a member whose connection is gone, and takes it back when it is in step again", () => {
  const followers = tracker();
  followers.connected(2, false, 0, 0);
  followers.confirmed(2, 100, 100, 10);
  followers.gone(2);
  assertEquals(followers.wanted([1, 2], 11), [1]);
  assertEquals(followers.wanted([1], 11), undefined);
  followers.connected(2, false, 200, 20);
  followers.confirmed(2, 100, 200, 20);
  assertEquals(followers.wanted([1], 20), undefined);
  followers.confirmed(2, 200, 200, 30);
  assertEquals(followers.wanted([1], 30), [1, 2]);
});

Deno.test("SyncStateTracker.wanted() drops a member that was not in step for too long", () => {
  const followers = tracker();
  followers.connected(2, false, 0, 0);
  followers.confirmed(2, 100, 100, 10);
  for (let nowMs = 1000; nowMs <= STALE_MS; nowMs += 1000) followers.confirmed(2, 100, 5000, nowMs);
  assertEquals(followers.wanted([1, 2], STALE_MS), undefined);
  assertEquals(followers.wanted([1, 2], 1000 + STALE_MS + 1), [1]);
});

Deno.test("SyncStateTracker.wanted() gives a member that has never come as long as one that is not in step, and never drops its own master", () => {
  const followers = tracker();
  assertEquals(followers.wanted([1, 2], STALE_MS), undefined);
  assertEquals(followers.wanted([1, 2], STALE_MS + 1), [1]);
  assertEquals(followers.wanted([1], 10 * STALE_MS), undefined);
});
