import { assert, assertEquals } from "@std/assert";
import { afterIo } from "../../../actors/kernel/after_io.ts";
import { BELL_BYTES, Doorbell, LaterRing } from "../../../store/memory/doorbell.ts";
import { until, within } from "../../helpers/until.ts";
import { withActors } from "../../helpers/with_actors.ts";
import { ARENA, startThreads, threadArena } from "./threads.ts";

Deno.test("Doorbell.ring() touches nothing when nobody sleeps", () => {
  const words = new SharedArrayBuffer(BELL_BYTES);
  new Doorbell(words, 0).ring();
  assertEquals([...new Int32Array(words)], [0, 0, 0, 0, 0, 0]);
});

Deno.test("Doorbell.sleepAsync() returns at once when there is work, and leaves no sleeper", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0);
  let sleepersSeen = -1;
  await bell.sleepAsync(() => {
    sleepersSeen = bell.sleepers;
    return true;
  }, 100);
  assertEquals(sleepersSeen, 1);
  assertEquals(bell.sleepers, 0);
  assertEquals(bell.missed, 0);
});

Deno.test("Doorbell.sleepAsync() wakes by a ring and not only by time", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0);
  let work = false;
  const sleeping = bell.sleepAsync(() => work, 100);
  assertEquals(bell.sleepers, 1);
  work = true;
  bell.ring();
  await within(sleeping, { timeoutMs: 60_000, what: "the sleeper wakes" });
  assertEquals(bell.missed, 0);
  assertEquals(bell.sleepers, 0);
});

Deno.test("Doorbell.sleepAsync() counts a wake-up that nobody rang for", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0);
  let work = false;
  const sleeping = bell.sleepAsync(() => work, 1);
  work = true;
  await within(sleeping, { timeoutMs: 60_000, what: "the wait ends by time" });
  assertEquals(bell.missed, 1);
});

Deno.test("Doorbell.sleepAsync() does not count a ring that comes late but comes", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0);
  let looks = 0;
  // The second look is the one after the time is over: the work is there, and whoever published it has not come to its ring.
  const sleeping = bell.sleepAsync(() => {
    if (++looks === 2) bell.willRing();
    return looks > 1;
  }, 1);
  await within(sleeping, { timeoutMs: 60_000, what: "the wait ends" });
  assertEquals(bell.missed, 0);
  bell.ringAsSaid();
});

Deno.test("Doorbell.sleepAsync() does not count a ring between its two looks", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0);
  let looks = 0;
  const sleeping = bell.sleepAsync(() => {
    if (++looks === 1) return false;
    bell.willRing();
    bell.ringAsSaid();
    return true;
  }, 1);
  await within(sleeping, { timeoutMs: 60_000, what: "the wait ends" });
  assertEquals(bell.missed, 0);
});

Deno.test("LaterRing rings once at the end of a turn that published, and is said from its first publication on", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0);
  const ring = new LaterRing(bell);
  let work = 0;
  let looks = 0;
  ring.endTurn();
  const timedOut = bell.sleepAsync(() => {
    if (++looks === 2) { for (; work < 3; work++) ring.publish(); }
    return work > 0;
  }, 1);
  await within(timedOut, { timeoutMs: 60_000, what: "the wait ends by time, in the middle of the turn" });
  const woken = bell.sleepAsync(() => false, 5000);
  ring.endTurn();
  await within(woken, { timeoutMs: 4000, what: "the sleeper wakes at the end of the turn" });
  assertEquals(bell.missed, 0);
  // Nothing is said any more: work without a ring counts.
  let late = false;
  const missing = bell.sleepAsync(() => late, 1);
  late = true;
  await within(missing, { timeoutMs: 60_000, what: "the wait ends by time" });
  assertEquals(bell.missed, 1);
});

Deno.test("BellSleeper.sleep() returns at once when there is work, and leaves no sleeper", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0);
  let sleepersSeen = -1;
  await bell.sleeper(100).sleep(() => {
    sleepersSeen = bell.sleepers;
    return true;
  });
  assertEquals([sleepersSeen, bell.sleepers, bell.missed], [1, 0, 0]);
});

Deno.test("BellSleeper.sleep() wakes by each ring, by the time when nobody rings, and again by rings", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0);
  const sleeper = bell.sleeper(20);
  let work = 0;
  for (let i = 0; i < 100; i++) {
    const before = work;
    const sleeping = sleeper.sleep(() => work > before);
    assertEquals(bell.sleepers, 1);
    if (i % 10 !== 9) {
      work++;
      bell.ring();
    }
    await within(sleeping, { timeoutMs: 60_000, what: `sleep ${i} ends` });
    // A ring while nobody sleeps is not lost: the work is seen.
    bell.ring();
  }
  assertEquals([bell.missed, bell.sleepers], [0, 0]);
});

Deno.test("BellSleeper.sleep() counts a wake-up that nobody rang for, and none that somebody is about to ring for", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0);
  let work = false;
  bell.willRing();
  const late = bell.sleeper(1).sleep(() => work);
  work = true;
  await within(late, { timeoutMs: 60_000, what: "the wait ends" });
  bell.ringAsSaid();
  assertEquals(bell.missed, 0);
  work = false;
  const missing = bell.sleeper(1).sleep(() => work);
  work = true;
  await within(missing, { timeoutMs: 60_000, what: "the wait ends by time" });
  assertEquals(bell.missed, 1);
});

Deno.test("BellSleeper.wake() ends the sleep that is under way, and nothing else", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0);
  const sleeper = bell.sleeper(5000);
  sleeper.wake();
  for (let i = 0; i < 3; i++) {
    const sleeping = sleeper.sleep(() => false);
    assertEquals(bell.sleepers, 1);
    sleeper.wake();
    await within(sleeping, { timeoutMs: 4000, what: `sleep ${i} ends` });
  }
  assertEquals([bell.missed, bell.sleepers], [0, 0]);
});

Deno.test("BellSleeper.block() ends by a ring that leaves the loop asleep, which goes on sleeping on the same bell", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0);
  const sleeper = bell.sleeper(5000);
  let isAwake = false;
  const sleeping = sleeper.sleep(() => false).then(() => isAwake = true);
  let looks = 0;
  // The look after which the thread would block: the ring comes before that, as from another thread.
  sleeper.block(() => {
    if (++looks === 1) {
      assertEquals(bell.sleepers, 1);
      bell.ring();
    }
    return false;
  }, 60_000);
  assertEquals([looks, bell.sleepers], [1, 1]);
  await afterIo();
  await afterIo();
  assert(!isAwake);
  bell.ring();
  await within(sleeping, { timeoutMs: 4000, what: "the loop wakes" });
  assertEquals([bell.missed, bell.sleepers], [0, 0]);
});

Deno.test("Doorbell.sleep() loses no wake-up between two threads", async () => {
  await withActors(async (keep) => {
    const [follower, ringer] = await startThreads(keep, "follower", "ringer");
    const times = 20_000;
    const asks = { timeoutMs: 60_000 };
    let met = 0;
    // On a busy machine one of the two may be done before the other has begun: that run shows nothing.
    await until(async () => {
      const arena = threadArena();
      const following = follower!.ask("follow", { arena, upTo: times }, asks);
      const [{ rounds, missed }] = await Promise.all([following, ringer!.ask("ringTimes", { arena, times }, asks)]);
      assertEquals([missed, new Doorbell(arena, ARENA.bell).sleepers], [0, 0]);
      met += rounds;
      return met > 100;
    }, { timeoutMs: 60_000, what: "a follower that meets the ringer" });
  });
});
