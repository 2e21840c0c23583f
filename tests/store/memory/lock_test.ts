import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { LockHolderLostError, SharedLock } from "../../../store/memory/lock.ts";
import { until } from "../../helpers/until.ts";
import { withActors } from "../../helpers/with_actors.ts";
import { ARENA, startThreads, threadArena } from "./threads.ts";
import { StandInWaits } from "../../helpers/stand_in_waits.ts";

function lockOf(arena: SharedArrayBuffer, patienceMs = 1000): SharedLock {
  return new SharedLock(arena, ARENA.lock, { name: "append", patienceMs });
}

Deno.test("SharedLock.tryAcquire() takes a free lock once", () => {
  const arena = threadArena();
  assert(lockOf(arena).tryAcquire());
  assertEquals(lockOf(arena).tryAcquire(), false);
  assert(lockOf(arena).held);
  lockOf(arena).release();
  assertEquals(lockOf(arena).held, false);
});

Deno.test("SharedLock.release() refuses when nobody holds the lock", () => {
  assertThrows(() => lockOf(threadArena()).release(), Error, `"append": it is not held`);
});

Deno.test("SharedLock.acquire() never steals: it throws when its own parks are used up, and the holder still holds", () => {
  const arena = threadArena();
  const holder = lockOf(arena);
  holder.acquire();
  const error = assertThrows(() => lockOf(arena, 30).acquire(), LockHolderLostError, "after 3 parks");
  assertEquals(error.code, "LOCK_HOLDER_LOST");
  assert(holder.held);
  holder.release();
  assertEquals(holder.held, false);
});

Deno.test("SharedLock.acquire() counts parks and not wall time", () => {
  // A process that was stopped for long finds much time gone by and still has all of its parks.
  const arena = threadArena();
  lockOf(arena).acquire();
  using waits = new StandInWaits();
  assertThrows(() => lockOf(arena, 5000).acquire(), LockHolderLostError);
  assertEquals(waits.count, 500);
});

Deno.test("SharedLock.acquire() waits for a holder in another thread and gets the lock when it is given back", async () => {
  await withActors(async (keep) => {
    const [holder, waiter] = await startThreads(keep, "holder", "waiter");
    const arena = threadArena();
    const flag = new Int32Array(arena, ARENA.flag, 1);
    const counter = new Int32Array(arena, ARENA.counter, 1);
    const holding = holder!.ask("holdLock", { arena, patienceMs: 1000 }, { timeoutMs: 60_000 });
    await until(() => Atomics.load(flag, 0) === 1, { timeoutMs: 60_000, what: "the holder has the lock" });
    await assertRejects(
      () => waiter!.ask("addUnderLock", { arena, times: 1, patienceMs: 50 }, { timeoutMs: 60_000 }),
      Error,
      "its holder did not come back",
    );
    assertEquals(Atomics.load(counter, 0), 0);
    const adding = waiter!.ask("addUnderLock", { arena, times: 1, patienceMs: 60_000 }, { timeoutMs: 60_000 });
    Atomics.store(flag, 0, 0);
    Atomics.notify(flag, 0);
    await Promise.all([holding, adding]);
    assertEquals(Atomics.load(counter, 0), 1);
    assertEquals(lockOf(arena).held, false);
  });
});

Deno.test("SharedLock excludes: additions of two threads under it are all there", async () => {
  await withActors(async (keep) => {
    const threads = await startThreads(keep, "adder-1", "adder-2");
    const arena = threadArena();
    const times = 100_000;
    await Promise.all(
      threads.map((thread) => thread.ask("addUnderLock", { arena, times, patienceMs: 60_000 }, { timeoutMs: 60_000 })),
    );
    assertEquals(new Int32Array(arena, ARENA.counter, 1)[0], 2 * times);
    assertEquals(lockOf(arena).held, false);
  });
});
