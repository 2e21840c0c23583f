import { assert, assertEquals } from "@std/assert";
import { Doorbell } from "../../../store/memory/doorbell.ts";
import { within } from "../../helpers/until.ts";
import { withActors } from "../../helpers/with_actors.ts";
import { ARENA, startThreads, threadArena } from "./threads.ts";

Deno.test("Doorbell.ring() touches nothing when nobody sleeps", () => {
  const words = new SharedArrayBuffer(12);
  new Doorbell(words, 0).ring();
  assertEquals([...new Int32Array(words)], [0, 0, 0]);
});

Deno.test("Doorbell.sleepAsync() returns at once when there is work, and leaves no sleeper", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(12), 0);
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
  const bell = new Doorbell(new SharedArrayBuffer(12), 0);
  let work = false;
  const sleeping = bell.sleepAsync(() => work, 100);
  assertEquals(bell.sleepers, 1);
  work = true;
  bell.ring();
  await within(sleeping, { timeoutMs: 5000, what: "the sleeper wakes" });
  assertEquals(bell.missed, 0);
  assertEquals(bell.sleepers, 0);
});

Deno.test("Doorbell.sleepAsync() counts a wake-up that nobody rang for", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(12), 0);
  let work = false;
  const sleeping = bell.sleepAsync(() => work, 1);
  work = true;
  await within(sleeping, { timeoutMs: 5000, what: "the wait ends by time" });
  assertEquals(bell.missed, 1);
});

Deno.test("Doorbell.sleepAsync() does not count a ring that comes late but comes", async () => {
  const bell = new Doorbell(new SharedArrayBuffer(12), 0);
  let looks = 0;
  // The second look is the one after the time is over: the work is there and its ring follows.
  const sleeping = bell.sleepAsync(() => {
    if (++looks === 2) queueMicrotask(() => bell.ring());
    return looks > 1;
  }, 1);
  await within(sleeping, { timeoutMs: 5000, what: "the wait ends" });
  assertEquals(bell.missed, 0);
});

Deno.test("Doorbell.sleep() loses no wake-up between two threads", async () => {
  await withActors(async (keep) => {
    const [follower, ringer] = await startThreads(keep, "follower", "ringer");
    const arena = threadArena();
    const times = 20_000;
    const following = follower!.ask("follow", { arena, upTo: times }, { timeoutMs: 60_000 });
    const ringing = ringer!.ask("ringTimes", { arena, times }, { timeoutMs: 60_000 });
    const [{ rounds, missed }] = await Promise.all([following, ringing]);
    assertEquals(missed, 0);
    assertEquals(new Doorbell(arena, ARENA.bell).sleepers, 0);
    assert(rounds > 100, `The follower slept ${rounds} times: it hardly met the ringer`);
  });
});
